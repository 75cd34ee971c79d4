//! How much the quarantine may hold, and for how long: looked at after each putting aside and every
//! hour. What is near is said before it happens, and what is forgotten is said when it has.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytesize::ByteSize;
use ports::{Forgotten, Holding, Overflow};
use schemas::Timestamp;
use serde::Deserialize;
use tokio::time::Instant;

use crate::lock;

/// How often to look where nothing is put aside.
const HOURLY: Duration = Duration::from_secs(3600);
/// Messages forgotten in one transaction: the historian goes on between two of them.
const CHUNK: usize = 1000;

/// The quarantine's settings.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// A message is forgotten when it has waited for so long.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub keep: Duration,
    /// Bytes that may wait; beyond it the oldest messages are forgotten.
    pub limit: ByteSize,
}

impl Bounds {
    /// What was received before this has waited for so long that its forgetting is near.
    #[must_use]
    pub fn aged_before(&self, now: Timestamp) -> Timestamp {
        now.minus(self.keep / 100 * u32::try_from(Holding::WARN_AT_PERCENT).unwrap_or(100))
    }

    /// The same holding, with these bounds beside it.
    #[must_use]
    pub fn around(&self, holding: Holding) -> Holding {
        Holding { limit: self.limit.as_u64(), keep_seconds: self.keep.as_secs(), ..holding }
    }

    /// What must go at `now`, if anything must.
    fn overflow(&self, holding: &Holding, now: Timestamp, before: u64) -> Option<Overflow> {
        let received_before = now.minus(self.keep);
        let over = holding.bytes > self.limit.as_u64() || holding.oldest.is_some_and(|oldest| oldest < received_before);
        over.then(|| Overflow { received_before, bytes: self.limit.as_u64(), before, rows: CHUNK })
    }
}

/// Watches over the bounds, for the historian.
pub(crate) struct Warden {
    pub(crate) bounds: Bounds,
    /// What others see of the quarantine.
    pub(crate) seen: Arc<Mutex<Holding>>,
    /// When to look again.
    pub(crate) due: Instant,
    warned: bool,
}

impl Warden {
    pub(crate) fn new(bounds: Bounds, seen: Arc<Mutex<Holding>>) -> Self {
        Self { bounds, seen, due: Instant::now(), warned: false }
    }

    /// Notes how full it is, warns once while something will soon be forgotten, and says what must go.
    pub(crate) fn look(&mut self, holding: Holding, now: Timestamp, before: u64) -> Option<Overflow> {
        self.due = Instant::now() + HOURLY;
        let holding = self.bounds.around(holding);
        *lock(&self.seen) = holding;
        let outlook = holding.outlook();
        if let Some(outlook) = outlook.as_ref().filter(|_| !self.warned) {
            tracing::warn!(
                messages = holding.messages,
                percent = holding.percent(),
                "the quarantine is near its bounds: {outlook}"
            );
        }
        self.warned = outlook.is_some();
        self.bounds.overflow(&holding, now, before)
    }

    /// Says what was forgotten, and looks again at once where there is more.
    pub(crate) fn forgot(&mut self, forgotten: &Forgotten) {
        let Some((first, last)) = forgotten.received else { return };
        let mut reasons = String::new();
        for (reason, count) in &forgotten.reasons {
            // Writing to a String cannot fail.
            let _ = write!(reasons, "{}{reason} {count}", if reasons.is_empty() { "" } else { ", " });
        }
        tracing::warn!(messages = forgotten.count(), reasons, %first, %last, "the quarantine forgot its oldest messages");
        if forgotten.more {
            self.due = Instant::now();
        }
    }
}
