//! Sections `waste_fill`, `waste_forecast`, `waste_emptying`, `hysteresis`, `eid_waste_2024`.

use domains::waste::{
    BinGeometry, Change, EmptyingKind, Sample, WasteSettings, demand_multiplier, emptyings, fill, forecast, level_events,
    temperature_corrected, trend,
};

use super::{close, list, number, numbers, section, text};

#[test]
fn waste_fill_vectors_pass() {
    let Some(vectors) = section("waste_fill") else { return };
    let settings = WasteSettings::shipped().fill;
    for case in list(&vectors["cases"]) {
        let bin = BinGeometry::new(number(&case["E_mm"]), number(&case["F_mm"])).unwrap();
        close(fill(number(&case["d_mm"]), bin, &settings).unwrap().percent, &case["fill_pct"], 6e-3, case);
    }
    for case in list(&vectors["invalid"]) {
        // Some cases hold for any bin.
        let empty = case["E_mm"].as_f64().unwrap_or(1200.0);
        let bin = BinGeometry::new(empty, empty / 4.0).unwrap();
        let reason = text(&case["reason"]).split(' ').next();
        assert_eq!(fill(number(&case["d_mm"]), bin, &settings).err().map(|fault| fault.code()), reason, "{case}");
    }
    let case = &vectors["temp_comp"]["case"];
    close(temperature_corrected(number(&case["d_mm"]), number(&case["T"]), &settings), &case["d_corr"], 6e-3, case);
}

#[test]
fn waste_forecast_vectors_pass() {
    let Some(vectors) = section("waste_forecast") else { return };
    let settings = WasteSettings::shipped().forecast;
    let samples: Vec<Sample> =
        numbers(&vectors["t_h"]).into_iter().zip(numbers(&vectors["fill"])).map(|(hours, fill)| Sample { hours, fill }).collect();
    let found = trend(&samples, &settings).value().unwrap();
    close(found.slope, &vectors["slope_pct_per_h"], 6e-3, &vectors);
    close(found.current, &vectors["current"], 1e-9, &vectors);
    for (key, expected) in vectors.as_object().unwrap() {
        let threshold = key.strip_prefix("ttf_").and_then(|rest| rest.strip_suffix("_h"));
        if let Some(threshold) = threshold.and_then(|t| t.parse().ok()) {
            let found = forecast(&samples, threshold, None, &settings).value().unwrap();
            super::close_or_none(found.p50_h, expected, 6e-2, &vectors);
            assert!(found.p90_h <= found.p50_h, "the cautious time is not later");
        }
    }
}

#[test]
fn waste_emptying_vectors_pass() {
    let Some(vectors) = section("waste_emptying") else { return };
    let settings = WasteSettings::shipped().emptying;
    for case in list(&vectors["cases"]) {
        let found = emptyings(&numbers(&case["f"]), |_| false, &settings);
        let found: Vec<f64> = found.iter().filter(|e| e.kind == EmptyingKind::Full).map(|e| e.index as f64).collect();
        assert_eq!(found, numbers(&case["emptied_at"]), "{case}");
    }
}

/// Raised at 80, cleared below 70: the warning level of the shipped settings.
#[test]
fn hysteresis_vectors_pass() {
    let Some(vectors) = section("hysteresis") else { return };
    let settings = WasteSettings::shipped().levels;
    let (raise, clear) = (settings.warning.get(), settings.warning.get() - settings.clearance.get());
    for case in list(&vectors["cases"]) {
        let found = level_events(&numbers(&case["f"]), raise, clear, settings.consecutive.get(), |_| false);
        let found: Vec<(u64, &str)> = found
            .iter()
            .map(|e| (u64::try_from(e.index).unwrap(), if e.change == Change::Raise { "raise" } else { "clear" }))
            .collect();
        let expected: Vec<(u64, &str)> = list(&case["events"]).iter().map(|e| (e[0].as_u64().unwrap(), text(&e[1]))).collect();
        assert_eq!(found, expected, "{case}");
    }
}

#[test]
fn eid_waste_2024_vectors_pass() {
    let Some(vectors) = section("eid_waste_2024") else { return };
    let baseline = number(&vectors["baseline_t_per_day"]);
    for (day, tonnes) in vectors["observed"].as_object().unwrap() {
        let name = day.split(' ').next().unwrap();
        let found = demand_multiplier(number(tonnes), baseline).unwrap();
        close(found, &vectors["multipliers"][name], 6e-4, &vectors);
    }
}
