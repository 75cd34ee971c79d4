//! Holding a script against published examples.

use codec_js::cases;

use crate::common::{compile, time};

const SCRIPT: &str = "var calls = 0; function decodeUplink(input) { calls++; seen = typeof seen === 'undefined' ? 1 : seen + 1; \
    if (input.bytes.length === 0) return { errors: ['empty'] }; \
    return { data: { t: input.bytes[0] / 10, calls: calls, seen: seen, at: new Date().getTime(), port: input.fPort }, warnings: [] }; }";

#[test]
fn cases_pass_or_say_where_they_differ() {
    let lines = concat!(
        r#"{"fPort": 2, "bytes_hex": "D7", "recvTime": "1970-01-01T00:00:01Z", "expected": {"data": {"t": 21.5, "calls": 1, "seen": 1.0, "at": 1000, "port": 2}}, "description": "ignored"}"#,
        "\n\n",
        r#"{"fPort": 2, "bytes_hex": "d6", "recvTime": "1970-01-01T00:00:01Z", "expected": {"data": {"t": 21.5, "calls": 1, "seen": 1, "at": 1000, "port": 2}, "warnings": []}}"#,
        "\n",
        r#"{"fPort": 2, "bytes_hex": "", "expected": {"errors": ["empty"]}}"#,
        "\n",
        r#"{"fPort": 2, "bytes_hex": "", "expected": {"data": null, "errors": ["other"], "warnings": ["w"]}}"#,
        "\n",
        r#"{"bytes_hex": "0a", "expected": {"data": {"t": 1, "calls": 1, "seen": 1, "at": 1795291201234, "port": 0}}}"#,
        "\n",
    );
    let report = cases::run(&compile(SCRIPT), lines, time()).expect("cases");
    assert_eq!(report.passed, 3);
    let told: Vec<(usize, Vec<&str>)> =
        report.failures.iter().map(|f| (f.line, f.differences.iter().map(String::as_str).collect())).collect();
    assert_eq!(
        told,
        [
            (3, vec!["data.t: expected 21.5, got 21.4"]),
            (5, vec![r#"warnings: expected ["w"], got nothing"#, r#"errors[0]: expected "other", got "empty""#]),
        ]
    );
}

#[test]
fn a_script_that_fails_fails_its_case_with_the_reason() {
    let report = cases::run(
        &compile("function decodeUplink() { throw new Error('no'); }"),
        r#"{"fPort":1,"bytes_hex":"00","expected":{}}"#,
        time(),
    )
    .expect("cases");
    assert_eq!(report.passed, 0);
    assert!(report.failures[0].differences[0].starts_with("the script threw: Error: no (line 1"), "{report:?}");
}

#[test]
fn a_line_that_is_no_case_is_named() {
    let good = r#"{"fPort":1,"bytes_hex":"00","expected":{}}"#;
    for (bad, says) in [
        ("{", "line 2: {fPort, bytes_hex, expected} was expected"),
        (r#"{"fPort":1,"expected":{}}"#, "missing field `bytes_hex` at column"),
        (r#"{"fPort":256,"bytes_hex":"","expected":{}}"#, "256"),
        (r#"{"fPort":1,"bytes_hex":"0","expected":{}}"#, "line 2: bytes_hex: pairs of digits were expected, there are 1 digits"),
        (r#"{"fPort":1,"bytes_hex":"0x","expected":{}}"#, "line 2: bytes_hex: `x` is no hexadecimal digit"),
        (r#"{"fPort":1,"bytes_hex":"00","recvTime":"noon","expected":{}}"#, "line 2: recvTime: "),
    ] {
        let error = cases::run(&compile(SCRIPT), &format!("{good}\n{bad}\n"), time()).expect_err("no case");
        assert_eq!(error.line, 2);
        assert!(error.to_string().contains(says), "{error}");
    }
}
