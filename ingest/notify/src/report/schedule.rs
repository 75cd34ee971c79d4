//! When a report goes, and of which time it tells. Pure.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};
use schemas::Timestamp;
use serde::Deserialize;

/// Which report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The air bulletin of a day: each day, of the day before.
    Daily,
    /// How contractors did in a week: each Monday, of the week before.
    Weekly,
    /// The air of a month: on each first, of the month before.
    Monthly,
}

impl Which {
    /// As the addresses of pages have it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Which::Daily => "daily",
            Which::Weekly => "weekly",
            Which::Monthly => "monthly",
        }
    }

    /// The last day on which it goes, up to this one.
    fn day(self, today: Date) -> Date {
        match self {
            Which::Daily => today,
            Which::Weekly => {
                let since = today.weekday().since(Weekday::Monday);
                today.checked_sub(i64::from(since).days()).unwrap_or(today)
            }
            Which::Monthly => today.first_of_month(),
        }
    }
}

/// As what a report goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A file, with its fonts and charts.
    #[default]
    Attached,
    /// The mail itself.
    Inline,
}

/// One issue of a report: a day of its period, and when it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edition {
    /// The last day of the period.
    pub date: Date,
    /// When it goes.
    pub due: Timestamp,
}

impl Edition {
    /// The last one whose time has come by `now`.
    #[must_use]
    pub fn last(which: Which, at: Time, zone: &TimeZone, now: Timestamp) -> Option<Self> {
        let today = local(now, zone)?.date();
        let this = Self::of(which.day(today), at, zone)?;
        if this.due <= now {
            return Some(this);
        }
        let before = which.day(today).yesterday().ok()?;
        Self::of(which.day(before), at, zone)
    }

    /// When the one after it goes.
    #[must_use]
    pub fn next(&self, which: Which, at: Time, zone: &TimeZone) -> Option<Timestamp> {
        let day = self.date.tomorrow().ok()?;
        let next = match which {
            Which::Daily => day.checked_add(1.day()),
            Which::Weekly => day.checked_add(7.days()),
            Which::Monthly => day.checked_add(1.month()),
        };
        Some(Self::of(next.ok()?, at, zone)?.due)
    }

    /// The one that goes on this day.
    fn of(day: Date, at: Time, zone: &TimeZone) -> Option<Self> {
        // Of an hour that a change of the clock leaves out, the one after it is meant.
        let due = day.to_datetime(at).to_zoned(zone.clone()).ok()?.timestamp();
        Some(Self { date: day.yesterday().ok()?, due: Timestamp::clamped(due.as_millisecond()) })
    }
}

fn local(at: Timestamp, zone: &TimeZone) -> Option<Zoned> {
    Some(jiff::Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(zone.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn last(which: Which, now: &str) -> (String, String) {
        let zone = TimeZone::get("Africa/Casablanca").unwrap();
        let edition = Edition::last(which, jiff::civil::time(7, 30, 0, 0), &zone, at(now)).unwrap();
        assert!(edition.next(which, jiff::civil::time(7, 30, 0, 0), &zone).unwrap() > at(now), "it is the last one");
        (edition.date.to_string(), edition.due.to_string())
    }

    #[test]
    fn the_last_edition_is_the_one_whose_local_time_is_over() {
        let told = |date: &str, due: &str| (date.to_owned(), due.to_owned());
        // Casablanca has been at UTC since 20 September 2026, and was an hour ahead before.
        assert_eq!(last(Which::Daily, "2026-11-27T07:30:00Z"), told("2026-11-26", "2026-11-27T07:30:00.000Z"));
        assert_eq!(last(Which::Daily, "2026-11-27T07:29:59Z"), told("2026-11-25", "2026-11-26T07:30:00.000Z"));
        assert_eq!(last(Which::Daily, "2026-09-19T06:30:00Z"), told("2026-09-18", "2026-09-19T06:30:00.000Z"));
        // 27 November 2026 is a Friday.
        assert_eq!(last(Which::Weekly, "2026-11-27T12:00:00Z"), told("2026-11-22", "2026-11-23T07:30:00.000Z"));
        assert_eq!(last(Which::Weekly, "2026-11-23T07:00:00Z"), told("2026-11-15", "2026-11-16T07:30:00.000Z"));
        assert_eq!(last(Which::Monthly, "2026-11-27T12:00:00Z"), told("2026-10-31", "2026-11-01T07:30:00.000Z"));
        assert_eq!(last(Which::Monthly, "2026-12-01T07:00:00Z"), told("2026-10-31", "2026-11-01T07:30:00.000Z"));
    }

    #[test]
    fn editions_follow_one_another_through_a_year_without_a_hole() {
        let zone = TimeZone::get("Africa/Casablanca").unwrap();
        let time = jiff::civil::time(2, 30, 0, 0);
        for (which, count) in [(Which::Daily, 366), (Which::Weekly, 53), (Which::Monthly, 13)] {
            let mut edition = Edition::last(which, time, &zone, at("2026-01-01T12:00:00Z")).unwrap();
            let (mut dates, mut now) = (1, edition.due);
            while now < at("2027-01-01T12:00:00Z") {
                now = edition.next(which, time, &zone).unwrap();
                let next = Edition::last(which, time, &zone, now).unwrap();
                assert_eq!(next.due, now, "{which:?}");
                assert!(next.date > edition.date, "{which:?}: {} after {}", next.date, edition.date);
                (edition, dates) = (next, dates + 1);
            }
            assert!((count..=count + 1).contains(&dates), "{which:?}: {dates}");
        }
    }
}
