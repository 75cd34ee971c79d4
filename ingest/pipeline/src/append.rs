//! Appending a batch of which the store may refuse a part for good, or of which a part is out of date.

use std::time::Duration;

use ports::{Appended, Fate, Fated, Points, Query, Selector, Shape, Store, StoreError};
use schemas::Reading;

use crate::PipelineError;

/// What the store made of a batch, by the indices of its readings.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Whether the reading was new, or corrected another.
    pub(crate) new: Vec<bool>,
    /// What the store will never take, with its words.
    pub(crate) refused: Vec<(usize, String)>,
}

/// Appends all of it by `once`. What the store refuses for good is found by halving.
pub(crate) fn append(
    readings: &[Reading],
    mut once: impl FnMut(&[Reading]) -> Result<Appended, PipelineError>,
) -> Result<Taken, PipelineError> {
    let mut taken = Taken { new: vec![false; readings.len()], refused: Vec::new() };
    // A stack of ranges still to append, the first on top: readings go to the store in their order.
    let mut parts = Vec::new();
    parts.push(0..readings.len());
    while let Some(part) = parts.pop() {
        let Some(batch) = readings.get(part.clone()).filter(|b| !b.is_empty()) else { continue };
        match once(batch) {
            Ok(appended) => {
                for (index, flag) in part.zip(appended.new) {
                    if let Some(slot) = taken.new.get_mut(index) {
                        *slot = flag;
                    }
                }
            }
            Err(PipelineError::Store(error)) if error.fate() == Fate::Quarantine => {
                if part.len() == 1 {
                    taken.refused.push((part.start, error.to_string()));
                } else {
                    let middle = part.start + part.len() / 2;
                    parts.push(middle..part.end);
                    parts.push(part.start..middle);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(taken)
}

/// Of each reading whether the store has another of the same series and instant that was received later:
/// then this one was corrected since. Of two readings the one journaled last wins, whenever each is
/// brought to the store.
pub(crate) async fn corrected_since(store: &dyn Store, readings: &[Reading]) -> Result<Vec<bool>, StoreError> {
    let mut corrected = Vec::with_capacity(readings.len());
    // What a message gives stands together, and mostly at one instant: one question for it.
    for same in readings.chunk_by(|a, b| a.series.device == b.series.device && a.observed_at == b.observed_at) {
        let Some(first) = same.first() else { continue };
        let query = Query {
            select: Selector { devices: vec![first.series.device.clone()], ..Selector::default() },
            range: first.observed_at..first.observed_at.plus(Duration::from_millis(1)),
            shape: Shape::Raw,
            limit: usize::MAX,
        };
        let stored = match store.scan(&query).await? {
            Points::Raw { readings, .. } => readings,
            Points::Hourly { .. } => Vec::new(),
        };
        corrected.extend(same.iter().map(|reading| {
            stored.iter().any(|there| {
                there.series == reading.series
                    && there.observed_at == reading.observed_at
                    && there.received_at > reading.received_at
            })
        }));
    }
    Ok(corrected)
}

/// As [`append`], without those that were corrected since: these count as there already.
pub(crate) fn append_standing(
    readings: &[Reading],
    corrected: &[bool],
    once: impl FnMut(&[Reading]) -> Result<Appended, PipelineError>,
) -> Result<Taken, PipelineError> {
    let standing: Vec<usize> = (0..readings.len()).filter(|at| !corrected.get(*at).copied().unwrap_or(false)).collect();
    let chosen: Vec<Reading> = standing.iter().filter_map(|at| readings.get(*at).cloned()).collect();
    let taken = append(&chosen, once)?;
    let mut all = Taken { new: vec![false; readings.len()], refused: Vec::new() };
    for (at, new) in standing.iter().zip(taken.new) {
        if let Some(slot) = all.new.get_mut(*at) {
            *slot = new;
        }
    }
    all.refused = taken.refused.into_iter().filter_map(|(at, text)| Some((*standing.get(at)?, text))).collect();
    Ok(all)
}
