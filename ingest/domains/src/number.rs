//! The few statistics that every domain uses. Not-a-number is sorted last and never panics.

use std::cmp::Ordering;

/// From the median absolute deviation to the standard deviation of a normal distribution.
pub(crate) const MAD_TO_SIGMA: f64 = 1.4826;

/// Halves go up: 0.5 to 1, -0.5 to 0. Saturates at the ends of `i64`; not-a-number is 0.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "a float cast saturates, which is what is promised")]
pub fn round_half_up(value: f64) -> i64 {
    let floor = value.floor();
    // Not floor(value + 0.5): the addition itself rounds just below a half.
    if value - floor >= 0.5 { (floor as i64).saturating_add(1) } else { floor as i64 }
}

/// The middle value, or the mean of the two in the middle; none of none.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = sorted.get(sorted.len() / 2).copied()?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = sorted.get(sorted.len() / 2 - 1).copied()?;
    Some(f64::midpoint(lower, upper))
}

/// The median of the distances to the median; none of none.
#[must_use]
pub fn mad(values: &[f64]) -> Option<f64> {
    let middle = median(values)?;
    let distances: Vec<f64> = values.iter().map(|v| (v - middle).abs()).collect();
    median(&distances)
}

/// The smallest value that at least `percent` of the values do not exceed (nearest rank); none of none.
/// `percent` is brought into 0..=100.
#[must_use]
pub fn nearest_rank(values: &[f64], percent: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(rank(sorted.len(), percent)).copied()
}

/// Where the nearest rank stands among so many sorted values, from 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the number of values")]
fn rank(count: usize, percent: f64) -> usize {
    let rank = (percent.clamp(0.0, 100.0) / 100.0 * count as f64).ceil() as usize;
    rank.max(1) - 1
}

/// Median and `percentile` of the slopes of all pairs of points (x, y) (Theil 1950, Sen 1968); pairs with the same x
/// are left out. None without a pair. The number of pairs grows with the square: bound the points.
#[must_use]
pub fn theil_sen(points: &[(f64, f64)], percentile: f64) -> Option<(f64, f64)> {
    let mut slopes = Vec::with_capacity(points.len() * points.len().saturating_sub(1) / 2);
    for (i, a) in points.iter().enumerate() {
        for b in points.iter().skip(i + 1) {
            let run = b.0 - a.0;
            if run != 0.0 {
                slopes.push(ordinal((b.1 - a.1) / run));
            }
        }
    }
    // Two places are asked for: finding them costs a part of sorting, and rules ask with every reading.
    let (count, place) = (slopes.len(), rank(slopes.len(), percentile));
    if count == 0 {
        return None;
    }
    let middle = count / 2;
    let (below, upper, above) = slopes.select_nth_unstable(middle);
    let upper = *upper;
    let lower = if count % 2 == 1 { upper } else { below.iter().copied().max()? };
    let median = if count % 2 == 1 { value(upper) } else { f64::midpoint(value(lower), value(upper)) };
    // The other place is on one side of the middle: only that half is looked at.
    let ranked = match place.cmp(&middle) {
        Ordering::Less => *below.select_nth_unstable(place).1,
        Ordering::Equal => upper,
        Ordering::Greater => *above.select_nth_unstable(place - middle - 1).1,
    };
    Some((median, value(ranked)))
}

/// A whole number in the order of [`f64::total_cmp`]: whole numbers are compared faster.
fn ordinal(value: f64) -> i64 {
    let bits = value.to_bits().cast_signed();
    bits ^ (bits >> 63 & i64::MAX)
}

/// The value of an [`ordinal`].
fn value(ordinal: i64) -> f64 {
    f64::from_bits((ordinal ^ (ordinal >> 63 & i64::MAX)).cast_unsigned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_up_on_both_sides_of_zero() {
        let cases = [(6.5, 7), (-0.5, 0), (0.499_999_999_999_999_94, 0), (-1.5, -1), (f64::NAN, 0), (f64::INFINITY, i64::MAX)];
        for (value, expected) in cases {
            assert_eq!(round_half_up(value), expected, "{value}");
        }
    }

    #[test]
    fn slopes_are_ranked_as_if_they_were_sorted() {
        for count in 0..40u32 {
            let points: Vec<(f64, f64)> =
                (0..count).map(|n| (f64::from(n / 2), f64::from(n.wrapping_mul(2_654_435_761) >> 20))).collect();
            let pairs = points.iter().enumerate().flat_map(|(i, a)| points.iter().skip(i + 1).map(move |b| (*a, *b)));
            let slopes: Vec<f64> = pairs.filter(|(a, b)| a.0 < b.0).map(|(a, b)| (b.1 - a.1) / (b.0 - a.0)).collect();
            for percent in [0.0, 20.0, 50.0, 85.0, 100.0] {
                let expected = median(&slopes).zip(nearest_rank(&slopes, percent));
                assert_eq!(theil_sen(&points, percent), expected, "{count} points, {percent} %");
            }
        }
    }

    #[test]
    fn the_middle_of_few_values_is_theirs() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(mad(&[1.0, 2.0, 10.0]), Some(1.0));
        assert_eq!(nearest_rank(&[5.0, 1.0, 3.0, 4.0, 2.0], 85.0), Some(5.0));
        assert_eq!(nearest_rank(&[5.0, 1.0], 0.0), Some(1.0));
        assert_eq!(nearest_rank(&[], 50.0), None);
    }
}
