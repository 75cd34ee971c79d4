//! Waste bins: they fill by the hour of the day and are emptied between 21:00 and 03:00, nearly
//! every night.

use super::{DAY, HOUR, calendar, share_by};
use crate::chance::Chance;

/// How much is thrown away, hour by hour.
pub(crate) static HOUR_PROFILE: [f64; 24] = [
    0.35, 0.25, 0.15, 0.1, 0.08, 0.12, 0.35, 0.8, 1.1, 1.15, 1.15, 1.2, 1.35, 1.6, 1.45, 1.1, 0.95, 1.0, 1.2, 1.5, 1.9, 2.0, 1.4,
    0.75,
];
pub(crate) static WEEKDAY: [f64; 7] = [1.08, 0.97, 0.97, 0.97, 1.05, 1.02, 1.0];
/// The same in Ramadan, when the city wakes up after sunset.
pub(crate) static HOUR_RAMADAN: [f64; 24] = [
    1.55, 1.5, 1.35, 1.1, 0.7, 0.2, 0.1, 0.15, 0.3, 0.45, 0.6, 0.75, 0.85, 0.9, 0.95, 1.0, 1.1, 1.2, 0.6, 1.6, 2.1, 2.0, 1.75,
    1.6,
];
/// Part of the nights on which the truck comes.
pub(crate) const COLLECTED: f64 = 0.92;
/// What stays at the bottom, %.
pub(crate) const RESIDUE: f64 = 4.0;

/// Fill, % of the bin, 0 to 100. `commerce` multiplies what is thrown away.
pub(crate) fn fill(bin: Chance, commerce: f64, at: i64) -> f64 {
    let rate = rate(bin) * commerce;
    let truck = truck(bin);
    let night = (at - truck).div_euclid(DAY);
    // The last night on which the truck came; a bin is missed four times in a row once in 25,000 nights.
    let came = (0..4).map(|back| night - back).find(|n| bin.branch(3).branch(*n).unit() < COLLECTED).unwrap_or(night - 4);
    let thrown = thrown_by(at) - thrown_by(came * DAY + truck);
    let (_, weekday) = calendar(at);
    (RESIDUE + rate * thrown * WEEKDAY.get(weekday).copied().unwrap_or(1.0)).min(100.0)
}

/// When in the day, ms, the truck comes to this bin.
fn truck(bin: Chance) -> i64 {
    21 * HOUR + whole(bin.branch(2).between(0.0, 6.0) * 3_600_000.0)
}

/// When the truck emptied it, in `[from, to)`.
pub(crate) fn emptied(bin: Chance, from: i64, to: i64) -> impl Iterator<Item = i64> {
    let truck = truck(bin);
    let nights = (from - truck).div_euclid(DAY)..=(to - truck).div_euclid(DAY);
    let came = nights.filter(move |night| bin.branch(3).branch(*night).unit() < COLLECTED).map(move |night| night * DAY + truck);
    came.filter(move |at| (from..to).contains(at))
}

/// Points of its height by which a bin fills in a day, at an ordinary place.
pub(crate) fn rate(bin: Chance) -> f64 {
    bin.branch(1).lognormal(48.0, 0.3)
}

/// Days' worth of waste thrown away since 1970.
#[expect(clippy::cast_precision_loss, reason = "days since 1970")]
fn thrown_by(at: i64) -> f64 {
    at.div_euclid(DAY) as f64 + share_by(&HOUR_PROFILE, at)
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds within a day")]
fn whole(ms: f64) -> i64 {
    ms as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bin_fills_by_day_and_is_emptied_by_night() {
        let start = 1_795_219_200_000; // midnight
        let bins: Vec<Chance> = (0..200).map(|i| Chance::new(3).branch(i)).collect();
        let mean_at = |hour: i64| bins.iter().map(|b| fill(*b, 1.0, start + hour * HOUR)).sum::<f64>() / 200.0;
        let (dawn, noon, evening) = (mean_at(5), mean_at(12), mean_at(20));
        assert!(dawn < 25.0 && noon > dawn + 10.0 && evening > noon + 15.0, "{dawn} {noon} {evening}");
        for bin in &bins {
            let day = (0..24 * 6).map(|i| fill(*bin, 1.2, start + i * HOUR / 6)).collect::<Vec<_>>();
            assert!(day.iter().all(|f| (0.0..=100.0).contains(f)));
        }
    }
}
