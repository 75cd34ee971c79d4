//! The consumption of one connection as a curve: any hour or local day is the difference of two points of it.
//!
//! Between two readings it is a straight line. It is interrupted where nobody knows what flowed: at another
//! meter, at a reset, at a step that is not believed.

use schemas::{HOUR, Timestamp};
use serde::Serialize;

use super::delta::{Delta, MeterIndex, delta};
use super::{CurveSettings, MeterSettings};
use crate::time::LocalDay;

/// A curve has at most this many readings: a year of one a minute.
const READINGS_LIMIT: usize = 530_000;
/// Hours that one question may span: ten years.
const HOURS_LIMIT: usize = 88_000;

/// Too many readings for one curve.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a curve has {0} readings, expected at most {READINGS_LIMIT}")]
pub struct CurveError(usize);

/// What was consumed in a period.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Consumption {
    /// Litres.
    pub litres: f64,
    /// Part of it was interpolated over a gap: shown, and never used to look for leaks.
    pub estimated: bool,
}

/// One reading on the curve.
#[derive(Clone, Copy, Debug)]
struct Node {
    at: Timestamp,
    /// Litres consumed since the first reading, as far as is known.
    total: u64,
    /// Whether the way from the reading before is known.
    joined: bool,
    /// When the last gap that was too long ended, at or before this reading.
    gap_ended: Option<usize>,
}

/// The consumption of one connection.
#[derive(Clone, Debug, Default)]
pub struct ConsumptionCurve {
    nodes: Vec<Node>,
    deltas: Vec<(Timestamp, Delta)>,
    gap: i64,
}

impl ConsumptionCurve {
    /// From indices in any order. Of two for the same instant the later one in the slice holds.
    ///
    /// # Errors
    /// Too many readings.
    pub fn new(readings: &[MeterIndex<'_>], meter: &MeterSettings, curve: &CurveSettings) -> Result<Self, CurveError> {
        if readings.len() > READINGS_LIMIT {
            return Err(CurveError(readings.len()));
        }
        let mut sorted: Vec<MeterIndex<'_>> = readings.to_vec();
        sorted.sort_by_key(|reading| reading.at);
        // The sort is stable: the last of equals is the one that came last.
        sorted.reverse();
        sorted.dedup_by_key(|reading| reading.at);
        sorted.reverse();
        let mut made = Self { gap: hours_in_millis(curve.estimated_after_h.get()), ..Self::default() };
        let mut before: Option<MeterIndex<'_>> = None;
        for now in sorted {
            made.push(before, now, meter);
            before = Some(now);
        }
        Ok(made)
    }

    fn push(&mut self, before: Option<MeterIndex<'_>>, now: MeterIndex<'_>, meter: &MeterSettings) {
        let last = self.nodes.last().copied();
        let (Some(before), Some(last)) = (before, last) else {
            self.nodes.push(Node { at: now.at, total: 0, joined: false, gap_ended: None });
            return;
        };
        let step = delta(before, now, meter);
        self.deltas.push((now.at, step));
        let too_long = now.at.millis() - last.at.millis() > self.gap;
        self.nodes.push(Node {
            at: now.at,
            total: last.total.saturating_add(step.consumption().unwrap_or(0)),
            joined: step.consumption().is_some(),
            gap_ended: if too_long { Some(self.nodes.len()) } else { last.gap_ended },
        });
    }

    /// What lies between each reading and the one before it, by the time of the later one, in order of time.
    #[must_use]
    pub fn deltas(&self) -> &[(Timestamp, Delta)] {
        &self.deltas
    }

    /// What was consumed in `[start, end)`; none where the curve does not reach, is interrupted, or `end` is not
    /// after `start`.
    #[must_use]
    pub fn between(&self, start: Timestamp, end: Timestamp) -> Option<Consumption> {
        if end <= start {
            return None;
        }
        // The readings at or after each end of the period; the first of them belongs to the way that holds `start`.
        let first = self.nodes.partition_point(|node| node.at <= start);
        let last = self.nodes.partition_point(|node| node.at < end);
        if first == 0 || last >= self.nodes.len() {
            return None;
        }
        let way = self.nodes.get(first..=last)?;
        if way.iter().any(|node| !node.joined) {
            return None;
        }
        let estimated = self.nodes.get(last)?.gap_ended.is_some_and(|gap| gap >= first);
        Some(Consumption { litres: self.total(last, end)? - self.total(first, start)?, estimated })
    }

    /// Litres at an instant on the way that ends with the node of this index.
    fn total(&self, index: usize, at: Timestamp) -> Option<f64> {
        let (from, to) = (self.nodes.get(index.checked_sub(1)?)?, self.nodes.get(index)?);
        let (passed, whole) = (at.millis() - from.at.millis(), to.at.millis() - from.at.millis());
        Some(from.total as f64 + (to.total - from.total) as f64 * (passed as f64 / whole as f64))
    }

    /// The consumption of each UTC hour from the hour of `start` to `end`, at most ten years of them.
    pub fn hours(&self, start: Timestamp, end: Timestamp) -> impl Iterator<Item = Option<Consumption>> + '_ {
        let first = start.hour().millis();
        let count = usize::try_from((end.millis() - first) / HOUR).unwrap_or(0).min(HOURS_LIMIT);
        (0..count).map(move |i| {
            let from = first + i as i64 * HOUR;
            self.between(Timestamp::clamped(from), Timestamp::clamped(from + HOUR))
        })
    }

    /// The consumption of a local day, of 23, 24 or 25 hours: the difference of the index at both midnights.
    #[must_use]
    pub fn day(&self, day: LocalDay) -> Option<Consumption> {
        self.between(day.start, day.end)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a float cast saturates: a gap of 300 million years is none")]
fn hours_in_millis(hours: f64) -> i64 {
    (hours * HOUR as f64) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::CityTime;
    use crate::water::WaterSettings;

    fn at(minutes: i64) -> Timestamp {
        Timestamp::clamped(1_790_000_000_000 / HOUR * HOUR + minutes * 60_000)
    }

    fn index(minutes: i64, litres: u64) -> MeterIndex<'static> {
        MeterIndex { at: at(minutes), litres, serial: None }
    }

    fn curve(readings: &[MeterIndex<'_>]) -> ConsumptionCurve {
        let settings = WaterSettings::shipped();
        ConsumptionCurve::new(readings, &settings.meter, &settings.curve).unwrap()
    }

    #[test]
    fn an_hour_is_interpolated_between_readings_and_a_long_gap_is_estimated() {
        let curve = curve(&[index(-30, 1000), index(30, 1060), index(90, 1180), index(390, 1200)]);
        let hours: Vec<_> = curve.hours(at(0), at(360)).collect();
        assert_eq!(hours[0], Some(Consumption { litres: 90.0, estimated: false }));
        assert_eq!(hours[1].map(|h| h.estimated), Some(true));
        assert_eq!(hours[5], Some(Consumption { litres: 4.0, estimated: true }));
        assert_eq!(curve.between(at(360), at(420)), None);
    }

    #[test]
    fn another_meter_interrupts_the_curve_and_the_hours_beside_it_stand() {
        let other = |minutes, litres| MeterIndex { serial: Some("b"), ..index(minutes, litres) };
        let first = |minutes, litres| MeterIndex { serial: Some("a"), ..index(minutes, litres) };
        let curve = curve(&[first(0, 500), first(60, 520), other(90, 0), other(120, 10), other(180, 40)]);
        let hours: Vec<_> = curve.hours(at(0), at(180)).map(|h| h.map(|h| h.litres)).collect();
        assert_eq!(hours, [Some(20.0), None, Some(30.0)]);
    }

    #[test]
    fn a_day_of_25_hours_is_counted_from_midnight_to_midnight() {
        let city = CityTime::of("Africa/Casablanca").unwrap();
        let day = city.day("2026-09-20".parse().unwrap());
        let readings: Vec<_> = (0..=26_u64)
            .map(|h| MeterIndex { at: Timestamp::clamped(day.start.millis() + h as i64 * HOUR), litres: 100 * h, serial: None })
            .collect();
        assert_eq!(curve(&readings).day(day).map(|c| c.litres), Some(2500.0));
    }
}
