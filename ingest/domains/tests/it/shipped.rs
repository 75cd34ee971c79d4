//! The files that are shipped: complete, with a status and a source for every number, and honest about what is not known.

use domains::Status;
use domains::air::{AirSettings, LimitSet, Pollutant, Stage};
use domains::health::HealthSettings;
use domains::parking::ParkingSettings;
use domains::waste::WasteSettings;
use domains::water::WaterSettings;

#[test]
fn every_parameter_has_a_status_and_a_source() {
    let files =
        [AirSettings::rows(), WasteSettings::rows(), ParkingSettings::rows(), WaterSettings::rows(), HealthSettings::rows()];
    for rows in files {
        assert!(rows.len() >= 9, "{rows:?}");
        assert!(rows.iter().all(|row| !row.source.is_empty() && row.status != Status::Unverified), "{rows:?}");
    }
    let _ = (ParkingSettings::shipped(), HealthSettings::shipped());
}

#[test]
fn no_number_of_the_files_is_left_out_of_the_list_that_answers_show() {
    let files = [
        (include_str!("../../../../config/domains/air.toml"), AirSettings::rows()),
        (include_str!("../../../../config/domains/waste.toml"), WasteSettings::rows()),
        (include_str!("../../../../config/domains/parking.toml"), ParkingSettings::rows()),
        (include_str!("../../../../config/domains/water.toml"), WaterSettings::rows()),
        (include_str!("../../../../config/domains/health.toml"), HealthSettings::rows()),
    ];
    for (text, rows) in files {
        let table: toml::Table = toml::from_str(text).unwrap();
        let mut missing = Vec::new();
        unlisted(&table, "", &rows, &mut missing);
        assert!(missing.is_empty(), "{missing:?}");
    }
}

/// The places of what is in a table and not in the list: a row stands for all below it.
fn unlisted(table: &toml::Table, place: &str, rows: &[domains::parameters::Row], missing: &mut Vec<String>) {
    for (name, value) in table.iter().filter(|(name, _)| !matches!(name.as_str(), "status" | "source")) {
        let key = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        let first = format!("{key}.1.");
        if rows.iter().any(|row| row.key == key || row.key.starts_with(&first)) {
            continue;
        }
        match value.as_table() {
            Some(inner) => unlisted(inner, &key, rows, missing),
            None => missing.push(key),
        }
    }
}

#[test]
fn the_annex_of_2024_is_empty_and_no_claim_rests_on_it() {
    let sets = LimitSet::shipped();
    let ids: Vec<&str> = sets.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(ids, ["ma-2009", "ma-2024", "who-2021", "eu-2030", "eu-2008"]);
    let annex = &sets[1];
    assert_eq!(annex.status, Status::Unverified);
    assert!(annex.limit.is_empty() && !annex.is_law());
    assert!(annex.holds_on("2026-11-21".parse().unwrap()));
    // History, guidelines and foreign law are no law of today either.
    let today = "2026-11-21".parse().unwrap();
    assert!(sets.iter().all(|set| !(set.is_law() && set.holds_on(today))));
}

#[test]
fn every_limit_has_a_source_and_alarms_come_in_pairs() {
    for set in LimitSet::shipped() {
        assert!(!set.title.fr.is_empty() && !set.title.ar.is_empty() && !set.title.en.is_empty() && !set.reference.is_empty());
        assert!(set.limit.iter().all(|limit| !limit.source.is_empty()), "{}", set.id);
        for pollutant in Pollutant::ALL {
            let of = |stage| set.alarm.iter().filter(|a| a.pollutant == pollutant && a.stage == stage).count();
            assert_eq!(of(Stage::Information), of(Stage::Alert), "{} {}", set.id, pollutant.code());
        }
    }
}

#[test]
fn a_mistake_in_a_file_is_told_with_its_line() {
    let text = "id = \"x\"\ntitle = { fr = \"x\", ar = \"x\", en = \"x\" }\nreference = \"x\"\nstatus = \"verified\"\n\n\
                [[limit]]\npollutant = \"no2\"\npurpose = \"health\"\nstatistic = \"hour\"\nvalue = -200.0\n\
                status = \"verified\"\nsource = \"x\"\n";
    let error = LimitSet::parse("x.toml", text).unwrap_err();
    assert_eq!((error.file.as_str(), error.line), ("x.toml", 10), "{error}");
    let both = text.replace("value = -200.0", "value = 200.0\npermitted = 3\npercentile = 98.0");
    assert!(LimitSet::parse("x.toml", &both).unwrap_err().message.contains("percentile"));
    assert!(LimitSet::parse("x.toml", &text.replace("no2", "no9")).is_err());
    assert!(LimitSet::parse("x.toml", &"#".repeat(2 << 20)).is_err());
}
