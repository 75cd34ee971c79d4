//! How the loops stand, for whoever asks; and the way by which the historian is asked to do something.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use journal::View;
use ports::{Holding, Identity, OperationError, QuarantineFilter, ReaderStatus, Retried, Retry, SourceStatus};
use schemas::DeviceId;
use tokio::sync::{mpsc, oneshot};

use crate::account::{Account, Counted};
use crate::feed::Feed;
use crate::keeper::KeeperGauges;
use crate::lock;
use crate::orders::{Dropping, Forgetting, Orders};
use crate::source::SourceWatch;

/// How a reader of the journal stands.
#[derive(Debug, Default)]
pub struct ReaderGauges {
    /// Everything before it is done, in memory.
    pub(crate) cursor: AtomicU64,
    /// Everything before it is durable.
    pub(crate) durable: AtomicU64,
    pub(crate) trouble: Mutex<Option<String>>,
}

/// Publishes turned away at the doors, since the data directory was made.
#[derive(Clone)]
pub(crate) struct DoorCount {
    pub(crate) before: u64,
    pub(crate) watches: Arc<[SourceWatch]>,
}

impl DoorCount {
    pub(crate) fn now(&self) -> u64 {
        self.before + self.watches.iter().map(|watch| watch().refused).sum::<u64>()
    }
}

/// Tells how the loops stand. Cheap to clone.
#[derive(Clone)]
pub struct PipelineWatch {
    pub(crate) view: View,
    pub(crate) account: Arc<Account>,
    pub(crate) refused: DoorCount,
    pub(crate) historian: Arc<ReaderGauges>,
    pub(crate) evaluator: Arc<ReaderGauges>,
    pub(crate) live: Arc<ReaderGauges>,
    pub(crate) keeper: Arc<KeeperGauges>,
    /// Messages handed to the keeper since the program started.
    pub(crate) taken: Arc<AtomicU64>,
    pub(crate) feed: Arc<Feed>,
    pub(crate) orders: Orders,
    pub(crate) forget: mpsc::Sender<Forgetting>,
    pub(crate) quarantine: Arc<Mutex<Holding>>,
}

impl PipelineWatch {
    /// The account of messages; it balances at every moment.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let Counted { done, mut tallies, departed } = self.account.read();
        tallies.refused = self.refused.now();
        tallies.identity(&departed, done, self.view.next())
    }

    /// How full the quarantine is, as of the last look.
    #[must_use]
    pub fn quarantine(&self) -> Holding {
        *lock(&self.quarantine)
    }

    /// Tries a chunk of the quarantine again, in the historian's own thread.
    ///
    /// # Errors
    /// The program is stopping, or as many requests as may be wait already. While the store or the
    /// register is away there is no answer.
    pub async fn retry(&self, retry: Retry) -> Result<Retried, OperationError> {
        self.orders.retry(retry).await
    }

    /// Takes messages out of the quarantine for good; how many.
    ///
    /// # Errors
    /// As [`PipelineWatch::retry`]; some of them may be gone.
    pub async fn drop_messages(&self, filter: QuarantineFilter) -> Result<u64, OperationError> {
        let (mut dropped, mut before) = (0, None);
        loop {
            let chunk = self.orders.drop_chunk(Dropping { filter: filter.clone(), before }).await?;
            dropped += chunk.messages;
            before = Some(chunk.before);
            if !chunk.more {
                return Ok(dropped);
            }
        }
    }

    /// Takes these messages out of the quarantine for good; how many of them were there.
    ///
    /// # Errors
    /// As [`PipelineWatch::retry`].
    pub async fn drop_these(&self, offsets: Vec<u64>) -> Result<u64, OperationError> {
        self.orders.drop_these(offsets).await
    }

    /// Has the rules know nothing of these devices any more; returns once that is durable.
    ///
    /// # Errors
    /// The program is stopping.
    pub async fn forget(&self, devices: Vec<DeviceId>) -> Result<(), OperationError> {
        let stopping = || OperationError::Unavailable("the program is stopping".to_owned());
        let (done, is_done) = oneshot::channel();
        self.forget.send(Forgetting { devices, done }).await.map_err(|_| stopping())?;
        is_done.await.map_err(|_| stopping())
    }

    /// Whether everything before this offset is stored, or put aside, durably, and judged.
    #[must_use]
    pub fn has_passed(&self, offset: u64) -> bool {
        self.historian.durable.load(Ordering::Relaxed) >= offset && self.evaluator.cursor.load(Ordering::Relaxed) >= offset
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> &View {
        &self.view
    }

    /// The keeper.
    #[must_use]
    pub fn keeper(&self) -> &KeeperGauges {
        &self.keeper
    }

    /// What decodes: a new decoder may be set.
    #[must_use]
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The doors.
    #[must_use]
    pub fn sources(&self) -> Vec<SourceStatus> {
        self.refused.watches.iter().map(|watch| watch()).collect()
    }

    /// The keeper as a reader of the doors: its lag is what waits for the disk.
    fn keeping(&self, next: u64) -> ReaderStatus {
        let lag = self.taken.load(Ordering::Relaxed).saturating_sub(self.keeper.kept.load(Ordering::Relaxed));
        let full = self.keeper.disk_full.load(Ordering::Relaxed) || self.keeper.journal_full.load(Ordering::Relaxed);
        let trouble = full.then(|| "there is no room: nothing is acknowledged".to_owned());
        ReaderStatus { name: "keeper".to_owned(), cursor: next, lag, trouble }
    }

    /// The loops: the keeper, then the readers of the journal.
    #[must_use]
    pub fn readers(&self) -> Vec<ReaderStatus> {
        let next = self.view.next();
        let status = |name: &str, gauges: &ReaderGauges| {
            let cursor = gauges.cursor.load(Ordering::Relaxed);
            ReaderStatus {
                name: name.to_owned(),
                cursor,
                lag: next.saturating_sub(cursor),
                trouble: lock(&gauges.trouble).clone(),
            }
        };
        vec![
            self.keeping(next),
            status(crate::historian::NAME, &self.historian),
            status(crate::evaluator::NAME, &self.evaluator),
            status(crate::live::NAME, &self.live),
        ]
    }
}
