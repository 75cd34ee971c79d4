//! Water meters: an index that only grows, by the hour of the day and least at night; some have a
//! leak that never stops, and a story may burst a pipe.

use std::sync::LazyLock;

use super::{DAY, HOUR, calendar, share_by};
use crate::calendar::Today;
use crate::chance::Chance;

/// How much is drawn, hour by hour, in a household.
pub(crate) static HOUR_PROFILE: [f64; 24] = [
    0.55, 0.42, 0.35, 0.32, 0.36, 0.62, 1.05, 1.45, 1.55, 1.45, 1.35, 1.3, 1.4, 1.35, 1.15, 1.05, 1.0, 1.05, 1.15, 1.25, 1.3,
    1.2, 0.95, 0.78,
];
/// The same in Ramadan: awake until suhoor, asleep in the morning.
pub(crate) static HOUR_RAMADAN: [f64; 24] = [
    1.35, 1.2, 1.15, 1.4, 1.3, 0.6, 0.35, 0.35, 0.5, 0.75, 0.95, 1.05, 1.1, 1.1, 1.1, 1.15, 1.3, 1.55, 0.7, 1.05, 1.2, 1.25, 1.3,
    1.3,
];
/// 2026-01-01T00:00:00Z: when the meters were read first.
const BEGAN: i64 = 1_767_225_600_000;

/// Litres a day: household median 240, sigma 0.6.
pub(crate) fn daily(meter: Chance) -> f64 {
    meter.branch(1).lognormal(240.0, 0.6)
}

/// A household draws its day's water in so many goes: none in many an hour of the night, as a district's smooth profile would have it.
const GOES: f64 = 24.0;

/// Litres an hour that leak, if this meter is one of those: 8 to 60.
pub(crate) fn leak(meter: Chance) -> f64 {
    meter.branch(2).between(8.0, 60.0)
}

/// Litres an hour that pipes lose for each connection (this simulator's own): about an eighth of what is drawn.
const LOST: f64 = 1.6;

/// Litres that the pipes have lost for one connection since meters were read first.
#[expect(clippy::cast_precision_loss, reason = "hours since 2026")]
pub(crate) fn lost(at: i64) -> f64 {
    LOST * (at - BEGAN) as f64 / HOUR as f64
}

/// More is drawn in summer, and in the first days of Ramadan.
pub(crate) const SUMMER: f64 = 1.15;
pub(crate) const SUMMER_MONTHS: std::ops::RangeInclusive<usize> = 5..=8;
pub(crate) const FIRST_OF_RAMADAN: (f64, u8) = (1.2, 3);
/// How many days the sums go.
const DAYS: i64 = 6_500;

/// How many ordinary days' water was drawn before each day since the first reading.
static DRAWN: LazyLock<Vec<f64>> = LazyLock::new(|| {
    (0..DAYS)
        .scan(0.0, |sum, day| {
            let before = *sum;
            *sum += factor(day);
            Some(before)
        })
        .collect()
});

/// How much more than on an ordinary day is drawn on a day since the first reading.
fn factor(day: i64) -> f64 {
    let at = BEGAN + day * DAY;
    let summer = if SUMMER_MONTHS.contains(&calendar(at).0) { SUMMER } else { 1.0 };
    let feast = if Today::of(at).ramadan.is_some_and(|day| day <= FIRST_OF_RAMADAN.1) { FIRST_OF_RAMADAN.0 } else { 1.0 };
    summer * feast
}

/// Ordinary days' water before a day; before the first reading and after the table, as if all were ordinary.
#[expect(clippy::cast_precision_loss, reason = "days since 2026")]
fn drawn_before(day: i64) -> f64 {
    let known = day.clamp(0, DAYS - 1);
    let sum = usize::try_from(known).ok().and_then(|row| DRAWN.get(row)).copied().unwrap_or(0.0);
    sum + (day - known) as f64
}

/// The index in litres: what stood there at first, households by the hour in whole goes, and the leak.
#[expect(clippy::cast_precision_loss, reason = "days since 2026")]
pub(crate) fn index(meter: Chance, leaks: bool, at: i64) -> f64 {
    let since = at - BEGAN;
    let day = since.div_euclid(DAY);
    // Weekdays and whims: a day draws up to 30 % more than its fellow takes less, so that the sum
    // over pairs is exact and the index needs no history.
    let whim = 0.3 * meter.branch(3).branch(day.div_euclid(2)).between(-1.0, 1.0);
    let (first, own) = (day - day.rem_euclid(2), factor(day));
    let (done, today) = if day == first { (0.0, own * (1.0 + whim)) } else { (whim * factor(first), own - whim * factor(first)) };
    let profile = if Today::of(at).ramadan.is_some() { &HOUR_RAMADAN } else { &HOUR_PROFILE };
    let days = drawn_before(day) + done + today * share_by(profile, at);
    let start = meter.branch(4).between(20_000.0, 900_000.0);
    let leaked = if leaks { leak(meter) * 24.0 * since as f64 / DAY as f64 } else { 0.0 };
    let daily = daily(meter);
    start + (days * GOES).floor() * daily / GOES + leaked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::MINUTE;

    #[test]
    fn the_index_only_grows_and_least_at_night() {
        for i in 0..20 {
            let meter = Chance::new(11).branch(i);
            let at = |k: i64| index(meter, false, BEGAN + 100 * DAY + k * 10 * MINUTE);
            assert!((0..6 * 24 * 5).all(|k| at(k + 1) >= at(k)));
            let drawn = |day: i64, hour: i64| {
                let hour = day * 24 + hour;
                index(meter, false, BEGAN + (hour + 1) * HOUR) - index(meter, false, BEGAN + hour * HOUR)
            };
            let of = |hour| (100..130).map(|day| drawn(day, hour)).sum::<f64>();
            assert!(of(3) < 0.5 * of(8));
            let still = |day: i64| (0..24).any(|hour| drawn(day, hour) < 1.0);
            assert!((100..130).all(still), "a household without a leak draws nothing in some hour of each day");
        }
    }

    #[test]
    fn a_leak_shows_in_the_night() {
        let meter = Chance::new(11);
        let night = |leaks| index(meter, leaks, BEGAN + 4 * HOUR) - index(meter, leaks, BEGAN + 3 * HOUR);
        assert!((night(true) - night(false) - leak(meter)).abs() < 1e-6);
    }

    #[test]
    fn summer_and_the_first_days_of_ramadan_draw_more() {
        let meters: Vec<Chance> = (0..100).map(|i| Chance::new(11).branch(i)).collect();
        let at = |text: &str| text.parse::<schemas::Timestamp>().unwrap().millis();
        // Pairs of days: whims are gone.
        let two_days = |date: &str| {
            let from = (at(&format!("{date}T00:00:00Z")) - BEGAN).div_euclid(2 * DAY) * 2 * DAY + BEGAN;
            meters.iter().map(|m| index(*m, false, from + 2 * DAY) - index(*m, false, from)).sum::<f64>()
        };
        let ordinary = two_days("2026-04-15");
        // Within a go or so of each household.
        let near = |ratio: f64, of: f64| (ratio - of).abs() < 1.0 / (2.0 * GOES);
        assert!(near(two_days("2026-07-15") / ordinary, SUMMER), "{}", two_days("2026-07-15") / ordinary);
        assert!(near(two_days("2027-02-09") / ordinary, FIRST_OF_RAMADAN.0), "{}", two_days("2027-02-09") / ordinary);
        for meter in &meters {
            let year = (0..365 * 24).map(|hour| index(*meter, false, BEGAN + 300 * DAY + hour * crate::physics::HOUR));
            assert!(year.collect::<Vec<_>>().is_sorted(), "an index only grows");
        }
    }
}
