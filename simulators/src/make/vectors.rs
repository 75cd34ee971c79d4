//! Frames as independent decoders know them (`mapping_expected.jsonl`): what each make writes of the same values are the same bytes.
//! Reads the file named by `MARSAD_DEVICE_VECTORS`, else the shared one; says loudly when neither is there.

use schemas::Quantity;
use serde_json::Value;

use super::layout::Layout;
use super::{MAKES, Values, Way};

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

fn values(example: &Value) -> Values {
    let rows = example["canonical"].as_array().expect("readings");
    let value = |row: &Value| {
        let number = row["value"].as_f64().or_else(|| row["value"].as_bool().map(|is| f64::from(u8::from(is))))?;
        Some((Quantity::named(row["name"].as_str()?)?, 0, number))
    };
    rows.iter().filter_map(value).collect()
}

#[test]
fn frames_are_those_that_independent_decoders_read() {
    let examples = examples();
    // These say more than simulated ones do: other sensors, beacons, the state of a battery at work.
    let whole = ["netvox-r718x", "milesight-em400-tld", "dingtek-df702", "vegapuls-air", "bosch-tps110", "nwave-nps405"];
    let mut same = Vec::new();
    for make in &MAKES {
        let Way::Lora(_, layouts) = make.way else { continue };
        let Some(example) = examples.iter().find(|example| example["id"] == *make.name && whole.contains(&make.name)) else {
            continue;
        };
        let values = values(example);
        let (port, frame) = Layout::of(layouts, &values).expect("a layout").frame(&values);
        let hex: String = frame.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(Some(&*hex), example["bytes_hex"].as_str(), "{}", make.name);
        assert_eq!(Some(u64::from(port)), example["fPort"].as_u64(), "{}", make.name);
        same.push(make.name);
    }
    assert!(examples.is_empty() || same.len() == whole.len(), "{same:?}");
}
