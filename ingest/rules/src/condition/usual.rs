//! What a meter usually counts in an hour of the week: the largest volume of that hour in the last four to eight weeks.
//! Of so few weeks the largest is the 99th percentile (nearest rank, DOMAIN 1.1 and 4.6).
//!
//! Deliberately absent: the single weeks. Two generations of four weeks take 1.5 KB a meter, whatever is asked of them, and
//! nothing before the first hour is learned.

use schemas::{HOUR, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

/// Hours of a week.
const SLOTS: usize = 168;
/// A generation, milliseconds.
const GENERATION: i64 = 4 * 168 * HOUR;
/// An hour that was seen less often is not usual yet.
const ENOUGH: u16 = 2;

/// Volumes of one generation, by the hour of the local week.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Generation {
    /// Litres, rounded up.
    largest: Vec<u32>,
    /// How often the hour was seen.
    seen: Vec<u8>,
}

impl Generation {
    fn of(&self, slot: usize) -> (u32, u16) {
        let seen = self.seen.get(slot).copied().map_or(0, u16::from);
        (self.largest.get(slot).copied().unwrap_or(0), seen)
    }
}

/// What was learned of a meter, if anything was: most counters ask for nothing usual, and pay a pointer for it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Usual")]
pub(crate) struct Learned(Option<Box<Usual>>);

impl Learned {
    /// See [`Usual::largest`].
    pub(super) fn largest(&self, slot: usize) -> Option<f64> {
        self.0.as_ref()?.largest(slot)
    }

    /// See [`Usual::learn`].
    pub(super) fn learn(&mut self, start: Timestamp, slot: usize, litres: f64) {
        self.0.get_or_insert_default().learn(start, slot, litres);
    }
}

impl From<Usual> for Learned {
    fn from(usual: Usual) -> Self {
        Self((usual != Usual::default()).then(|| Box::new(usual)))
    }
}

impl Serialize for Learned {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(usual) => usual.serialize(serializer),
            None => Usual::default().serialize(serializer),
        }
    }
}

/// Two generations. On disk one that was never taught stands like every other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Usual {
    /// The number of the present generation, since the epoch.
    generation: i64,
    now: Generation,
    before: Generation,
}

impl Usual {
    /// The largest volume of this hour of the week, litres; none where too few weeks are known.
    fn largest(&self, slot: usize) -> Option<f64> {
        let [(now, seen_now), (before, seen_before)] = [self.now.of(slot), self.before.of(slot)];
        (seen_now + seen_before >= ENOUGH).then(|| f64::from(now.max(before)))
    }

    /// Learns the volume of an hour that began at `start`, litres.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float cast saturates, and less than nothing is 0"
    )]
    fn learn(&mut self, start: Timestamp, slot: usize, litres: f64) {
        let generation = start.millis().div_euclid(GENERATION);
        if generation > self.generation {
            let last = std::mem::take(&mut self.now);
            self.before = if generation == self.generation + 1 { last } else { Generation::default() };
            self.generation = generation;
        }
        let Generation { largest, seen } = &mut self.now;
        largest.resize(SLOTS, 0);
        seen.resize(SLOTS, 0);
        if let (Some(largest), Some(seen)) = (largest.get_mut(slot), seen.get_mut(slot)) {
            *largest = (*largest).max(litres.ceil() as u32);
            *seen = seen.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_of_four_to_eight_weeks_is_usual_and_what_is_older_is_forgotten() {
        let week = |n: i64| Timestamp::clamped(n * 168 * HOUR);
        let mut usual = Usual::default();
        usual.learn(week(400), 7, 900.0);
        assert_eq!(usual.largest(7), None, "once is not usual");
        usual.learn(week(401), 7, 99.5);
        assert_eq!((usual.largest(7), usual.largest(8)), (Some(900.0), None));
        usual.learn(week(404), 7, 10.0);
        assert_eq!(usual.largest(7), Some(900.0), "the generation before counts");
        usual.learn(week(408), 7, 20.0);
        assert_eq!(usual.largest(7), Some(20.0), "and the one before that does not");
        usual.learn(week(430), 7, 5.0);
        assert_eq!(usual.largest(7), None, "after months without words nothing is");
    }
}
