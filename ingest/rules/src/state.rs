//! What the engine writes down of a device, and reads back after a restart. Version 4:
//!
//! ```text
//! u8  version = 4
//! u32 length of what follows, unpacked; little-endian
//! ..  the rest, packed as a block of LZ4:
//! ..  postcard of [`Kept`]: kind, zone, instants, series, the past, watches
//! ..  postcard of [`KeptEarlier`]: what is final and other devices may still be compared with
//! ```
//!
//! The past is a few bytes a reading. Most watches of most devices are calm: nothing ever happened. These are not
//! written, rules and past make them again. Kinds, quantities and rules stand by name, so the order of files may change
//! between two runs. Names and zeros are most of it, and what takes more than a thousand bytes takes a page of the register: so
//! it is packed. Version 3, which was not packed, is still read, version 2, which did not know with what others had said a
//! reading was compared, and version 1, which knew no past ([`v1`]).

mod v1;

use std::borrow::Cow;

use bytes::Bytes;
use schemas::{DeviceId, Kind, NameError, Phase, Quantity, TimeError, Timestamp, Zone};
use serde::{Deserialize, Serialize};

use crate::condition::{Memory, Own};
use crate::core::Core;
use crate::correction::replay;
use crate::device::Watched;
use crate::history::{History, Packed};
use crate::hours::Local;
use crate::rule::{Rule, RuleSet};
use crate::sample::Sample;
use crate::watch::Watch;

const VERSION: u8 = 4;
/// The first version that is packed.
const PACKED: u8 = 4;
/// The first one that knows with what others had said a reading was compared.
const COMPARED: u8 = 3;
/// Bytes of a state, unpacked, at most: what says that it has more is damaged.
const MOST: usize = 1 << 24;

/// Why bytes are not the state of a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Written by another version of the format.
    #[error("engine state format {0} is unknown, this program reads formats 1 to {VERSION}")]
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
    sealed: i64,
    /// The series of the past, in the order by which it counts them.
    #[serde(borrow)]
    series: Vec<(Cow<'a, str>, u8)>,
    past: Packed,
    #[serde(borrow)]
    watches: Vec<KeptWatch<'a>>,
}

/// Like the past in [`Kept`], but nothing is judged by it.
#[derive(Default, Serialize, Deserialize)]
struct KeptEarlier<'a> {
    #[serde(borrow)]
    series: Vec<(Cow<'a, str>, u8)>,
    past: Packed,
}

/// A watch as it is written down; in memory, one whose rule is not there any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptWatch<'a> {
    #[serde(borrow)]
    rule: Cow<'a, str>,
    whole: bool,
    #[serde(borrow)]
    live: KeptCore<'a>,
    #[serde(borrow)]
    base: Option<KeptCore<'a>>,
    said: i64,
    voided: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct KeptCore<'a> {
    #[serde(borrow)]
    quantity: Cow<'a, str>,
    channel: u8,
    phase: u8,
    since: i64,
    at: i64,
    turned: i64,
    memory: Memory2<'a>,
}

/// [`Memory`], whose instants are text elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Memory2<'a> {
    heard: i64,
    alive: i64,
    value: f64,
    bits: u64,
    holds: bool,
    /// Borrowed where it is written: a burst writes down a million devices.
    own: Option<Cow<'a, Own>>,
}

/// The numbers of phases on disk: never renumber, only add.
const PHASES: [Phase; 4] = [Phase::Inactive, Phase::Pending, Phase::Firing, Phase::Resolved];

impl<'a> KeptCore<'a> {
    fn of(core: &'a Core) -> Self {
        let Memory { heard, alive, value, bits, holds, ref own } = core.memory;
        let own = own.as_deref().map(Cow::Borrowed);
        KeptCore {
            quantity: core.quantity.name().into(),
            channel: core.channel,
            phase: PHASES.iter().position(|p| *p == core.phase).and_then(|i| u8::try_from(i).ok()).unwrap_or_default(),
            since: core.since.millis(),
            at: core.at.millis(),
            turned: core.turned.millis(),
            memory: Memory2 { heard: heard.millis(), alive: alive.millis(), value, bits, holds, own },
        }
    }

    /// None where the quantity is not in the vocabulary any more.
    fn read(&self) -> Result<Option<Core>, StateError> {
        let phase = PHASES.get(usize::from(self.phase)).copied();
        let phase = phase.ok_or_else(|| StateError::Damaged(format!("there is no phase {}", self.phase)))?;
        let instant = Timestamp::from_millis;
        let Memory2 { heard, alive, value, bits, holds, ref own } = self.memory;
        let own = own.as_ref().map(|own| Box::new(Own::clone(own)));
        let memory = Memory { heard: instant(heard)?, alive: instant(alive)?, value, bits, holds, own };
        let (since, at, turned) = (instant(self.since)?, instant(self.at)?, instant(self.turned)?);
        let quantity = Quantity::named(&self.quantity);
        Ok(quantity.map(|quantity| Core { quantity, channel: self.channel, phase, since, at, turned, memory }))
    }

    fn into_owned(self) -> KeptCore<'static> {
        let Memory2 { heard, alive, value, bits, holds, own } = self.memory;
        let memory = Memory2 { heard, alive, value, bits, holds, own: own.map(|own| Cow::Owned(own.into_owned())) };
        KeptCore { quantity: Cow::Owned(self.quantity.into_owned()), memory, ..self }
    }
}

impl<'a> KeptWatch<'a> {
    fn of(watch: &'a Watch, rule: &'a Rule) -> Self {
        let (live, base) = (KeptCore::of(&watch.live), watch.base.as_deref().map(KeptCore::of));
        let (said, voided) = (watch.said.millis(), watch.voided.millis());
        Self { rule: rule.id.as_str().into(), whole: watch.whole, live, base, said, voided }
    }

    fn into_owned(self) -> KeptWatch<'static> {
        KeptWatch {
            rule: Cow::Owned(self.rule.into_owned()),
            whole: self.whole,
            live: self.live.into_owned(),
            base: self.base.map(KeptCore::into_owned),
            said: self.said,
            voided: self.voided,
        }
    }

    /// None where rule or quantity are not there any more.
    fn read(&self, rules: &RuleSet) -> Result<Option<Watch>, StateError> {
        let (live, base) = (self.live.read()?, self.base.as_ref().map(KeptCore::read).transpose()?.flatten());
        let (Some(rule), Some(live)) = (rules.position(&self.rule), live) else { return Ok(None) };
        let (said, voided) = (Timestamp::from_millis(self.said)?, Timestamp::from_millis(self.voided)?);
        Ok(Some(Watch { rule, whole: self.whole, settled: false, live, base: base.map(Box::new), said, voided }))
    }
}

/// The state of a device; empty where there is nothing to remember.
pub(crate) fn encode(rules: &RuleSet, device: &Watched) -> Bytes {
    let ruled = device.watches.iter().filter_map(|w| Some((w, rules.rules().get(usize::from(w.rule))?)));
    let written =
        ruled.filter(|(w, rule)| w.base.is_some() || w.said > Timestamp::MIN || !w.live.is_calm() || !rule.condition.is_brief());
    let mut watches: Vec<KeptWatch<'_>> = written.map(|(watch, rule)| KeptWatch::of(watch, rule)).collect();
    watches.extend(device.orphans.iter().cloned());
    let earlier = History::of(device.earlier_of_use(rules));
    if device.history.is_empty() && earlier.is_empty() && watches.is_empty() {
        return Bytes::new();
    }
    let (past, series) = packed(&device.history);
    let (kind, zone) = (device.kind.name().into(), device.zone.as_str().into());
    let kept = Kept { kind, zone, newest: device.newest.millis(), sealed: device.sealed.millis(), series, past, watches };
    let plain = Vec::with_capacity(128 + 128 * kept.watches.len() + kept.past.bytes.len());
    let (past, series) = packed(&earlier);
    let plain = postcard::to_extend(&(kept, KeptEarlier { series, past }), plain);
    let plain = plain.expect("plain data has a form in postcard and a Vec takes it");
    [&[VERSION][..], &lz4_flex::block::compress_prepend_size(&plain)].concat().into()
}

fn unpacked(body: &[u8]) -> Result<Vec<u8>, StateError> {
    let length = body.first_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    if length > MOST {
        return Err(StateError::Damaged(format!("it has {length} bytes, expected {MOST} at most")));
    }
    let plain = lz4_flex::block::decompress_size_prepended(body).map_err(|e| StateError::Damaged(e.to_string()))?;
    if plain.len() != length {
        return Err(StateError::Damaged(format!("it has {} bytes, expected {length}", plain.len())));
    }
    Ok(plain)
}

fn packed(past: &History) -> (Packed, Vec<(Cow<'static, str>, u8)>) {
    let (past, series) = past.kept();
    (past, series.into_iter().map(|(quantity, channel)| (quantity.name().into(), channel)).collect())
}

type Known = Vec<Option<(Quantity, u8)>>;

/// A past, and its series as far as they are still in the vocabulary.
fn read(past: &Packed, series: &[(Cow<'_, str>, u8)]) -> Result<(History, Known), StateError> {
    let known: Known = series.iter().map(|(name, channel)| Some((Quantity::named(name)?, *channel))).collect();
    let past = History::restored(past, &known).ok_or_else(|| StateError::Damaged("the past is cut off".to_owned()))?;
    Ok((past, known))
}

/// Reads what [`encode`] wrote, or the first version did. A watch whose rule or quantity is not there any more is an
/// orphan.
pub(crate) fn decode(rules: &RuleSet, device: &DeviceId, state: &[u8], local: Local<'_>) -> Result<Watched, StateError> {
    let (version, body) = state.split_first().ok_or_else(|| StateError::Damaged("it is empty".to_owned()))?;
    match *version {
        1 => return v1::decode(rules, device, body),
        2..=VERSION => {}
        other => return Err(StateError::Version(other)),
    }
    let plain = if *version < PACKED { Cow::Borrowed(body) } else { Cow::Owned(unpacked(body)?) };
    let body = &*plain;
    let (kept, left) = postcard::take_from_bytes::<Kept<'_>>(body)?;
    let (earlier, left) = if *version >= COMPARED { postcard::take_from_bytes(left)? } else { (KeptEarlier::default(), left) };
    if !left.is_empty() {
        return Err(StateError::Damaged(format!("{} bytes too many", left.len())));
    }
    let kind = Kind::named(&kept.kind).ok_or_else(|| StateError::Kind(kept.kind.clone().into_owned()))?;
    let mut watched = Watched::empty(kind, Zone::new(&kept.zone)?, Timestamp::from_millis(kept.newest)?);
    watched.sealed = Timestamp::from_millis(kept.sealed)?;
    for watch in kept.watches {
        match watch.read(rules)? {
            Some(watch) => watched.watches.push(watch),
            None => watched.orphans.push(watch.into_owned()),
        }
    }
    let (past, series) = read(&kept.past, &kept.series)?;
    let (earlier, _) = read(&earlier.past, &earlier.series)?;
    watched.earlier = (!earlier.is_empty()).then(|| Box::new(earlier));
    let samples: Vec<Sample> = past.iter().collect();
    watched.history = past;
    make_calm(&mut watched, rules, device, &series, &samples, local);
    // What it was compared with is not known: that it was judged so is final.
    let compared = |w: &Watch| rules.rules().get(usize::from(w.rule)).is_some_and(|rule| rule.condition.of_group());
    if *version < COMPARED && watched.watches.iter().any(compared) {
        watched.seal();
    }
    Ok(watched)
}

/// Makes the watches that were not written because nothing ever happened.
fn make_calm(
    watched: &mut Watched,
    rules: &RuleSet,
    device: &DeviceId,
    series: &[Option<(Quantity, u8)>],
    samples: &[Sample],
    local: Local<'_>,
) {
    for (number, rule) in (0u16..).zip(rules.rules()) {
        if !rule.condition.is_brief() || !rule.select.takes_untagged(device, watched.kind, &watched.zone) {
            continue;
        }
        for &(quantity, channel) in series.iter().flatten().filter(|(quantity, _)| rule.select.quantity == Some(*quantity)) {
            if watched.watches.iter().any(|w| w.rule == number && w.is_of(quantity, channel)) {
                continue;
            }
            let mut fresh = Watch { settled: false, ..Watch::new(number, quantity, channel, false) };
            let mine: Vec<Sample> = samples.iter().filter(|s| fresh.concerns(rule, s)).copied().collect();
            let mut steps = Vec::new();
            replay(&mut fresh.live, rule, false, &mine, Timestamp::MIN, local, &mut steps);
            // A rule that is new says nothing of what was judged by others: it begins here.
            let fresh = if steps.is_empty() {
                fresh
            } else {
                Watch { settled: false, ..Watch::new(number, quantity, channel, false).born(watched.newest) }
            };
            watched.watches.push(fresh);
        }
    }
}
