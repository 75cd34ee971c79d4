//! Version 1 of the state: phases and last readings, no past. What it says is final: late readings of before correct
//! nothing.

use std::borrow::Cow;

use schemas::{DeviceId, Kind, Phase, Quantity, Timestamp, Zone};
use serde::Deserialize;

use super::{KeptCore, KeptWatch, Memory2, PHASES, StateError};
use crate::condition::Memory;
use crate::core::Core;
use crate::device::Watched;
use crate::rule::RuleSet;
use crate::watch::Watch;

#[derive(Deserialize)]
struct Kept<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    zone: Cow<'a, str>,
    newest: i64,
    #[serde(borrow)]
    series: Vec<Series<'a>>,
    #[serde(borrow)]
    watches: Vec<Single<'a>>,
}

/// When a series was heard last: by conditions that hear bad readings too, and by those that do not.
#[derive(Deserialize)]
struct Series<'a> {
    #[serde(borrow)]
    quantity: Cow<'a, str>,
    channel: u8,
    any: Option<i64>,
    judged: Option<i64>,
}

#[derive(Deserialize)]
struct Single<'a> {
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

impl Single<'_> {
    /// As the present version would have written it: a silence counts from the last reading.
    fn kept(self) -> KeptWatch<'static> {
        let heard = self.heard.unwrap_or_default();
        let memory = Memory2 { heard, alive: heard, value: self.value, bits: 0, holds: self.holds, own: None };
        let (quantity, rule) = (Cow::Owned(self.quantity.into_owned()), Cow::Owned(self.rule.into_owned()));
        let live = KeptCore {
            quantity,
            channel: self.channel,
            phase: self.phase,
            since: self.since,
            at: self.at,
            turned: self.at,
            memory,
        };
        KeptWatch { rule, whole: self.whole, base: Some(live.clone()), live, said: self.at, voided: 0 }
    }
}

/// Reads the body of a state of version 1.
pub(super) fn decode(rules: &RuleSet, device: &DeviceId, body: &[u8]) -> Result<Watched, StateError> {
    let (kept, left) = postcard::take_from_bytes::<Kept<'_>>(body)?;
    if !left.is_empty() {
        return Err(StateError::Damaged(format!("{} bytes too many", left.len())));
    }
    let kind = Kind::named(&kept.kind).ok_or_else(|| StateError::Kind(kept.kind.clone().into_owned()))?;
    let newest = Timestamp::from_millis(kept.newest)?;
    let mut watched = Watched::empty(kind, Zone::new(&kept.zone)?, newest);
    watched.sealed = newest;
    for single in kept.watches {
        if PHASES.get(usize::from(single.phase)).is_none() {
            return Err(StateError::Damaged(format!("there is no phase {}", single.phase)));
        }
        let single = single.kept();
        match single.read(rules)? {
            Some(watch) => watched.watches.push(watch),
            None => watched.orphans.push(single),
        }
    }
    for series in &kept.series {
        let Some(quantity) = Quantity::named(&series.quantity) else { continue };
        let (any, judged) =
            (series.any.map(Timestamp::from_millis).transpose()?, series.judged.map(Timestamp::from_millis).transpose()?);
        for (number, rule) in (0u16..).zip(rules.rules()) {
            let selected = rule.select.quantity == Some(quantity) && rule.select.takes_untagged(device, kind, &watched.zone);
            let heard = if rule.by_value { judged } else { any };
            let there = watched.watches.iter().any(|w| w.rule == number && w.is_of(quantity, series.channel));
            let (true, Some(heard), false) = (selected, heard, there) else { continue };
            let memory = Memory { heard, alive: heard, ..Memory::default() };
            let live = Core { memory, phase: Phase::Inactive, ..Core::new(quantity, series.channel) };
            let fresh = Watch::new(number, quantity, series.channel, false);
            watched.watches.push(Watch { settled: false, base: Some(Box::new(live.clone())), live, ..fresh });
        }
    }
    Ok(watched)
}
