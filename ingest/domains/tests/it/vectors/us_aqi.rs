//! Sections `us_aqi` and `nowcast`.

use domains::air::{Concentration, Measure, Particles, nowcast, us_aqi, us_sub_index};
use serde_json::Value;

use super::{close_or_none, list, number, section, slots, text};

/// Concentrations stand in the file as texts, so that their decimals are kept.
fn concentration(measure: &str, value: &Value) -> Concentration {
    let value = value.as_str().map_or_else(|| number(value), |text| text.parse().unwrap());
    Concentration::truncated(Measure::from_code(measure).unwrap(), value).unwrap()
}

/// `o3_8h_ppm` names a measure and its unit.
fn measure_of(key: &str) -> &str {
    Measure::ALL.iter().map(|m| m.code()).find(|code| key.starts_with(code)).unwrap()
}

#[test]
fn us_aqi_vectors_pass() {
    let Some(vectors) = section("us_aqi") else { return };
    for case in list(&vectors["cases"]) {
        let taken = concentration(text(&case["pollutant"]), &case["conc"]);
        assert!((taken.value() - number(&case["truncated"])).abs() < 1e-9, "{case}");
        let found = us_sub_index(taken);
        assert_eq!(found.map(|i| i.raw), case["aqi"].as_i64(), "{case}");
        assert_eq!(found.map(|i| i.category().code()), case["category"].as_str(), "{case}");
    }
    let multi = &vectors["multi"];
    let input = multi["input"].as_object().unwrap();
    let taken: Vec<_> = input.iter().map(|(key, value)| concentration(measure_of(key), value)).collect();
    let found = us_aqi(&taken).unwrap();
    for (code, expected) in multi["sub"].as_object().unwrap() {
        let part = found.parts.iter().find(|part| part.measure.code() == code).unwrap();
        assert_eq!(Some(part.raw), expected.as_i64(), "{code}");
    }
    assert_eq!(Some(found.worst.raw), multi["aqi"].as_i64());
    assert_eq!(found.worst.measure.code(), text(&multi["responsible"]));
}

#[test]
fn nowcast_vectors_pass() {
    let Some(vectors) = section("nowcast") else { return };
    for case in list(&vectors) {
        let particles = if text(&case["pollutant"]) == "pm10" { Particles::Pm10 } else { Particles::Pm25 };
        let found = nowcast(particles, &slots(&case["newest_first"]));
        close_or_none(found.map(|n| n.raw), &case["raw"], 1e-9, case);
        close_or_none(found.map(|n| n.concentration.value()), &case["truncated"], 1e-9, case);
        let index = found.and_then(|n| us_sub_index(n.concentration)).map(|i| i.raw);
        assert_eq!(index, case["aqi"].as_i64(), "{case}");
    }
}
