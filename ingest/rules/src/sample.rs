//! What is remembered of a reading: as much as a condition may ask of it, and no more.

use std::cmp::Ordering;

use schemas::{Flaw, Grade, Quantity, Reading, Timestamp};

/// A reading without its device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// When it was so.
    pub(crate) observed: Timestamp,
    /// When it was heard.
    pub(crate) received: Timestamp,
    /// In the quantity's unit.
    pub(crate) value: f64,
    pub(crate) quantity: Quantity,
    pub(crate) channel: u8,
    /// Its grade is bad: no value is judged by it.
    pub(crate) bad: bool,
    /// It repeats what was known, such as a retained copy after a reconnect: no sign of life.
    pub(crate) stale: bool,
    /// The median of what the others of its kind and zone had said, where a rule asks for it and there were enough.
    pub(crate) peers: Option<f64>,
}

impl Sample {
    pub(crate) fn of(reading: &Reading) -> Self {
        Self {
            observed: reading.observed_at,
            received: reading.received_at,
            value: reading.value,
            quantity: reading.series.quantity,
            channel: reading.series.channel,
            bad: reading.quality.grade() == Grade::Bad,
            stale: reading.quality.has(Flaw::Stale),
            peers: None,
        }
    }

    /// The order in which a device's readings are judged, whatever the order in which they came.
    pub(crate) fn key(&self) -> (Timestamp, Quantity, u8) {
        (self.observed, self.quantity, self.channel)
    }

    /// Whether this and not `other` is the reading of their series and instant. A new measurement wins over a
    /// repetition, then the one heard last; the value decides between two heard at once, so that the order in which
    /// they are judged never does.
    pub(crate) fn supersedes(&self, other: &Self) -> bool {
        let rank = |s: &Self| (!s.stale, s.received, s.bad);
        rank(self).cmp(&rank(other)).then(self.value.total_cmp(&other.value)) == Ordering::Greater
    }
}
