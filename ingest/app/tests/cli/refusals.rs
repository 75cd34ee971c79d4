//! What the program says when it cannot start: a sentence that names the thing, a hint, an exit code.

use std::net::TcpListener;

use tests::{Marsad, free_address};

use crate::program::{end_of, program};

#[test]
fn a_port_that_is_taken_is_named_and_nothing_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let busy = taken.local_addr().expect("its address").to_string();
    let run = |http: &str, mqtt: &str| end_of(program().args(["run", "--http", http, "--mqtt", mqtt]).arg("--data").arg(&data));
    run(&busy, "127.0.0.1:0").refused(78, &[&busy, "HTTP", "another program has it", "--http HOST:PORT"]);
    run("127.0.0.1:0", &busy).refused(78, &[&busy, "MQTT", "--mqtt HOST:PORT"]);
    run("192.0.2.1:8080", "127.0.0.1:0").refused(78, &["192.0.2.1:8080", "no such address"]);
    let demo = end_of(program().args(["demo", "--http", &busy, "--mqtt", "127.0.0.1:0"]).arg("--data").arg(&data));
    demo.refused(78, &[&busy, "--http HOST:PORT"]);
    assert!(!data.exists(), "a data directory was made without a port");
}

#[test]
fn a_name_is_as_good_as_an_address() {
    let address = free_address();
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind(address).expect("the port");
    let named = format!("localhost:{}", address.port());
    let run = end_of(program().args(["run", "--http", &named, "--mqtt", "127.0.0.1:0"]).arg("--data").arg(folder.path()));
    drop(taken);
    run.refused(78, &[&address.to_string(), "another program has it"]);
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "not a directory").expect("a file");
    for data in [file.clone(), file.join("below")] {
        let run = end_of(program().args(["run", "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"]).arg("--data").arg(&data));
        run.refused(78, &[&data.display().to_string(), "cannot be written", "--data DIR"]);
    }
}

#[test]
fn a_second_program_on_the_same_directory_is_told_who_runs_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = Marsad::start(folder.path(), "");
    let data = folder.path().join("data");
    let second = end_of(program().args(["run", "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"]).arg("--data").arg(&data));
    let http = format!("http://{}", first.http);
    second.refused(78, &[&data.display().to_string(), "process ", &http, "--data DIR"]);
    // Started twice by mistake, its ports are taken as well: who has them is the better answer.
    let (busy_http, busy_mqtt) = (first.http.to_string(), first.mqtt.to_string());
    let twice = end_of(program().args(["run", "--http", &busy_http, "--mqtt", &busy_mqtt]).arg("--data").arg(&data));
    twice.refused(78, &[&data.display().to_string(), "process ", &http]);
    assert!(first.status().is_some(), "the first goes on");
}

#[test]
fn machines_are_told_in_json() {
    for (arguments, code) in [(&["check", "--config", "/no/such/file"][..], 78), (&["status", "--data", "/no/such/folder"], 1)] {
        let said = end_of(program().args(arguments).arg("--json"));
        let failure: serde_json::Value = serde_json::from_str(&said.err).expect("JSON");
        assert_eq!((said.code, &failure["code"]), (Some(code), &code.into()), "{said:?}");
        assert!(failure["error"].as_str().is_some_and(|text| text.contains("/no/such/")), "{failure}");
        assert!(failure["hint"].is_string(), "{failure}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = folder.path().join("nowhere");
    let name = nowhere.display().to_string();
    for question in [&["status"][..], &["query", "--device", "bin-1"], &["export", "--from", "2026-11-21T00:00:00Z"]] {
        end_of(program().args(question).arg("--data").arg(&nowhere)).refused(1, &["no data directory", &name, "--data DIR"]);
        let silent = free_address().to_string();
        end_of(program().args(question).args(["--http", &silent])).refused(69, &["nobody answers", &silent]);
    }
    assert!(!nowhere.exists(), "a question made a directory");
}
