//! The specification in code: what every store must answer, by the shortest way that is obviously
//! right. For tests, and for a demonstration that keeps nothing.
//!
//! Deliberately absent: speed, bounds, a disk.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ports::{Appended, BoxFuture, Caps, Points, Query, Selector, Shape, Store, StoreError, StoreGauges, storable};
use schemas::{DeviceId, Grade, Partial, Reading, SeriesKey, Timestamp};

/// A series in the order of answers.
type Name = (DeviceId, &'static str, u8);

/// The in-memory store.
#[derive(Debug, Default)]
pub struct Memory {
    series: Mutex<BTreeMap<Name, BTreeMap<Timestamp, Reading>>>,
}

fn name(key: &SeriesKey) -> Name {
    (key.device.clone(), key.quantity.name(), key.channel)
}

impl Memory {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<Name, BTreeMap<Timestamp, Reading>>> {
        // The maps are whole after every statement that can panic.
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append_now(&self, batch: &[Reading]) -> Result<Appended, StoreError> {
        storable(batch)?;
        let mut series = self.locked();
        let mut new = Vec::with_capacity(batch.len());
        for reading in batch {
            let times = series.entry(name(&reading.series)).or_default();
            // A repeat changes nothing: the first time that we heard it stays.
            let repeat =
                times.get(&reading.observed_at).is_some_and(|old| old.value == reading.value && old.quality == reading.quality);
            if !repeat {
                times.insert(reading.observed_at, reading.clone());
            }
            new.push(!repeat);
        }
        Ok(Appended { new })
    }

    fn scan_now(&self, query: &Query) -> Points {
        if query.range.is_empty() {
            return match query.shape {
                Shape::Raw => Points::Raw { readings: Vec::new(), more: false },
                Shape::Hourly => Points::Hourly { partials: Vec::new(), more: false },
            };
        }
        let series = self.locked();
        let found = series.values().map(|times| {
            times.range(query.range.clone()).map(|(_, reading)| reading).filter(|r| query.select.takes(r)).collect::<Vec<_>>()
        });
        // Both sorts are stable: within one instant the order of the map stays.
        match query.shape {
            Shape::Raw => {
                let mut readings: Vec<Reading> = found.flatten().cloned().collect();
                readings.sort_by_key(|r| r.observed_at);
                let more = readings.len() > query.limit;
                readings.truncate(query.limit);
                Points::Raw { readings, more }
            }
            Shape::Hourly => {
                let mut partials: Vec<Partial> = found.flat_map(|readings| hours(&readings)).collect();
                partials.sort_by_key(|p| p.start);
                let more = partials.len() > query.limit;
                partials.truncate(query.limit);
                Points::Hourly { partials, more }
            }
        }
    }

    fn latest_now(&self, select: &Selector) -> Vec<Reading> {
        let series = self.locked();
        // The latest of the series first, the selector second: a device that has moved away is not
        // in its old zone any more.
        series.values().filter_map(|times| times.values().next_back()).filter(|r| select.takes(r)).cloned().collect()
    }

    fn forget_now(&self, select: &Selector, range: &Range<Timestamp>) -> u64 {
        let mut removed = 0;
        let mut series = self.locked();
        for times in series.values_mut() {
            times.retain(|at, reading| {
                let goes = range.contains(at) && select.takes(reading);
                removed += u64::from(goes);
                !goes
            });
        }
        series.retain(|_, times| !times.is_empty());
        removed
    }
}

/// The partials of one series, whose readings come in order of time.
fn hours(readings: &[&Reading]) -> Vec<Partial> {
    let judged: Vec<&&Reading> = readings.iter().filter(|r| r.quality.grade() != Grade::Bad).collect();
    judged
        .chunk_by(|a, b| a.observed_at.hour() == b.observed_at.hour())
        .map(|hour| Partial {
            series: hour[0].series.clone(),
            start: hour[0].observed_at.hour(),
            count: hour.len() as u64,
            sum: hour.iter().map(|r| r.value).sum(),
            min: hour.iter().map(|r| r.value).fold(f64::INFINITY, f64::min),
            max: hour.iter().map(|r| r.value).fold(f64::NEG_INFINITY, f64::max),
            first: hour[0].value,
            last: hour[hour.len() - 1].value,
        })
        .collect()
}

impl Store for Memory {
    fn append<'a>(&'a self, batch: &'a [Reading]) -> BoxFuture<'a, Result<Appended, StoreError>> {
        Box::pin(async move { self.append_now(batch) })
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn scan<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Points, StoreError>> {
        Box::pin(async move { Ok(self.scan_now(query)) })
    }

    fn latest<'a>(&'a self, select: &'a Selector) -> BoxFuture<'a, Result<Vec<Reading>, StoreError>> {
        Box::pin(async move { Ok(self.latest_now(select)) })
    }

    fn forget<'a>(&'a self, select: &'a Selector, range: Range<Timestamp>) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move { Ok(self.forget_now(select, &range)) })
    }

    fn caps(&self) -> Caps {
        Caps { exact_duplicates: true, visible_at_once: true, forget_range: true, outlives_program: false, rounds: false }
    }

    fn gauges(&self) -> StoreGauges {
        let series = self.locked();
        let readings = series.values().map(|times| times.len() as u64).sum();
        StoreGauges { kind: "memory", series: series.len() as u64, unflushed: readings, flushed: 0, bytes: 0 }
    }
}
