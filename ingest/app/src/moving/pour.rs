//! Readings into a store, batch by batch: patient where it is busy, and durable from time to time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ports::{Fate, Fated, Store, StoreError};
use schemas::Reading;

use crate::failure::{Code, Failure};

/// Readings in one append.
pub(super) const BATCH: usize = 5_000;
/// So many readings may have to be poured again after a crash.
const FLUSH: u64 = 500_000;
/// And no more than of so long, where flushing costs little.
const AFTER: Duration = Duration::from_millis(500);
/// Flushing takes at most one part of so many of the time: a server may take a minute for it.
const SHARE: u32 = 10;
/// How long a store may be away.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two questions to a store that is away.
const PAUSE: Duration = Duration::from_millis(200);

pub(super) struct Pour {
    store: Arc<dyn Store>,
    pub(super) new: u64,
    pub(super) repeated: u64,
    unflushed: u64,
    flushed_at: Instant,
    took: Duration,
}

impl Pour {
    pub(super) fn into(store: Arc<dyn Store>) -> Self {
        Self { store, new: 0, repeated: 0, unflushed: 0, flushed_at: Instant::now(), took: Duration::ZERO }
    }

    /// Appends; shows each reading that the store will never take, with its place in the batch.
    pub(super) async fn put(
        &mut self,
        batch: &[Reading],
        mut refused: impl FnMut(usize, String) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        // Halves of a refused batch wait here, so that one reading holds back only itself.
        let mut parts = vec![(0, batch.len())];
        while let Some((start, end)) = parts.pop() {
            let some = batch.get(start..end).unwrap_or_default();
            if some.is_empty() {
                continue;
            }
            match self.append(some).await? {
                Ok(()) => {}
                Err(why) if some.len() == 1 => refused(start, why)?,
                Err(_) => {
                    let middle = start + some.len() / 2;
                    parts.extend([(middle, end), (start, middle)]);
                }
            }
        }
        Ok(())
    }

    /// Inside, why the store will never take it.
    async fn append(&mut self, batch: &[Reading]) -> Result<Result<(), String>, Failure> {
        let began = Instant::now();
        loop {
            let error = match self.store.append(batch).await {
                Ok(appended) => {
                    let new = appended.new.iter().filter(|new| **new).count() as u64;
                    self.new += new;
                    self.repeated += batch.len() as u64 - new;
                    self.unflushed += batch.len() as u64;
                    return Ok(Ok(()));
                }
                Err(error) => error,
            };
            match error.fate() {
                Fate::Quarantine => return Ok(Err(error.to_string())),
                // What is full of unflushed readings takes more after a flush.
                Fate::Retry { .. } if self.unflushed > 0 && matches!(error, StoreError::Unavailable(_)) => self.flush().await?,
                Fate::Retry { after } if began.elapsed() < PATIENCE && !matches!(error, StoreError::Denied(_)) => {
                    tokio::time::sleep(after.unwrap_or(PAUSE).min(PATIENCE)).await;
                }
                Fate::Retry { .. } => return Err(Failure::new(Code::Unavailable, error.to_string())),
                Fate::Stop => return Err(Failure::new(Code::Stopped, error.to_string())),
            }
        }
    }

    /// Whether it is time to make durable what was appended.
    pub(super) fn is_due(&self) -> bool {
        let since = self.flushed_at.elapsed();
        (self.unflushed >= FLUSH || since >= AFTER) && since >= self.took * SHARE
    }

    /// All that was appended outlives a crash.
    pub(super) async fn flush(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        self.store.flush().await.map_err(|error| {
            let code = if error.fate() == Fate::Stop { Code::Stopped } else { Code::Unavailable };
            Failure::new(code, error.to_string()).hint("begin again: what is there already is known")
        })?;
        (self.unflushed, self.flushed_at, self.took) = (0, Instant::now(), began.elapsed());
        Ok(())
    }
}
