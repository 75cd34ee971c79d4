//! Parking bays: stays of a lognormal length, and gaps between them such that the bay is occupied
//! as often as the street is at that hour; on Fridays near a mosque more often than in a street of offices.

use super::{DAY, HOUR, MINUTE, between_hours, calendar, share_by};
use crate::chance::Chance;

/// Part of the bays that are occupied, by hour, on a working day in a metered street.
pub(super) static OCCUPIED: [f64; 24] = [
    0.35, 0.35, 0.35, 0.35, 0.35, 0.35, 0.35, 0.45, 0.60, 0.78, 0.88, 0.92, 0.90, 0.82, 0.80, 0.86, 0.90, 0.92, 0.88, 0.80, 0.70,
    0.62, 0.50, 0.42,
];
/// Stay: median and standard deviation of the logarithm.
const STAY: (f64, f64) = (55.0 * MINUTE as f64, 0.9);
/// Mean of that distribution, ms.
const MEAN_STAY: f64 = 82.5 * MINUTE as f64;

/// Cars a day through the entrance of a small car park and of a large one.
const CARS: (f64, f64) = (150.0, 900.0);

/// The Friday prayer, ms of the day, and what it adds to the part that is occupied near a mosque and takes from it near offices.
const PRAYER: std::ops::Range<i64> = 12 * HOUR + 15 * MINUTE..14 * HOUR;
const NEAR_A_MOSQUE: f64 = 0.25;
const NEAR_OFFICES: f64 = -0.1;
const FRIDAY: usize = 4;

/// How busy a bay's street is on a day.
#[derive(Clone, Copy, Debug)]
struct Busy {
    /// Against a working day.
    week: f64,
    /// Added while the Friday prayer lasts.
    prayer: f64,
}

/// A bay at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bay {
    pub(crate) occupied: bool,
    /// When that state began, ms.
    pub(crate) since: i64,
    /// When the state before it began, ms.
    pub(crate) before: i64,
}

impl Busy {
    fn on(bay: Chance, day: i64) -> Self {
        let weekday = calendar(day * DAY).1;
        let week = match weekday {
            5 => 0.95,
            6 => 0.6,
            _ => 1.0,
        };
        // Of ten bays, three are near a mosque and two in a street of offices.
        let prayer = match bay.branch(-3).unit() {
            _ if weekday != FRIDAY => 0.0,
            place if place < 0.3 => NEAR_A_MOSQUE,
            place if place < 0.5 => NEAR_OFFICES,
            _ => 0.0,
        };
        Self { week, prayer }
    }

    /// The part of such bays that should be occupied now.
    fn target(self, at: i64) -> f64 {
        let prayer = if PRAYER.contains(&at.rem_euclid(DAY)) { self.prayer } else { 0.0 };
        (self.week * between_hours(&OCCUPIED, at) + prayer).clamp(0.05, 0.97)
    }
}

/// What a bay becomes on two days, from the midnight before last on, so that what spans a midnight is one stay. Each day draws
/// anew: a bay's state never depends on more than two days. Whoever asks for one instant after another keeps it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Diary {
    today: i64,
    changes: Vec<(i64, bool)>,
}

impl Diary {
    /// That of the day of an instant, and of the one before.
    pub(crate) fn of(luck: Chance, at: i64) -> Self {
        let today = at.div_euclid(DAY);
        let end = (today + 1) * DAY;
        Self { today, changes: day(luck, today - 1, end).chain(day(luck, today, end)).collect() }
    }

    /// Whether it is of this instant's day.
    pub(crate) fn holds(&self, at: i64) -> bool {
        at.div_euclid(DAY) == self.today
    }

    /// The bay at an instant of its day.
    pub(crate) fn at(&self, at: i64) -> Bay {
        let passed = self.changes.partition_point(|(changes, _)| *changes <= at);
        let Some((since, occupied, first)) = self.begins(passed) else {
            return Bay { occupied: false, since: at, before: at - HOUR };
        };
        let before = self.begins(first).map_or(since - HOUR, |(before, _, _)| before);
        Bay { occupied, since, before }
    }

    /// When the bay becomes something else after an instant of its day, or the day ends: the next day draws anew.
    pub(crate) fn next_change(&self, after: i64) -> i64 {
        let passed = self.changes.partition_point(|(changes, _)| *changes <= after);
        self.changes.get(passed).map_or((self.today + 1) * DAY, |(changes, _)| *changes)
    }

    /// When the state of the last of the first `passed` entries began, which it is, and the number of the entry. A midnight may
    /// say once more what was so.
    fn begins(&self, passed: usize) -> Option<(i64, bool, usize)> {
        let entries = self.changes.get(..passed)?;
        let (_, occupied) = *entries.last()?;
        let first = entries.iter().rposition(|(_, other)| *other != occupied).map_or(0, |other| other + 1);
        entries.get(first).map(|(since, _)| (*since, occupied, first))
    }
}

/// What a bay becomes and when, from the midnight of a day on and before `until`; at most one day.
pub(crate) fn day(luck: Chance, day: i64, until: i64) -> impl Iterator<Item = (i64, bool)> {
    let (midnight, ends) = (day * DAY, ((day + 1) * DAY).min(until));
    let (busy, luck) = (Busy::on(luck, day), luck.branch(day));
    let first = luck.branch(-1).unit() < busy.target(midnight);
    let states = std::iter::successors(Some((midnight, first, 0_i64)), move |(at, occupied, step)| {
        let lasts = if *occupied { stays(luck.branch(*step)) } else { waits(luck.branch(*step), busy, *at) };
        Some((at + lasts, !occupied, step + 1))
    });
    states.map(|(at, occupied, _)| (at, occupied)).take_while(move |(at, _)| *at < ends)
}

/// How long a car stays, ms.
#[expect(clippy::cast_possible_truncation, reason = "at most two days in milliseconds")]
fn stays(luck: Chance) -> i64 {
    luck.lognormal(STAY.0, STAY.1).clamp(MINUTE as f64, 2.0 * DAY as f64) as i64
}

/// How long the bay waits for the next car, ms. Cars come at the rate that keeps the target p(t)
/// against those that leave: (dp/dt + p / mean stay) / (1 - p) for each free bay.
fn waits(luck: Chance, busy: Busy, from: i64) -> i64 {
    const STEP: i64 = 10 * MINUTE;
    let mut left = -(1.0 - luck.unit()).ln();
    let mut at = from;
    while at < from + DAY {
        let (p, next) = (busy.target(at), busy.target(at + STEP));
        left -= ((next - p + p * STEP as f64 / MEAN_STAY) / (1.0 - p)).max(0.0);
        if left < 0.0 {
            break;
        }
        at += STEP;
    }
    // Somewhere within the step in which it came.
    (at - from + MINUTE).max(MINUTE) + (luck.branch(1).bits() % STEP.cast_unsigned()).cast_signed()
}

/// How many cars have passed an entrance since 1970: more where there is more room behind it, by the hour as bays fill.
#[expect(clippy::cast_precision_loss, reason = "days since 1970")]
pub(crate) fn passages(gate: Chance, at: i64) -> f64 {
    let daily = gate.branch(-4).between(CARS.0, CARS.1).round();
    daily * at.div_euclid(DAY) as f64 + (daily * share_by(&OCCUPIED, at)).floor()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONDAY: Busy = Busy { week: 1.0, prayer: 0.0 };

    fn bay(luck: Chance, at: i64) -> Bay {
        Diary::of(luck, at).at(at)
    }

    #[test]
    fn bays_are_occupied_as_often_as_the_hour_says() {
        let monday = 1_795_392_000_000;
        for hour in [3, 11, 17] {
            let at = monday + hour * HOUR;
            let occupied = (0..1000).filter(|i| bay(Chance::new(5).branch(*i), at).occupied).count();
            let part = f64::from(u32::try_from(occupied).unwrap()) / 1000.0;
            assert!((part - MONDAY.target(at)).abs() < 0.12, "{hour} h: {part} against {}", MONDAY.target(at));
        }
    }

    #[test]
    fn cars_pass_by_day_and_the_count_only_grows() {
        let gate = Chance::new(5);
        let monday = 1_795_392_000_000;
        let count = |hour: i64| passages(gate, monday + hour * HOUR);
        assert!((0..72).all(|hour| count(hour) <= count(hour + 1)));
        assert!(count(12) - count(11) > 2.0 * (count(4) - count(3)), "more at noon than by night");
        assert!((150.0..=900.0).contains(&(count(24) - count(0))), "{}", count(24) - count(0));
    }

    #[test]
    fn time_goes_on_across_midnight() {
        let luck = Chance::new(9);
        let mut last = bay(luck, 1_795_219_200_000 - HOUR);
        for minute in -60..120 {
            let at = 1_795_219_200_000 + minute * MINUTE;
            let now = bay(luck, at);
            assert!(now.before < now.since && now.since <= at);
            assert!(now.since >= last.since, "a state never begins earlier when it is looked at later");
            last = now;
        }
    }

    #[test]
    fn on_friday_at_noon_the_bays_near_a_mosque_are_full() {
        let friday = 1_795_219_200_000 - DAY;
        let occupied = |prayer: f64, at: i64| {
            let bays = (0..4000).map(|i| Chance::new(5).branch(i)).filter(|bay| Busy::on(*bay, friday / DAY).prayer == prayer);
            let states: Vec<bool> = bays.map(|luck| bay(luck, at).occupied).collect();
            let count = |states: &[bool]| f64::from(u32::try_from(states.len()).unwrap());
            count(&states.iter().copied().filter(|occupied| *occupied).collect::<Vec<_>>()) / count(&states)
        };
        let noon = friday + 13 * HOUR + 45 * MINUTE;
        let (mosque, elsewhere, offices) = (occupied(NEAR_A_MOSQUE, noon), occupied(0.0, noon), occupied(NEAR_OFFICES, noon));
        assert!(mosque > elsewhere + 0.05 && elsewhere > offices, "{mosque} {elsewhere} {offices}");
        let before = occupied(NEAR_A_MOSQUE, friday + 10 * HOUR) - occupied(0.0, friday + 10 * HOUR);
        assert!(before.abs() < 0.06, "as everywhere before the prayer: {before}");
    }
}
