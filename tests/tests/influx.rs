//! The program with its readings in a real InfluxDB: prepared by its own command, killed, and its server killed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use ports::{Clock, SystemClock};
use schemas::Timestamp;
use serde_json::{Value, json};
use services::Influxd;
use simulators::Load;
use tests::{Marsad, Publisher, until};

const PATIENCE: Duration = Duration::from_secs(120);

fn settings(url: &str) -> String {
    format!(
        "[store]\nkind = \"influx\"\n[influx]\nurl = \"{url}\"\ntoken_file = \"influx.token\"\n\
         [pipeline]\nflush_every = \"100ms\"\n[rules]\npacks = []\n"
    )
}

fn publisher(address: std::net::SocketAddr, start: Timestamp) -> Publisher {
    let load = Load::new(7, 50, 100).starting(start);
    Publisher::start(address, 2_000.0, Box::new(move |n, topic, payload| load.publish(n, topic, payload)))
}

fn init(directory: &Path) -> String {
    let file = |name: &str| directory.join(name).display().to_string();
    let (config, password) = (file("marsad.toml"), file("password"));
    let output =
        Marsad::command(&["--config", &config, "store", "init", "influx", "--user", "warden", "--password-file", &password]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn readings_in_influxdb_outlive_the_end_of_the_program_and_of_the_server() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let Some(mut server) = Influxd::start(directory.path()) else { return };
    let text = settings(&server.url());
    std::fs::write(directory.path().join("marsad.toml"), &text).expect("the settings");
    std::fs::write(directory.path().join("password"), "correct horse battery\n").expect("the password");
    assert!(init(directory.path()).contains("bucket marsad_raw made\nbucket marsad_1h made"));
    assert!(init(directory.path()).contains("bucket marsad_raw was there"), "again changes nothing");

    let config = directory.path().join("marsad.toml").display().to_string();
    let data = directory.path().join("data").display().to_string();
    let doctor = Marsad::command(&["--config", &config, "--data", &data, "doctor"]);
    let told = String::from_utf8(doctor.stdout).expect("text");
    assert!(told.lines().any(|line| line.starts_with("ok") && line.contains("InfluxDB v2")), "{told}");

    let mut marsad = Marsad::start(directory.path(), &text);
    let start = SystemClock.now().minus(Duration::from_secs(60));
    let publisher = publisher(marsad.mqtt, start);
    let reached =
        |count: u64| until("messages to be acknowledged", PATIENCE, || (acknowledged(&publisher) >= count).then_some(()));
    reached(1_000);
    server.kill();
    // The store is away: devices are answered all the same.
    let then = acknowledged(&publisher);
    reached(then + 1_000);
    marsad.kill();
    marsad = marsad.again(directory.path());
    let then = acknowledged(&publisher);
    reached(then + 1_000);
    server.restart();
    let published = publisher.finish();
    let status = marsad.settled(PATIENCE);
    let identity = &status.identity;
    assert_eq!(identity.quarantined, 0, "{status:?}");
    assert_eq!(status.store, "influx");

    assert!(identity.balances(), "{status:?}");
    let stored = exported(directory.path(), start);
    let load = Load::new(7, 50, 100).starting(start);
    for n in 0..published {
        let (device, _, at, value) = load.expect(n);
        assert_eq!(stored.get(&(device.to_string(), at)), Some(&value), "message {n} was acknowledged and is not stored");
    }
    assert_eq!(stored.len() as u64, published, "something was stored that nobody sent");
}

#[test]
fn a_reading_that_influxdb_refuses_is_found_in_its_batch_and_put_aside_with_its_words() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let Some(server) = Influxd::start(directory.path()) else { return };
    let text = settings(&server.url()).replace("token_file", "keep = \"24h\"\ntoken_file");
    std::fs::write(directory.path().join("marsad.toml"), &text).expect("the settings");
    std::fs::write(directory.path().join("password"), "correct horse battery\n").expect("the password");
    init(directory.path());
    let marsad = Marsad::start(directory.path(), &text);
    // The bucket keeps a day; one message in a hundred is three days old, which a device's clock is believed.
    let start = SystemClock.now().minus(Duration::from_secs(60));
    let (load, old) =
        (Load::new(7, 50, 100).starting(start), Load::new(7, 50, 100).starting(start.minus(Duration::from_secs(3 * 86_400))));
    let is_old = |n: u64| n % 100 == 37;
    let script = move |n, topic: &mut String, payload: &mut Vec<u8>| {
        if is_old(n) { old.publish(n, topic, payload) } else { load.publish(n, topic, payload) }
    };
    let publisher = Publisher::start(marsad.mqtt, 2_000.0, Box::new(script));
    until("messages to be acknowledged", PATIENCE, || (acknowledged(&publisher) >= 2_000).then_some(()));
    let published = publisher.finish();
    let status = marsad.settled(PATIENCE);
    assert!(status.identity.balances(), "{status:?}");
    let refused = (0..published).filter(|n| is_old(*n)).count() as u64;
    assert_eq!(status.identity.quarantined, refused, "{status:?}");

    let stored = exported(directory.path(), start.minus(Duration::from_secs(4 * 86_400)));
    let load = Load::new(7, 50, 100).starting(start);
    for n in (0..published).filter(|n| !is_old(*n)) {
        let (device, _, at, value) = load.expect(n);
        assert_eq!(stored.get(&(device.to_string(), at)), Some(&value), "message {n} stood beside one that was refused");
    }
    assert_eq!(stored.len() as u64, published - refused, "something was stored that was refused");
    let data = directory.path().join("data").display().to_string();
    let listed = Marsad::command(&["quarantine", "list", "--data", &data, "--each", "--json"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.contains("retention policy"), "the server's words are kept: {listed}");
}

/// Readings of 200 devices, some doubted, some corrected later, as a file to import.
fn traffic(path: &Path, each: u32) {
    let mut lines = String::new();
    for n in 0..200 * each {
        let (device, minute) = (n / each, n % each);
        let value = f64::from(n.wrapping_mul(2_654_435_761) >> 20) / 8.0;
        let quality = if n % 7 == 0 { json!(["late"]) } else { json!([]) };
        let at = Timestamp::clamped(1_795_280_400_000 + i64::from(minute) * 60_000);
        let row = json!({ "device": format!("st-{device:03}"), "quantity": "air.pm10", "value": value, "observed_at": at,
            "received_at": at.plus(Duration::from_millis(250)), "quality": quality, "kind": "air", "zone": "anfa",
            "channel": 0 });
        let _ = writeln!(lines, "{row}");
    }
    std::fs::write(path, lines).expect("a file");
}

#[test]
fn a_copy_to_influxdb_that_is_killed_goes_on_and_what_comes_back_is_what_went() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let Some(server) = Influxd::start(directory.path()) else { return };
    let place = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(directory.path().join("marsad.toml"), settings(&server.url())).expect("the settings");
    std::fs::write(directory.path().join("password"), "correct horse battery\n").expect("the password");
    init(directory.path());
    let each = 800;
    traffic(&directory.path().join("traffic.ndjson"), each);
    let imported = Marsad::command(&["import", &place("traffic.ndjson"), "--data", &place("first")]);
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));

    let (first, server_side, last) = (
        format!("embedded:{}", place("first")),
        format!("influx:{}", place("marsad.toml")),
        format!("embedded:{}", place("last")),
    );
    let (state, config) = (directory.path().join("copy.json"), place("marsad.toml"));
    let state_text = place("copy.json");
    let arguments = |from: &str, to: &str, more: &[&str]| {
        let base = ["--config", &config, "store", "copy", "--from", from, "--to", to, "--state", &state_text];
        base.iter().chain(more).map(|text| (*text).to_owned()).collect::<Vec<_>>()
    };
    let mut child = Command::new(tests::binary())
        .args(arguments(&first, &server_side, &[]))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    until("some devices to be copied", PATIENCE, || {
        assert!(child.try_wait().expect("it is ours").is_none(), "it was to be killed in the middle");
        state.exists().then_some(())
    });
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
    let remembered: Value = serde_json::from_slice(&std::fs::read(&state).expect("what it remembers")).expect("JSON");
    let copied = remembered["readings"].as_u64().expect("a count");
    assert!(0 < copied && copied < u64::from(200 * each), "killed in the middle: {remembered}");

    let copy = |from: &str, to: &str, more: &[&str]| -> Value {
        let arguments = arguments(from, to, more);
        let output = Marsad::command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("an outcome")
    };
    let there = copy(&first, &server_side, &["--json"]);
    assert_eq!(there["from"]["readings"], 200 * each, "{there}");
    assert_eq!((&there["to"]["readings"], &there["to"]["sha256"]), (&there["from"]["readings"], &there["from"]["sha256"]));
    copy(&server_side, &last, &["--json"]);
    let back = copy(&first, &last, &["--check", "--json"]);
    assert_eq!(back["to"]["sha256"], there["from"]["sha256"], "{back}");
    assert_eq!((&back["missing"], &back["different"], &back["more"]), (&json!(0), &json!(0), &json!(0)), "{back}");
}

/// What the running program exports, by device and instant.
fn exported(directory: &Path, start: Timestamp) -> BTreeMap<(String, Timestamp), f64> {
    let (data, from) = (directory.join("data").display().to_string(), start.to_string());
    let exported = Marsad::command(&["export", "--data", &data, "--from", &from, "--format", "ndjson"]);
    assert!(exported.status.success(), "{}", String::from_utf8_lossy(&exported.stderr));
    let mut stored = BTreeMap::new();
    for line in exported.stdout.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
        let row: Value = serde_json::from_slice(line).expect("a row");
        if row["quantity"] == "air.pm10" {
            let at: Timestamp = row["observed_at"].as_str().and_then(|t| t.parse().ok()).expect("a time");
            let key = (row["device"].as_str().expect("a device").to_owned(), at);
            let twice = stored.insert(key.clone(), row["value"].as_f64().expect("a value"));
            assert!(twice.is_none(), "{key:?} is stored twice");
        }
    }
    stored
}

fn acknowledged(publisher: &Publisher) -> u64 {
    publisher.tally().acknowledged.load(std::sync::atomic::Ordering::Relaxed)
}
