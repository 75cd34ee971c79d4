//! What the city makes of its readings, by commands: from published messages to tables, files and refusals, from the running
//! program and from its stopped directory.

use std::path::Path;
use std::time::Duration;

use schemas::Timestamp;
use tests::{Device, Marsad};

use crate::program::{Said, ask, marsad};

const HOUR: u64 = 3_600;

/// One message in Marsad's own JSON.
fn publish(device: &mut Device, topic: &str, at: Timestamp, values: &str) {
    device.publish(&format!("marsad/{topic}/up"), format!(r#"{{"v":1,"time":"{at}","values":{{{values}}}}}"#).as_bytes());
}

/// A day and a half of a station, a bin, six bays and eleven meters, until now: one of the meters never rests.
fn seed(marsad: &Marsad, now: Timestamp) {
    let mut city = Device::connect(marsad.mqtt, "city");
    let ago = |seconds: u64| now.minus(Duration::from_secs(seconds));
    for hour in (0..36_u64).rev() {
        let at = ago(hour * HOUR);
        for quarter in 0..4 {
            let air = r#""air.pm10":62,"air.pm2_5":21,"air.no2":38.5,"air.o3":44"#;
            publish(&mut city, "anfa/air/st-1", at.hour().minus(Duration::from_secs(quarter * 900)), air);
        }
        publish(&mut city, "anfa/waste/bin-1", at, &format!(r#""waste.fill":{}"#, 95 - 2 * hour.min(47)));
        for meter in 0..11_u64 {
            // Four hours a day of rest, but for one.
            let rested = if meter == 4 { 0 } else { (36 - hour) / 24 * 4 + ((36 - hour) % 24).min(4) };
            let cubic_metres = 100.0 + 0.03 * f64::from(u32::try_from(36 - hour - rested).unwrap_or(0));
            publish(&mut city, &format!("anfa/water/m-{meter}"), at.hour(), &format!(r#""water.volume":{cubic_metres:.3}"#));
        }
    }
    for bay in 0..6 {
        for beat in (0..8_u64).rev() {
            let taken = u8::from(bay < 3);
            publish(
                &mut city,
                &format!("anfa/parking/bay-{bay}"),
                ago(beat * 900 + 60),
                &format!(r#""parking.occupied":{taken}"#),
            );
        }
    }
    city.acknowledged();
}

/// Keys, and a district of the eleven meters that a meter of its own would feed.
const SETTINGS: &str = "[privacy]\nkeys = \"vault.keys\"\n\
                        [[domains.district]]\nname = \"Anfa haut\"\ninflow = [\"dma-1\"]\nzones = [\"anfa\"]\n";

fn questions(folder: &Path) -> Vec<Said> {
    let questions: [&[&str]; 14] = [
        &["air", "index", "--station", "st-1", "--format", "csv"],
        &["air", "exceedances", "--station", "st-1", "--set", "who-2021", "--format", "csv"],
        &["air", "report", "--station", "st-1", "--excel"],
        &["waste", "worklist", "--contractor", "ARMA", "--json"],
        &["waste", "kpi", "--format", "csv"],
        &["parking", "occupancy", "--from", "2026-01-01", "--to", "2026-01-01", "--json"],
        &["water", "consumption", "--format", "csv"],
        &["water", "leaks", "--format", "csv"],
        &["air", "index", "--index", "iqa"],
        &["water", "balance", "--format", "csv"],
        &["water", "night", "--json"],
        &["water", "stuck"],
        &["parking", "overstays", "--json"],
        &["device", "health", "--kind", "water", "--json"],
    ];
    questions.iter().map(|question| ask(folder, question)).collect()
}

#[test]
fn the_city_answers_from_the_program_and_from_its_stopped_directory() {
    let folder = tempfile::tempdir().expect("a folder");
    marsad(&["vault", "init", folder.path().join("vault.keys").to_str().expect("a plain path")]).well();
    let mut program = Marsad::start(folder.path(), SETTINGS);
    let now = program.status().expect("a status").now;
    seed(&program, now);
    let settled = program.settled(Duration::from_secs(20));
    assert_eq!(settled.identity.quarantined, 0);

    let running = questions(folder.path());
    let [index, limits, report, list, kpi, parking, water, leaks, iqa, balance, night, stuck, overstays, health] =
        running.as_slice()
    else {
        panic!("{running:?}")
    };
    assert!(index.well().starts_with("station,zone,hour from,level,band,dominant,"), "{index:?}");
    assert!(index.out.contains(",moderate,") || index.out.contains("insufficient data"), "{index:?}");
    assert!(limits.well().contains("who-2021,") && limits.out.contains("insufficient data"), "{limits:?}");
    assert!(report.well().starts_with('\u{feff}') && report.out.contains(";pm10;62;"), "{report:?}");
    assert_eq!(list.json()["without_place"], serde_json::json!(["bin-1"]), "{list:?}");
    assert!(kpi.well().contains("ARMA,anfa,1,"), "{kpi:?}");
    assert_eq!(parking.json()["zones"][0]["spaces"], 6, "{parking:?}");
    assert!(water.well().contains(",anfa,"), "{water:?}");
    // Thirty litres an hour, told under a pseudonym.
    assert!(leaks.well().lines().count() == 2 && leaks.out.contains("moderate leak") && !leaks.out.contains("m-4"), "{leaks:?}");
    // Nothing is heard of the meter that would feed it, and a day and a half of the connections.
    assert!(balance.well().lines().nth(1).is_some_and(|row| row.starts_with("Anfa haut,")), "{balance:?}");
    let legitimate =
        night.json()["rests_on"].as_array().and_then(|rows| rows.iter().find(|r| r["key"] == "night.legitimate").cloned());
    assert_eq!(legitimate.map(|row| row["status"].clone()), Some("memory".into()), "{night:?}");
    assert!(stuck.well().contains("prove nothing") && !stuck.out.contains("m-4"), "{stuck:?}");
    assert!(overstays.json()["zones"][0]["overstays"].is_number() && !overstays.out.contains("bay-"), "{overstays:?}");
    assert_eq!(health.json()["devices"].as_array().map(Vec::len), Some(11), "{health:?}");
    assert!(iqa.well().contains("The grid of this index is memory"), "{iqa:?}");

    assert!(program.stop().success());
    let stopped = questions(folder.path());
    // What speaks of this very instant differs by it; tables of hours and days do not.
    for (before, after) in [0, 1, 2, 6, 7].map(|i| (&running[i], &stopped[i])) {
        assert_eq!(before.well(), after.well());
    }
    let table = ask(folder.path(), &["parking", "occupancy"]);
    assert!(table.well().contains("OCCUPANCY_NOW") && table.out.contains("Rests on, besides what is verified"), "{table:?}");
    let gpx = ask(folder.path(), &["waste", "worklist", "--contractor", "ARMA", "--format", "gpx"]);
    assert!(gpx.well().starts_with("<?xml"), "{gpx:?}");
}

#[test]
fn a_question_about_nothing_says_that_there_are_no_data_and_a_wrong_one_says_what_is_known() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut program = Marsad::start(folder.path(), "");
    for question in [
        &["air", "index"][..],
        &["waste", "kpi"],
        &["parking", "occupancy"],
        &["water", "consumption"],
        &["water", "balance"],
        &["water", "night"],
        &["parking", "overstays"],
        &["parking", "sensors"],
        &["device", "health"],
        &["waste", "worklist", "--contractor", "ARMA"],
    ] {
        let said = ask(folder.path(), question);
        assert!(said.well().contains("no data"), "{question:?}: {said:?}");
    }
    let empty = ask(folder.path(), &["waste", "kpi", "--format", "csv"]);
    assert!(empty.well().lines().count() == 1 && empty.err.contains("no data"), "{empty:?}");
    ask(folder.path(), &["air", "report", "--station", "nobody"]).refused(1, &["nobody", "there is none yet"]);
    ask(folder.path(), &["waste", "worklist", "--contractor", "A & B"]).refused(1, &["A & B", "ARMA"]);
    ask(folder.path(), &["air", "index", "--from", "yesterday"]).refused(1, &["2026-11-21"]);
    ask(folder.path(), &["water", "leaks"]).refused(1, &["pseudonym", "privacy.keys"]);
    ask(folder.path(), &["water", "consumption", "--every", "1h"]).refused(2, &["--meter"]);
    ask(folder.path(), &["air", "index", "--excel", "--json"]).refused(2, &["--excel"]);
    assert!(program.stop().success());
}

#[test]
fn settings_of_the_domains_are_checked_with_their_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("city.toml");
    std::fs::write(&config, "[domains]\nwater = \"gone.toml\"\n[city]\ntime_zone = \"Asia/Kolkata\"\n").expect("settings");
    marsad(&["check", "--config", config.to_str().expect("a plain path")])
        .refused(78, &["gone.toml", "Asia/Kolkata", "whole hours"]);
}

/// The same bars as `marsad bench truth` holds in a larger city.
#[test]
fn what_happened_in_a_city_of_which_the_truth_is_known_is_found_again() {
    let said = marsad(&["bench", "truth", "--bins", "16", "--meters", "400", "--bays", "500", "--days", "90", "--json"]);
    let told = said.json();
    assert_eq!(told["ok"], true, "{told}");
    let judged =
        told["figures"].as_array().expect("figures").iter().filter(|f| f["at_least"].is_number() || f["at_most"].is_number());
    assert_eq!(judged.count(), 5, "{told}");
}

/// The figures of `marsad bench alert`, small: that they hang together, not how fast this machine is.
#[test]
fn the_figures_of_judging_hang_together() {
    let said = marsad(&[
        "bench",
        "alert",
        "--series",
        "800",
        "--devices",
        "40",
        "--days",
        "4",
        "--rate",
        "200",
        "--seconds",
        "2",
        "--json",
    ]);
    let told = said.json();
    let (judge, backtest, webhook) = (&told["judge"], &told["backtest"], &told["webhook"]);
    let number = |value: &serde_json::Value| value.as_f64().unwrap_or_else(|| panic!("no number in {told}"));
    assert_eq!((&judge["series"], &judge["rules"], &judge["devices"]), (&800.into(), &20.into(), &200.into()), "{told}");
    assert!(number(&judge["transitions"]) >= 400.0, "one device in a hundred comes and goes: {told}");
    assert!(number(&judge["commits"]) >= 1.0 && (0.0..1.0).contains(&number(&judge["commit_share"])), "{told}");
    assert!(number(&judge["counted_bytes_per_series"]) > 100.0 && number(&judge["state_bytes_mean"]) > 100.0, "{told}");
    assert_eq!(backtest["readings"], 40 * 4 * 96, "{told}");
    assert!(number(&backtest["transitions"]) >= 40.0, "bins fill and are emptied: {told}");
    let (took, target) = (number(&backtest["judging_seconds"]), number(&backtest["target_seconds"]));
    assert!((number(&backtest["target_ratio"]) - took / target).abs() < 1e-6, "{told}");
    assert_eq!(webhook["arrived"], webhook["alerts"], "{told}");
    assert!(number(&webhook["alerts"]) >= 10.0, "{told}");
    let order = ["p50_ms", "p99_ms", "max_ms"].map(|name| number(&webhook[name]));
    assert!(order[0] > 0.0 && order[0] <= order[1] && order[1] <= order[2], "{told}");
}
