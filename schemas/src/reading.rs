//! One value at one instant, in canonical form, and what an hour of them comes to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DeviceId, Kind, Quality, Quantity, Timestamp, Zone};

/// What is measured by whom: device x quantity x channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct SeriesKey {
    /// The thing that sends.
    pub device: DeviceId,
    /// What is measured; its unit is that of the vocabulary.
    pub quantity: Quantity,
    /// Which of several sensors for the same quantity; 0 where there is one.
    #[serde(default)]
    pub channel: u8,
}

/// One value at one instant. A raw value is never overwritten in place: a correction is a new
/// reading with the same series and `observed_at`, and the one journaled last wins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reading {
    /// What is measured by whom.
    #[serde(flatten)]
    pub series: SeriesKey,
    /// The device's kind, when it was observed: decides partition and retention.
    pub kind: Kind,
    /// Where the device was, when it was observed.
    pub zone: Zone,
    /// In the quantity's canonical unit; finite, |value| < 1e12. Booleans are 0 and 1.
    #[schemars(extend("exclusiveMinimum" = -Self::VALUE_LIMIT, "exclusiveMaximum" = Self::VALUE_LIMIT))]
    pub value: f64,
    /// When it was so (*phenomenonTime*): the device's own time, if plausible, else the network
    /// server's, else ours.
    pub observed_at: Timestamp,
    /// When we heard (*resultTime*).
    pub received_at: Timestamp,
    /// How far it can be believed.
    pub quality: Quality,
}

impl Reading {
    /// The bound of a storable value: what every store of the house can hold exactly enough.
    pub const VALUE_LIMIT: f64 = 1e12;
}

/// What the readings of one series in one UTC hour come to. Bad readings are not counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Partial {
    /// What is measured by whom.
    #[serde(flatten)]
    pub series: SeriesKey,
    /// The start of the hour; the window is `[start, start + 1 h)`.
    pub start: Timestamp,
    /// How many readings, at least 1.
    #[schemars(range(min = 1))]
    pub count: u64,
    /// Their sum, in the quantity's unit.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The value observed first.
    pub first: f64,
    /// The value observed last.
    pub last: f64,
}

impl Partial {
    /// The arithmetic mean.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "an hour holds far fewer than 2^53 readings")]
    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }
}
