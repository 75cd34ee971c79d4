//! How a channel stands, for people and `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How a channel stands. Its dispatcher writes it, anybody reads it.
#[derive(Debug, Default)]
pub struct ChannelGauges {
    delivered: AtomicU64,
    failed: AtomicU64,
    buried: AtomicU64,
    trouble: Mutex<Option<String>>,
}

impl ChannelGauges {
    /// Notifications that the receiver took, since the program started.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.delivered.load(Ordering::Relaxed)
    }

    /// Attempts that failed and are repeated, since the program started.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Notifications that will never arrive, since the program started.
    #[must_use]
    pub fn buried(&self) -> u64 {
        self.buried.load(Ordering::Relaxed)
    }

    /// Why nothing gets through, while nothing does.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn count_delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_buried(&self) {
        self.buried.fetch_add(1, Ordering::Relaxed);
    }

    /// Sets the trouble; the one before comes back, so that a change of state is logged once.
    pub(crate) fn set_trouble(&self, trouble: Option<String>) -> Option<String> {
        std::mem::replace(&mut self.trouble.lock().unwrap_or_else(PoisonError::into_inner), trouble)
    }
}
