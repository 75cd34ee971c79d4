//! What the engine writes down of a device, and reads back after a restart. Version 1:
//!
//! ```text
//! u8  version = 1
//! ..  postcard of [`Kept`]: kind, zone, newest reading, series, watches
//! ```
//!
//! Most watches of most devices are calm: nothing ever happened, and they heard what their series
//! heard. These are not written, the rules make them again; so a state is a few dozen bytes. Kinds,
//! quantities and rules stand by name, so the order of files may change between two runs.

use std::borrow::Cow;

use bytes::Bytes;
use schemas::{DeviceId, Grade, Kind, NameError, Phase, Quantity, TimeError, Timestamp, Zone};
use serde::{Deserialize, Serialize};

use crate::condition::Memory;
use crate::rule::{Rule, RuleSet};
use crate::watch::Watch;

const VERSION: u8 = 1;

/// Why bytes are not the state of a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Written by another version of the format.
    #[error("engine state format {0} is unknown, this program reads format {VERSION}")]
    Version(u8),
    /// Not what was written.
    #[error("engine state is damaged: {0}")]
    Damaged(String),
    /// The device is of a kind that the vocabulary does not have any more.
    #[error("engine state names the kind `{0}`, which is not in the vocabulary")]
    Kind(String),
}

impl From<postcard::Error> for StateError {
    fn from(error: postcard::Error) -> Self {
        StateError::Damaged(error.to_string())
    }
}

impl From<TimeError> for StateError {
    fn from(error: TimeError) -> Self {
        StateError::Damaged(error.to_string())
    }
}

impl From<NameError> for StateError {
    fn from(error: NameError) -> Self {
        StateError::Damaged(error.to_string())
    }
}

#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    zone: Cow<'a, str>,
    newest: i64,
    #[serde(borrow)]
    series: Vec<KeptSeries<'a>>,
    #[serde(borrow)]
    watches: Vec<KeptWatch<'a>>,
}

/// When a series was heard last.
#[derive(Serialize, Deserialize)]
struct KeptSeries<'a> {
    #[serde(borrow)]
    quantity: Cow<'a, str>,
    channel: u8,
    /// By conditions that hear bad readings too.
    any: Option<i64>,
    /// By conditions that do not.
    judged: Option<i64>,
}

/// A watch as it is written down; in memory, one whose rule is not there any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptWatch<'a> {
    #[serde(borrow)]
    rule: Cow<'a, str>,
    #[serde(borrow)]
    quantity: Cow<'a, str>,
    channel: u8,
    whole: bool,
    phase: u8,
    since: i64,
    at: i64,
    heard: Option<i64>,
    value: f64,
    holds: bool,
}

impl<'a> KeptWatch<'a> {
    fn of(watch: &Watch, rule: &'a Rule) -> Self {
        Self {
            rule: rule.id.as_str().into(),
            quantity: watch.quantity.name().into(),
            channel: watch.channel,
            whole: watch.whole,
            phase: PHASES.iter().position(|p| *p == watch.phase).and_then(|i| u8::try_from(i).ok()).unwrap_or_default(),
            since: watch.since.millis(),
            at: watch.at.millis(),
            heard: watch.memory.heard.map(Timestamp::millis),
            value: watch.memory.value,
            holds: watch.memory.holds,
        }
    }

    fn into_owned(self) -> KeptWatch<'static> {
        KeptWatch { rule: Cow::Owned(self.rule.into_owned()), quantity: Cow::Owned(self.quantity.into_owned()), ..self }
    }
}

/// What a device's state says, under the rules of now.
pub(crate) struct Restored {
    pub(crate) kind: Kind,
    pub(crate) zone: Zone,
    pub(crate) newest: Timestamp,
    pub(crate) watches: Vec<Watch>,
    pub(crate) orphans: Vec<KeptWatch<'static>>,
}

/// The numbers of phases on disk: never renumber, only add.
const PHASES: [Phase; 4] = [Phase::Inactive, Phase::Pending, Phase::Firing, Phase::Resolved];

/// A series with what its watches heard last.
struct Heard {
    quantity: Quantity,
    channel: u8,
    any: Option<Timestamp>,
    judged: Option<Timestamp>,
}

impl Heard {
    fn by(&mut self, rule: &Rule) -> &mut Option<Timestamp> {
        if rule.condition.hears(Grade::Bad) { &mut self.any } else { &mut self.judged }
    }
}

/// The state of a device; empty where there is nothing to remember.
pub(crate) fn encode<'a>(
    rules: &'a RuleSet,
    kind: Kind,
    zone: &'a Zone,
    newest: Timestamp,
    watches: &'a [Watch],
    orphans: &'a [KeptWatch<'static>],
) -> Bytes {
    let ruled = || watches.iter().filter_map(|w| Some((w, rules.rules().get(usize::from(w.rule))?)));
    // Watches stand in the order of their series.
    let mut series: Vec<Heard> = Vec::new();
    for (watch, rule) in ruled().filter(|(w, _)| !w.whole) {
        if series.last().is_none_or(|s| !watch.is_of(s.quantity, s.channel)) {
            series.push(Heard { quantity: watch.quantity, channel: watch.channel, any: None, judged: None });
        }
        if let Some(heard) = series.last_mut().map(|s| s.by(rule)) {
            *heard = (*heard).max(watch.memory.heard);
        }
    }
    let mut of_series = series.iter_mut().peekable();
    let mut kept: Vec<KeptWatch<'a>> = Vec::new();
    for (watch, rule) in ruled() {
        while !watch.whole && of_series.peek().is_some_and(|s| !watch.is_of(s.quantity, s.channel)) {
            of_series.next();
        }
        let heard = if watch.whole { None } else { of_series.peek_mut().and_then(|s| *s.by(rule)) };
        if watch.whole || !watch.is_calm() || watch.memory.heard != heard {
            kept.push(KeptWatch::of(watch, rule));
        }
    }
    kept.extend(orphans.iter().cloned());
    // Heard by nobody (bad readings only, and no condition that hears them): made again when it is heard.
    series.retain(|s| s.any.is_some() || s.judged.is_some());
    if series.is_empty() && kept.is_empty() {
        return Bytes::new();
    }
    let series = series.into_iter().map(|s| KeptSeries {
        quantity: s.quantity.name().into(),
        channel: s.channel,
        any: s.any.map(Timestamp::millis),
        judged: s.judged.map(Timestamp::millis),
    });
    let mut bytes = Vec::with_capacity(256);
    bytes.push(VERSION);
    let (kind, zone) = (kind.name().into(), zone.as_str().into());
    let kept = Kept { kind, zone, newest: newest.millis(), series: series.collect(), watches: kept };
    postcard::to_extend(&kept, bytes).expect("plain data has a form in postcard and a Vec takes it").into()
}

/// Reads what [`encode`] wrote. A watch whose rule or quantity is not there any more is an orphan.
pub(crate) fn decode(rules: &RuleSet, device: &DeviceId, state: &[u8]) -> Result<Restored, StateError> {
    let (version, body) = state.split_first().ok_or_else(|| StateError::Damaged("it is empty".to_owned()))?;
    if *version != VERSION {
        return Err(StateError::Version(*version));
    }
    let (kept, left) = postcard::take_from_bytes::<Kept<'_>>(body)?;
    if !left.is_empty() {
        return Err(StateError::Damaged(format!("{} bytes too many", left.len())));
    }
    let kind = Kind::named(&kept.kind).ok_or_else(|| StateError::Kind(kept.kind.clone().into_owned()))?;
    let newest = Timestamp::from_millis(kept.newest)?;
    let mut restored = Restored { kind, zone: Zone::new(&kept.zone)?, newest, watches: Vec::new(), orphans: Vec::new() };
    for watch in kept.watches {
        match read_watch(rules, &watch)? {
            Some(watch) => restored.watches.push(watch),
            None => restored.orphans.push(watch.into_owned()),
        }
    }
    for series in &kept.series {
        let (any, judged) = (series.any.map(Timestamp::from_millis), series.judged.map(Timestamp::from_millis));
        let (any, judged) = (any.transpose()?, judged.transpose()?);
        let Some(quantity) = Quantity::named(&series.quantity) else { continue };
        let mut heard = Heard { quantity, channel: series.channel, any, judged };
        restored.make_calm(rules, device, &mut heard);
    }
    Ok(restored)
}

impl Restored {
    /// Makes the watches of a series that were not written because nothing ever happened.
    fn make_calm(&mut self, rules: &RuleSet, device: &DeviceId, series: &mut Heard) {
        for (number, rule) in (0u16..).zip(rules.rules()) {
            let selected =
                rule.select.quantity == Some(series.quantity) && rule.select.takes_device(device, self.kind, &self.zone);
            let there = self.watches.iter().any(|w| w.rule == number && w.is_of(series.quantity, series.channel));
            if selected && !there {
                let memory = Memory { heard: *series.by(rule), ..Memory::default() };
                let fresh = Watch::new(number, series.quantity, series.channel, false);
                self.watches.push(Watch { settled: false, memory, ..fresh });
            }
        }
    }
}

fn read_watch(rules: &RuleSet, kept: &KeptWatch<'_>) -> Result<Option<Watch>, StateError> {
    let phase = PHASES.get(usize::from(kept.phase)).copied();
    let phase = phase.ok_or_else(|| StateError::Damaged(format!("there is no phase {}", kept.phase)))?;
    let (since, at) = (Timestamp::from_millis(kept.since)?, Timestamp::from_millis(kept.at)?);
    let heard = kept.heard.map(Timestamp::from_millis).transpose()?;
    let (Some(rule), Some(quantity)) = (rules.position(&kept.rule), Quantity::named(&kept.quantity)) else {
        return Ok(None);
    };
    let memory = Memory { heard, value: kept.value, holds: kept.holds };
    let fresh = Watch::new(rule, quantity, kept.channel, kept.whole);
    Ok(Some(Watch { settled: false, phase, since, at, memory, ..fresh }))
}
