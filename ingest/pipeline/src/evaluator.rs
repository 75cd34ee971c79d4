//! The evaluator: judges readings by its own cursor, backlog first, then sleeps until a reading comes
//! or the engine wants to be woken. Transitions, engine state and cursor are one commit; whom they are told is
//! planned behind it. When time goes on is the engine's to say ([`rules::SETTLE`]), so that a back-test of the same
//! readings says the same.
//!
//! It never waits for the store: a dead database delays no alert.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use journal::{Cursor, View};
use ports::{AlertBook, Clock, EvaluatorStep, Live, LiveFrame};
use rules::Engine;
use schemas::{Reading, Transition};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;

use crate::PipelineError;
use crate::feed::{FeedReader, Ruling};
use crate::keeper::Room;
use crate::orders::Forgetting;
use crate::patience::Patience;

/// The name of its cursor in the journal. The cursor that counts stands in the register; this one
/// follows it, so that the journal is not released too early.
pub(crate) const NAME: &str = "evaluator";
/// After a commit that took `c`, the next one waits for `PACE x c`: commits take at most a quarter of the evaluator's time
/// as long as one takes less than a third of [`TOLD_WITHIN`], and transitions of a quiet city are committed at once. A commit of
/// the states of thousands of devices takes longer than that (`marsad bench alert --only judge` prints it): there the bound
/// decides, and a larger `PACE` would change nothing.
const PACE: u32 = 3;
/// When so many devices have changed, a commit is due whatever else: no burst makes one commit so long, or so large in memory, that
/// alerts wait for it. Rows lie by device, so that smaller commits write the same pages more often.
pub const STATES: usize = 50_000;
/// Whatever a commit cost, transitions wait no longer than this where people wait for them.
pub const TOLD_WITHIN: Duration = Duration::from_secs(1);

/// How long transitions wait after a commit that took `cost`, at most `told_within`.
#[must_use]
pub fn pause_after(cost: Duration, told_within: Duration) -> Duration {
    (cost * PACE).min(told_within)
}

pub(crate) struct Evaluator {
    pub(crate) patience: Patience,
    pub(crate) feed: FeedReader,
    /// Rules that take the place of the engine's. Its sender is the feed's, so it never closes here.
    pub(crate) rulings: watch::Receiver<Option<Ruling>>,
    /// Devices to know nothing of any more. Its sender is the watch's, which may outlive nobody.
    pub(crate) forgets: mpsc::Receiver<Forgetting>,
    /// One that came while waiting.
    pub(crate) asked: Option<Forgetting>,
    pub(crate) view: View,
    pub(crate) room: Arc<Room>,
    pub(crate) engine: Engine,
    /// Everything that was kept before the start is judged.
    pub(crate) caught_up: bool,
    pub(crate) alerts: Arc<dyn AlertBook>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) live: Live,
    /// Rung after each commit that has something to tell.
    pub(crate) outbox: Arc<Notify>,
    /// State and cursor are committed at least this often, transitions or not.
    pub(crate) commit_every: Duration,
    /// Transitions wait no longer than this for a commit.
    pub(crate) told_within: Duration,
}

impl Evaluator {
    /// Runs until the keeper is gone and everything is judged, or the deadline.
    pub(crate) fn run(mut self) -> Result<(), PipelineError> {
        let mut transitions = Vec::new();
        let mut committed = self.feed.position();
        let mut last = Instant::now();
        let mut cost = Duration::ZERO;
        let mut catalogue = self.feed.catalogue();
        self.engine.set_catalogue(Arc::clone(&catalogue));
        loop {
            if self.patience.deadline.is_cancelled() {
                return Ok(());
            }
            // After a reload. It gives names to devices and decides nothing: no need to be woken for it.
            let listed = self.feed.catalogue();
            if !Arc::ptr_eq(&listed, &catalogue) {
                self.engine.set_catalogue(Arc::clone(&listed));
                catalogue = listed;
            }
            let pause = self.pause(&transitions, committed, last, cost);
            let alive = self.wait(pause);
            let batch = self.feed.next()?;
            if let Some(batch) = &batch {
                self.judge(&batch.readings, &mut transitions);
                self.patience.gauges.cursor.store(self.feed.position(), Ordering::Relaxed);
            }
            let ruled = self.rule(&mut transitions);
            let forgotten = self.forget();
            // Where nothing is said, time goes on by the clock, but only when everything that was said is read.
            if self.feed.lag() == 0 {
                self.engine.idle(self.clock.now(), &mut transitions);
                self.caught_up = true;
            }
            let ended = !alive && self.feed.lag() == 0;
            if ended || ruled || forgotten.is_some() || self.due(&transitions, committed, last, cost) {
                let began = Instant::now();
                self.commit(&mut transitions)?;
                committed = self.feed.position();
                last = Instant::now();
                cost = last - began;
            }
            if let Some(Forgetting { done, .. }) = forgotten {
                // Whoever asked may have gone; it is done all the same.
                let _ = done.send(());
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// Judges readings as a back-test does. What was kept while nobody judged is judged without letting time pass: a
    /// restart takes nobody's silence for his own.
    fn judge(&mut self, readings: &[Reading], transitions: &mut Vec<Transition>) {
        for reading in rules::in_order(readings) {
            if self.caught_up {
                self.engine.hear(reading, transitions);
            } else {
                self.engine.observe(reading, transitions);
            }
        }
    }

    /// Takes other rules where some were set and what was kept before them is judged.
    fn rule(&mut self, transitions: &mut Vec<Transition>) -> bool {
        let position = self.feed.position();
        // Seen only when taken: until then each loop looks again, and there is a message for each loop.
        let set = self.rulings.borrow().clone().filter(|ruling| ruling.from <= position);
        let Some(Ruling { rules, at, .. }) = set.filter(|ruling| !Arc::ptr_eq(&ruling.rules, self.engine.rules())) else {
            return false;
        };
        tracing::info!(rules = rules.rules().len(), "other rules judge from here on");
        self.engine.replace_rules(rules, at, transitions);
        true
    }

    /// Takes devices out of the engine where somebody asked for it. Its empty states go with the next commit.
    fn forget(&mut self) -> Option<Forgetting> {
        let forgetting = self.asked.take().or_else(|| self.forgets.try_recv().ok())?;
        self.engine.forget(&forgetting.devices);
        Some(forgetting)
    }

    fn due(&self, transitions: &[Transition], committed: u64, last: Instant, cost: Duration) -> bool {
        let waited = last.elapsed();
        let many = self.engine.changed() >= STATES;
        many || if transitions.is_empty() {
            self.feed.position() > committed && waited >= self.commit_every
        } else {
            waited >= pause_after(cost, self.told_within)
        }
    }

    /// How long to sleep if no message comes.
    fn pause(&self, transitions: &[Transition], committed: u64, last: Instant, cost: Duration) -> Duration {
        let timer = self.engine.due_at().map_or(Duration::MAX, |at| at.since(self.clock.now()));
        let commit = if !transitions.is_empty() {
            pause_after(cost, self.told_within).saturating_sub(last.elapsed())
        } else if self.feed.position() > committed {
            self.commit_every.saturating_sub(last.elapsed())
        } else {
            Duration::MAX
        };
        timer.min(commit).min(Duration::from_secs(3600))
    }

    /// False: the keeper is gone.
    fn wait(&mut self, pause: Duration) -> bool {
        let deadline = self.patience.deadline.clone();
        self.patience.runtime.block_on(async {
            // `ready`, `changed` and `cancelled` only look at shared state, and `recv` leaves what it did not give: dropping one loses
            // nothing.
            tokio::select! {
                alive = timeout(pause, self.feed.ready()) => alive.unwrap_or(true),
                // Never an error: the feed lives as long as its reader.
                _ = self.rulings.changed() => true,
                // What was received is kept; none: nobody is left who could ask.
                Some(asked) = self.forgets.recv() => {
                    self.asked = Some(asked);
                    true
                }
                () = deadline.cancelled() => true,
            }
        })
    }

    fn commit(&mut self, transitions: &mut Vec<Transition>) -> Result<(), PipelineError> {
        let step = EvaluatorStep {
            cursor: self.feed.position(),
            states: self.engine.take_dirty(),
            transitions: std::mem::take(transitions),
            now: self.clock.now(),
        };
        self.patience.retry("the register", || self.alerts.commit(&step))?;
        self.patience.gauges.durable.store(step.cursor, Ordering::Relaxed);
        let cursor = Cursor { offset: step.cursor, note: Bytes::new() };
        match self.view.set_cursor(NAME, &cursor) {
            Ok(()) => self.room.ring(),
            Err(error) if error.is_transient() => tracing::debug!(%error, "the evaluator's cursor follows later"),
            Err(error) => return Err(error.into()),
        }
        if !step.transitions.is_empty() {
            self.outbox.notify_waiters();
            self.live.tell(LiveFrame::Transitions(step.transitions.into()));
        }
        Ok(())
    }
}
