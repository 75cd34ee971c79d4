//! A year of hourly values against the limits of a law: how often each was exceeded, and whether it was kept.
//!
//! Every row has two counts: with all days, and without the days that a person has flagged as natural dust
//! with evidence. Neither replaces the other.

use std::collections::BTreeMap;

use serde::Serialize;

use super::average::{mda8, running_8h};
use super::rank::percentile_by_rank;
use super::{DustDays, HourlySeries, Limit, LimitSet, Pollutant, Statistic};
use crate::parameters::Status;
use crate::time::{CityTime, LocalDay};
use crate::{Capture, Finding, Lack};

/// Months of a peak season.
const SEASON: usize = 6;

/// One way of counting.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judgement {
    /// How many values there were.
    pub valid: usize,
    /// How many values were above the limit; for a mean of the year or a season 1 if it is, else 0.
    pub above: usize,
    /// The longest run of them.
    pub longest_run: usize,
    /// What is compared with the limit: percentile, mean, or largest value, ug/m3.
    pub figure: Finding<f64>,
    /// Whether the limit was kept. Known to be exceeded even from too few values, once more of them are above
    /// than are permitted; known to be kept only from enough.
    pub kept: Finding<bool>,
}

/// One limit and a year.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exceedance {
    /// The limit.
    pub limit: Limit,
    /// How many values a full year has.
    pub expected: usize,
    /// Over all days.
    pub all: Judgement,
    /// Without the days of natural dust.
    pub without_dust: Judgement,
    /// Whether the year is complete enough for a legal report.
    pub legal_grade: bool,
}

/// The table of a set of limits for one station and one year.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exceedances {
    /// Which set.
    pub set: String,
    /// How well it is known.
    pub status: Status,
    /// The calendar year, local.
    pub year: i16,
    /// How many days of it are flagged as natural dust.
    pub dust_days: usize,
    /// A row a limit, in the order of the set.
    pub rows: Vec<Exceedance>,
}

/// One value that is compared, and whether its day is one of dust.
#[derive(Clone, Copy)]
struct Sample {
    value: Option<f64>,
    dust: bool,
}

/// The values of one pollutant in one year, averaged in each way once.
struct Year {
    hours: Vec<Sample>,
    running: Vec<Sample>,
    days: Vec<Sample>,
    mda8: Vec<Sample>,
    /// The month of each day, 0 to 11.
    months: Vec<usize>,
}

/// How much must be valid.
#[derive(Clone, Copy, Debug)]
pub struct Captures {
    /// Of a day.
    pub day: Capture,
    /// Of a year, for a judgement.
    pub year: Capture,
    /// Of a year, for a legal report.
    pub legal: Capture,
}

/// The table of `set` for a calendar year. `series` should begin seven hours before the year: its first
/// eight-hour means reach back into the year before.
#[must_use]
pub fn exceedances(
    set: &LimitSet,
    series: &BTreeMap<Pollutant, HourlySeries>,
    city: &CityTime,
    year: i16,
    dust: &DustDays,
    captures: Captures,
) -> Exceedances {
    let days: Vec<LocalDay> = city.year(year).collect();
    let mut averaged: BTreeMap<Pollutant, Year> = BTreeMap::new();
    for limit in &set.limit {
        if let Some(hours) = series.get(&limit.pollutant) {
            averaged.entry(limit.pollutant).or_insert_with(|| Year::of(hours, &days, dust, captures.day));
        }
    }
    let nothing = Year { hours: Vec::new(), running: Vec::new(), days: Vec::new(), mda8: Vec::new(), months: Vec::new() };
    let full = (days.iter().map(LocalDay::hours).sum(), days.len());
    let rows = set.limit.iter().map(|limit| row(limit, averaged.get(&limit.pollutant).unwrap_or(&nothing), full, captures));
    let flagged = days.iter().filter(|day| dust.contains(&day.date)).count();
    Exceedances { set: set.id.clone(), status: set.status, year, dust_days: flagged, rows: rows.collect() }
}

impl Year {
    fn of(series: &HourlySeries, days: &[LocalDay], dust: &DustDays, capture: Capture) -> Self {
        let mut year = Self { hours: Vec::new(), running: Vec::new(), days: Vec::new(), mda8: Vec::new(), months: Vec::new() };
        for day in days {
            let dust = dust.contains(&day.date);
            let sample = |value| Sample { value, dust };
            year.hours.extend(series.of_day(*day).map(sample));
            let starts =
                (0..day.hours()).map(|hour| schemas::Timestamp::clamped(day.start.millis() + hour as i64 * schemas::HOUR));
            year.running.extend(starts.map(|last| sample(running_8h(series, last))));
            year.days.push(sample(capture.mean(series.of_day(*day), day.hours()).value()));
            year.mda8.push(sample(mda8(series, *day, capture).value().map(|m| m.value)));
            year.months.push(usize::try_from(day.date.month() - 1).unwrap_or(0));
        }
        year
    }

    fn samples(&self, statistic: Statistic) -> &[Sample] {
        match statistic {
            Statistic::Hour | Statistic::Year => &self.hours,
            Statistic::Running8h => &self.running,
            Statistic::Mda8 | Statistic::PeakSeason => &self.mda8,
            Statistic::Day => &self.days,
            Statistic::TenMinutes | Statistic::QuarterHour => &[],
        }
    }
}

fn row(limit: &Limit, year: &Year, (hours, days): (usize, usize), captures: Captures) -> Exceedance {
    let samples = year.samples(limit.statistic);
    let expected = match limit.statistic {
        Statistic::Day | Statistic::Mda8 | Statistic::PeakSeason => days,
        _ => hours,
    };
    let all = judge(limit, year, samples, expected, captures, false);
    let without_dust = judge(limit, year, samples, expected, captures, true);
    let legal_grade = captures.legal.is_met(all.valid, expected);
    Exceedance { limit: limit.clone(), expected, all, without_dust, legal_grade }
}

fn judge(limit: &Limit, year: &Year, samples: &[Sample], expected: usize, captures: Captures, discount: bool) -> Judgement {
    // The year is as complete as it was measured: what is discounted was measured.
    let valid = samples.iter().filter(|s| s.value.is_some()).count();
    let counted = |s: &Sample| s.value.filter(|_| !(discount && s.dust));
    let values: Vec<f64> = samples.iter().filter_map(counted).collect();
    let bound = limit.value.0;
    let above = values.iter().filter(|v| **v > bound).count();
    let longest_run = longest(samples.iter().map(|s| counted(s).is_some_and(|v| v > bound)));
    let by_count = |figure| {
        let few_enough = match limit.consecutive {
            Some(run) => longest_run <= run as usize,
            None => above <= limit.permitted.unwrap_or(0) as usize,
        };
        (figure, Finding::Value(few_enough))
    };
    let counts = limit.percentile.is_none() && !limit.statistic.is_averaged();
    let (figure, kept) = match (limit.statistic, limit.percentile) {
        (Statistic::Year, _) => compared(Finding::mean(values.iter().map(|v| Some(*v)), 1, expected), bound),
        (Statistic::PeakSeason, _) => compared(peak_season(year, samples, counted, captures.year), bound),
        (_, Some(q)) => compared(percentile_by_rank(&values, q).map(|p| p.value), bound),
        (_, None) => by_count(largest(&values, expected)),
    };
    let exceeded = usize::from(kept == Finding::Value(false));
    let (above, longest_run) = if limit.statistic.is_averaged() { (exceeded, exceeded) } else { (above, longest_run) };
    let judged = Judgement { valid, above, longest_run, figure, kept };
    match lack(limit, valid, expected, captures.year) {
        None => judged,
        // More are above than a whole year permits: what is missing cannot mend that.
        Some(Lack::Capture { .. }) if counts && exceeded == 1 => judged,
        Some(lack) if counts => Judgement { kept: Finding::Insufficient(lack), ..judged },
        Some(lack) => Judgement { figure: Finding::Insufficient(lack.clone()), kept: Finding::Insufficient(lack), ..judged },
    }
}

/// Why a limit cannot be judged at all by so many values; none if it can.
fn lack(limit: &Limit, valid: usize, expected: usize, capture: Capture) -> Option<Lack> {
    match limit.statistic {
        Statistic::TenMinutes => Some(Lack::Resolution { needed: "ten minutes" }),
        Statistic::QuarterHour => Some(Lack::Resolution { needed: "a quarter of an hour" }),
        _ if limit.status == Status::Unverified => Some(Lack::Unverified),
        _ if capture.is_met(valid, expected) => None,
        _ => Some(Lack::Capture { valid, needed: capture.needed(expected), expected }),
    }
}

fn largest(values: &[f64], expected: usize) -> Finding<f64> {
    let nothing = Finding::Insufficient(Lack::Capture { valid: 0, needed: 1, expected });
    values.iter().copied().reduce(f64::max).map_or(nothing, Finding::Value)
}

fn compared(figure: Finding<f64>, bound: f64) -> (Finding<f64>, Finding<bool>) {
    let kept = figure.as_ref().map(|value| *value <= bound);
    (figure, kept)
}

fn longest(above: impl Iterator<Item = bool>) -> usize {
    let (mut longest, mut run) = (0, 0);
    for above in above {
        run = if above { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// The days of one month.
#[derive(Clone, Copy, Default)]
struct Month {
    days: usize,
    /// With a value.
    measured: usize,
    /// With a value that counts.
    counted: usize,
    sum: f64,
}

impl Month {
    fn and(self, other: &Month) -> Month {
        Month {
            days: self.days + other.days,
            measured: self.measured + other.measured,
            counted: self.counted + other.counted,
            sum: self.sum + other.sum,
        }
    }
}

/// The highest mean over six consecutive months of the year, of those that are complete enough.
fn peak_season(year: &Year, samples: &[Sample], counted: impl Fn(&Sample) -> Option<f64>, capture: Capture) -> Finding<f64> {
    let mut months = [Month::default(); 12];
    for (sample, month) in samples.iter().zip(&year.months) {
        let Some(month) = months.get_mut(*month) else { continue };
        month.days += 1;
        month.measured += usize::from(sample.value.is_some());
        if let Some(value) = counted(sample) {
            month.counted += 1;
            month.sum += value;
        }
    }
    let season = |window: &[Month]| {
        let all = window.iter().fold(Month::default(), Month::and);
        (capture.is_met(all.measured, all.days) && all.counted > 0).then(|| all.sum / all.counted as f64)
    };
    let highest = months.windows(SEASON).filter_map(season).reduce(f64::max);
    let valid = months.iter().map(|m| m.measured).sum();
    let lack = Lack::Capture { valid, needed: capture.needed(samples.len() / 2), expected: samples.len() };
    highest.map_or(Finding::Insufficient(lack), Finding::Value)
}
