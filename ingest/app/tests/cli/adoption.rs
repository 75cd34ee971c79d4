//! A device that nobody knows: seen, adopted, its messages brought back; reload; and what is forgotten.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{Device, Marsad, until};

use crate::program::{Said, ask};

const NODE: &str = "0101010101010101";
const ADOPT: [&str; 9] = ["device", "adopt", NODE, "--kind", "parking", "--zone", "anfa", "--profile", "nwave-nps405"];

/// Publishes frames of a parking detector as its network server does, and waits until each is kept.
fn frames(marsad: &Marsad, count: u32) {
    let mut device = Device::connect(marsad.mqtt, "network-server");
    for _ in 0..count {
        let payload = format!(r#"{{"deviceInfo":{{"devEui":"{NODE}"}},"fPort":1,"data":"lQ=="}}"#);
        device.publish(&format!("application/1/device/{NODE}/event/up"), payload.as_bytes());
        device.acknowledged();
        // Their time is when they are received: no two in one millisecond.
        let kept = Instant::now();
        until("another millisecond", Duration::from_secs(1), || (kept.elapsed() >= Duration::from_millis(2)).then_some(()));
    }
}

/// Waits until so many messages wait in the quarantine.
fn waiting(marsad: &Marsad, count: u64) {
    until("the quarantine", Duration::from_secs(30), || marsad.status().filter(|s| s.quarantine.messages == count));
}

fn rows(said: &Said) -> Vec<Value> {
    said.well().lines().map(|line| serde_json::from_str(line).expect("a row of JSON")).collect()
}

fn times(rows: &[Value], key: &str) -> Vec<String> {
    let mut times: Vec<_> = rows.iter().filter_map(|row| row[key].as_str()).map(ToOwned::to_owned).collect();
    times.sort();
    times.dedup();
    times
}

fn occupied(folder: &Path) -> Vec<Value> {
    rows(&ask(folder, &["query", "--device", NODE, "--quantity", "parking.occupied", "--json"]))
}

const QUICK: &str = "[pipeline]\nflush_every = \"100ms\"\n";

#[test]
fn an_unknown_device_is_seen_and_adopted_and_its_messages_come_back_as_they_were_received() {
    let folder = tempfile::tempdir().expect("a folder");
    let marsad = Marsad::start(folder.path(), QUICK);
    frames(&marsad, 3);
    waiting(&marsad, 3);
    let say = |arguments: &[&str]| ask(folder.path(), arguments);
    let unknown = rows(&say(&["device", "unknown", "--json"]));
    assert_eq!((unknown.len(), &unknown[0]["id"], &unknown[0]["count"]), (1, &NODE.into(), &3.into()), "{unknown:?}");
    let groups = rows(&say(&["quarantine", "list", "--json"]));
    assert_eq!((&groups[0]["reason"], &groups[0]["count"]), (&"unknown_device".into(), &3.into()));
    let each = rows(&say(&["quarantine", "list", "--each", "--device", NODE, "--json"]));
    let received = times(&each, "received_at");
    let shown = say(&["quarantine", "show", "0"]);
    for part in ["unknown_device", NODE, "lQ==", "opened as chirpstack", "95", "why "] {
        assert!(shown.well().contains(part), "{part} is missing in {}", shown.out);
    }
    assert!(say(&["device", "show", NODE]).well().contains("not listed"));
    assert!(say(&["quarantine", "list"]).well().contains("DEVICE OR TOPIC"));

    let adopted = say(&[&ADOPT[..], &["--json"]].concat()).json();
    assert_eq!((&adopted["adopted"]["new"], &adopted["retried"]["stored"]), (&1.into(), &3.into()), "{adopted}");
    let stored = occupied(folder.path());
    assert_eq!((stored.len(), times(&stored, "observed_at")), (received.len(), received), "as they were received");
    let status = marsad.status().expect("a status");
    let identity = status.identity;
    assert!(identity.balances() && (identity.stored, identity.quarantined) == (3, 0), "{identity:?}");
    assert_eq!(status.quarantine.departed.stored, 3);
    assert_eq!(say(&["quarantine", "retry", "--all", "--json"]).json()["tried"], 0, "a second run finds nothing");
    assert!(say(&["device", "list"]).well().contains("nwave-nps405"));
    assert!(say(&["device", "show", NODE]).well().contains("parking.occupied"));

    // Adoption outlives a crash, and what comes then is read at once.
    let mut marsad = marsad.again(folder.path());
    frames(&marsad, 1);
    let identity = marsad.settled(Duration::from_secs(30)).identity;
    assert_eq!((identity.stored, identity.quarantined), (4, 0), "{identity:?}");
    assert!(marsad.stop().success());
}

#[test]
fn the_quarantine_of_a_stopped_directory_is_worked_on_in_the_same_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut marsad = Marsad::start(folder.path(), QUICK);
    frames(&marsad, 3);
    waiting(&marsad, 3);
    assert!(marsad.stop().success());
    let say = |arguments: &[&str]| ask(folder.path(), arguments);
    assert_eq!(rows(&say(&["device", "unknown", "--json"])).len(), 1);
    assert!(say(&["quarantine", "show", "1"]).well().contains("unknown_device"));
    let dry = say(&["quarantine", "retry", "--all", "--dry-run"]);
    assert!(dry.well().contains("3 messages would be tried, 0 of them read"), "{dry:?}");
    let adopted = say(&ADOPT);
    assert!(adopted.well().contains("3 messages tried: 3 stored, 0 duplicate"), "{adopted:?}");
    assert_eq!(occupied(folder.path()).len(), 3);
    let listed = rows(&say(&["device", "list", "--json"]));
    assert!(listed[0]["first_seen"].is_string(), "it was heard: {listed:?}");
    let status = say(&["status", "--json"]).json();
    assert_eq!(
        (&status["balanced"], &status["identity"]["stored"], &status["quarantine"]["messages"]),
        (&true.into(), &3.into(), &0.into())
    );
    say(&["reload"]).refused(1, &["no program runs"]);

    let again = marsad.again(folder.path());
    let status = again.settled(Duration::from_secs(30));
    assert_eq!((status.identity.stored, status.identity.quarantined), (3, 0), "{:?}", status.identity);
}

#[test]
fn a_file_of_devices_is_imported_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let marsad = Marsad::start(folder.path(), QUICK);
    frames(&marsad, 2);
    waiting(&marsad, 2);
    let file = folder.path().join("devices.csv");
    let path = file.to_str().expect("a plain path");
    let import = |text: &str, more: &[&str]| {
        std::fs::write(&file, text).expect("the file");
        ask(folder.path(), &[&["device", "import", path][..], more].concat())
    };
    let good = format!("id,kind,zone,profile,key\n{NODE},parking,anfa,nwave-nps405,000102030405060708090a0b0c0d0e0f\n");
    import(&format!("{good}bin 1,weste,anfa,,\n"), &[]).refused(78, &["devices.csv:3:1", "devices.csv:3:2", "weste"]);
    import(&format!("{good}bin-1,waste,anfa,nobody,\n"), &[]).refused(1, &["bin-1", "nobody"]);
    import("id,kind,zone\na,waste,anfa\na,waste,anfa\n", &[]).refused(78, &["devices.csv:3", "listed twice"]);
    assert_eq!(marsad.status().expect("a status").quarantine.messages, 2, "nothing of it was taken");
    assert!(import(&good, &["--dry-run"]).well().contains("1 devices would be new"));
    assert_eq!(marsad.status().expect("a status").quarantine.messages, 2);
    let said = import(&good, &[]);
    assert!(said.well().contains("1 devices new, 0 changed, 0 the same. 2 messages tried: 2 stored"), "{said:?}");
    assert!(import(&good, &["--dry-run"]).well().contains("0 devices would be new, 0 would be changed, 1 would be the same"));
    let shown = ask(folder.path(), &["device", "show", NODE]);
    assert!(shown.well().contains("***") && !shown.out.contains("00010203"), "a key is not shown: {}", shown.out);
}

#[test]
fn a_reload_takes_all_of_the_new_files_or_says_why_not_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let devices = folder.path().join("devices.toml");
    let write = |profile: &str| {
        let text = format!("[[device]]\nid = \"{NODE}\"\nkind = \"parking\"\nzone = \"anfa\"\nprofile = \"{profile}\"\n");
        std::fs::write(&devices, text).expect("the file");
    };
    std::fs::write(&devices, "").expect("the file");
    let marsad = Marsad::start(folder.path(), &format!("{QUICK}[devices]\nfiles = [\"devices.toml\"]\n"));
    frames(&marsad, 1);
    waiting(&marsad, 1);
    write("nobody");
    ask(folder.path(), &["reload"]).refused(1, &["devices.toml:1", "nobody"]);
    marsad.hang_up();
    let log = || std::fs::read_to_string(folder.path().join("marsad.log")).expect("the log");
    until("the refusal of the signal", Duration::from_secs(30), || log().contains("the reload is refused").then_some(()));
    frames(&marsad, 1);
    waiting(&marsad, 2);

    write("nwave-nps405");
    marsad.hang_up();
    until("the reload", Duration::from_secs(30), || log().contains("are read anew").then_some(()));
    frames(&marsad, 1);
    let identity = marsad.settled(Duration::from_secs(30)).identity;
    assert_eq!((identity.stored, identity.quarantined), (1, 2), "{identity:?}");
    let said = ask(folder.path(), &["reload"]);
    assert!(said.well().contains("1 devices listed in files, 0 adopted"), "{said:?}");
    assert!(ask(folder.path(), &["quarantine", "retry", "--device", NODE]).well().contains("2 stored"));
    // What a file lists is the file's.
    ask(folder.path(), &ADOPT).refused(1, &[NODE, "listed in a file"]);
}

#[test]
fn what_is_forgotten_is_said_and_counted_and_nothing_is_dropped_without_a_word() {
    let folder = tempfile::tempdir().expect("a folder");
    let marsad = Marsad::start(folder.path(), &format!("{QUICK}[quarantine]\nlimit = \"1 MiB\"\n"));
    let mut device = Device::connect(marsad.mqtt, "noise");
    for n in 0..30u8 {
        device.publish("nobody/reads/this", &vec![b'a' + n % 26; 50_000]);
    }
    device.acknowledged();
    let status = until("the forgetting", Duration::from_secs(30), || {
        marsad
            .status()
            .filter(|s| s.identity.waiting == 0 && s.quarantine.departed.forgotten > 0 && s.quarantine.percent() <= 100)
    });
    assert_eq!(status.quarantine.messages + status.quarantine.departed.forgotten, 30, "{:?}", status.quarantine);
    assert!(status.identity.balances() && status.identity.quarantined == 30, "{:?}", status.identity);
    assert!(
        status.checks.iter().any(|c| c.name == "quarantine" && c.ok && c.text.contains("are forgotten")),
        "{:?}",
        status.checks
    );
    let log = std::fs::read_to_string(folder.path().join("marsad.log")).expect("the log");
    assert!(log.contains("the quarantine forgot its oldest messages") && log.contains("not_a_topic"), "{log}");
    assert!(marsad.get("/metrics").contains("marsad_quarantine_left_total{how=\"forgotten\"}"));

    let say = |arguments: &[&str]| ask(folder.path(), arguments);
    say(&["quarantine", "drop"]).refused(1, &["nothing says which", "--all"]);
    say(&["quarantine", "retry"]).refused(1, &["nothing says which", "--all"]);
    let waits = status.quarantine.messages;
    say(&["quarantine", "drop", "--topic", "nobody/#"]).refused(1, &[&format!("{waits} messages"), "--yes"]);
    assert!(say(&["quarantine", "drop", "--topic", "nobody/#", "--yes"]).well().contains(&format!("{waits} messages dropped")));
    let status = marsad.status().expect("a status");
    assert_eq!((status.quarantine.messages, status.identity.quarantined), (0, 30), "dropped messages stay counted");
}
