//! Every vector of the specification through the public functions, section by section. Another file of the same
//! shape, with other cases, is named by `MARSAD_DOMAIN_VECTORS`; nothing here knows a number of the file.

mod air;
mod others;
mod us_aqi;
mod waste;
mod water;

use std::io::Write;
use std::path::Path;

use serde_json::Value;

/// A file of the specification in the shared folder; none, with a loud line, where it is not there.
#[expect(clippy::disallowed_methods, reason = "third-party data are read where they are")]
fn beside(file: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/domain").join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: {} is not there; put the shared folder beside the project to run this test",
            path.display()
        );
    }
    text
}

/// One section of the file that is named, or of the one in the shared folder; none where that is not there.
#[expect(clippy::disallowed_methods, reason = "third-party data are read where they are")]
fn section(name: &str) -> Option<Value> {
    let text = match std::env::var("MARSAD_DOMAIN_VECTORS") {
        // Who names a file wants it read.
        Ok(named) => std::fs::read_to_string(&named).unwrap_or_else(|cause| panic!("{named}: {cause}")),
        Err(_) => beside("vectors.json")?,
    };
    let mut all: Value = serde_json::from_str(&text).unwrap();
    Some(all.get_mut(name).unwrap_or_else(|| panic!("the vectors have no section {name}")).take())
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is not a number"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is not a text"))
}

/// A list in which null means that there is no value.
fn slots(value: &Value) -> Vec<Option<f64>> {
    list(value).iter().map(Value::as_f64).collect()
}

fn numbers(value: &Value) -> Vec<f64> {
    list(value).iter().map(number).collect()
}

/// Equal to as many decimals as the file prints.
#[track_caller]
fn close(found: f64, expected: &Value, tolerance: f64, what: &Value) {
    let expected = number(expected);
    assert!((found - expected).abs() <= tolerance, "found {found}, expected {expected}: {what}");
}

/// None where the file says null, else a number equal to as many decimals as it prints.
#[track_caller]
fn close_or_none(found: Option<f64>, expected: &Value, tolerance: f64, what: &Value) {
    match (found, expected.as_f64()) {
        (Some(found), Some(_)) => close(found, expected, tolerance, what),
        (found, None) => assert_eq!(found, None, "{what}"),
        (None, Some(expected)) => panic!("found nothing, expected {expected}: {what}"),
    }
}
