//! Who stays too long, counted in the hours in which it matters.
//!
//! Each day's hours of enforcement have their own clock: closing stops it, and the next morning it begins anew.
//! That is this house's reading; a city that counts on overnight sets longer hours.

use jiff::civil::Time;
use schemas::Timestamp;
use serde::Deserialize;

use crate::parameters::Status;
use crate::time::{Calendar, CityTime, WeekdayName};

/// A session is looked at for at most so many days: a car that stays longer is a wreck.
const DAYS_LIMIT: usize = 60;

/// The hours in which stays are looked at, local.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enforcement {
    /// On which days.
    pub days: Vec<WeekdayName>,
    /// From.
    pub from: Time,
    /// To.
    pub to: Time,
    /// From, in Ramadan.
    pub ramadan_from: Time,
    /// To, in Ramadan.
    pub ramadan_to: Time,
    /// Whether public holidays count as other days.
    pub holidays: bool,
    /// How well the hours are known.
    pub status: Status,
    /// Where they are from.
    pub source: String,
}

impl Enforcement {
    pub(super) fn ends_before_it_begins(&self) -> bool {
        self.to <= self.from || self.ramadan_to <= self.ramadan_from
    }
}

/// The instant at which a stay becomes too long: more than `max_min` and `grace_min` minutes within the hours of
/// one day; none if it does not by `until`, which is its end or now.
#[must_use]
pub fn overstay(
    start: Timestamp,
    until: Timestamp,
    (max_min, grace_min): (f64, f64),
    enforcement: &Enforcement,
    city: &CityTime,
    calendar: &Calendar,
) -> Option<Timestamp> {
    let allowed = std::time::Duration::try_from_secs_f64((max_min + grace_min) * 60.0).ok()?;
    for day in city.days(city.date(start), city.date(until)).take(DAYS_LIMIT) {
        let weekday = day.date.weekday();
        let enforced = enforcement.days.iter().any(|d| d.weekday() == weekday);
        if !enforced || (!enforcement.holidays && calendar.holiday(day.date).is_some()) {
            continue;
        }
        let (from, to) = match calendar.ramadan(day.date) {
            Some(_) => (enforcement.ramadan_from, enforcement.ramadan_to),
            None => (enforcement.from, enforcement.to),
        };
        let opens = city.instant(day.date.to_datetime(from)).max(start);
        let closes = city.instant(day.date.to_datetime(to)).min(until);
        if closes.since(opens) > allowed {
            return Some(opens.plus(allowed));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parking::ParkingSettings;

    #[test]
    fn closing_time_stops_the_clock_and_sunday_has_none() {
        let (settings, city) = (ParkingSettings::shipped(), CityTime::of("Africa/Casablanca").unwrap());
        let calendar = Calendar::casablanca();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let stay = |from: &str, to: &str| overstay(at(from), at(to), (120.0, 10.0), &settings.enforcement, &city, &calendar);
        // A Friday and a Saturday of November 2026, when Morocco is at UTC.
        assert_eq!(stay("2026-11-20T09:00:00Z", "2026-11-20T11:30:00Z"), Some(at("2026-11-20T11:10:00Z")));
        assert_eq!(stay("2026-11-20T09:00:00Z", "2026-11-20T11:10:00Z"), None);
        assert_eq!(stay("2026-11-20T18:30:00Z", "2026-11-21T07:59:00Z"), None);
        assert_eq!(stay("2026-11-20T18:30:00Z", "2026-11-21T12:00:00Z"), Some(at("2026-11-21T10:10:00Z")));
        assert_eq!(stay("2026-11-21T19:00:00Z", "2026-11-22T20:00:00Z"), None);
        // Independence Day.
        assert_eq!(stay("2026-11-18T09:00:00Z", "2026-11-18T18:00:00Z"), None);
    }
}
