//! How full a zone is, and how much of that is known.

use schemars::JsonSchema;
use schemas::Timestamp;
use serde::Serialize;

use super::{OccupancySettings, SpaceState, Transition};
use crate::{Finding, Lack};

/// Spaces of a zone that do not add up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{occupied} occupied, {unknown} unknown and {closed} closed spaces are more than the {total} of the zone")]
pub struct OccupancyError {
    total: u32,
    occupied: u32,
    unknown: u32,
    closed: u32,
}

/// The spaces of a zone at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SpaceCounts {
    total: u32,
    occupied: u32,
    unknown: u32,
    closed: u32,
}

impl SpaceCounts {
    /// Counts of spaces; what is left is free.
    ///
    /// # Errors
    /// The parts are more than the whole.
    pub fn new(total: u32, occupied: u32, unknown: u32, closed: u32) -> Result<Self, OccupancyError> {
        let parts = u64::from(occupied) + u64::from(unknown) + u64::from(closed);
        if parts > u64::from(total) {
            return Err(OccupancyError { total, occupied, unknown, closed });
        }
        Ok(Self { total, occupied, unknown, closed })
    }
}

/// How full a zone is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Occupancy {
    /// Per cent of the spaces that are known to be free or occupied.
    pub percent: Finding<f64>,
    /// The part of the zone that is known and open, 0 to 1.
    pub known: f64,
    /// Too much is unknown or closed for the number to be relied on.
    pub low_confidence: bool,
}

impl Occupancy {
    /// From weights of the same kind: spaces, or hours of spaces.
    fn of(total: f64, occupied: f64, away: f64, settings: &OccupancySettings) -> Self {
        let known = total - away;
        let percent = if known > 0.0 {
            Finding::Value(100.0 * occupied / known)
        } else {
            Finding::Insufficient(Lack::OneOf(vec!["spaces with a known state"]))
        };
        let share = if total > 0.0 { away / total } else { 1.0 };
        Self { percent, known: 1.0 - share, low_confidence: share > settings.unknown_share.get() }
    }
}

/// How full a zone is at one instant: 100 x occupied / (total - unknown - closed).
#[must_use]
pub fn occupancy(counts: SpaceCounts, settings: &OccupancySettings) -> Occupancy {
    let away = f64::from(counts.unknown) + f64::from(counts.closed);
    Occupancy::of(f64::from(counts.total), f64::from(counts.occupied), away, settings)
}

/// How full a zone was over a window, weighted by time. One slice of transitions a space, in order of time; before
/// its first one a space is unknown.
#[must_use]
pub fn occupancy_over(spaces: &[&[Transition]], window: (Timestamp, Timestamp), settings: &OccupancySettings) -> Occupancy {
    SpaceHours::of(spaces, window).occupancy(settings)
}

/// Hours of spaces within some windows.
#[derive(Clone, Copy, Default)]
pub(super) struct SpaceHours {
    total: f64,
    known: f64,
    occupied: f64,
}

impl SpaceHours {
    /// As [`occupancy_over`].
    pub(super) fn of(spaces: &[&[Transition]], (start, end): (Timestamp, Timestamp)) -> Self {
        let hours = |from: Timestamp, to: Timestamp| to.min(end).since(from.max(start)).as_secs_f64() / 3600.0;
        let (mut occupied, mut known) = (0.0, 0.0);
        for space in spaces {
            // From the state in which the window begins on.
            let first = space.partition_point(|t| t.at <= start).saturating_sub(1);
            let space = space.get(first..).unwrap_or_default();
            let nexts = space.iter().skip(1).map(|t| t.at).chain([Timestamp::MAX]);
            for (transition, next) in space.iter().zip(nexts).take_while(|(t, _)| t.at < end) {
                let length = hours(transition.at, next);
                match transition.state {
                    SpaceState::Occupied => {
                        occupied += length;
                        known += length;
                    }
                    SpaceState::Free => known += length,
                    SpaceState::Unknown | SpaceState::Closed => {}
                }
            }
        }
        Self { total: hours(start, end) * spaces.len() as f64, known, occupied }
    }

    /// With those of another window.
    pub(super) fn and(self, other: Self) -> Self {
        let Self { total, known, occupied } = other;
        Self { total: self.total + total, known: self.known + known, occupied: self.occupied + occupied }
    }

    /// How full that is.
    pub(super) fn occupancy(self, settings: &OccupancySettings) -> Occupancy {
        Occupancy::of(self.total, self.occupied, (self.total - self.known).max(0.0), settings)
    }
}

/// Whether an aggregate over so many spaces may be published: over few of them it tells of single ones.
#[must_use]
pub fn publishable(spaces: usize, settings: &OccupancySettings) -> bool {
    spaces >= settings.least_spaces.get() as usize
}

/// For each of the windows, `step_min` minutes each, whether drivers have been searching for long enough by its
/// end. A window without a number ends the search.
#[must_use]
pub fn search_pressure(percents: &[Option<f64>], step_min: f64, settings: &OccupancySettings) -> Vec<bool> {
    let mut minutes = 0.0;
    let mut pressed = |percent: &Option<f64>| {
        let full = percent.is_some_and(|p| p >= settings.pressure_percent.get());
        minutes = if full { minutes + step_min } else { 0.0 };
        minutes >= settings.pressure_minutes.get()
    };
    percents.iter().map(&mut pressed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parking::ParkingSettings;

    #[test]
    fn a_window_is_weighted_by_time_and_unknown_time_does_not_count_as_free() {
        let settings = ParkingSettings::shipped().occupancy;
        let at = |minutes: i64| Timestamp::clamped(minutes * 60_000);
        let one = [
            Transition { at: at(0), state: SpaceState::Free },
            Transition { at: at(30), state: SpaceState::Occupied },
            Transition { at: at(45), state: SpaceState::Unknown },
        ];
        let found = occupancy_over(&[&one], (at(0), at(60)), &settings);
        assert_eq!(found.percent.value().map(|p| (p * 100.0).round()), Some(3333.0));
        assert!((found.known - 0.75).abs() < 1e-9 && !found.low_confidence);
        let silent = occupancy_over(&[&one, &[]], (at(0), at(60)), &settings);
        assert!(silent.low_confidence);
        assert!(publishable(5, &settings) && !publishable(4, &settings));
        assert!(SpaceCounts::new(3, 2, 1, 1).is_err());
    }

    #[test]
    fn drivers_search_after_half_an_hour_and_a_gap_ends_it() {
        let settings = ParkingSettings::shipped().occupancy;
        let percents = [Some(90.0), Some(85.0), None, Some(99.0), Some(84.9)];
        assert_eq!(search_pressure(&percents, 15.0, &settings), [false, true, false, false, false]);
    }
}
