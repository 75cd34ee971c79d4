//! Levels of fill that are told: raised by two samples, cleared by two samples well below, or by an emptying.

use serde::Serialize;

use super::LevelSettings;

/// What happens to a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It is reached.
    Raise,
    /// It is left.
    Clear,
}

/// A change, with the sample that decided it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LevelEvent {
    /// Index of the sample.
    pub index: usize,
    /// What happened.
    pub change: Change,
}

/// One of the levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// For information.
    Info,
    /// Warning.
    Warning,
    /// Critical.
    Critical,
    /// Overflowing.
    Overflow,
}

/// Raises at `consecutive` samples at or above `threshold`, clears at as many below `clear`. `emptied` says for
/// an index whether the bin was emptied with that sample, which clears at once.
#[must_use]
pub fn level_events(
    fill: &[f64],
    threshold: f64,
    clear: f64,
    consecutive: u32,
    emptied: impl Fn(usize) -> bool,
) -> Vec<LevelEvent> {
    let mut events = Vec::new();
    let (mut open, mut run) = (false, 0);
    for (index, level) in fill.iter().enumerate() {
        let towards = if open { *level < clear } else { *level >= threshold };
        run = if towards { run + 1 } else { 0 };
        if run >= consecutive.max(1) || (open && emptied(index)) {
            let change = if open { Change::Clear } else { Change::Raise };
            events.push(LevelEvent { index, change });
            (open, run) = (!open, 0);
        }
    }
    events
}

/// The events of each level of the settings, from the lowest. For [`Level::Overflow`] the caller also asks that
/// it lasts.
#[must_use]
pub fn levels(fill: &[f64], emptied: impl Fn(usize) -> bool, settings: &LevelSettings) -> Vec<(Level, Vec<LevelEvent>)> {
    let thresholds = [
        (Level::Info, &settings.info),
        (Level::Warning, &settings.warning),
        (Level::Critical, &settings.critical),
        (Level::Overflow, &settings.overflow),
    ];
    let of = |(level, threshold): (Level, &crate::parameters::Sourced<crate::parameters::Positive>)| {
        let (raise, clear) = (threshold.get(), threshold.get() - settings.clearance.get());
        (level, level_events(fill, raise, clear, settings.consecutive.get(), &emptied))
    };
    thresholds.into_iter().map(of).collect()
}
