//! What was appended lately: the servers show it only some seconds later and may lose it for longer, so it is held here
//! and laid over their answers until a flush has waited for it.

use std::collections::HashMap;

use ports::Selector;
use rustc_hash::FxBuildHasher;
use schemas::{SeriesKey, Timestamp};
use tokio::time::Instant;

use crate::export::Revised;

/// What makes a reading one.
pub(crate) type Key = (SeriesKey, Timestamp);

pub(crate) fn key(revised: &Revised) -> Key {
    (revised.reading.series.clone(), revised.reading.observed_at)
}

/// Readings appended since the last flush that ended, about 250 bytes each.
#[derive(Debug, Default)]
pub(crate) struct Young {
    readings: HashMap<Key, (Revised, Instant), FxBuildHasher>,
    written: u64,
    series: u64,
}

impl Young {
    /// Takes what a batch wrote, at the time when it was acknowledged.
    pub(crate) fn put(&mut self, batch: Vec<Revised>, at: Instant) {
        for revised in batch {
            self.readings.insert(key(&revised), (revised, at));
        }
    }

    pub(crate) fn count(&mut self, new: u64, series: u64) {
        self.written += new;
        self.series = series;
    }

    /// When the last of it was acknowledged.
    pub(crate) fn last(&self) -> Option<Instant> {
        self.readings.values().map(|(_, at)| *at).max()
    }

    /// What was acknowledged by then is the servers' now.
    pub(crate) fn settled(&mut self, by: Instant) {
        self.readings.retain(|_, (_, at)| *at > by);
    }

    pub(crate) fn forget(&mut self, select: &Selector) {
        self.readings.retain(|_, (revised, _)| !select.takes(&revised.reading));
    }

    pub(crate) fn find(&self, key: &Key) -> Option<&Revised> {
        self.readings.get(key).map(|(revised, _)| revised)
    }

    /// What is here of an answer's time, whatever it selects.
    pub(crate) fn within(&self, range: &std::ops::Range<i64>) -> Vec<Revised> {
        let inside = self.readings.values().filter(|(revised, _)| range.contains(&revised.reading.observed_at.millis()));
        inside.map(|(revised, _)| revised.clone()).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.readings.len()
    }

    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    pub(crate) fn series(&self) -> u64 {
        self.series
    }
}
