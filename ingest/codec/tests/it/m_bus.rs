//! Real telegrams of water meters, published with what they should say: which are read, and why the
//! others are not.

use std::collections::BTreeMap;
use std::path::Path;

use codec::fuzz::m_bus::{self, Key, MBusError};
use schemas::Quantity;
use serde_json::Value;

/// Drivers whose telegrams are not records, or only in part: formats of the manufacturers' own.
const PROPRIETARY: &[&str] = &["apator162", "apator172", "apatorna1", "izar", "izarv2", "qwater", "zenner0b", "rfmtx1"];

/// Vectors whose expectation is not what their bytes say: the driver and the total that the bytes hold.
/// This one expects 6.548 beside the plain record `0C 13 48 56 00 00`, which is 5.648.
const MISPRINTS: &[(&str, f64)] = &[("supercom587", 5.648)];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Right,
    Wrong,
    NoVolume,
    Error,
}

#[test]
fn published_telegrams_of_water_meters_are_read_and_none_gives_a_wrong_total() {
    let Some(lines) = vectors("wmbus_water.jsonl") else { return };
    let mut outcomes: BTreeMap<(bool, Outcome), u32> = BTreeMap::new();
    let mut causes: BTreeMap<String, u32> = BTreeMap::new();
    for line in lines.lines() {
        let vector: Value = serde_json::from_str(line).expect("a line is JSON");
        let driver = vector["driver"].as_str().expect("a driver");
        let Some(expected) = vector["expected"]["total_m3"].as_f64() else { continue };
        let open = !PROPRIETARY.contains(&driver);
        let bytes = bytes_of(vector["telegram_hex"].as_str().expect("a telegram"));
        let key = vector["key"].as_str().map(|hex| Key::try_from(bytes_of(hex)).expect("a key has 16 bytes"));
        let (outcome, cause) = judge(&bytes, key.as_ref(), expected, driver);
        *outcomes.entry((open, outcome)).or_default() += 1;
        if outcome != Outcome::Right {
            let group = if open { "records" } else { "own format" };
            *causes.entry(format!("{group:10} {driver:12} {outcome:?}: {cause}")).or_default() += 1;
        }
    }
    let count = |open: bool, outcome: Outcome| outcomes.get(&(open, outcome)).copied().unwrap_or(0);
    for (open, name) in [(true, "formats of records"), (false, "manufacturers' own")] {
        let [right, wrong, none, error] =
            [Outcome::Right, Outcome::Wrong, Outcome::NoVolume, Outcome::Error].map(|outcome| count(open, outcome));
        println!("{name:20} right {right:3}  wrong {wrong:3}  no volume {none:3}  error {error:3}");
    }
    for (cause, n) in &causes {
        println!("{n:4}  {cause}");
    }
    assert_eq!(count(true, Outcome::Wrong) + count(false, Outcome::Wrong), 0, "a wrong total: {causes:#?}");
    let open: u32 = [Outcome::Right, Outcome::NoVolume, Outcome::Error].map(|outcome| count(true, outcome)).iter().sum();
    let right = count(true, Outcome::Right);
    assert!(right * 100 >= open * 98, "{right} of {open} right: {causes:#?}");
}

fn judge(bytes: &[u8], key: Option<&Key>, expected: f64, driver: &str) -> (Outcome, String) {
    let telegram = match m_bus::telegram(bytes, key) {
        Ok(telegram) => telegram,
        Err(error @ MBusError::Encrypted { .. }) => return (Outcome::Error, format!("{error}; the vector gives none")),
        Err(error) => return (Outcome::Error, error.to_string()),
    };
    let mut now = telegram.readings().into_iter().filter(|m| m.quantity == Quantity::WATER_VOLUME && m.observed.is_none());
    match now.find_map(|m| m.value) {
        None => (Outcome::NoVolume, "no record of the volume of now".to_owned()),
        Some(volume) if (volume - expected).abs() < 1e-9 => (Outcome::Right, String::new()),
        Some(volume) if MISPRINTS.contains(&(driver, volume)) => (Outcome::Right, String::new()),
        Some(volume) => (Outcome::Wrong, format!("{volume} m3, expected {expected}")),
    }
}

#[test]
fn the_records_in_a_lorawan_payload_are_read() {
    let Some(lines) = vectors("mapping_expected.jsonl") else { return };
    let kamstrup = lines.lines().find(|line| line.contains("\"kamstrup-lorawan\"")).expect("the Kamstrup row");
    let vector: Value = serde_json::from_str(kamstrup).expect("a line is JSON");
    let payload = bytes_of(vector["bytes_hex"].as_str().expect("bytes"));
    // Behind the CI field, which says that no header follows.
    let records = m_bus::records(&payload[1..]).expect("records");
    let readings = m_bus::readings(&records);
    let volume = readings.iter().find(|m| m.quantity == Quantity::WATER_VOLUME).expect("a volume");
    assert_eq!(volume.value, Some(0.236));
    let kept = volume.observed.and_then(|local| local.instant(0)).expect("its time");
    assert_eq!(kept.to_string(), "2023-10-19T00:00:00.000Z");
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter_map(|b| char::from(b).to_digit(16)).map(|d| d as u8).collect();
    digits.chunks(2).map(|pair| pair.iter().fold(0, |all, digit| all << 4 | digit)).collect()
}

#[expect(clippy::disallowed_methods, reason = "a test reads its vectors from the disk")]
fn vectors(name: &str) -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/devices/vectors").join(name);
    let text = std::fs::read_to_string(&file).ok();
    if text.is_none() {
        use std::io::Write;
        let note = "put the shared folder beside the project to run this test";
        let _ = writeln!(std::io::stderr(), "SKIPPED: {} is not there; {note}", file.display());
    }
    text
}
