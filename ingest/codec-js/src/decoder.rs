//! A script as the decoder of a profile: what it answers, or why the message waits.

use std::sync::Arc;

use codec::{Reason, Reject};
use schemas::Timestamp;
use serde_json::Value;

use crate::script::{Script, Uplink};

/// Texts of a script's own errors that are repeated, in characters.
const REPEATED: usize = 200;

impl codec::Script for Script {
    fn run(&self, port: u8, bytes: &[u8], now: Timestamp) -> Result<Value, Reject> {
        let failed = |text: String| Reject::new(Reason::ScriptFailed, format!("{}: {text}", self.name()));
        let uplink = Uplink { port, bytes, time: now, recv_time: None };
        let output = Script::run(self, &uplink).map_err(|error| failed(error.to_string()))?;
        match &output.errors {
            Value::Array(errors) if !errors.is_empty() => {
                let text: String = output.errors.to_string().chars().take(REPEATED).collect();
                Err(failed(format!("the script reports errors: {text}")))
            }
            _ => Ok(output.data),
        }
    }
}

/// A script ready for a profile. `name` stands in its errors.
///
/// # Errors
/// Not JavaScript: line, column and what the engine says.
pub fn decoder(name: &str, source: &str) -> Result<Arc<dyn codec::Script>, String> {
    Script::compile(name, source).map(|script| Arc::new(script) as Arc<dyn codec::Script>).map_err(|error| error.to_string())
}
