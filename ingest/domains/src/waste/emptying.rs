//! Whether and when a bin was emptied, from its levels alone or with the word of a truck.
//!
//! The medians of the three samples before and the two from the event on are compared: neither a single
//! false echo before nor one after makes an emptying, and a real one is known one sample later.

use schemars::JsonSchema;
use serde::Serialize;

use super::EmptyingSettings;
use crate::median;

/// Samples before an event that are looked at.
const BEFORE: usize = 3;

/// How an emptying is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EmptyingKind {
    /// By the levels.
    Full,
    /// By the levels, and not to the bottom.
    Partial,
    /// By the levels, of a bin that was nearly empty: collected for nothing, and told apart because a small drop says
    /// less than a large one.
    Light,
    /// By one level and the reader on the truck.
    Confirmed,
}

/// One emptying.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Emptying {
    /// Index of the first sample after it: its time is the event's.
    pub index: usize,
    /// How it is known.
    pub kind: EmptyingKind,
    /// The level before, per cent.
    pub before: f64,
    /// The level after, per cent.
    pub after: f64,
}

/// Every emptying in the levels of one bin, in order of time. `by_truck` says for an index whether a truck
/// reported the bin between the sample before and this one.
#[must_use]
pub fn emptyings(fill: &[f64], by_truck: impl Fn(usize) -> bool, settings: &EmptyingSettings) -> Vec<Emptying> {
    let mut found: Vec<Emptying> = Vec::new();
    let mut next = 1;
    for index in 1..fill.len() {
        // The levels of before must have left the window, or one emptying is found twice.
        if index < next {
            continue;
        }
        if let Some(emptying) = at(fill, index, by_truck(index), settings) {
            next = index + BEFORE;
            found.push(emptying);
        }
    }
    found
}

fn at(fill: &[f64], index: usize, by_truck: bool, settings: &EmptyingSettings) -> Option<Emptying> {
    let now = *fill.get(index)?;
    if by_truck {
        let before = *fill.get(index - 1)?;
        let seen = before - now >= settings.partial_drop.get() && now <= settings.ends_at.get();
        if seen {
            return Some(Emptying { index, kind: EmptyingKind::Confirmed, before, after: now });
        }
    }
    let before = median(fill.get(index.checked_sub(BEFORE)?..index)?)?;
    let after = median(fill.get(index..index + 2)?)?;
    let (drop, low) = (before - after, settings.ends_at.get());
    if drop >= settings.drop.get() && after <= low && now <= low {
        return Some(Emptying { index, kind: EmptyingKind::Full, before, after });
    }
    // Both samples must have dropped: the median of two would take half of a single false echo for a drop.
    let both = fill.get(index..index + 2)?.iter().all(|level| before - level >= settings.partial_drop.get());
    if both && after > low {
        return Some(Emptying { index, kind: EmptyingKind::Partial, before, after });
    }
    let bottom = fill.get(index..index + 2)?.iter().all(|level| *level <= settings.light_ends_at.get());
    let light = bottom && drop >= settings.light_drop.get();
    light.then_some(Emptying { index, kind: EmptyingKind::Light, before, after })
}
