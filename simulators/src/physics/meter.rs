//! Water meters: an index that only grows, by the hour of the day and least at night; some have a
//! leak that never stops, and a story may burst a pipe.

use super::{DAY, share_by};
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

/// Litres an hour that leak, if this meter is one of those: 8 to 60.
pub(crate) fn leak(meter: Chance) -> f64 {
    meter.branch(2).between(8.0, 60.0)
}

/// The index in litres: what stood there at first, households by the hour, and the leak.
#[expect(clippy::cast_precision_loss, reason = "days since 2026")]
pub(crate) fn index(meter: Chance, leaks: bool, at: i64) -> f64 {
    let since = at - BEGAN;
    let day = since.div_euclid(DAY);
    // Weekdays and whims: a day draws up to 30 % more than its fellow takes less, so that the sum
    // over pairs is exact and the index needs no history.
    let whim = 0.3 * meter.branch(3).branch(day.div_euclid(2)).between(-1.0, 1.0);
    let (done, factor) = if day.rem_euclid(2) == 0 { (0.0, 1.0 + whim) } else { (whim, 1.0 - whim) };
    let days = day as f64 + done + factor * share_by(&HOUR_PROFILE, at);
    let start = meter.branch(4).between(20_000.0, 900_000.0);
    let leaked = if leaks { leak(meter) * 24.0 * since as f64 / DAY as f64 } else { 0.0 };
    start + daily(meter) * days + leaked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::physics::{HOUR, MINUTE};

    #[test]
    fn the_index_only_grows_and_least_at_night() {
        for i in 0..20 {
            let meter = Chance::new(11).branch(i);
            let at = |k: i64| index(meter, false, BEGAN + 100 * DAY + k * 10 * MINUTE);
            assert!((0..6 * 24 * 5).all(|k| at(k + 1) >= at(k)));
            let drawn = |hour: i64| index(meter, false, BEGAN + (hour + 1) * HOUR) - index(meter, false, BEGAN + hour * HOUR);
            assert!(drawn(3) < 0.5 * drawn(8));
        }
    }

    #[test]
    fn a_leak_shows_in_the_night() {
        let meter = Chance::new(11);
        let night = |leaks| index(meter, leaks, BEGAN + 4 * HOUR) - index(meter, leaks, BEGAN + 3 * HOUR);
        assert!((night(true) - night(false) - leak(meter)).abs() < 1e-6);
    }
}
