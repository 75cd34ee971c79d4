//! How fast one connection may be read: by a bucket of its own, and by those that it shares with the other connections of its
//! address and of its device.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use crate::bucket::Bucket;

/// A bucket that several connections take from.
pub(crate) type Shared = Arc<Mutex<Bucket>>;

/// Buckets that are kept before those that are full and that nobody takes from are let go of.
const KEPT: usize = 1024;

/// The buckets of one connection.
#[derive(Debug)]
pub(crate) struct Pace {
    own: Bucket,
    shared: Vec<Shared>,
}

impl Pace {
    pub(crate) fn new(own: Bucket) -> Self {
        Self { own, shared: Vec::new() }
    }

    /// From now on it takes from this one too, if there is one.
    pub(crate) fn share(&mut self, bucket: Option<Shared>) {
        self.shared.extend(bucket);
    }

    /// Publishes that may be read at `now`.
    pub(crate) fn allowed(&mut self, now: Instant) -> u32 {
        let shared = self.shared.iter().map(|bucket| lock(bucket).allowed(now)).min();
        self.own.allowed(now).min(shared.unwrap_or(u32::MAX))
    }

    /// Takes what was read.
    pub(crate) fn take(&mut self, publishes: u32) {
        self.own.take(publishes);
        self.shared.iter().for_each(|bucket| lock(bucket).take(publishes));
    }

    /// When it is worth looking again.
    pub(crate) fn next(&self) -> Instant {
        self.shared.iter().map(|bucket| lock(bucket).next()).fold(self.own.next(), Instant::max)
    }
}

/// The buckets of all who have one of a sort: of addresses, or of devices. One stays when its last connection goes, until it
/// is full again: coming back gives nobody another burst.
pub(crate) struct Buckets<K> {
    rate: u32,
    burst: u32,
    kept: Mutex<Kept<K>>,
}

struct Kept<K> {
    buckets: HashMap<K, Shared>,
    /// At so many it is looked which can go.
    sweep_at: usize,
}

impl<K: Clone + Eq + Hash> Buckets<K> {
    /// Of `rate` publishes a second and bursts of `burst`. A rate of 0 is no limit, and no bucket.
    pub(crate) fn new(rate: u32, burst: u32) -> Self {
        Self { rate, burst, kept: Mutex::new(Kept { buckets: HashMap::new(), sweep_at: KEPT }) }
    }

    /// The bucket of `key`; none where there is no limit.
    pub(crate) fn of(&self, key: &K, now: Instant) -> Option<Shared> {
        if self.rate == 0 {
            return None;
        }
        let mut kept = lock(&self.kept);
        if let Some(bucket) = kept.buckets.get(key) {
            return Some(Arc::clone(bucket));
        }
        if kept.buckets.len() >= kept.sweep_at {
            kept.buckets.retain(|_, bucket| Arc::strong_count(bucket) > 1 || !lock(bucket).is_full(now));
            kept.sweep_at = KEPT.max(kept.buckets.len() * 2);
        }
        let bucket = Arc::new(Mutex::new(Bucket::new(self.rate, self.burst, now)));
        kept.buckets.insert(key.clone(), Arc::clone(&bucket));
        Some(bucket)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What stands inside is counted in one step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// No limit of its own.
    fn sharing(bucket: Option<Shared>, start: Instant) -> Pace {
        let mut pace = Pace::new(Bucket::new(0, 0, start));
        pace.share(bucket);
        pace
    }

    #[test]
    fn two_connections_share_what_one_may_and_pay_back_what_they_took_at_once() {
        let start = Instant::now();
        let buckets: Buckets<u32> = Buckets::new(1, 20);
        let pace = || sharing(buckets.of(&7, start), start);
        let (mut one, mut other) = (pace(), pace());
        assert_eq!((one.allowed(start), other.allowed(start)), (20, 20));
        one.take(20);
        // It was told of 20 before the other took them.
        other.take(20);
        assert_eq!(one.allowed(start + Duration::from_secs(20)), 0, "40 were read, and 20 are paid back");
        assert_eq!(one.next(), start + Duration::from_secs(21));
        assert_eq!(other.allowed(start + Duration::from_secs(21)), 1);
        assert_eq!(other.next(), start + Duration::from_secs(21), "what has no limit is not waited for");
    }

    #[test]
    fn coming_back_gives_no_other_burst_and_a_bucket_that_is_full_again_is_let_go_of() {
        let start = Instant::now();
        let buckets: Buckets<u32> = Buckets::new(1, 20);
        let mut gone = sharing(buckets.of(&0, start), start);
        assert_eq!(gone.allowed(start), 20);
        gone.take(20);
        drop(gone);
        assert_eq!(sharing(buckets.of(&0, start), start).allowed(start), 0);
        for key in 1..u32::try_from(KEPT).unwrap() {
            buckets.of(&key, start);
        }
        buckets.of(&u32::MAX, start + Duration::from_secs(5));
        assert_eq!(lock(&buckets.kept).buckets.len(), 2, "the one that is not full yet, and the new one");
        buckets.of(&1, start);
        assert_eq!(sharing(buckets.of(&0, start), start).allowed(start + Duration::from_secs(20)), 20);
    }

    #[test]
    fn without_a_limit_there_is_no_bucket() {
        assert!(Buckets::<u32>::new(0, 20).of(&7, Instant::now()).is_none());
    }
}
