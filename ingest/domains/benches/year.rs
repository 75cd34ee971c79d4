//! A year of hourly values of one station to the full tables of exceedances, with the time of each part.
//!
//! `cargo bench -p domains`. Prints the median of a few runs; judges nothing: times are the machine's.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use domains::air::{AirSettings, Captures, DustDays, HourlySeries, LimitSet, Pollutant, check_hours, exceedances};
use domains::time::{CityTime, fold_days};
use domains::{Capture, mad, median};
use schemas::{HOUR, Partial, Quantity, SeriesKey, Timestamp};

const RUNS: usize = 15;
const YEAR: i16 = 2026;
const POLLUTANTS: [Pollutant; 6] =
    [Pollutant::Pm25, Pollutant::Pm10, Pollutant::No2, Pollutant::O3, Pollutant::So2, Pollutant::Co];

/// Runs `work` a few times and prints the median time; gives its last result.
#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a benchmark reads the clock and prints")]
fn timed<T>(what: &str, mut work: impl FnMut() -> T) -> (T, Duration) {
    let mut times = Vec::with_capacity(RUNS);
    let mut last = None;
    for _ in 0..RUNS {
        let start = std::time::Instant::now();
        last = Some(black_box(work()));
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let (middle, spread) = (median(&times).expect("there were runs"), mad(&times).expect("there were runs"));
    println!("{what:<44} {middle:>9.3} ms  (+- {spread:.3})");
    (last.expect("there were runs"), Duration::from_secs_f64(middle / 1e3))
}

/// Hourly partials of a year and the hours before it: a day, a season, and a little noise that no generator of chance
/// is needed for.
fn partials(pollutant: Pollutant, start: Timestamp, hours: i64) -> Vec<Partial> {
    let device = "bench".parse().expect("a name");
    let series = SeriesKey { device, quantity: pollutant.quantity().unwrap_or(Quantity::AIR_PM10), channel: 0 };
    let partial = |hour: i64| {
        let noise = f64::from(u32::try_from(hour.wrapping_mul(2_654_435_761) & 0xFFFF).unwrap_or(0)) / 1_000.0;
        let value = 40.0 + 20.0 * (hour as f64 / 24.0 * std::f64::consts::TAU).sin() + noise;
        let start = Timestamp::clamped(start.millis() + hour * HOUR);
        let count = if hour % 37 == 0 { 2 } else { 4 };
        Partial {
            series: series.clone(),
            start,
            count,
            sum: value * count as f64,
            min: value,
            max: value,
            first: value,
            last: value,
        }
    };
    (0..hours).map(partial).collect()
}

#[expect(clippy::print_stdout, reason = "a benchmark prints")]
fn main() {
    let (city, _) = timed("time zone table and check", || CityTime::of("Africa/Casablanca").expect("the zone is built in"));
    let (settings, _) = timed("parameters of air", AirSettings::shipped);
    let (sets, _) = timed("five sets of limits", LimitSet::shipped);
    let (days, calendar) = timed("local days of the year", || city.year(YEAR).collect::<Vec<_>>());
    let first = days.first().map_or(Timestamp::MIN, |d| d.start);
    let last = days.last().map_or(Timestamp::MIN, |d| d.end);
    let start = Timestamp::clamped(first.millis() - 8 * HOUR);
    let hours = (last.millis() - start.millis()) / HOUR;
    let raw: Vec<(Pollutant, Vec<Partial>)> = POLLUTANTS.into_iter().map(|p| (p, partials(p, start, hours))).collect();

    let (series, made) = timed("hourly means with capture, six pollutants", || {
        let of = |partials: &[Partial]| HourlySeries::from_partials(start, last, partials, 4, settings.capture.hour.get());
        raw.iter().map(|(p, partials)| (*p, of(partials).expect("a year is in bounds"))).collect::<BTreeMap<_, _>>()
    });
    let (_, folded) = timed("hours folded into local days, one pollutant", || raw.first().map(|(_, p)| fold_days(p, &city)));
    let (_, checked) = timed("quality checks, six pollutants", || {
        series.iter().map(|(p, s)| check_hours(*p, s.values(), &settings.quality).len()).sum::<usize>()
    });
    let captures = Captures {
        day: settings.day_capture(),
        year: settings.year_capture(),
        legal: Capture { share: settings.capture.legal.get() },
    };
    let mut total = made + checked + calendar;
    for set in &sets {
        let name = format!("table {}: {} limits", set.id, set.limit.len());
        let (_, time) = timed(&name, || exceedances(set, &series, &city, YEAR, &DustDays::new(), captures));
        total += time;
    }
    println!("a year of one station, {hours} hours x {} pollutants, to five tables", POLLUTANTS.len());
    println!("{:<44} {:>9.3} ms", "hours, checks and all tables", total.as_secs_f64() * 1e3);
    println!("{:<44} {:>9.3} ms", "fold, beside", folded.as_secs_f64() * 1e3);
}
