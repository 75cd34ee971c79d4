//! The levels of one bin, read once: outliers put aside, emptyings found, and from them the forecast.
//!
//! Whoever asks how a bin stood at some moment gives only what was known then: a history does not look ahead. Deliberately
//! absent: where the levels come from, and how many are given; work grows with their number, and only the newest of
//! the settings make a trend.

use std::time::Duration;

use schemas::{HOUR, Timestamp};

use super::{
    Emptying, EmptyingSettings, Forecast, ForecastSettings, Sample, WasteSettings, WeekProfile, emptyings, forecast, hampel,
};
use crate::time::CityTime;
use crate::{Finding, median};

/// No sensor tells more than this, per cent.
const TOP: f64 = 100.0;

/// The levels of one bin in order of time, with what they say of it.
#[derive(Clone, Debug, Default)]
pub struct BinHistory {
    samples: Vec<(Timestamp, f64)>,
    /// For each sample, whether it is no outlier among those since the last emptying.
    kept: Vec<bool>,
    emptyings: Vec<Emptying>,
}

impl BinHistory {
    /// From levels in per cent, in any order. What is not a finite number is left out; of two for the same instant the
    /// later one in the vector holds.
    #[must_use]
    pub fn new(mut samples: Vec<(Timestamp, f64)>, settings: &EmptyingSettings) -> Self {
        samples.retain(|(_, level)| level.is_finite());
        samples.sort_by_key(|(at, _)| *at);
        // The sort is stable: the last of equals is the one that came last.
        samples.reverse();
        samples.dedup_by_key(|(at, _)| *at);
        samples.reverse();
        let levels: Vec<f64> = samples.iter().map(|(_, level)| *level).collect();
        let emptyings = emptyings(&levels, |_| false, settings);
        let mut kept = Vec::with_capacity(levels.len());
        let bounds: Vec<usize> = [0].into_iter().chain(emptyings.iter().map(|e| e.index)).chain([levels.len()]).collect();
        // Levels before and after an emptying are never compared: the first one after it would be the outlier.
        for (from, to) in bounds.iter().zip(bounds.iter().skip(1)) {
            let stretch = levels.get(*from..*to).unwrap_or_default();
            kept.extend(hampel(stretch, settings).into_iter().map(|outlier| !outlier));
        }
        Self { samples, kept, emptyings }
    }

    /// Every level, outliers too.
    #[must_use]
    pub fn samples(&self) -> &[(Timestamp, f64)] {
        &self.samples
    }

    /// The levels that are no outliers.
    pub fn kept(&self) -> impl Iterator<Item = (Timestamp, f64)> + '_ {
        self.samples.iter().zip(&self.kept).filter(|(_, kept)| **kept).map(|(sample, _)| *sample)
    }

    /// The emptyings, with the time of each.
    pub fn emptyings(&self) -> impl Iterator<Item = (Timestamp, Emptying)> + '_ {
        self.emptyings.iter().filter_map(|e| Some((self.samples.get(e.index)?.0, *e)))
    }

    /// Whether a sample is the first after an emptying.
    #[must_use]
    pub fn emptied(&self, index: usize) -> bool {
        self.emptyings.binary_search_by_key(&index, |e| e.index).is_ok()
    }

    /// The last level that is no outlier.
    #[must_use]
    pub fn last(&self) -> Option<(Timestamp, f64)> {
        self.samples.iter().zip(&self.kept).rev().find(|(_, kept)| **kept).map(|(sample, _)| *sample)
    }

    /// How often the sensor speaks: the middle one of the times between two samples; none with fewer than two.
    #[must_use]
    pub fn interval(&self) -> Option<Duration> {
        let apart = |(a, b): (&(Timestamp, f64), &(Timestamp, f64))| b.0.since(a.0).as_secs_f64();
        let between: Vec<f64> = self.samples.iter().zip(self.samples.iter().skip(1)).map(apart).collect();
        Duration::try_from_secs_f64(median(&between)?).ok()
    }

    /// When `threshold`, per cent, will be reached, in hours from the last sample that counts. `prior` is how the bin or its
    /// district usually fills.
    #[must_use]
    pub fn forecast(
        &self,
        threshold: f64,
        prior: Option<&WeekProfile>,
        settings: &ForecastSettings,
        city: &CityTime,
    ) -> Finding<Forecast> {
        let since = self.emptyings.last().map_or(0, |e| e.index);
        let first = self.samples.first().map_or(0, |(at, _)| at.millis());
        let hours = |at: Timestamp| (at.millis() - first) as f64 / HOUR as f64;
        let samples: Vec<Sample> = self
            .samples
            .iter()
            .zip(&self.kept)
            .skip(since)
            .filter(|(_, kept)| **kept)
            .map(|((at, level), _)| Sample { hours: hours(*at), fill: *level })
            .collect();
        let prior = prior.zip(self.last()).map(|(profile, (at, _))| (profile, city.hour_of_week(at)));
        forecast(&samples, threshold, prior, settings)
    }
}

impl WeekProfile {
    /// Learns how a district fills from the histories of its bins. A step that begins with an overflowing bin, or ends at the top,
    /// teaches nothing: what was thrown beside it no sensor sees, and the evenings of the busiest bins would look quiet. None
    /// without a single step.
    #[must_use]
    pub fn of_bins<'a>(
        bins: impl IntoIterator<Item = &'a BinHistory>,
        settings: &WasteSettings,
        city: &CityTime,
    ) -> Option<Self> {
        let (mut all, mut begins) = (Vec::new(), Vec::new());
        for bin in bins {
            begins.push(all.len());
            all.extend(bin.kept());
        }
        let (drop, full) = (settings.emptying.light_drop.get(), settings.levels.overflow.get());
        let mute = |index: usize| match (all.get(index.saturating_sub(1)), all.get(index)) {
            (Some((_, before)), Some((_, now))) => now - before < -drop || *before >= full || *now >= TOP,
            _ => true,
        };
        Self::learn(&all, |index| begins.binary_search(&index).is_ok() || mute(index), city)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::clamped(1_795_219_200_000 + hours * HOUR)
    }

    /// Three points an hour, emptied every thirty hours.
    fn levels(hours: i64) -> Vec<(Timestamp, f64)> {
        (0..hours).map(|h| (at(h), 3.0 * (h % 30) as f64)).collect()
    }

    #[test]
    fn a_history_finds_what_was_emptied_and_when_the_bin_will_be_full() {
        let (settings, city) = (WasteSettings::shipped(), CityTime::of("Africa/Casablanca").unwrap());
        let mut said = levels(50);
        said.push((at(40), f64::NAN));
        said.reverse();
        let history = BinHistory::new(said, &settings.emptying);
        assert_eq!(history.emptyings().map(|(at, _)| at).collect::<Vec<_>>(), [at(30)]);
        assert_eq!((history.last(), history.interval()), (Some((at(49), 57.0)), Some(Duration::from_secs(3600))));
        let found = history.forecast(84.0, None, &settings.forecast, &city).value().unwrap();
        assert_eq!(found.p50_h.map(f64::round), Some(10.0));
    }

    #[test]
    fn a_false_echo_is_put_aside_and_a_district_learns_from_all_its_bins() {
        let (settings, city) = (WasteSettings::shipped(), CityTime::of("Africa/Casablanca").unwrap());
        let mut said = levels(20);
        said[10].1 = 99.0;
        let history = BinHistory::new(said, &settings.emptying);
        assert_eq!((history.samples().len(), history.kept().count()), (20, 19));
        let profile = WeekProfile::of_bins([&history, &history], &settings, &city).unwrap();
        assert!((profile.rise(city.hour_of_week(at(3))) - 3.0).abs() < 1e-9, "the step between two bins teaches nothing");
        assert!(WeekProfile::of_bins([], &settings, &city).is_none());
    }

    #[test]
    fn a_bin_that_is_full_each_evening_does_not_make_the_evening_look_quiet() {
        let (settings, city) = (WasteSettings::shipped(), CityTime::of("Africa/Casablanca").unwrap());
        // Five points an hour from midnight on: full at 20:00, and no sensor sees what comes after.
        let said = (0..24 * 14).map(|h| (at(h), (5.0 * (h % 24) as f64).min(100.0))).collect();
        let history = BinHistory::new(said, &settings.emptying);
        let profile = WeekProfile::of_bins([&history], &settings, &city).unwrap();
        assert!((0..168).all(|hour| profile.rise(hour) > 4.9), "an hour that is never seen is like the others");
    }
}
