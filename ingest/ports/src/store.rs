//! Where readings are kept.

use std::ops::Range;
use std::time::Duration;

use futures_util::future::BoxFuture;
use schemas::{DeviceId, Kind, Partial, Quantity, Reading, Timestamp, Zone};
use serde::Serialize;

use crate::{Fate, Fated};

/// Which series. Empty lists and `None` mean all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    /// Only devices of this kind.
    pub kind: Option<Kind>,
    /// Only readings observed while the device was in this zone.
    pub zone: Option<Zone>,
    /// Only these devices.
    pub devices: Vec<DeviceId>,
    /// Only these quantities.
    pub quantities: Vec<Quantity>,
}

impl Selector {
    /// Whether a reading belongs.
    #[must_use]
    pub fn takes(&self, reading: &Reading) -> bool {
        self.kind.is_none_or(|k| k == reading.kind)
            && self.zone.as_ref().is_none_or(|z| *z == reading.zone)
            && (self.devices.is_empty() || self.devices.contains(&reading.series.device))
            && (self.quantities.is_empty() || self.quantities.contains(&reading.series.quantity))
    }
}

/// What a scan gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Readings as they are, bad ones too.
    Raw,
    /// UTC-hour partials of readings that are not bad; empty hours are absent. The range of the
    /// query is aligned to hours by the caller.
    Hourly,
}

/// A question to the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Which series.
    pub select: Selector,
    /// Observed in `[start, end)`.
    pub range: Range<Timestamp>,
    /// What comes back.
    pub shape: Shape,
    /// At most this many points; the earliest are given, [`Points::more`] says that there are more.
    pub limit: usize,
}

/// An answer, ordered by (time, device, quantity name, channel). Its `more` flag says that the
/// limit cut it: ask again from the time of the last point (points of that very instant repeat).
#[derive(Clone, Debug, PartialEq)]
pub enum Points {
    /// For [`Shape::Raw`].
    Raw {
        /// In order of `observed_at`.
        readings: Vec<Reading>,
        /// The limit cut the answer.
        more: bool,
    },
    /// For [`Shape::Hourly`].
    Hourly {
        /// In order of `start`.
        partials: Vec<Partial>,
        /// The limit cut the answer.
        more: bool,
    },
}

impl Points {
    /// How many points.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Points::Raw { readings, .. } => readings.len(),
            Points::Hourly { partials, .. } => partials.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the limit cut the answer.
    #[must_use]
    pub fn more(&self) -> bool {
        match self {
            Points::Raw { more, .. } | Points::Hourly { more, .. } => *more,
        }
    }
}

/// What became of a batch, reading by reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// One flag a reading, in the order of the batch: true where the reading was new or corrected
    /// another, false where the same series, instant, value and quality was there already.
    pub new: Vec<bool>,
}

/// Where a store differs from the specification (the in-memory store).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Caps {
    /// `append` tells exactly which readings were there already.
    pub exact_duplicates: bool,
    /// What was appended is seen by the next scan.
    pub visible_at_once: bool,
    /// `forget` can cut a range out of a series.
    pub forget_range: bool,
    /// What was appended outlives this program from then on, before any flush: another program has it.
    pub outlives_program: bool,
    /// Values come back [`quantised`], not to the bit.
    pub rounds: bool,
}

impl Caps {
    /// What becomes of a value.
    #[must_use]
    pub fn kept(&self, value: f64) -> f64 {
        if self.rounds { quantised(value) } else { value }
    }
}

/// A value to a millionth, and to twelve significant digits: what engines that count in powers of ten hold exactly. No
/// sensor of a city says more.
#[must_use]
pub fn quantised(value: f64) -> f64 {
    // By way of its decimal digits, which is how such an engine takes it too.
    let millionth = format!("{value:.6}").parse().unwrap_or(value);
    let twelve: f64 = format!("{millionth:.11e}").parse().unwrap_or(millionth);
    // Nothing has no sign.
    if twelve == 0.0 { 0.0 } else { twelve }
}

/// What a part of rolling up came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RolledUp {
    /// Hours of series that were written.
    pub hours: u64,
    /// More is to be done now.
    pub more: bool,
}

/// Numbers for people and `/metrics`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StoreGauges {
    /// Which store: `embedded`, `memory`, `influx`.
    pub kind: &'static str,
    /// Series known.
    pub series: u64,
    /// Readings that are not flushed yet.
    pub unflushed: u64,
    /// Readings on disk; of a server, those that this program has put there since it began.
    pub flushed: u64,
    /// Bytes on disk; 0 where they are a server's.
    pub bytes: u64,
}

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Away, busy, or its disk is full: later it may work.
    #[error("the store cannot be used now: {0}")]
    Unavailable(String),
    /// It asks for a pause.
    #[error("the store asks to wait {} s: {why}", after.as_secs())]
    Busy {
        /// Its words.
        why: String,
        /// Not sooner than after this.
        after: Duration,
    },
    /// It does not let us in, or what we write to is not there: a person must act. Nothing is wrong with
    /// the readings, so they wait where they are.
    #[error("the store does not let us in: {0}")]
    Denied(String),
    /// This batch will never be taken.
    #[error("the store refused the batch: {0}")]
    Refused(String),
    /// What is on disk is not what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
}

impl Fated for StoreError {
    fn fate(&self) -> Fate {
        match self {
            StoreError::Unavailable(_) => Fate::Retry { after: None },
            StoreError::Busy { after, .. } => Fate::Retry { after: Some(*after) },
            StoreError::Denied(_) => Fate::Retry { after: Some(DENIED_AGAIN) },
            StoreError::Refused(_) => Fate::Quarantine,
            StoreError::Damaged(_) => Fate::Stop,
        }
    }
}

/// How long a store that does not let us in is left alone: what is wrong there is mended by a person.
const DENIED_AGAIN: Duration = Duration::from_secs(30);

/// Refuses values that no store of the house can hold.
///
/// # Errors
/// [`StoreError::Refused`], naming the first.
pub fn storable(batch: &[Reading]) -> Result<(), StoreError> {
    let fits = |r: &&Reading| r.value.is_finite() && r.value.abs() < Reading::VALUE_LIMIT;
    match batch.iter().find(|r| !fits(r)) {
        None => Ok(()),
        Some(bad) => Err(StoreError::Refused(format!(
            "{} of {} at {} is {}, expected a finite value below {:e}",
            bad.series.quantity,
            bad.series.device,
            bad.observed_at,
            bad.value,
            Reading::VALUE_LIMIT
        ))),
    }
}

/// A time-series store.
pub trait Store: Send + Sync + 'static {
    /// Takes readings. Idempotent: (series, `observed_at`) is the key, and of two readings with one
    /// key the one appended last wins. Visible to the next scan, durable only after [`Store::flush`].
    ///
    /// # Errors
    /// All or nothing: after an error none of the batch is promised, and it may be appended again.
    fn append<'a>(&'a self, batch: &'a [Reading]) -> BoxFuture<'a, Result<Appended, StoreError>>;

    /// Everything appended before the call survives power loss after it; only then may the
    /// historian's cursor move.
    ///
    /// # Errors
    /// Nothing new is promised, and nothing is forgotten: it may be called again.
    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Readings or hour partials.
    ///
    /// # Errors
    /// As [`StoreError`] says.
    fn scan<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Points, StoreError>>;

    /// The reading with the latest `observed_at` of each series, ordered by device, quantity name
    /// and channel.
    ///
    /// # Errors
    /// As [`StoreError`] says.
    fn latest<'a>(&'a self, select: &'a Selector) -> BoxFuture<'a, Result<Vec<Reading>, StoreError>>;

    /// Removes what was observed in the range, for retention and erasure; the number of readings
    /// removed, at least.
    ///
    /// # Errors
    /// As [`StoreError`] says; some of it may be gone already.
    fn forget<'a>(&'a self, select: &'a Selector, range: Range<Timestamp>) -> BoxFuture<'a, Result<u64, StoreError>>;

    /// Puts by what whole hours come to as of `now`, where that makes later questions by the hour quicker; a bounded part of
    /// it each time. It changes no answer. Most stores have nothing to do.
    ///
    /// # Errors
    /// As [`StoreError`] says; what was not done is done the next time.
    fn roll_up(&self, now: Timestamp) -> BoxFuture<'_, Result<RolledUp, StoreError>> {
        let _ = now;
        Box::pin(async { Ok(RolledUp::default()) })
    }

    /// Where it differs from the specification.
    fn caps(&self) -> Caps;

    /// How full it is.
    fn gauges(&self) -> StoreGauges;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_rounded_to_what_engines_of_powers_of_ten_hold() {
        for (value, expected) in [
            (72.5, 72.5),
            (0.1 + 0.2, 0.3),
            (f64::from(21.7f32), 21.700001),
            (123_456_789_012.345_67, 123_456_789_012.0),
            (-1e-9, 0.0),
            (-0.0, 0.0),
            (999_999_999_999.0, 999_999_999_999.0),
        ] {
            assert_eq!(quantised(value).to_bits(), f64::to_bits(expected), "{value}");
            assert_eq!(quantised(quantised(value)).to_bits(), quantised(value).to_bits(), "{value}");
        }
    }
}
