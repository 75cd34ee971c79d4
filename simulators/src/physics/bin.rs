//! Waste bins: they fill by the hour of the day, more on market days, in Ramadan and at Eid, and are emptied between 21:00 and
//! 03:00, nearly every night.

use super::{DAY, HOUR, calendar, share_by};
use crate::calendar::Today;
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

/// More is thrown away around a weekly market.
const MARKET: f64 = 1.3;

/// Where a bin stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Street {
    /// Multiplies what is thrown away.
    pub(crate) commerce: f64,
    /// Weekday of the market, from Monday, 0.
    pub(crate) market: Option<usize>,
}

/// Fill, % of the bin, 0 to 100.
pub(crate) fn fill(bin: Chance, street: Street, at: i64) -> f64 {
    let truck = truck(bin);
    let night = (at - truck).div_euclid(DAY);
    // The last night on which the truck came; a bin is missed four times in a row once in 25,000 nights.
    let came = (0..4).map(|back| night - back).find(|n| bin.branch(3).branch(*n).unit() < COLLECTED).unwrap_or(night - 4);
    (RESIDUE + rate(bin) * street.commerce * thrown(street.market, came * DAY + truck, at)).min(100.0)
}

/// Ordinary days' worth of waste thrown away in `[from, to]`, at most some days.
fn thrown(market: Option<usize>, from: i64, to: i64) -> f64 {
    let days = from.div_euclid(DAY)..=to.div_euclid(DAY);
    let of_day = |day: i64| {
        let (today, (_, weekday)) = (Today::of(day * DAY), calendar(day * DAY));
        let profile = if today.ramadan.is_some() { &HOUR_RAMADAN } else { &HOUR_PROFILE };
        let share = |at: i64| if at < (day + 1) * DAY { share_by(profile, at.max(day * DAY)) } else { 1.0 };
        let market = if market == Some(weekday) { MARKET } else { 1.0 };
        today.waste * market * WEEKDAY.get(weekday).copied().unwrap_or(1.0) * (share(to) - share(from))
    };
    days.map(of_day).sum()
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

#[expect(clippy::cast_possible_truncation, reason = "milliseconds within a day")]
fn whole(ms: f64) -> i64 {
    ms as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREET: Street = Street { commerce: 1.0, market: None };

    #[test]
    fn a_bin_fills_by_day_and_is_emptied_by_night() {
        let start = 1_795_219_200_000; // midnight
        let bins: Vec<Chance> = (0..200).map(|i| Chance::new(3).branch(i)).collect();
        let mean_at = |hour: i64| bins.iter().map(|b| fill(*b, STREET, start + hour * HOUR)).sum::<f64>() / 200.0;
        let (dawn, noon, evening) = (mean_at(5), mean_at(12), mean_at(20));
        assert!(dawn < 25.0 && noon > dawn + 10.0 && evening > noon + 15.0, "{dawn} {noon} {evening}");
        for bin in &bins {
            let day =
                (0..24 * 6).map(|i| fill(*bin, Street { commerce: 1.2, ..STREET }, start + i * HOUR / 6)).collect::<Vec<_>>();
            assert!(day.iter().all(|f| (0.0..=100.0).contains(f)));
        }
    }

    #[test]
    fn eid_ramadan_and_market_days_fill_bins_faster() {
        let at = |text: &str| text.parse::<schemas::Timestamp>().unwrap().millis();
        let day = |date: &str, market| thrown(market, at(&format!("{date}T00:00:00Z")), at(&format!("{date}T23:59:59.999Z")));
        let ordinary = day("2026-11-24", None);
        assert!((ordinary - 0.97).abs() < 1e-3, "a Tuesday: {ordinary}");
        assert!((day("2026-11-24", Some(1)) / ordinary - MARKET).abs() < 1e-3);
        // 27 May 2026 is a Wednesday, as is 25 November.
        assert!((day("2026-05-27", None) / day("2026-11-25", None) - 2.88).abs() < 1e-3);
        let evening = |date: &str| thrown(None, at(&format!("{date}T21:00:00Z")), at(&format!("{date}T23:59:59Z")));
        assert!(evening("2026-03-03") > 1.3 * evening("2026-11-24"), "the city is awake after sunset");
    }
}
