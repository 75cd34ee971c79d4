//! Percentiles by rank, as European law counts them: a value that was measured, never one interpolated.

use serde::Serialize;

use crate::{Finding, Lack};

/// A percentile by rank.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RankPercentile {
    /// The rank from the smallest, from 1.
    pub rank: usize,
    /// The value at that rank.
    pub value: f64,
}

/// The q-th percentile: the k-th smallest of N values with k = q x N / 100, halves up (rank method of the
/// European reporting guidance). q is a percentage with at most three decimals.
#[must_use]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "q is brought into 0 to 100 first")]
pub fn percentile_by_rank(values: &[f64], q: f64) -> Finding<RankPercentile> {
    let count = values.len();
    if count == 0 {
        return Finding::Insufficient(Lack::Capture { valid: 0, needed: 1, expected: 1 });
    }
    // In thousandths of a per cent, as integers: 90.4 is no binary fraction, and a half must stay a half.
    let thousandths = (q.clamp(0.0, 100.0) * 1e3).round() as u128;
    let rank = usize::try_from((2 * thousandths * count as u128 + 100_000) / 200_000).unwrap_or(count).clamp(1, count);
    let mut sorted = values.to_vec();
    let (_, value, _) = sorted.select_nth_unstable_by(rank - 1, f64::total_cmp);
    Finding::Value(RankPercentile { rank, value: *value })
}

impl RankPercentile {
    /// Whether the limit is kept: equal is kept.
    #[must_use]
    pub fn keeps(&self, limit: f64) -> bool {
        self.value <= limit
    }
}
