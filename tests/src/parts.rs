//! The parts of a pipeline that tests of promises need to break or to drive: a clock that stands still,
//! a door that a test opens, a store that goes away or refuses.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use pipeline::{Arrivals, Intake, Source, SourceError, SourceWatch, Ticket};
use ports::{Appended, BoxFuture, Caps, Clock, Points, Query, Selector, SourceStatus, Store, StoreError, StoreGauges};
use schemas::{DeviceId, Message, Provenance, Qos, Reading, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// A clock that moves when it is told to.
#[derive(Debug, Default)]
pub struct StillClock(AtomicI64);

impl StillClock {
    /// Stands at an instant.
    #[must_use]
    pub fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(now.millis())))
    }

    /// Moves to another instant.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        Timestamp::clamped(self.0.load(Ordering::SeqCst))
    }
}

/// A door by which a test hands over messages; counts the tickets that were spent.
#[derive(Clone, Debug)]
pub struct Hatch {
    way: mpsc::Sender<Vec<Message>>,
    spent: Arc<AtomicU64>,
}

/// The source side of a [`Hatch`].
#[derive(Debug)]
pub struct HatchSource {
    way: mpsc::Receiver<Vec<Message>>,
    spent: Arc<AtomicU64>,
}

struct Counted(u64, Arc<AtomicU64>);

impl Ticket for Counted {
    fn spend(self: Box<Self>) {
        self.1.fetch_add(self.0, Ordering::SeqCst);
    }
}

impl Hatch {
    /// A hatch and its source. The source ends when every clone of the hatch is gone, or at a stop.
    #[must_use]
    pub fn new() -> (Self, HatchSource) {
        // When the pipeline is full the test waits: that is what it wants to see.
        let (way, end) = mpsc::channel(1024);
        let spent = Arc::new(AtomicU64::new(0));
        (Self { way, spent: Arc::clone(&spent) }, HatchSource { way: end, spent })
    }

    /// Hands over messages in one read; waits while the way is full.
    ///
    /// # Panics
    /// If the source is gone.
    pub async fn hand(&self, messages: Vec<Message>) {
        self.way.send(messages).await.expect("the source is there");
    }

    /// Messages whose ticket was spent.
    #[must_use]
    pub fn spent(&self) -> u64 {
        self.spent.load(Ordering::SeqCst)
    }
}

impl Source for HatchSource {
    fn watch(&self) -> SourceWatch {
        Arc::new(|| SourceStatus { name: "hatch".to_owned(), up: true, ..SourceStatus::default() })
    }

    fn run(
        mut self: Box<Self>,
        intake: Intake,
        stop: CancellationToken,
        _deadline: CancellationToken,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(async move {
            loop {
                // `recv` is cancel-safe: what it did not give stays in the channel.
                let messages = tokio::select! {
                    messages = self.way.recv() => messages,
                    () = stop.cancelled() => None,
                };
                let Some(messages) = messages else { return Ok(()) };
                let ticket = Box::new(Counted(messages.len() as u64, Arc::clone(&self.spent)));
                if intake.offer(Arrivals { messages, ticket }).await.is_err() {
                    return Ok(());
                }
            }
        })
    }
}

/// A message as it would have come.
#[must_use]
pub fn message(topic: &str, payload: impl Into<Bytes>, received_at: Timestamp) -> Message {
    let provenance = Provenance { qos: Qos::AtLeastOnce, ..Provenance::default() };
    Message { topic: topic.into(), payload: payload.into(), received_at, provenance }
}

/// A store that can be taken away and brought back.
#[derive(Debug)]
pub struct Away<S> {
    inner: S,
    away: AtomicBool,
    refused: Mutex<Option<DeviceId>>,
}

impl<S: Store> Away<S> {
    /// A store that is there.
    #[must_use]
    pub fn new(inner: S) -> Arc<Self> {
        Arc::new(Self { inner, away: AtomicBool::new(false), refused: Mutex::default() })
    }

    /// Takes it away, or brings it back.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Refuses the readings of a device for good, until told otherwise.
    ///
    /// # Panics
    /// If a test panicked meanwhile.
    pub fn set_refused(&self, device: Option<DeviceId>) {
        *self.refused.lock().expect("no test panicked") = device;
    }

    /// The store itself, also while it is away.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }

    fn there(&self) -> Result<(), StoreError> {
        if self.away.load(Ordering::SeqCst) { Err(StoreError::Unavailable("it is away".to_owned())) } else { Ok(()) }
    }
}

impl<S: Store> Store for Away<S> {
    fn append<'a>(&'a self, batch: &'a [Reading]) -> BoxFuture<'a, Result<Appended, StoreError>> {
        Box::pin(async move {
            self.there()?;
            let refused = self.refused.lock().expect("no test panicked").clone();
            if let Some(device) = refused.filter(|device| batch.iter().any(|reading| reading.series.device == *device)) {
                return Err(StoreError::Refused(format!("it takes nothing of {device}")));
            }
            self.inner.append(batch).await
        })
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            self.there()?;
            self.inner.flush().await
        })
    }

    fn scan<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Points, StoreError>> {
        Box::pin(async move {
            self.there()?;
            self.inner.scan(query).await
        })
    }

    fn latest<'a>(&'a self, select: &'a Selector) -> BoxFuture<'a, Result<Vec<Reading>, StoreError>> {
        Box::pin(async move {
            self.there()?;
            self.inner.latest(select).await
        })
    }

    fn forget<'a>(&'a self, select: &'a Selector, range: Range<Timestamp>) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            self.there()?;
            self.inner.forget(select, range).await
        })
    }

    fn caps(&self) -> Caps {
        self.inner.caps()
    }

    fn gauges(&self) -> StoreGauges {
        self.inner.gauges()
    }
}
