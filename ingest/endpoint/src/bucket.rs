//! A token bucket: how many publishes may be read now, and when the next one may.

use std::time::Duration;

use tokio::time::Instant;

const NANOS: i128 = 1_000_000_000;

/// Fills at `rate` tokens a second up to `burst`. Counts in whole nanoseconds, so that nothing is
/// lost to rounding.
#[derive(Debug)]
pub(crate) struct Bucket {
    rate: u32,
    burst: u32,
    /// Tokens times 10^9. Below 0 where several took at once what each was told of: it is paid back first.
    level: i128,
    at: Instant,
}

impl Bucket {
    /// Full. A rate of 0 is no limit.
    pub(crate) fn new(rate: u32, burst: u32, now: Instant) -> Self {
        Self { rate, burst, level: i128::from(burst) * NANOS, at: now }
    }

    /// Publishes that may be read at `now`.
    pub(crate) fn allowed(&mut self, now: Instant) -> u32 {
        if self.rate == 0 {
            return u32::MAX;
        }
        let passed = i128::try_from(now.saturating_duration_since(self.at).as_nanos()).unwrap_or(i128::MAX);
        let full = i128::from(self.burst) * NANOS;
        self.level = passed.saturating_mul(i128::from(self.rate)).saturating_add(self.level).min(full);
        self.at = self.at.max(now);
        u32::try_from((self.level / NANOS).max(0)).unwrap_or(u32::MAX)
    }

    /// Takes what was read.
    pub(crate) fn take(&mut self, publishes: u32) {
        if self.rate == 0 {
            return;
        }
        self.level = self.level.saturating_sub(i128::from(publishes) * NANOS);
    }

    /// Whether nothing would be lost if it were made anew at `now`.
    pub(crate) fn is_full(&mut self, now: Instant) -> bool {
        self.allowed(now) >= self.burst
    }

    /// When a tenth of the bucket (at least one token) is there again: waking for each token would cost more
    /// than it gives.
    pub(crate) fn next(&self) -> Instant {
        if self.rate == 0 {
            return self.at;
        }
        let wanted = i128::from((self.rate / 10).max(1)) * NANOS;
        let missing = u128::try_from(wanted.saturating_sub(self.level)).unwrap_or(0);
        let nanos = missing.div_ceil(u128::from(self.rate));
        self.at + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_one_second_and_refills_at_its_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10, 10, start);
        assert_eq!(bucket.allowed(start), 10);
        bucket.take(10);
        assert_eq!(bucket.allowed(start), 0);
        assert_eq!(bucket.next(), start + Duration::from_millis(100));
        assert_eq!(bucket.allowed(start + Duration::from_millis(99)), 0);
        assert_eq!(bucket.allowed(start + Duration::from_millis(250)), 2);
        assert_eq!(bucket.allowed(start + Duration::from_secs(60)), 10, "never more than a second's worth");
    }

    #[test]
    fn a_rate_of_zero_is_no_limit() {
        let now = Instant::now();
        let mut bucket = Bucket::new(0, 0, now);
        bucket.take(1_000_000);
        assert_eq!(bucket.allowed(now), u32::MAX);
        assert_eq!(bucket.next(), now, "nor is there anything to wait for");
    }

    #[test]
    fn a_clock_that_steps_back_gives_nothing() {
        let start = Instant::now() + Duration::from_secs(5);
        let mut bucket = Bucket::new(5, 5, start);
        bucket.take(5);
        assert_eq!(bucket.allowed(start.checked_sub(Duration::from_secs(3)).unwrap()), 0);
    }
}
