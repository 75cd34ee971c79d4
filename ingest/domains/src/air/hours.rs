//! The hourly values of one pollutant at one station: one slot an hour, empty where too little was heard.

use std::collections::BTreeMap;

use schemas::{Grade, HOUR, Partial, Reading, Timestamp};

use crate::time::LocalDay;

/// A series has at most this many hours: ten years and the days around them.
const HOURS_LIMIT: usize = 88_000;

/// Why a series cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SeriesError {
    /// It does not begin on a full UTC hour.
    #[error("a series of hours begins at {0}, expected a full utc hour")]
    NotAnHour(Timestamp),
    /// Too long.
    #[error("a series has {0} hours, expected at most {HOURS_LIMIT}")]
    TooLong(usize),
}

/// Hourly means, by the start of the UTC hour, without gaps in time: an hour that is not valid is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct HourlySeries {
    start: Timestamp,
    values: Vec<Option<f64>>,
}

impl HourlySeries {
    /// From values, one an hour from `start` on. What is not a finite number becomes empty.
    ///
    /// # Errors
    /// `start` is not a full hour, or there are more than ten years of values.
    pub fn new(start: Timestamp, mut values: Vec<Option<f64>>) -> Result<Self, SeriesError> {
        if start.hour() != start {
            return Err(SeriesError::NotAnHour(start));
        }
        if values.len() > HOURS_LIMIT {
            return Err(SeriesError::TooLong(values.len()));
        }
        for value in &mut values {
            *value = value.filter(|v| v.is_finite());
        }
        Ok(Self { start, values })
    }

    fn empty(start: Timestamp, end: Timestamp) -> Result<Self, SeriesError> {
        let hours = usize::try_from((end.millis() - start.millis()) / HOUR).unwrap_or(0);
        if hours > HOURS_LIMIT {
            return Err(SeriesError::TooLong(hours));
        }
        Self::new(start, vec![None; hours])
    }

    /// From UTC-hour partials within `[start, end)`. An hour is valid if it has at least `share` of the
    /// `expected` readings (45 of 60, 3 of 4). Partials outside are left out; their order does not matter.
    ///
    /// # Errors
    /// As [`HourlySeries::new`].
    pub fn from_partials(
        start: Timestamp,
        end: Timestamp,
        partials: &[Partial],
        expected: u32,
        share: f64,
    ) -> Result<Self, SeriesError> {
        let mut series = Self::empty(start, end)?;
        for partial in partials {
            if let Some(slot) = series.slot(partial.start).and_then(|slot| series.values.get_mut(slot)) {
                let valid = partial.count as f64 >= share * f64::from(expected);
                *slot = valid.then(|| partial.sum / partial.count as f64).filter(|v| v.is_finite());
            }
        }
        Ok(series)
    }

    /// From the readings of one series within `[start, end)`, in any order. Bad ones are left out; of two
    /// for the same instant the one received last holds, as in every store.
    ///
    /// # Errors
    /// As [`HourlySeries::new`].
    pub fn from_readings(
        start: Timestamp,
        end: Timestamp,
        readings: &[Reading],
        expected: u32,
        share: f64,
    ) -> Result<Self, SeriesError> {
        let mut series = Self::empty(start, end)?;
        let mut last: BTreeMap<Timestamp, &Reading> = BTreeMap::new();
        for reading in readings {
            let kept = last.entry(reading.observed_at).or_insert(reading);
            if reading.received_at >= kept.received_at {
                *kept = reading;
            }
        }
        let mut hours: BTreeMap<usize, (u64, f64)> = BTreeMap::new();
        // In order of time: a sum of floats depends on its order, and the order of arrival is chance.
        for (at, reading) in last {
            if let Some(slot) = series.slot(at).filter(|_| reading.quality.grade() != Grade::Bad) {
                let hour = hours.entry(slot).or_default();
                hour.0 += 1;
                hour.1 += reading.value;
            }
        }
        for (slot, (count, sum)) in hours {
            if let Some(value) = series.values.get_mut(slot).filter(|_| count as f64 >= share * f64::from(expected)) {
                *value = Some(sum / count as f64).filter(|v| v.is_finite());
            }
        }
        Ok(series)
    }

    /// The start of the first hour.
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The values, one an hour.
    #[must_use]
    pub fn values(&self) -> &[Option<f64>] {
        &self.values
    }

    /// The value of the hour that holds an instant; empty outside the series.
    #[must_use]
    pub fn at(&self, at: Timestamp) -> Option<f64> {
        self.values.get(self.slot(at)?).copied().flatten()
    }

    /// So many hours up to the one that starts at `last`, newest first: what a NowCast takes.
    pub fn newest_first(&self, last: Timestamp, hours: u16) -> impl Iterator<Item = Option<f64>> + '_ {
        (0..i64::from(hours)).map(move |hour| self.at(Timestamp::clamped(last.millis() - hour * HOUR)))
    }

    /// The hours of a local day, in order: as many as the day has, empty where the series has none.
    pub fn of_day(&self, day: LocalDay) -> impl Iterator<Item = Option<f64>> + '_ {
        (0..day.hours()).map(move |hour| self.at(Timestamp::clamped(day.start.millis() + hour as i64 * HOUR)))
    }

    /// The same without the hours for which `keep` says no.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(usize) -> bool) -> Self {
        let values = self.values.iter().enumerate().map(|(i, value)| value.filter(|_| keep(i))).collect();
        Self { start: self.start, values }
    }

    fn slot(&self, at: Timestamp) -> Option<usize> {
        usize::try_from((at.millis() - self.start.millis()).div_euclid(HOUR)).ok()
    }
}
