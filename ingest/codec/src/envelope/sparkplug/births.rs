//! What Sparkplug births have said: which metric an alias stands for, of what type, in which unit.
//!
//! Memory, and the only one of the decoder: a data message that names its metrics by alias cannot be read without the
//! birth before it. What is remembered is a function of the births that were heard; who wants to keep it keeps those
//! messages and teaches them again ([`crate::Decoder::learn`]).

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use schemas::Timestamp;

use super::payload::Metric;

/// Edge nodes and devices that are remembered, at most; beyond, the one whose birth is the oldest is forgotten.
const SOURCES: usize = 8192;
/// Aliases of all of them together, at most, with the births before the last.
const ALIASES: usize = 131_072;
/// Of one birth, at most; further ones stay unknown.
const ALIASES_OF_ONE: usize = 4096;
/// Bytes of a metric's name or unit, at most; longer ones stay unknown.
const TEXT: usize = 256;

/// A shared memory of Sparkplug births; cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Births(Arc<RwLock<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    sources: BTreeMap<Source, Lives>,
    aliases: usize,
}

/// Who was born: group, edge node, device.
pub(super) type Source = (Box<str>, Box<str>, Option<Box<str>>);

/// The last birth that said something new, and the one before: a message that waited is read by the one of its time.
#[derive(Debug)]
struct Lives {
    last: Life,
    before: Option<Life>,
}

#[derive(Debug)]
struct Life {
    heard: Timestamp,
    metrics: Arc<BTreeMap<u64, Known>>,
}

/// What a birth said of an alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) name: Box<str>,
    pub(super) datatype: u32,
    pub(super) unit: Option<Box<str>>,
}

impl Births {
    /// How many edge nodes and devices are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).sources.len()
    }

    /// Whether no birth was heard.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Remembers a birth that was heard at this time.
    pub(super) fn learn(&self, source: Source, heard: Timestamp, metrics: &[Metric]) {
        let known = |metric: &Metric| {
            let name = metric.name.as_deref().filter(|name| name.len() <= TEXT)?;
            let unit = metric.unit().filter(|unit| unit.len() <= TEXT).map(Box::from);
            Some((metric.alias?, Known { name: name.into(), datatype: metric.datatype.unwrap_or(0), unit }))
        };
        let metrics = metrics.iter().filter_map(known).take(ALIASES_OF_ONE).collect();
        let mut memory = self.0.write().unwrap_or_else(PoisonError::into_inner);
        memory.put(source, Life { heard, metrics: Arc::new(metrics) });
        memory.shrink();
    }

    /// What a message of this source that was heard at this time means by its aliases; none before any birth.
    pub(super) fn of(&self, source: &Source, heard: Timestamp) -> Option<Arc<BTreeMap<u64, Known>>> {
        let memory = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let lives = memory.sources.get(source)?;
        let life = lives.before.as_ref().filter(|_| heard < lives.last.heard).unwrap_or(&lives.last);
        Some(Arc::clone(&life.metrics))
    }
}

impl Memory {
    /// A birth that says the same as the last, or is older than it, changes nothing: births are heard again.
    fn put(&mut self, source: Source, life: Life) {
        let count = life.metrics.len();
        let lives = match self.sources.remove(&source) {
            None => Lives { last: life, before: None },
            Some(lives) if lives.last.metrics == life.metrics || life.heard < lives.last.heard => {
                self.sources.insert(source, lives);
                return;
            }
            Some(lives) => {
                self.aliases -= lives.before.map_or(0, |before| before.metrics.len());
                Lives { last: life, before: Some(lives.last) }
            }
        };
        self.aliases += count;
        self.sources.insert(source, lives);
    }

    fn shrink(&mut self) {
        while self.sources.len() > SOURCES || self.aliases > ALIASES {
            let oldest = self.sources.iter().min_by_key(|(_, lives)| lives.last.heard).map(|(source, _)| source.clone());
            let Some(lives) = oldest.and_then(|source| self.sources.remove(&source)) else { return };
            self.aliases -= lives.last.metrics.len() + lives.before.map_or(0, |before| before.metrics.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(edge: usize) -> Source {
        ("g".into(), edge.to_string().into(), None)
    }

    fn metrics(count: u64, name: &str) -> Vec<Metric> {
        (0..count).map(|alias| Metric { name: Some(format!("{name}{alias}")), alias: Some(alias), ..Metric::default() }).collect()
    }

    fn name(births: &Births, heard: i64) -> Option<Box<str>> {
        births.of(&source(0), Timestamp::clamped(heard))?.get(&0).map(|known| known.name.clone())
    }

    #[test]
    fn a_message_is_read_by_the_birth_of_its_time() {
        let births = Births::default();
        assert_eq!(name(&births, 5), None);
        births.learn(source(0), Timestamp::clamped(10), &metrics(2, "a"));
        assert_eq!(name(&births, 5).as_deref(), Some("a0"), "a message that waited for its first birth");
        births.learn(source(0), Timestamp::clamped(15), &metrics(2, "a"));
        births.learn(source(0), Timestamp::clamped(20), &metrics(2, "b"));
        births.learn(source(0), Timestamp::clamped(12), &metrics(2, "old"));
        for (heard, expected) in [(5, "a0"), (10, "a0"), (19, "a0"), (20, "b0"), (30, "b0")] {
            assert_eq!(name(&births, heard).as_deref(), Some(expected), "{heard}");
        }
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_birth_is_forgotten_first() {
        let births = Births::default();
        let many = metrics(ALIASES_OF_ONE as u64 + 9, "m");
        for edge in 0..40 {
            births.learn(source(edge), Timestamp::clamped(i64::try_from(edge).unwrap()), &many);
        }
        assert_eq!(births.len(), ALIASES / ALIASES_OF_ONE);
        assert!(births.of(&source(39), Timestamp::MAX).is_some() && births.of(&source(0), Timestamp::MAX).is_none());
        let births = Births::default();
        for edge in 0..SOURCES + 5 {
            births.learn(source(edge), Timestamp::MIN, &[]);
        }
        assert_eq!(births.len(), SOURCES);
    }
}
