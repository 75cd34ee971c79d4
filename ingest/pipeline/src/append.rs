//! Appending a batch of which the store may refuse a part for good.

use ports::{Appended, Fate, Fated};
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
