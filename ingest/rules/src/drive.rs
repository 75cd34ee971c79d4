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

    /// The same where devices are judged one after the other: what was due for the device of the reading is said into
    /// `due`, and of other devices nothing. Where no rule compares devices this comes to the same.
    pub fn hear_alone(&mut self, reading: &Reading, due: &mut Vec<Transition>, out: &mut Vec<Transition>) {
        self.observe_after(reading.received_at.minus(SETTLE), reading, due, out);
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
pub fn in_order(readings: &[Reading]) -> Vec<&Reading> {
    let mut all: Vec<&Reading> = readings.iter().collect();
    if !all.is_sorted_by(|a, b| key(a) <= key(b)) {
        all.sort_by(|a, b| key(a).cmp(&key(b)));
    }
    all
}

fn key(r: &Reading) -> (Timestamp, Timestamp, &DeviceId, Quantity, u8) {
    (r.received_at, r.observed_at, &r.series.device, r.series.quantity, r.series.channel)
}
