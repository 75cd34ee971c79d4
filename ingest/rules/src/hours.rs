//! Local time: the city's days and hours of the week, and the hours in which a rule is enforced.

use domains::time::Calendar;
use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use schemas::Timestamp;

/// How far the next hour of enforcement is looked for, days: beyond a month of feasts there is none.
const AHEAD: i32 = 45;

/// Where and by which calendar a city lives. Lent to conditions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local<'a> {
    pub(crate) zone: &'a TimeZone,
    pub(crate) calendar: &'a Calendar,
}

impl Local<'_> {
    fn civil(self, at: Timestamp) -> DateTime {
        let instant = jiff::Timestamp::from_millisecond(at.millis()).expect("the range of Timestamp is inside that of jiff");
        self.zone.to_datetime(instant)
    }

    fn instant(self, at: DateTime) -> Timestamp {
        self.zone.to_timestamp(at).map_or(Timestamp::MAX, |t| Timestamp::clamped(t.as_millisecond()))
    }

    /// The local day of an instant: its first instant, and that of the next day.
    pub(crate) fn day(self, at: Timestamp) -> (Timestamp, Timestamp) {
        let date = self.civil(at).date();
        let midnight = |date: Date| self.instant(date.at(0, 0, 0, 0));
        (midnight(date), date.tomorrow().map_or(Timestamp::MAX, midnight))
    }

    /// 0 (Monday, 00:00) to 167.
    pub(crate) fn hour_of_week(self, at: Timestamp) -> usize {
        let civil = self.civil(at);
        let number = i16::from(civil.weekday().to_monday_zero_offset()) * 24 + i16::from(civil.hour());
        usize::try_from(number).unwrap_or(0)
    }
}

/// From one time of day to another; past midnight where the second is not later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from: Time,
    pub(crate) to: Time,
}

/// When a rule is enforced, local time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hours {
    /// Monday to Sunday.
    pub(crate) days: [bool; 7],
    pub(crate) usual: Span,
    /// In Ramadan, where it differs.
    pub(crate) ramadan: Option<Span>,
    /// On public holidays too.
    pub(crate) holidays: bool,
}

impl Hours {
    fn on(&self, date: Date, local: Local<'_>) -> Option<(Timestamp, Timestamp)> {
        let day = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
        if !self.days.get(day).copied().unwrap_or(false) || (!self.holidays && local.calendar.holiday(date).is_some()) {
            return None;
        }
        let span = self.ramadan.filter(|_| local.calendar.ramadan(date).is_some()).unwrap_or(self.usual);
        let until = if span.to > span.from { date } else { date.tomorrow().unwrap_or(date) };
        Some((local.instant(date.to_datetime(span.from)), local.instant(until.to_datetime(span.to))))
    }

    /// The spans that may hold an instant or follow it, in order.
    fn around(&self, at: Timestamp, local: Local<'_>) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let date = local.civil(at).date();
        (-1..=AHEAD).filter_map(move |days| self.on(date.saturating_add(days.days()), local))
    }

    /// Whether the rule is enforced at an instant.
    pub(crate) fn hold(&self, at: Timestamp, local: Local<'_>) -> bool {
        self.around(at, local).take_while(|(from, _)| *from <= at).any(|(_, to)| at < to)
    }

    /// When enforcement begins next, after an instant.
    pub(crate) fn next_open(&self, after: Timestamp, local: Local<'_>) -> Option<Timestamp> {
        self.around(after, local).map(|(from, _)| from).find(|from| *from > after)
    }

    /// When enforcement ends next, after an instant.
    pub(crate) fn next_close(&self, after: Timestamp, local: Local<'_>) -> Option<Timestamp> {
        let ends = self.around(after, local).map(|(_, to)| to);
        // Where one span meets the next there is no end.
        ends.filter(|to| *to > after).find(|to| !self.hold(*to, local))
    }
}
