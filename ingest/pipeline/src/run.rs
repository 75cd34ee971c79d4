//! All loops together: started in order, watched, drained in order.
//!
//! Drain: the sources stop taking and wait for their tickets; with the last source the way to the
//! keeper closes; the keeper commits what waits and ends; the readers see the end, read up to it,
//! make it durable and end. Whoever is not done by the deadline stops where it is: nothing that was
//! acknowledged is lost by that, it is read again at the next start.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use codec::Decoder;
use journal::{Cursor, Journal, JournalError, View};
use ports::{AlertBook, BirthBook, Clock, DeviceBook, Live, Quarantine, RecordError, Store, StoreError};
use rules::Engine;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::account::{Account, Counted, StrangeNote, Tallies};
use crate::bounds::{Bounds, Warden};
use crate::doors::Doors;
use crate::evaluator::{self, Evaluator};
use crate::feed::{Feed, FeedError};
use crate::historian::{self, FlushPolicy, Historian};
use crate::inlet::{Inlet, Seal};
use crate::keeper::{Keeper, KeeperGauges, Room};
use crate::live;
use crate::orders::orders;
use crate::patience::Patience;
use crate::source::{Intake, Source, SourceError};
use crate::watch::{DoorCount, PipelineWatch, ReaderGauges};

/// The loops' settings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Readings are made durable in the store at least this often; after a crash as much is read
    /// again from the journal.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub flush_every: Duration,
    /// Or when this many readings wait for it.
    pub flush_readings: u64,
    /// Engine state and the evaluator's cursor are committed at least this often; transitions are
    /// committed at once.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub commit_every: Duration,
    /// How long a stop may take before what is left is left to the next start.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub drain: Duration,
}

/// Why a loop ended otherwise than by being told to.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Reading or decoding the journal.
    #[error(transparent)]
    Feed(#[from] FeedError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The register.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// A door.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The historian's account.
    #[error(transparent)]
    Note(#[from] StrangeNote),
    /// Engine state of the register that this program cannot read.
    #[error("the engine state of {device} cannot be read: {cause}")]
    State {
        /// Whose.
        device: schemas::DeviceId,
        /// What the engine said.
        cause: String,
    },
    /// A cursor stands where the journal holds nothing any more.
    #[error("the cursor of the {reader} stands at {cursor}, but the journal begins at {first}")]
    Gap {
        /// Which reader.
        reader: &'static str,
        /// Its cursor.
        cursor: u64,
        /// The oldest message.
        first: u64,
    },
    /// A message that must be in the journal is not.
    #[error("message {offset} is not in the journal any more")]
    Lost {
        /// Its offset.
        offset: u64,
    },
    /// Bad luck of ours.
    #[error("the {task} panicked")]
    Panicked {
        /// Which loop.
        task: &'static str,
    },
    /// A loop that was still waiting when the time to stop was over.
    #[error("{what} still did not work when the time to stop was over")]
    Deadline {
        /// What it waited for.
        what: &'static str,
    },
    /// A thread could not be started.
    #[error("a thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// Who is to be forgotten follows one another: one that waits is enough, and a second one waits at the door.
const FORGETTING: usize = 1;

/// What the pipeline is made of.
pub struct Parts {
    /// The loops' settings.
    pub settings: Settings,
    /// The log.
    pub journal: Journal,
    /// How messages are read; its catalogue is the city's.
    pub decoder: Arc<Decoder>,
    /// Where readings go.
    pub store: Arc<dyn Store>,
    /// Where messages go that gave none.
    pub quarantine: Arc<dyn Quarantine>,
    /// How much of them may wait there.
    pub bounds: Bounds,
    /// Where devices are entered.
    pub devices: Arc<dyn DeviceBook>,
    /// Where births are kept; the decoder has heard those of before.
    pub births: Arc<dyn BirthBook>,
    /// Where alerts go.
    pub alerts: Arc<dyn AlertBook>,
    /// Decides them; without state, the register's is restored into it.
    pub engine: Engine,
    /// The doors. None: what is in the journal is read to its end, and the pipeline ends.
    pub sources: Vec<Box<dyn Source>>,
    /// The screens.
    pub live: Live,
    /// Rung when there is something to tell.
    pub outbox: Arc<Notify>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// While commits are expensive, transitions wait no longer than this ([`crate::TOLD_WITHIN`]); longer only where nobody waits
    /// for them, as when a city's day is played within a minute.
    pub told_within: Duration,
}

/// Which loop ended, and how.
type Ending = (&'static str, Result<(), PipelineError>);

/// The loops, running.
pub struct Pipeline {
    stop: CancellationToken,
    deadline: CancellationToken,
    ended: mpsc::Receiver<Ending>,
    running: usize,
    drain: Duration,
    watch: PipelineWatch,
}

pub(crate) fn historian_start(view: &View) -> Result<(u64, Tallies), PipelineError> {
    match view.cursor(historian::NAME)? {
        None => Ok((view.first(), Tallies::default())),
        Some(cursor) => Ok((cursor.offset, Tallies::from_note(&cursor.note)?)),
    }
}

/// Gives the engine all that the last commit says of devices; up to where everything is judged, if there was a commit.
fn restore(engine: &mut Engine, alerts: &dyn AlertBook) -> Result<Option<u64>, PipelineError> {
    let mut damaged = None;
    let judged = alerts.restore(&mut |device, state| {
        if let Err(cause) = engine.restore(&device, state) {
            damaged.get_or_insert(PipelineError::State { device, cause: cause.to_string() });
        }
    })?;
    damaged.map_or(Ok(judged), Err)
}

fn check_gap(reader: &'static str, cursor: u64, view: &View) -> Result<(), PipelineError> {
    if cursor < view.first() { Err(PipelineError::Gap { reader, cursor, first: view.first() }) } else { Ok(()) }
}

impl Pipeline {
    /// Starts all loops: readers first, the doors last.
    ///
    /// # Errors
    /// A cursor, state or account that cannot be restored, or a thread that cannot be started.
    pub fn start(parts: Parts) -> Result<Self, PipelineError> {
        let Parts {
            settings,
            journal,
            decoder,
            store,
            quarantine,
            bounds,
            devices,
            births,
            alerts,
            mut engine,
            sources,
            live,
            outbox,
            clock,
            told_within,
        } = parts;
        let view = journal.view();
        let (done, tallies) = historian_start(&view)?;
        check_gap(historian::NAME, done, &view)?;
        let judged = restore(&mut engine, &*alerts)?.unwrap_or_else(|| view.first());
        check_gap(evaluator::NAME, judged, &view)?;
        // Both cursors exist before anything is released.
        if view.cursor(historian::NAME)?.is_none() {
            view.set_cursor(historian::NAME, &Cursor { offset: done, note: tallies.note() })?;
        }
        view.set_cursor(evaluator::NAME, &Cursor { offset: judged, note: bytes::Bytes::new() })?;

        let (stop, deadline) = (CancellationToken::new(), CancellationToken::new());
        let (tail, tail_seen) = watch::channel(view.next());
        let feed = Feed::new(view.clone(), decoder, tail_seen);
        let room = Arc::new(Room::default());
        let refused = DoorCount { before: tallies.refused, watches: sources.iter().map(|s| s.watch()).collect() };
        let holding = bounds.around(quarantine.holding(bounds.aged_before(clock.now()))?);
        let account = Arc::new(Account::new(Counted { done, tallies, departed: holding.departed }));
        let seen = Arc::new(Mutex::new(holding));
        let (give_orders, orders) = orders();
        let (forget, forgets) = mpsc::channel(FORGETTING);
        let gauges =
            |cursor: u64| Arc::new(ReaderGauges { cursor: cursor.into(), durable: cursor.into(), trouble: Mutex::default() });
        let (historian_gauges, evaluator_gauges) = (gauges(done), gauges(judged));
        let keeper_gauges = Arc::new(KeeperGauges::default());
        let runtime = Handle::current();
        let patience = |who, gauges: &Arc<ReaderGauges>| Patience {
            who,
            runtime: runtime.clone(),
            gauges: Arc::clone(gauges),
            deadline: deadline.clone(),
        };
        // One place for each loop's last word: a send never waits.
        let (end, ended) = mpsc::channel(sources.len() + 4);
        let mut running = 0;

        let (intake, reads) = Intake::new();
        let seal = feed.decoder().is_veiled().then(|| {
            let feed = Arc::clone(&feed);
            Box::new(move |messages| feed.decoder().keepable(messages)) as Seal
        });
        let doors = Arc::<Doors>::default();
        let keeper = Keeper {
            journal,
            inlet: Inlet::new(reads, seal),
            tail,
            room: Arc::clone(&room),
            gauges: Arc::clone(&keeper_gauges),
            doors: Arc::clone(&doors),
            deadline: deadline.clone(),
        };
        let historian = Historian {
            patience: patience(historian::NAME, &historian_gauges),
            feed: feed.reader(done),
            view: view.clone(),
            room: Arc::clone(&room),
            store,
            quarantine,
            devices,
            doors,
            births,
            account: Arc::clone(&account),
            refused: refused.clone(),
            policy: FlushPolicy { every: settings.flush_every, readings: settings.flush_readings },
            orders,
            ordered: None,
            warden: Warden::new(bounds, Arc::clone(&seen)),
            clock: Arc::clone(&clock),
        };
        let reader = feed.reader(judged);
        let evaluator = Evaluator {
            patience: patience(evaluator::NAME, &evaluator_gauges),
            rulings: feed.rulings(),
            forgets,
            asked: None,
            caught_up: reader.lag() == 0,
            feed: reader,
            view: view.clone(),
            room,
            engine,
            alerts,
            clock,
            live: live.clone(),
            outbox,
            commit_every: settings.commit_every,
            told_within,
        };
        for (name, body) in [
            (
                "keeper",
                Box::new(move || keeper.run().map_err(PipelineError::from))
                    as Box<dyn FnOnce() -> Result<(), PipelineError> + Send>,
            ),
            ("historian", Box::new(move || historian.run())),
            ("evaluator", Box::new(move || evaluator.run())),
        ] {
            let word = LastWord::new(name, &end);
            thread::Builder::new().name(name.to_owned()).spawn(move || word.say(body()))?;
            running += 1;
        }
        let live_gauges = gauges(view.next());
        let screens = live::run(feed.reader(view.next()), live, Arc::clone(&live_gauges), stop.clone());
        let word = LastWord::new(live::NAME, &end);
        runtime.spawn(async move { word.say(screens.await) });
        running += 1;
        for source in sources {
            let intake = intake.of(&source.watch()().name);
            let (word, stop, deadline) = (LastWord::new("source", &end), stop.clone(), deadline.clone());
            runtime.spawn(async move { word.say(source.run(intake, stop, deadline).await.map_err(PipelineError::from)) });
            running += 1;
        }
        let watch = PipelineWatch {
            view,
            account,
            refused,
            historian: historian_gauges,
            evaluator: evaluator_gauges,
            live: live_gauges,
            keeper: keeper_gauges,
            taken: intake.taken(),
            feed,
            orders: give_orders,
            forget,
            quarantine: seen,
        };
        Ok(Self { stop, deadline, ended, running, drain: settings.drain, watch })
    }

    /// Tells how the loops stand.
    #[must_use]
    pub fn watch(&self) -> PipelineWatch {
        self.watch.clone()
    }

    /// Waits until a loop ends by itself, which it does only when it must: the process should end.
    ///
    /// # Errors
    /// Why it ended.
    pub async fn broken(&mut self) -> Result<(), PipelineError> {
        match self.ended.recv().await {
            Some((name, result)) => {
                self.running -= 1;
                tracing::debug!(task = name, "a loop ended");
                result
            }
            None => Ok(()),
        }
    }

    /// Drains and ends all loops, within the drain time.
    ///
    /// # Errors
    /// The first loop that ended badly.
    pub async fn stop(mut self) -> Result<(), PipelineError> {
        self.stop.cancel();
        let late = tokio::time::sleep(self.drain);
        tokio::pin!(late);
        let mut first = Ok(());
        while self.running > 0 {
            // `recv` is cancel-safe, and the sleep is kept.
            tokio::select! {
                last_word = self.ended.recv() => {
                    let Some((_, result)) = last_word else { break };
                    self.running -= 1;
                    if first.is_ok() { first = result; }
                }
                () = &mut late, if !self.deadline.is_cancelled() => {
                    tracing::warn!("the time to stop is over: what is left is read again at the next start");
                    self.deadline.cancel();
                }
            }
        }
        first
    }
}

impl Drop for Pipeline {
    fn drop(&mut self) {
        self.stop.cancel();
        self.deadline.cancel();
    }
}

/// A loop's last word: said when it ends, and by its absence when it panics.
struct LastWord {
    task: &'static str,
    end: Option<mpsc::Sender<Ending>>,
}

impl LastWord {
    fn new(task: &'static str, end: &mpsc::Sender<Ending>) -> Self {
        Self { task, end: Some(end.clone()) }
    }

    fn say(mut self, result: Result<(), PipelineError>) {
        if let Some(end) = self.end.take() {
            // There is a place for each loop's word; without a listener the process is ending anyway.
            let _ = end.try_send((self.task, result));
        }
    }
}

impl Drop for LastWord {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.try_send((self.task, Err(PipelineError::Panicked { task: self.task })));
        }
    }
}
