//! Months of the city with their labels: what each device said, when it was heard, and what was true.
//!
//! The models are those of the domain notes, section 8: how bins fill and are collected, how long cars stay, how people draw
//! water, and what goes wrong on the way (noise, false echoes, lost and late messages, stuck and silent sensors). One
//! device is made at a time, and each is a function of seed and number: whoever judges a thousand of them keeps one in memory.
//!
//! Deliberately absent: bytes (`City` speaks the formats), what is found again (whoever asks, judges), and the calendar itself:
//! which days are Ramadan or a feast is an argument.

mod bays;
mod bins;
mod meters;
mod stations;

use schemas::Timestamp;

pub use bays::{BaySeason, SensorTruth};
pub use bins::BinSeason;
pub use meters::{MeterSeason, Trouble, TroubleKind};
pub use stations::{StationHour, StationSeason};

use crate::chance::Chance;
use crate::physics::{DAY, HOUR};

/// Messages that are lost, and that come late, by chance (DOMAIN 8, transport faults).
const LOST: f64 = 0.01;
const LATE: f64 = 0.02;

/// One day, as the calendar has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeasonDay {
    /// How much more waste than on an ordinary day is made.
    pub waste: f64,
    /// Which day of Ramadan it is, from 1.
    pub ramadan: Option<u8>,
}

impl SeasonDay {
    /// A day like most.
    pub const ORDINARY: SeasonDay = SeasonDay { waste: 1.0, ramadan: None };
}

/// One value that a device said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Said<T> {
    /// When it was so.
    pub at: Timestamp,
    /// When it was heard: soon, or hours later.
    pub heard: Timestamp,
    /// What.
    pub value: T,
}

/// Some days of the city. The same seed, start and calendar give the same devices, always.
#[derive(Clone, Debug)]
pub struct Season {
    luck: Chance,
    /// ms, a midnight.
    start: i64,
    days: Vec<SeasonDay>,
}

impl Season {
    /// From the midnight (UTC, which is the city's time since September 2026) at or before `start`, a day of the calendar
    /// each.
    #[must_use]
    pub fn new(seed: u64, start: Timestamp, days: Vec<SeasonDay>) -> Self {
        Self { luck: Chance::new(seed).branch(90), start: start.millis().div_euclid(DAY) * DAY, days }
    }

    /// Its first instant.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        Timestamp::clamped(self.start)
    }

    /// The first instant after it.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        Timestamp::clamped(self.end_ms())
    }

    fn end_ms(&self) -> i64 {
        self.start + i64::try_from(self.days.len()).unwrap_or(0) * DAY
    }

    /// The day that holds an instant.
    fn day(&self, at: i64) -> SeasonDay {
        let day = usize::try_from((at - self.start).div_euclid(DAY)).ok();
        day.and_then(|day| self.days.get(day)).copied().unwrap_or(SeasonDay::ORDINARY)
    }

    /// The luck of the `n`th device of a kind.
    fn device(&self, kind: i64, n: u32) -> Chance {
        self.luck.branch(kind).branch(i64::from(n))
    }
}

/// When a message of this luck is heard; none if it is lost. 2 in 100 are one to 48 hours late.
fn heard(luck: Chance, at: i64) -> Option<Timestamp> {
    if luck.branch(1).unit() < LOST {
        return None;
    }
    let late = luck.branch(2).unit() < LATE;
    let delay = if late { whole(luck.branch(3).between(1.0, 48.0) * in_ms(HOUR)) } else { 2_000 };
    Some(Timestamp::clamped(at + delay))
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds of days")]
fn whole(ms: f64) -> i64 {
    ms as i64
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of days")]
fn in_ms(ms: i64) -> f64 {
    ms as f64
}
