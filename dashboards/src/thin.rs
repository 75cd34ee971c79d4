//! As many readings as a chart can show: of each stretch of time the smallest and the largest of a series, as they were
//! measured. A peak of one reading in a year is there, which a mean would hide; that is why it is extremes and not the
//! largest triangle, which looks alike and may leave out the very reading that exceeded a limit.
//!
//! Deliberately absent: bad readings, which no line is drawn through.

use std::collections::BTreeMap;
use std::ops::Range;

use schemas::{Grade, Reading, Timestamp};

/// A series in the order of answers.
type Place = (Box<str>, &'static str, u8);

/// Takes readings in order of time and keeps the extremes.
pub(crate) struct Thin {
    start: Timestamp,
    /// Milliseconds.
    stretch: i64,
    series: BTreeMap<Place, Line>,
}

#[derive(Default)]
struct Line {
    kept: Vec<Reading>,
    open: Option<Open>,
}

/// The stretch that the last reading fell into.
struct Open {
    number: i64,
    least: Reading,
    most: Reading,
}

impl Thin {
    /// At most `points` of each series, 2 or more.
    pub(crate) fn new(range: &Range<Timestamp>, points: usize) -> Self {
        let stretches = i64::try_from(points / 2).unwrap_or(i64::MAX).max(1);
        let length = range.end.millis() - range.start.millis();
        // Rounded up: the last stretch is not one too many.
        let stretch = (length / stretches + i64::from(length % stretches != 0)).max(1);
        Self { start: range.start, stretch, series: BTreeMap::new() }
    }

    /// Series so far.
    pub(crate) fn series(&self) -> usize {
        self.series.len()
    }

    /// Takes a reading that is not earlier than any before of its series.
    pub(crate) fn take(&mut self, reading: Reading) {
        if reading.quality.grade() == Grade::Bad {
            return;
        }
        let number = (reading.observed_at.millis() - self.start.millis()) / self.stretch;
        let key = &reading.series;
        let line = self.series.entry((key.device.as_str().into(), key.quantity.name(), key.channel)).or_default();
        match &mut line.open {
            Some(open) if open.number == number => {
                if reading.value < open.least.value {
                    open.least = reading;
                } else if reading.value > open.most.value {
                    open.most = reading;
                }
            }
            open => {
                let before = open.replace(Open { number, least: reading.clone(), most: reading });
                line.kept.extend(before.into_iter().flat_map(Open::ends));
            }
        }
    }

    /// What is kept, ordered by time, device, quantity and channel.
    pub(crate) fn done(self) -> Vec<Reading> {
        let lines = self.series.into_values();
        let mut all: Vec<Reading> =
            lines.flat_map(|line| line.kept.into_iter().chain(line.open.into_iter().flat_map(Open::ends))).collect();
        // Stable: series of one instant stay in their order.
        all.sort_by_key(|r| r.observed_at);
        all
    }
}

impl Open {
    /// The two in order of time, or the one where they are the same.
    fn ends(self) -> impl Iterator<Item = Reading> {
        let Self { least, most, .. } = self;
        let (first, last) = if least.observed_at <= most.observed_at { (least, most) } else { (most, least) };
        let last = Some(last).filter(|last| last.observed_at != first.observed_at);
        std::iter::once(first).chain(last)
    }
}

#[cfg(test)]
mod tests {
    use schemas::{Flaw, Kind, Quality, Quantity, SeriesKey};

    use super::*;

    const START: i64 = 1_790_000_000_000;

    fn reading(device: &str, second: i64, value: f64) -> Reading {
        let observed_at = Timestamp::clamped(START + second * 1000);
        let series = SeriesKey { device: device.parse().unwrap(), quantity: Quantity::WASTE_FILL, channel: 0 };
        let (kind, zone) = (Kind::WASTE, "anfa".parse().unwrap());
        Reading { series, kind, zone, value, observed_at, received_at: observed_at, quality: Quality::GOOD }
    }

    fn range(seconds: i64) -> Range<Timestamp> {
        Timestamp::clamped(START)..Timestamp::clamped(START + seconds * 1000)
    }

    #[test]
    fn a_peak_of_one_reading_in_a_day_of_seconds_is_kept_and_the_ends_of_each_stretch_are_real() {
        let mut thin = Thin::new(&range(86_400), 100);
        let values: Vec<f64> = (0..86_400u32).map(|s| if s == 31_337 { 480.0 } else { f64::from(s % 60) }).collect();
        for (second, value) in (0..).zip(&values) {
            thin.take(reading("bin-1", second, *value));
        }
        let kept = thin.done();
        assert_eq!(kept.len(), 100);
        assert!(kept.is_sorted_by_key(|r| r.observed_at));
        assert!(kept.iter().any(|r| r.value == 480.0 && r.observed_at == Timestamp::clamped(START + 31_337_000)));
        assert!(kept.iter().filter(|r| r.value == 0.0).count() >= 49, "each stretch has its least");
    }

    #[test]
    fn few_readings_stay_what_they_are_whatever_their_series_and_bad_ones_go() {
        let mut thin = Thin::new(&range(3600), 4000);
        let mut all: Vec<Reading> = (0..50).flat_map(|n| ["b", "a"].map(|id| reading(id, n * 60, n as f64))).collect();
        all.sort_by(|x, y| (x.observed_at, x.series.device.as_str()).cmp(&(y.observed_at, y.series.device.as_str())));
        all.iter().for_each(|r| thin.take(r.clone()));
        thin.take(Reading { quality: Quality::from(Flaw::OutOfRange), ..reading("a", 3599, 1e9) });
        assert_eq!(thin.series(), 2);
        assert_eq!(thin.done(), all.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn there_are_never_more_than_were_asked_for_whatever_the_period() {
        for (seconds, points) in [(1, 2), (7, 3), (100, 7), (86_399, 1000), (86_401, 10)] {
            let mut thin = Thin::new(&range(seconds), points);
            (0..seconds).for_each(|s| thin.take(reading("a", s, (s * 7919 % 101) as f64)));
            assert!(thin.done().len() <= points, "{seconds} s in {points}");
        }
        assert_eq!(Thin::new(&range(10), 2).done(), []);
    }
}
