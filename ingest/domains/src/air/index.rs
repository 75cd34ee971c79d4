//! What every index has in common: the worst sub-index, and which pollutant gave it.

use serde::Serialize;

use super::Pollutant;

/// An index over several pollutants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Index {
    /// The worst of the sub-indices.
    pub level: u8,
    /// The pollutant that gave it; the first in the order of [`Pollutant`] where several did.
    pub dominant: Pollutant,
    /// Every sub-index, in the order of [`Pollutant`].
    pub parts: Vec<(Pollutant, u8)>,
    /// Whether a pollutant that the index is meant to cover was missing.
    pub partial: bool,
}

impl Index {
    /// The worst of `parts`; none of none.
    pub(crate) fn worst(mut parts: Vec<(Pollutant, u8)>, partial: bool) -> Option<Self> {
        parts.sort_unstable();
        let mut parts_in_order = parts.iter().copied();
        let first = parts_in_order.next()?;
        let (dominant, level) = parts_in_order.fold(first, |worst, part| if part.1 > worst.1 { part } else { worst });
        Some(Self { level, dominant, parts, partial })
    }
}

/// From 1: the first grade whose upper bound is not below the value, or one more than there are bounds.
pub(crate) fn grade(bounds: &[i64], value: i64) -> u8 {
    let above = bounds.iter().filter(|bound| value > **bound).count();
    u8::try_from(above + 1).unwrap_or(u8::MAX)
}
