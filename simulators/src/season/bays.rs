//! Parking bays: what stood there, and what a sensor said of it: changes and heartbeats, pedestrians now and then, and a few
//! sensors that are silent or stuck.

use schemas::Timestamp;

use super::{Said, Season, heard, whole};
use crate::chance::Chance;
use crate::physics::{DAY, MINUTE, SECOND, bay};

/// How often a sensor confirms its state.
const HEARTBEAT: i64 = 15 * MINUTE;
/// Pedestrians a day that a sensor takes for a car for some seconds.
const PEDESTRIANS: i64 = 2;

/// How a sensor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SensorTruth {
    /// It sees.
    Sound,
    /// From then on it says nothing.
    Silent(Timestamp),
    /// From then on it always says the same.
    Stuck(Timestamp),
}

/// One bay over a season.
#[derive(Clone, Debug, PartialEq)]
pub struct BaySeason {
    /// Whether it is occupied, from each instant on, in order of time.
    pub truth: Vec<(Timestamp, bool)>,
    /// What its sensor said, in order of time.
    pub said: Vec<Said<bool>>,
    /// How its sensor is.
    pub sensor: SensorTruth,
}

impl Season {
    /// The `n`th bay of a zone; of `faulty` in a hundred bays the sensor fails within the first days, alternately silent and
    /// stuck.
    #[must_use]
    pub fn bay(&self, n: u32, faulty: u32) -> BaySeason {
        let luck = self.device(2, n);
        let sensor = sensor(luck, self.start, n, faulty);
        let truth = self.truth(luck);
        let said = self.reports(luck, &truth, sensor);
        BaySeason { truth, said, sensor }
    }

    fn truth(&self, luck: Chance) -> Vec<(Timestamp, bool)> {
        let days = self.start.div_euclid(DAY)..self.end_ms().div_euclid(DAY);
        let mut truth: Vec<(Timestamp, bool)> = Vec::new();
        for (at, occupied) in days.flat_map(|day| bay::day(luck, day, i64::MAX)) {
            // Each midnight draws anew, and often the same.
            if truth.last().is_none_or(|(_, before)| *before != occupied) {
                truth.push((Timestamp::clamped(at), occupied));
            }
        }
        truth
    }

    fn reports(&self, luck: Chance, truth: &[(Timestamp, bool)], sensor: SensorTruth) -> Vec<Said<bool>> {
        let mut seen: Vec<(i64, bool)> = truth.iter().map(|(at, occupied)| (at.millis(), *occupied)).collect();
        let beats = (self.start..self.end_ms()).step_by(usize::try_from(HEARTBEAT).unwrap_or(usize::MAX));
        let is = |at: i64| truth.get(truth.partition_point(|(t, _)| t.millis() <= at).saturating_sub(1)).is_some_and(|(_, o)| *o);
        seen.extend(beats.map(|at| (at, is(at))));
        for day in self.start.div_euclid(DAY)..self.end_ms().div_euclid(DAY) {
            for pedestrian in 0..PEDESTRIANS {
                let luck = luck.branch(20).branch(day).branch(pedestrian);
                let at = day * DAY + whole(luck.branch(1).unit() * 86_000_000.0);
                if !is(at) {
                    let leaves = at + whole(luck.branch(2).between(4.0, 15.0)) * SECOND;
                    seen.extend([(at, true), (leaves, is(leaves))]);
                }
            }
        }
        seen.sort_by_key(|(at, _)| *at);
        let frozen = luck.branch(21).unit() < 0.5;
        let report = |(at, occupied): (i64, bool)| {
            let now = Timestamp::clamped(at);
            let value = match sensor {
                SensorTruth::Silent(since) if now >= since => return None,
                SensorTruth::Stuck(since) if now >= since => frozen,
                _ => occupied,
            };
            Some(Said { at: now, heard: heard(luck.branch(22).branch(at), at)?, value })
        };
        seen.into_iter().filter_map(report).collect()
    }
}

fn sensor(luck: Chance, start: i64, n: u32, faulty: u32) -> SensorTruth {
    if n % 100 >= faulty.min(100) {
        return SensorTruth::Sound;
    }
    let since = Timestamp::clamped(start + whole(luck.branch(23).between(0.0, 3.0) * 86_400_000.0));
    if n.is_multiple_of(2) { SensorTruth::Silent(since) } else { SensorTruth::Stuck(since) }
}
