//! What stands around a script: bytes, texts, dates and numbers as Node has them, and nothing of the world.

use codec_js::{Limits, RunError, Script, Uplink};
use serde_json::{Value, json};

use crate::common::{compile, run, time, value};

/// Runs a script that lists results, and compares them with what Node 20 gave for the same script.
#[track_caller]
fn as_in_node(source: &str, expected: &str) {
    let limits = Limits { deadline: std::time::Duration::from_secs(20), ..Limits::default() };
    let script = Script::compile_within("fixture.js", source, limits).expect("a script");
    let bytes: Vec<u8> = (1..=10).collect();
    let got = script.run(&Uplink { port: 1, bytes: &bytes, time: time(), recv_time: None }).expect("an answer").data;
    let expected: Vec<String> = serde_json::from_str(expected).expect("a list of texts");
    let got = got["out"].as_array().expect("a list");
    for (got, expected) in got.iter().zip(&expected) {
        assert_eq!(got.as_str(), Some(expected.as_str()));
    }
    assert_eq!(got.len(), expected.len());
}

#[test]
fn bytes_and_texts_are_as_in_node() {
    as_in_node(include_str!("../fixtures/buffer.js"), include_str!("../fixtures/buffer.json"));
}

#[test]
fn dates_and_numbers_are_read_and_printed_as_in_node() {
    as_in_node(include_str!("../fixtures/dates.js"), include_str!("../fixtures/dates.json"));
}

#[test]
fn the_clock_stands_at_the_message() {
    let got = value(
        "var a = Date.now(); for (var i = 0; i < 1e5; i++); return { data: { v: [a === Date.now(), a, new Date().toISOString(), Date(), new Date().getHours()] } };",
    );
    assert_eq!(
        got,
        json!([
            true,
            1_795_291_201_234_i64,
            "2026-11-21T20:00:01.234Z",
            "Sat Nov 21 2026 20:00:01 GMT+0000 (Coordinated Universal Time)",
            20
        ])
    );
}

#[test]
fn chance_is_the_same_for_the_same_message() {
    let script = compile("function decodeUplink() { return { data: [Math.random(), Math.random()] }; }");
    let roll = |bytes: &[u8]| run(&script, 1, bytes).expect("an answer").data;
    assert_eq!(roll(&[1]), roll(&[1]));
    assert_ne!(roll(&[1]), roll(&[2]));
    let numbers: Vec<f64> = roll(&[1]).as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    assert!(numbers.iter().all(|n| (0.0..1.0).contains(n)) && numbers[0] != numbers[1], "{numbers:?}");
}

#[test]
fn nothing_of_the_world_is_there() {
    let got = value(
        "return { data: { v: ['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'XMLHttpRequest', 'WebSocket', 'performance', 'std', 'os', 'bjson', 'Worker', \
         'Atomics', 'SharedArrayBuffer', 'WeakRef', 'FinalizationRegistry', 'load', 'print', 'scriptArgs', 'navigator', 'Deno', '__dirname'] \
         .filter(function (name) { return typeof globalThis[name] !== 'undefined'; }) } };",
    );
    assert_eq!(got, json!([]));
    for body in ["require('fs')", "require('http')", "require('./other.js')", "setTimeout(function () {}, 1)", "import('fs')"] {
        let script =
            compile(&format!("function decodeUplink() {{ var x = {body}; if (x && x.then) return x; return {{ data: 1 }}; }}"));
        let error = run(&script, 1, &[]).expect_err(body);
        assert!(matches!(error, RunError::Thrown { .. } | RunError::NoAnswer), "{body}: {error}");
    }
}
