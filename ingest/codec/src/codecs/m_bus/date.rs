//! Dates and times as meters write them: local, without an offset (EN 13757-3, annex A, types F, G and I).
//!
//! Deliberately absent: the zone. A meter does not say it, so whoever knows where it hangs gives the
//! offset; Morocco's own rules are the caller's.

use schemas::Timestamp;

use crate::instant;

/// What a clock on the wall would show, by the meter's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Local {
    /// 1900 to 2299.
    pub year: u16,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31, and a day of that month.
    pub day: u8,
    /// Hour, minute, second; none for a date alone.
    pub time: Option<(u8, u8, u8)>,
    /// The meter says that it is on summer time.
    pub summer: bool,
}

impl Local {
    /// Type G, two bytes: a date. None where it is not one ("every day", 127 as "no year").
    pub(super) fn date(bytes: [u8; 2]) -> Option<Self> {
        let (year, month, day) = year_month_day(bytes);
        Self { year: 2000 + year, month, day, time: None, summer: false }.checked(year)
    }

    /// Type F, four bytes: date and time to the minute. None where the meter marks it as not valid.
    pub(super) fn minute([minute, hour, day, month]: [u8; 4]) -> Option<Self> {
        if minute & 0x80 != 0 {
            return None;
        }
        let (year, month, day) = year_month_day([day, month]);
        let hundreds = u16::from(hour >> 5 & 3);
        // Meters from before the field of hundreds leave it 0 and mean 2000 to 2080.
        let century = if hundreds == 0 && year <= 80 { 2000 } else { 1900 + 100 * hundreds };
        let time = Some((hour & 0x1f, minute & 0x3f, 0));
        Self { year: century + year, month, day, time, summer: hour & 0x80 != 0 }.checked(year)
    }

    /// Type I, six bytes: date and time to the second. None where the meter marks it as not valid.
    pub(super) fn second([second, minute, hour, day, month, _week]: [u8; 6]) -> Option<Self> {
        if minute & 0x80 != 0 {
            return None;
        }
        let (year, month, day) = year_month_day([day, month]);
        let time = Some((hour & 0x1f, minute & 0x3f, second & 0x3f));
        Self { year: 2000 + year, month, day, time, summer: second & 0x80 != 0 }.checked(year)
    }

    fn checked(self, two_digits: u16) -> Option<Self> {
        let (hour, minute, second) = self.time.unwrap_or_default();
        let day = (1..=days_of(self.year, self.month)).contains(&self.day);
        (two_digits <= 99 && day && hour <= 23 && minute <= 59 && second <= 59).then_some(self)
    }

    /// The instant, where local time is `offset` minutes ahead of UTC.
    ///
    /// A date alone stands for a register that was kept at the turn of a day. Makes that name the last
    /// of a month mean its end, those that name the first mean its beginning: both are one instant. Any
    /// other day is taken at its beginning.
    ///
    /// None outside of 1970 to 9999.
    #[must_use]
    pub fn instant(&self, offset: i16) -> Option<Timestamp> {
        let (hour, minute, second) = match self.time {
            Some((hour, minute, second)) => (i64::from(hour), i64::from(minute), i64::from(second)),
            None if self.day == days_of(self.year, self.month) => (24, 0, 0),
            None => (0, 0, 0),
        };
        let days = instant::days(i64::from(self.year), i64::from(self.month), i64::from(self.day));
        let minutes = (days * 24 + hour) * 60 + minute - i64::from(offset);
        Timestamp::from_millis((minutes * 60 + second) * 1000).ok()
    }
}

/// Year of the century (0 to 127), month, day: the same two bytes in all three types.
fn year_month_day([day, month]: [u8; 2]) -> (u16, u8, u8) {
    (u16::from(day >> 5 | (month & 0xf0) >> 1), month & 0x0f, day & 0x1f)
}

/// 0 for what is not a month.
fn days_of(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(year: u16, month: u8, day: u8, time: Option<(u8, u8, u8)>) -> Local {
        Local { year, month, day, time, summer: false }
    }

    #[test]
    fn the_three_types_are_read_by_their_bits() {
        assert_eq!(Local::date([0xff, 0x2a]), Some(local(2023, 10, 31, None)));
        assert_eq!(Local::minute([0x1e, 0x02, 0xde, 0x21]), Some(local(2022, 1, 30, Some((2, 30, 0)))));
        assert_eq!(Local::minute([0x21, 0x2f, 0x16, 0x35]), Some(local(2024, 5, 22, Some((15, 33, 0)))), "with its century");
        assert_eq!(Local::second([0x0e, 0x10, 0x15, 0xc8, 0x2a, 0]), Some(local(2022, 10, 8, Some((21, 16, 14)))));
        assert!(Local::minute([0x1e, 0x82, 0xde, 0x21]).is_some_and(|l| l.summer));
    }

    #[test]
    fn what_is_not_a_day_is_none() {
        assert_eq!(Local::date([0xff, 0xff]), None, "no date set");
        assert_eq!(Local::date([0x00, 0x00]), None, "every day");
        assert_eq!(Local::date([0xe1, 0xf1]), None, "year 127");
        assert_eq!(Local::date([0x5d, 0x32]), None, "29 February 2026");
        assert_eq!(Local::minute([0x9e, 0x02, 0xde, 0x21]), None, "marked as not valid");
    }

    #[test]
    fn the_end_of_a_month_and_the_beginning_of_the_next_are_one_instant() {
        let last = local(2023, 10, 31, None).instant(60);
        assert_eq!(last, local(2023, 11, 1, None).instant(60));
        assert_eq!(last.map(|t| t.to_string()).as_deref(), Some("2023-10-31T23:00:00.000Z"));
        assert_eq!(local(2023, 10, 30, None).instant(0).map(|t| t.to_string()).as_deref(), Some("2023-10-30T00:00:00.000Z"));
        let exact = local(2022, 1, 30, Some((2, 30, 5))).instant(60);
        assert_eq!(exact.map(|t| t.to_string()).as_deref(), Some("2022-01-30T01:30:05.000Z"));
        assert_eq!(local(1901, 1, 1, None).instant(0), None, "before the epoch");
    }
}
