//! What must come of a scenario, as it says: alerts, flaws, reasons, and what a platform must doubt of sensors.
//!
//! Deliberately absent: what must come of every scenario, which is compared without being said, and the comparison itself.

use std::time::Duration;

use schemas::{DeviceId, Kind, RuleId};
use serde::Deserialize;

use crate::fault::FaultName;

/// What must come of a scenario.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Alerts that must fire.
    #[serde(default, rename = "alert")]
    pub alerts: Vec<ExpectedAlert>,
    /// How often rules may fire in all.
    #[serde(default, rename = "fires")]
    pub fires: Vec<ExpectedCount>,
    /// Flaws that must be found at least once; that each stands exactly where it must is compared always.
    #[serde(default)]
    pub flaws: Vec<String>,
    /// Doubts that the platform must tell of its devices.
    #[serde(default, rename = "doubted")]
    pub doubted: Vec<ExpectedDoubt>,
    /// Reasons for which something must wait in the quarantine; how often is compared always.
    #[serde(default)]
    pub quarantined: Vec<String>,
}

/// What a platform may doubt of a device, by its hours and days and those of its neighbours; no reading by itself carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensorDoubt {
    /// Hours of a station are the very same value.
    Stuck,
    /// Hours of a station are far from those beside them.
    Spike,
    /// Hours of a station are so far below 0 that it is no noise.
    BelowFloor,
    /// Hours of a station are above all that is believed.
    AboveCeiling,
    /// Hours of a station hold more PM2.5 than PM10.
    FineAboveCoarse,
    /// Too little was heard of hours of a station.
    Thin,
    /// What a station said last is the very same value, again and again.
    Repeats,
    /// Day by day a station leaves the others: judged over five weeks.
    Drift,
    /// Nothing has been heard for too long.
    Offline,
    /// Too little was heard.
    Unavailable,
    /// The clock is wrong.
    Clock,
    /// The level of a bin stands while those of its zone move.
    Still,
    /// What is left in a bin after an emptying creeps away.
    Residue,
    /// The last level of a bin is not taken for its level.
    Outlier,
    /// A bay has not been heard.
    BaySilent,
    /// A bay has not changed for a week, while its neighbours have.
    BayStuck,
    /// A bay has not changed, while its neighbours have, for longer than a car is likely to stay.
    BayDoubted,
    /// Of too many bays of the zone nobody knows how they are: how full it is, is little more than a guess.
    LowConfidence,
    /// The index of a meter grew more than can have flowed.
    SuspectSpike,
    /// The index of a meter went past the end of its register.
    Rollover,
    /// The index of a meter went back a little.
    Reverse,
    /// The index of a meter began at 0 again.
    Reset,
    /// The index of a meter is lower, and nothing explains it.
    SuspectDecrease,
    /// Hours of a meter are interpolated over a gap.
    Estimated,
    /// A meter stands still although water was drawn before.
    MeterStill,
}

impl SensorDoubt {
    /// As scenarios name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            SensorDoubt::Stuck => "stuck",
            SensorDoubt::Spike => "spike",
            SensorDoubt::BelowFloor => "below_floor",
            SensorDoubt::AboveCeiling => "above_ceiling",
            SensorDoubt::FineAboveCoarse => "fine_above_coarse",
            SensorDoubt::Thin => "thin",
            SensorDoubt::Repeats => "repeats",
            SensorDoubt::Drift => "drift",
            SensorDoubt::Offline => "offline",
            SensorDoubt::Unavailable => "unavailable",
            SensorDoubt::Clock => "clock",
            SensorDoubt::Still => "still",
            SensorDoubt::Residue => "residue",
            SensorDoubt::Outlier => "outlier",
            SensorDoubt::BaySilent => "bay_silent",
            SensorDoubt::BayStuck => "bay_stuck",
            SensorDoubt::BayDoubted => "bay_doubted",
            SensorDoubt::LowConfidence => "low_confidence",
            SensorDoubt::SuspectSpike => "suspect_spike",
            SensorDoubt::Rollover => "rollover",
            SensorDoubt::Reverse => "reverse",
            SensorDoubt::Reset => "reset",
            SensorDoubt::SuspectDecrease => "suspect_decrease",
            SensorDoubt::Estimated => "estimated",
            SensorDoubt::MeterStill => "meter_still",
        }
    }

    /// Of which kind of device alone it can be said; none: of every kind.
    #[must_use]
    pub const fn kind(self) -> Option<Kind> {
        match self {
            SensorDoubt::Stuck
            | SensorDoubt::Spike
            | SensorDoubt::BelowFloor
            | SensorDoubt::AboveCeiling
            | SensorDoubt::FineAboveCoarse
            | SensorDoubt::Thin
            | SensorDoubt::Repeats
            | SensorDoubt::Drift => Some(Kind::AIR),
            SensorDoubt::Offline | SensorDoubt::Unavailable | SensorDoubt::Clock => None,
            SensorDoubt::Still | SensorDoubt::Residue | SensorDoubt::Outlier => Some(Kind::WASTE),
            SensorDoubt::BaySilent | SensorDoubt::BayStuck | SensorDoubt::BayDoubted | SensorDoubt::LowConfidence => {
                Some(Kind::PARKING)
            }
            SensorDoubt::SuspectSpike
            | SensorDoubt::Rollover
            | SensorDoubt::Reverse
            | SensorDoubt::Reset
            | SensorDoubt::SuspectDecrease
            | SensorDoubt::Estimated
            | SensorDoubt::MeterStill => Some(Kind::WATER),
        }
    }
}

/// How well a doubt must be found.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedDoubt {
    /// Which doubt.
    pub doubt: SensorDoubt,
    /// Of the devices that this fault befell.
    pub fault: FaultName,
    /// At least this part of them, 0 to 1.
    pub found: f64,
    /// And at most this part of the others.
    pub falsely: f64,
    /// Asked as of so long after the start; at the end where it is not given.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub at: Option<Duration>,
}

/// An alert that must fire.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedAlert {
    /// By which rule.
    pub rule: RuleId,
    /// Of which device.
    pub device: DeviceId,
    /// When it is due, after the start.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub at: Duration,
    /// How much later it may be.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub within: Duration,
    /// When it must be over at the latest, after the start.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub over_by: Option<Duration>,
}

/// How often a rule may fire.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedCount {
    /// Which; all rules whose name begins so where it ends with `*`.
    pub rule: String,
    /// At least.
    #[serde(default)]
    pub at_least: usize,
    /// At most.
    pub at_most: Option<usize>,
}

impl ExpectedCount {
    /// Whether a rule counts.
    #[must_use]
    pub fn takes(&self, rule: &RuleId) -> bool {
        match self.rule.strip_suffix('*') {
            Some(begins) => rule.as_str().starts_with(begins),
            None => rule.as_str() == self.rule,
        }
    }
}
