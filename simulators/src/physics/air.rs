//! Air: mean x month x hour x weekday x luck, the sea breeze that thins it, and the chergui, a desert wind that brings dust.
//!
//! Calibrated on a published study of the Hay Hassani station, 2014: NO2 18.9, O3 50.6, PM10 33.8
//! ug/m3 as annual means, and the shapes of its months and hours. Days with a breeze and days without are in those means: what
//! the breeze takes on one day, the still days give back.

use super::{DAY, HOUR, at_hour, between_hours, calendar, mean};
use crate::calendar::Today;
use crate::chance::Chance;

pub(super) struct Pollutant {
    pub(super) mean: f64,
    pub(super) month: [f64; 12],
    pub(super) hour: [f64; 24],
    /// The months' own mean.
    year: f64,
    /// Standard deviation of the logarithm, from hour to hour and from day to day.
    sigma: f64,
    day_sigma: f64,
}

const NO2_MONTHS: [f64; 12] = [1.7, 1.55, 1.05, 0.8, 0.65, 0.6, 0.55, 0.55, 0.8, 0.95, 1.05, 1.75];
pub(super) static NO2: Pollutant = Pollutant {
    mean: 18.9,
    month: NO2_MONTHS,
    year: mean(&NO2_MONTHS),
    hour: [
        1.25, 1.05, 0.85, 0.7, 0.62, 0.62, 0.75, 1.05, 1.25, 1.15, 0.95, 0.8, 0.7, 0.65, 0.62, 0.65, 0.72, 0.85, 1.05, 1.25, 1.4,
        1.55, 1.6, 1.45,
    ],
    sigma: 0.35,
    day_sigma: 0.0,
};
const O3_MONTHS: [f64; 12] = [0.7, 0.8, 1.0, 1.15, 1.2, 1.3, 1.35, 1.35, 1.1, 0.85, 0.65, 0.55];
pub(super) static O3: Pollutant = Pollutant {
    mean: 50.6,
    month: O3_MONTHS,
    year: mean(&O3_MONTHS),
    hour: [
        0.85, 0.83, 0.82, 0.81, 0.8, 0.76, 0.7, 0.62, 0.6, 0.72, 0.88, 1.04, 1.18, 1.3, 1.38, 1.42, 1.38, 1.28, 1.14, 1.0, 0.92,
        0.88, 0.87, 0.86,
    ],
    sigma: 0.2,
    day_sigma: 0.0,
};
const PM10_MONTHS: [f64; 12] = [1.25, 1.05, 0.85, 0.75, 0.7, 0.65, 0.65, 0.7, 0.95, 1.2, 1.37, 1.88];
pub(super) static PM10: Pollutant = Pollutant {
    mean: 31.0,
    month: PM10_MONTHS,
    year: mean(&PM10_MONTHS),
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

/// Part of the days on which the sea breeze blows, from April to October.
const BREEZES: f64 = 0.7;
const BREEZE_MONTHS: std::ops::RangeInclusive<usize> = 3..=9;
/// When it begins and ends: mean and standard deviation, ms of the day.
const BEGINS: (f64, f64) = (11.5 * HOUR as f64, 0.75 * HOUR as f64);
const ENDS: (f64, f64) = (19.0 * HOUR as f64, HOUR as f64);
/// On a day with a breeze, how likely it is to blow at a full hour, by these distributions.
const BLOWS: [f64; 24] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.023, 0.252, 0.748, 0.977, 1.0, 1.0, 0.999, 0.977, 0.841, 0.5, 0.159,
    0.023, 0.001, 0.0,
];
/// What it leaves of NO2 and particles by the sea and further inland, and what it makes of ozone.
const BY_THE_SEA: f64 = 0.7;
const INLAND: f64 = 0.85;
const FRESH: f64 = 1.05;
/// Traffic in Ramadan against another month, hour by hour: a late morning, home before sunset, and out again in the night.
const RAMADAN: [f64; 24] =
    [1.4, 1.2, 1.0, 1.0, 1.0, 1.0, 0.9, 0.8, 0.8, 0.8, 0.9, 1.0, 1.0, 1.0, 1.0, 1.0, 1.1, 1.25, 0.9, 0.4, 1.1, 1.4, 1.4, 1.4];

/// How busy a place is, and how far from the sea.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Site {
    /// Multiplies NO2.
    pub(crate) traffic: f64,
    /// Within three kilometres.
    pub(crate) by_the_sea: bool,
}

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

/// `city` is the luck that all stations share, `station` this one's own. `staged` is PM10 that a story adds, in ug/m3.
pub(crate) fn air(city: Chance, station: Chance, site: Site, staged: f64, at: i64) -> Air {
    let (month, weekday) = calendar(at);
    let level = |p: &Pollutant, label: i64| {
        let month = p.month.get(month).copied().unwrap_or(1.0) / p.year;
        let shared = p.sigma * city.branch(label).smooth(at, 4 * HOUR);
        let day = if p.day_sigma > 0.0 { p.day_sigma * city.branch(label + 10).branch(at.div_euclid(DAY)).normal() } else { 0.0 };
        let luck = (shared + day - (p.sigma * p.sigma + p.day_sigma * p.day_sigma) / 2.0).exp();
        // The station's own neighbourhood, minute by minute.
        let own = 1.0 + 0.03 * station.branch(label).smooth(at, HOUR / 20);
        p.mean * month * at_hour(&p.hour, at) * luck * own
    };
    let weekday = WEEKDAY.get(weekday).copied().unwrap_or(1.0) / mean(&WEEKDAY);
    let wind = chergui(city.branch(20), at);
    let dust = wind.unwrap_or(0.0) + staged;
    let breeze = Breeze::at(city.branch(23), wind.is_some(), month, at);
    let thins = breeze.makes(if site.by_the_sea { BY_THE_SEA } else { INLAND });
    let background = level(&PM10, 3) * thins;
    let (temperature, humidity) = weather(city.branch(21), station.branch(22), wind.is_some(), month, at);
    let traffic = site.traffic * weekday * if Today::of(at).ramadan.is_some() { between_hours(&RAMADAN, at) } else { 1.0 };
    Air {
        pm10: background + dust,
        pm2_5: 0.45 * background + 0.28 * dust,
        no2: level(&NO2, 1) * traffic * thins * if wind.is_some() { 0.8 } else { 1.0 },
        o3: level(&O3, 2) * breeze.makes(FRESH),
        temperature,
        humidity,
    }
}

/// Temperature of the air at one instant, Cel, as in [`air`].
pub(crate) fn temperature(city: Chance, station: Chance, at: i64) -> f64 {
    weather(city.branch(21), station.branch(22), chergui(city.branch(20), at).is_some(), calendar(at).0, at).0
}

/// The sea breeze at an instant.
#[derive(Clone, Copy, Debug)]
struct Breeze {
    blows: bool,
    /// How likely it was to.
    likely: f64,
}

impl Breeze {
    fn at(luck: Chance, chergui: bool, month: usize, at: i64) -> Self {
        if !BREEZE_MONTHS.contains(&month) {
            return Self { blows: false, likely: 0.0 };
        }
        let luck = luck.branch(at.div_euclid(DAY));
        #[expect(clippy::cast_precision_loss, reason = "within a day")]
        let now = at.rem_euclid(DAY) as f64;
        let edge = |(mean, sigma): (f64, f64), n: i64| mean + sigma * luck.branch(n).normal();
        let blows = !chergui && luck.branch(1).unit() < BREEZES && (edge(BEGINS, 2)..edge(ENDS, 3)).contains(&now);
        Self { blows, likely: BREEZES * between_hours(&BLOWS, at) }
    }

    /// What it makes of a concentration of which it leaves this part, so that the mean over all days is as it was measured.
    fn makes(self, part: f64) -> f64 {
        let now = if self.blows { part } else { 1.0 };
        now / (1.0 + self.likely * (part - 1.0))
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
    const BACKGROUND: Site = Site { traffic: 1.0, by_the_sea: false };

    /// (month, hour, air)
    type Hour = (usize, usize, Air);

    /// A year of hours at a background place.
    fn year(seed: u64) -> Vec<Hour> {
        let (city, station) = (Chance::new(seed), Chance::new(seed + 1000));
        let hours = (0..365 * 24).map(|h| YEAR_2025 + h * HOUR);
        hours.map(|at| (calendar(at).0, super::super::hour_of(at).0, air(city, station, BACKGROUND, 0.0, at))).collect()
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

    fn no2(luck: &Chance, site: Site, at: i64) -> f64 {
        air(*luck, Chance::new(1), site, 0.0, at).no2
    }

    #[test]
    fn a_sea_breeze_thins_the_air_of_an_afternoon_by_the_sea_most() {
        let by_the_sea = Site { by_the_sea: true, ..BACKGROUND };
        let luck = Chance::new(3);
        let august = YEAR_2025 + 212 * DAY;
        let part = |day: i64, hour: i64| {
            let at = august + day * DAY + hour * HOUR;
            no2(&luck, by_the_sea, at) / no2(&luck, BACKGROUND, at)
        };
        let thinner = (0..30).filter(|day| part(*day, 15) < 1.0).count();
        assert!((13..=28).contains(&thinner), "{thinner} of 30 afternoons");
        assert!((0..30).all(|day| (part(day, 4) - 1.0).abs() < 1e-9), "no breeze before dawn");
        // Over many years the mean stays what was measured.
        let year = |site: Site| mean_of((0..365_u64).map(|day| no2(&Chance::new(day), site, august + 15 * HOUR)));
        assert!((year(by_the_sea) / year(BACKGROUND) - 1.0).abs() < 0.02);
        assert!((0..30).all(|day| (part(day - 180, 15) - 1.0).abs() < 1e-9), "none in winter");
    }

    #[test]
    fn in_ramadan_the_streets_are_empty_at_sunset_and_full_at_night() {
        // A day in Ramadan against the same weekday before it, over many cities: 2 March 2025 is 1 Ramadan.
        let part = |hour: i64| {
            let mean =
                |day: i64| mean_of((0..400).map(|n| no2(&Chance::new(n), BACKGROUND, YEAR_2025 + day * DAY + hour * HOUR)));
            mean(68) / mean(54)
        };
        assert!(part(19) < 0.75 * part(14) && part(22) > 1.1 * part(14), "{} {} {}", part(19), part(14), part(22));
    }
}
