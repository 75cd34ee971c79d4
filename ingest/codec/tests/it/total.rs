//! Decoding is total: whatever comes gives readings or a rejection, never a panic, never half of both.

use crate::common::{message, unhex};
use crate::opened::fresh;
use codec::{Decoder, Reason, Route, Routes};
use proptest::prelude::*;
use schemas::Reading;

/// Text, or bytes as hexadecimal behind `hex:`.
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
    (
        "v3/bays@casa/devices/bay-1/up",
        r#"{"end_device_ids":{"device_id":"bay-1","dev_eui":"0101010101010101"},"received_at":"2026-11-21T20:00:02.9Z","uplink_message":{"f_port":1,"f_cnt":"7","frm_payload":"lQ==","rx_metadata":[{"rssi":-97,"snr":-3.5}],"settings":{"frequency":"867100000"},"received_at":"2026-11-21T20:00:02.123456789Z","last_battery_percentage":{"f_cnt":7,"value":96.85}}}"#,
    ),
    (
        "mqtt/things/0101010101010101/uplink",
        r#"{"DevEUI_uplink":{"Time":"2026-11-21T21:00:05.138+01:00","DevEUI":"0101010101010101","FPort":"1","FCntUp":26,"MType":4,"payload_hex":"95","LrrRSSI":-114.0,"Lrrs":{"Lrr":[{"LrrSNR":4.75}]},"points":{}}}"#,
    ),
    (
        "helium/7c52/rx",
        r#"{"dev_eui":"0101010101010101","fcnt":19,"hotspots":[{"rssi":-54,"snr":9.5}],"payload":"lQ==","port":1,"reported_at":15868685461234,"decoded":{"payload":null}}"#,
    ),
    (
        "loriot",
        r#"{"cmd":"gw","EUI":"0101010101010101","ts":1795291205938,"fcnt":2,"port":1,"bat":94,"data":"95","gws":[{"rssi":-42,"snr":8.8}]}"#,
    ),
    (
        "milesight",
        r#"{"devEUI":"0101010101010101","time":"2026-1121T20:00:05.547336Z","rxInfo":[{"rssi":-57,"loRaSNR":10}],"fCnt":0,"fPort":1,"data":"lQ==","occupied":1}"#,
    ),
    (
        "netmore",
        r#"[{"devEui":"0101010101010101","timestamp":"2026-11-21T20:00:05.053Z","payload":"95","rssi":"-104","messageType":"payload","fPort":"1"},{"devEui":"00137a1000000001","payload":"0134012401012C0107320A","fPort":"6"}]"#,
    ),
    (
        "senml",
        r#"[{"bn":"moved-1:","bt":1795291200,"bu":"Cel","bv":20,"n":"air.temperature","v":3.1,"s":5},{"n":"air.humidity","t":-5e0,"u":"%RH","v":45},{"n":"device.tamper","vb":true}]"#,
    ),
    ("senml", "hex:81a521686d6f7665642d313a221a6b01f6c000686169722e706d3130016575672f6d3302c4822019013b"),
    ("/ul/key/moved-1/attrs", "2026-11-21T20:00:00Z|air.pm10|31.5|air.no2|12#air.pm10|7"),
    (
        "/json/key/moved-1/attrs",
        r#"[{"TimeInstant":"2026-11-21T20:00:00Z","air.pm10":"31.5","air.humidity":"45%"},{"air.pm10":7}]"#,
    ),
    (
        "spBv1.0/casa/DBIRTH/edge-1/moved-1",
        "hex:0880f4c6fd9f3412300a086169722f706d313010011880f4c6fd9f3420094a140a07656e67556e69741209080c420575672f6d33650000fa4112220a0f6169722f74656d706572617475726510021880f4c6fd9f34200250f9ffffff0f",
    ),
];

fn payload(written: &str) -> Vec<u8> {
    written.strip_prefix("hex:").map_or_else(|| written.as_bytes().to_vec(), unhex)
}

/// The city's decoder, with routes for the network servers whose topics the operator sets.
fn all() -> Decoder {
    let own = ["loriot", "milesight", "netmore"].map(|envelope| Route::new(envelope, envelope).unwrap());
    fresh().with_routes(Routes::new(own)).unwrap()
}

fn check(topic: &str, payload: &[u8]) -> Result<(), TestCaseError> {
    let decoder = all();
    let mut out: Vec<Reading> = Vec::new();
    decoder.decode(&message(VALID[0].0, VALID[0].1), &mut out).unwrap();
    let before = out.clone();
    match decoder.decode(&message(topic, payload), &mut out) {
        Ok(decoded) => {
            prop_assert_eq!(out.len(), before.len() + decoded.readings);
            prop_assert!(decoded.readings >= 1);
            prop_assert_eq!(&out[before.len()].series.device, &decoded.device);
            for reading in &out[before.len()..] {
                prop_assert!(reading.value.is_finite() && reading.value.abs() < Reading::VALUE_LIMIT);
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
        let result = all().decode(&message(topic, self::payload(payload)), &mut out);
        assert!(result.is_ok(), "{topic}: {result:?}");
    }
}

#[test]
fn a_message_beyond_the_limit_is_refused_before_it_is_read() {
    let reject =
        all().decode(&message("json/key/moved-1/attrs", vec![b' '; codec::MESSAGE_LIMIT + 1]), &mut Vec::new()).unwrap_err();
    assert_eq!(reject.code(), "too_many", "{reject}");
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
        let (topic, written) = VALID[which];
        let mut bytes = payload(written);
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
