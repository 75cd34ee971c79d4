//! One order for what a device says within one millisecond: each of its messages is heard in a millisecond of its own.
//!
//! A store and an export know when a reading was heard to the millisecond, and no finer order. Of two messages of one device
//! the one that stands later in the journal is heard later by a millisecond at least: so a back-test judges them in the order
//! in which they were judged, and of two that say something of one instant the later one stands. The message is kept as it
//! came.
//!
//! Deliberately absent: the order between devices.

use std::time::Duration;

use rustc_hash::FxHashMap;
use schemas::{DeviceId, Reading, Timestamp};

/// A message is heard at most so much later than it came: where a clock was set back, the clock is believed.
pub const APART: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

/// Whom the last messages were of. Nothing is remembered that the next message cannot meet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Heard {
    /// Which message was the last of a device, and when it was heard.
    devices: FxHashMap<DeviceId, (u64, Timestamp)>,
    newest: Timestamp,
    messages: u64,
}

impl Heard {
    /// The readings of the next message, in the order of the journal.
    pub(crate) fn tell_apart(&mut self, readings: &mut [Reading]) {
        let Some(came) = readings.first().map(|r| r.received_at) else { return };
        if came > self.newest || self.newest.since(came) > APART {
            self.devices.clear();
            self.newest = came;
        }
        self.messages += 1;
        for reading in readings {
            reading.received_at = match self.devices.get_mut(&reading.series.device) {
                Some((message, at)) if *message == self.messages => *at,
                Some((message, at)) => {
                    let apart = at.plus(MILLISECOND).max(came);
                    (*message, *at) = (self.messages, if apart.since(came) > APART { came } else { apart });
                    *at
                }
                None => {
                    self.devices.insert(reading.series.device.clone(), (self.messages, came));
                    came
                }
            };
            self.newest = self.newest.max(reading.received_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use schemas::{Kind, Quality, Quantity, SeriesKey, Zone};

    use super::*;

    fn message(devices: &[&str], came: i64) -> Vec<Reading> {
        let reading = |device: &&str| Reading {
            series: SeriesKey { device: device.parse().expect("a name"), quantity: Quantity::WASTE_FILL, channel: 0 },
            kind: Kind::WASTE,
            zone: Zone::new("anfa").expect("a name"),
            value: 1.0,
            observed_at: Timestamp::clamped(1_000),
            received_at: Timestamp::clamped(came),
            quality: Quality::GOOD,
        };
        devices.iter().map(reading).collect()
    }

    fn heard(messages: &[(&[&str], i64)]) -> Vec<Vec<i64>> {
        let mut heard = Heard::default();
        let told = messages.iter().map(|(devices, came)| {
            let mut readings = message(devices, *came);
            heard.tell_apart(&mut readings);
            readings.iter().map(|r| r.received_at.millis()).collect()
        });
        told.collect()
    }

    #[test]
    fn each_message_of_a_device_is_heard_in_a_millisecond_of_its_own() {
        let told = heard(&[(&["a", "b", "a"], 10), (&["a"], 10), (&["b", "c"], 10), (&["a"], 11), (&["b"], 12), (&["a"], 20)]);
        assert_eq!(told, [vec![10, 10, 10], vec![11], vec![11, 10], vec![12], vec![12], vec![20]]);
    }

    #[test]
    fn a_clock_that_was_set_back_is_believed() {
        let told = heard(&[(&["a"], 100_000), (&["a"], 10), (&["a"], 10), (&["a"], 9)]);
        assert_eq!(told, [[100_000], [10], [11], [12]]);
    }

    #[test]
    fn of_devices_that_were_heard_before_nothing_is_kept() {
        let mut heard = Heard::default();
        for came in 0..1_000 {
            heard.tell_apart(&mut message(&[&format!("d{came}")], came));
        }
        assert_eq!(heard.devices.len(), 1);
    }

    const RULES: &str = r#"
[[rule]]
id = "full"
severity = "warning"
notify = ["log"]
texts = { fr = "F {device}", ar = "A {device}", en = "E {device}" }
when = { quantity = "waste.fill" }
threshold = { at_least = 50, clear = 50 }
"#;

    fn judged(engine: &mut rules::Engine, readings: &[Reading], said: &mut Vec<schemas::Transition>) {
        for reading in rules::in_order(readings) {
            engine.hear(reading, said);
        }
    }

    /// Numbers that are the same on any machine (Knuth, MMIX).
    fn dice(state: &mut u64, sides: u64) -> u64 {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % sides
    }

    #[test]
    fn however_messages_of_one_millisecond_fall_into_batches_a_back_test_says_of_each_device_what_the_log_says() {
        let rules = std::sync::Arc::new(rules::RuleSet::parse(&[("rules.toml", RULES)]).unwrap());
        let mut corrected = 0;
        for seed in 0..300u64 {
            let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
            let (mut heard, mut all, mut came) = (Heard::default(), Vec::new(), 1_800_000_000_000_i64);
            let (mut live, mut log, mut batch) = (rules::Engine::new(std::sync::Arc::clone(&rules)), Vec::new(), Vec::new());
            for _ in 0..40 {
                came += i64::from(dice(&mut state, 4) == 0);
                let device = if dice(&mut state, 3) == 0 { "b" } else { "a" };
                let mut readings = message(&[device, device], came);
                for reading in &mut readings {
                    let ago = std::time::Duration::from_secs(900 * dice(&mut state, 50));
                    (reading.observed_at, reading.value) = (Timestamp::clamped(came).minus(ago), dice(&mut state, 100) as f64);
                }
                heard.tell_apart(&mut readings);
                batch.extend(readings);
                if dice(&mut state, 3) == 0 {
                    judged(&mut live, &batch, &mut log);
                    all.append(&mut batch);
                }
            }
            judged(&mut live, &batch, &mut log);
            all.append(&mut batch);
            let (mut past, mut played) = (rules::Engine::new(std::sync::Arc::clone(&rules)), Vec::new());
            judged(&mut past, &all, &mut played);
            for device in ["a", "b"] {
                let of = |said: &[schemas::Transition]| -> Vec<_> {
                    said.iter().filter(|t| t.series.device.as_str() == device).cloned().collect()
                };
                assert_eq!(of(&log), of(&played), "seed {seed}");
            }
            corrected += log.iter().filter(|t| t.note.is_some()).count();
        }
        assert!(corrected > 1_000, "{corrected}");
    }
}
