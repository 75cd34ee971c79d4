//! The loop around the planner: reads what was decided by a cursor of its own, plans, and commits messages,
//! reasons, state and cursor at once. What was decided is planned once, whenever the program ends.

use std::sync::Arc;
use std::time::Duration;

use ports::{Clock, PlanBook, PlanStep, Reason, RecordError};
use schemas::{Phase, Timestamp, Transition};
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::plan::{Outcome, PieceError, Planner, Policy};
use crate::records::ask;

/// Transitions read at once.
const BATCH: usize = 500;

/// What was decided is looked for again after this long even if nobody woke us.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Who knows why a step must not be told now: silences, inhibition, maintenance windows. Asked once for each
/// step into firing, in the order in which they were decided.
pub trait Curb: Send + Sync + 'static {
    /// The reason, where there is one.
    fn withheld(&self, transition: &Transition, now: Timestamp) -> Option<Reason>;
}

/// Nothing is withheld.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unbridled;

impl Curb for Unbridled {
    fn withheld(&self, _: &Transition, _: Timestamp) -> Option<Reason> {
        None
    }
}

/// Why planning ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum PlanningError {
    /// The register cannot be trusted any more.
    #[error("planning notifications: {0}")]
    Record(#[from] RecordError),
    /// What the planner remembers cannot be read.
    #[error("planning notifications: {0}")]
    Piece(#[from] PieceError),
}

/// Plans what is told.
pub struct Planning {
    policy: Arc<Policy>,
    book: Arc<dyn PlanBook>,
    curb: Arc<dyn Curb>,
    clock: Arc<dyn Clock>,
    decided: Arc<Notify>,
    posted: Arc<Notify>,
}

impl std::fmt::Debug for Planning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planning").finish_non_exhaustive()
    }
}

impl Planning {
    /// A loop over `book`. Whoever commits transitions calls `decided.notify_waiters()` after it; the loop does
    /// the same with `posted` where there is something to deliver.
    #[must_use]
    pub fn new(
        policy: Arc<Policy>,
        book: Arc<dyn PlanBook>,
        curb: Arc<dyn Curb>,
        clock: Arc<dyn Clock>,
        decided: Arc<Notify>,
        posted: Arc<Notify>,
    ) -> Self {
        Self { policy, book, curb, clock, decided, posted }
    }

    /// Plans until `stop`.
    ///
    /// # Errors
    /// The register is damaged, or holds a state that is not ours. Everything else is waited out.
    pub async fn run(self, stop: CancellationToken) -> Result<(), PlanningError> {
        let Some(restored) = ask(&self.book, &*self.clock, &stop, "planning", |book| book.restore_plan()).await? else {
            return Ok(());
        };
        let (mut out, mut cursor) = (Outcome::default(), restored.cursor);
        let mut planner = Planner::restore(Arc::clone(&self.policy), &restored.pieces, self.clock.now(), &mut out)?;
        while !stop.is_cancelled() {
            let mut woken = std::pin::pin!(self.decided.notified());
            // Listens before it looks: what is committed between look and wait is not missed.
            woken.as_mut().enable();
            let read = ask(&self.book, &*self.clock, &stop, "planning", move |book| book.decided(cursor, BATCH)).await?;
            let Some(read) = read else { return Ok(()) };
            let (now, before) = (self.clock.now(), cursor);
            for (number, transition) in &read {
                let fires = transition.to == Phase::Firing;
                let withheld = if fires { self.curb.withheld(transition, now) } else { None };
                planner.observe(*number, transition, withheld, now, &mut out);
                cursor = *number;
            }
            let caught_up = read.len() < BATCH;
            if caught_up {
                planner.advance(now, &mut out);
            }
            let Outcome { posted, reasons } = std::mem::take(&mut out);
            let step = PlanStep { cursor, pieces: planner.take_dirty()?, posted, reasons, now };
            if cursor != before || !step.pieces.is_empty() || !step.posted.is_empty() || !step.reasons.is_empty() {
                let ring = !step.posted.is_empty();
                let commit = ask(&self.book, &*self.clock, &stop, "planning", move |book| book.commit_plan(&step)).await?;
                if commit.is_none() {
                    return Ok(());
                }
                if ring {
                    self.posted.notify_waiters();
                }
            }
            if !caught_up {
                continue;
            }
            let pause = planner.wake_at().map_or(LOOK_AGAIN, |at| at.since(self.clock.now()).min(LOOK_AGAIN));
            // Every arm is cancel-safe: the register holds everything there is to know.
            tokio::select! {
                () = stop.cancelled() => {}
                () = woken => {}
                () = sleep(pause) => {}
            }
        }
        Ok(())
    }
}
