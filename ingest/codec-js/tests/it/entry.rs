//! Which function of a script decodes, and what it is told.

use codec_js::{RunError, Script, ScriptError, Uplink};
use serde_json::json;

use crate::common::{compile, data, run, time};

#[test]
fn decode_uplink_is_told_bytes_port_and_time() {
    let got = data(
        "function decodeUplink(input) { return { data: { bytes: input.bytes, array: Array.isArray(input.bytes), port: input.fPort, \
         at: input.recvTime.getTime(), variables: input.variables } }; }",
    );
    assert_eq!(got, json!({"bytes": [1, 2, 3], "array": true, "port": 7, "at": 1_795_291_201_234_i64, "variables": {}}));
}

#[test]
fn warnings_and_errors_are_kept_as_they_are() {
    let script = compile("function decodeUplink() { return { data: { a: 1 }, warnings: ['w'], errors: ['e', 'f'] }; }");
    let got = run(&script, 1, &[]).expect("an answer");
    assert_eq!((got.data, got.warnings, got.errors), (json!({"a": 1}), json!(["w"]), json!(["e", "f"])));
}

#[test]
fn an_entry_point_may_stand_wherever_vendors_put_it() {
    let bodies = [
        "function decodeUplink(input) { return { data: { n: input.bytes.length } }; }",
        "var decodeUplink = function (input) { return { data: { n: input.bytes.length } }; };",
        "let decodeUplink = (input) => ({ data: { n: input.bytes.length } });",
        "const decodeUplink = (input) => ({ data: { n: input.bytes.length } });",
        "decodeUplink = function (input) { return { data: { n: input.bytes.length } }; };",
        "globalThis.decodeUplink = function (input) { return { data: { n: input.bytes.length } }; };",
        "this.decodeUplink = function (input) { return { data: { n: input.bytes.length } }; };",
        "exports.decodeUplink = function (input) { return { data: { n: input.bytes.length } }; };",
        "module.exports = { decodeUplink: function (input) { return { data: { n: input.bytes.length } }; } };",
        "(function (root, make) { if (typeof module === 'object' && module.exports) module.exports = make(); else root.codec = make(); })(this, \
         function () { return { decodeUplink: function (i) { return { data: { n: i.bytes.length } }; } }; });",
        "class Codec { decodeUplink(i) { return { data: { n: this.count(i.bytes) } }; } count(b) { return b.length; } } module.exports = new Codec();",
        "var driver; (() => { driver = { decodeUplink: (i) => ({ data: { n: i.bytes.length } }) }; })();",
        "var module = module || {}; var exports = exports || {}; exports.decodeUplink = function (i) { return { data: { n: i.bytes.length } }; };",
        "var module = {}; module.exports = { default: { decodeUplink(i) { return { data: { n: i.bytes.length } }; } } };",
        "module.exports = function (i) { return { data: { n: i.bytes.length } }; };",
        "function Decoder(bytes, port) { return { n: port === 7 ? bytes.length : 0 }; }",
        "function Decode(fPort, bytes, variables) { return { n: fPort === 7 && variables ? bytes.length : 0 }; }",
        "function Decode(fPort, bytes) { return { n: 0 }; } function Decoder(bytes, port) { return { n: 0 }; } \
         function decodeUplink(i) { return { data: { n: i.bytes.length } }; }",
        "export function decodeUplink(input) { return { data: { n: input.bytes.length } }; }",
        "function read(input) { return { data: { n: input.bytes.length } }; }\nexport { read as decodeUplink };",
        "export default { decodeUplink(input) { return { data: { n: input.bytes.length } }; } };",
        "import { Buffer } from 'buffer';\nexport function decodeUplink(input) { return { data: { n: Buffer.from(input.bytes).length } }; }",
        "async function decodeUplink(input) { return { data: { n: await input.bytes.length } }; }",
        "'use strict'; function decodeUplink(input) { return { data: { n: input.bytes.length } }; }",
        "\u{feff}#!/usr/bin/env node\nfunction decodeUplink(input) { return { data: { n: input.bytes.length } }; } // end",
        "function decodeUplink(input, context) { return context ? { n: input.bytes.length } : undefined; }",
        "var name = 'decodeUplink'; function decodeUplink(i) { return { data: { n: globalThis['helper'](i) } }; } function helper(i) { return i.bytes.length; }",
        "function decodeUplink(i) { return { data: { n: this.helper(i) } }; } function helper(i) { return i.bytes.length; }",
        "function decodeUplink(i) { return { data: { n: Function('return helper')()(i) } }; } function helper(i) { return i.bytes.length; }",
    ];
    for body in bodies {
        assert_eq!(data(body), json!({"n": 3}), "{body}");
    }
}

#[test]
fn guards_of_bundles_find_what_they_look_for() {
    let got = data(
        "var debug = typeof process !== 'undefined' && process.env.DEBUG; \
         if (typeof module !== 'undefined' && module.exports) { module.exports = { x: 1 }; } \
         if (typeof exports !== 'undefined') { exports.y = 2; } \
         var B = typeof Buffer === 'undefined' ? null : require('buffer').Buffer; \
         function decodeUplink() { console.log('seen'); return { data: { debug: debug === undefined, same: B === Buffer, global: global === globalThis } }; }",
    );
    assert_eq!(got, json!({"debug": true, "same": true, "global": true}));
}

#[test]
fn a_script_without_an_entry_point_says_so_at_each_message() {
    let script = compile("function decode() {}");
    for _ in 0..2 {
        assert_eq!(run(&script, 1, &[]), Err(RunError::NoEntryPoint));
    }
}

#[test]
fn an_answer_that_is_no_object_is_none() {
    for answer in ["undefined", "null", "5", "'text'", "[1]", "new Promise(() => {})"] {
        let script = compile(&format!("function decodeUplink() {{ return {answer}; }}"));
        assert_eq!(run(&script, 1, &[]), Err(RunError::NoAnswer), "{answer}");
    }
}

#[test]
fn a_syntax_error_has_line_and_column() {
    let error = Script::compile("bin.js", "var a = 1;\nvar b = ;\n").expect_err("not JavaScript");
    assert_eq!(error.to_string().split_once(": ").map(|(place, _)| place), Some("bin.js:2:9"), "{error}");
    let error = Script::compile("bin.js", "export function f() {\n  return }}\n").expect_err("not JavaScript either");
    assert!(matches!(error, ScriptError::Syntax { .. }), "{error}");
}

#[test]
fn sources_that_are_too_long_or_hold_zero_bytes_are_refused() {
    let long = format!("//{}", "x".repeat(1024 * 1024));
    assert!(matches!(Script::compile("a.js", &long), Err(ScriptError::TooLong { .. })));
    assert!(matches!(Script::compile("a.js", "var a = '\0';"), Err(ScriptError::ZeroByte { .. })));
}

#[test]
fn the_time_of_reception_is_a_date_that_reads_as_its_text() {
    let text = "2026-11-21T21:00:01.234+01:00";
    let script = compile(
        "function decodeUplink(input) { var r = input.recvTime; return { data: { r: r, isDate: r instanceof Date, ms: +r, again: new Date(r).getTime(), \
         text: '' + r, year: r.substring(0, 4), parts: r.split('T')[0], hour: r.getUTCHours(), iso: r.toISOString(), has: r.indexOf('T'), \
         length: r.length, parsed: Date.parse(r), tpl: `${r}` } }; }",
    );
    let uplink = Uplink { port: 1, bytes: &[], time: time(), recv_time: Some(text) };
    let got = script.run(&uplink).expect("an answer").data;
    let ms = 1_795_291_201_234_i64;
    assert_eq!(
        got,
        json!({"r": text, "isDate": true, "ms": ms, "again": ms, "text": text, "year": "2026", "parts": "2026-11-21", "hour": 20,
            "iso": "2026-11-21T20:00:01.234Z", "has": 10, "length": text.len(), "parsed": ms, "tpl": text})
    );
}
