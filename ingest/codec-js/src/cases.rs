//! Holds a script against published examples: JSON lines of `{fPort, bytes_hex, recvTime?, expected: {data, warnings, errors}}`.
//!
//! Other keys are ignored, empty lines too. What is absent from `expected` is expected to be absent: no `data` is the same
//! as null, no `warnings` or `errors` the same as an empty list. Everything else is compared as lodash's `isEqual` compares
//! what JSON keeps: deeply, numbers exactly. No case sees what an earlier one left behind.

use schemas::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::diff::differences;
use crate::script::{Output, Script, Uplink};

/// Bytes of one case's payload: more than any network carries in one frame.
const PAYLOAD: usize = 64 * 1024;

/// How the cases went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Cases whose answer was as expected.
    pub passed: usize,
    /// The others, in the order of their lines.
    pub failures: Vec<Failure>,
}

/// A case whose answer was another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// From 1.
    pub line: usize,
    /// What is different, one sentence each: `data.temperature: expected 21.5, got 21.4`. At least one.
    pub differences: Vec<String>,
}

/// A line that is no case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct CaseError {
    /// From 1.
    pub line: usize,
    /// What was expected, and what was there.
    pub message: String,
}

#[derive(Deserialize)]
struct Case {
    /// Network servers leave out a port of 0.
    #[serde(rename = "fPort", default)]
    port: Option<u8>,
    bytes_hex: String,
    #[serde(rename = "recvTime", default)]
    recv_time: Option<String>,
    expected: Output,
}

/// Runs every case. Where a case has no `recvTime`, the script's clock stands at `otherwise`.
///
/// # Errors
/// The first line that is not a case; none is run then.
pub fn run(script: &Script, lines: &str, otherwise: Timestamp) -> Result<Report, CaseError> {
    let numbered = lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let cases: Vec<(usize, Read)> = numbered
        .map(|(i, line)| read(line, otherwise).map(|case| (i + 1, case)).map_err(|message| CaseError { line: i + 1, message }))
        .collect::<Result<_, _>>()?;
    let mut report = Report::default();
    for (line, case) in cases {
        let differences = case.differences(script);
        if differences.is_empty() {
            report.passed += 1;
        } else {
            report.failures.push(Failure { line, differences });
        }
    }
    Ok(report)
}

/// A case, parsed.
struct Read {
    port: u8,
    bytes: Vec<u8>,
    time: Timestamp,
    recv_time: Option<String>,
    expected: Output,
}

fn read(line: &str, otherwise: Timestamp) -> Result<Read, String> {
    let case: Case = serde_json::from_str(line.trim_start_matches('\u{feff}')).map_err(|e| {
        // There is one line: the column says where, the line of the file is told by the caller.
        format!("{{fPort, bytes_hex, expected}} was expected: {e}").replace(" at line 1 column", " at column")
    })?;
    let bytes = bytes(&case.bytes_hex)?;
    let time = match &case.recv_time {
        Some(text) => text.parse().map_err(|e| format!("recvTime: {e}"))?,
        None => otherwise,
    };
    Ok(Read { port: case.port.unwrap_or(0), bytes, time, recv_time: case.recv_time, expected: case.expected })
}

/// Pairs of hexadecimal digits, with or without blanks between them.
fn bytes(hex: &str) -> Result<Vec<u8>, String> {
    let digits: Vec<u8> = hex
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| {
            c.to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or_else(|| format!("bytes_hex: `{c}` is no hexadecimal digit"))
        })
        .collect::<Result<_, _>>()?;
    if !digits.len().is_multiple_of(2) {
        return Err(format!("bytes_hex: pairs of digits were expected, there are {} digits", digits.len()));
    }
    if digits.len() / 2 > PAYLOAD {
        return Err(format!("bytes_hex: at most {PAYLOAD} bytes were expected, there are {}", digits.len() / 2));
    }
    Ok(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

impl Read {
    fn differences(&self, script: &Script) -> Vec<String> {
        let uplink = Uplink { port: self.port, bytes: &self.bytes, time: self.time, recv_time: self.recv_time.as_deref() };
        let got = match script.run_fresh(&uplink) {
            Ok(got) => got,
            Err(e) => return vec![e.to_string()],
        };
        let expected = &self.expected;
        let mut found = differences("data", present(&expected.data), present(&got.data));
        found.extend(differences("warnings", listed(&expected.warnings), listed(&got.warnings)));
        found.extend(differences("errors", listed(&expected.errors), listed(&got.errors)));
        found
    }
}

fn present(value: &Value) -> Option<&Value> {
    Some(value).filter(|v| !v.is_null())
}

fn listed(value: &Value) -> Option<&Value> {
    present(value).filter(|v| v.as_array().is_none_or(|list| !list.is_empty()))
}
