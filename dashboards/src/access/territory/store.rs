//! Readings within a territory: patch by patch, put together in the order that the store promises.

use std::ops::Range;
use std::sync::Arc;

use ports::{Appended, BoxFuture, Caps, Points, Query, Selector, Shape, Store, StoreError, StoreGauges};
use schemas::{Reading, SeriesKey, Timestamp};

use super::Territory;
use super::sight::Patch;

pub(super) struct Cut {
    pub(super) territory: Territory,
    pub(super) whole: Arc<dyn Store>,
}

impl Cut {
    /// The question, patch by patch.
    fn selectors(&self, select: &Selector) -> Vec<Selector> {
        let patches = self.territory.today().patches(select.kind, select.zone.as_ref());
        patches.into_iter().map(|Patch { kind, zone }| Selector { kind, zone, ..select.clone() }).collect()
    }

    async fn scan_now(&self, query: &Query) -> Result<Points, StoreError> {
        let (mut readings, mut partials, mut more) = (Vec::new(), Vec::new(), false);
        for select in self.selectors(&query.select) {
            // Each patch gives its earliest, so the earliest of all are among them.
            match self.whole.scan(&Query { select, ..query.clone() }).await? {
                Points::Raw { readings: some, more: cut } => {
                    readings.extend(some);
                    more |= cut;
                }
                Points::Hourly { partials: some, more: cut } => {
                    partials.extend(some);
                    more |= cut;
                }
            }
        }
        more |= readings.len() > query.limit || partials.len() > query.limit;
        Ok(match query.shape {
            Shape::Raw => {
                readings.sort_by(|a, b| (a.observed_at, place(&a.series)).cmp(&(b.observed_at, place(&b.series))));
                readings.truncate(query.limit);
                Points::Raw { readings, more }
            }
            Shape::Hourly => {
                partials.sort_by(|a, b| (a.start, place(&a.series)).cmp(&(b.start, place(&b.series))));
                partials.truncate(query.limit);
                Points::Hourly { partials, more }
            }
        })
    }

    async fn latest_now(&self, select: &Selector) -> Result<Vec<Reading>, StoreError> {
        let mut all: Vec<Reading> = Vec::new();
        for select in self.selectors(select) {
            all.extend(self.whole.latest(&select).await?);
        }
        // A device that moved within the territory has a last reading in each of two zones.
        all.sort_by(|a, b| (place(&a.series), b.observed_at).cmp(&(place(&b.series), a.observed_at)));
        all.dedup_by(|later, first| later.series == first.series);
        Ok(all)
    }
}

fn place(series: &SeriesKey) -> (&str, &'static str, u8) {
    (series.device.as_str(), series.quantity.name(), series.channel)
}

fn refused() -> StoreError {
    StoreError::Refused("a territory is only looked at".to_owned())
}

impl Store for Cut {
    fn append<'a>(&'a self, _: &'a [Reading]) -> BoxFuture<'a, Result<Appended, StoreError>> {
        Box::pin(async { Err(refused()) })
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Err(refused()) })
    }

    fn scan<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Points, StoreError>> {
        Box::pin(self.scan_now(query))
    }

    fn latest<'a>(&'a self, select: &'a Selector) -> BoxFuture<'a, Result<Vec<Reading>, StoreError>> {
        Box::pin(self.latest_now(select))
    }

    fn forget<'a>(&'a self, _: &'a Selector, _: Range<Timestamp>) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async { Err(refused()) })
    }

    fn caps(&self) -> Caps {
        self.whole.caps()
    }

    fn gauges(&self) -> StoreGauges {
        StoreGauges { kind: self.whole.gauges().kind, ..StoreGauges::default() }
    }
}
