//! Air: mean x month x hour x weekday x luck, and the chergui, a desert wind that brings dust.
//!
//! Calibrated on a published study of the Hay Hassani station, 2014: NO2 18.9, O3 50.6, PM10 33.8
//! ug/m3 as annual means, and the shapes of its months and hours.

use super::{DAY, HOUR, at_hour, calendar, mean};
use crate::chance::Chance;

pub(super) struct Pollutant {
    pub(super) mean: f64,
    pub(super) month: [f64; 12],
    pub(super) hour: [f64; 24],
    /// Standard deviation of the logarithm, from hour to hour and from day to day.
    sigma: f64,
    day_sigma: f64,
}

pub(super) static NO2: Pollutant = Pollutant {
    mean: 18.9,
    month: [1.7, 1.55, 1.05, 0.8, 0.65, 0.6, 0.55, 0.55, 0.8, 0.95, 1.05, 1.75],
    hour: [
        1.25, 1.05, 0.85, 0.7, 0.62, 0.62, 0.75, 1.05, 1.25, 1.15, 0.95, 0.8, 0.7, 0.65, 0.62, 0.65, 0.72, 0.85, 1.05, 1.25, 1.4,
        1.55, 1.6, 1.45,
    ],
    sigma: 0.35,
    day_sigma: 0.0,
};
pub(super) static O3: Pollutant = Pollutant {
    mean: 50.6,
    month: [0.7, 0.8, 1.0, 1.15, 1.2, 1.3, 1.35, 1.35, 1.1, 0.85, 0.65, 0.55],
    hour: [
        0.85, 0.83, 0.82, 0.81, 0.8, 0.76, 0.7, 0.62, 0.6, 0.72, 0.88, 1.04, 1.18, 1.3, 1.38, 1.42, 1.38, 1.28, 1.14, 1.0, 0.92,
        0.88, 0.87, 0.86,
    ],
    sigma: 0.2,
    day_sigma: 0.0,
};
pub(super) static PM10: Pollutant = Pollutant {
    mean: 31.0,
    month: [1.25, 1.05, 0.85, 0.75, 0.7, 0.65, 0.65, 0.7, 0.95, 1.2, 1.37, 1.88],
    hour: [
        1.05, 0.98, 0.92, 0.88, 0.85, 0.86, 0.92, 1.02, 1.1, 1.08, 1.0, 0.95, 0.92, 0.9, 0.9, 0.92, 0.95, 1.0, 1.05, 1.12, 1.18,
        1.2, 1.18, 1.12,
    ],
    sigma: 0.25,
    day_sigma: 0.38,
};
static WEEKDAY: [f64; 7] = [1.03, 1.05, 1.05, 1.05, 1.07, 0.93, 0.82];
/// Chance of a chergui in each month.
static CHERGUI: [f64; 12] = [0.2, 0.3, 0.7, 0.9, 0.8, 0.6, 0.5, 0.4, 0.6, 0.7, 0.4, 0.2];

/// Air at one place and instant. Concentrations in ug/m3, temperature in Cel, humidity in %.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Air {
    pub(crate) pm10: f64,
    pub(crate) pm2_5: f64,
    pub(crate) no2: f64,
    pub(crate) o3: f64,
    pub(crate) temperature: f64,
    pub(crate) humidity: f64,
}

/// `city` is the luck that all stations share, `station` this one's own; `traffic` multiplies NO2.
/// `staged` is PM10 that a story adds, in ug/m3.
pub(crate) fn air(city: Chance, station: Chance, traffic: f64, staged: f64, at: i64) -> Air {
    let (month, weekday) = calendar(at);
    let level = |p: &Pollutant, label: i64| {
        let month = p.month.get(month).copied().unwrap_or(1.0) / mean(&p.month);
        let shared = p.sigma * city.branch(label).smooth(at, 4 * HOUR);
        let day = p.day_sigma * city.branch(label + 10).branch(at.div_euclid(DAY)).normal();
        let luck = (shared + day - (p.sigma * p.sigma + p.day_sigma * p.day_sigma) / 2.0).exp();
        // The station's own neighbourhood, minute by minute.
        let own = 1.0 + 0.03 * station.branch(label).smooth(at, HOUR / 20);
        p.mean * month * at_hour(&p.hour, at) * luck * own
    };
    let weekday = WEEKDAY.get(weekday).copied().unwrap_or(1.0) / mean(&WEEKDAY);
    let wind = chergui(city.branch(20), at);
    let dust = wind.unwrap_or(0.0) + staged;
    let background = level(&PM10, 3);
    let (temperature, humidity) = weather(city.branch(21), station.branch(22), wind.is_some(), month, at);
    Air {
        pm10: background + dust,
        pm2_5: 0.45 * background + 0.28 * dust,
        no2: level(&NO2, 1) * traffic * weekday * if wind.is_some() { 0.8 } else { 1.0 },
        o3: level(&O3, 2),
        temperature,
        humidity,
    }
}

/// PM10 that the chergui adds now, ug/m3; none when it does not blow. At most one in a month.
#[expect(clippy::cast_precision_loss, reason = "within two months")]
fn chergui(luck: Chance, at: i64) -> Option<f64> {
    let slot = 30 * DAY;
    [at.div_euclid(slot), at.div_euclid(slot) - 1].into_iter().find_map(|k| {
        let luck = luck.branch(k);
        let (month, _) = calendar(k * slot + slot / 2);
        if luck.branch(1).unit() >= CHERGUI.get(month).copied().unwrap_or(0.0) {
            return None;
        }
        let begins = luck.branch(2).unit() * slot as f64;
        let lasts = luck.branch(3).lognormal(36.0, 0.5).clamp(12.0, 96.0) * HOUR as f64;
        let peak = luck.branch(4).lognormal(140.0, 0.45).clamp(60.0, 500.0);
        let part = ((at - k * slot) as f64 - begins) / lasts;
        (0.0..1.0).contains(&part).then(|| peak * (part * std::f64::consts::PI).sin().powi(2))
    })
}

/// Mean 16.9 Cel and 77 % over the year; warmest in August and at 15:00.
#[expect(clippy::cast_precision_loss, reason = "within a day")]
fn weather(luck: Chance, own: Chance, chergui: bool, month: usize, at: i64) -> (f64, f64) {
    let turn = |part: f64| (std::f64::consts::TAU * part).cos();
    let year = 4.9 * turn((month as f64 - 7.0) / 12.0);
    let day = 3.4 * turn((at.rem_euclid(DAY) as f64 / HOUR as f64 - 15.0) / 24.0);
    let swing = 1.2 * luck.smooth(at, 12 * HOUR) + 0.1 * own.smooth(at, HOUR / 6);
    let hot = if chergui { 9.0 } else { 0.0 };
    let humidity = if chergui { 20.0 + 4.0 * luck.branch(1).smooth(at, 3 * HOUR) } else { 77.0 - 3.2 * (day + swing) };
    (16.9 + year + day + swing + hot, humidity.clamp(10.0, 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR_2025: i64 = 1_735_689_600_000;

    /// (month, hour, air)
    type Hour = (usize, usize, Air);

    /// A year of hours at a background place.
    fn year(seed: u64) -> Vec<Hour> {
        let (city, station) = (Chance::new(seed), Chance::new(seed + 1000));
        let hours = (0..365 * 24).map(|h| YEAR_2025 + h * HOUR);
        hours.map(|at| (calendar(at).0, super::super::hour_of(at).0, air(city, station, 1.0, 0.0, at))).collect()
    }

    fn mean_of(values: impl Iterator<Item = f64>) -> f64 {
        let (count, sum) = values.fold((0.0, 0.0), |(n, s), v| (n + 1.0, s + v));
        sum / count
    }

    #[test]
    fn a_year_has_the_means_and_seasons_of_the_measured_city() {
        // The ranges of the domain notes for 30 seeds (`generator.air.sanity_ranges_one_year_30_seeds`).
        let seeds = 6;
        let years: Vec<_> = (0..seeds).map(year).collect();
        let over = |f: &dyn Fn(&Hour) -> Option<f64>| mean_of(years.iter().flatten().filter_map(f));
        let winter = [11, 0, 1];
        let checks = [
            ("no2 mean", over(&|(_, _, a)| Some(a.no2)), 18.3..=19.5),
            ("no2 in winter", over(&|(m, _, a)| winter.contains(m).then_some(a.no2)), 28.8..=33.6),
            ("o3 mean", over(&|(_, _, a)| Some(a.o3)), 49.9..=51.7),
            ("o3 in summer", over(&|(m, _, a)| (5..=7).contains(m).then_some(a.o3)), 65.7..=69.6),
            ("pm10 mean", over(&|(_, _, a)| Some(a.pm10)), 29.5..=36.1),
            ("pm10 in December", over(&|(m, _, a)| (*m == 11).then_some(a.pm10)), 51.3..=67.6),
            ("temperature mean", over(&|(_, _, a)| Some(a.temperature)), 16.0..=18.5),
            ("humidity mean", over(&|(_, _, a)| Some(a.humidity)), 70.0..=80.0),
        ];
        for (what, value, range) in checks {
            assert!(range.contains(&value), "{what} is {value:.1}, expected {range:?}");
        }
        let peak = |f: &dyn Fn(&Air) -> f64| {
            let by_hour = |h: usize| mean_of(years.iter().flatten().filter(|(_, hour, _)| *hour == h).map(|(_, _, a)| f(a)));
            (0..24).max_by(|a, b| by_hour(*a).total_cmp(&by_hour(*b))).unwrap()
        };
        assert!((21..=22).contains(&peak(&|a| a.no2)));
        assert_eq!(peak(&|a| a.o3), 15);
    }
}
