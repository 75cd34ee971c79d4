//! What the tests share.

use codec_js::{Output, RunError, Script, Uplink};
use schemas::Timestamp;
use serde_json::Value;

/// 2026-11-21T20:00:01.234Z.
pub(crate) fn time() -> Timestamp {
    "2026-11-21T20:00:01.234Z".parse().expect("a time")
}

pub(crate) fn compile(source: &str) -> Script {
    Script::compile("decoder.js", source).unwrap_or_else(|e| panic!("{e}: {source}"))
}

pub(crate) fn run(script: &Script, port: u8, bytes: &[u8]) -> Result<Output, RunError> {
    script.run(&Uplink { port, bytes, time: time(), recv_time: None })
}

/// The data that a decoder with this source gives for the bytes 1, 2, 3 on port 7.
pub(crate) fn data(source: &str) -> Value {
    run(&compile(source), 7, &[1, 2, 3]).unwrap_or_else(|e| panic!("{e}: {source}")).data
}

/// The value of an expression inside `decodeUplink(input)`, after some statements.
pub(crate) fn value(body: &str) -> Value {
    data(&format!("function decodeUplink(input) {{ {body} }}")).get("v").cloned().unwrap_or(Value::Null)
}

/// Why `decodeUplink` with this body gives no answer.
pub(crate) fn failure(body: &str) -> RunError {
    let source = format!("function decodeUplink(input) {{ {body} }}");
    match run(&compile(&source), 7, &[1, 2, 3]) {
        Err(e) => e,
        Ok(output) => panic!("{source} answered {output:?}"),
    }
}
