//! Frames as independent decoders know them (`mapping_expected.jsonl`): what each make writes of the same values are the same bytes.
//! Reads the file named by `MARSAD_DEVICE_VECTORS`, else the shared one; says loudly when neither is there.

use schemas::Quantity;
use serde_json::Value;

use super::layout::Layout;
use super::{Logged, MAKES, Values, Way};

#[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "a test reads the vectors, or says that it cannot")]
fn examples() -> Vec<Value> {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/devices/vectors/mapping_expected.jsonl");
    let path = std::env::var("MARSAD_DEVICE_VECTORS").unwrap_or_else(|_| shared.to_owned());
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: {path} is not there; name another one by MARSAD_DEVICE_VECTORS");
        return Vec::new();
    };
    text.lines().map(|line| serde_json::from_str(line).expect("a vector is JSON")).collect()
}

/// Millionths of the quantity's unit in a part of a gas (Directive 2008/50/EC, at 20 Cel), where the example has parts.
const GASES: [(&str, f64); 4] = [("air.o3", 1.9953), ("air.no2", 1.9125), ("air.so2", 2.6632), ("air.co", 1164.4)];

fn values(example: &Value) -> Values {
    let rows = example["canonical"].as_array().expect("readings");
    let value = |row: &Value| {
        let number = row["value"].as_f64().or_else(|| row["value"].as_bool().map(|is| f64::from(u8::from(is))))?;
        let in_parts = row["ucum"].as_str().is_some_and(|unit| unit.starts_with("[pp"));
        let factor = GASES.iter().find(|(gas, _)| in_parts && row["name"] == *gas).map_or(1.0, |(_, factor)| *factor);
        Some((Quantity::named(row["name"].as_str()?)?, 0, number * factor))
    };
    rows.iter().filter_map(value).collect()
}

/// What the example keeps of the time before.
fn log(example: &Value) -> Vec<Logged> {
    let logged = |at: &str, litres: u32| Logged {
        at: at.parse().expect("a time"),
        quantity: Quantity::WATER_VOLUME,
        value: f64::from(litres) / 1000.0,
    };
    match example["id"].as_str() {
        // Its hours stand in `direct_mqtt_examples.jsonl`.
        Some("axioma-qalcosonic-w1") => {
            let took = [0, 0, 0, 0, 0, 14, 8, 21, 14, 21, 1, 18, 2, 9, 0, 8, 0, 0, 0, 0, 0, 0, 0];
            let registers = took.iter().scan(5938, |register, took| {
                *register += took;
                Some(*register)
            });
            let first = logged("2026-09-02T23:09:34Z", 5938);
            let hours = (1_i64..).zip(registers).map(|(hour, register)| Logged {
                at: schemas::Timestamp::clamped(first.at.millis() + hour * 3_600_000),
                value: f64::from(register) / 1000.0,
                ..first
            });
            std::iter::once(first).chain(hours).collect()
        }
        Some("kamstrup-lorawan") => vec![logged("2023-10-19T00:00:00Z", 236)],
        _ => Vec::new(),
    }
}

#[test]
fn frames_are_those_that_independent_decoders_read() {
    let examples = examples();
    // With how many bytes at the end are another's: a checksum that no reader takes, records that a simulated meter does not send.
    // The other examples say more than simulated devices do: other sensors, beacons, the state of a battery at work.
    let whole = [
        ("netvox-r718x", 0),
        ("milesight-em400-tld", 0),
        ("dingtek-df702", 0),
        ("vegapuls-air", 0),
        ("bosch-tps110", 0),
        ("nwave-nps405", 0),
        ("uradmonitor-industrial", 1),
        ("axioma-qalcosonic-w1", 0),
        ("kamstrup-lorawan", 19),
        ("milesight-em300-di", 0),
    ];
    let mut same = Vec::new();
    for (name, others) in whole {
        let make = MAKES.iter().find(|make| make.name == name).expect("a make");
        let Way::Lora(_, layouts) = make.way else { panic!("{name} speaks LoRaWAN") };
        let Some(example) = examples.iter().find(|example| example["id"] == name) else { continue };
        let values = values(example);
        let layout = Layout::of(layouts, &values).expect("a layout");
        let (port, frame) = layout.frame(&values, &log(example), schemas::Timestamp::clamped(0));
        let hex: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
        let wanted = example["bytes_hex"].as_str().expect("bytes");
        let common = wanted.len() - 2 * others;
        assert_eq!(hex.get(..common.min(hex.len())), wanted.get(..common), "{name}");
        assert_eq!(Some(u64::from(port)), example["fPort"].as_u64(), "{name}");
        same.push(name);
    }
    assert!(examples.is_empty() || same.len() == whole.len(), "{same:?}");
}
