//! Sections `ppb_to_ugm3`, `eaqi_2024`, `iqa_maroc`, `percentile_rank`, `mda8`, `capture`, `alerts_air`,
//! `lowcost_pm25`.

use std::collections::BTreeMap;

use domains::air::{
    AirSettings, EAQI_BOUNDS, EaqiBand, Gas, HourlySeries, IqaGrid, Pm10Grid, Pollutant, Siting, StationDay, eaqi, eaqi_band,
    first_run, mda8, percentile_by_rank, ppb_from_ug_m3, running_8h, ug_m3_from_ppb,
};
use domains::time::CityTime;
use domains::{Capture, Finding};
use schemas::{HOUR, Timestamp};
use serde_json::Value;

use super::{close, close_or_none, list, number, section, slots, text};

#[test]
fn ppb_to_ugm3_vectors_pass() {
    let Some(vectors) = section("ppb_to_ugm3") else { return };
    for (code, mass) in vectors["M"].as_object().unwrap() {
        let gas = Gas::from_code(code).unwrap();
        close(gas.molar_mass(), mass, 1e-9, mass);
        let factor = |celsius| ug_m3_from_ppb(gas, 1.0, celsius, 1013.25).unwrap();
        close(factor(20.0), &vectors["factor_20C_1013.25"][code], 5e-5, mass);
        close(factor(25.0), &vectors["factor_25C_1013.25"][code], 5e-5, mass);
    }
    for case in list(&vectors["cases"]) {
        let gas = Gas::from_code(text(&case["gas"])).unwrap();
        let (ppb, celsius, hpa) = (number(&case["ppb"]), number(&case["t"]), number(&case["P"]));
        let found = ug_m3_from_ppb(gas, ppb, celsius, hpa).unwrap();
        close(found, &case["ugm3"], 6e-4, case);
        close(ppb_from_ug_m3(gas, found, celsius, hpa).unwrap(), &case["ppb"], 1e-9, case);
    }
}

fn pollutant(code: &str) -> Pollutant {
    Pollutant::from_code(code).unwrap_or_else(|| panic!("{code} is no pollutant"))
}

#[test]
fn eaqi_2024_vectors_pass() {
    let Some(vectors) = section("eaqi_2024") else { return };
    for (code, bounds) in vectors["bounds"].as_object().unwrap() {
        let (_, ours) = EAQI_BOUNDS.iter().find(|(p, _)| *p == pollutant(code)).unwrap();
        let theirs: Vec<_> = list(bounds).iter().map(|b| b.as_i64().unwrap()).collect();
        assert_eq!(ours.as_slice(), theirs, "{code}");
    }
    for (level, code) in (1..).zip(list(&vectors["bands"])) {
        assert_eq!(EaqiBand::of(level).code(), text(code));
    }
    for case in list(&vectors["cases"]) {
        let level = eaqi_band(pollutant(text(&case["p"])), number(&case["c"])).unwrap();
        assert_eq!(Some(u64::from(level)), case["band"].as_u64(), "{case}");
        assert_eq!(EaqiBand::of(level).code(), text(&case["label"]), "{case}");
    }
    let overall = &vectors["overall"];
    let hour: BTreeMap<_, _> =
        overall["input"].as_object().unwrap().iter().map(|(code, value)| (pollutant(code), number(value))).collect();
    let Finding::Value(index) = eaqi(&hour, Siting::Background) else { panic!("no index: {overall}") };
    assert_eq!(Some(u64::from(index.level)), overall["band"].as_u64());
    assert_eq!(EaqiBand::of(index.level).code(), text(&overall["label"]));
    assert_eq!(index.dominant.code(), text(&overall["dominant"]));
}

/// `pm10_v2004` names a pollutant and its grid.
fn scale_of(code: &str) -> (Pollutant, Pm10Grid) {
    match code.split_once("_v") {
        Some((p, "2004")) => (pollutant(p), Pm10Grid::V2004),
        Some((p, _)) => (pollutant(p), Pm10Grid::V2012),
        None => (pollutant(code), Pm10Grid::V2012),
    }
}

#[test]
fn iqa_maroc_vectors_pass() {
    let Some(vectors) = section("iqa_maroc") else { return };
    let grid = AirSettings::shipped().iqa;
    for (code, bounds) in vectors["grid_upper_bounds"].as_object().unwrap() {
        let (p, version) = scale_of(code);
        let theirs: Vec<_> = list(bounds).iter().map(|b| b.as_i64().unwrap()).collect();
        assert_eq!(grid.clone().with_pm10(version).scale(p).unwrap().bounds.as_slice(), theirs, "{code}");
    }
    for case in list(&vectors["cases"]) {
        let (p, version) = scale_of(text(&case["p"]));
        let found = grid.clone().with_pm10(version).sub_index(p, number(&case["c"])).unwrap();
        assert_eq!(Some(u64::from(found)), case["sub"].as_u64(), "{case}");
    }
    let day = &vectors["day"];
    let station = |values: &Value| -> StationDay {
        values.as_object().unwrap().iter().map(|(code, hours)| (pollutant(code), slots(hours))).collect()
    };
    let stations: Vec<StationDay> = day["stations"].as_object().unwrap().values().map(station).collect();
    for (code, expected) in day["city_values"].as_object().unwrap() {
        let found = IqaGrid::city_value(pollutant(code), &stations, Capture::USUAL).value();
        close_or_none(found, expected, 1e-9, day);
    }
    let Finding::Value(index) = grid.day(&stations, Capture::USUAL) else { panic!("no index: {day}") };
    for (code, expected) in day["subs"].as_object().unwrap() {
        let found = index.parts.iter().find(|(p, _)| *p == pollutant(code)).map(|(_, level)| u64::from(*level));
        assert_eq!(found, expected.as_u64(), "{code}");
    }
    assert_eq!(Some(u64::from(index.level)), day["iqa"].as_u64());
    assert_eq!(IqaGrid::label(index.level).0, text(&day["label"]));
    assert_eq!(index.dominant.code(), text(&day["dominant"]));
}

/// The file gives how many values are above the limit and what the percentile is, not the values: one value below and
/// one above stand for them all, of which the percentile must pick the right one.
#[test]
fn percentile_rank_vectors_pass() {
    let Some(vectors) = section("percentile_rank") else { return };
    for case in list(&vectors["cases"]) {
        let count = |key: &str| usize::try_from(case[key].as_u64().unwrap()).unwrap();
        let (n, above, limit) = (count("n"), count("values_above_limit"), number(&case["limit"]));
        let compliant = case["compliant"].as_bool().unwrap();
        let (low, high) =
            if compliant { (number(&case["percentile"]), limit + 10.0) } else { (limit - 10.0, number(&case["percentile"])) };
        // The large ones first: the order must not matter.
        let values: Vec<f64> = (0..n).map(|i| if i < above { high } else { low }).collect();
        let found = percentile_by_rank(&values, number(&case["q"])).value().unwrap();
        assert_eq!(found.rank, count("rank_k"), "{case}");
        close(found.value, &case["percentile"], 1e-9, case);
        assert_eq!(found.keeps(limit), compliant, "{case}");
    }
}

#[test]
fn mda8_vectors_pass() {
    let Some(vectors) = section("mda8") else { return };
    let city = CityTime::of("Africa/Casablanca").unwrap();
    // Any two days of 24 hours.
    let day = city.day("2026-11-21".parse().unwrap());
    let series = |missing: &[usize]| {
        let mut values = slots(&vectors["prev_day"]);
        values.extend(slots(&vectors["day"]).into_iter().zip(1..).map(|(v, hour)| v.filter(|_| !missing.contains(&hour))));
        HourlySeries::new(Timestamp::clamped(day.start.millis() - 24 * HOUR), values).unwrap()
    };
    let running = |series: &HourlySeries| -> Vec<Option<f64>> {
        (0..24).map(|hour| running_8h(series, Timestamp::clamped(day.start.millis() + hour * HOUR))).collect()
    };
    let whole = series(&[]);
    for (found, expected) in running(&whole).into_iter().zip(list(&vectors["rolling"])) {
        close_or_none(found, expected, 1e-9, &vectors["rolling"]);
    }
    let best = mda8(&whole, day, Capture::USUAL).value();
    close_or_none(best.map(|b| b.value), &vectors["mda8"], 1e-9, &vectors["rule"]);
    assert_eq!(best.and_then(|b| u64::try_from(b.end_hour).ok()), vectors["mda8_end_hour"].as_u64());
    for (name, case) in vectors.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("_case")) {
        let missing: Vec<usize> =
            list(&case["missing_hours_ending"]).iter().map(|h| usize::try_from(h.as_u64().unwrap()).unwrap()).collect();
        let with_gaps = series(&missing);
        let valid = running(&with_gaps).iter().flatten().count();
        assert_eq!(u64::try_from(valid).ok(), case["n_valid_8h"].as_u64(), "{name}");
        close_or_none(mda8(&with_gaps, day, Capture::USUAL).value().map(|b| b.value), &case["mda8"], 1e-9, case);
    }
}

#[test]
fn capture_vectors_pass() {
    let Some(vectors) = section("capture") else { return };
    for case in list(&vectors) {
        let count = |key: &str| usize::try_from(case[key].as_u64().unwrap()).unwrap();
        let found = Capture::USUAL.is_met(count("valid"), count("expected"));
        assert_eq!(Some(found), case["ok"].as_bool(), "{case}");
    }
}

#[test]
fn alerts_air_vectors_pass() {
    let Some(vectors) = section("alerts_air") else { return };
    for case in list(&vectors) {
        let consecutive = u32::try_from(case["consecutive"].as_u64().unwrap()).unwrap();
        let found = first_run(&slots(&case["series"]), number(&case["thr"]), consecutive);
        assert_eq!(found.and_then(|i| u64::try_from(i).ok()), case["fires_at_index"].as_u64(), "{case}");
    }
}

#[test]
fn lowcost_pm25_vectors_pass() {
    let Some(vectors) = section("lowcost_pm25") else { return };
    let correction = AirSettings::shipped().low_cost;
    for case in list(&vectors["cases"]) {
        let found = correction.apply(number(&case["cf1"]), number(&case["rh"]), None);
        close(found.corrected, &case["out"], 6e-4, case);
        assert!((found.raw - number(&case["cf1"])).abs() < 1e-12, "the raw value is kept: {case}");
    }
}
