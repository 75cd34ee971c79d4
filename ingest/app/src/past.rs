//! Readings of the past in the order in which they were heard, a slice of time after another: of years that were heard as they
//! happened, no more is in memory than a slice. They are those of a running program or of its stopped directory, or what whoever
//! works with [`Slices`] takes from elsewhere.
//!
//! A slice is asked for by the time of observation. What was heard up to its end is complete then, since nothing is heard
//! before it is observed; what was heard later waits in memory for the slices that follow, without a bound: a past that
//! was filled in at once waits whole. A clock that is ahead by more than
//! [`AHEAD`] makes its reading be judged a slice late.

use std::ops::Range;
use std::time::Duration;

use ports::{Clock, SystemClock};
use schemas::{Reading, Timestamp};
use settings::Settings;

use crate::ask::{Lines, range};
use crate::backtest::{Backtest, Bad};
use crate::city::{City, Purpose};
use crate::cli::Common;
use crate::failure::Failure;
use crate::moving::passing_defaults;

/// The first slice, and the shortest and the longest one.
const FIRST: Duration = Duration::from_secs(6 * 3600);
const SHORTEST: Duration = Duration::from_secs(900);
const LONGEST: Duration = Duration::from_secs(31 * 86_400);
/// With fewer readings the next slice is twice as long, with more it is half: about 200 bytes each.
const FEW: usize = 50_000;
const MANY: usize = 400_000;
/// So far ahead of ours may a device's clock be.
const AHEAD: Duration = Duration::from_secs(900);

/// The slices of a past, and what waits for later ones.
pub(crate) struct Slices {
    from: Option<Timestamp>,
    to: Timestamp,
    slice: Duration,
    /// Observed before the last slice ended, heard after it.
    waiting: Vec<Reading>,
}

impl Slices {
    /// Of what was observed from `from` on, up to before `to`.
    pub(crate) fn new(from: Timestamp, to: Timestamp) -> Self {
        Self { from: Some(from).filter(|from| *from < to), to, slice: FIRST, waiting: Vec::new() }
    }

    /// The time of the next slice; none after the last.
    pub(crate) fn next(&self) -> Option<Range<Timestamp>> {
        self.from.map(|from| from..from.plus(self.slice).min(self.to))
    }

    /// Takes the readings of the slice that ends at `end`, in any order. Gives what is complete now, in the order in which it
    /// was heard.
    pub(crate) fn take(&mut self, end: Timestamp, readings: Vec<Reading>) -> Vec<Reading> {
        if readings.len() < FEW {
            self.slice = (self.slice * 2).min(LONGEST);
        } else if readings.len() > MANY {
            self.slice = (self.slice / 2).max(SHORTEST);
        }
        self.waiting.extend(readings);
        self.from = (end < self.to).then_some(end);
        self.waiting.sort_by_key(|r| (r.received_at, r.observed_at));
        let whole = if self.from.is_some() {
            let complete = end.minus(AHEAD);
            self.waiting.partition_point(|r| r.received_at < complete)
        } else {
            self.waiting.len()
        };
        let later = self.waiting.split_off(whole);
        std::mem::replace(&mut self.waiting, later)
    }
}

/// The past of whom a command asks.
pub(crate) struct Past {
    city: City,
    slices: Slices,
    line: usize,
}

impl Past {
    pub(crate) async fn of(settings: &Settings, common: &Common, options: &Backtest) -> Result<Self, Failure> {
        let city = City::reach(settings, common, Purpose::Ask).await?;
        let to = options.to.unwrap_or_else(|| SystemClock.now());
        Ok(Self { city, slices: Slices::new(options.from.unwrap_or(to), to), line: 0 })
    }

    /// The next readings in the order in which they were heard, perhaps none; `None` after the last.
    pub(crate) async fn next(&mut self, bad: &mut Bad) -> Result<Option<Vec<Reading>>, Failure> {
        let Some(slice) = self.slices.next() else { return Ok(None) };
        let readings = self.ask(slice.start, slice.end, bad).await?;
        Ok(Some(self.slices.take(slice.end, readings)))
    }

    async fn ask(&mut self, from: Timestamp, to: Timestamp, bad: &mut Bad) -> Result<Vec<Reading>, Failure> {
        let path = format!("/api/v1/readings?format=ndjson{}", range(Some(from), Some(to)));
        let (mut lines, defaults) = (Lines::new(self.city.ask(&path).await?), passing_defaults()?);
        let mut readings = Vec::new();
        while let Some(line) = lines.next().await? {
            self.line += 1;
            match exchange::line(&line, &defaults) {
                Ok(reading) => readings.push(reading),
                Err(why) => bad.name("the answer", self.line, &why),
            }
        }
        Ok(readings)
    }
}
