//! What personal data are kept for ends, and so do they: purged after the term of their purpose, and counted.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tests::{Marsad, until};

use crate::privacy::{PATIENCE, Town};
use crate::program::{ask, hour, marsad};

/// NDJSON of two meters and a bin: an hour each of long ago and of now, five readings an hour.
fn two_terms(file: &Path) {
    let hours = [hour().start.minus(Duration::from_secs(30 * 86_400)), hour().start];
    let devices = [
        ("m".repeat(20), "water", "water.volume"),
        ("n".repeat(20), "water", "water.volume"),
        ("bin-1".into(), "waste", "waste.fill"),
    ];
    let mut rows = String::new();
    for (device, kind, quantity) in devices {
        for at in hours.iter().flat_map(|hour| (0..5).map(|minute| hour.plus(Duration::from_secs(60 * minute)))) {
            let row = serde_json::json!({ "device": device, "quantity": quantity, "value": 7.5, "observed_at": at,
                "received_at": at, "quality": [], "kind": kind, "zone": "anfa", "channel": 0 });
            rows += &format!("{row}\n");
        }
    }
    fs::write(file, rows).expect("a file");
}

#[test]
fn req_p_3_readings_of_meters_are_gone_after_the_term_of_their_purpose_and_log_and_audit_say_how_many() {
    let town = Town::of(0);
    let shipped = fs::read_to_string(tests::root().join("config/purposes.toml")).expect("the shipped purposes");
    fs::write(town.path().join("purposes.toml"), shipped.replace("keep = 396", "keep = 20")).expect("written");
    let file = town.path().join("terms.ndjson");
    two_terms(&file);
    let data = town.path().join("data");
    marsad(&["import", file.to_str().expect("a plain path"), "--data", data.to_str().expect("a plain path")]).well();

    let mut running = Marsad::start(town.path(), &format!("{}purposes = \"purposes.toml\"\n", town.settings));
    let purges = || town.lines(&["audit", "list"]).into_iter().filter(|row| row["event"] == "purge").collect::<Vec<_>>();
    let noted = until("the purge", PATIENCE, || Some(purges()).filter(|rows| !rows.is_empty()));
    assert_eq!(noted.len(), 1, "{noted:?}");
    assert_eq!((&noted[0]["who"], &noted[0]["outcome"]), (&"retention".into(), &"10 rows".into()), "{noted:?}");
    assert!(noted[0]["what"].as_str().is_some_and(|what| what.starts_with("readings of water before ")), "{noted:?}");
    let left = |kind: &str| {
        ask(town.path(), &["export", "--kind", kind, "--from", "1970-01-01T00:00:00Z", "--format", "ndjson"])
            .well()
            .lines()
            .count()
    };
    assert_eq!(left("water"), 10, "what its purposes still need");
    assert_eq!(left("waste"), 10, "behind a bin stands nobody");
    assert!(running.stop().success());
    let log = fs::read_to_string(town.path().join("marsad.log")).expect("the log");
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("past their retention are gone")).collect();
    assert!(lines.len() == 1 && lines[0].contains("readings=10"), "{lines:?}");

    let mut running = running.again(town.path());
    assert_eq!(purges().len(), 1, "there is nothing to purge a second time");
    assert!(running.stop().success());
}
