//! A question by the hour: kept hours where they are to be believed, readings where they are not.

use std::ops::Range;

use ports::{Selector, StoreError};
use schemas::{HOUR, Partial, SeriesKey, Timestamp};

use super::{Content, Hour, HourShelf, Hours, Sums};
use crate::smallest::Smallest;

/// The order of answers, with a name of its own so that it can be kept beside them.
fn place(partial: &Partial) -> (Timestamp, String, &'static str, u8) {
    let series = &partial.series;
    (partial.start, series.device.as_str().to_owned(), series.quantity.name(), series.channel)
}

impl Hours {
    /// The first `wanted` hours of what is selected, in the order of answers.
    ///
    /// # Errors
    /// The server cannot answer.
    pub async fn answer(
        &self,
        shelf: &impl HourShelf,
        select: &Selector,
        range: &Range<i64>,
        wanted: usize,
    ) -> Result<Vec<Partial>, StoreError> {
        // An hour that the range cuts is not the one that is kept.
        let whole = |edge: i64| edge.rem_euclid(HOUR) == 0;
        if !whole(range.start) || !self.learned(shelf).await? {
            return shelf.partials(select, range, wanted).await;
        }
        let last = range.end - range.end.rem_euclid(HOUR);
        let mut doubts = self.state().doubts(select, range.start, last);
        if doubts.end <= range.start {
            return shelf.partials(select, range, wanted).await;
        }
        let mut first = Smallest::new(wanted, place);
        let mut telling = Vec::new();
        // Each doubted hour may take the place of one that is to be believed.
        let most = wanted.saturating_add(doubts.len());
        let mut believed = 0;
        let take = |hour: Hour| {
            match hour.content {
                Content::Sums(sums) if !doubts.hold(hour.start, &hour.series.device) => {
                    first.push(partial(hour.series, hour.start, sums));
                    believed += 1;
                }
                Content::Readings => telling.push((hour.start, hour.series.device)),
                Content::Sums(_) | Content::Nothing => {}
            }
            believed >= wanted
        };
        shelf.kept(select, &(range.start..doubts.end), most, take).await?;
        telling.iter().for_each(|(hour, device)| doubts.device(*hour, device));
        let end = doubts.end;
        let stretches = doubts.stretches();
        first = if doubts.end < end { cut(first, doubts.end, wanted) } else { first };
        for (hours, devices) in stretches {
            let own = if devices.is_empty() { select.clone() } else { Selector { devices, ..select.clone() } };
            // Of devices that are not late the kept hours were taken: up to as many are asked for in vain.
            let found = shelf.partials(&own, &hours, usize::MAX).await?;
            let doubted = found.into_iter().filter(|p| doubts.hold(p.start.millis(), &p.series.device));
            doubted.for_each(|partial| first.push(partial));
        }
        if doubts.end < range.end {
            let rest = shelf.partials(select, &(doubts.end..range.end), wanted).await?;
            rest.into_iter().for_each(|partial| first.push(partial));
        }
        Ok(first.done())
    }
}

fn partial(series: SeriesKey, start: i64, sums: Sums) -> Partial {
    let Sums { count, sum, min, max, first, last } = sums;
    Partial { series, start: Timestamp::clamped(start), count, sum, min, max, first, last }
}

/// Without what begins at `end` or later.
fn cut<K: Fn(&Partial) -> O, O: Ord>(first: Smallest<Partial, K>, end: i64, wanted: usize) -> Smallest<Partial, K> {
    let (kept, key) = first.apart();
    let mut again = Smallest::new(wanted, key);
    kept.into_iter().filter(|partial| partial.start.millis() < end).for_each(|partial| again.push(partial));
    again
}
