//! The one clock of this crate: when a script must have ended. No script sees it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A moment that can be moved; shared between an engine and its interrupt handler, which run on one thread.
#[derive(Clone, Debug)]
pub(crate) struct Deadline {
    began: Instant,
    /// Nanoseconds after `began`.
    at: Arc<AtomicU64>,
    seen: Arc<AtomicBool>,
}

impl Deadline {
    /// One that has not been set: nothing has expired.
    #[expect(clippy::disallowed_methods, reason = "a deadline is measured here and nowhere else; results do not depend on it")]
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), at: Arc::new(AtomicU64::new(u64::MAX)), seen: Arc::new(AtomicBool::new(false)) }
    }

    /// From now on `limit` is left.
    pub(crate) fn set(&self, limit: Duration) {
        self.seen.store(false, Ordering::Relaxed);
        let at = self.began.elapsed().saturating_add(limit);
        self.at.store(u64::try_from(at.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Whether it has passed; remembered for [`Deadline::was_seen`].
    pub(crate) fn expired(&self) -> bool {
        let expired = u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX) >= self.at.load(Ordering::Relaxed);
        if expired {
            self.seen.store(true, Ordering::Relaxed);
        }
        expired
    }

    /// Whether anybody was told that it had passed, since it was set.
    pub(crate) fn was_seen(&self) -> bool {
        self.seen.load(Ordering::Relaxed)
    }
}
