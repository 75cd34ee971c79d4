//! Averages with their capture rules: below them there is no number.
//!
//! Eight-hour means and the maximum of a day follow Directive 2008/50/EC Annex XI, kept by (EU) 2024/2881:
//! six of eight hours, three quarters of a day's eight-hour means, and a window belongs to the day on which
//! it *ends*.

use schemars::JsonSchema;
use schemas::{HOUR, Timestamp};
use serde::Serialize;

use super::HourlySeries;
use crate::time::LocalDay;
use crate::{Capture, Finding, Lack};

/// Hours of a running mean.
const WINDOW: usize = 8;
/// Of them, how many must be valid.
const WINDOW_NEEDED: usize = 6;
/// Hours of the local day at which the eight-hour means of the United States start.
const US_OZONE_STARTS: std::ops::RangeInclusive<i64> = 7..=23;
/// Of the 17 of them, how many must be valid.
const US_OZONE_NEEDED: usize = 13;
/// Hours of a running day, and how many must be valid.
const DAY: usize = 24;
const DAY_NEEDED: usize = 18;

/// The largest eight-hour mean of a day.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Mda8 {
    /// In the series' unit.
    pub value: f64,
    /// How many of the day's eight-hour means were valid.
    pub windows: usize,
    /// The local hour at which the largest one ends, 1 to 25 hours after the day's start; the first of equals.
    pub end_hour: usize,
}

/// The mean of the eight hours that end with the hour that starts at `last`; empty with fewer than six.
#[must_use]
pub fn running_8h(series: &HourlySeries, last: Timestamp) -> Option<f64> {
    running(series, last, WINDOW, WINDOW_NEEDED)
}

/// The mean of the 24 hours that end with the hour that starts at `last`; empty with fewer than 18. For the
/// advisory that a daily threshold is about to be exceeded.
#[must_use]
pub fn running_24h(series: &HourlySeries, last: Timestamp) -> Option<f64> {
    running(series, last, DAY, DAY_NEEDED)
}

fn running(series: &HourlySeries, last: Timestamp, window: usize, needed: usize) -> Option<f64> {
    let (mut valid, mut sum) = (0_usize, 0.0);
    for back in (0..window).rev() {
        if let Some(value) = series.at(Timestamp::clamped(last.millis() - back as i64 * HOUR)) {
            valid += 1;
            sum += value;
        }
    }
    (valid >= needed).then(|| sum / valid as f64)
}

/// The daily ozone of the United States: the largest of the 17 eight-hour means that *start* at 07:00 to 23:00, if 13 of
/// them are valid (40 CFR 50 Appendix U; AirNow forum 170). The series should end seven hours after the day.
#[must_use]
pub fn us_daily_ozone(series: &HourlySeries, day: LocalDay) -> Finding<f64> {
    let lasts = (US_OZONE_STARTS).map(|hour| Timestamp::clamped(day.start.millis() + (hour + WINDOW as i64 - 1) * HOUR));
    let valid: Vec<f64> = lasts.filter_map(|last| running_8h(series, last)).collect();
    let lack = Lack::Capture { valid: valid.len(), needed: US_OZONE_NEEDED, expected: 17 };
    let largest = valid.iter().copied().reduce(f64::max).filter(|_| valid.len() >= US_OZONE_NEEDED);
    largest.map_or(Finding::Insufficient(lack), Finding::Value)
}

/// The largest eight-hour mean of a local day (MDA8), if at least three quarters of the day's eight-hour
/// means are valid. The series should begin seven hours before the day.
#[must_use]
pub fn mda8(series: &HourlySeries, day: LocalDay, capture: Capture) -> Finding<Mda8> {
    let hours = day.hours();
    let mut best: Option<Mda8> = None;
    let mut windows = 0;
    for hour in 0..hours {
        let Some(value) = running_8h(series, Timestamp::clamped(day.start.millis() + hour as i64 * HOUR)) else { continue };
        windows += 1;
        if best.is_none_or(|b| value > b.value) {
            best = Some(Mda8 { value, windows: 0, end_hour: hour + 1 });
        }
    }
    match best {
        Some(best) if capture.is_met(windows, hours) => Finding::Value(Mda8 { windows, ..best }),
        _ => Finding::Insufficient(Lack::Capture { valid: windows, needed: capture.needed(hours), expected: hours }),
    }
}
