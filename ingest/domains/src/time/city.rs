//! From instants to local days and hours of the week, by the table of time zones that is compiled in.

use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use schemas::{HOUR, Timestamp};
use serde::Serialize;

/// Days that one question may span: what is asked for a century is not a report.
const DAYS_LIMIT: usize = 36_600;
/// Changes of offset that are looked at between 1970 and 2100.
const CHANGES_LIMIT: usize = 1_024;

/// Why a zone cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// No such zone in the table that is compiled in.
    #[error("time zone `{0}` is not in the built-in table, expected an IANA name such as Africa/Casablanca")]
    Unknown(String),
    /// The table is older than Morocco's change of September 2026.
    #[error("the built-in time zone table is too old: Africa/Casablanca is at {found} on 2026-11-21, expected +00:00")]
    Stale {
        /// What the table says.
        found: String,
    },
    /// Offsets that are not whole hours: UTC hours would straddle two local days.
    #[error("time zone `{0}` has offsets that are not whole hours: hourly values cannot be folded into its days")]
    PartHours(String),
}

/// The local time of a city.
#[derive(Clone, Debug)]
pub struct CityTime {
    name: String,
    zone: TimeZone,
}

/// One local day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct LocalDay {
    /// The civil date.
    pub date: Date,
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant of the next day: the day is `[start, end)`.
    pub end: Timestamp,
}

impl LocalDay {
    /// 23, 24 or 25.
    #[must_use]
    pub fn hours(&self) -> usize {
        usize::try_from((self.end.millis() - self.start.millis()) / HOUR).unwrap_or(0)
    }
}

impl CityTime {
    /// The zone of this IANA name.
    ///
    /// # Errors
    /// Not in the built-in table, not in whole hours, or the table predates September 2026, when Morocco
    /// left UTC+1 for good (IANA 2026c). Local days would be wrong without anybody noticing, so nothing
    /// starts with such a table.
    pub fn of(name: &str) -> Result<Self, ZoneError> {
        let table = TimeZoneDatabase::bundled();
        let find = |name: &str| table.get(name).map_err(|_| ZoneError::Unknown(name.chars().take(64).collect()));
        let probe = DateTime::constant(2026, 11, 21, 12, 0, 0, 0).to_zoned(TimeZone::UTC).map(|z| z.timestamp());
        let probe = probe.expect("a moment of 2026 is representable");
        let found = find("Africa/Casablanca")?.to_offset(probe);
        if found.seconds() != 0 {
            return Err(ZoneError::Stale { found: found.to_string() });
        }
        let city = Self { name: name.to_owned(), zone: find(name)? };
        if city.in_whole_hours() { Ok(city) } else { Err(ZoneError::PartHours(city.name)) }
    }

    fn in_whole_hours(&self) -> bool {
        let whole = |offset: jiff::tz::Offset| offset.seconds() % 3600 == 0;
        let first = jiff::Timestamp::UNIX_EPOCH;
        whole(self.zone.to_offset(first)) && self.zone.following(first).take(CHANGES_LIMIT).all(|change| whole(change.offset()))
    }

    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The zone itself, from the built-in table, for whoever only shows an instant.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The civil date and time of an instant.
    #[must_use]
    pub fn civil(&self, at: Timestamp) -> DateTime {
        let instant = jiff::Timestamp::from_millisecond(at.millis()).expect("the range of Timestamp is inside that of jiff");
        self.zone.to_datetime(instant)
    }

    /// The date of an instant.
    #[must_use]
    pub fn date(&self, at: Timestamp) -> Date {
        self.civil(at).date()
    }

    /// The first instant of a civil date and time; in the hour that a change skips, the instant of the change.
    #[must_use]
    pub fn instant(&self, at: DateTime) -> Timestamp {
        self.zone.to_timestamp(at).map_or(Timestamp::MAX, |t| Timestamp::clamped(t.as_millisecond()))
    }

    /// The local day of this date.
    #[must_use]
    pub fn day(&self, date: Date) -> LocalDay {
        let start = self.instant(date.at(0, 0, 0, 0));
        let end = date.tomorrow().map_or(Timestamp::MAX, |next| self.instant(next.at(0, 0, 0, 0)));
        LocalDay { date, start, end }
    }

    /// The local day that holds an instant.
    #[must_use]
    pub fn day_of(&self, at: Timestamp) -> LocalDay {
        self.day(self.date(at))
    }

    /// The local days from `first` to `last`, both included; at most a century of them.
    pub fn days(&self, first: Date, last: Date) -> impl Iterator<Item = LocalDay> + '_ {
        let dates = std::iter::successors(Some(first), |date| date.tomorrow().ok());
        dates.take_while(move |date| *date <= last).take(DAYS_LIMIT).map(|date| self.day(date))
    }

    /// The local days of a calendar year.
    pub fn year(&self, year: i16) -> impl Iterator<Item = LocalDay> + '_ {
        let first = Date::new(year, 1, 1).unwrap_or(Date::MAX);
        self.days(first, first.last_of_year())
    }

    /// The hour of the local week, 0 (Monday, 00:00) to 167.
    #[must_use]
    pub fn hour_of_week(&self, at: Timestamp) -> usize {
        let civil = self.civil(at);
        let number = i16::from(civil.weekday().to_monday_zero_offset()) * 24 + i16::from(civil.hour());
        usize::try_from(number).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_that_splits_hours_or_does_not_exist_is_refused() {
        assert_eq!(CityTime::of("Asia/Kolkata").unwrap_err(), ZoneError::PartHours("Asia/Kolkata".to_owned()));
        assert!(matches!(CityTime::of("Africa/Anfa").unwrap_err(), ZoneError::Unknown(_)));
        assert!(CityTime::of("Africa/Casablanca").is_ok() && CityTime::of("Europe/Paris").is_ok());
    }

    #[test]
    fn the_year_in_which_morocco_left_utc_plus_one_has_8761_hours() {
        let city = CityTime::of("Africa/Casablanca").unwrap();
        assert_eq!(city.year(2026).map(|d| d.hours()).sum::<usize>(), 8761);
        assert_eq!(city.year(2026).count(), 365);
        assert_eq!(city.year(2027).filter(|d| d.hours() != 24).count(), 0);
    }

    #[test]
    fn days_meet_and_the_ends_of_time_do_not_panic() {
        let city = CityTime::of("Africa/Casablanca").unwrap();
        let days: Vec<_> = city.year(2026).collect();
        assert!(days.windows(2).all(|pair| pair[0].end == pair[1].start));
        let last = city.day_of(Timestamp::MAX);
        assert!(last.start <= Timestamp::MAX);
        assert_eq!(city.hour_of_week("2026-11-23T00:30:00Z".parse().unwrap()), 0);
        assert_eq!(city.hour_of_week("2026-11-22T23:30:00Z".parse().unwrap()), 167);
    }
}
