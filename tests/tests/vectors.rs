//! Messages that others published go in through a real Mosquitto and a real collector. What this slice
//! can read comes out of `marsad query` right, through the running program and from the stopped
//! directory; everything else waits in the quarantine with a reason, byte for byte as it came.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use ports::{Page, Quarantine, QuarantineFilter};
use register::Register;
use serde_json::Value;
use tests::{Device, Marsad, Mosquitto, shared, until};

const DEVICES: &str = r#"
[[device]]
id = "0101010101010101"
kind = "parking"
zone = "anfa"
profile = "nwave-nps405"
"#;

/// What the one message that can be read says: `qg==` is 0xAA, which is free, after 85 minutes. The envelope
/// gives time, RSSI and SNR.
const EXPECTED: [(&str, f64, &str); 4] = [
    ("parking.occupied", 0.0, "1"),
    ("parking.prev_state_duration", 5100.0, "s"),
    ("radio.rssi", -36.0, "dB[mW]"),
    ("radio.snr", 10.5, "dB"),
];
const AT: &str = "2022-07-18T09:34:15.775Z";

/// One line of the file: its id, and the message as it is published.
struct Vector {
    id: String,
    topic: String,
    payload: Vec<u8>,
}

fn bytes(hex: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|p| u8::from_str_radix(p, 16).ok()).expect("hex digits");
    hex.as_bytes().chunks(2).map(byte).collect()
}

fn vector(line: &str) -> Vector {
    let line: Value = serde_json::from_str(line).expect("a line of JSON");
    let id = line["id"].as_str().expect("an id").to_owned();
    // Some lines say in words that the operator chooses the topic.
    let usable = |topic: &&str| !topic.contains(['+', '#', ' ', '{']);
    let topic = line["topic"].as_str().filter(usable).map_or_else(|| format!("vectors/{id}"), ToOwned::to_owned);
    let text = |key: &str| line.get(key).and_then(Value::as_str);
    let payload = match (line.get("payload"), text("payload_text"), text("payload_cbor_hex").or(text("bytes_hex"))) {
        (Some(json), _, _) => json.to_string().into_bytes(),
        (_, Some(text), _) => text.as_bytes().to_vec(),
        (_, _, Some(hex)) => bytes(hex),
        // Three lines hold the names of fields only: as strange a message as any.
        _ => line["fields"].to_string().into_bytes(),
    };
    Vector { id, topic, payload }
}

/// `marsad query` for the device, from its config and data directory, with further arguments.
fn query(folder: &Path, more: &[&str]) -> String {
    let path = |name: &str| folder.join(name).to_str().expect("a plain path").to_owned();
    let (config, data) = (path("marsad.toml"), path("data"));
    let mut arguments = vec!["query", "--config", &config, "--data", &data, "--device", "0101010101010101"];
    arguments.extend(["--from", "2022-07-18T00:00:00Z", "--to", "2022-07-19T00:00:00Z"]);
    arguments.extend(more);
    let output = Marsad::command(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

fn rows(text: &str) -> BTreeMap<String, Value> {
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a row of JSON"));
    rows.map(|row| (row["quantity"].as_str().expect("a quantity").to_owned(), row)).collect()
}

/// The line of a table that begins with a time and speaks of the quantity, cut into its fields.
fn fields<'a>(table: &'a str, quantity: &str) -> Vec<&'a str> {
    let fields = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    fields.into_iter().find(|f| f.contains(&quantity)).unwrap_or_else(|| panic!("no {quantity} in\n{table}"))
}

fn verify_readings(folder: &Path) {
    let raw = rows(&query(folder, &["--json"]));
    assert_eq!(raw.len(), EXPECTED.len(), "{raw:?}");
    let table = query(folder, &[]);
    assert_eq!(table.lines().count(), 1 + EXPECTED.len(), "{table}");
    for (quantity, value, unit) in EXPECTED {
        let row = &raw[quantity];
        assert_eq!(row["value"].as_f64(), Some(value), "{row}");
        assert_eq!(row["unit"], unit, "{row}");
        assert_eq!(row["observed_at"], AT, "{row}");
        assert_eq!((&row["kind"], &row["zone"]), (&"parking".into(), &"anfa".into()), "{row}");
        let shown = fields(&table, quantity);
        assert_eq!(shown[..5], [AT, "0101010101010101", quantity, &value.to_string(), unit], "{table}");
    }
    let hours = rows(&query(folder, &["--every", "1h", "--json"]));
    assert_eq!(hours.len(), EXPECTED.len(), "{hours:?}");
    let table = query(folder, &["--every", "1h"]);
    for (quantity, value, unit) in EXPECTED {
        let row = &hours[quantity];
        assert_eq!(row["start"], "2022-07-18T09:00:00.000Z", "{row}");
        assert_eq!(row["count"], 1, "{row}");
        for number in ["mean", "min", "max", "sum", "first", "last"] {
            assert_eq!(row[number].as_f64(), Some(value), "{number} of {row}");
        }
        let number = value.to_string();
        let expected = ["2022-07-18T09:00:00.000Z", "0101010101010101", quantity, "1", &number, &number, &number, unit];
        assert_eq!(fields(&table, quantity), expected, "{table}");
    }
    let one = rows(&query(folder, &["--json", "--quantity", "radio.snr"]));
    assert_eq!(one.keys().collect::<Vec<_>>(), ["radio.snr"]);
}

#[test]
fn the_vectors_come_out_of_query_right_or_wait_in_the_quarantine() {
    let Some(file) = shared("devices/vectors/direct_mqtt_examples.jsonl") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let Some(broker) = Mosquitto::start(folder.path()) else { return };
    std::fs::write(folder.path().join("devices.toml"), DEVICES).expect("the list of devices");
    let settings = format!(
        "[devices]\nfiles = [\"devices.toml\"]\n\
         [[collector]]\nname = \"city\"\nurl = \"mqtt://{}\"\nfilters = [\"#\"]\n",
        broker.address
    );
    let mut marsad = Marsad::start(folder.path(), &settings);
    until("the collector to subscribe", Duration::from_secs(60), || {
        marsad.status().filter(|s| s.sources.iter().any(|source| source.name == "city" && source.up))
    });

    let text = std::fs::read_to_string(file).expect("the vectors");
    let vectors: Vec<Vector> = text.lines().filter(|line| !line.is_empty()).map(vector).collect();
    let mut device = Device::connect(broker.address, "vectors");
    for vector in &vectors {
        device.publish(&vector.topic, &vector.payload);
    }
    device.acknowledged();
    let sent = vectors.len() as u64;
    until("the broker to hand over everything", Duration::from_secs(60), || {
        marsad.status().filter(|s| s.identity.received >= sent)
    });
    let identity = marsad.settled(Duration::from_secs(60)).identity;
    assert!(identity.balances(), "{identity:?}");
    assert_eq!((identity.received, identity.stored, identity.quarantined), (sent, 1, sent - 1), "{identity:?}");

    verify_readings(folder.path());
    assert!(marsad.stop().success());
    verify_readings(folder.path());

    let register = Register::open(&folder.path().join("data/register.db")).expect("the register");
    let aside = register.page(&QuarantineFilter::default(), 0..u64::MAX, Page::WHOLE).expect("the quarantine");
    assert_eq!(aside.len() as u64, sent - 1);
    for vector in vectors.iter().filter(|v| v.id != "chirpstack-v4-up") {
        let found = aside.iter().find(|row| *row.message.topic == *vector.topic && row.message.payload == vector.payload);
        let row = found.unwrap_or_else(|| panic!("{} is not in the quarantine as it came", vector.id));
        assert!(!row.reason.is_empty() && !row.text.is_empty(), "{} waits without a reason", vector.id);
        eprintln!("{:<22} {:<20} {}", vector.id, row.reason, row.text);
    }
}
