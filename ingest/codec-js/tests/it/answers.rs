//! What becomes of an answer, and of an error.

use codec_js::{Limits, RunError, Script, Uplink};
use serde_json::{Value, json};

use crate::common::{compile, failure, run, time, value};

#[test]
fn an_answer_is_what_json_keeps_of_it() {
    let got = value(
        "return { data: { v: { undef: undefined, nan: NaN, inf: -Infinity, date: new Date(0), invalid: new Date(NaN), fn: function () {}, big: 5n, \
         huge: 2n ** 64n, typed: new Uint8Array([1, 2]), buffer: Buffer.from([1]), map: new Map([[1, 2]]), zero: -0, nested: [undefined, NaN], \
         custom: { toJSON: function () { return 'c'; } }, text: new String('s') } } };",
    );
    assert_eq!(
        got,
        json!({"nan": null, "inf": null, "date": "1970-01-01T00:00:00.000Z", "invalid": null, "big": 5, "huge": "18446744073709551616",
            "typed": {"0": 1, "1": 2}, "buffer": {"type": "Buffer", "data": [1]}, "map": {}, "zero": 0, "nested": [null, null],
            "custom": "c", "text": "s"})
    );
}

#[test]
fn numbers_come_out_to_the_last_bit() {
    let got = value("return { data: { v: [0.1 + 0.2, 1e21, 5e-324, 1.7976931348623157e308, 9007199254740993, -273.15] } };");
    let numbers: Vec<f64> = got.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    assert_eq!(numbers, [0.1 + 0.2, 1e21, 5e-324, f64::MAX, 9_007_199_254_740_992.0, -273.15]);
}

#[test]
fn what_a_script_throws_is_told_with_its_line() {
    let script = compile(
        "function decodeUplink(input) {\n  return check(input);\n}\nfunction check(i) {\n  throw new Error('bad length ' + i.bytes.length);\n}\n",
    );
    let error = run(&script, 1, &[1, 2]).expect_err("it throws");
    let RunError::Thrown { message, place } = &error else { panic!("{error}") };
    assert_eq!((message.as_str(), place.map(|p| p.line)), ("Error: bad length 2", Some(5)));
    assert!(error.to_string().starts_with("the script threw: Error: bad length 2 (line 5, column "), "{error}");
}

#[test]
fn whatever_is_thrown_has_a_text() {
    for (thrown, text) in [
        ("'plain'", "plain"),
        ("5", "5"),
        ("undefined", "undefined"),
        ("{ a: 1 }", "[object Object]"),
        ("new TypeError('t')", "TypeError: t"),
        ("Object.create(null)", "a value without a text"),
        ("Symbol('s')", "a value without a text"),
        ("Object.assign(new Error('x'), { name: 'Own' })", "Own: x"),
    ] {
        let error = failure(&format!("throw {thrown};"));
        let RunError::Thrown { message, .. } = &error else { panic!("{thrown}: {error}") };
        assert_eq!(message, text, "{thrown}");
    }
    let long = failure("throw new Error('x'.repeat(10000));");
    assert!(long.to_string().len() < 700, "{long}");
}

#[test]
fn an_answer_longer_than_its_limit_is_refused() {
    assert_eq!(failure("return { data: 'x'.repeat(300000) };"), RunError::TooLong { bytes: 300_011, limit: 256 * 1024 });
    let limits = Limits { output: 16, ..Limits::default() };
    let script =
        Script::compile_within("a.js", "function decodeUplink() { return { data: [1, 2, 3, 4] }; }", limits).expect("a script");
    let error = script.run(&Uplink { port: 1, bytes: &[], time: time(), recv_time: None });
    assert_eq!(error, Err(RunError::TooLong { bytes: 18, limit: 16 }));
}

#[test]
fn an_answer_nested_too_deep_or_in_a_circle_is_refused() {
    let deep = failure("var o = {}; for (var i = 0; i < 500; i++) o = { o: o }; return { data: o };");
    assert!(matches!(deep, RunError::NotJson { .. }), "{deep}");
    let circle = failure("var o = {}; o.o = o; return { data: o };");
    assert!(matches!(circle, RunError::Thrown { .. }), "{circle}");
}
