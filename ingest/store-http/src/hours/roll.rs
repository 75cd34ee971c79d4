//! The job that makes hours: each time it reads back what must be, makes the late ones anew, and goes on from where it was.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::time::Instant;

use ports::{RolledUp, Selector, StoreError};
use rustc_hash::FxBuildHasher;
use schemas::{DeviceId, HOUR, Kind, SeriesKey, Timestamp, Zone};

use super::state::Claim;
use super::{Content, Hour, HourShelf, Hours};

/// After the end of an hour, until it is rolled up: most of what is late comes by then.
const GRACE: i64 = 10 * 60_000;
/// Questions for late hours, and steps onward, that one call makes at most.
const ROUNDS: usize = 16;
/// Steps that wait to be read back, at most.
const WAITING: usize = 8;

type Place = (SeriesKey, Kind, Zone, i64);

fn place(hour: &Hour) -> Place {
    (hour.series.clone(), hour.kind, hour.zone.clone(), hour.start)
}

/// A claim under way: dropped before it is done, its hours are as late as they were.
struct Held<'a> {
    hours: &'a Hours,
    claim: Option<Claim>,
}

impl Held<'_> {
    /// Its hours are made; where they must be read back they are not to be believed before.
    fn done(mut self, ripe: Option<Instant>) {
        let Some(claim) = self.claim.take() else { return };
        let mut state = self.hours.state();
        state.release(&claim);
        if ripe.is_some() {
            state.hold(Claim { ripe, ..claim });
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(claim) = &self.claim {
            self.hours.state().give_back(claim);
        }
    }
}

/// What making hours came to.
#[derive(Clone, Copy, Debug, Default)]
struct Made {
    /// Hours of series that have readings.
    rows: usize,
    /// Those that were not kept so before.
    written: usize,
}

impl Hours {
    /// Does a bounded part of what is to be done at `now`.
    ///
    /// # Errors
    /// The server is away or refuses; what was not done is done the next time.
    pub async fn roll<S: HourShelf>(&self, shelf: &S, now: Timestamp) -> Result<RolledUp, StoreError> {
        let _alone = self.work.lock().await;
        self.state().absent = false;
        if !self.learned(shelf).await? {
            return Ok(RolledUp::default());
        }
        let mut written = self.read_back(shelf, now).await?;
        for _ in 0..ROUNDS {
            let Some(claim) = self.state().take_late() else { break };
            written += self.make_claimed(shelf, claim, now).await?.written;
        }
        let mut behind = true;
        for _ in 0..ROUNDS {
            let Some(made) = self.onward(shelf, now).await? else {
                behind = false;
                break;
            };
            written += made.written;
        }
        self.raise(shelf).await?;
        Ok(RolledUp { hours: written as u64, more: behind || self.state().has_late() })
    }

    /// Makes those again that were written long enough ago: where nothing differs, they are there.
    async fn read_back<S: HourShelf>(&self, shelf: &S, now: Timestamp) -> Result<usize, StoreError> {
        let (mut written, ripe) = (0, self.state().ripe(Instant::now()));
        for claim in ripe {
            let claim = self.state().take_again(claim);
            written += self.make_claimed(shelf, claim, now).await?.written;
        }
        Ok(written)
    }

    async fn make_claimed<S: HourShelf>(&self, shelf: &S, claim: Claim, now: Timestamp) -> Result<Made, StoreError> {
        let (devices, hours) = (claim.devices.clone(), claim.hours.clone());
        let held = Held { hours: self, claim: Some(claim) };
        let made = make(shelf, &devices, hours, now).await?;
        held.done(ripe(shelf, made));
        Ok(made)
    }

    /// The next hours that have readings; none where all are kept that should be.
    async fn onward<S: HourShelf>(&self, shelf: &S, now: Timestamp) -> Result<Option<Made>, StoreError> {
        let end = now.millis() - GRACE;
        let end = end - end.rem_euclid(HOUR);
        let (claim, stride) = {
            let mut state = self.state();
            if state.through >= end || state.waiting() >= WAITING {
                return Ok(None);
            }
            let from = state.through;
            (state.take_ahead(from..end), state.stride.hours())
        };
        let from = claim.hours.start;
        let mut held = Held { hours: self, claim: Some(claim) };
        let first = shelf.first(from.max(floor(shelf, now))).await?;
        let first = first.map(|at| at - at.rem_euclid(HOUR)).filter(|first| *first < end);
        let (made, hours) = match first {
            None => (Made::default(), end..end),
            Some(first) => {
                let hours = first..end.min(first + stride * HOUR);
                let made = make(shelf, &[], hours.clone(), now).await;
                (made.inspect_err(|_| self.state().stride.failed())?, hours)
            }
        };
        let mut state = self.state();
        if let Some(claim) = held.claim.take() {
            state.release(&claim);
        }
        // Unless somebody has put it back meanwhile.
        if state.through == from {
            state.through = hours.end;
        }
        if let Some(ripe) = ripe(shelf, made) {
            state.hold(Claim { devices: Vec::new(), hours, ripe: Some(ripe) });
        }
        state.stride.took(made.rows, S::STEP);
        Ok(Some(made))
    }

    /// Puts the cursor as far on as it may stand.
    async fn raise(&self, shelf: &impl HourShelf) -> Result<(), StoreError> {
        let _alone = self.cursor.lock().await;
        let (safe, cursor) = {
            let mut state = self.state();
            let (safe, cursor) = (state.safe(), state.cursor);
            // Before it is told: whatever becomes of the request, it stands there at most.
            state.cursor = cursor.max(safe);
            (safe, cursor)
        };
        if safe > cursor { shelf.put_cursor(safe).await } else { Ok(()) }
    }
}

/// Readings of hours before it may be gone, so that these are left as they are.
fn floor(shelf: &impl HourShelf, now: Timestamp) -> i64 {
    let floor = shelf.floor(now.millis());
    floor + (-floor).rem_euclid(HOUR)
}

/// When what was written can be read back, if that is needed.
fn ripe(shelf: &impl HourShelf, made: Made) -> Option<Instant> {
    shelf.trail().filter(|_| made.written > 0).map(|trail| Instant::now() + trail)
}

/// Has the server keep of these hours what their readings come to.
async fn make<S: HourShelf>(shelf: &S, devices: &[DeviceId], hours: Range<i64>, now: Timestamp) -> Result<Made, StoreError> {
    let hours = hours.start.max(floor(shelf, now))..hours.end;
    if hours.is_empty() {
        return Ok(Made::default());
    }
    let folded = told_apart::<S>(shelf.folded(devices, &hours).await?);
    let mut kept: HashMap<Place, (Content, u32), FxBuildHasher> = HashMap::default();
    let select = Selector { devices: devices.to_vec(), ..Selector::default() };
    let take = |hour: Hour| {
        kept.insert(place(&hour), (hour.content, hour.revision));
        false
    };
    shelf.kept(&select, &hours, usize::MAX, take).await?;
    let rows = folded.len();
    let mut writes = Vec::new();
    for hour in folded {
        match kept.remove(&place(&hour)) {
            Some((content, _)) if content.agrees(&hour.content) => {}
            Some((_, revision)) => writes.push(Hour { revision: revision.saturating_add(1), ..hour }),
            None => writes.push(hour),
        }
    }
    // What made the others was corrected, or moved away.
    let gone = kept.into_iter().filter(|(_, (content, _))| *content != Content::Nothing);
    writes.extend(gone.map(|((series, kind, zone, start), (_, revision))| Hour {
        series,
        kind,
        zone,
        start,
        content: Content::Nothing,
        revision: revision.saturating_add(1),
    }));
    shelf.keep(&writes).await?;
    Ok(Made { rows, written: writes.len() })
}

/// Where a device was in two places within an hour, or a sum is beyond what is held exactly, its readings must tell: of all
/// its series, since an answer asks for them by device.
fn told_apart<S: HourShelf>(mut folded: Vec<Hour>) -> Vec<Hour> {
    let mut telling: HashSet<(DeviceId, i64), FxBuildHasher> = HashSet::default();
    let mut seen: HashSet<(&SeriesKey, i64), FxBuildHasher> = HashSet::default();
    for hour in &folded {
        let beyond = matches!(hour.content, Content::Sums(sums) if sums.sum.abs() >= S::SUMS_BELOW);
        if !seen.insert((&hour.series, hour.start)) || beyond {
            telling.insert((hour.series.device.clone(), hour.start));
        }
    }
    if telling.is_empty() {
        return folded;
    }
    for hour in &mut folded {
        if telling.contains(&(hour.series.device.clone(), hour.start)) {
            hour.content = Content::Readings;
        }
    }
    folded
}
