//! The readings of a running program or of its stopped directory, in the order in which they were heard, a slice of time
//! after another: of years that were heard as they happened, no more is in memory than a slice.
//!
//! A slice is asked for by the time of observation. What was heard up to its end is complete then, since nothing is heard
//! before it is observed; what was heard later waits in memory for the slices that follow, without a bound: a past that
//! was filled in at once waits whole. A clock that is ahead by more than
//! [`AHEAD`] makes its reading be judged a slice late.

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

/// See the module.
pub(crate) struct Past {
    city: City,
    from: Option<Timestamp>,
    to: Timestamp,
    slice: Duration,
    /// Observed before the last slice ended, heard after it.
    waiting: Vec<Reading>,
    line: usize,
}

impl Past {
    pub(crate) async fn of(settings: &Settings, common: &Common, options: &Backtest) -> Result<Self, Failure> {
        let city = City::reach(settings, common, Purpose::Ask).await?;
        let to = options.to.unwrap_or_else(|| SystemClock.now());
        Ok(Self { city, from: options.from.filter(|from| *from < to), to, slice: FIRST, waiting: Vec::new(), line: 0 })
    }

    /// The next readings in the order in which they were heard, perhaps none; `None` after the last.
    pub(crate) async fn next(&mut self, bad: &mut Bad) -> Result<Option<Vec<Reading>>, Failure> {
        let Some(from) = self.from else { return Ok(None) };
        let end = from.plus(self.slice).min(self.to);
        let before = self.waiting.len();
        self.ask(from, end, bad).await?;
        let heard = self.waiting.len() - before;
        if heard < FEW {
            self.slice = (self.slice * 2).min(LONGEST);
        } else if heard > MANY {
            self.slice = (self.slice / 2).max(SHORTEST);
        }
        self.from = (end < self.to).then_some(end);
        self.waiting.sort_by_key(|r| (r.received_at, r.observed_at));
        let whole = if self.from.is_some() {
            let complete = end.minus(AHEAD);
            self.waiting.partition_point(|r| r.received_at < complete)
        } else {
            self.waiting.len()
        };
        let later = self.waiting.split_off(whole);
        Ok(Some(std::mem::replace(&mut self.waiting, later)))
    }

    async fn ask(&mut self, from: Timestamp, to: Timestamp, bad: &mut Bad) -> Result<(), Failure> {
        let path = format!("/api/v1/readings?format=ndjson{}", range(Some(from), Some(to)));
        let (mut lines, defaults) = (Lines::new(self.city.ask(&path).await?), passing_defaults()?);
        while let Some(line) = lines.next().await? {
            self.line += 1;
            match exchange::line(&line, &defaults) {
                Ok(reading) => self.waiting.push(reading),
                Err(why) => bad.name("the answer", self.line, &why),
            }
        }
        Ok(())
    }
}
