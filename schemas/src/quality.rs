//! How far a reading can be believed, and why not further.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One reason to doubt a reading.
///
/// The discriminant is the bit in [`Quality`] and stands on disk: never renumber, only add.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Flaw {
    /// Outside the quantity's physical range. Bad.
    OutOfRange = 0,
    /// The device says that its sensor failed. Bad.
    SensorFault = 1,
    /// The device marks the value itself as not valid. Bad.
    Invalid = 2,
    /// A counter went backwards without a cause that explains it. Bad.
    CounterDecreased = 3,
    /// Measured before the sensor was warm. Bad.
    WarmingUp = 4,
    /// Tilted, heated or on a low battery: true within wider bounds.
    Degraded = 5,
    /// At the end of what the sensor can measure.
    AtLimit = 6,
    /// Closer than the sensor's dead zone; the value is its best guess.
    Saturated = 7,
    /// The device's clock cannot be right; the time is the network's or ours.
    ClockSuspect = 8,
    /// Heard long after it was observed.
    Late = 9,
    /// The same value for longer than nature allows.
    Stuck = 10,
    /// Far from its neighbours in time.
    Spike = 11,
    /// The unit was not stated and the profile's was taken.
    UnitAssumed = 12,
    /// A counter wrapped round its width.
    Rollover = 13,
    /// The last value is repeated by the device without a new measurement.
    Stale = 14,
}

impl Flaw {
    /// Every flaw, in the order of their bits.
    pub const ALL: [Flaw; 15] = [
        Flaw::OutOfRange,
        Flaw::SensorFault,
        Flaw::Invalid,
        Flaw::CounterDecreased,
        Flaw::WarmingUp,
        Flaw::Degraded,
        Flaw::AtLimit,
        Flaw::Saturated,
        Flaw::ClockSuspect,
        Flaw::Late,
        Flaw::Stuck,
        Flaw::Spike,
        Flaw::UnitAssumed,
        Flaw::Rollover,
        Flaw::Stale,
    ];

    /// The stable code: `out_of_range`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Flaw::OutOfRange => "out_of_range",
            Flaw::SensorFault => "sensor_fault",
            Flaw::Invalid => "invalid",
            Flaw::CounterDecreased => "counter_decreased",
            Flaw::WarmingUp => "warming_up",
            Flaw::Degraded => "degraded",
            Flaw::AtLimit => "at_limit",
            Flaw::Saturated => "saturated",
            Flaw::ClockSuspect => "clock_suspect",
            Flaw::Late => "late",
            Flaw::Stuck => "stuck",
            Flaw::Spike => "spike",
            Flaw::UnitAssumed => "unit_assumed",
            Flaw::Rollover => "rollover",
            Flaw::Stale => "stale",
        }
    }

    /// The flaw with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Flaw> {
        Flaw::ALL.into_iter().find(|f| f.code() == code)
    }

    /// Whether a value with this flaw must not be judged or averaged.
    #[must_use]
    pub const fn is_bad(self) -> bool {
        matches!(self, Flaw::OutOfRange | Flaw::SensorFault | Flaw::Invalid | Flaw::CounterDecreased | Flaw::WarmingUp)
    }

    const fn bit(self) -> u32 {
        1 << self as u8
    }
}

/// What a set of flaws comes to (OPC UA *StatusCode* severity).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// No flaw.
    Good,
    /// Flaws, none of them bad: shown amber, judged and averaged.
    Uncertain,
    /// A bad flaw: kept and shown, never judged or averaged.
    Bad,
}

impl Grade {
    /// `good`, `uncertain` or `bad`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Grade::Good => "good",
            Grade::Uncertain => "uncertain",
            Grade::Bad => "bad",
        }
    }
}

/// A set of flaws; empty is good. Serialised as a list of codes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Quality(u32);

impl Quality {
    /// No flaw.
    pub const GOOD: Quality = Quality(0);

    /// From the bits that stand on disk; bits that no flaw has are dropped.
    #[must_use]
    pub fn from_bits(bits: u32) -> Self {
        let known = Flaw::ALL.iter().fold(0, |all, f| all | f.bit());
        Self(bits & known)
    }

    /// The bits, for storage.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// With one more flaw.
    #[must_use]
    pub const fn with(self, flaw: Flaw) -> Self {
        Self(self.0 | flaw.bit())
    }

    /// With the flaws of both.
    #[must_use]
    pub const fn and(self, other: Quality) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the flaw is there.
    #[must_use]
    pub const fn has(self, flaw: Flaw) -> bool {
        self.0 & flaw.bit() != 0
    }

    /// The flaws, in the order of their bits.
    pub fn flaws(self) -> impl Iterator<Item = Flaw> {
        Flaw::ALL.into_iter().filter(move |f| self.has(*f))
    }

    /// Good, uncertain or bad.
    #[must_use]
    pub fn grade(self) -> Grade {
        if self.0 == 0 {
            Grade::Good
        } else if self.flaws().any(Flaw::is_bad) {
            Grade::Bad
        } else {
            Grade::Uncertain
        }
    }
}

impl From<Flaw> for Quality {
    fn from(flaw: Flaw) -> Self {
        Quality::GOOD.with(flaw)
    }
}

impl Serialize for Quality {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.flaws().map(Flaw::code))
    }
}

impl<'de> Deserialize<'de> for Quality {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let codes = Vec::<std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        codes.iter().try_fold(Quality::GOOD, |quality, code| {
            Flaw::from_code(code)
                .map(|f| quality.with(f))
                .ok_or_else(|| serde::de::Error::custom(format!("`{code}` is not a flaw")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_flaw_gives_the_grade() {
        assert_eq!(Quality::GOOD.grade(), Grade::Good);
        assert_eq!(Quality::from(Flaw::Late).grade(), Grade::Uncertain);
        assert_eq!(Quality::from(Flaw::Late).with(Flaw::SensorFault).grade(), Grade::Bad);
    }

    #[test]
    fn codes_and_bits_read_back() {
        for flaw in Flaw::ALL {
            assert_eq!(Flaw::from_code(flaw.code()), Some(flaw));
            assert!(Quality::from_bits(Quality::from(flaw).bits()).has(flaw));
        }
        assert_eq!(Quality::from_bits(u32::MAX).flaws().count(), Flaw::ALL.len());
    }
}
