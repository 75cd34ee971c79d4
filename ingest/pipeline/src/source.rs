//! The doors: where messages come in, and the right to acknowledge them.
//!
//! A source turns what its socket gives into [`Arrivals`] and offers them to the [`Intake`]. It waits
//! for nothing else: the keeper writes them and spends their ticket, whenever that may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ports::{BoxFuture, SourceStatus};
use schemas::Message;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

/// The right to acknowledge some messages: spent once they are on disk. Dropped means not
/// acknowledged, and the sender repeats them.
pub trait Ticket: Send {
    /// Acknowledges, on the connection by which the messages came, if it is still there. Called by
    /// the keeper's thread: it must not block.
    fn spend(self: Box<Self>);
}

/// The ticket of messages that nobody waits for (QoS 0).
#[derive(Debug)]
pub struct NoTicket;

impl Ticket for NoTicket {
    fn spend(self: Box<Self>) {}
}

/// What one read of a socket gave.
pub struct Arrivals {
    /// In the order in which they came.
    pub messages: Vec<Message>,
    /// Acknowledges all of them.
    pub ticket: Box<dyn Ticket>,
}

impl std::fmt::Debug for Arrivals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Arrivals").field("messages", &self.messages.len()).finish_non_exhaustive()
    }
}

/// The keeper is gone: the program is ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the keeper has stopped")]
pub struct KeeperGone;

/// Why arrivals were not taken at once.
#[derive(Debug)]
pub enum NotTaken {
    /// As much waits for the disk as may: offer them again later.
    Full(Arrivals),
    /// The program is ending.
    Gone,
}

/// Bytes that may wait for the disk, over all sources.
const ROOM: usize = 64 << 20;
/// Socket reads that may wait for the disk, over all sources.
const READS: usize = 4096;

/// The way to the keeper, bounded in bytes and in reads. When it is full, sources wait: their windows
/// of unacknowledged messages fill, and the broker or the device holds the rest.
#[derive(Clone, Debug)]
pub struct Intake {
    reads: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
    taken: Arc<AtomicU64>,
    /// Whose way it is.
    door: Arc<str>,
}

/// Arrivals that wait for the disk, with the room that they take.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) arrivals: Arrivals,
    pub(crate) door: Arc<str>,
    pub(crate) _room: OwnedSemaphorePermit,
}

fn weight(arrivals: &Arrivals) -> u32 {
    let bytes: usize = arrivals.messages.iter().map(Message::encoded_len).sum();
    // One read never asks for more than there is: a single huge one passes alone.
    u32::try_from(bytes.min(ROOM)).expect("ROOM fits 32 bits")
}

impl Intake {
    /// A way, and its end.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Waiting>) {
        let (reads, end) = mpsc::channel(READS);
        (Self { reads, room: Arc::new(Semaphore::new(ROOM)), taken: Arc::default(), door: Arc::from("") }, end)
    }

    /// The same way, for the door of this name.
    pub(crate) fn of(&self, door: &str) -> Self {
        Self { door: Arc::from(door), ..self.clone() }
    }

    fn waiting(&self, arrivals: Arrivals, room: OwnedSemaphorePermit) -> Waiting {
        Waiting { arrivals, door: Arc::clone(&self.door), _room: room }
    }

    /// Hands arrivals to the keeper; waits while the way is full. Cancel-safe in that dropping the
    /// future drops the arrivals with their ticket: they are not acknowledged.
    ///
    /// # Errors
    /// The program is ending.
    pub async fn offer(&self, arrivals: Arrivals) -> Result<(), KeeperGone> {
        let count = arrivals.messages.len() as u64;
        let room = Arc::clone(&self.room).acquire_many_owned(weight(&arrivals)).await.map_err(|_| KeeperGone)?;
        let place = self.reads.reserve().await.map_err(|_| KeeperGone)?;
        place.send(self.waiting(arrivals, room));
        self.taken.fetch_add(count, Ordering::Relaxed);
        Ok(())
    }

    /// As [`Intake::offer`], without waiting: for a source that must go on polling its connection.
    ///
    /// # Errors
    /// Full, with the arrivals; or the program is ending.
    pub fn try_offer(&self, arrivals: Arrivals) -> Result<(), NotTaken> {
        let count = arrivals.messages.len() as u64;
        let room = match Arc::clone(&self.room).try_acquire_many_owned(weight(&arrivals)) {
            Ok(room) => room,
            Err(tokio::sync::TryAcquireError::NoPermits) => return Err(NotTaken::Full(arrivals)),
            Err(tokio::sync::TryAcquireError::Closed) => return Err(NotTaken::Gone),
        };
        match self.reads.try_reserve() {
            Ok(place) => {
                place.send(self.waiting(arrivals, room));
                self.taken.fetch_add(count, Ordering::Relaxed);
                Ok(())
            }
            Err(TrySendError::Full(())) => Err(NotTaken::Full(arrivals)),
            Err(TrySendError::Closed(())) => Err(NotTaken::Gone),
        }
    }

    /// Counts messages handed over since the program started; holds no way open.
    pub(crate) fn taken(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.taken)
    }
}

/// Tells how a source stands, whenever it is asked.
pub type SourceWatch = Arc<dyn Fn() -> SourceStatus + Send + Sync>;

/// Why a source ended. A source ends only when it is told to, or when going on makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("source {name} ended: {reason}")]
pub struct SourceError {
    /// As the settings name it.
    pub name: String,
    /// In words.
    pub reason: String,
}

/// A door by which messages come.
pub trait Source: Send + 'static {
    /// Tells how it stands, now and while it runs.
    fn watch(&self) -> SourceWatch;

    /// Takes messages until `stop`; troubles of the world are waited out with backoff. On `stop` it
    /// takes nothing new, and goes on spending tickets until all that it offered are spent or
    /// dropped, or `deadline` is cancelled.
    fn run(
        self: Box<Self>,
        intake: Intake,
        stop: CancellationToken,
        deadline: CancellationToken,
    ) -> BoxFuture<'static, Result<(), SourceError>>;
}
