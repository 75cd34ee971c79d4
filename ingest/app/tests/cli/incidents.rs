//! What somebody has happen in a demonstration that runs, and what it tells on the terminal.

use std::time::Duration;

use tests::{Marsad, until};

use crate::program::ask;

#[test]
fn a_fire_that_is_asked_for_is_told_and_the_past_of_the_city_in_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("marsad.toml"), "").expect("settings");
    ask(folder.path(), &["demo", "incident", "fire"]).refused(69, &["no demonstration runs", "marsad demo"]);
    let demo = Marsad::start_as("demo", folder.path(), "");
    ask(folder.path(), &["demo", "incident", "fire"]).well();
    let burning = until("the fire to be told", Duration::from_secs(30), || {
        let alerts = demo.json("/api/v1/alerts?rule=demo.waste.fire&phase=firing");
        alerts["alerts"].as_array().and_then(|all| all.first().cloned())
    });
    assert_eq!(burning["device"], "bin-007");

    let log = || std::fs::read_to_string(folder.path().join("marsad.log")).expect("the log");
    let told = until("the fire on the terminal", Duration::from_secs(30), || {
        Some(log()).filter(|log| log.lines().any(|line| line.contains("alert: ") && line.contains("bin-007")))
    });
    assert!(told.contains("changes of alerts in the city's past are on the pages"), "{told}");
    // Two weeks of alerts are on the pages; on the terminal there are those that somebody saw happen.
    let past = demo.json("/api/v1/alerts?view=history&limit=500");
    let count = past["alerts"].as_array().map_or(0, Vec::len);
    let lines = told.lines().filter(|line| line.contains("alert: ")).count();
    assert!(count > 50 && lines < 30, "{count} alerts, {lines} lines:\n{told}");
}
