//! How full a zone usually is in each hour of the local week.

use schemas::{HOUR, Timestamp};

use super::occupancy::SpaceHours;
use super::{Occupancy, OccupancySettings, Transition};
use crate::time::CityTime;

/// Hours of a week, from Monday 00:00 local.
pub const HOURS_OF_WEEK: usize = 168;

/// How full a zone was in each hour of the local week over a period, all weeks together: weighted by time, and unknown time
/// counts as nothing. Slices of transitions as for [`super::occupancy_over`].
#[must_use]
pub fn occupancy_by_week(
    spaces: &[&[Transition]],
    (from, to): (Timestamp, Timestamp),
    city: &CityTime,
    settings: &OccupancySettings,
) -> [Occupancy; HOURS_OF_WEEK] {
    let mut week = [SpaceHours::default(); HOURS_OF_WEEK];
    let mut start = from;
    while start < to {
        let end = Timestamp::clamped(start.hour().millis() + HOUR).min(to);
        if let Some(slot) = week.get_mut(city.hour_of_week(start)) {
            *slot = slot.and(SpaceHours::of(spaces, (start, end)));
        }
        start = end;
    }
    week.map(|hours| hours.occupancy(settings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parking::{ParkingSettings, SpaceState};

    #[test]
    fn an_hour_of_the_week_is_the_mean_of_its_weeks_and_one_that_was_never_seen_has_none() {
        let (settings, city) = (ParkingSettings::shipped().occupancy, CityTime::of("Africa/Casablanca").unwrap());
        // Two Mondays: full from 09:00 to 10:00 on the first, half of that hour on the second; free until noon.
        let at = |text: &str| format!("2026-11-{text}:00Z").parse::<Timestamp>().unwrap();
        let space = [
            Transition { at: at("16T08:00"), state: SpaceState::Free },
            Transition { at: at("16T09:00"), state: SpaceState::Occupied },
            Transition { at: at("16T10:00"), state: SpaceState::Free },
            Transition { at: at("16T12:00"), state: SpaceState::Unknown },
            Transition { at: at("23T09:00"), state: SpaceState::Occupied },
            Transition { at: at("23T09:30"), state: SpaceState::Free },
            Transition { at: at("23T12:00"), state: SpaceState::Unknown },
        ];
        let week = occupancy_by_week(&[&space], (at("16T00:00"), at("29T23:00")), &city, &settings);
        let percent = |hour: usize| week[hour].percent.clone().value().map(|p| (p * 10.0).round() / 10.0);
        assert_eq!((percent(8), percent(9), percent(10)), (Some(0.0), Some(75.0), Some(0.0)));
        assert!(week[8].low_confidence, "of two such hours one was not seen");
        assert_eq!((percent(13), percent(24 + 9)), (None, None));
    }
}
