//! The shapes are those of the domain notes (`vectors.json`, `generator`), and so is what a year of them comes to. Reads the file
//! named by `MARSAD_DOMAIN_VECTORS`, else the shared one; says loudly when neither is there.

use serde_json::Value;

use super::{DAY, HOUR, air, bin, calendar, hour_of, meter};
use crate::chance::Chance;

const YEAR_2025: i64 = 1_735_689_600_000;
const SEEDS: u64 = 30;
const BACKGROUND: air::Site = air::Site { traffic: 1.0, by_the_sea: false };

#[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "a test reads the vectors, or says that it cannot")]
fn generator() -> Option<Value> {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/domain/vectors.json");
    let path = std::env::var("MARSAD_DOMAIN_VECTORS").unwrap_or_else(|_| shared.to_owned());
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: {path} is not there; name another one by MARSAD_DOMAIN_VECTORS");
        return None;
    };
    let all: Value = serde_json::from_str(&text).expect("vectors are JSON");
    all.get("generator").cloned()
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("an array").iter().map(|v| v.as_f64().expect("a number")).collect()
}

#[test]
fn shapes_are_those_of_the_domain_notes() {
    let Some(generator) = generator() else { return };
    let hours = [
        ("waste_hour_raw", bin::HOUR_PROFILE),
        ("waste_hour_ramadan_raw", bin::HOUR_RAMADAN),
        ("water_hour_raw", meter::HOUR_PROFILE),
        ("water_hour_ramadan_raw", meter::HOUR_RAMADAN),
    ];
    for (name, ours) in hours {
        assert_eq!(numbers(&generator[name]), ours, "{name}");
    }
    for (name, ours) in [("no2", &air::NO2), ("o3", &air::O3), ("pm10", &air::PM10)] {
        let theirs = &generator["air"][name];
        let mean = theirs.get("annual_mean").or(theirs.get("base_mean_without_dust")).and_then(Value::as_f64);
        assert_eq!(
            (numbers(&theirs["month"]), numbers(&theirs["hour_raw"])),
            (ours.month.to_vec(), ours.hour.to_vec()),
            "{name}"
        );
        assert_eq!(mean, Some(ours.mean), "{name}");
    }
}

/// What thirty years of hours, each of a seed of its own, come to.
fn figures() -> Vec<(&'static str, f64)> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / f64::from(u32::try_from(values.len()).expect("few"));
    let (mut no2, mut winter, mut o3, mut summer, mut pm10, mut december) = (vec![], vec![], vec![], vec![], vec![], vec![]);
    let (mut high, mut above) = (vec![], vec![]);
    let mut by_hour = [[0.0; 24]; 2];
    for seed in 0..SEEDS {
        let (city, station) = (Chance::new(seed), Chance::new(seed + 1000));
        let mut days = Vec::new();
        for day in 0..365 {
            let mut of_day = Vec::new();
            for at in (0..24).map(|hour| YEAR_2025 + day * DAY + hour * HOUR) {
                let (month, now) = (calendar(at).0, air::air(city, station, BACKGROUND, 0.0, at));
                no2.push(now.no2);
                o3.push(now.o3);
                of_day.push(now.pm10);
                match month {
                    11 | 0 | 1 => winter.push(now.no2),
                    5..=7 => summer.push(now.o3),
                    _ => {}
                }
                if month == 11 {
                    december.push(now.pm10);
                }
                let hour = hour_of(at).0;
                by_hour[0][hour] += now.no2;
                by_hour[1][hour] += now.o3;
            }
            pm10.extend(&of_day);
            days.push(mean(&of_day));
        }
        days.sort_by(f64::total_cmp);
        // The 90.4th percentile by rank: the 330th of 365.
        high.push(days[329]);
        above.push(f64::from(u32::try_from(days.iter().filter(|d| **d > 50.0).count()).expect("days of a year")));
    }
    let peak = |hours: &[f64; 24]| (0_u32..24).zip(hours).max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(hour, _)| hour);
    vec![
        ("no2_mean", mean(&no2)),
        ("no2_DJF", mean(&winter)),
        ("o3_mean", mean(&o3)),
        ("o3_JJA", mean(&summer)),
        ("pm10_mean", mean(&pm10)),
        ("pm10_december", mean(&december)),
        ("pm10_p90.4_daily", mean(&high)),
        ("pm10_days_gt_50", mean(&above)),
        ("no2_peak_hour", f64::from(peak(&by_hour[0]))),
        ("o3_peak_hour", f64::from(peak(&by_hour[1]))),
    ]
}

#[test]
fn thirty_years_of_air_lie_in_the_ranges_of_the_domain_notes() {
    let Some(generator) = generator() else { return };
    let ranges = generator["air"]["sanity_ranges_one_year_30_seeds"].as_object().expect("ranges").clone();
    let figures = figures();
    let judged: Vec<&str> = ranges.keys().map(String::as_str).filter(|name| figures.iter().any(|(f, _)| f == name)).collect();
    assert_eq!(judged.len(), ranges.len(), "each range is judged: {ranges:?}");
    for (name, value) in figures {
        let range = numbers(&ranges[name]);
        assert!((range[0]..=range[1]).contains(&value), "{name} is {value:.2}, expected {range:?}");
    }
}
