//! The bytes of a connection, changed a hundred thousand times: what `fuzz/fuzz_targets/mqtt.rs` does for as long as one likes.

#[path = "../../../fuzz/src/mutate.rs"]
#[expect(unreachable_pub, reason = "public where it is at home")]
mod mutate;

use std::path::Path;

use endpoint::fuzz::converse;
use mutate::Mutator;

const CASES: usize = 100_000;

#[test]
fn sec_03_a_hundred_thousand_mutated_conversations_never_panic_take_no_bad_topic_and_make_nobody_say_more_than_was_said() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/mqtt");
    let mut mutator = Mutator::new(&corpus, Mutator::seed(3));
    let (mut taken, mut ended) = (0, 0);
    for case in 0..CASES {
        let bytes = mutator.input(4096);
        let heard = converse(&bytes, 1 + mutator.below(600));
        for publish in &heard.publishes {
            assert!(!publish.topic.is_empty() && !publish.topic.contains(['+', '#', '\0']), "case {case}: {publish:?}");
        }
        assert!(heard.said <= bytes.len() + 64, "case {case}: {} bytes for {}", heard.said, bytes.len());
        (taken, ended) = (taken + heard.publishes.len(), ended + usize::from(heard.ended));
    }
    assert!(taken > CASES / 20 && ended > CASES / 20, "inputs reach both: {taken} messages, {ended} ends");
}
