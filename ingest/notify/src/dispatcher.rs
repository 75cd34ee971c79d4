//! The reader of the outbox: one channel's notifications, one at a time, in order.
//!
//! The head of the line holds the rest, so "resolved" never overtakes "firing"; a dead receiver
//! delays nobody else's line, because every channel has a dispatcher of its own.

use std::sync::Arc;
use std::time::Duration;

use ports::{Backoff, Clock, DeliveryError, Fate, Fated, Notification, Notifier, Outbox, RecordError};
use schemas::ChannelName;
use tokio::sync::Notify;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::{ChannelGauges, Settings};

/// An empty line is looked at again after this long even if nobody woke us: a wake that was missed
/// delays by no more.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// What is too old is given up only after as many failures in a row: after a long stop of the
/// program, one stumble of the receiver must not bury the whole line.
const FAILURES_BEFORE_GIVING_UP: u32 = 5;

/// How long a delivery may go on after the program was told to stop. What is cut off is sent again
/// after the start, with the same key.
const GRACE: Duration = Duration::from_secs(2);

/// Why a dispatcher ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum DispatcherError {
    /// The outbox cannot be trusted any more.
    #[error("channel {channel}: {error}")]
    Record {
        /// Which channel.
        channel: ChannelName,
        /// What the register said.
        error: RecordError,
    },
    /// The channel says that nothing can go on.
    #[error("channel {channel}: {error}")]
    Delivery {
        /// Which channel.
        channel: ChannelName,
        /// What it said.
        error: DeliveryError,
    },
}

/// Reads one channel's line in the outbox.
pub struct Dispatcher {
    channel: ChannelName,
    notifier: Arc<dyn Notifier>,
    outbox: Arc<dyn Outbox>,
    clock: Arc<dyn Clock>,
    wake: Arc<Notify>,
    limit: Duration,
    give_up: Duration,
    backoff: Backoff,
    // The channel rests until then, whichever notification is next.
    rest: Instant,
    gauges: Arc<ChannelGauges>,
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatcher").field("channel", &self.channel).finish_non_exhaustive()
    }
}

impl Dispatcher {
    /// A dispatcher for `channel`. Whoever commits outbox rows calls `wake.notify_waiters()` after
    /// it; all channels may share one `wake`.
    ///
    /// # Panics
    /// Outside a tokio runtime with time.
    #[must_use]
    pub fn new(
        channel: ChannelName,
        notifier: Arc<dyn Notifier>,
        outbox: Arc<dyn Outbox>,
        clock: Arc<dyn Clock>,
        wake: Arc<Notify>,
        settings: &Settings,
    ) -> Self {
        // Channels that fail together must not come back together.
        let seed =
            channel.as_str().bytes().fold(clock.now().millis().unsigned_abs(), |seed, b| seed.rotate_left(8) ^ u64::from(b));
        Self {
            channel,
            notifier,
            outbox,
            clock,
            wake,
            limit: settings.timeout,
            give_up: settings.give_up,
            backoff: Backoff::new(settings.retry_first, settings.retry_limit, seed),
            rest: Instant::now(),
            gauges: Arc::default(),
        }
    }

    /// How the channel stands, now and while it runs.
    #[must_use]
    pub fn gauges(&self) -> Arc<ChannelGauges> {
        Arc::clone(&self.gauges)
    }

    /// Tells until `stop`; a delivery that is under way then has a short while to end.
    ///
    /// # Errors
    /// The register is damaged. Everything else is waited out, or buried.
    pub async fn run(mut self, stop: CancellationToken) -> Result<(), DispatcherError> {
        while !stop.is_cancelled() {
            let wake = Arc::clone(&self.wake);
            let mut woken = std::pin::pin!(wake.notified());
            // Listens before it looks: what is committed between look and wait is not missed.
            woken.as_mut().enable();
            let channel = self.channel.clone();
            let Some(head) = self.record(&stop, move |outbox| outbox.head(&channel)).await? else { return Ok(()) };
            let Some(head) = head else {
                // Every arm is cancel-safe: the outbox holds everything there is to know.
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = woken => {}
                    () = sleep(LOOK_AGAIN) => {}
                }
                continue;
            };
            if self.is_hopeless(&head) {
                self.abandon(head, &stop).await?;
            } else if self.rested(&head, &stop).await {
                self.tell(head, &stop).await?;
            }
        }
        Ok(())
    }

    /// Too old, and the receiver has not been well for a while.
    fn is_hopeless(&self, head: &Notification) -> bool {
        self.backoff.failures() >= FAILURES_BEFORE_GIVING_UP && self.clock.now().since(head.made_at) >= self.give_up
    }

    /// Whether the notification may be told now; if not, waits, and the line is looked at anew.
    async fn rested(&self, head: &Notification, stop: &CancellationToken) -> bool {
        // Not longer than a notification may live: a clock that jumped back must not silence a channel.
        let due = Instant::now() + head.due.since(self.clock.now()).min(self.give_up);
        let until = due.max(self.rest);
        if until <= Instant::now() {
            return true;
        }
        // Both arms are cancel-safe: they hold nothing.
        tokio::select! {
            () = stop.cancelled() => {}
            () = sleep_until(until) => {}
        }
        false
    }

    async fn tell(&mut self, head: Notification, stop: &CancellationToken) -> Result<(), DispatcherError> {
        let cut_off = async {
            stop.cancelled().await;
            sleep(GRACE).await;
        };
        // Dropping a delivery leaves it undecided: it is sent again after the start, with the same key.
        let told = tokio::select! {
            told = timeout(self.limit, self.notifier.deliver(&head)) => told,
            () = cut_off => return Ok(()),
        };
        let late = || DeliveryError::Unavailable { reason: format!("no answer within {:?}", self.limit), after: None };
        match told.unwrap_or_else(|_| Err(late())) {
            Ok(()) => self.arrived(head, stop).await,
            Err(error) => match error.fate() {
                Fate::Retry { after } => self.postpone(head, &error, after, stop).await,
                Fate::Quarantine => {
                    // It answered: the way is open for the next one.
                    self.backoff.succeeded();
                    self.gauges.set_trouble(None);
                    self.bury(head, error.to_string(), stop).await
                }
                Fate::Stop => Err(DispatcherError::Delivery { channel: self.channel.clone(), error }),
            },
        }
    }

    async fn arrived(&mut self, head: Notification, stop: &CancellationToken) -> Result<(), DispatcherError> {
        self.backoff.succeeded();
        self.gauges.count_delivered();
        if self.gauges.set_trouble(None).is_some() {
            tracing::info!(channel = %self.channel, "the channel works again");
        }
        let at = self.clock.now();
        self.record(stop, move |outbox| outbox.delivered(head.number, at)).await.map(drop)
    }

    async fn postpone(
        &mut self,
        head: Notification,
        error: &DeliveryError,
        after: Option<Duration>,
        stop: &CancellationToken,
    ) -> Result<(), DispatcherError> {
        let wait = self.backoff.failed(after).min(self.give_up);
        self.rest = Instant::now() + wait;
        self.gauges.count_failed();
        let (reason, due) = (error.to_string(), self.clock.now().plus(wait));
        // Once for the state, not for each attempt.
        if self.gauges.set_trouble(Some(reason.clone())).is_none() {
            tracing::warn!(channel = %self.channel, key = head.key(), %due, "{reason}; it is tried again");
        }
        self.record(stop, move |outbox| outbox.postponed(head.number, due, &reason)).await.map(drop)
    }

    async fn abandon(&mut self, head: Notification, stop: &CancellationToken) -> Result<(), DispatcherError> {
        let last = self.gauges.trouble().unwrap_or_default();
        let reason = format!("given up after {:?} and {} attempts: {last}", self.give_up, head.attempts);
        self.bury(head, reason, stop).await
    }

    async fn bury(&mut self, head: Notification, reason: String, stop: &CancellationToken) -> Result<(), DispatcherError> {
        tracing::error!(channel = %self.channel, key = head.key(), "a notification will never arrive: {reason}");
        self.gauges.count_buried();
        let at = self.clock.now();
        self.record(stop, move |outbox| outbox.buried(head.number, at, &reason)).await.map(drop)
    }

    /// Asks the register, again and again while it cannot be used; none where `stop` came meanwhile.
    async fn record<T: Send + 'static>(
        &self,
        stop: &CancellationToken,
        ask: impl Fn(&dyn Outbox) -> Result<T, RecordError> + Send + Sync + 'static,
    ) -> Result<Option<T>, DispatcherError> {
        let ask = Arc::new(ask);
        let mut backoff = Backoff::house(self.clock.now().millis().unsigned_abs());
        loop {
            let (outbox, ask) = (Arc::clone(&self.outbox), Arc::clone(&ask));
            let error = match spawn_blocking(move || ask(&*outbox)).await {
                Ok(Ok(answer)) => return Ok(Some(answer)),
                Ok(Err(error)) => error,
                Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
                // The runtime is going away.
                Err(_) => return Ok(None),
            };
            match error.fate() {
                Fate::Retry { after } => {
                    let wait = backoff.failed(after);
                    if backoff.failures() == 1 {
                        tracing::warn!(channel = %self.channel, "{error}; it is tried again");
                    }
                    // Both arms are cancel-safe: they hold nothing.
                    tokio::select! {
                        () = stop.cancelled() => return Ok(None),
                        () = sleep(wait) => {}
                    }
                }
                Fate::Quarantine | Fate::Stop => return Err(DispatcherError::Record { channel: self.channel.clone(), error }),
            }
        }
    }
}
