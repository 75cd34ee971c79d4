//! How a contractor did: hours of overflow, response, agreed times kept, collections for nothing, collections
//! missed, and whether the sensors were heard at all.

use std::time::Duration;

use schemas::Timestamp;
use serde::Serialize;

use super::RoundSettings;
use crate::{Finding, Lack, median, nearest_rank};

/// From a level being reached to the bin being emptied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Service {
    /// When the level was raised.
    pub raised: Timestamp,
    /// When the bin was emptied; none while it waits.
    pub emptied: Option<Timestamp>,
}

/// One bin on one day.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BinDay {
    /// Hours at or above the level of overflow.
    pub overflow_h: f64,
    /// Hours for which the level is known.
    pub monitored_h: f64,
    /// Each time that the critical level was raised.
    pub critical: Vec<Service>,
    /// Each time that it overflowed.
    pub overflow: Vec<Service>,
    /// The level before each collection, per cent.
    pub collections: Vec<f64>,
    /// It stood in a round and was not emptied by the deadline.
    pub missed: bool,
    /// Messages that came.
    pub received: u64,
    /// Messages that should have come.
    pub expected: u64,
}

/// The indicators of a contractor, a zone, a day, or any other set of bin days.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Kpi {
    /// Hours of overflow, summed over bins.
    pub overflow_h: f64,
    /// As a part of the hours for which levels are known.
    pub overflow_rate: Finding<f64>,
    /// Hours from critical to emptied: the middle one.
    pub response_median_h: Finding<f64>,
    /// Nine in ten were quicker.
    pub response_p90_h: Finding<f64>,
    /// Of the critical bins whose time is over or that were emptied: the part emptied in time.
    pub critical_in_time: Finding<f64>,
    /// The same for bins that overflowed.
    pub overflow_in_time: Finding<f64>,
    /// Collections.
    pub collections: usize,
    /// Of them, from bins that were nearly empty.
    pub unnecessary: usize,
    /// Bins of a round that were not emptied by the deadline.
    pub missed: usize,
    /// Messages received, as a part of those expected; a burst of repeats does not make it more than 1.
    pub availability: Finding<f64>,
}

/// Hours in which a bin was at or above `level`, and hours for which its level is known, within `[start, end)`.
/// A sample holds until the next, or for so many intervals as the settings say. Samples in order of time.
#[must_use]
pub fn overflow_hours(
    samples: &[(Timestamp, f64)],
    interval: Duration,
    (start, end): (Timestamp, Timestamp),
    level: f64,
    settings: &RoundSettings,
) -> (f64, f64) {
    let hold = interval.saturating_mul(settings.hold_intervals.get());
    let (mut over, mut known) = (0.0, 0.0);
    let ends = samples.iter().skip(1).map(|(at, _)| *at).chain([Timestamp::MAX]);
    for ((from, fill), next) in samples.iter().zip(ends) {
        let until = next.min(from.plus(hold)).min(end);
        let hours = until.since((*from).max(start)).as_secs_f64() / 3600.0;
        known += hours;
        if *fill >= level {
            over += hours;
        }
    }
    (over, known)
}

/// Hours from raised to emptied; none while the bin waits.
#[must_use]
pub fn response(service: Service) -> Option<f64> {
    Some(service.emptied?.since(service.raised).as_secs_f64() / 3600.0)
}

/// The indicators of a set of bin days as they stand at `now`.
#[must_use]
pub fn kpi(days: &[BinDay], now: Timestamp, settings: &RoundSettings) -> Kpi {
    let overflow_h: f64 = days.iter().map(|d| d.overflow_h).sum();
    let monitored_h: f64 = days.iter().map(|d| d.monitored_h).sum();
    let responses: Vec<f64> = days.iter().flat_map(|d| &d.critical).copied().filter_map(response).collect();
    let before: Vec<f64> = days.iter().flat_map(|d| &d.collections).copied().collect();
    let (received, expected) = days.iter().fold((0_u64, 0_u64), |(r, e), d| {
        // Per bin: the repeats of one do not make up for the silence of another.
        (r.saturating_add(d.received.min(d.expected)), e.saturating_add(d.expected))
    });
    Kpi {
        overflow_h,
        overflow_rate: ratio(overflow_h, monitored_h, "hours with a known level"),
        response_median_h: one_of(median(&responses), "emptied critical bins"),
        response_p90_h: one_of(nearest_rank(&responses, 90.0), "emptied critical bins"),
        critical_in_time: in_time(days.iter().flat_map(|d| &d.critical), now, settings.critical_h.get()),
        overflow_in_time: in_time(days.iter().flat_map(|d| &d.overflow), now, settings.overflow_h.get()),
        collections: before.len(),
        unnecessary: before.iter().filter(|level| **level < settings.unnecessary.get()).count(),
        missed: days.iter().filter(|d| d.missed).count(),
        availability: ratio(received as f64, expected as f64, "expected messages"),
    }
}

/// One that still waits counts once its time is over, not before.
fn in_time<'a>(services: impl Iterator<Item = &'a Service>, now: Timestamp, hours: f64) -> Finding<f64> {
    let (mut judged, mut kept) = (0_u32, 0_u32);
    for service in services {
        let waited = now.since(service.raised).as_secs_f64() / 3600.0;
        match response(*service) {
            Some(took) => {
                judged += 1;
                kept += u32::from(took <= hours);
            }
            None if waited > hours => judged += 1,
            None => {}
        }
    }
    ratio(f64::from(kept), f64::from(judged), "bins whose time is over")
}

fn ratio(part: f64, whole: f64, what: &'static str) -> Finding<f64> {
    one_of((whole > 0.0).then(|| part / whole), what)
}

fn one_of(value: Option<f64>, what: &'static str) -> Finding<f64> {
    value.map_or(Finding::Insufficient(Lack::OneOf(vec![what])), Finding::Value)
}

/// How much more waste a day brought than an ordinary one; none without a baseline.
#[must_use]
pub fn demand_multiplier(tonnes: f64, baseline: f64) -> Option<f64> {
    (baseline > 0.0).then(|| tonnes / baseline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waste::WasteSettings;

    fn at(hours: i64) -> Timestamp {
        Timestamp::clamped(hours * 3_600_000)
    }

    #[test]
    fn a_sample_holds_for_two_intervals_and_no_longer() {
        let settings = WasteSettings::shipped().round;
        let samples = [(at(0), 97.0), (at(1), 99.0), (at(10), 20.0)];
        let hours = overflow_hours(&samples, Duration::from_secs(3600), (at(0), at(24)), 95.0, &settings);
        assert_eq!(hours, (3.0, 5.0));
    }

    #[test]
    fn a_bin_that_waits_counts_against_the_contractor_once_its_time_is_over() {
        let settings = WasteSettings::shipped().round;
        let day = BinDay {
            critical: vec![
                Service { raised: at(0), emptied: Some(at(5)) },
                Service { raised: at(1), emptied: None },
                Service { raised: at(9), emptied: None },
            ],
            collections: vec![85.0, 12.0],
            received: 90,
            expected: 96,
            ..BinDay::default()
        };
        let kpi = kpi(&[day], at(10), &settings);
        assert_eq!(kpi.critical_in_time, Finding::Value(0.5));
        assert_eq!((kpi.collections, kpi.unnecessary), (2, 1));
        assert_eq!(kpi.availability, Finding::Value(0.9375));
        assert!(kpi.overflow_rate.value().is_none(), "no hours are known: no rate");
    }
}
