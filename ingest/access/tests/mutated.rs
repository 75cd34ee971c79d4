//! What strangers show, changed a hundred thousand times: what `fuzz/fuzz_targets/token.rs` does for as long as one likes.

#[path = "../../../fuzz/src/mutate.rs"]
#[expect(unreachable_pub, reason = "public where it is at home")]
mod mutate;
#[path = "../../../fuzz/src/tokens.rs"]
#[expect(unreachable_pub, reason = "public where it is at home")]
mod tokens;

use std::path::Path;

use mutate::Mutator;
use tokens::Doors;

const CASES: usize = 100_000;
/// A trade is written down and so waits for the disk: of those only one in so many is tried.
const TRADES: usize = 100;

#[test]
fn sec_05_a_hundred_thousand_mutated_tokens_cookies_codes_and_passwords_let_nobody_in_and_never_panic() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/token");
    let folder = tempfile::tempdir().expect("a directory");
    let doors = Doors::new(folder.path());
    assert!(doors.show(format!("\0{}", doors.token).as_bytes()), "the very secret lets its bearer in");
    let mut mutator = Mutator::new(&corpus, Mutator::seed(5));
    let mut trades = 0;
    for case in 0..CASES {
        let input = if case % 4 == 0 { nearly(&doors.token, &mut mutator) } else { mutator.input(400) };
        if input.first().is_some_and(|door| door % 10 == 2) {
            trades += 1;
            if trades % TRADES > 0 {
                continue;
            }
        }
        assert!(!doors.show(&input), "case {case} let somebody in: {input:?}");
    }
}

/// The true secret, as token or cookie, with something wrong about it.
fn nearly(token: &str, mutator: &mut Mutator) -> Vec<u8> {
    let mut input = [&[u8::try_from(mutator.below(2)).expect("0 or 1")], token.as_bytes()].concat();
    let at = 1 + mutator.below(input.len() - 1);
    match mutator.below(3) {
        0 => input[at] ^= 1 << mutator.below(8),
        1 => input.truncate(at),
        _ => input.insert(at, b' '),
    }
    input
}
