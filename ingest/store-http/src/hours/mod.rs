//! Hours that are kept on a server beside its readings, so that a question by the hour reads sixty times less.
//!
//! One job makes them, the same for all servers: [`Hours::roll`], called every minute or so, with bounded work each time.
//! What a server is good for it says by [`HourShelf`]. Answers are those of the readings at every moment:
//!
//! * All hours before `through` are kept. What comes later is answered from readings.
//! * Who appends to an hour that is kept says so first ([`Hours::touch`]): that hour of that device is *late*, and is answered
//!   from readings until the job has made it anew.
//! * The server remembers a *cursor*: all hours before it are kept and none is late. It stands a day back, so that the usual
//!   late reading does not move it; an older one moves it back before it is written. A program that begins rolls from the cursor
//!   on: nothing else is remembered, and rolling what is rolled already changes nothing.
//! * Where a server may lose what it took, a kept hour counts only once it was read back ([`HourShelf::trail`]).
//!
//! Read in this order: this file, [`state`] (what is known of hours), [`roll`] (the job), [`answer`].
//!
//! Deliberately absent: days (they are local, and folded from hours where they are asked for).

mod answer;
mod roll;
mod state;
mod stride;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use ports::{Selector, StoreError};
use schemas::{DeviceId, HOUR, Kind, Partial, Reading, SeriesKey, Zone};

use state::State;

/// What the readings of an hour that count come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sums {
    /// How many, at least 1.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The one observed first.
    pub first: f64,
    /// The one observed last.
    pub last: f64,
}

impl Sums {
    /// The same, but for what adding in another order does to a sum.
    fn agrees(&self, other: &Self) -> bool {
        let size = self.sum.abs().max(self.min.abs()).max(self.max.abs()).max(1.0);
        (self.sum - other.sum).abs() <= size * 1e-10 && Self { sum: 0.0, ..*self } == Self { sum: 0.0, ..*other }
    }
}

/// What is kept of an hour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Content {
    /// It was there once: what made it was corrected since.
    Nothing,
    /// What its readings come to.
    Sums(Sums),
    /// Only its readings tell: the device was in two places within the hour, and what was first and last of all stands in
    /// neither; or its sum is beyond what the server holds exactly.
    Readings,
}

impl Content {
    fn agrees(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sums(a), Self::Sums(b)) => a.agrees(b),
            (a, b) => a == b,
        }
    }
}

/// An hour of a series, in one kind and zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Hour {
    /// Whose.
    pub series: SeriesKey,
    /// What the device was for.
    pub kind: Kind,
    /// Where it was.
    pub zone: Zone,
    /// When it begins, milliseconds.
    pub start: i64,
    /// What is kept of it.
    pub content: Content,
    /// Higher than that of what it replaces.
    pub revision: u32,
}

/// A server that keeps hours. Ranges are whole hours, in milliseconds.
pub trait HourShelf: Sync {
    /// Hours of series that one step of the job may hold, about.
    const STEP: usize;
    /// Sums from here on are not held exactly.
    const SUMS_BELOW: f64;

    /// Whether hours can be kept there at all, for now.
    fn there(&self) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// How long what was kept may be lost, or not be seen yet; none where what is acknowledged stays and is seen.
    fn trail(&self) -> Option<Duration>;
    /// Readings before this instant may be gone by the server's own retention, though their hours are not.
    fn floor(&self, now: i64) -> i64;
    /// What readings come to, by series, kind and zone; every [`Content`] is [`Content::Sums`]. No devices means all.
    fn folded(&self, devices: &[DeviceId], hours: &Range<i64>) -> impl Future<Output = Result<Vec<Hour>, StoreError>> + Send;
    /// What is kept, of each series the first `most` at least; the highest revision of each. `take` says when it has enough:
    /// hours that begin later are of no use any more.
    fn kept(
        &self,
        select: &Selector,
        hours: &Range<i64>,
        most: usize,
        take: impl FnMut(Hour) -> bool + Send,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Keeps hours.
    fn keep(&self, hours: &[Hour]) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// When the first reading from an instant on was observed.
    fn first(&self, from: i64) -> impl Future<Output = Result<Option<i64>, StoreError>> + Send;
    /// The cursor, if there is one.
    fn cursor(&self) -> impl Future<Output = Result<Option<i64>, StoreError>> + Send;
    /// Puts the cursor somewhere else. The one put last is the one that is found.
    fn put_cursor(&self, through: i64) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// The first `most` hours of what is selected, from readings.
    fn partials(
        &self,
        select: &Selector,
        range: &Range<i64>,
        most: usize,
    ) -> impl Future<Output = Result<Vec<Partial>, StoreError>> + Send;
}

/// What this program knows of the hours on a server.
#[derive(Debug, Default)]
pub struct Hours {
    /// Held while hours are made or forgotten: what is forgotten must not be kept again by a step that read it before.
    work: tokio::sync::Mutex<()>,
    /// Held while the cursor is put somewhere else.
    cursor: tokio::sync::Mutex<()>,
    state: std::sync::Mutex<State>,
}

/// A batch that is being written. Hours of it that are kept are late while it lives and when it goes, whatever became of the
/// write.
#[derive(Debug)]
#[must_use]
pub struct Touched<'a> {
    hours: &'a Hours,
    batch: &'a [Reading],
    /// What was kept, or being made, when it was begun; none where hours are not kept.
    claimed: Option<i64>,
}

impl Drop for Touched<'_> {
    fn drop(&mut self) {
        let Some(claimed) = self.claimed else { return };
        let mut state = self.hours.state();
        state.landed(claimed);
        // The job may have read between the first mark and the write, and may have come further than it was.
        let marks = marks(self.batch, state.claimed());
        state.late(&marks);
    }
}

/// Hours and devices of a batch before an instant.
fn marks(batch: &[Reading], before: i64) -> BTreeSet<(i64, DeviceId)> {
    let late = batch.iter().filter(|reading| reading.observed_at.millis() < before);
    late.map(|reading| (reading.observed_at.hour().millis(), reading.series.device.clone())).collect()
}

impl Hours {
    fn state(&self) -> MutexGuard<'_, State> {
        // It is whole after every statement that can panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns from the server where the cursor stands, once; false where hours are not kept there.
    async fn learned(&self, shelf: &impl HourShelf) -> Result<bool, StoreError> {
        {
            let state = self.state();
            if state.known || state.absent {
                return Ok(state.known);
            }
        }
        if !shelf.there().await? {
            // Only the job asks again.
            self.state().absent = true;
            return Ok(false);
        }
        let cursor = shelf.cursor().await?.unwrap_or(0);
        self.state().learn(cursor - cursor.rem_euclid(HOUR));
        Ok(true)
    }

    /// To be called before a batch is written, and held until it was.
    ///
    /// # Errors
    /// The server cannot be asked or told: the batch must wait.
    pub async fn touch<'a>(&'a self, shelf: &impl HourShelf, batch: &'a [Reading]) -> Result<Touched<'a>, StoreError> {
        if !self.learned(shelf).await? {
            return Ok(Touched { hours: self, batch, claimed: None });
        }
        let (touched, lowest) = {
            let mut state = self.state();
            let claimed = state.claimed();
            let marks = marks(batch, claimed);
            state.late(&marks);
            state.fly(claimed);
            (Touched { hours: self, batch, claimed: Some(claimed) }, marks.into_iter().next())
        };
        if let Some((hour, _)) = lowest {
            self.lower(shelf, hour).await?;
        }
        Ok(touched)
    }

    /// Puts the cursor at `hour`, if it stands behind that.
    async fn lower(&self, shelf: &impl HourShelf, hour: i64) -> Result<(), StoreError> {
        let _alone = self.cursor.lock().await;
        if self.state().cursor > hour {
            shelf.put_cursor(hour).await?;
            self.state().cursor = hour;
        }
        Ok(())
    }

    /// To be held while readings are forgotten, and the kept hours that `range` touches with them. Those that it cuts count as
    /// not kept from then on, and are made anew.
    ///
    /// # Errors
    /// The server cannot be told.
    pub async fn forgetting(
        &self,
        shelf: &impl HourShelf,
        range: &Range<i64>,
    ) -> Result<tokio::sync::MutexGuard<'_, ()>, StoreError> {
        let work = self.work.lock().await;
        let cut = [range.start, range.end].into_iter().filter(|edge| edge.rem_euclid(HOUR) != 0).min();
        if let Some(edge) = cut
            && self.learned(shelf).await?
        {
            let hour = edge - edge.rem_euclid(HOUR);
            self.state().back(hour);
            self.lower(shelf, hour).await?;
        }
        Ok(work)
    }
}
