//! How long to wait before asking again: exponential, full jitter (AWS Architecture Blog,
//! "Exponential Backoff And Jitter", 2015), never sooner than the other side asked.

use std::time::Duration;

/// Delays for one conversation with the world: each failure waits longer, a success starts anew.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    limit: Duration,
    failures: u32,
    seed: u64,
}

impl Backoff {
    /// Delays are drawn from `0..first`, then `0..2 first`, and so on up to `0..limit`. The same
    /// seed draws the same delays.
    #[must_use]
    pub const fn new(first: Duration, limit: Duration, seed: u64) -> Self {
        Self { first, limit, failures: 0, seed }
    }

    /// 100 ms to 30 s, the house's default.
    #[must_use]
    pub const fn house(seed: u64) -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(30), seed)
    }

    /// The delay after one more failure; at least `after`.
    pub fn failed(&mut self, after: Option<Duration>) -> Duration {
        let ceiling = self.first.saturating_mul(1u32.checked_shl(self.failures.min(31)).unwrap_or(u32::MAX)).min(self.limit);
        self.failures = self.failures.saturating_add(1);
        let drawn = ceiling.mul_f64(self.fraction());
        drawn.max(after.unwrap_or_default())
    }

    /// It worked: the next failure waits as the first did.
    pub const fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// How many failures in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// SplitMix64 (Steele, Lea, Flood 2014), as a number in `[0, 1)`.
    fn fraction(&mut self) -> f64 {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        f64::from(u32::try_from(z >> 32).expect("32 bits are left")) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_delay_never_exceeds_its_limit_nor_undercuts_the_other_side(seed: u64, failures in 1..200u32, after in 0..60u64) {
            let mut backoff = Backoff::house(seed);
            let mut last = Duration::ZERO;
            for _ in 0..failures {
                last = backoff.failed(Some(Duration::from_secs(after)));
            }
            prop_assert!(last >= Duration::from_secs(after));
            prop_assert!(last <= Duration::from_secs(after.max(30)));
        }
    }

    #[test]
    fn a_success_starts_anew() {
        let mut backoff = Backoff::house(7);
        for _ in 0..20 {
            backoff.failed(None);
        }
        backoff.succeeded();
        assert!(backoff.failed(None) <= Duration::from_millis(100));
    }
}
