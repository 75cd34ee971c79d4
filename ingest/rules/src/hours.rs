//! Local time: the city's days and hours of the week, and the hours in which a rule is enforced.

use std::cell::RefCell;

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
    pub(crate) stretches: &'a Stretches,
}

impl Local<'_> {
    pub(crate) fn civil(self, at: Timestamp) -> DateTime {
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

/// What was found last of each hours of enforcement, once where they are open and once where not: readings that are
/// judged after one another mostly ask for the same, and looking it up costs more than the rest of judging. Of one
/// zone of time and one calendar.
#[derive(Debug, Default)]
pub(crate) struct Stretches(RefCell<Vec<(Hours, [Option<Stretch>; 2])>>);

/// More hours than this are not remembered: a set of rules has a few.
const REMEMBERED: usize = 16;

impl Stretches {
    fn of(&self, hours: &Hours, at: Timestamp, local: Local<'_>) -> Stretch {
        let mut all = self.0.borrow_mut();
        let place = all.iter().position(|(known, _)| known == hours);
        let known = place.and_then(|place| all.get(place)).into_iter().flat_map(|(_, found)| found.iter().flatten());
        if let Some(stretch) = known.copied().find(|s| s.from <= at && at < s.to) {
            return stretch;
        }
        let stretch = hours.stretch(at, local);
        if place.is_none() && all.len() < REMEMBERED {
            all.push((hours.clone(), [None; 2]));
        }
        let place = place.unwrap_or(all.len() - 1);
        if let Some((_, [closed, open])) = all.get_mut(place).filter(|(known, _)| known == hours) {
            *(if stretch.open { open } else { closed }) = Some(stretch);
        }
        stretch
    }
}

/// From an instant to before another one a rule is enforced, or is not.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    from: Timestamp,
    to: Timestamp,
    open: bool,
    /// When that ends: not before `to`, later where one span meets the next.
    ends: Option<Timestamp>,
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

    /// What is so at an instant, and for how long it surely is.
    fn stretch(&self, at: Timestamp, local: Local<'_>) -> Stretch {
        let open = self.around(at, local).take_while(|(from, _)| *from <= at).find(|(_, to)| at < *to);
        if let Some((from, to)) = open {
            return Stretch { from, to, open: true, ends: self.close_after(at, local) };
        }
        let ends = self.around(at, local).map(|(from, _)| from).find(|from| *from > at);
        // What was before is not looked at: it may have been open until a moment ago.
        Stretch { from: at, to: ends.unwrap_or(at), open: false, ends }
    }

    fn close_after(&self, after: Timestamp, local: Local<'_>) -> Option<Timestamp> {
        let ends = self.around(after, local).map(|(_, to)| to);
        // Where one span meets the next there is no end.
        ends.filter(|to| *to > after)
            .find(|to| !self.around(*to, local).take_while(|(from, _)| from <= to).any(|(_, until)| *to < until))
    }

    /// Whether the rule is enforced at an instant.
    pub(crate) fn hold(&self, at: Timestamp, local: Local<'_>) -> bool {
        local.stretches.of(self, at, local).open
    }

    /// When enforcement begins next, after an instant.
    pub(crate) fn next_open(&self, after: Timestamp, local: Local<'_>) -> Option<Timestamp> {
        let stretch = local.stretches.of(self, after, local);
        if stretch.open { self.around(after, local).map(|(from, _)| from).find(|from| *from > after) } else { stretch.ends }
    }

    /// When enforcement ends next, after an instant.
    pub(crate) fn next_close(&self, after: Timestamp, local: Local<'_>) -> Option<Timestamp> {
        let stretch = local.stretches.of(self, after, local);
        if stretch.open { stretch.ends } else { self.close_after(after, local) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: i8, to: i8) -> Span {
        Span { from: Time::constant(from, 0, 0, 0), to: Time::constant(to, 0, 0, 0) }
    }

    /// Over Ramadan 2027, with spans past midnight that meet, overlap and leave gaps.
    #[test]
    fn what_is_remembered_of_hours_is_what_looking_up_says_at_any_instant() {
        let (zone, calendar) = (TimeZone::get("Africa/Casablanca").unwrap(), Calendar::casablanca());
        let (stretches, week) = (Stretches::default(), [true, true, true, true, true, true, false]);
        let usual = [span(8, 20), span(20, 8), span(0, 0), span(22, 2)];
        let all: Vec<Hours> = usual
            .into_iter()
            .flat_map(|usual| [None, Some(span(3, 7)), Some(span(0, 0))].map(|ramadan| (usual, ramadan)))
            .flat_map(|(usual, ramadan)| [week, [true; 7]].map(|days| Hours { days, usual, ramadan, holidays: days[6] }))
            .collect();
        let (start, mut random) = (Timestamp::clamped(1_800_662_400_000), 7u64);
        for turn in 0..6_000i64 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // On from where it was by a quarter or so, now and then back by hours; whole hours among them.
            let back = if random >> 33 & 7 == 0 { 40 } else { 0 };
            let at = Timestamp::clamped(start.millis() + (turn - back) * 900_000 + i64::from(random >> 40 & 1 == 1) * 1_234);
            let hours = &all[usize::try_from(random >> 44).unwrap() % all.len()];
            let local = Local { zone: &zone, calendar: &calendar, stretches: &stretches };
            let afresh = Stretches::default();
            let anew = Local { stretches: &afresh, ..local };
            let opens = hours.around(at, local).map(|(from, _)| from).find(|from| *from > at);
            assert_eq!(hours.hold(at, local), hours.stretch(at, anew).open, "{at} {hours:?}");
            assert_eq!(hours.next_open(at, local), opens, "{at} {hours:?}");
            assert_eq!(hours.next_close(at, local), hours.close_after(at, anew), "{at} {hours:?}");
        }
    }
}
