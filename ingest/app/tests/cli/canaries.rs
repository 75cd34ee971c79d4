//! Ten thousand canaries: people whose names, serials and addresses come in by every way, and are found nowhere; and all of whom are
//! forgotten.

use std::fs;

use aho_corasick::AhoCorasick;
use tests::Marsad;

use crate::privacy::{PATIENCE, Town, files, no_mark, no_name, offsets, pseudonyms, seed};
use crate::program::{ask, at, end_of, hour, of, program};

/// How many people, where the environment does not say (`MARSAD_CANARIES`).
const PEOPLE: u32 = 10_000;

fn people() -> u32 {
    std::env::var("MARSAD_CANARIES").ok().and_then(|text| text.parse().ok()).unwrap_or(PEOPLE)
}

/// Rows of a file from elsewhere, of meters of the same people. Needs the directory alone.
fn import(town: &Town, people: u32) {
    assert!(town.start().stop().success());
    let row = |n: u32| {
        format!(
            r#"{{"device":"CANARY-I-{n:05}","kind":"water","zone":"anfa","quantity":"water.volume","value":{n},"observed_at":"{}"}}"#,
            at(7)
        )
    };
    let file = town.path().join("canaries.ndjson");
    fs::write(&file, (0..people).map(row).collect::<Vec<_>>().join("\n")).expect("written");
    assert_eq!(ask(town.path(), &["import", file.to_str().expect("a plain path"), "--json"]).json()["new"], people);
    fs::remove_file(file).expect("removed");
}

/// Forgets everybody who came in, in whatever way, by one command: how many messages that waited went with them.
fn erase_all(town: &Town, people: u32) -> u64 {
    let ids =
        |n| [format!("CANARY-W-{n:05}"), format!("CANARY-X-{n:05}"), format!("CANARY-I-{n:05}"), format!("ca11ab1e{n:08x}")];
    let (file, meters) = (town.path().join("meters.txt"), (0..people).flat_map(ids).collect::<Vec<_>>());
    fs::write(&file, meters.join("\n")).expect("written");
    let file = file.to_str().expect("a plain path");
    let erased = town.told(&["subject", "erase", "--file", file, "--purpose", "subject-request", "--by", "dpo-1"]);
    fs::remove_file(file).expect("removed");
    erased["messages"].as_u64().expect("a count")
}

#[test]
fn req_p_1_no_name_serial_or_address_is_found_in_any_answer_page_export_log_metric_notification_file_or_backup() {
    let people = people();
    println!("{people} people (MARSAD_CANARIES)");
    let town = Town::of(people);
    import(&town, people);
    // Whoever looks for a fault logs more, and is to find no name either.
    let mut running = Marsad::start(town.path(), &format!("[log]\nlevel = \"debug\"\n{}", town.settings));
    seed(running.mqtt, people);
    let status = running.settled(PATIENCE);
    // Two good messages for each, six that give nothing, and the bin.
    assert_eq!(status.identity.stored, 2 * u64::from(people) + 1, "{:?}", status.identity);
    assert_eq!(status.identity.quarantined, 6 * u64::from(people), "{:?}", status.identity);
    for path in [
        "/metrics",
        "/healthz",
        "/readyz",
        "/api/v1/status",
        "/api/v1/devices?limit=1000",
        "/api/v1/devices/health",
        "/api/v1/devices/unknown",
        "/api/v1/quarantine?each=true&limit=1000",
        "/api/v1/latest",
        "/api/v1/alerts",
        "/api/v1/audit",
        "/api/v1/credentials",
        "/api/v1/water/consumption",
        "/api/v1/water/leaks",
        "/api/v1/water/stuck",
        "/api/v1/water/night",
        "/api/v1/privacy/purposes",
    ] {
        no_mark(path, running.get(path).as_bytes());
    }
    let waiting = offsets(&running.json("/api/v1/quarantine?each=true&limit=1000"));
    assert!(!waiting.is_empty());
    for offset in waiting.into_iter().take(20) {
        no_mark("a message", running.get(&format!("/api/v1/quarantine/{offset}")).as_bytes());
        no_mark("a message's page", running.get(&format!("/en/engineers/{offset}")).as_bytes());
    }
    for lang in ["fr", "ar", "en"] {
        for page in ["", "air", "waste", "parking", "water", "devices", "engineers", "alerts", "privacy"] {
            no_mark(page, running.get(&format!("/{lang}/{page}")).as_bytes());
        }
    }
    let alerts = running.json("/api/v1/alerts?limit=1000");
    assert!(!alerts["alerts"].as_array().expect("alerts").is_empty(), "rules judge pseudonyms: {alerts}");
    let names = pseudonyms(&town);
    assert_eq!(names.len() as u64, 3 * u64::from(people));
    let adopted =
        ["device", "adopt", "CANARY-A-00000", "--kind", "water", "--zone", "anfa", "--label", "Mme Canary, 1 rue Canary"];
    assert_eq!(ask(town.path(), &adopted).code, Some(1), "who lives behind a meter is not entered in the open");
    assert!(names.iter().all(|name| name.len() == 20), "{names:?}");
    no_mark("an export", names.join(" ").as_bytes());
    for format in ["csv", "ndjson"] {
        let out = ask(town.path(), &["export", "--from", &hour().start.to_string(), "--format", format]);
        no_mark(format, out.well().as_bytes());
    }
    let backup = town.path().join("backup");
    ask(town.path(), &["backup", "make", "--to", backup.to_str().expect("a plain path")]).well();
    assert!(running.stop().success());
    let log = fs::read(town.path().join("marsad.log")).expect("the log");
    no_mark("the log", &log);
    for file in files(&town.path().join("data")).into_iter().chain(files(&backup)) {
        no_mark(&file.display().to_string(), &fs::read(&file).expect("its bytes"));
    }
    assert!(backup.join("vault.db").is_file(), "what was sealed can be opened after a restore");

    // The broken one, the one of an unknown topic, and two of the network server; of what names nobody nothing can be told.
    assert_eq!(erase_all(&town, people), 4 * u64::from(people));
    assert!(pseudonyms(&town).is_empty());
    let next = town.path().join("next");
    ask(town.path(), &["backup", "make", "--to", next.to_str().expect("a plain path")]).well();
    let names = AhoCorasick::new(names).expect("names");
    for place in [town.path().join("data"), next] {
        for file in ["register.db", "store/readings.db", "vault.db"] {
            no_name(&place.join(file), &names);
        }
    }
}

#[test]
fn req_p_1_no_device_beyond_this_machine_is_heard_before_there_are_keys_or_somebody_says_that_nobody_stands_behind_them() {
    let town = Town::of(0);
    let open = "[rules]\npacks = []\n[endpoint]\nplain = true\n";
    let run = |settings: &str, mqtt: &str| {
        fs::write(town.path().join("marsad.toml"), settings).expect("written");
        let mut command = program();
        end_of(command.arg("run").args(of(town.path())).args(["--mqtt", mqtt, "--http", "192.0.2.1:1"]))
    };
    let unsealed = ["privacy.keys", "vault init", "kinds = []"];
    run(open, "0.0.0.0:0").refused(78, &unsealed);
    let broker = format!("{open}[[collector]]\nname = \"city\"\nurl = \"mqtt://broker.city.example\"\nfilters = [\"#\"]\n");
    run(&broker, "127.0.0.1:0").refused(78, &unsealed);
    assert!(!town.path().join("data/journal").exists(), "nothing was heard");
    ask(town.path(), &["check"]).refused(78, &unsealed);
    // With keys, where nobody stands behind any device, or on this machine alone, there is nothing but the address to complain of.
    for (settings, mqtt) in [
        (format!("{}[endpoint]\nplain = true\n", town.settings).as_str(), "0.0.0.0:0"),
        (&format!("{open}[privacy]\nkinds = []\n"), "0.0.0.0:0"),
        (open, "127.0.0.1:0"),
    ] {
        run(settings, mqtt).refused(78, &["192.0.2.1:1"]);
    }
}
