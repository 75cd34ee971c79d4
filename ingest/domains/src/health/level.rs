//! Sensors of a level that rises and is emptied, as in a bin: whether one stands still while its neighbours move, and whether what it
//! says of an empty bin creeps away.

use super::signal::shift;
use super::{Drift, LevelSettings};
use crate::{Finding, median};

/// The least and the greatest level of a time, per cent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Swing {
    /// The least.
    pub least: f64,
    /// The greatest.
    pub greatest: f64,
}

impl Swing {
    /// Of some levels; none of none.
    #[must_use]
    pub fn of(levels: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut levels = levels.into_iter();
        let first = levels.next()?;
        Some(levels.fold(Self { least: first, greatest: first }, |swing, level| Self {
            least: swing.least.min(level),
            greatest: swing.greatest.max(level),
        }))
    }

    /// How far the level moved, points.
    #[must_use]
    pub fn moved(self) -> f64 {
        self.greatest - self.least
    }
}

/// Whether a sensor stands still: over the days that the settings say its level has not moved, and that of the middle one of its
/// neighbours has. One that says full is no such: until it is emptied it can say nothing else.
#[must_use]
pub fn standing_still(own: Swing, neighbours: &[Swing], settings: &LevelSettings) -> bool {
    let moved: Vec<f64> = neighbours.iter().map(|swing| swing.moved()).collect();
    let full = own.greatest >= settings.full.get();
    !full && own.moved() <= settings.still.get() && median(&moved).is_some_and(|moved| moved >= settings.neighbours_moved.get())
}

/// Whether what a sensor says of an empty bin drifts, from the swing of each day in order of time: the least level of the days on which
/// it was emptied, the newest against those before. Dirt before a sensor, or one that came loose, lifts it.
#[must_use]
pub fn residue_drift(days: &[Swing], settings: &LevelSettings) -> Finding<Drift> {
    let emptied = |day: &&Swing| day.moved() >= settings.emptying.get();
    let left: Vec<f64> = days.iter().filter(emptied).map(|day| day.least).collect();
    let sizes = (settings.recent.get() as usize, settings.baseline.get() as usize);
    shift(&left, sizes, |by, spread| by.abs() > settings.least_shift.get().max(settings.sigmas.get() * spread))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::HealthSettings;

    fn swing(least: f64, greatest: f64) -> Swing {
        Swing { least, greatest }
    }

    #[test]
    fn a_level_that_does_not_move_is_stuck_only_where_others_do_and_never_when_full() {
        let settings = HealthSettings::shipped().level;
        let (busy, quiet) = ([swing(2.0, 80.0), swing(5.0, 60.0)], [swing(10.0, 12.0), swing(5.0, 60.0), swing(3.0, 4.0)]);
        let still = swing(43.0, 43.4);
        assert!(standing_still(still, &busy, &settings));
        assert!(!standing_still(still, &quiet, &settings) && !standing_still(still, &[], &settings));
        assert!(!standing_still(swing(99.0, 100.0), &busy, &settings) && !standing_still(swing(40.0, 48.0), &busy, &settings));
        assert_eq!(Swing::of([]), None);
        assert_eq!(Swing::of([3.0, 1.0, 2.0]), Some(swing(1.0, 3.0)));
    }

    #[test]
    fn what_is_left_after_emptyings_drifts_by_more_than_it_varies_and_more_than_a_few_points() {
        let settings = HealthSettings::shipped().level;
        let emptied = |least: f64| swing(least, least + 70.0);
        let mut days: Vec<Swing> = (0..20).flat_map(|n| [emptied(f64::from(n % 3)), swing(20.0, 35.0)]).collect();
        days.extend([2.0, 3.0, 2.0, 4.0, 3.0].map(emptied));
        assert_eq!(residue_drift(&days, &settings).value().map(|d| d.drifting), Some(false), "two points are nothing");
        days.extend([22.0, 24.0, 23.0, 25.0, 24.0].map(emptied));
        let found = residue_drift(&days, &settings).value().expect("enough emptyings");
        assert!(found.drifting && (found.shift - 23.0).abs() < 2.0, "{found:?}");
        assert!(residue_drift(&days[..12], &settings).value().is_none());
    }
}
