//! Scenarios against the platform: all that come with the program are passed, and each notices what it is for.

use std::fmt::Write as _;
use std::process::Output;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::Value;
use tests::Marsad;

use crate::program::{marsad, program};

const MUTANTS: &str = "docs/reference/mutants.md";

/// Scenarios take longer than other commands.
fn verify(arguments: &[&str]) -> Output {
    program().arg("verify").args(arguments).output().expect("the program runs")
}

fn names() -> Vec<String> {
    let list = marsad(&["verify", "--list"]);
    list.well().lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

/// A scenario that takes minutes and gigabytes.
const HEAVY: &str = "top-of-hour";

/// Two cores for a minute, s.
const A_MINUTE_OF_TWO_CORES: f64 = 120.0;

#[test]
fn every_shipped_scenario_is_passed_and_a_day_of_20_000_devices_within_a_minute_of_two_cores() {
    let folder = tempfile::tempdir().expect("a folder");
    let junit = folder.path().join("report.xml");
    let said = verify(&["--all", "--json", "--junit", junit.to_str().expect("a plain path")]);
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
    let report = std::fs::read_to_string(junit).expect("a report");
    let outcomes: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    for name in names().into_iter().filter(|name| name != HEAVY) {
        let outcome = outcomes.iter().find(|outcome| outcome["scenario"] == *name).unwrap_or_else(|| panic!("{name}: {text}"));
        assert_eq!(outcome["ok"], true, "{outcome}");
        assert!(report.contains(&format!("<testsuite name=\"{name}\"")), "{name}: {report}");
    }
    assert!(!outcomes.iter().any(|outcome| outcome["scenario"] == HEAVY), "whoever wants it names it: {text}");
    assert!(names().len() >= 15 && report.contains("failures=\"0\""), "{report}");
    let day = outcomes.iter().find(|outcome| outcome["scenario"] == "city-day").expect("it is shipped");
    // The clock on the wall is the machine's affair: who else works on it is not known here.
    let seconds = |name: &str| day[name].as_f64().expect("a number");
    let (wall, cpu) = (seconds("seconds"), seconds("cpu_seconds"));
    eprintln!("a day: {} messages, {} readings, {wall:.1} s, {cpu:.1} s of a core", day["messages"], day["readings"]);
    assert!(day["messages"].as_u64().is_some_and(|count| count > 500_000), "{day}");
    assert!(cpu < A_MINUTE_OF_TWO_CORES, "a day took {cpu:.1} s of a core");
}

#[test]
fn another_city_passes_too() {
    let said = verify(&["bin-fire", "duplicates", "--seed", "7", "--devices", "30"]);
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
}

/// Of a million only the nightly run has the time; what grows with them can be seen with fewer.
#[test]
fn twenty_thousand_meters_that_speak_in_the_same_second_hold_nothing_up() {
    let said = verify(&[HEAVY, "--devices", "20000", "--json"]);
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
    let outcome: Value = serde_json::from_slice(&said.stdout).expect("an object");
    assert_eq!((outcome["messages"].as_u64(), outcome["readings"].as_u64()), (Some(40_000), Some(200_000)), "{outcome}");
    let bytes = outcome["memory_bytes"].as_u64().expect("a number");
    eprintln!("20,000 meters: {} MiB, {} s of a core", bytes >> 20, outcome["cpu_seconds"]);
    assert!(bytes < 600 << 20, "{} MiB, and fifty times as many are to fit", bytes >> 20);
}

#[test]
fn two_runs_of_a_scenario_tell_the_same_alerts() {
    let alerts = || {
        let said = verify(&["broker-outage", "--json"]);
        let outcome: Value = serde_json::from_slice(&said.stdout).expect("an object");
        outcome["alerts"].as_u64().expect("a number")
    };
    let first = alerts();
    assert!(first > 100, "whoever is not heard for hours is silent: {first}");
    assert_eq!(first, alerts());
}

/// A run mostly waits for the loops of its platform: several fit beside one another.
const AT_ONCE: usize = 4;

/// Name, scenario and what is switched off.
fn row(line: &str) -> [String; 3] {
    let cells: Vec<String> = line.split('\t').map(str::to_owned).collect();
    cells.try_into().unwrap_or_else(|_| panic!("{line}"))
}

#[test]
fn each_mutant_is_noticed_by_the_scenario_that_the_table_names() {
    let list = marsad(&["verify", "--mutants"]);
    let mut page = String::from(
        "# Mutants\n\nWhat would be noticed if it were gone: a platform with one thing switched off fails the scenario beside it.\nGenerated; [`each_mutant_is_noticed_by_the_scenario_that_the_table_names`](../../ingest/app/tests/cli/verifying.rs) runs each.\n\n| mutant | what is switched off | noticed by |\n|---|---|---|\n",
    );
    let mutants: Vec<[String; 3]> = list.well().lines().map(row).collect();
    for [name, scenario, about] in &mutants {
        writeln!(page, "| `{name}` | {about} | [{scenario}](../../simulators/scenarios/{scenario}.toml) |").expect("text");
    }
    let began = Instant::now();
    let (next, survivors) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some([name, scenario, _]) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let said = verify(&[scenario, "--mutant", name]);
                    if said.status.code() != Some(1) {
                        let text = format!("{name}: {}", String::from_utf8_lossy(&said.stdout));
                        survivors.lock().expect("nobody panics with it").push(text);
                    }
                }
            });
        }
    });
    eprintln!("{} mutants: {:.1} s", mutants.len(), began.elapsed().as_secs_f64());
    let survivors = survivors.into_inner().expect("nobody panics with it");
    assert!(survivors.is_empty(), "not noticed: {survivors:#?}");
    tests::generated(MUTANTS, &page);
}

#[test]
fn a_running_platform_is_verified_by_its_api() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("devices.toml");
    let path = list.to_str().expect("a plain path");
    marsad(&["simulate", "bin-fire", "--catalogue", path]).well();
    let platform = Marsad::start(folder.path(), &format!("[devices]\nfiles = [\"{path}\"]\n"));
    let (broker, api) = (format!("mqtt://{}", platform.mqtt), format!("http://{}", platform.http));
    let said = verify(&["bin-fire", "--broker", &broker, "--api", &api, "--verbose"]);
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
    assert!(text.contains("alert.waste.fire.bin-001"), "{text}");
    let said = verify(&["store-outage", "--broker", &broker, "--api", &api]);
    assert_eq!(said.status.code(), Some(78), "what is done to a platform needs one of our own");
}

#[test]
fn a_failure_says_what_is_missing_and_ends_with_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("impossible.toml");
    let text = "about = \"A fire that nobody lit\"\n[world]\ndevices = 4\nonly = \"waste\"\nstart = \"2026-11-21T06:00:00Z\"\nlasts = \"1h\"\n\
        [[expect.alert]]\nrule = \"waste.fire\"\ndevice = \"bin-001\"\nat = \"10m\"\nwithin = \"5m\"\n";
    std::fs::write(&file, text).expect("a file");
    let path = file.to_str().expect("a plain path");
    let said = verify(&[path]);
    let text = String::from_utf8_lossy(&said.stdout);
    assert_eq!(said.status.code(), Some(1), "{text}");
    assert!(text.contains("FAILED") && text.contains("it fired never") && text.contains("waste.fire"), "{text}");
    let said = verify(&[path, "--json"]);
    let outcome: Value = serde_json::from_slice(&said.stdout).expect("an object");
    assert_eq!(outcome["ok"], false);
}
