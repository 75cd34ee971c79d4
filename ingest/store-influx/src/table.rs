//! The latest reading of each series: what is latest is answered from here, and a reading that is later than its
//! series' latest cannot be there already.

use std::collections::HashMap;

use ports::{Selector, StoreError};
use rustc_hash::FxBuildHasher;
use schemas::{Reading, SeriesKey};

use crate::answer::{Group, LastRow};
use crate::{Influx, question};

/// The latest reading of each series; about 200 bytes each.
#[derive(Debug, Default)]
pub(crate) struct Table(HashMap<SeriesKey, Reading, FxBuildHasher>);

impl Table {
    /// Whether a reading may be there already.
    pub(crate) fn may_hold(&self, reading: &Reading) -> bool {
        self.0.get(&reading.series).is_some_and(|latest| reading.observed_at <= latest.observed_at)
    }

    /// Takes a reading that is there now.
    pub(crate) fn put(&mut self, reading: &Reading) {
        match self.0.get_mut(&reading.series) {
            Some(latest) if latest.observed_at > reading.observed_at => {}
            Some(latest) => *latest = reading.clone(),
            None => {
                self.0.insert(reading.series.clone(), reading.clone());
            }
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// By device, quantity name and channel. The latest of the series first, the selector second: a device that
    /// has moved away is not in its old zone any more.
    pub(crate) fn latest(&self, select: &Selector) -> Vec<Reading> {
        let mut latest: Vec<Reading> = self.0.values().filter(|reading| select.takes(reading)).cloned().collect();
        latest.sort_by(|a, b| order(&a.series).cmp(&order(&b.series)));
        latest
    }
}

/// The order of answers.
pub(crate) fn order(series: &SeriesKey) -> (&str, &'static str, u8) {
    (series.device.as_str(), series.quantity.name(), series.channel)
}

impl Influx {
    /// The table, asked of the server where that was not done yet.
    pub(crate) async fn loaded<'a>(&self, table: &'a mut Option<Table>) -> Result<&'a mut Table, StoreError> {
        if table.is_none() {
            let mut fresh = Table::default();
            self.wire.ask(&question::last(), |group: Group<LastRow>| group.readings().for_each(|r| fresh.put(&r))).await?;
            *table = Some(fresh);
        }
        let table = table.get_or_insert_default();
        self.series.store(table.len() as u64, std::sync::atomic::Ordering::Relaxed);
        Ok(table)
    }
}
