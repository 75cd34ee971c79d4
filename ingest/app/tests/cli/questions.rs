//! Status, query and export: the same answers from the running program and from its stopped directory.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tests::{Device, Marsad};

use crate::program::{Said, ask, at, end_of, fill, filled, of, program, range};

const READINGS: u32 = 150;

/// Rows of an export into a file, and of one to standard output, which must be the same.
fn export(folder: &Path, format: &str, more: &[&str]) -> Vec<String> {
    let file = folder.join(format!("export.{format}"));
    let output = file.to_str().expect("a plain path");
    let range = range();
    let range = range.each_ref().map(String::as_str);
    let base = [&["export", "--format", format][..], &range, more].concat();
    let said = ask(folder, &[&base[..], &["--output", output]].concat());
    assert_eq!(said.well(), "", "with --output nothing goes to standard output");
    let text = std::fs::read_to_string(&file).expect("the file");
    assert_eq!(ask(folder, &base).well(), text);
    let rows: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    let count = rows.len() - usize::from(format == "csv");
    assert!(said.err.contains(&format!("{count} readings written")), "{said:?}");
    rows
}

/// Everything that is asked of a folder.
fn answers(folder: &Path) -> BTreeMap<String, String> {
    let range = range();
    let range = range.each_ref().map(String::as_str);
    let query = |more: &[&str]| ask(folder, &[&["query", "--device", "bin-1"][..], &range, more].concat());
    let csv = export(folder, "csv", &[]);
    assert_eq!(csv.len(), 1 + READINGS as usize + 2, "a head, the bin's readings and the station's");
    assert!(csv.first().is_some_and(|head| head.starts_with("device,quantity,unit,")), "{csv:?}");
    let ndjson = export(folder, "ndjson", &[]);
    assert_eq!(ndjson.len(), READINGS as usize + 2);
    for row in &ndjson {
        let row: Value = serde_json::from_str(row).expect("a row of JSON");
        assert!(row["value"].is_number() && row["observed_at"].is_string(), "{row}");
    }
    assert_eq!(export(folder, "ndjson", &["--kind", "air"]).len(), 2);
    let rows = query(&["--json"]);
    assert_eq!(rows.well().lines().count(), READINGS as usize);
    let hours = query(&["--every", "1h", "--json"]);
    let hour: Value = serde_json::from_str(hours.well()).expect("one row of JSON");
    assert_eq!(hour["count"], READINGS);
    let limited = query(&["--limit", "10"]);
    assert_eq!(limited.well().lines().count(), 11, "a head and ten rows");
    assert!(limited.err.contains("--limit"), "{limited:?}");
    let none = ask(folder, &["query", "--device", "bin-2"]);
    assert_eq!(none.well(), "");
    assert!(none.err.contains("no readings"), "{none:?}");
    [("csv", csv.join("\n")), ("ndjson", ndjson.join("\n")), ("json", rows.out), ("hours", hours.out), ("table", query(&[]).out)]
        .map(|(name, text)| (name.to_owned(), text))
        .into()
}

fn status(said: &Said) -> Value {
    let status = said.json();
    let count = |name: &str| status["identity"][name].as_u64().expect("a count");
    assert_eq!(
        count("received"),
        count("stored") + count("duplicate") + count("quarantined") + count("refused") + count("waiting")
    );
    assert_eq!(status["balanced"], true, "{status}");
    status
}

#[test]
fn the_answers_are_the_same_from_the_program_and_from_its_stopped_directory() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut marsad = Marsad::start(folder.path(), "");
    fill(&marsad, 0, READINGS);
    let mut station = Device::connect(marsad.mqtt, "station");
    let air = format!(r#"{{"v":1,"time":"{}","values":{{"air.pm10":41.5,"air.no2":12}}}}"#, at(1));
    station.publish("marsad/anfa/air/st-1/up", air.as_bytes());
    station.publish("marsad/anfa/air/st-1/up", b"garbage");
    station.acknowledged();
    let settled = marsad.settled(Duration::from_secs(10));
    assert_eq!((settled.identity.stored, settled.identity.quarantined), (u64::from(READINGS) + 1, 1));

    let running = answers(folder.path());
    let before = status(&ask(folder.path(), &["status", "--json"]));
    let told = ask(folder.path(), &["status"]);
    for part in ["152 received = 151 stored", "1 quarantined", "(balances)", "running since", "endpoint"] {
        assert!(told.well().contains(part), "{part} is missing in {}", told.out);
    }
    let doctor = ask(folder.path(), &["doctor", "--json"]);
    let checks: Value = serde_json::from_str(&doctor.out).expect("JSON");
    assert!(checks.as_array().is_some_and(|all| all.iter().any(|c| c["text"].as_str().is_some_and(|t| t.contains("process ")))));
    let by_address = end_of(program().args(["status", "--json", "--http", &marsad.http.to_string()]));
    assert_eq!(status(&by_address)["identity"], before["identity"]);

    assert!(marsad.stop().success());
    let stopped = answers(folder.path());
    for (name, text) in &running {
        assert_eq!(text, &stopped[name], "{name} differs once the program has stopped");
    }
    let after = status(&ask(folder.path(), &["status", "--json"]));
    assert_eq!(after["identity"], before["identity"]);
    assert!(ask(folder.path(), &["status"]).well().contains("stopped"));
    let doctor = ask(folder.path(), &["doctor", "--json"]);
    let checks: Value = serde_json::from_str(&doctor.out).expect("JSON");
    let store = checks.as_array().and_then(|all| all.iter().find(|c| c["name"] == "store")).expect("a check of the store");
    assert_eq!(store["ok"], true, "{store}");
}

#[test]
fn a_question_that_makes_no_sense_is_refused_in_words_by_program_and_directory() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut marsad = Marsad::start(folder.path(), "");
    let backwards = ["query", "--device", "bin-1", "--from", "2026-11-21T00:00:00Z", "--to", "2026-11-20T00:00:00Z"];
    ask(folder.path(), &backwards).refused(1, &["2026-11-21T00:00:00", "is not before"]);
    let nowhere = ["export", "--from", "2026-11-20T00:00:00Z", "--output", "/no/such/folder/out.csv"];
    ask(folder.path(), &nowhere).refused(1, &["/no/such/folder/out.csv"]);
    assert!(marsad.stop().success());
    ask(folder.path(), &backwards).refused(1, &["2026-11-21T00:00:00", "is not before"]);
    assert_eq!(filled(folder.path()), 0);
}

#[test]
fn questions_to_a_stopped_directory_wait_for_each_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut marsad = Marsad::start(folder.path(), "");
    fill(&marsad, 0, 5);
    marsad.kill();
    let counts = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..4).map(|_| scope.spawn(|| filled(folder.path()))).collect();
        asked.into_iter().map(|thread| thread.join().expect("an answer")).collect::<Vec<_>>()
    });
    assert_eq!(counts, [5; 4]);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let folder = tempfile::tempdir().expect("a folder");
    let marsad = Marsad::start(folder.path(), "");
    fill(&marsad, 0, 5);
    for question in [&["query", "--device", "bin-1", "--from", "2026-11-20T12:00:00Z"][..], &["status"], &["check"]] {
        let mut command = program();
        command.args(question).args(of(folder.path())).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("it starts");
        drop(process.stdout.take());
        let ended = process.wait_with_output().expect("its end");
        assert!(ended.status.success() && ended.stderr.is_empty(), "{question:?}: {ended:?}");
    }
}
