//! The vectors of the domain, through rules and readings: the file named by `MARSAD_DOMAIN_VECTORS`, else the one of the
//! shared folder.

use std::io::Write;
use std::path::PathBuf;

use schemas::{Phase, Quantity, Reading, Transition};
use serde_json::Value;

use crate::scene::{Desk, bad, reading, rule, seconds};

const HOUR: i64 = 3600;

#[expect(clippy::disallowed_methods, reason = "third-party data are read where they are")]
fn vectors() -> Option<Value> {
    let named = std::env::var("MARSAD_DOMAIN_VECTORS").map(PathBuf::from);
    let shared = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/domain/vectors.json");
    let path = named.clone().unwrap_or(shared);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(error) if named.is_ok() => panic!("{}: {error}", path.display()),
        Err(_) => {
            let _ = writeln!(std::io::stderr(), "SKIPPED: {} is not there", path.display());
            None
        }
    }
}

fn numbers(values: &Value) -> Vec<Option<f64>> {
    values.as_array().unwrap().iter().map(Value::as_f64).collect()
}

/// Hour (or sample) at which the alert first fired, and was first resolved.
fn story(said: &[Transition], step: i64) -> [Option<i64>; 2] {
    [Phase::Firing, Phase::Resolved].map(|to| said.iter().find(|t| t.to == to).map(|t| seconds(t.at) / step))
}

#[test]
fn the_hysteresis_vectors_raise_and_clear_at_their_samples() {
    let Some(vectors) = vectors() else { return };
    for case in vectors["hysteresis"]["cases"].as_array().unwrap() {
        let condition = "samples = { n = 2, of = 2, at_least = 80, clear = 70 }";
        let mut desk = Desk::new(&rule("r", r#"quantity = "waste.fill""#, "", condition));
        for (n, value) in (0i64..).zip(numbers(&case["f"])) {
            desk.hear(&reading("bin", Quantity::WASTE_FILL, value.unwrap(), n));
        }
        let said: Vec<Value> = desk
            .said
            .iter()
            .map(|t| serde_json::json!([seconds(t.at), if t.to == Phase::Firing { "raise" } else { "clear" }]))
            .collect();
        assert_eq!(Value::from(said), case["events"]);
    }
}

#[test]
fn the_air_alert_vectors_fire_at_their_hours() {
    let Some(vectors) = vectors() else { return };
    for case in vectors["alerts_air"].as_array().unwrap() {
        let threshold = case["thr"].as_f64().unwrap();
        let condition = format!(
            "window = {{ aggregate = \"mean\", every = \"1h\", consecutive = {}, clear_consecutive = 3, above = {threshold}, clear = {} }}",
            case["consecutive"],
            threshold * 0.9
        );
        let mut desk = Desk::new(&rule("r", r#"quantity = "air.no2""#, "", &condition));
        let hours = numbers(&case["series"]);
        for (hour, value) in (0i64..).zip(&hours) {
            for quarter in 0..4 {
                // An hour that is not known is one whose sensor failed.
                let r = reading("bin", Quantity::AIR_NO2, value.unwrap_or(400.0), hour * HOUR + quarter * 900);
                desk.hear(&if value.is_some() { r } else { bad(r) });
            }
        }
        desk.advance(i64::try_from(hours.len()).unwrap() * HOUR);
        // A window is judged at its end, which is the beginning of the next.
        let fired = story(&desk.said, HOUR)[0].map(|hour| hour - 1);
        assert_eq!(fired, case["fires_at_index"].as_i64(), "{}", case["rule"]);
    }
}

#[test]
fn the_leak_vectors_fire_at_their_hours_with_the_least_flow() {
    let Some(vectors) = vectors() else { return };
    for case in vectors["water_leak"]["cases"].as_array().unwrap() {
        let condition = "counter = { per = \"1h\", consecutive = 24, at_least = 5, clear = 1 }";
        let mut desk = Desk::new(&rule("r", r#"quantity = "water.volume""#, "", condition));
        let (mut litres, mut hour) = (50_000.0, 0i64);
        let index =
            |litres: f64, hour: i64| -> Reading { reading("meter", Quantity::WATER_VOLUME, litres / 1000.0, hour * HOUR) };
        desk.hear(&index(litres, hour));
        for volume in numbers(&case["hourly"]) {
            hour += 1;
            // Of an hour that is not known the meter's step is not believed.
            litres += volume.unwrap_or(9_000.0);
            desk.hear(&index(litres, hour));
        }
        let fired = story(&desk.said, HOUR)[0].map(|hour| hour - 1);
        assert_eq!(fired, case["fires_at"].as_i64(), "{}", case["name"]);
        if let Some(least) = case["min_flow"].as_f64() {
            let value = desk.said.iter().find(|t| t.to == Phase::Firing).and_then(|t| t.value).unwrap();
            assert!((value * 1000.0 - least).abs() < 1e-6, "{value}");
        }
    }
}

#[test]
fn the_delta_vectors_are_consumption_or_none() {
    let Some(vectors) = vectors() else { return };
    for case in vectors["water_delta"]["cases"].as_array().unwrap() {
        if case["serial_changed"].as_bool() == Some(true) {
            // A reading does not say which meter it is of.
            continue;
        }
        let condition = "counter = { per = \"1h\", above = -1, clear = -1 }";
        let mut desk = Desk::new(&rule("r", r#"quantity = "water.volume""#, "", condition));
        let hours = case["dt_h"].as_i64().unwrap();
        desk.hear(&reading("meter", Quantity::WATER_VOLUME, case["prev"].as_f64().unwrap() / 1000.0, 0));
        desk.hear(&reading("meter", Quantity::WATER_VOLUME, case["cur"].as_f64().unwrap() / 1000.0, hours * HOUR));
        // Any consumption at all fires, none does not.
        let consumed = desk.said.first().and_then(|t| t.value).map(|m3| m3 * 1000.0);
        let expected = case["result"][1].as_f64().filter(|_| case["result"][0] == "ok" || case["result"][0] == "rollover");
        assert_eq!(consumed.map(f64::round), expected, "{case}");
    }
}
