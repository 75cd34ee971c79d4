//! Local days of a city instead of hours: a store whose hours are folded, so that pages, cursors and streams are the same for
//! both. What an hour comes to is the store's to know; which hours make a day is not.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use domains::time::{CityTime, LocalDay};
use ports::{Appended, BoxFuture, Caps, Points, Query, Selector, Shape, Store, StoreError, StoreGauges};
use schemas::{Partial, Reading, Timestamp};

/// Hours of the longest day.
const HOURS: usize = 25;

/// By day, then in the order of answers.
type Place = (Timestamp, String, &'static str, u8);

pub(crate) struct Days {
    whole: Arc<dyn Store>,
    time: CityTime,
}

/// The local days that touch a range.
pub(crate) fn whole_days(time: &CityTime, range: &Range<Timestamp>) -> Range<Timestamp> {
    if range.is_empty() {
        return range.clone();
    }
    let last = Timestamp::clamped(range.end.millis() - 1);
    time.day_of(range.start).start..time.day_of(last).end
}

impl Days {
    pub(crate) fn of(whole: Arc<dyn Store>, time: &CityTime) -> Self {
        Self { whole, time: time.clone() }
    }

    /// The first days of the range, which begins and ends with days.
    async fn folded(&self, query: &Query) -> Result<Points, StoreError> {
        let mut days = Vec::new();
        let mut range = query.range.clone();
        let mut limit = query.limit.saturating_add(1).saturating_mul(HOURS);
        loop {
            let asked = Query { range: range.clone(), limit, ..query.clone() };
            let Points::Hourly { partials, more } = self.whole.scan(&asked).await? else { break };
            // Where the limit cut it, the last day may lack hours.
            let end = match partials.last() {
                Some(last) if more => self.time.day_of(last.start).start,
                _ => range.end,
            };
            if more && end <= range.start {
                limit = limit.saturating_mul(2);
                continue;
            }
            days.extend(self.fold(partials.into_iter().take_while(|hour| hour.start < end)));
            if !more || days.len() > query.limit {
                break;
            }
            range.start = end;
        }
        let more = days.len() > query.limit;
        days.truncate(query.limit);
        Ok(Points::Hourly { partials: days, more })
    }

    /// Hours come in order of time.
    fn fold(&self, hours: impl Iterator<Item = Partial>) -> Vec<Partial> {
        let mut days: BTreeMap<Place, Partial> = BTreeMap::new();
        let mut day = None;
        for hour in hours {
            let here = day.filter(|day: &LocalDay| hour.start < day.end).unwrap_or_else(|| self.time.day_of(hour.start));
            day = Some(here);
            let series = &hour.series;
            let place = (here.start, series.device.as_str().to_owned(), series.quantity.name(), series.channel);
            match days.get_mut(&place) {
                Some(own) => {
                    own.count += hour.count;
                    own.sum += hour.sum;
                    own.min = own.min.min(hour.min);
                    own.max = own.max.max(hour.max);
                    own.last = hour.last;
                }
                None => drop(days.insert(place, Partial { start: here.start, ..hour })),
            }
        }
        days.into_values().collect()
    }
}

fn refused() -> StoreError {
    StoreError::Refused("days are only looked at".to_owned())
}

impl Store for Days {
    fn append<'a>(&'a self, _: &'a [Reading]) -> BoxFuture<'a, Result<Appended, StoreError>> {
        Box::pin(async { Err(refused()) })
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async { Err(refused()) })
    }

    fn scan<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Points, StoreError>> {
        match query.shape {
            Shape::Raw => self.whole.scan(query),
            Shape::Hourly => Box::pin(self.folded(query)),
        }
    }

    fn latest<'a>(&'a self, select: &'a Selector) -> BoxFuture<'a, Result<Vec<Reading>, StoreError>> {
        self.whole.latest(select)
    }

    fn forget<'a>(&'a self, _: &'a Selector, _: Range<Timestamp>) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async { Err(refused()) })
    }

    fn caps(&self) -> Caps {
        self.whole.caps()
    }

    fn gauges(&self) -> StoreGauges {
        self.whole.gauges()
    }
}
