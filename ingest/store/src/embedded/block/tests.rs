//! Blocks written and read back.

use proptest::prelude::*;

use super::*;

fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let value =
        prop_oneof![3 => (-500i32..500).prop_map(|v| f64::from(v) / 10.0), 1 => any::<i32>().prop_map(|v| f64::from(v).sin())];
    let entry = (1u32..3_000_000, -2_000i64..100_000, value, prop_oneof![9 => Just(0u32), 1 => 1u32..64]);
    prop::collection::vec(entry, 1..40).prop_map(|rows| {
        let mut observed = 5_000;
        let mut entry = |(step, delay, value, flaws): (u32, i64, f64, u32)| {
            observed += i64::from(step);
            Entry { observed, received: observed + delay, value, flaws }
        };
        rows.into_iter().map(&mut entry).collect()
    })
}

proptest! {
    #[test]
    fn a_block_gives_back_what_was_written(
        parts in prop::collection::vec((entries(), any::<bool>()), 1..12),
        heard: bool,
        from in 0i64..40_000_000,
        width in 0i64..40_000_000,
    ) {
        // Some parts keep the clock of the one before.
        let mut written: Vec<Vec<Entry>> = Vec::new();
        for (own, shares) in parts {
            let shared = written.last().filter(|_| shares).cloned();
            written.push(shared.map_or(own, |before| before.into_iter().map(|e| Entry { value: e.value + 1.0, ..e }).collect()));
        }
        let lengths: Vec<_> = (100u32..).zip(&written).map(|(stream, own)| (stream, own.len())).collect();
        let data = encode(1_000, &lengths, &written.concat());
        let block = Block::decode(7, 1_000, &data).expect("just written");
        prop_assert_eq!(block.parts.iter().map(|p| p.stream).collect::<Vec<_>>(), lengths.iter().map(|l| l.0).collect::<Vec<_>>());
        let empty = block.weight();
        for (part, own) in written.iter().enumerate() {
            for (from, to) in [(i64::MIN, i64::MAX), (from, from + width)] {
                let mut read = Vec::new();
                block.read(part, from, to, heard, &mut read).expect("just written");
                let expected = own.iter().filter(|e| (from..to).contains(&e.observed));
                let expected: Vec<_> = expected.map(|e| Entry { received: if heard { e.received } else { e.observed }, ..*e }).collect();
                prop_assert_eq!(&read, &expected);
            }
        }
        prop_assert!(block.weight() > empty, "what is unpacked weighs");
    }

    #[test]
    fn bytes_that_are_no_block_are_refused(bytes: Vec<u8>, version in 1u8..3) {
        let mut block = [b"MBK".as_slice(), &[version], &crc32c::crc32c(&bytes).to_le_bytes(), &bytes].concat();
        // A fitting checksum over nonsense: lengths that contradict each other are found, or the columns are.
        if let Ok(read) = Block::decode(7, 0, &block) {
            for part in 0..read.parts.len() {
                let _ = read.read(part, i64::MIN, i64::MAX, true, &mut Vec::new());
            }
        }
        block.truncate(7);
        prop_assert!(Block::decode(7, 0, &block).is_err());
    }
}

#[test]
fn streams_of_one_message_share_their_clock() {
    let own: Vec<Entry> = (0..500)
        .map(|i| Entry { observed: i * 60_000 + i * i % 977, received: i * 60_000 + 5_000, value: 1.0, flaws: 0 })
        .collect();
    let one = encode(0, &[(1, 500)], &own).len();
    let lengths: Vec<_> = (1..9).map(|stream| (stream, 500)).collect();
    let eight = encode(0, &lengths, &std::iter::repeat_n(own, 8).flatten().collect::<Vec<_>>()).len();
    assert!(eight < one * 2, "{eight} bytes for eight streams, {one} for one");
}
