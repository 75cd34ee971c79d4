//! Walking through an answer of the store page by page, each point once.
//!
//! The store cuts an answer at a limit and is asked again from the time of the last point, of which
//! that very instant repeats. A cursor therefore remembers the last point itself and how many of its
//! instant were given.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ports::{Points, Query, Shape, Store, StoreError};
use schemas::{Partial, Quantity, Reading, SeriesKey, Timestamp};

use crate::budget::in_time;

/// The last point that was given.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cursor {
    time: Timestamp,
    series: SeriesKey,
    /// Points of that instant given so far.
    given: usize,
}

impl Cursor {
    /// After this reading.
    pub(crate) fn at(reading: &Reading) -> Self {
        Self { time: reading.observed_at, series: reading.series.clone(), given: 1 }
    }

    /// In an answer ordered by series alone: whether this series was given already.
    pub(crate) fn covers(&self, series: &SeriesKey) -> bool {
        let place = |s: &SeriesKey| (s.device.clone(), s.quantity.name(), s.channel);
        place(series) <= place(&self.series)
    }
}

/// A text that is not a cursor.
#[derive(Debug, thiserror::Error)]
#[error("it is not a cursor of this program")]
pub(crate) struct NotACursor;

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let SeriesKey { device, quantity, channel } = &self.series;
        let plain = format!("1~{}~{device}~{quantity}~{channel}~{}", self.time.millis(), self.given);
        f.write_str(&URL_SAFE_NO_PAD.encode(plain))
    }
}

impl std::str::FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| NotACursor)?;
        let plain = String::from_utf8(bytes).map_err(|_| NotACursor)?;
        let parts: Vec<_> = plain.split('~').collect();
        let ["1", millis, device, quantity, channel, given] = parts[..] else { return Err(NotACursor) };
        let millis = millis.parse().map_err(|_| NotACursor)?;
        Ok(Self {
            time: Timestamp::from_millis(millis).map_err(|_| NotACursor)?,
            series: SeriesKey {
                device: device.parse().map_err(|_| NotACursor)?,
                quantity: quantity.parse().map_err(|_| NotACursor)?,
                channel: channel.parse().map_err(|_| NotACursor)?,
            },
            // More points in one instant than any page holds would be asked of the store at once.
            given: given.parse().ok().filter(|g| *g <= 10_000_000).ok_or(NotACursor)?,
        })
    }
}

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The request had as much of the store's time as one may have.
    #[error("the search took longer than one request may")]
    TooLong,
}

/// A point that has a place in the order (time, device, quantity name, channel).
pub(crate) trait Point: Sized {
    /// By which it is asked for.
    const SHAPE: Shape;
    /// The points of an answer of this shape.
    fn of(answer: Points) -> Vec<Self>;
    fn time(&self) -> Timestamp;
    fn series(&self) -> &SeriesKey;
}

impl Point for Reading {
    const SHAPE: Shape = Shape::Raw;

    fn of(answer: Points) -> Vec<Self> {
        match answer {
            Points::Raw { readings, .. } => readings,
            Points::Hourly { .. } => Vec::new(),
        }
    }

    fn time(&self) -> Timestamp {
        self.observed_at
    }
    fn series(&self) -> &SeriesKey {
        &self.series
    }
}

impl Point for Partial {
    const SHAPE: Shape = Shape::Hourly;

    fn of(answer: Points) -> Vec<Self> {
        match answer {
            Points::Hourly { partials, .. } => partials,
            Points::Raw { .. } => Vec::new(),
        }
    }

    fn time(&self) -> Timestamp {
        self.start
    }
    fn series(&self) -> &SeriesKey {
        &self.series
    }
}

/// Asks the store one page after another.
pub(crate) struct Pager {
    store: Arc<dyn Store>,
    query: Query,
    after: Option<Cursor>,
}

impl Pager {
    /// Begins at the query's start, or after a cursor of an earlier answer to the same query.
    pub(crate) fn new(store: Arc<dyn Store>, query: Query, after: Option<Cursor>) -> Self {
        Self { store, query, after }
    }

    /// The next points, at most `limit`; `more` of the answer says whether others follow.
    pub(crate) async fn page(&mut self, limit: usize) -> Result<Points, ScanError> {
        let mut ask = limit;
        if let Some(cursor) = &self.after {
            self.query.range.start = cursor.time.max(self.query.range.start);
            ask = ask.saturating_add(cursor.given);
        }
        loop {
            self.query.limit = ask;
            let points = match in_time(self.store.scan(&self.query)).await? {
                Points::Raw { readings, more } => {
                    let (readings, more) = self.cut(readings, more, limit);
                    Points::Raw { readings, more }
                }
                Points::Hourly { partials, more } => {
                    let (partials, more) = self.cut(partials, more, limit);
                    Points::Hourly { partials, more }
                }
            };
            if !points.is_empty() || !points.more() {
                return Ok(points);
            }
            // Points came in before the cursor since it was made and pushed the rest out of the answer.
            ask = ask.saturating_mul(2);
        }
    }

    /// Where the next page begins.
    pub(crate) fn cursor(&self) -> Option<&Cursor> {
        self.after.as_ref()
    }

    fn cut<P: Point>(&mut self, mut points: Vec<P>, mut more: bool, limit: usize) -> (Vec<P>, bool) {
        if let Some(cursor) = &self.after {
            points.retain(|p| place(p.time(), p.series()) > place(cursor.time, &cursor.series));
        }
        if points.len() > limit {
            points.truncate(limit);
            more = true;
        }
        if let Some(last) = points.last() {
            let time = last.time();
            let here = points.iter().rev().take_while(|p| p.time() == time).count();
            let before = self.after.as_ref().filter(|c| c.time == time).map_or(0, |c| c.given);
            self.after = Some(Cursor { time, series: last.series().clone(), given: before + here });
        }
        (points, more)
    }
}

fn place(time: Timestamp, series: &SeriesKey) -> (Timestamp, &str, &'static str, u8) {
    (time, series.device.as_str(), Quantity::name(series.quantity), series.channel)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_nothing_else_does() {
        let cursor = Cursor {
            time: "2026-11-21T20:00:00Z".parse().unwrap(),
            series: SeriesKey { device: "bin-1".parse().unwrap(), quantity: Quantity::WASTE_FILL, channel: 3 },
            given: 7,
        };
        assert_eq!(cursor.to_string().parse::<Cursor>().unwrap(), cursor);
        for odd in ["", "x", "MX4x", "%%%", &URL_SAFE_NO_PAD.encode("2~0~a~waste.fill~0~1")] {
            assert!(odd.parse::<Cursor>().is_err(), "{odd}");
        }
    }
}
