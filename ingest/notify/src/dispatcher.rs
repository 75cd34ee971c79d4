//! The reader of the outbox: one line's notifications, one at a time, in order.
//!
//! The head of the line holds the rest, so "resolved" never overtakes "firing"; a dead receiver delays nobody
//! else's line, because every line has a dispatcher of its own. Where the receiver has a fallback, it steps in
//! inside the same line, so that the order holds there too.

mod way;

use std::sync::Arc;
use std::time::Duration;

use ports::{Clock, DeliveryError, Fate, Fated, Language, Line, Notification, Notifier, Outbox, RecordError};
use schemas::ChannelName;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::records::ask;
use crate::{ChannelGauges, Settings};
use way::Way;

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

/// The way over one channel.
#[derive(Clone)]
pub struct Route {
    /// The channel.
    pub channel: ChannelName,
    /// Who delivers.
    pub notifier: Arc<dyn Notifier>,
    /// The receiver's addresses on it.
    pub to: Vec<String>,
}

/// Another way, for when the first one fails.
#[derive(Clone)]
pub struct Fallback {
    /// The way.
    pub route: Route,
    /// The age of a notification from which on it may go this way.
    pub after: Duration,
    /// Failures in a row of the first way from which on it may too.
    pub failures: u32,
}

/// A line of the outbox, and how it is told.
#[derive(Clone)]
pub struct LineSetup {
    /// Who is told.
    pub receiver: ChannelName,
    /// In which language.
    pub language: Language,
    /// The way.
    pub route: Route,
    /// Another one.
    pub fallback: Option<Fallback>,
}

impl LineSetup {
    /// The line.
    #[must_use]
    pub fn line(&self) -> Line {
        Line { receiver: self.receiver.clone(), channel: self.route.channel.clone() }
    }
}

impl std::fmt::Debug for LineSetup {
    /// Without addresses: they are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let fallback = self.fallback.as_ref().map(|f| &f.route.channel);
        f.debug_struct("LineSetup").field("line", &self.line()).field("fallback", &fallback).finish_non_exhaustive()
    }
}

/// Reads one line of the outbox.
pub struct Dispatcher {
    line: Line,
    language: Language,
    first: Way,
    fallback: Option<(Way, Duration, u32)>,
    outbox: Arc<dyn Outbox>,
    clock: Arc<dyn Clock>,
    wake: Arc<Notify>,
    limit: Duration,
    give_up: Duration,
    gauges: Arc<ChannelGauges>,
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dispatcher").field("line", &self.line).finish_non_exhaustive()
    }
}

/// What to do with the head of the line.
enum Next {
    /// Tell it the first way.
    First,
    /// Tell it the other way.
    Fallback,
    /// Not before then.
    Wait(Instant),
    /// It will never arrive, and why.
    Bury(String),
}

impl Dispatcher {
    /// A dispatcher for a line. Whoever commits outbox rows calls `wake.notify_waiters()` after it; all lines
    /// may share one `wake`.
    ///
    /// # Panics
    /// Outside a tokio runtime with time.
    #[must_use]
    pub fn new(setup: LineSetup, outbox: Arc<dyn Outbox>, clock: Arc<dyn Clock>, wake: Arc<Notify>, settings: &Settings) -> Self {
        let line = setup.line();
        // Lines that fail together must not come back together.
        let names = line.receiver.as_str().bytes().chain(line.channel.as_str().bytes());
        let seed = names.fold(clock.now().millis().unsigned_abs(), |seed, b| seed.rotate_left(8) ^ u64::from(b));
        let way = |route: Route| Way::new(route, settings.retry_first, settings.retry_limit, seed);
        Self {
            line,
            language: setup.language,
            first: way(setup.route),
            fallback: setup.fallback.map(|f| (way(f.route), f.after, f.failures)),
            outbox,
            clock,
            wake,
            limit: settings.timeout,
            give_up: settings.give_up,
            gauges: Arc::default(),
        }
    }

    /// How the line stands, now and while it runs.
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
            let line = self.line.clone();
            let Some(head) = self.record(&stop, move |outbox| outbox.head(&line)).await? else { return Ok(()) };
            let Some(head) = head else {
                // Every arm is cancel-safe: the outbox holds everything there is to know.
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = woken => {}
                    () = sleep(LOOK_AGAIN) => {}
                }
                continue;
            };
            match self.next(&head) {
                Next::First => self.tell(head, false, &stop).await?,
                Next::Fallback => self.tell(head, true, &stop).await?,
                Next::Bury(reason) => self.bury(&head, reason, &stop).await?,
                Next::Wait(until) => {
                    // Both arms are cancel-safe: they hold nothing. The line is looked at anew after it.
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = sleep_until(until) => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Which way the head goes, and when.
    fn next(&self, head: &Notification) -> Next {
        let (now, age) = (Instant::now(), self.clock.now().since(head.made_at));
        // Not longer than a notification may live: a clock that jumped back must not silence a line.
        let due = now + head.due.since(self.clock.now()).min(self.give_up);
        let Some((other, after, failures)) = &self.fallback else {
            return match self.first.refused(head.number) {
                Some(reason) => Next::Bury(reason.to_owned()),
                None if self.is_hopeless(age, &[&self.first]) => Next::Bury(self.last_words(head)),
                None => first_or_wait(due.max(self.first.rest), now),
            };
        };
        let allowed = head.attempts >= *failures
            || self.first.failures() >= *failures
            || age >= *after
            || self.first.refused(head.number).is_some();
        match (self.first.refused(head.number), other.refused(head.number)) {
            (Some(first), Some(second)) => return Next::Bury(format!("{first}; {}: {second}", other.channel())),
            (Some(first), None) if self.is_hopeless(age, &[other]) => return Next::Bury(first.to_owned()),
            (None, Some(_)) if self.is_hopeless(age, &[&self.first]) => return Next::Bury(self.last_words(head)),
            (None, None) if self.is_hopeless(age, &[&self.first, other]) => return Next::Bury(self.last_words(head)),
            _ => {}
        }
        // What was tried before is put off on the first way alone.
        let started = if head.attempts == 0 { due } else { now };
        let mut at = Vec::new();
        if self.first.refused(head.number).is_none() {
            at.push((due.max(self.first.rest), Next::First));
        }
        if other.refused(head.number).is_none() {
            let ripe = if allowed { now } else { now + after.saturating_sub(age) };
            at.push((started.max(other.rest).max(ripe), Next::Fallback));
        }
        // The first way is asked first where both are open.
        match at.into_iter().min_by_key(|(at, _)| (*at).max(now)) {
            Some((at, _)) if at > now => Next::Wait(at),
            Some((_, next)) => next,
            None => Next::Wait(now + LOOK_AGAIN),
        }
    }

    /// Too old, and none of the ways has been well for a while.
    fn is_hopeless(&self, age: Duration, ways: &[&Way]) -> bool {
        age >= self.give_up && ways.iter().all(|way| way.failures() >= FAILURES_BEFORE_GIVING_UP)
    }

    fn last_words(&self, head: &Notification) -> String {
        let last = self.gauges.trouble().unwrap_or_default();
        format!("given up after {:?} and {} attempts: {last}", self.give_up, head.attempts)
    }

    async fn tell(&mut self, mut head: Notification, by_other: bool, stop: &CancellationToken) -> Result<(), DispatcherError> {
        let way = match &mut self.fallback {
            Some((other, _, _)) if by_other => other,
            _ => &mut self.first,
        };
        head.language = self.language;
        head.to.clone_from(way.to());
        head.channel = way.channel().clone();
        let notifier = way.notifier();
        let cut_off = async {
            stop.cancelled().await;
            sleep(GRACE).await;
        };
        // Dropping a delivery leaves it undecided: it is sent again after the start, with the same key.
        let told = tokio::select! {
            told = timeout(self.limit, notifier.deliver(&head)) => told,
            () = cut_off => return Ok(()),
        };
        let late = || DeliveryError::Unavailable { reason: format!("no answer within {:?}", self.limit), after: None };
        match told.unwrap_or_else(|_| Err(late())) {
            Ok(()) => {
                way.succeeded();
                self.arrived(head, by_other, stop).await
            }
            Err(error) => match error.fate() {
                Fate::Retry { after } => {
                    let wait = way.failed(after, self.give_up);
                    // The other way's rest is its own affair: the row's instant is that of the first.
                    let due = if by_other { head.due } else { self.clock.now().plus(wait) };
                    self.postpone(head, &error, due, by_other, stop).await
                }
                Fate::Quarantine => {
                    // It answered: the way is open for the next one.
                    way.refuses(head.number, error.to_string());
                    if !by_other {
                        self.gauges.set_trouble(None);
                    }
                    Ok(())
                }
                Fate::Stop => Err(DispatcherError::Delivery { channel: head.channel, error }),
            },
        }
    }

    async fn arrived(&mut self, head: Notification, by_other: bool, stop: &CancellationToken) -> Result<(), DispatcherError> {
        self.gauges.count_delivered();
        if by_other {
            tracing::warn!(receiver = %self.line.receiver, channel = %self.line.channel, via = %head.channel, key = head.key(),
                "told by the fallback");
        } else if self.gauges.set_trouble(None).is_some() {
            tracing::info!(receiver = %self.line.receiver, channel = %self.line.channel, "the channel works again");
        }
        let at = self.clock.now();
        self.record(stop, move |outbox| outbox.delivered(head.number, at, &head.channel)).await.map(drop)
    }

    async fn postpone(
        &mut self,
        head: Notification,
        error: &DeliveryError,
        due: schemas::Timestamp,
        by_other: bool,
        stop: &CancellationToken,
    ) -> Result<(), DispatcherError> {
        self.gauges.count_failed();
        let reason = if by_other { format!("{}: {error}", head.channel) } else { error.to_string() };
        // Once for the state, not for each attempt.
        if !by_other && self.gauges.set_trouble(Some(reason.clone())).is_none() {
            tracing::warn!(receiver = %self.line.receiver, channel = %self.line.channel, key = head.key(), %due,
                "{reason}; it is tried again");
        }
        self.record(stop, move |outbox| outbox.postponed(head.number, due, &reason)).await.map(drop)
    }

    async fn bury(&mut self, head: &Notification, reason: String, stop: &CancellationToken) -> Result<(), DispatcherError> {
        tracing::error!(receiver = %self.line.receiver, channel = %self.line.channel, key = head.key(),
            "a notification will never arrive: {reason}");
        self.gauges.count_buried();
        let (at, number) = (self.clock.now(), head.number);
        self.record(stop, move |outbox| outbox.buried(number, at, &reason)).await.map(drop)
    }

    /// Asks the register, again and again while it cannot be used; none where `stop` came meanwhile.
    async fn record<T: Send + 'static>(
        &self,
        stop: &CancellationToken,
        question: impl Fn(&dyn Outbox) -> Result<T, RecordError> + Send + Sync + 'static,
    ) -> Result<Option<T>, DispatcherError> {
        let asked = ask(&self.outbox, &*self.clock, stop, self.line.channel.as_str(), question).await;
        asked.map_err(|error| DispatcherError::Record { channel: self.line.channel.clone(), error })
    }
}

fn first_or_wait(at: Instant, now: Instant) -> Next {
    if at > now { Next::Wait(at) } else { Next::First }
}
