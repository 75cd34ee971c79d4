//! Whether a device's clock is right, from when it says that it measured and when we heard.

use schemars::JsonSchema;
use schemas::Timestamp;
use serde::Serialize;

use super::ClockSettings;
use crate::{Finding, Lack, median};

/// How far a clock is off.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct ClockSkew {
    /// Seconds by which the device's clock is behind ours, the way of the message included; negative if it is ahead.
    pub behind_s: f64,
    /// Off by more than the settings allow.
    pub wrong: bool,
}

/// How far a device's clock is off: the median of received less stated, over messages that were sent as they were
/// measured. Messages from a device's memory come late by themselves and do not belong here.
#[must_use]
pub fn clock_skew(messages: &[(Timestamp, Timestamp)], settings: &ClockSettings) -> Finding<ClockSkew> {
    let needed = settings.least_messages.get() as usize;
    let seconds: Vec<f64> = messages.iter().map(|(said, heard)| (heard.millis() - said.millis()) as f64 / 1e3).collect();
    match median(&seconds) {
        Some(behind_s) if seconds.len() >= needed => {
            Finding::Value(ClockSkew { behind_s, wrong: behind_s.abs() > settings.tolerance_s.get() })
        }
        _ => Finding::Insufficient(Lack::Capture { valid: seconds.len(), needed, expected: needed }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::HealthSettings;

    #[test]
    fn one_message_that_was_long_on_its_way_does_not_make_a_wrong_clock() {
        let settings = HealthSettings::shipped().clock;
        let at = Timestamp::clamped;
        let mut messages: Vec<_> = (0..20).map(|i| (at(i * 900_000), at(i * 900_000 + 2_000))).collect();
        messages.push((at(0), at(90_000_000)));
        let found = clock_skew(&messages, &settings).value().unwrap();
        assert!(!found.wrong && (found.behind_s - 2.0).abs() < 1e-9);
        let ahead: Vec<_> = (1..20).map(|i| (at(i * 900_000 + 600_000), at(i * 900_000))).collect();
        assert!(clock_skew(&ahead, &settings).value().is_some_and(|s| s.wrong && s.behind_s < 0.0));
    }
}
