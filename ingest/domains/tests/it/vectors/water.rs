//! Sections `water_delta`, `water_leak`, `pseudonym`, `k_anonymity`.

use domains::water::{Cell, MeterIndex, Pseudonyms, WaterSettings, delta, judge_cell, leaks};
use schemas::Timestamp;
use serde_json::Value;

use super::{close, list, number, numbers, section, slots, text};

/// Half a day of milliseconds is whole enough for any `dt_h` of the file.
#[expect(clippy::cast_possible_truncation, reason = "hours of a test")]
fn after(start: Timestamp, hours: f64) -> Timestamp {
    Timestamp::clamped(start.millis() + (hours * 3_600_000.0).round() as i64)
}

#[test]
fn water_delta_vectors_pass() {
    let Some(vectors) = section("water_delta") else { return };
    let settings = WaterSettings::shipped().meter;
    let start: Timestamp = "2026-11-21T00:00:00Z".parse().unwrap();
    close(f64::from(settings.digits.get()), &vectors["params"]["digits"], 0.0, &vectors["params"]);
    close(settings.q4_l_per_h.get(), &vectors["params"]["Q4_L_per_h"], 0.0, &vectors["params"]);
    for case in list(&vectors["cases"]) {
        let litres = |key: &str| case[key].as_u64().unwrap();
        let serial = if case["serial_changed"].as_bool().unwrap_or(false) { "another" } else { "one" };
        let before = MeterIndex { at: start, litres: litres("prev"), serial: Some("one") };
        let now = MeterIndex { at: after(start, number(&case["dt_h"])), litres: litres("cur"), serial: Some(serial) };
        let found = delta(before, now, &settings);
        assert_eq!(found.code(), text(&case["result"][0]), "{case}");
        let expected = &case["result"][1];
        // What flowed back is stored with its sign, and consumed as 0.
        let consumed = found.consumption().and_then(|c| i64::try_from(c).ok());
        assert!([found.volume(), consumed].contains(&expected.as_i64()), "{found:?}: {case}");
    }
}

#[test]
fn water_leak_vectors_pass() {
    let Some(vectors) = section("water_leak") else { return };
    let settings = WaterSettings::shipped().leak;
    for case in list(&vectors["cases"]) {
        let found = leaks(&slots(&case["hourly"]), 1.0, &settings).first().copied();
        assert_eq!(found.and_then(|l| u64::try_from(l.index).ok()), case["fires_at"].as_u64(), "{case}");
        if let Some(expected) = case.get("min_flow").filter(|v| !v.is_null()) {
            close(found.unwrap().min_flow, expected, 1e-9, case);
        }
    }
}

#[test]
fn pseudonym_vectors_pass() {
    let Some(vectors) = section("pseudonym") else { return };
    let hex = text(&vectors["key_hex"]);
    let digits: Vec<u32> = hex.chars().map(|c| c.to_digit(16).unwrap()).collect();
    let key: Vec<u8> = digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect();
    let pseudonyms = Pseudonyms::new(&key).unwrap();
    for (meter, expected) in vectors["cases"].as_object().unwrap() {
        assert_eq!(pseudonyms.of(meter), text(expected));
    }
}

#[test]
fn k_anonymity_vectors_pass() {
    let Some(vectors) = section("k_anonymity") else { return };
    let settings = WaterSettings::shipped().privacy;
    for case in list(&vectors) {
        let values = numbers(&case["values"]);
        assert_eq!(u64::try_from(values.len()).ok(), case["n_meters"].as_u64(), "{case}");
        let (found, expected): (&str, &Value) = (judge_cell(&Cell { values }, &settings).code(), &case["result"]);
        let suppressed = text(expected).starts_with("suppressed");
        // The file has no word of its own for what may be published.
        assert!(if suppressed { found == text(expected) } else { found == "published" }, "{found}: {case}");
    }
}
