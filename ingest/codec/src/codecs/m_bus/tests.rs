use aes::Aes128;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeEncrypt, KeyIvInit};
use proptest::prelude::*;
use schemas::{Flaw, Quantity};

use super::crc::crc;
use super::*;

const KEY: Key = [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x00];
/// "MRS", meter 12345678, generation 1, cold water.
const SENDER: [u8; 8] = [0x53, 0x36, 0x78, 0x56, 0x34, 0x12, 0x01, 0x16];
/// Volume 43.964 m3.
const VOLUME: [u8; 6] = [0x0c, 0x13, 0x64, 0x39, 0x04, 0x00];
/// Access number 42, status "battery low".
const SHORT_HEADER: [u8; 3] = [0x7a, 42, 0x04];

fn framed(sender: [u8; 8], body: &[u8]) -> Vec<u8> {
    let len = u8::try_from(1 + sender.len() + body.len()).unwrap();
    [&[len, 0x44][..], &sender, body].concat()
}

/// Of these parts, without CRCs.
fn frame(parts: &[&[u8]]) -> Vec<u8> {
    framed(SENDER, &parts.concat())
}

fn with_crc(block: &[u8]) -> Vec<u8> {
    [block, &crc(block).to_be_bytes()].concat()
}

fn volume_of(telegram: &Telegram) -> Option<f64> {
    telegram.readings().into_iter().find(|m| m.quantity == Quantity::WATER_VOLUME && m.observed.is_none())?.value
}

fn read(bytes: &[u8], key: Option<&Key>) -> Telegram {
    telegram(bytes, key).unwrap()
}

/// Records behind two fillers, filled up to whole blocks.
fn padded(records: &[u8]) -> Vec<u8> {
    let mut data = [&[0x2f, 0x2f], records].concat();
    data.resize(data.len().next_multiple_of(16), 0x2f);
    data
}

fn encrypted(key: &Key, vector: [u8; 16], plain: &[u8]) -> Vec<u8> {
    let mut data = plain.to_vec();
    let len = data.len();
    cbc::Encryptor::<Aes128>::new(&(*key).into(), &vector.into()).encrypt_padded::<NoPadding>(&mut data, len).unwrap();
    data
}

#[test]
fn a_plain_telegram_says_whose_it_is_and_what() {
    let telegram = read(&frame(&[&SHORT_HEADER, &[0, 0], &VOLUME]), None);
    let meter = telegram.meter.unwrap();
    assert_eq!(
        (meter.id().as_str(), meter.manufacturer.to_string().as_str(), meter.version, meter.kind),
        ("12345678", "MRS", 1, 0x16)
    );
    assert_eq!((telegram.protection, telegram.battery_low(), volume_of(&telegram)), (Protection::None, Some(true), Some(43.964)));
    assert_eq!(telegram.notes, []);
}

#[test]
fn a_long_header_names_the_meter_behind_the_radio() {
    let header = [0x72, 0x21, 0x43, 0x65, 0x87, 0xb4, 0x09, 0x13, 0x07, 42, 0, 0, 0];
    let meter = read(&frame(&[&header, &VOLUME]), None).meter.unwrap();
    assert_eq!((meter.id().as_str(), meter.manufacturer.to_string().as_str(), meter.kind), ("87654321", "BMT", 7));
}

#[test]
fn both_formats_of_frames_are_read_with_their_crcs() {
    let bare = frame(&[&SHORT_HEADER, &[0, 0], &VOLUME, &VOLUME, &VOLUME]);
    let (first, rest) = bare.split_at(10);
    let format_a: Vec<u8> = std::iter::once(first).chain(rest.chunks(16)).flat_map(with_crc).collect();
    let mut format_b = bare.clone();
    format_b[0] += 2;
    let format_b = with_crc(&format_b);
    for bytes in [&bare, &format_a, &format_b] {
        let telegram = read(bytes, None);
        assert_eq!((telegram.records.len(), volume_of(&telegram)), (3, Some(43.964)));
    }
    let mut damaged = format_a;
    damaged[20] ^= 1;
    assert_eq!(telegram(&damaged, None), Err(MBusError::LinkCrc { block: 2 }));
}

#[test]
fn a_long_frame_of_format_b_has_a_crc_behind_126_bytes_and_one_at_its_end() {
    let mut bare = frame(&[&SHORT_HEADER, &[0, 0], &VOLUME.repeat(30)]);
    bare[0] += 4;
    let (head, tail) = bare.split_at(126);
    let telegram = read(&[with_crc(head), with_crc(tail)].concat(), None);
    assert_eq!((telegram.records.len(), telegram.notes), (30, vec![]));
}

#[test]
fn a_frame_without_crcs_whose_last_bytes_look_like_one_is_read_all_the_same() {
    let flow = [0x02, 0x3b, 0, 0];
    let bare = frame(&[&SHORT_HEADER, &[0, 0], &VOLUME, &flow]);
    let (rest, _) = bare.split_last_chunk::<2>().unwrap();
    let telegram = read(&with_crc(rest), None);
    assert_eq!((telegram.records.len(), volume_of(&telegram), telegram.notes), (2, Some(43.964), vec![]));
}

#[test]
fn a_frame_of_the_wire_is_read_and_its_check_sum_too() {
    let header = [0x08, 0x00, 0x72, 0x78, 0x56, 0x34, 0x12, 0x53, 0x36, 0x01, 0x16, 42, 0, 0, 0];
    let content = [&header[..], &VOLUME].concat();
    let len = u8::try_from(content.len()).unwrap();
    let sum = content.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    let wired = [&[0x68, len, len, 0x68], &content[..], &[sum, 0x16]].concat();
    assert_eq!(volume_of(&read(&wired, None)), Some(43.964));
    let mut damaged = wired;
    damaged[20] ^= 1;
    assert!(matches!(telegram(&damaged, None), Err(MBusError::CheckSum { .. })));
}

#[test]
fn mode_5_is_opened_by_its_key_alone() {
    let plain = padded(&VOLUME);
    let vector = std::array::from_fn(|i| SENDER.get(i).copied().unwrap_or(42));
    let bytes = frame(&[&SHORT_HEADER, &[0x10, 0x05], &encrypted(&KEY, vector, &plain)]);
    let opened = read(&bytes, Some(&KEY));
    assert_eq!((opened.protection, volume_of(&opened)), (Protection::Decrypted(Mode::Five), Some(43.964)));

    let text = |key| telegram(&bytes, key).unwrap_err().to_string();
    assert_eq!(text(None), "encrypted (mode 5), a key is needed");
    assert_eq!(text(Some(&[0; 16])), "encrypted (mode 5), the key does not fit");
}

#[test]
fn records_behind_the_encrypted_blocks_are_plain() {
    let vector = std::array::from_fn(|i| SENDER.get(i).copied().unwrap_or(42));
    let behind = [0x02, 0xfd, 0x46, 0xb8, 0x0b];
    let bytes = frame(&[&SHORT_HEADER, &[0x10, 0x05], &encrypted(&KEY, vector, &padded(&VOLUME)), &behind]);
    assert_eq!(read(&bytes, Some(&KEY)).records.len(), 2);
}

#[test]
fn what_was_decrypted_on_the_way_is_read_and_told() {
    for key in [None, Some(&KEY)] {
        let telegram = read(&frame(&[&SHORT_HEADER, &[0x10, 0x05], &padded(&VOLUME)]), key);
        assert_eq!((telegram.protection, volume_of(&telegram)), (Protection::Removed(Mode::Five), Some(43.964)));
    }
}

/// Mode 7 with an authentication code of so many bytes.
fn authenticated(mac_len: u8) -> Vec<u8> {
    use cmac::{Cmac, KeyInit, Mac};
    let counter = [7, 0, 0, 0];
    let derived = |constant: u8| -> Key {
        let mut mac = Cmac::<Aes128>::new(&KEY.into());
        mac.update(&[&[constant], &counter[..], &SENDER[2..6], &[7; 7]].concat());
        mac.finalize().into_bytes().into()
    };
    let transport = [&SHORT_HEADER[..], &[0x10, 0x07, 0x10], &encrypted(&derived(0), [0; 16], &padded(&VOLUME))].concat();
    let mut mac = Cmac::<Aes128>::new(&derived(1).into());
    mac.update(&[&[0x25], &counter[..], &transport].concat());
    let code: [u8; 16] = mac.finalize().into_bytes().into();
    frame(&[&[0x8c, 0x20, 42], &[0x90, 7 + mac_len, 0x00, 0x2c, 0x25], &counter, &code[..usize::from(mac_len)], &transport])
}

#[test]
fn mode_7_is_opened_and_its_authentication_checked() {
    let bytes = authenticated(8);
    let opened = read(&bytes, Some(&KEY));
    assert_eq!((opened.protection, volume_of(&opened)), (Protection::Authenticated(Mode::Seven), Some(43.964)));
    assert_eq!(telegram(&bytes, None), Err(MBusError::Encrypted { mode: Mode::Seven }));
    assert_eq!(telegram(&bytes, Some(&[0; 16])), Err(MBusError::WrongKey { mode: Mode::Seven }));

    let mut forged = bytes;
    // The status byte, which nothing but the code protects.
    let status = 10 + 3 + 17 + 2;
    forged[status] ^= 8;
    assert_eq!(telegram(&forged, Some(&KEY)), Err(MBusError::BadMac));
    assert_eq!(telegram(&authenticated(1), Some(&KEY)), Err(MBusError::BadMac), "a code that can be guessed");
}

#[test]
fn mode_7_without_its_counter_says_so() {
    let bytes = frame(&[&SHORT_HEADER, &[0x10, 0x07, 0x10], &[0; 16]]);
    assert_eq!(telegram(&bytes, Some(&KEY)), Err(MBusError::NoCounter));
}

#[test]
fn a_message_without_a_link_layer_is_read_from_its_ci_field_on() {
    let long = [0x72, 0x21, 0x43, 0x65, 0x87, 0xb4, 0x09, 0x13, 0x07, 42, 0, 0, 0];
    let named = message(&[&long[..], &VOLUME].concat(), None).unwrap();
    assert_eq!((named.meter.map(|m| m.id()).as_deref(), volume_of(&named)), (Some("87654321"), Some(43.964)));
    let bare = message(&[&[0x78], &VOLUME[..]].concat(), None).unwrap();
    assert_eq!((bare.meter, volume_of(&bare)), (None, Some(43.964)));
    let sealed = message(&[&SHORT_HEADER[..], &[0x10, 0x05], &[0; 16]].concat(), Some(&KEY));
    assert_eq!(sealed, Err(MBusError::Encrypted { mode: Mode::Five }), "without an address the key does not help");
}

#[test]
fn the_extended_link_layer_is_opened_by_its_key() {
    let content = [&[0x78][..], &VOLUME].concat();
    let guarded = [&crc(&content).to_le_bytes()[..], &content].concat();
    let (control, session) = (0x20, [0xd1, 0xed, 0x11, 0x20]);
    let mut sealed = guarded.clone();
    let sender = Address::manufacturer_first(SENDER);
    security::counter_mode(&KEY, &sender, control, session, &mut sealed);
    let framed = |guarded: &[u8]| frame(&[&[0x8d, control, 42], &session, guarded]);

    let opened = read(&framed(&sealed), Some(&KEY));
    assert_eq!((opened.protection, volume_of(&opened)), (Protection::Decrypted(Mode::LinkLayer), Some(43.964)));
    let text = telegram(&framed(&sealed), None).unwrap_err().to_string();
    assert_eq!(text, "encrypted (extended link layer), a key is needed");
    assert_eq!(telegram(&framed(&sealed), Some(&[0; 16])), Err(MBusError::WrongKey { mode: Mode::LinkLayer }));
    assert_eq!(read(&framed(&guarded), None).protection, Protection::Removed(Mode::LinkLayer));
}

#[test]
fn a_frame_that_was_cut_off_or_lengthened_is_not_taken_for_whole() {
    let bytes = frame(&[&SHORT_HEADER, &[0, 0], &VOLUME, &VOLUME, &VOLUME]);
    assert_eq!(telegram(&bytes[..20], None), Err(MBusError::CutOff { said: 33, have: 20 }));

    let longer = [&bytes[..], &[0xde, 0xad]].concat();
    let telegram = read(&longer, None);
    assert_eq!((telegram.records.len(), telegram.notes), (3, vec![Note::LengthField { said: 33, have: 35 }]));

    let mut shortened = longer;
    shortened[0] -= 2;
    let telegram = read(&shortened, None);
    assert_eq!(telegram.records.len(), 2, "the record that the length cuts is left out");
    assert!(matches!(telegram.notes[..], [Note::LengthField { .. }, Note::Truncated(MBusError::Short { .. })]));
}

#[test]
fn what_is_not_a_readable_telegram_says_why() {
    let text = |parts: &[&[u8]]| telegram(&frame(parts), None).unwrap_err().to_string();
    assert_eq!(text(&[&[0xa2, 1]]), "the CI field 0xa2 says a format of the manufacturer MRS, which is not known");
    assert_eq!(text(&[&[0x11, 1]]), "the CI field 0x11 is not one of a meter's answer");
    assert_eq!(text(&[&SHORT_HEADER, &[0, 0x0d]]), "security mode 13 is not one of 0, 5 and 7");
    assert_eq!(
        text(&[&[0x90, 0x02, 0x02, 0x40]]),
        "the telegram is fragment 2 of a message in several telegrams, which are not joined"
    );
    assert_eq!(telegram(&[], None).unwrap_err().to_string(), "the length field at byte 0 needs 1 bytes, 0 are there");
}

#[test]
fn only_what_is_plainly_a_quantity_is_one() {
    let records = [
        &[0x0c, 0x13, 0x64, 0x39, 0x04, 0x00][..],
        &[0x04, 0x93, 0x3c, 84, 0, 0, 0],
        &[0x02, 0x3b, 0x23, 0],
        &[0x02, 0x5b, 17, 0],
        &[0x01, 0x67, 0x80],
        // Another tariff, an upper limit, a register without a date, days of battery.
        &[0x84, 0x10, 0x13, 1, 0, 0, 0],
        &[0x04, 0x93, 0x48, 1, 0, 0, 0],
        &[0x84, 0x01, 0x13, 1, 0, 0, 0],
        &[0x02, 0xfd, 0x74, 1, 0],
        // A register and its date.
        &[0x44, 0x13, 0x10, 0x27, 0, 0],
        &[0x42, 0x6c, 0xff, 0x2a],
    ]
    .concat();
    let read: Vec<_> =
        readings(&super::records(&records).unwrap()).into_iter().map(|m| (m.quantity, m.value, m.flaw, m.observed)).collect();
    let october = Local { year: 2023, month: 10, day: 31, time: None, summer: false };
    let expected = [
        (Quantity::WATER_VOLUME, Some(43.964), None, None),
        (Quantity::WATER_VOLUME_REVERSE, Some(0.084), None, None),
        (Quantity::WATER_FLOW, Some(0.035), None, None),
        (Quantity::WATER_TEMPERATURE, Some(17.0), None, None),
        (Quantity::DEVICE_TEMPERATURE, None, Some(Flaw::Invalid), None),
        (Quantity::WATER_VOLUME, Some(10.0), None, Some(october)),
    ];
    assert_eq!(read, expected);
}

#[test]
fn forward_volume_stands_in_where_there_is_no_net_volume() {
    let forward = [0x04, 0x93, 0x3b, 100, 0, 0, 0];
    let volumes = |bytes: &[u8]| readings(&records(bytes).unwrap()).iter().map(|m| m.value).collect::<Vec<_>>();
    assert_eq!(volumes(&forward), [Some(0.1)]);
    assert_eq!(volumes(&[&forward[..], &VOLUME].concat()), [Some(43.964)]);
}

#[test]
fn a_meters_clock_is_told_only_where_it_says_the_minute() {
    let clock = |bytes: &[u8]| super::clock(&records(bytes).unwrap());
    let minute = Local { year: 2022, month: 1, day: 30, time: Some((2, 30, 0)), summer: false };
    assert_eq!(clock(&[0x04, 0x6d, 0x1e, 0x02, 0xde, 0x21]), Some(minute));
    assert_eq!(clock(&[0x02, 0x6c, 0xbe, 0x2b]), None);
}

#[test]
fn a_meter_of_gas_says_no_water() {
    let gas = [0x53, 0x36, 0x78, 0x56, 0x34, 0x12, 0x01, 0x03];
    let bytes = framed(gas, &[&SHORT_HEADER[..], &[0, 0], &VOLUME].concat());
    assert_eq!(read(&bytes, None).readings(), []);
}

proptest! {
    #[test]
    fn any_bytes_are_a_telegram_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..600), keyed: bool) {
        let _ = telegram(&bytes, keyed.then_some(&KEY)).map(|t| t.readings());
    }

    #[test]
    fn any_content_behind_any_header_is_a_telegram_or_an_error(
        ci in prop::sample::select(vec![0x72_u8, 0x73, 0x78, 0x79, 0x7a, 0x7b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90]),
        content in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = telegram(&frame(&[&[ci], &content]), Some(&KEY)).map(|t| t.readings());
    }
}
