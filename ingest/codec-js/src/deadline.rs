//! The one clock of this crate: when a script must have ended. No script sees it.
//!
//! It counts the processor time of the thread. A script waits for nothing, so that is how long it ran; and a machine that is
//! busy with something else ends no script that is innocent, which would give another answer to the same message.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A moment that can be moved; shared between an engine and its interrupt handler, which run on one thread.
#[derive(Clone, Debug)]
pub(crate) struct Deadline {
    /// Nanoseconds of the thread's processor time.
    at: Arc<AtomicU64>,
    seen: Arc<AtomicBool>,
}

impl Deadline {
    /// One that has not been set: nothing has expired.
    pub(crate) fn new() -> Self {
        Self { at: Arc::new(AtomicU64::new(u64::MAX)), seen: Arc::new(AtomicBool::new(false)) }
    }

    /// From now on `limit` is left.
    pub(crate) fn set(&self, limit: Duration) {
        self.seen.store(false, Ordering::Relaxed);
        let limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        self.at.store(processor_time().saturating_add(limit), Ordering::Relaxed);
    }

    /// What is left of it.
    pub(crate) fn left(&self) -> Duration {
        Duration::from_nanos(self.at.load(Ordering::Relaxed).saturating_sub(processor_time()))
    }

    /// Whether it has passed; remembered for [`Deadline::was_seen`].
    pub(crate) fn expired(&self) -> bool {
        let expired = processor_time() >= self.at.load(Ordering::Relaxed);
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

/// Nanoseconds for which this thread has run.
fn processor_time() -> u64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}
