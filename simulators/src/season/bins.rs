//! Bins: they fill by hour, weekday and calendar, settle, are collected in the night with some nights missed, and their sensor
//! hears false echoes.

use schemas::Timestamp;

use super::{Said, Season, heard, whole};
use crate::chance::Chance;
use crate::physics::{DAY, HOUR, bin, calendar, mean};
use crate::places::PLACES;

/// How often a sensor speaks.
const STEP: i64 = HOUR / 2;
/// Waste settles by so many points an hour.
const SETTLING: f64 = 0.2;
/// Noise of a level, points.
const NOISE: f64 = 2.0;
/// No echo, and a false one, by chance.
const NO_ECHO: f64 = 0.01;
const FALSE_ECHO: f64 = 0.005;
/// A bin overflows from here on, per cent.
const OVERFLOW: f64 = 95.0;
/// Collection begins at 21:00 and takes six hours.
const COLLECTION: (i64, f64) = (21 * HOUR, 6.0 * 3_600_000.0);

/// One bin over a season.
#[derive(Clone, Debug, PartialEq)]
pub struct BinSeason {
    /// Levels in per cent, each half hour, in order of time.
    pub said: Vec<Said<f64>>,
    /// When it was emptied.
    pub emptied: Vec<Timestamp>,
    /// When it began to overflow.
    pub overflowed: Vec<Timestamp>,
}

impl Season {
    /// The `n`th bin.
    #[must_use]
    pub fn bin(&self, n: u32) -> BinSeason {
        let luck = self.device(1, n);
        let place = usize::try_from(n).ok().and_then(|n| PLACES.get(n % PLACES.len())).unwrap_or(&PLACES[0]);
        let rate = bin::rate(luck) * place.waste;
        let mut made = BinSeason { said: Vec::new(), emptied: Vec::new(), overflowed: Vec::new() };
        let mut level = luck.branch(2).between(bin::RESIDUE, 40.0);
        let (mut at, mut overflows) = (self.start, false);
        while at < self.end_ms() {
            if let Some(truck) = truck(luck, at) {
                level = luck.branch(3).branch(truck).between(0.0, bin::RESIDUE);
                overflows = false;
                made.emptied.push(Timestamp::clamped(truck));
            }
            level = (level + self.rises(luck, rate, at)).clamp(0.0, 100.0);
            if level >= OVERFLOW && !overflows {
                overflows = true;
                made.overflowed.push(Timestamp::clamped(at));
            }
            made.said.extend(said(luck.branch(4).branch(at), at, level));
            at += STEP;
        }
        made
    }

    /// Points by which a level rises in the step that ends at `at`.
    fn rises(&self, luck: Chance, rate: f64, at: i64) -> f64 {
        let (day, (_, weekday)) = (self.day(at), calendar(at));
        let profile = if day.ramadan.is_some() { &bin::HOUR_RAMADAN } else { &bin::HOUR_PROFILE };
        let hour = usize::try_from(at.rem_euclid(DAY) / HOUR).unwrap_or(0);
        let share = profile.get(hour).copied().unwrap_or(1.0) / mean(profile) / 48.0;
        let whim = luck.branch(5).branch(at).between(0.7, 1.3);
        rate * share * whim * day.waste * bin::WEEKDAY.get(weekday).copied().unwrap_or(1.0) - SETTLING / 2.0
    }
}

/// The truck that came within the step that ends at `at`, if one did: once a night, a little earlier or later.
fn truck(luck: Chance, at: i64) -> Option<i64> {
    let usual = COLLECTION.0 + whole(luck.branch(6).between(0.0, COLLECTION.1 - 3_600_000.0));
    let night = (at - COLLECTION.0).div_euclid(DAY);
    let luck = luck.branch(7).branch(night);
    let came = night * DAY + usual + whole(luck.branch(1).between(0.0, 3_600_000.0));
    (at - STEP < came && came <= at && luck.branch(2).unit() < bin::COLLECTED).then_some(came)
}

fn said(luck: Chance, at: i64, level: f64) -> Option<Said<f64>> {
    if luck.branch(10).unit() < NO_ECHO {
        return None;
    }
    let value = match luck.branch(11).unit() < FALSE_ECHO {
        true => luck.branch(12).between(0.0, 100.0),
        false => level + NOISE * luck.branch(13).normal(),
    };
    Some(Said { at: Timestamp::clamped(at), heard: heard(luck, at)?, value: value.clamp(0.0, 100.0).round() })
}
