//! The only door to the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use schemas::Timestamp;

/// Says what time it is. Tests and simulations bring their own.
pub trait Clock: Send + Sync + 'static {
    /// Now, UTC.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::clamped(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}
