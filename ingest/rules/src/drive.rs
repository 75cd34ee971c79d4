//! When time goes on: one answer for the running program, for back-tests and for tests of rules, so that what they say
//! of the same readings is the same line by line.
//!
//! Time goes with the readings as they were heard, and never with how many of them happened to wait. What was heard
//! within [`SETTLE`] is judged before the time that passed meanwhile: a device that empties its memory in one burst is
//! not taken at its first word. Where nothing is heard, time goes on [`IDLE`] behind the clock: what was heard before
//! but is still on its way through the journal is then judged before it, as a back-test does.
//!
//! Deliberately absent: what a restart does with its backlog (`pipeline`).

use std::time::Duration;

use schemas::{DeviceId, Quantity, Reading, Timestamp, Transition};

use crate::engine::Engine;

/// Time goes on so far behind the reading that is judged next.
pub const SETTLE: Duration = Duration::from_secs(1);
/// Time goes on so far behind the clock where no reading comes: [`SETTLE`], and twice as long for the way of a message
/// through the journal.
pub const IDLE: Duration = Duration::from_secs(3);

impl Engine {
    /// Judges a reading after what was due before it was heard; how many of `out` were there before the reading itself
    /// was judged.
    pub fn hear(&mut self, reading: &Reading, out: &mut Vec<Transition>) -> usize {
        self.advance(reading.received_at.minus(SETTLE), out);
        let before = out.len();
        self.observe(reading, out);
        before
    }

    /// The same for those of the readings, sorted by when they were heard, that are `mine`, where no rule compares
    /// devices: one device after the other, so that all that is remembered of it is at hand. `say` is shown what was due
    /// before a reading of its device without it, and what the reading came to with it. Of devices that say nothing
    /// nothing is said: that is for [`Engine::advance`], to [`SETTLE`] before the last reading.
    pub fn hear_each<'r>(
        &mut self,
        readings: &'r [Reading],
        mine: impl Fn(&Reading) -> bool,
        say: impl FnMut(Option<&'r Reading>, Transition),
    ) {
        self.observe_each(SETTLE, readings, mine, say);
    }

    /// Lets time go on where everything that was kept is judged and the clock says `now`.
    pub fn idle(&mut self, now: Timestamp, out: &mut Vec<Transition>) {
        self.advance(now.minus(IDLE), out);
    }

    /// When the clock must be looked at again: when [`Engine::idle`] has something to do.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        self.wake_at().map(|at| at.plus(IDLE))
    }
}

/// Readings in the order in which they are judged: as they were heard, those of one millisecond as they were observed. Of one
/// device these are the readings of one message, since each of its messages is heard in a millisecond of its own. One series
/// and one instant twice: as given.
#[must_use]
pub fn in_order<'r>(readings: impl IntoIterator<Item = &'r Reading>) -> Vec<&'r Reading> {
    let mut all: Vec<&Reading> = readings.into_iter().collect();
    if all.is_sorted_by_key(|r| r.received_at) {
        // The usual: no more than what was heard at once is looked at.
        let at_once = all.chunk_by_mut(|a, b| a.received_at == b.received_at).filter(|some| some.len() > 1);
        at_once.for_each(|some| some.sort_by(|a, b| key(a).cmp(&key(b))));
    } else {
        all.sort_by(|a, b| key(a).cmp(&key(b)));
    }
    all
}

/// [`in_order`] of one device's readings, by their places in what is sorted by when it was heard.
pub(crate) fn in_order_at(places: &mut [u32], readings: &[Reading]) {
    let reading = |place: &u32| readings.get(*place as usize);
    let at_once = places.chunk_by_mut(|a, b| reading(a).map(|r| r.received_at) == reading(b).map(|r| r.received_at));
    let order = |a: &u32, b: &u32| reading(a).map(key).cmp(&reading(b).map(key));
    at_once.filter(|some| some.len() > 1).for_each(|some| some.sort_by(order));
}

fn key(r: &Reading) -> (Timestamp, Timestamp, &DeviceId, Quantity, u8) {
    (r.received_at, r.observed_at, &r.series.device, r.series.quantity, r.series.channel)
}
