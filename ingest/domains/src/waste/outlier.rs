//! Outliers by Hampel: a value that is far from the median of its neighbours, measured by how far they are
//! from each other.

use super::EmptyingSettings;
use crate::number::MAD_TO_SIGMA;
use crate::{mad, median};

/// For each value whether it is an outlier. Give it the samples *between two emptyings*: the first samples
/// after an emptying are far from those before it, and true.
#[must_use]
pub fn hampel(fill: &[f64], settings: &EmptyingSettings) -> Vec<bool> {
    let half = settings.hampel_window.get() as usize / 2;
    let is_outlier = |(i, value): (usize, &f64)| {
        let round = fill.get(i.saturating_sub(half)..fill.len().min(i + half + 1)).unwrap_or_default();
        let (Some(middle), Some(spread)) = (median(round), mad(round)) else { return false };
        (value - middle).abs() > (settings.hampel_sigmas.get() * MAD_TO_SIGMA * spread).max(settings.hampel_floor.get())
    };
    fill.iter().enumerate().map(is_outlier).collect()
}
