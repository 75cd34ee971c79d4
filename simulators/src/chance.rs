//! Chance without state: every draw is a function of the seed and the path that leads to it, so that
//! no device's luck depends on who was asked before.

use std::f64::consts::TAU;

/// A place in the tree of all draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chance(u64);

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
const fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// The branch of this name or number.
    pub(crate) const fn branch(self, label: i64) -> Self {
        Self(mix(self.0 ^ mix(label.cast_unsigned())))
    }

    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// Uniform in `[0, 1)`.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
    pub(crate) fn unit(self) -> f64 {
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform in `[low, high)`.
    pub(crate) fn between(self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Mean 0, variance 1 (Box and Muller).
    pub(crate) fn normal(self) -> f64 {
        let u = 1.0 - self.branch(1).unit();
        (-2.0 * u.ln()).sqrt() * (TAU * self.branch(2).unit()).cos()
    }

    pub(crate) fn lognormal(self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// Noise of mean 0 and variance 1 that changes smoothly: independent at knots `step` apart.
    #[expect(clippy::cast_precision_loss, reason = "a step is far below 2^53 ms")]
    pub(crate) fn smooth(self, at: i64, step: i64) -> f64 {
        let knot = at.div_euclid(step);
        let x = at.rem_euclid(step) as f64 / step as f64;
        let w = x * x * (3.0 - 2.0 * x);
        let mixed = (1.0 - w) * self.branch(knot).normal() + w * self.branch(knot + 1).normal();
        mixed / (w * w + (1.0 - w) * (1.0 - w)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_moments_that_they_claim() {
        let chance = Chance::new(7);
        let n: i32 = 20_000;
        let moments = |draw: &dyn Fn(i64) -> f64| {
            let all: Vec<f64> = (0..i64::from(n)).map(draw).collect();
            let mean = all.iter().sum::<f64>() / f64::from(n);
            (mean, all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n))
        };
        let close = |(mean, variance): (f64, f64), m: f64, v: f64| (mean - m).abs() < 0.05 && (variance - v).abs() < 0.05;
        assert!(close(moments(&|i| chance.branch(i).unit()), 0.5, 1.0 / 12.0));
        assert!(close(moments(&|i| chance.branch(i).normal()), 0.0, 1.0));
        assert!(close(moments(&|i| chance.smooth(i * 37, 100)), 0.0, 1.0));
    }
}
