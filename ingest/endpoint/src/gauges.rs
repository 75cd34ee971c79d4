//! What the endpoint counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the endpoint was bound, but for [`Gauges::connections`]. Read at any time, from any thread.
#[derive(Debug, Default)]
pub struct Gauges {
    pub(crate) connections: AtomicU64,
    pub(crate) accepted: AtomicU64,
    pub(crate) turned_away: AtomicU64,
    pub(crate) refused_clients: AtomicU64,
    pub(crate) faults: AtomicU64,
    pub(crate) publishes: AtomicU64,
    pub(crate) refused_publishes: AtomicU64,
    pub(crate) wills: AtomicU64,
    pub(crate) bytes: AtomicU64,
}

impl Gauges {
    pub(crate) fn add(counter: &AtomicU64, n: u64) {
        if n > 0 {
            // Counters stand alone: no other memory is read on the strength of them.
            counter.fetch_add(n, Ordering::Relaxed);
        }
    }

    /// Connections that are open now.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    /// Connections accepted.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Connections closed at once because there were too many, in all or from their address.
    #[must_use]
    pub fn turned_away(&self) -> u64 {
        self.turned_away.load(Ordering::Relaxed)
    }

    /// CONNECTs that the access check refused.
    #[must_use]
    pub fn refused_clients(&self) -> u64 {
        self.refused_clients.load(Ordering::Relaxed)
    }

    /// Connections ended because the client broke the protocol or a limit.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    /// Publishes handed to the intake, wills included.
    #[must_use]
    pub fn publishes(&self) -> u64 {
        self.publishes.load(Ordering::Relaxed)
    }

    /// Publishes that the access check refused.
    #[must_use]
    pub fn refused_publishes(&self) -> u64 {
        self.refused_publishes.load(Ordering::Relaxed)
    }

    /// Last wills handed to the intake.
    #[must_use]
    pub fn wills(&self) -> u64 {
        self.wills.load(Ordering::Relaxed)
    }

    /// Bytes read from sockets (within TLS: decrypted).
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}
