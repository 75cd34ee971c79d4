//! How a bin, or a district, usually fills in each hour of the local week.

use schemas::{HOUR, Timestamp};

use crate::time::CityTime;

/// Hours of a week.
const WEEK: usize = 168;
/// Hours of a day.
const DAY: usize = 24;
/// A rise is spread over at most so many hours; a longer silence teaches nothing about hours.
const SPREAD_LIMIT: i64 = 6;

/// Points of per cent by which the level rises in each hour of the week, from Monday 00:00 local; at least 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WeekProfile([f64; WEEK]);

/// What is known of an hour: the sum of rises, and over how many hours.
#[derive(Clone, Copy, Default)]
struct Seen {
    rise: f64,
    hours: f64,
}

impl Seen {
    fn mean(self) -> Option<f64> {
        (self.hours > 0.0).then(|| (self.rise / self.hours).max(0.0))
    }
}

impl WeekProfile {
    /// A profile that is given, from Monday 00:00. What is negative or not a number is taken for 0.
    #[must_use]
    pub fn new(rises: [f64; WEEK]) -> Self {
        Self(rises.map(|r| if r.is_finite() { r.max(0.0) } else { 0.0 }))
    }

    /// Learns from levels in order of time, outliers left out: of one bin, or one bin after another. `breaks` says for
    /// an index whether the step that ends there teaches nothing: an emptying, or another bin. An hour of the week that
    /// was never seen is taken from the same hour of other days, and then from all hours. None without a single step.
    #[must_use]
    pub fn learn(samples: &[(Timestamp, f64)], breaks: impl Fn(usize) -> bool, city: &CityTime) -> Option<Self> {
        let (mut week, mut day, mut all) = ([Seen::default(); WEEK], [Seen::default(); DAY], Seen::default());
        for (index, (before, now)) in (1_usize..).zip(samples.iter().zip(samples.iter().skip(1))) {
            let length = now.0.millis() - before.0.millis();
            if breaks(index) || length <= 0 || length > SPREAD_LIMIT * HOUR {
                continue;
            }
            // The rise is shared out over the hours that the step touches, as long as it touches each.
            let mut from = before.0.millis();
            while from < now.0.millis() {
                let to = (Timestamp::clamped(from).hour().millis() + HOUR).min(now.0.millis());
                let part = (to - from) as f64;
                let hour = city.hour_of_week(Timestamp::clamped(from));
                let seen = Seen { rise: (now.1 - before.1) * part / length as f64, hours: part / HOUR as f64 };
                for slot in [week.get_mut(hour), day.get_mut(hour % DAY), Some(&mut all)].into_iter().flatten() {
                    slot.rise += seen.rise;
                    slot.hours += seen.hours;
                }
                from = to;
            }
        }
        let overall = all.mean()?;
        let mut rises = [overall; WEEK];
        for ((hour, rise), seen) in (0_usize..).zip(&mut rises).zip(&week) {
            let same_hour = day.get(hour % DAY).copied().and_then(Seen::mean);
            *rise = seen.mean().or(same_hour).unwrap_or(overall);
        }
        Some(Self(rises))
    }

    /// The rise of an hour of the week, points.
    #[must_use]
    pub fn rise(&self, hour_of_week: usize) -> f64 {
        self.0.get(hour_of_week % WEEK).copied().unwrap_or(0.0)
    }

    /// Hours until a level is reached from `level` on, beginning with the hour of the week in which the clock stands, if
    /// the bin fills `margin` times as fast as usual; none beyond `horizon` hours.
    #[must_use]
    pub fn reaches(&self, level: f64, threshold: f64, hour_of_week: usize, margin: f64, horizon: f64) -> Option<f64> {
        let (mut level, mut hours) = (level, 0.0);
        for rise in self.0.iter().cycle().skip(hour_of_week % WEEK) {
            if level >= threshold {
                return Some(hours);
            }
            if hours >= horizon {
                return None;
            }
            let rise = rise * margin;
            if level + rise >= threshold {
                return Some(hours + (threshold - level) / rise);
            }
            level += rise;
            hours += 1.0;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_learned_from_steps_that_no_emptying_breaks() {
        let city = CityTime::of("Africa/Casablanca").unwrap();
        // From a Monday on, three points an hour from 08 to 20, emptied at 02.
        let start: Timestamp = "2026-11-23T00:00:00Z".parse().unwrap();
        let mut level = 0.0;
        let mut samples = Vec::new();
        for hour in 0..24 * 10 {
            samples.push((Timestamp::clamped(start.millis() + hour * HOUR), level));
            level = if hour % 24 == 1 { 0.0 } else { level + if (8..20).contains(&(hour % 24)) { 3.0 } else { 0.0 } };
        }
        let profile = WeekProfile::learn(&samples, |i| samples[i].1 < samples[i - 1].1, &city).unwrap();
        assert_eq!((profile.rise(9), profile.rise(24 + 9), profile.rise(3)), (3.0, 3.0, 0.0));
        assert_eq!(profile.reaches(0.0, 30.0, 6, 1.0, 100.0), Some(12.0));
        assert_eq!(profile.reaches(0.0, 30.0, 6, 2.0, 100.0), Some(7.0));
        assert_eq!(profile.reaches(0.0, 99.0, 6, 1.0, 10.0), None);
        assert!(WeekProfile::learn(&samples[..1], |_| false, &city).is_none());
    }

    #[test]
    fn a_profile_of_nothing_reaches_nothing() {
        let never = WeekProfile::new([f64::NAN; WEEK]);
        assert_eq!(never.reaches(10.0, 90.0, 500, 1.2, f64::INFINITY.min(1e4)), None);
        assert_eq!(never.reaches(95.0, 90.0, 0, 1.2, 10.0), Some(0.0));
    }
}
