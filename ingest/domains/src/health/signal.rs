//! Whether a device is heard, and whether what it says still moves with the world.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use schemas::Timestamp;
use serde::Serialize;

use super::{DriftSettings, HealthSettings};
use crate::number::MAD_TO_SIGMA;
use crate::{Finding, Lack, mad, median};

/// Others of its kind with which a sensor is compared at least: of two nobody knows which one is wrong.
pub const NEIGHBOURS: usize = 2;

/// How much of what a device should have sent was heard.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Availability {
    /// Different instants that were heard.
    pub received: u64,
    /// Instants that its interval gives.
    pub expected: u64,
    /// As a part, at most 1.
    pub share: f64,
    /// Whether that is as much as is aimed at.
    pub met: bool,
}

/// Availability over a period: what was heard against what the interval gives. Repeats of an instant count once:
/// give their number without them. Less than one interval long, a period says nothing.
#[must_use]
pub fn availability(received: u64, period: Duration, interval: Duration, settings: &HealthSettings) -> Finding<Availability> {
    let expected = period.as_millis().checked_div(interval.as_millis()).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    if expected == 0 {
        return Finding::Insufficient(Lack::OneOf(vec!["a whole reporting interval"]));
    }
    let share = (received as f64 / expected as f64).min(1.0);
    Finding::Value(Availability { received, expected, share, met: share >= settings.availability.get() })
}

/// Whether a device is offline at `now`: silent for several intervals, and for some hours at least. One that was never
/// heard is.
#[must_use]
pub fn offline(heard: Option<Timestamp>, now: Timestamp, interval: Duration, settings: &HealthSettings) -> bool {
    let least = Duration::try_from_secs_f64(settings.offline_least_h.get() * 3600.0).unwrap_or(Duration::MAX);
    let allowed = interval.saturating_mul(settings.offline_intervals.get()).max(least);
    heard.is_none_or(|at| now.since(at) > allowed)
}

/// How far a sensor has moved away from its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Drift {
    /// In the quantity's unit: the recent difference to the neighbours less the earlier one.
    pub shift: f64,
    /// More than the differences vary by themselves.
    pub drifting: bool,
}

/// What a sensor says of each day less the middle one of what its neighbours say of it, in the order of days; nothing of a day of
/// which fewer than [`NEIGHBOURS`] of them say something.
#[must_use]
pub fn beside_neighbours<Day: Ord>(own: &BTreeMap<Day, f64>, others: &[&BTreeMap<Day, f64>]) -> Vec<f64> {
    let middle = |day: &Day| {
        let values: Vec<f64> = others.iter().filter_map(|of| of.get(day).copied()).collect();
        median(&values).filter(|_| values.len() >= NEIGHBOURS)
    };
    own.iter().filter_map(|(day, value)| Some(value - middle(day)?)).collect()
}

/// Whether a sensor drifts: the median of its recent differences to the median of its neighbours (one a day, the
/// newest last) against those before.
#[must_use]
pub fn drift(differences: &[f64], settings: &DriftSettings) -> Finding<Drift> {
    let sizes = (settings.recent.get() as usize, settings.baseline.get() as usize);
    shift(differences, sizes, |by, spread| by.abs() > settings.sigmas.get() * spread)
}

/// How far the median of the newest values lies from that of those before, and whether `drifting` says that this is too far for their
/// robust standard deviation.
pub(super) fn shift(values: &[f64], (recent, baseline): (usize, usize), drifting: impl Fn(f64, f64) -> bool) -> Finding<Drift> {
    let (needed, valid) = (recent + baseline, values.len());
    let lack = Finding::Insufficient(Lack::Capture { valid, needed, expected: needed });
    let Some(used) = values.get(valid.saturating_sub(needed)..).filter(|used| used.len() == needed) else { return lack };
    let (before, last) = used.split_at(baseline);
    match (median(before), mad(before), median(last)) {
        (Some(usual), Some(spread), Some(now)) => {
            let by = now - usual;
            Finding::Value(Drift { shift: by, drifting: drifting(by, MAD_TO_SIGMA * spread) })
        }
        _ => lack,
    }
}

/// Whether the last values, as many as the settings say, are all the same and not 0.
#[must_use]
#[expect(clippy::float_cmp, reason = "a stuck sensor repeats the very same number")]
pub fn stuck(values: &[f64], settings: &HealthSettings) -> bool {
    let least = (settings.stuck_values.get() as usize).max(2);
    let Some(last) = values.last().copied().filter(|v| *v != 0.0) else { return false };
    values.len() >= least && values.iter().rev().take(least).all(|v| *v == last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::HealthSettings;

    #[test]
    fn a_sensor_that_leaves_its_neighbours_drifts() {
        let settings = HealthSettings::shipped().drift;
        let mut differences: Vec<f64> = (0..28).map(|d| f64::from(d % 3)).collect();
        differences.extend([1.0; 7]);
        assert_eq!(drift(&differences, &settings).value().map(|d| d.drifting), Some(false));
        differences.extend([12.0; 7]);
        assert_eq!(drift(&differences, &settings).value().map(|d| d.drifting), Some(true));
        assert!(drift(&differences[..20], &settings).value().is_none());
    }

    #[test]
    fn a_sensor_is_compared_with_the_middle_one_of_two_others_at_least() {
        let days = |values: &[(u8, f64)]| values.iter().copied().collect::<BTreeMap<u8, f64>>();
        let (own, low, high) =
            (days(&[(1, 10.0), (2, 20.0), (3, 5.0)]), days(&[(1, 4.0), (2, 8.0)]), days(&[(1, 6.0), (3, 1.0)]));
        assert_eq!(beside_neighbours(&own, &[&low, &high]), [5.0], "of one day two others say something");
        let third = days(&[(1, 60.0), (2, 12.0), (3, 3.0)]);
        assert_eq!(beside_neighbours(&own, &[&low, &high, &third]), [4.0, 10.0, 3.0]);
    }

    #[test]
    fn a_device_is_not_more_available_than_always() {
        let (hour, settings) = (Duration::from_secs(3600), HealthSettings::shipped());
        assert_eq!(availability(30, hour * 24, hour, &settings).value().map(|a| a.share), Some(1.0));
        assert_eq!(availability(18, hour * 24, hour, &settings).value().map(|a| a.share), Some(0.75));
        assert!(availability(1, hour, hour * 2, &settings).value().is_none());
        assert!(availability(1, hour, Duration::ZERO, &settings).value().is_none());
        let silent = |hours: u32| offline(Some(Timestamp::MIN), Timestamp::MIN.plus(hour * hours), hour / 2, &settings);
        assert!(!silent(3) && silent(4) && offline(None, Timestamp::MIN, hour, &settings));
        assert!(stuck(&[7.0; 6], &settings) && !stuck(&[0.0; 9], &settings) && !stuck(&[7.0; 5], &settings));
    }
}
