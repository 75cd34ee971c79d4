//! What is staged in a demonstration, so that alerts fire and are resolved while somebody looks.
//!
//! The story begins some minutes before the start and then repeats every [`CYCLE`]:
//!
//! | who | what | from the start of a cycle |
//! |---|---|---|
//! | first two bins | brimming, then emptied, then as they are, below 75 % | full for 60 s and 150 s |
//! | first air station | a plume of dust: PM10 over 150 ug/m3 | for 100 s |
//! | first water meter | a burst pipe: 1.8 m3/h | for 80 s, in one cycle of twelve |
//! | last air station | silent | for 90 s |
//!
//! What is staged must not be taken for how the city lives: a step up to the brim, and what stands at it, say nothing of how
//! fast a district fills (`domains::waste`), where a bin that fills within a cycle would have made its neighbours full in minutes.
//!
//! What runs out of a burst pipe must not be most of what its district draws, or no sum of an hour could be published
//! (`domains::water`): therefore once an hour.
//!
//! Deliberately absent: the rules that notice it.

use crate::physics::{MINUTE, SECOND};

/// How often it repeats, ms.
pub(crate) const CYCLE: i64 = 300 * SECOND;
/// Of a bin that brims over, %.
const BRIM: f64 = 100.0;
/// A bin of the story that was emptied stays below this, so that its alerts end, %.
const CALM: f64 = 75.0;
/// Litres a second out of the burst pipe.
const BURST: f64 = 0.5;
/// For so long, ms, once in so many cycles.
const BURSTS: i64 = 80 * SECOND;
const SELDOM: i64 = 12;
/// Litres an hour of the same.
pub(crate) const BURST_PER_HOUR: f64 = BURST * 3600.0;

/// The part that a device plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Over 95 % for so long, ms, at the start of each cycle.
    FullBin(i64),
    Plume,
    Burst,
    Silent,
}

/// Where in the story an instant lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Story {
    /// ms since the epoch
    pub(crate) start: i64,
}

impl Story {
    /// ms since the start of the cycle; negative before the first.
    fn into(self, at: i64) -> i64 {
        let since = at - self.start;
        if since < 0 { since } else { since.rem_euclid(CYCLE) }
    }

    /// Within the first `lasts` of a cycle, or `ahead` before the first.
    fn within(self, at: i64, ahead: i64, lasts: i64) -> bool {
        (-ahead..lasts).contains(&self.into(at))
    }

    /// % full, of a bin that would be `natural`.
    pub(crate) fn fill(self, full_for: i64, at: i64, natural: f64) -> f64 {
        match self.into(at) {
            into if into < -30 * MINUTE => natural,
            into if into < full_for => BRIM,
            _ => natural.min(CALM),
        }
    }

    /// ug/m3 of PM10 that the plume adds.
    pub(crate) fn plume(self, at: i64) -> f64 {
        if self.within(at, 20 * MINUTE, 100 * SECOND) { 150.0 } else { 0.0 }
    }

    pub(crate) fn bursts(self, at: i64) -> bool {
        let since = at - self.start;
        since >= 0 && since.rem_euclid(SELDOM * CYCLE) < BURSTS
    }

    /// Litres that have run out of the burst pipe.
    #[expect(clippy::cast_precision_loss, reason = "seconds of a demonstration")]
    pub(crate) fn burst_litres(self, at: i64) -> f64 {
        let (since, every) = ((at - self.start).max(0), SELDOM * CYCLE);
        let seconds = (since / every * BURSTS + (since % every).min(BURSTS)) as f64 / SECOND as f64;
        BURST * seconds
    }

    pub(crate) fn is_silent(self, at: i64) -> bool {
        self.within(at, 20 * MINUTE, 90 * SECOND)
    }
}
