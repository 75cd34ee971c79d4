//! Scanning: rows come from the server by kind, and by series where they are hours; the order of the house and the limit
//! are made here, with no more in memory than a few times the limit.

use ports::{Points, Query, Selector, Shape, StoreError};
use schemas::{HOUR, Partial, Reading, Timestamp};
use store_http::Smallest;

use crate::answer::{Group, HourRow, RawRow};
use crate::table::order;
use crate::{Influx, question};

/// The order of readings, with a name of its own so that it can be kept beside them.
type Place = (Timestamp, String, &'static str, u8);

fn place(reading: &Reading) -> Place {
    let (device, quantity, channel) = order(&reading.series);
    (reading.observed_at, device.to_owned(), quantity, channel)
}

fn hour_of(partial: &Partial) -> Place {
    let (device, quantity, channel) = order(&partial.series);
    (partial.start, device.to_owned(), quantity, channel)
}

impl Influx {
    pub(crate) async fn scan_points(&self, query: &Query) -> Result<Points, StoreError> {
        let range = question::held(&query.range);
        let wanted = query.limit.saturating_add(1);
        match query.shape {
            Shape::Raw => {
                let mut readings =
                    if range.is_empty() { Vec::new() } else { self.readings(&query.select, &range, wanted).await? };
                let more = readings.len() > query.limit;
                readings.truncate(query.limit);
                Ok(Points::Raw { readings, more })
            }
            Shape::Hourly => {
                let mut partials =
                    if range.is_empty() { Vec::new() } else { self.hours.answer(self, &query.select, &range, wanted).await? };
                let more = partials.len() > query.limit;
                partials.truncate(query.limit);
                Ok(Points::Hourly { partials, more })
            }
        }
    }

    /// The first `wanted` readings.
    async fn readings(&self, select: &Selector, range: &std::ops::Range<i64>, wanted: usize) -> Result<Vec<Reading>, StoreError> {
        // Each kind gives its first rows by time. Where it had more, those of its last instant are not all there.
        let mut first = Smallest::new(wanted, place);
        let mut kinds: Vec<(schemas::Kind, usize, Timestamp)> = Vec::new();
        let take = |group: Group<RawRow>| {
            for reading in group.readings() {
                match kinds.iter_mut().find(|(kind, ..)| *kind == reading.kind) {
                    Some((_, rows, last)) => (*rows, *last) = (*rows + 1, reading.observed_at),
                    None => kinds.push((reading.kind, 1, reading.observed_at)),
                }
                first.push(reading);
            }
        };
        self.wire.ask(&question::raw(select, range, wanted), take).await?;
        let cut = kinds.into_iter().filter(|(_, rows, _)| *rows >= wanted).map(|(.., last)| last).min();
        let Some(cut) = cut else { return Ok(first.done()) };
        let mut whole = Smallest::new(wanted, place);
        first.done().into_iter().filter(|reading| reading.observed_at < cut).for_each(|reading| whole.push(reading));
        let instant = cut.millis()..cut.millis() + 1;
        let take = |group: Group<RawRow>| group.readings().for_each(|reading| whole.push(reading));
        self.wire.ask(&question::raw(select, &instant, usize::MAX), take).await?;
        Ok(whole.done())
    }

    /// The first `wanted` partials, from readings.
    pub(crate) async fn folded_partials(
        &self,
        select: &Selector,
        range: &std::ops::Range<i64>,
        wanted: usize,
    ) -> Result<Vec<Partial>, StoreError> {
        // Every series may give as many as are wanted: the first of all are among the first of each. One more place for
        // each kind, since a series that changed its kind within an hour has two partials of it.
        let mut first = Smallest::new(wanted.saturating_mul(2), hour_of);
        let take = |group: Group<HourRow>| group.partials().for_each(|partial| first.push(partial));
        self.wire.ask(&question::hourly(select, range, wanted), take).await?;
        let mut partials: Vec<Partial> = Vec::new();
        for partial in first.done() {
            match partials.last() {
                Some(last) if last.start == partial.start && last.series == partial.series => {
                    let folded = self.folded(select, &partial, range).await?;
                    partials.pop();
                    partials.push(folded);
                }
                _ => partials.push(partial),
            }
        }
        Ok(partials)
    }

    /// The hour of a series that is in two kinds: from its readings, since only they say which was first.
    async fn folded(&self, select: &Selector, of: &Partial, range: &std::ops::Range<i64>) -> Result<Partial, StoreError> {
        let series = &of.series;
        let select = Selector { devices: vec![series.device.clone()], quantities: vec![series.quantity], ..select.clone() };
        let start = of.start.millis();
        let hour = start.max(range.start)..(start + HOUR).min(range.end);
        let readings = self.readings(&select, &hour, usize::MAX).await?;
        let mut folded = Partial { count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY, ..of.clone() };
        for reading in readings.iter().filter(|r| r.series == *series && r.quality.grade() != schemas::Grade::Bad) {
            if folded.count == 0 {
                folded.first = reading.value;
            }
            folded.count += 1;
            folded.sum += reading.value;
            folded.min = folded.min.min(reading.value);
            folded.max = folded.max.max(reading.value);
            folded.last = reading.value;
        }
        Ok(folded)
    }
}
