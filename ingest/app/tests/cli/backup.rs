//! A backup made while messages stream in: all that was acknowledged before is in it, what is damaged is named, and
//! what was restored goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::Value;
use simulators::Load;
use tests::{Marsad, Publisher, until};

use crate::program::{Said, ask, fill, filled, hour, marsad};

/// Flushes and segments so small that many of both fall into a backup.
const SETTINGS: &str =
    "[pipeline]\nflush_every = \"100ms\"\ncommit_every = \"100ms\"\n[journal]\nsegment = \"16 KiB\"\nkeep = \"16 KiB\"\n";

fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

fn restore(backup: &Path, data: &Path) -> Said {
    marsad(&["backup", "restore", text(backup), "--data", text(data)])
}

#[test]
fn a_backup_made_while_messages_come_has_all_that_was_acknowledged_before_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut running = Marsad::start(folder.path(), SETTINGS);
    let load = Load::new(7, 50, 100).starting(hour().start);
    let publisher = Publisher::start(running.mqtt, 150.0, Box::new(move |n, topic, payload| load.publish(n, topic, payload)));
    let acknowledged = |least: u64| {
        until("messages to be acknowledged", Duration::from_secs(30), || {
            let count = publisher.tally().acknowledged.load(Ordering::Relaxed);
            (count >= least).then_some(count)
        })
    };
    let mut least = 150;
    for round in 0..3 {
        let before = acknowledged(least);
        let backup = folder.path().join(format!("backup-{round}"));
        let made = ask(folder.path(), &["backup", "make", "--to", text(&backup), "--json"]).json();
        assert_eq!(made["what"], "made", "{made}");
        assert!(made["bytes"].as_u64().is_some_and(|bytes| bytes > 0), "{made}");
        assert_eq!(made["files"].as_u64(), Some(files(&backup).len() as u64 - 1), "{made}");
        marsad(&["backup", "check", text(&backup)]).well();

        let place = tempfile::tempdir().expect("a folder");
        restore(&backup, &place.path().join("data")).well();
        let restored = Marsad::start(place.path(), SETTINGS);
        let status = restored.settled(Duration::from_secs(60));
        assert!(
            status.identity.received >= before,
            "{} of {before} acknowledged: {:?}",
            status.identity.received,
            status.identity
        );
        assert!(status.identity.balances(), "{:?}", status.identity);
        // What the store had beyond the copied cursor is done a second time, and counted as there already.
        let identity = status.identity;
        assert_eq!(identity.stored + identity.duplicate, identity.received, "{identity:?}");
        // Four readings a message, each once.
        let rows = ask(place.path(), &["export", "--from", &hour().start.to_string(), "--format", "ndjson"]);
        assert_eq!(rows.well().lines().count() as u64, 4 * identity.received);
        least = before + 100;
    }
    let _ = publisher.finish();
    assert!(running.stop().success());
}

#[test]
fn what_is_damaged_in_a_backup_is_named_and_not_restored() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut running = Marsad::start(folder.path(), SETTINGS);
    fill(&running, 0, 120);
    let _ = running.settled(Duration::from_secs(30));
    assert!(running.stop().success());
    let backup = folder.path().join("backup");
    ask(folder.path(), &["backup", "make", "--to", text(&backup)]).well();
    let data = folder.path().join("restored");
    for file in files(&backup).iter().filter(|file| file.file_name().is_none_or(|name| name != "backup.json")) {
        let whole = fs::read(file).expect("its bytes");
        let mut flipped = whole.clone();
        let at = whole.len() / 2;
        flipped[at] ^= 0x10;
        for damaged in [&flipped[..], &whole[..at]] {
            fs::write(file, damaged).expect("written");
            marsad(&["backup", "check", text(&backup)]).refused(1, &[text(file)]);
            restore(&backup, &data).refused(1, &[text(file)]);
            assert!(!data.exists());
        }
        fs::remove_file(file).expect("removed");
        marsad(&["backup", "check", text(&backup)]).refused(1, &[text(file)]);
        fs::write(file, whole).expect("written back");
    }
    // An empty directory that is there already is taken.
    fs::create_dir(&data).expect("a directory");
    restore(&backup, &data).well();
    // Nothing is written over, neither a backup nor a data directory.
    restore(&backup, &data).refused(1, &["is not empty"]);
    ask(folder.path(), &["backup", "make", "--to", text(&backup)]).refused(1, &["is there already"]);
    marsad(&["backup", "check", text(&data)]).refused(1, &["is no backup"]);
    let nowhere = folder.path().join("nowhere");
    marsad(&["backup", "make", "--data", text(&nowhere), "--to", text(&folder.path().join("other"))])
        .refused(1, &["is no data directory", "--data"]);
    let left: Vec<_> = fs::read_dir(folder.path()).expect("the folder").flatten().map(|e| e.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".marsad-")), "nothing half done is left: {left:?}");

    fs::rename(&data, folder.path().join("data-of-backup")).expect("moved");
    fs::remove_dir_all(folder.path().join("data")).expect("the old data");
    fs::rename(folder.path().join("data-of-backup"), folder.path().join("data")).expect("moved");
    assert_eq!(filled(folder.path()), 120);
}

#[test]
fn the_store_is_verified_while_the_program_runs_and_a_damaged_block_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut running = Marsad::start(folder.path(), SETTINGS);
    fill(&running, 0, 120);
    until("the readings to be flushed", Duration::from_secs(30), || {
        running.status().filter(|s| s.store_unflushed == 0 && s.store_readings == 120)
    });
    let verified = ask(folder.path(), &["store", "verify", "--json"]).json();
    assert_eq!(verified["damaged"], 0, "{verified}");
    assert!(verified["blocks"].as_u64().is_some_and(|blocks| blocks > 0), "{verified}");
    assert_eq!(verified["series"], 1, "{verified}");
    assert!(running.stop().success());
    let file = folder.path().join("data/store/readings.db");
    let db = rusqlite::Connection::open(file).expect("the store's file");
    db.execute("UPDATE content SET data = CAST(data || x'00' AS BLOB) WHERE id = (SELECT max(id) FROM block)", [])
        .expect("a block can be damaged");
    drop(db);
    let said = ask(folder.path(), &["store", "verify"]);
    said.refused(1, &["1 fault(s)", "backup restore"]);
    assert!(said.out.contains("checksum"), "{said:?}");
    let said: Value =
        serde_json::from_str(&ask(folder.path(), &["store", "verify", "--json"]).out).expect("JSON on standard output");
    assert_eq!(said["damaged"], 1);
}
