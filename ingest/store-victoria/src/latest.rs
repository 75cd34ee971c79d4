//! The latest reading of each series: what is latest is answered from here.

use std::collections::HashMap;

use ports::{Selector, StoreError};
use rustc_hash::FxBuildHasher;
use schemas::{Reading, SeriesKey, Timestamp};

use crate::export::{Assembly, Revised};
use crate::{Victoria, question};

/// How far ahead of now a reading may be, milliseconds: the servers drop what is further without a word.
pub(crate) const AHEAD: i64 = 2 * 24 * 3_600_000;

/// The latest reading of each series; about 200 bytes each.
#[derive(Debug, Default)]
pub(crate) struct Table(HashMap<SeriesKey, Revised, FxBuildHasher>);

impl Table {
    /// Whether a reading may be there already; of a series that is not known, it may.
    pub(crate) fn may_hold(&self, reading: &Reading) -> bool {
        self.0.get(&reading.series).is_none_or(|latest| reading.observed_at <= latest.reading.observed_at)
    }

    /// Takes a reading that is there now.
    pub(crate) fn put(&mut self, revised: &Revised) {
        let place = |revised: &Revised| (revised.reading.observed_at, revised.revision);
        match self.0.get_mut(&revised.reading.series) {
            Some(latest) if place(latest) > place(revised) => {}
            Some(latest) => *latest = revised.clone(),
            None => {
                self.0.insert(revised.reading.series.clone(), revised.clone());
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// By device, quantity name and channel. The latest of the series first, the selector second.
    pub(crate) fn latest(&self, select: &Selector) -> Vec<Reading> {
        let all = self.0.values().map(|revised| &revised.reading);
        let mut latest: Vec<Reading> = all.filter(|reading| select.takes(reading)).cloned().collect();
        latest.sort_by(|a, b| order(&a.series).cmp(&order(&b.series)));
        latest
    }
}

/// The order of answers.
pub(crate) fn order(series: &SeriesKey) -> (&str, &'static str, u8) {
    (series.device.as_str(), series.quantity.name(), series.channel)
}

/// Now, by the clock of this machine.
pub(crate) fn now() -> i64 {
    Timestamp::clamped(jiff::Timestamp::now().as_millisecond()).millis()
}

impl Victoria {
    /// The table, asked of the servers where that was not done yet.
    pub(crate) async fn loaded<'a>(&self, table: &'a mut Option<Table>) -> Result<&'a mut Table, StoreError> {
        if table.is_none() {
            *table = Some(self.load().await?);
        }
        Ok(table.get_or_insert_default())
    }

    async fn load(&self) -> Result<Table, StoreError> {
        let (at, everything) = (now() + AHEAD, Selector::default());
        let back = self.settings.look_back.as_secs();
        // The three samples of a reading are of one instant: the last of each belong together.
        let mut times = HashMap::new();
        let text = format!("tlast_over_time({}[{back}s]) keep_metric_names", question::field(&everything, "value"));
        let take = |labels: &crate::export::Labels, seconds: f64| {
            if let Some((source, _)) = labels.source() {
                times.insert(source, millis(seconds));
            }
        };
        self.wire.query(&text, at, take).await?;
        let mut assembly = Assembly::default();
        for field in question::FIELDS {
            let text = format!("last_over_time({}[{back}s])", question::field(&everything, field));
            let take = |labels: &crate::export::Labels, value: f64| {
                if let Some(instant) = labels.source().and_then(|(source, _)| times.get(&source)) {
                    assembly.put(labels, *instant, value);
                }
            };
            self.wire.query(&text, at, take).await?;
        }
        let mut fresh = Table::default();
        assembly.readings().for_each(|revised| fresh.put(&revised));
        self.young().within(&(i64::MIN..i64::MAX)).iter().for_each(|revised| fresh.put(revised));
        Ok(fresh)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "an instant of this millennium")]
fn millis(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}
