use proptest::prelude::*;

use super::*;
use crate::codecs::m_bus::Local;

fn one_of(bytes: &[u8]) -> Record {
    let mut all = records(bytes).unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

#[test]
fn a_volume_is_read_with_its_unit_and_its_place() {
    let now = one_of(&[0x0c, 0x13, 0x64, 0x39, 0x04, 0x00]);
    assert_eq!((now.measure, now.unit, now.content), (Measure::Volume, "m3", Content::Number(43.964)));
    assert_eq!((now.storage, now.tariff, now.subunit, &*now.head), (0, 0, 0, &[0x0c, 0x13][..]));

    // DIFEs: storage 17 in tariff 2 of input 1.
    let kept = one_of(&[0xcc, 0xa8, 0x40, 0x13, 0x64, 0x39, 0x04, 0x00]);
    assert_eq!((kept.storage, kept.tariff, kept.subunit), (17, 2, 2));
}

#[test]
fn extreme_values_errors_and_directions_are_told_apart() {
    assert_eq!(one_of(&[0x52, 0x3b, 0x21, 0x03]).function, Function::Maximum);
    assert_eq!(one_of(&[0x61, 0x5b, 0x80]).content, Content::Invalid);
    assert_eq!(one_of(&[0x34, 0x13, 1, 0, 0, 0]).function, Function::Faulty);
    assert_eq!(one_of(&[0x04, 0x93, 0x3c, 84, 0, 0, 0]).direction, Direction::Backward);
    assert_eq!(one_of(&[0x04, 0x93, 0x3b, 84, 0, 0, 0]).direction, Direction::Forward);
    assert_eq!(one_of(&[0x04, 0x93, 0x15, 84, 0, 0, 0]).content, Content::Invalid, "the record says that it has no data");
    assert!(one_of(&[0x04, 0x93, 0x48, 84, 0, 0, 0]).modified, "an upper limit");
    assert!(one_of(&[0x81, 0x01, 0xe7, 0xff, 0x0f, 19]).modified, "a manufacturer's own kind of average");
}

#[test]
fn numbers_of_every_width_are_read() {
    let number = |bytes: &[u8]| one_of(bytes).content;
    assert_eq!(number(&[0x01, 0x5b, 0xf6]), Content::Number(-10.0));
    assert_eq!(number(&[0x03, 0x13, 1, 0, 1]), Content::Number(65.537));
    assert_eq!(number(&[0x06, 0x13, 0, 0, 0, 0, 1, 0]), Content::Number(4_294_967.296));
    assert_eq!(number(&[0x07, 0x13, 1, 0, 0, 0, 0, 0, 0, 0]), Content::Number(0.001));
    assert_eq!(number(&[0x05, 0x5b, 0, 0, 0x9c, 0x41]), Content::Number(19.5));
    assert_eq!(number(&[0x0b, 0x3b, 0x01, 0x00, 0xf0]), Content::Number(-0.001));
    assert_eq!(number(&[0x0d, 0x13, 0xc2, 0x34, 0x12]), Content::Number(1.234));
    assert_eq!(number(&[0x0d, 0x13, 0xd2, 0x34, 0x12]), Content::Number(-1.234));
    assert_eq!(number(&[0x02, 0xfd, 0x17, 0x08, 0x01]), Content::Bits(0x108));
    assert_eq!(number(&[0x02, 0xfd, 0x46, 0xb8, 0x0b]), Content::Number(3.0), "millivolts");
    assert_eq!(number(&[0x0e, 0x78, 0x98, 0x66, 0x01, 0x24, 0x01, 0xff]), Content::Text("ff0124016698".into()));
    assert_eq!(number(&[0x0d, 0xfd, 0x11, 0x03, b'c', b'b', b'a']), Content::Text("abc".into()));
    assert_eq!(number(&[0x8d, 0x04, 0x93, 0x13, 0x02, 0xfb, 0xfe]), Content::Bytes(Box::new([0xfb, 0xfe])), "not text");
    let half_past = Local { year: 2022, month: 1, day: 30, time: Some((2, 30, 0)), summer: false };
    assert_eq!(number(&[0x04, 0x6d, 0x1e, 0x02, 0xde, 0x21]), Content::Time(half_past));
    assert_eq!(number(&[0x42, 0x6c, 0xff, 0xff]), Content::Invalid);
}

#[test]
fn fillers_are_skipped_and_a_manufacturers_tail_is_kept_whole() {
    let all = records(&[0x2f, 0x2f, 0x01, 0x5b, 20, 0x2f, 0x0f, 0x15, 0x2a, 0x2f]).unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[1].content, Content::Bytes(Box::new([0x15, 0x2a, 0x2f])));
    assert_eq!(records(&[0x2f, 0x2f]), Ok(Vec::new()));
}

#[test]
fn a_unit_in_text_is_stepped_over() {
    let own = one_of(&[0x02, 0x7c, 0x03, b'H', b'R', b'%', 55, 0]);
    assert_eq!((own.measure, own.content), (Measure::Other, Content::Number(55.0)));
}

#[test]
fn what_does_not_fit_is_refused_with_its_place() {
    let refused = |bytes: &[u8]| records(bytes).unwrap_err().to_string();
    assert_eq!(refused(&[0x01, 0x5b, 20, 0x04, 0x13, 1]), "the data of a record at byte 5 needs 4 bytes, 1 are there");
    assert_eq!(refused(&[0x01, 0x5b, 20, 0x3f]), "the DIF 0x3f at byte 3 does not begin a record");
    assert_eq!(refused(&[0x0d, 0x13, 0xff]), "the record at byte 0 has the reserved length 0xff");
    assert_eq!(refused(&[0x84; 40]), "the record at byte 0 has more than 10 extensions");
    assert_eq!(refused(&[[0x04].as_slice(), &[0x93; 40]].concat()), "the record at byte 0 has more than 10 extensions");
    assert_eq!(refused(&[0x00; 2 * (RECORDS_LIMIT + 1)]), "514 bytes, a telegram has at most 512");
}

proptest! {
    #[test]
    fn any_bytes_are_records_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(records) = records(&bytes) {
            prop_assert!(records.len() <= RECORDS_LIMIT);
        }
    }
}
