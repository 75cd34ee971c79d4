//! Real telegrams of water meters, published with what they should say: which are read, and why the
//! others are not.

use std::collections::BTreeMap;
use std::path::Path;

use codec::fuzz::m_bus::{self, Key, Local, MBusError};
use schemas::Quantity;
use serde_json::Value;

/// Drivers whose telegrams are not records, or only in part: formats of the manufacturers' own. Of
/// these izar and qwater are read.
const PROPRIETARY: &[&str] = &["apator162", "apator172", "apatorna1", "izar", "izarv2", "qwater", "zenner0b", "rfmtx1"];

/// Vectors whose expectation is not what their bytes say: the driver and the total that is printed. This
/// one stands beside the plain record `0C 13 48 56 00 00`, which is 5.648.
const MISPRINTS: &[(&str, f64)] = &[("supercom587", 6.548)];

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
        if vector["expected"]["total_m3"].is_null() {
            continue;
        }
        let open = !PROPRIETARY.contains(&driver);
        let bytes = bytes_of(vector["telegram_hex"].as_str().expect("a telegram"));
        let key = vector["key"].as_str().map(|hex| Key::try_from(bytes_of(hex)).expect("a key has 16 bytes"));
        let (outcome, cause) = judge(&bytes, key.as_ref(), &vector["expected"], driver);
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
    // The key of this one stands only beside another copy of it.
    let keyless = causes.iter().filter(|(cause, _)| cause.contains("the vector gives none")).map(|(_, n)| n).sum::<u32>();
    assert_eq!((keyless, count(true, Outcome::Error), count(true, Outcome::NoVolume)), (1, 1, 0), "{causes:#?}");
    assert_eq!((count(true, Outcome::Right), count(false, Outcome::Right)), (48, 21), "{causes:#?}");
}

/// Compares what is read with what is published: serial number, volume, flow, and the registers whose
/// dates are published.
fn judge(bytes: &[u8], key: Option<&Key>, expected: &Value, driver: &str) -> (Outcome, String) {
    let telegram = match m_bus::telegram(bytes, key) {
        Ok(telegram) => telegram,
        Err(error @ MBusError::Encrypted { .. }) => return (Outcome::Error, format!("{error}; the vector gives none")),
        Err(error) => return (Outcome::Error, error.to_string()),
    };
    let readings = telegram.readings();
    let said = |field: &str| expected[field].as_f64();
    let now = |quantity| readings.iter().find(|m| m.quantity == quantity && m.observed.is_none()).and_then(|m| m.value);
    let kept = |date: &str| {
        let of = |local: Local| format!("{:04}-{:02}-{:02}", local.year, local.month, local.day) == date;
        readings.iter().find(|m| m.quantity == Quantity::WATER_VOLUME && m.observed.is_some_and(of)).and_then(|m| m.value)
    };
    let Some(volume) = now(Quantity::WATER_VOLUME) else {
        return (Outcome::NoVolume, "no record of the volume of now".to_owned());
    };
    let printed = said("total_m3").map(|total| if MISPRINTS.contains(&(driver, total)) { volume } else { total });
    let pairs = [
        ("total_m3", Some(volume), printed),
        ("flow", now(Quantity::WATER_FLOW), said("flow_m3h").or(said("volume_flow_m3h")).or(said("current_flow_m3h"))),
        ("backward", now(Quantity::WATER_VOLUME_REVERSE), said("total_backward_m3")),
        ("target_m3", expected["target_date"].as_str().and_then(kept), said("target_m3")),
    ];
    for (name, read, said) in pairs {
        if let (Some(read), Some(said)) = (read, said)
            && (read - said).abs() > 1e-9
        {
            return (Outcome::Wrong, format!("{name} is {read}, expected {said}"));
        }
    }
    let id = telegram.meter.map(|meter| meter.id());
    if id.as_deref() != expected["id"].as_str() {
        return (Outcome::Wrong, format!("the meter is {id:?}, expected {}", expected["id"]));
    }
    (Outcome::Right, String::new())
}

/// The bytes of a row of the mapping table.
fn mapped(id: &str) -> Option<Vec<u8>> {
    let lines = vectors("mapping_expected.jsonl")?;
    let rows = lines.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
    let row = rows.into_iter().find(|row| row["id"] == id).expect("the row");
    Some(bytes_of(row["bytes_hex"].as_str().expect("bytes")))
}

#[test]
fn the_records_in_a_lorawan_payload_are_read() {
    let Some(payload) = mapped("kamstrup-lorawan") else { return };
    // Behind the CI field, which says that no header follows.
    let records = m_bus::records(&payload[1..]).expect("records");
    let readings = m_bus::readings(&records);
    let volume = readings.iter().find(|m| m.quantity == Quantity::WATER_VOLUME).expect("a volume");
    assert_eq!(volume.value, Some(0.236));
    let kept = volume.observed.and_then(|local| local.instant(0)).expect("its time");
    assert_eq!(kept.to_string(), "2023-10-19T00:00:00.000Z");
}

#[test]
fn the_tail_of_a_b_meters_telegram_is_read() {
    let Some(bytes) = mapped("wmbus-hydrodigit") else { return };
    let readings = m_bus::telegram(&bytes, None).expect("a telegram").readings();
    let read: Vec<_> = readings.iter().map(|m| (m.quantity, m.value)).collect();
    let expected = [
        (Quantity::WATER_VOLUME, Some(43.964)),
        (Quantity::WATER_VOLUME_REVERSE, Some(0.015)),
        (Quantity::BATTERY_VOLTAGE, Some(3.05)),
    ];
    assert_eq!(read, expected);
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.chars().filter_map(|c| u8::try_from(c.to_digit(16)?).ok()).collect();
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
