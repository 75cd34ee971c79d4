//! What somebody has happen in a demonstration that runs.

use std::time::Duration;

use tests::{Marsad, until};

use crate::program::ask;

#[test]
fn a_fire_that_is_asked_for_is_told() {
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
}
