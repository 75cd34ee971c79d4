//! Hours as metrics beside those of readings: `waste_hour_count`, `_sum`, `_min`, `_max`, `_first` and `_last`, at the hour's
//! start, under the labels of their readings and a revision of their own.
//!
//! They are folded here: a sum made by the servers would hold bad readings and what was corrected. A kept hour counts only
//! once all six samples of its highest revision were read back, `trail` after they were written.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ports::{Selector, StoreError};
use rustc_hash::FxBuildHasher;
use schemas::{DeviceId, Grade, HOUR, Kind, Partial, Reading, SeriesKey, Timestamp, Zone};
use store_http::{Body, Content, Hour, HourShelf, Sums};

use crate::export::{Part, Samples, Source};
use crate::latest::{AHEAD, now};
use crate::{Victoria, line, question};

/// How far back the cursor is looked for, days. It moves every hour while a program runs.
const BACK: u64 = 3_650;

/// Time in one question for kept hours, milliseconds: four weeks.
const SLICE: i64 = 28 * 24 * HOUR;

/// The samples of one hour, as far as they came.
type Six = [Option<f64>; 6];
type Place = (SeriesKey, Kind, Zone, i64);

/// What readings come to, by series, kind, zone and hour.
fn fold(readings: &[Reading]) -> Vec<Hour> {
    let mut sums: HashMap<Place, Sums, FxBuildHasher> = HashMap::default();
    for reading in readings.iter().filter(|reading| reading.quality.grade() != Grade::Bad) {
        let (start, value) = (reading.observed_at.hour().millis(), reading.value);
        let place = (reading.series.clone(), reading.kind, reading.zone.clone(), start);
        let first = Sums { count: 0, sum: 0.0, min: value, max: value, first: value, last: value };
        let own = sums.entry(place).or_insert(first);
        own.count += 1;
        own.sum += value;
        own.min = own.min.min(value);
        own.max = own.max.max(value);
        own.last = value;
    }
    let hour = |((series, kind, zone, start), sums): (Place, Sums)| {
        // As the engine holds it: its addends are millionths, and so is it.
        let content = Content::Sums(Sums { sum: ports::quantised(sums.sum), ..sums });
        Hour { series, kind, zone, start, content, revision: 0 }
    };
    sums.into_iter().map(hour).collect()
}

fn content([count, sum, min, max, first, last]: [f64; 6]) -> Content {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count that this program wrote")]
    let whole = count as u64;
    if count < 0.0 {
        Content::Readings
    } else if whole == 0 {
        Content::Nothing
    } else {
        let kept = ports::quantised;
        let (sum, min, max, first, last) = (kept(sum), kept(min), kept(max), kept(first), kept(last));
        Content::Sums(Sums { count: whole, sum, min, max, first, last })
    }
}

/// Hours put together from samples.
#[derive(Debug, Default)]
struct Assembled(HashMap<Place, HashMap<u32, Six, FxBuildHasher>, FxBuildHasher>);

impl Assembled {
    fn take(&mut self, samples: Samples) {
        let Some((Source { series, kind, zone, revision }, part)) = samples.part() else { return };
        let Part::Hour(field) = part else { return };
        for (at, value) in samples.values() {
            let place = (series.clone(), kind, zone.clone(), at);
            let six = self.0.entry(place).or_default().entry(revision).or_default();
            if let Some(slot) = six.get_mut(field) {
                *slot = Some(value);
            }
        }
    }

    /// The highest revision of each, if it is whole. One that is not is young, and is not to be believed anyhow.
    fn hours(self) -> impl Iterator<Item = Hour> {
        self.0.into_iter().filter_map(|((series, kind, zone, start), revisions)| {
            let (revision, six) = revisions.into_iter().max_by_key(|(revision, _)| *revision)?;
            let [Some(count), Some(sum), Some(min), Some(max), Some(first), Some(last)] = six else { return None };
            Some(Hour { series, kind, zone, start, content: content([count, sum, min, max, first, last]), revision })
        })
    }
}

impl HourShelf for Victoria {
    const STEP: usize = 2_000;
    /// With six decimals it has eighteen digits, which is what the engine holds of the values of a block.
    const SUMS_BELOW: f64 = 1e12;

    async fn there(&self) -> Result<bool, StoreError> {
        Ok(true)
    }

    fn trail(&self) -> Option<Duration> {
        Some(self.settings.trail)
    }

    fn floor(&self, _: i64) -> i64 {
        0
    }

    async fn folded(&self, devices: &[DeviceId], hours: &Range<i64>) -> Result<Vec<Hour>, StoreError> {
        let select = Selector { devices: devices.to_vec(), ..Selector::default() };
        let range = Timestamp::clamped(hours.start)..Timestamp::clamped(hours.end);
        Ok(fold(&self.readings(&select, &range, usize::MAX).await?))
    }

    async fn kept(
        &self,
        select: &Selector,
        hours: &Range<i64>,
        _: usize,
        mut take: impl FnMut(Hour) -> bool + Send,
    ) -> Result<(), StoreError> {
        let range = Timestamp::clamped(hours.start)..Timestamp::clamped(hours.end);
        for slice in self.slices(select, &range, SLICE).await? {
            let mut assembled = Assembled::default();
            self.wire.export(&question::hours(select), &slice, |samples| assembled.take(samples)).await?;
            let mut enough = false;
            assembled.hours().for_each(|hour| enough = take(hour));
            if enough {
                break;
            }
        }
        Ok(())
    }

    async fn keep(&self, hours: &[Hour]) -> Result<(), StoreError> {
        let mut body = Body::default();
        for hour in hours {
            body.push(|text| line::write_hour(hour, text))?;
        }
        self.wire.write(body).await
    }

    async fn first(&self, from: i64) -> Result<Option<i64>, StoreError> {
        let (end, mut range) = (now() + AHEAD, from..from);
        // The engine reads all samples of the range to find the first: near ones are looked for first.
        let mut width = 24 * HOUR;
        while range.end < end {
            range = range.end..end.min(range.end.saturating_add(width));
            let first = self.first_sample(&Selector::default(), &range).await?;
            if first.is_some() {
                return Ok(first);
            }
            width = width.saturating_mul(8);
        }
        Ok(None)
    }

    async fn cursor(&self) -> Result<Option<i64>, StoreError> {
        let mut cursor = None;
        let text = format!("last_over_time({}[{BACK}d])", question::CURSOR);
        #[expect(clippy::cast_possible_truncation, reason = "a count of hours that this program wrote")]
        let take = |_: &crate::export::Labels, hours: f64| cursor = Some(hours.round() as i64 * HOUR);
        self.wire.query(&text, now() + AHEAD, take).await?;
        Ok(cursor)
    }

    async fn put_cursor(&self, through: i64) -> Result<(), StoreError> {
        // Of two samples of one instant the larger would stay: each has one of its own.
        let at = self.put_at.fetch_max(now(), Ordering::Relaxed).saturating_add(1).max(now());
        self.put_at.fetch_max(at, Ordering::Relaxed);
        let mut body = Body::default();
        body.push(|text| line::write_cursor(through / HOUR, at, text))?;
        self.wire.write(body).await
    }

    async fn partials(&self, select: &Selector, range: &Range<i64>, most: usize) -> Result<Vec<Partial>, StoreError> {
        self.folded_partials(select, &(Timestamp::clamped(range.start)..Timestamp::clamped(range.end)), most).await
    }
}
