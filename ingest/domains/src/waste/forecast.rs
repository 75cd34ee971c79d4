//! When a bin will be full: the robust trend since it was last emptied, or what bins of its district usually
//! do at that hour of the week.

use schemars::JsonSchema;
use serde::Serialize;

use super::{ForecastSettings, WeekProfile};
use crate::{Finding, Lack, median, theil_sen};

/// A level at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Hours from any fixed moment.
    pub hours: f64,
    /// Per cent; outliers left out.
    pub fill: f64,
}

/// How a bin fills.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Trend {
    /// Median of the slopes of all pairs, points an hour; at least 0.
    pub slope: f64,
    /// The cautious slope: a high percentile of the same slopes.
    pub cautious: f64,
    /// The level now: the median of the last three samples, per cent.
    pub current: f64,
}

/// What a forecast rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The bin's own trend since it was emptied.
    Trend,
    /// How it, or its district, usually fills in each hour of the week.
    Prior,
}

/// When a level will be reached, in hours from the last sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// What it rests on.
    pub basis: Basis,
    /// As likely earlier as later; none if it is not reached within the horizon, or the bin does not fill.
    pub p50_h: Option<f64>,
    /// The cautious time, quoted as P90: what is planned by.
    pub p90_h: Option<f64>,
}

/// The samples that a trend rests on, in order of time.
fn recent<'s>(samples: &'s [Sample], settings: &ForecastSettings) -> Finding<&'s [Sample]> {
    let needed = settings.least_samples.get() as usize;
    let newest = samples.last().map_or(0.0, |s| s.hours);
    let begin = samples.partition_point(|s| newest - s.hours > settings.look_back_h.get());
    let most = settings.most_samples.get() as usize;
    let recent = samples.get(begin.max(samples.len().saturating_sub(most))..).unwrap_or_default();
    let span = recent.first().map_or(0.0, |first| newest - first.hours);
    if recent.len() < needed || span < settings.least_span_h.get() {
        return too_few(recent, settings);
    }
    Finding::Value(recent)
}

fn too_few<T>(recent: &[Sample], settings: &ForecastSettings) -> Finding<T> {
    let needed = settings.least_samples.get() as usize;
    Finding::Insufficient(Lack::Capture { valid: recent.len(), needed, expected: needed })
}

/// The level now: the median of the last three samples, per cent.
fn level(recent: &[Sample]) -> f64 {
    match recent {
        // Asked with each hour of each bin: of three the middle is found without a list.
        [.., a, b, c] => a.fill.min(b.fill).max(a.fill.max(b.fill).min(c.fill)),
        fewer => median(&fewer.iter().map(|s| s.fill).collect::<Vec<_>>()).unwrap_or(0.0),
    }
}

/// The trend of the samples since the last emptying, in order of time.
#[must_use]
pub fn trend(samples: &[Sample], settings: &ForecastSettings) -> Finding<Trend> {
    let recent = match recent(samples, settings) {
        Finding::Value(recent) => recent,
        Finding::Insufficient(lack) => return Finding::Insufficient(lack),
    };
    let points: Vec<(f64, f64)> = recent.iter().map(|s| (s.hours, s.fill)).collect();
    match theil_sen(&points, settings.cautious_percentile.get()) {
        Some((slope, cautious)) => {
            Finding::Value(Trend { slope: slope.max(0.0), cautious: cautious.max(0.0), current: level(recent) })
        }
        None => too_few(recent, settings),
    }
}

/// A bound from below for [`Forecast::p50_h`] of a trend, hours; infinite where it does not rise at all. No pair of
/// samples rises faster than the steepest two neighbours: cheaper by far than the trend, and mostly enough to know that
/// there is time.
#[must_use]
pub fn soonest(samples: &[Sample], threshold: f64, settings: &ForecastSettings) -> Finding<f64> {
    let recent = match recent(samples, settings) {
        Finding::Value(recent) => recent,
        Finding::Insufficient(lack) => return Finding::Insufficient(lack),
    };
    let rises = recent.iter().zip(recent.iter().skip(1)).map(|(a, b)| {
        let (rise, run) = (b.fill - a.fill, b.hours - a.hours);
        if run > 0.0 { (rise / run).max(0.0) } else { f64::INFINITY }
    });
    let steepest = rises.fold(0.0, f64::max);
    let left = (threshold - level(recent)).max(0.0);
    // What is there already is there now. The last digits of a quotient are no promise.
    Finding::Value(if left == 0.0 { 0.0 } else { left / steepest * (1.0 - 1e-9) })
}

/// When `threshold`, per cent, will be reached. `prior` is how the bin or its district usually fills, with the hour of
/// the week of the last sample.
///
/// The middle time is that of the bin's own trend, or of the prior where the bin has none yet. The cautious time is the
/// earlier of both: a trend of the night knows nothing of the evening.
#[must_use]
pub fn forecast(
    samples: &[Sample],
    threshold: f64,
    prior: Option<(&WeekProfile, usize)>,
    settings: &ForecastSettings,
) -> Finding<Forecast> {
    let by_prior = |level: f64, margin: f64| {
        prior.and_then(|(profile, hour)| profile.reaches(level, threshold, hour, margin, settings.horizon_h.get()))
    };
    let margin = settings.prior_margin.get();
    match (trend(samples, settings), prior, samples.last()) {
        (Finding::Value(trend), ..) => {
            let reach = |slope: f64| {
                let left = (threshold - trend.current).max(0.0);
                (slope >= settings.least_slope.get()).then(|| left / slope)
            };
            let p90_h = [reach(trend.cautious), by_prior(trend.current, margin)].into_iter().flatten().reduce(f64::min);
            Finding::Value(Forecast { basis: Basis::Trend, p50_h: reach(trend.slope), p90_h })
        }
        (Finding::Insufficient(_), Some(_), Some(last)) => {
            Finding::Value(Forecast { basis: Basis::Prior, p50_h: by_prior(last.fill, 1.0), p90_h: by_prior(last.fill, margin) })
        }
        (Finding::Insufficient(lack), ..) => Finding::Insufficient(lack),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waste::WasteSettings;

    #[test]
    fn a_new_bin_follows_its_district_until_it_has_a_trend_of_its_own() {
        let settings = WasteSettings::shipped().forecast;
        let mut rises = [0.0; 168];
        rises[5..].fill(2.0);
        let prior = WeekProfile::new(rises);
        let one = [Sample { hours: 0.0, fill: 60.0 }];
        let found = forecast(&one, 90.0, Some((&prior, 0)), &settings).value().unwrap();
        assert_eq!((found.basis, found.p50_h), (Basis::Prior, Some(20.0)));
        assert!(found.p90_h < found.p50_h);
        assert!(forecast(&one, 90.0, None, &settings).value().is_none());
        let never = forecast(&one, 90.0, Some((&WeekProfile::new([0.0; 168]), 3)), &settings).value().unwrap();
        assert_eq!(never.p50_h, None);
    }

    #[test]
    fn a_quiet_night_does_not_hide_the_evening_from_the_cautious_time() {
        let settings = WasteSettings::shipped().forecast;
        let night: Vec<Sample> = (0..8).map(|h| Sample { hours: f64::from(h), fill: 20.0 + 0.2 * f64::from(h) }).collect();
        let evening = WeekProfile::new([6.0; 168]);
        let alone = forecast(&night, 95.0, None, &settings).value().unwrap();
        let with = forecast(&night, 95.0, Some((&evening, 8)), &settings).value().unwrap();
        assert_eq!((with.basis, with.p50_h), (Basis::Trend, alone.p50_h));
        assert!(with.p90_h.unwrap() < 12.0 && alone.p90_h.unwrap() > 300.0);
    }

    #[test]
    fn no_trend_reaches_a_level_sooner_than_the_steepest_of_neighbours() {
        let settings = WasteSettings::shipped().forecast;
        let mut state = 2026u64;
        let mut below = |limit: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % limit
        };
        let (mut reached, mut close) = (0, 0);
        for _ in 0..20_000 {
            let mut hours = 0.0;
            let samples: Vec<Sample> = (0..3 + below(14))
                .map(|_| {
                    hours += below(5) as f64 * 0.75;
                    Sample { hours, fill: below(1001) as f64 / 10.0 }
                })
                .collect();
            let (exact, bound) = (forecast(&samples, 90.0, None, &settings), soonest(&samples, 90.0, &settings));
            match (exact.value(), bound.value()) {
                (None, None) => {}
                (Some(exact), Some(bound)) => {
                    assert!(exact.p50_h.is_none_or(|hours| hours >= bound), "{samples:?}: {exact:?}, {bound}");
                    reached += u32::from(exact.p50_h.is_some());
                    close += u32::from(exact.p50_h.is_some_and(|hours| bound > 0.0 && hours <= 10.0 * bound));
                }
                (exact, bound) => panic!("{samples:?}: {exact:?}, {bound:?}"),
            }
        }
        assert!(reached > 1000 && close > 100, "{reached} {close}");
    }

    #[test]
    fn a_bin_that_does_not_fill_has_no_time_of_being_full() {
        let settings = WasteSettings::shipped().forecast;
        let still: Vec<Sample> = (0..12).map(|h| Sample { hours: f64::from(h), fill: 40.0 }).collect();
        let found = forecast(&still, 90.0, None, &settings).value().unwrap();
        assert_eq!((found.basis, found.p50_h, found.p90_h), (Basis::Trend, None, None));
    }
}
