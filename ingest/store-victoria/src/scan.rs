//! Scanning: samples come series by series, so that a range is asked for in slices of time; of each key the highest
//! revision counts, wherever it stands, and the selector is asked last.

use std::collections::HashMap;
use std::ops::Range;

use ports::{Points, Query, Selector, Shape, StoreError};
use rustc_hash::FxBuildHasher;
use schemas::{Grade, HOUR, Partial, Reading, Timestamp};

use crate::export::{Assembly, Revised};
use crate::latest::{AHEAD, now, order};
use crate::young::{Key, key};
use crate::{Victoria, question};

/// Time in one question, milliseconds: a week, by whole hours.
const SLICE: i64 = 7 * 24 * HOUR;

fn place(reading: &Reading) -> (Timestamp, (&str, &'static str, u8)) {
    (reading.observed_at, order(&reading.series))
}

/// The partials of readings that come in the order of answers, in their order.
fn hours(readings: &[Reading]) -> Vec<Partial> {
    let mut partials: Vec<Partial> = Vec::new();
    let judged = readings.iter().filter(|reading| reading.quality.grade() != Grade::Bad);
    let mut open: HashMap<(&schemas::SeriesKey, Timestamp), usize, FxBuildHasher> = HashMap::default();
    for reading in judged {
        let (start, value) = (reading.observed_at.hour(), reading.value);
        let slot = open.get(&(&reading.series, start)).and_then(|at| partials.get_mut(*at));
        if let Some(partial) = slot {
            partial.count += 1;
            partial.sum += value;
            partial.min = partial.min.min(value);
            partial.max = partial.max.max(value);
            partial.last = value;
        } else {
            open.insert((&reading.series, start), partials.len());
            let series = reading.series.clone();
            partials.push(Partial { series, start, count: 1, sum: value, min: value, max: value, first: value, last: value });
        }
    }
    partials.sort_by(|a, b| (a.start, order(&a.series)).cmp(&(b.start, order(&b.series))));
    partials
}

impl Victoria {
    pub(crate) async fn scan_points(&self, query: &Query) -> Result<Points, StoreError> {
        match query.shape {
            Shape::Raw => {
                let wanted = query.limit.saturating_add(1);
                let mut readings = self.readings(&query.select, &query.range, wanted).await?;
                let more = readings.len() > query.limit;
                readings.truncate(query.limit);
                Ok(Points::Raw { readings, more })
            }
            Shape::Hourly => {
                let range = query.range.start.millis()..query.range.end.millis();
                let wanted = query.limit.saturating_add(1);
                let mut partials =
                    if range.is_empty() { Vec::new() } else { self.hours.answer(self, &query.select, &range, wanted).await? };
                let more = partials.len() > query.limit;
                partials.truncate(query.limit);
                Ok(Points::Hourly { partials, more })
            }
        }
    }

    /// The first `wanted` hours, or a few more, from readings.
    pub(crate) async fn folded_partials(
        &self,
        select: &Selector,
        range: &Range<Timestamp>,
        wanted: usize,
    ) -> Result<Vec<Partial>, StoreError> {
        let mut partials = Vec::new();
        for slice in self.slices(select, range, SLICE).await? {
            partials.extend(hours(&self.slice(select, &slice).await?));
            if partials.len() >= wanted {
                break;
            }
        }
        Ok(partials)
    }

    /// The first `wanted` readings, or a few more.
    pub(crate) async fn readings(
        &self,
        select: &Selector,
        range: &Range<Timestamp>,
        wanted: usize,
    ) -> Result<Vec<Reading>, StoreError> {
        let mut readings = Vec::new();
        for slice in self.slices(select, range, SLICE).await? {
            readings.extend(self.slice(select, &slice).await?);
            if readings.len() >= wanted {
                break;
            }
        }
        Ok(readings)
    }

    /// The slices of a range in which something may be.
    pub(crate) async fn slices(
        &self,
        select: &Selector,
        range: &Range<Timestamp>,
        width: i64,
    ) -> Result<Vec<Range<i64>>, StoreError> {
        let mut range = range.start.millis()..range.end.millis().min(now() + AHEAD);
        if range.end - range.start > width {
            let Some(first) = self.first_sample(select, &range).await? else { return Ok(Vec::new()) };
            range.start = range.start.max(first - first.rem_euclid(HOUR));
        }
        let mut slices = Vec::new();
        while range.start < range.end {
            let end = range.end.min(range.start - range.start.rem_euclid(HOUR) + width);
            slices.push(range.start..end);
            range.start = end;
        }
        Ok(slices)
    }

    /// When the first sample of the range was observed.
    pub(crate) async fn first_sample(&self, select: &Selector, range: &Range<i64>) -> Result<Option<i64>, StoreError> {
        let anywhere = Selector { zone: None, kind: None, ..select.clone() };
        let young = self.young().within(range);
        let mut first = young.iter().map(|revised| revised.reading.observed_at.millis()).min();
        let span = (range.end - range.start) / 1000 + 1;
        let text = format!("min(tfirst_over_time({}[{span}s]))", question::field(&anywhere, "value"));
        let take = |_: &crate::export::Labels, seconds: f64| {
            let floor = seconds.floor() * 1000.0;
            #[expect(clippy::cast_possible_truncation, reason = "an instant of this millennium")]
            let found = floor as i64;
            first = Some(first.map_or(found, |young| young.min(found)));
        };
        self.wire.query(&text, range.end, take).await?;
        Ok(first)
    }

    /// All readings of a slice, in the order of answers.
    async fn slice(&self, select: &Selector, slice: &Range<i64>) -> Result<Vec<Reading>, StoreError> {
        // A correction may have moved a reading to another zone or kind: which one holds is known only with all of them.
        let anywhere = Selector { zone: None, kind: None, ..select.clone() };
        let mut assembly = Assembly::default();
        self.wire.export(&question::all(&anywhere), slice, |samples| assembly.take(samples)).await?;
        let mut highest: HashMap<Key, Revised, FxBuildHasher> = HashMap::default();
        // Taken after the answer: what grows old meanwhile is in one of the two.
        for revised in assembly.readings().chain(self.young().within(slice)) {
            let key = key(&revised);
            // Of one revision, young goes before what the servers make of it.
            if highest.get(&key).is_none_or(|other| other.revision <= revised.revision) {
                highest.insert(key, revised);
            }
        }
        let mut readings: Vec<Reading> =
            highest.into_values().map(|revised| revised.reading).filter(|reading| select.takes(reading)).collect();
        readings.sort_by(|a, b| place(a).cmp(&place(b)));
        Ok(readings)
    }
}
