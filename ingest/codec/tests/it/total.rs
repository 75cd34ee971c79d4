//! Decoding is total: whatever comes gives readings or a rejection, never a panic, never half of both.

use crate::common::{decoder, message};
use codec::Reason;
use proptest::prelude::*;
use schemas::Reading;

const VALID: &[(&str, &str)] = &[
    (
        "marsad/anfa/air/air-01/up",
        r#"{"v":1,"time":"2026-11-21T20:00:00Z","seq":7,"values":{"air.pm10":31.25,"air.no2#1":{"value":12e-1,"unit":"[ppb]"},"device.tamper":true}}"#,
    ),
    (
        "marsad/anfa/water/m-1/up",
        r#"{"v":1,"samples":[{"time":1795291200000,"values":{"water.volume":6.054}},{"time":"2026-11-21T19:00:00+01:00","values":{"water.volume":5.9,"water.leak":null}}]}"#,
    ),
    (
        "application/casa/device/0101010101010101/event/up",
        r#"{"time":"2026-11-21T20:00:00.1+00:00","deviceInfo":{"devEui":"0101010101010101"},"fPort":1,"data":"lQ==","rxInfo":[{"rssi":-36,"snr":10.5}]}"#,
    ),
    (
        "application/casa/device/00137a1000000001/event/up",
        r#"{"deviceInfo":{"devEui":"00137a1000000001"},"fPort":6,"data":"ATQBJAEBLAEHMgo="}"#,
    ),
    ("application/casa/device/0101010101010101/event/status", r#"{"batteryLevel":75.5}"#),
];

fn check(topic: &str, payload: &[u8]) -> Result<(), TestCaseError> {
    let decoder = decoder();
    let mut out: Vec<Reading> = Vec::new();
    decoder.decode(&message(VALID[0].0, VALID[0].1), &mut out).unwrap();
    let before = out.clone();
    match decoder.decode(&message(topic, payload), &mut out) {
        Ok(decoded) => {
            prop_assert_eq!(out.len(), before.len() + decoded.readings);
            prop_assert!(decoded.readings >= 1);
            for reading in &out[before.len()..] {
                prop_assert!(reading.value.is_finite() && reading.value.abs() < Reading::VALUE_LIMIT);
                prop_assert_eq!(&reading.series.device, &decoded.device);
            }
        }
        Err(reject) => {
            prop_assert_eq!(&out, &before);
            prop_assert!(Reason::ALL.contains(&reject.reason()) && !reject.to_string().is_empty());
        }
    }
    Ok(())
}

#[test]
fn the_valid_examples_are_valid() {
    for (topic, payload) in VALID {
        let mut out = Vec::new();
        assert!(decoder().decode(&message(topic, payload), &mut out).is_ok(), "{topic}");
    }
}

proptest! {
    #[test]
    fn any_topic_and_any_bytes(topic in ".{0,80}", known in 0..VALID.len() + 1, payload in proptest::collection::vec(any::<u8>(), 0..200)) {
        check(VALID.get(known).map_or(&topic, |(known, _)| known), &payload)?;
    }

    #[test]
    fn a_valid_message_with_some_bytes_changed(
        which in 0..VALID.len(), edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5), cut: Option<prop::sample::Index>,
    ) {
        let (topic, payload) = VALID[which];
        let mut bytes = payload.as_bytes().to_vec();
        for (place, byte) in edits {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        check(topic, &bytes)?;
    }

    #[test]
    fn a_valid_message_with_its_tokens_shuffled(which in 0..VALID.len(), seed in proptest::collection::vec(any::<prop::sample::Index>(), 1..6)) {
        let (topic, payload) = VALID[which];
        let mut tokens: Vec<&str> = payload.split_inclusive(['{', '}', ',', ':', '[', ']', '"']).collect();
        for pair in seed.chunks(2) {
            let (a, b) = (pair[0].index(tokens.len()), pair[pair.len() - 1].index(tokens.len()));
            tokens.swap(a, b);
        }
        check(topic, tokens.concat().as_bytes())?;
    }

    #[test]
    fn any_frame_of_a_known_device(eui in prop::sample::select(vec!["0101010101010101", "00137a1000000001"]), port: u8, data in proptest::collection::vec(any::<u8>(), 0..300)) {
        let data = base64(&data);
        check(&format!("application/x/device/{eui}/event/up"), format!(r#"{{"fPort":{port},"data":"{data}"}}"#).as_bytes())?;
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let all = chunk.iter().chain([0, 0].iter()).take(3).fold(0u32, |all, b| all << 8 | u32::from(*b));
        let digit = |i: usize| if i <= chunk.len() { char::from(DIGITS[(all >> (18 - 6 * i) & 63) as usize]) } else { '=' };
        (0..4).map(digit).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}
