//! What devices must not send, over real MQTT: each is put aside with its reason or ends its connection, and what follows is kept.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use codec::{AHEAD, DEPTH_LIMIT, MESSAGE_LIMIT, OLDEST};
use ports::{Clock, SystemClock};
use schemas::Timestamp;
use serde_json::Value;
use tests::{Device, Marsad, until};

use crate::people::{PATIENCE, REGISTERED, connect, publish, told};
use crate::program::filled;

const OPEN: &str = "[rules]\npacks = []\n[pipeline]\nflush_every = \"100ms\"\n";
const OWN: &str = "marsad/anfa/waste/bin-1/up";
const SERVER: &str = "application/1/device/0101010101010101/event/up";

/// JSON of so many levels: `outer` are there already.
fn nested(before: &str, outer: usize, levels: usize, after: &str) -> String {
    let inner = levels - outer;
    format!("{before}{}1{}{after}", "[".repeat(inner), "]".repeat(inner))
}

/// A message, where it is published, and the reason with which it waits.
fn poison() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let up = |levels: usize| {
        nested(r#"{"deviceInfo":{"devEui":"0101010101010101"},"fPort":1,"data":"qg==","tags":"#, 1, levels, "}").into_bytes()
    };
    vec![
        (OWN, b"{\"v\":1,".to_vec(), "not_json"),
        (OWN, vec![0xff; 40], "not_json"),
        (OWN, br#"{"v":1,"values":{"waste.fill":5},"colour":"green"}"#.to_vec(), "bad_shape"),
        (OWN, br#"{"v":1,"values":{"waste.fill":{"value":5,"unit":"%","note":"x"}}}"#.to_vec(), "bad_shape"),
        (OWN, nested(r#"{"v":1,"values":{"waste.fill":"#, 2, DEPTH_LIMIT + 1, "}}").into_bytes(), "bad_shape"),
        (OWN, nested(r#"{"v":1,"values":{"waste.fill":"#, 2, 100_000, "}}").into_bytes(), "bad_shape"),
        (SERVER, up(DEPTH_LIMIT + 1), "too_deep"),
        (SERVER, up(100_000), "too_deep"),
        // As deep as it may be, it is read, and nobody lists the device.
        (SERVER, up(DEPTH_LIMIT), "unknown_device"),
        (OWN, br#"{"v":1,"time":"2026-11-21T20:00:00","values":{"waste.fill":5}}"#.to_vec(), "bad_time"),
        (OWN, br#"{"v":1,"values":{"waste.fill":5e13}}"#.to_vec(), "not_finite"),
        (OWN, br#"{"v":1,"values":{"waste.fill":5},"cin":"AB123456"}"#.to_vec(), "forbidden_field"),
        (OWN, vec![b' '; MESSAGE_LIMIT + 1], "too_many"),
        ("elsewhere/bin-1", b"1".to_vec(), "not_a_topic"),
    ]
}

#[test]
fn sec_03_each_bad_message_waits_in_the_quarantine_with_its_reason_and_what_follows_is_stored() {
    let folder = tempfile::tempdir().expect("a folder");
    let marsad = Marsad::start(folder.path(), OPEN);
    let mut device = Device::connect(marsad.mqtt, "device");
    let mut expected = BTreeMap::new();
    for (topic, payload, reason) in poison() {
        device.publish(topic, &payload);
        *expected.entry(reason.to_owned()).or_insert(0_u64) += 1;
    }
    device.publish(OWN, br#"{"v":1,"values":{"waste.fill":5}}"#);
    device.acknowledged();
    let status = marsad.settled(PATIENCE);
    assert_eq!((status.identity.stored, status.identity.refused), (1, 0), "{:?}", status.identity);
    let waiting = || {
        let page = marsad.json("/api/v1/quarantine?each=true&limit=100");
        page["messages"].as_array().expect("messages").clone()
    };
    // They are put aside with the next flush.
    let rows = until("all of them to wait", PATIENCE, || Some(waiting()).filter(|rows| rows.len() == poison().len()));
    let mut found = BTreeMap::new();
    for row in rows {
        *found.entry(row["reason"].as_str().expect("a reason").to_owned()).or_insert(0_u64) += 1;
        assert!(row["text"].as_str().is_some_and(|text| !text.is_empty()), "each says why: {row}");
    }
    assert_eq!(found, expected);
}

#[test]
fn sec_03_a_time_beyond_seven_days_back_or_five_minutes_ahead_is_kept_as_of_when_it_was_heard_and_doubted() {
    let folder = tempfile::tempdir().expect("a folder");
    let marsad = Marsad::start(folder.path(), OPEN);
    let mut device = Device::connect(marsad.mqtt, "device");
    let now = SystemClock.now();
    let minute = Duration::from_secs(60);
    let (day, far) = (1440 * minute, 365 * 1440 * minute);
    let cases: [(&str, Timestamp, bool); 6] = [
        ("bin-old", now.minus(OLDEST).minus(minute), false),
        ("bin-ancient", now.minus(far), false),
        ("bin-late", now.minus(OLDEST).plus(day), true),
        ("bin-ahead", now.plus(AHEAD).plus(minute), false),
        ("bin-future", now.plus(far), false),
        ("bin-soon", now.plus(AHEAD).minus(minute), true),
    ];
    for (bin, time, _) in cases {
        let payload = format!(r#"{{"v":1,"time":"{time}","values":{{"waste.fill":5}}}}"#);
        device.publish(&format!("marsad/anfa/waste/{bin}/up"), payload.as_bytes());
    }
    device.acknowledged();
    assert_eq!(marsad.settled(PATIENCE).identity.stored, cases.len() as u64);
    for (bin, time, believed) in cases {
        let latest = marsad.json(&format!("/api/v1/latest?device={bin}"));
        let reading: &Value = &latest["readings"][0];
        let at = |name: &str| reading[name].as_str().and_then(|text| text.parse::<Timestamp>().ok()).expect("a time");
        let (observed, received) = (at("observed_at"), at("received_at"));
        assert!((received.minus(OLDEST)..=received.plus(AHEAD)).contains(&observed), "{bin}: {reading}");
        assert_eq!(observed, if believed { time } else { received }, "{bin}: {reading}");
        assert_eq!(reading["quality"].to_string().contains("clock_suspect"), !believed, "{bin}: {reading}");
    }
}

/// Publishes blanks in front of a reading with QoS 1, in a packet of so many bytes: 131 to 16,386.
fn padded(socket: &mut TcpStream, topic: &str, packet: usize) {
    let json = br#"{"v":1,"values":{"waste.fill":50}}"#;
    let (body, seven) = (packet - 3, |bits: usize| u8::try_from(bits & 0x7f).expect("seven bits"));
    let mut bytes = vec![0x32, seven(body) | 0x80, seven(body >> 7)];
    bytes.extend(u16::try_from(topic.len()).expect("short").to_be_bytes());
    bytes.extend([topic.as_bytes(), &[0, 1]].concat());
    bytes.resize(packet - json.len(), b' ');
    bytes.extend(json);
    // What ends the connection may do so before all of it is written.
    let _ = socket.write_all(&bytes);
}

#[test]
fn sec_03_a_registered_device_sends_16_kib_at_most_and_one_byte_more_ends_its_connection_and_is_kept_nowhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let marsad = Marsad::start(folder.path(), REGISTERED);
    let secret = |device: &str, more: &[&str]| {
        let made = told(folder.path(), &[&["device", "credential", "make", device], more].concat());
        made["secret"].as_str().expect("a secret").to_owned()
    };
    let (own, server) = (secret("bin-1", &[]), secret("lorawan", &["--topic", "marsad/#"]));
    let (mut device, _) = connect(marsad.mqtt, "d", Some(("bin-1", &own)));
    padded(&mut device, OWN, 16 << 10);
    let mut answer = [0; 4];
    device.read_exact(&mut answer).expect("what fits is acknowledged");
    assert_eq!(answer, [0x40, 2, 0, 1]);
    padded(&mut device, OWN, (16 << 10) + 1);
    assert_eq!(device.read(&mut answer).unwrap_or(0), 0, "its connection is ended");
    let (mut gateway, _) = connect(marsad.mqtt, "g", Some(("lorawan", &server)));
    padded(&mut gateway, OWN, (16 << 10) + 1);
    gateway.read_exact(&mut answer).expect("who speaks for many may send more");

    let (mut device, code) = connect(marsad.mqtt, "d", Some(("bin-1", &own)));
    assert_eq!(code, 0, "and it may come again");
    publish(&mut device, OWN);
    until("what was kept to be stored", PATIENCE, || (filled(folder.path()) == 1).then_some(()));
    let identity = told(folder.path(), &["status"])["identity"].clone();
    assert_eq!((&identity["received"], &identity["quarantined"]), (&3.into(), &0.into()), "{identity}");
}
