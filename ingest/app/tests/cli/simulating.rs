//! Simulated cities for others: the same bytes however many threads make them, files, recordings, and brokers.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tests::{Marsad, Mosquitto};

use crate::program::{end_of, marsad, program};

fn hash(more: &[&str]) -> String {
    let said = marsad(&[&["simulate", "bad-sensors", "--lasts", "3h", "--hash"], more].concat());
    let hash = said.well().trim().to_owned();
    assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{hash}");
    hash
}

#[test]
fn the_same_seed_gives_the_same_hash_on_one_and_on_two_threads_and_another_does_not() {
    let one = hash(&["--threads", "1"]);
    assert_eq!(one, hash(&["--threads", "2"]));
    assert_eq!(one, hash(&["--threads", "1"]));
    assert_ne!(one, hash(&["--seed", "7"]));
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn messages_truth_readings_and_recording_tell_of_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).to_str().expect("a plain path").to_owned();
    let read = |name: &str| lines(&std::fs::read_to_string(file(name)).expect("a file"));
    let arguments = ["simulate", "hostile-traffic", "--lasts", "2h", "--messages", &file("messages"), "--truth", &file("truth")];
    let more = ["--readings", &file("readings"), "--recording", &file("recording")];
    marsad(&[&arguments[..], &more[..]].concat()).well();

    let (messages, truth, readings) = (read("messages"), read("truth"), read("readings"));
    let plans = truth.iter().filter(|line| line["plan"].is_string()).count();
    assert_eq!(plans, 5, "what is planned stands first");
    let of = |destiny: &str| truth.iter().filter(|line| line["destiny"] == destiny).count();
    assert_eq!(of("read") + of("quarantined"), messages.len());
    assert!(of("quarantined") > 10 && readings.len() > of("read"), "{} and {}", of("quarantined"), readings.len());
    assert!(truth.iter().any(|line| line["labels"][0] == "corrupt" && line["reason"] == "not_json"));

    let replayed = marsad(&["replay", &file("recording")]);
    let replayed = lines(replayed.well());
    assert_eq!(replayed.len(), messages.len());
    let places = |all: &[Value]| all.iter().map(|m| (m["received_at"].clone(), m["topic"].clone())).collect::<Vec<_>>();
    assert_eq!(places(&replayed), places(&messages));

    let judged = marsad(&["backtest", "--readings", &file("readings"), "--json"]);
    assert!(!lines(judged.well()).is_empty(), "a back-test reads what was simulated");
}

#[test]
fn a_city_publishes_to_a_running_platform_and_its_recording_does_so_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let marsad = Marsad::start(folder.path(), "");
    let broker = format!("mqtt://{}", marsad.mqtt);
    let recording = folder.path().join("recording").to_str().expect("a plain path").to_owned();
    let said =
        crate::program::marsad(&["simulate", "--lasts", "20m", "--broker", &broker, "--speed", "max", "--recording", &recording]);
    said.well();
    let sent: u64 = said.err.split_whitespace().next().and_then(|n| n.replace(',', "").parse().ok()).expect("how many");
    assert!(sent > 100, "{}", said.err);
    let first = marsad.settled(Duration::from_secs(20)).identity;
    assert_eq!(first.received, sent, "all is acknowledged when the command ends");
    assert!(first.stored > 0 && first.balances(), "{first:?}");

    crate::program::marsad(&["replay", &recording, "--broker", &broker, "--speed", "max"]).well();
    let again = marsad.settled(Duration::from_secs(20)).identity;
    assert_eq!((again.received, again.stored), (2 * sent, first.stored), "what is there already is not stored twice");
    assert!(again.balances());
}

#[test]
fn what_a_broker_gives_is_recorded_and_replayed() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(broker) = Mosquitto::start(folder.path()) else { return };
    let url = format!("mqtt://{}", broker.address);
    let recording = folder.path().join("recording").to_str().expect("a plain path").to_owned();
    let mut recorder = program()
        .args(["record", "--broker", &url, "--topic", "marsad/#", "--topic", "application/#", "--output", &recording])
        .args(["--messages", "40"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut says = BufReader::new(recorder.stderr.take().expect("a pipe"));
    let mut line = String::new();
    says.read_line(&mut line).expect("a line");
    assert!(line.contains("recording"), "{line}");
    end_of(program().args(["simulate", "--lasts", "20m", "--broker", &url, "--speed", "max", "--rate", "2000"])).well();
    let ended = recorder.wait_with_output().expect("it ends");
    assert!(ended.status.success(), "{ended:?}");
    assert!(String::from_utf8_lossy(&ended.stdout).contains("40 messages recorded"));
    assert_eq!(lines(marsad(&["replay", &recording]).well()).len(), 40);
}

#[test]
fn what_cannot_be_simulated_is_refused_in_words() {
    marsad(&["simulate", "no-such-city", "--hash"]).refused(2, &["no-such-city", "verify --list"]);
    marsad(&["simulate", "--lasts", "soon"]).refused(2, &["90s, 15m, 6h or 2d"]);
    marsad(&["simulate", "--broker", "http://here", "--lasts", "1m"]).refused(2, &["mqtt://"]);
    marsad(&["simulate", "--broker", "mqtt://127.0.0.1:1", "--lasts", "1m"]).refused(69, &["127.0.0.1:1"]);
    marsad(&["replay", "no-such-recording"]).refused(1, &["no-such-recording"]);
}

#[test]
fn the_example_of_a_consumer_agrees_with_the_truth() {
    if Command::new("jq").arg("--version").output().is_err() {
        let required = std::env::var("MARSAD_REQUIRE").is_ok_and(|list| list.split(',').any(|name| name == "jq"));
        assert!(!required, "MARSAD_REQUIRE names jq, but it cannot be started: apt-get install jq");
        let _ = writeln!(std::io::stderr(), "SKIPPED: jq is not installed; to run this test: apt-get install jq");
        return;
    }
    let script = tests::root().join("simulators/examples/consumer/test.sh");
    let said = end_of(Command::new("sh").arg(script).env("MARSAD", env!("CARGO_BIN_EXE_marsad")));
    assert!(said.well().starts_with("full bins: "), "{said:?}");
}
