//! The loop around the planner: reads what was decided by a cursor of its own, plans, and commits messages,
//! reasons, state and cursor at once. What was decided is planned once, whenever the program ends.

use std::sync::Arc;
use std::time::Duration;

use ports::{Clock, PlanBook, PlanStep, RecordError};
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::curb::Curb;
use crate::curbed::Curbed;
use crate::plan::{Outcome, PieceError, Planner, Policy};
use crate::records::ask;

/// Transitions, and acts of operators, read at once.
const BATCH: usize = 500;

/// What was decided is looked for again after this long even if nobody woke us.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

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
    /// A loop over `book`. Whoever commits transitions or acts calls `decided.notify_waiters()` after it; the loop does
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
        let (mut out, mut cursor, mut acted) = (Outcome::default(), restored.cursor, restored.acted);
        let planner = Planner::restore(Arc::clone(&self.policy), &restored.pieces, self.clock.now(), &mut out)?;
        let fired: Vec<u64> = planner.firing().map(|(_, step)| step).collect();
        let open = ask(&self.book, &*self.clock, &stop, "planning", move |book| {
            let steps = fired.iter().map(|step| book.decided(step.saturating_sub(1), 1));
            Ok(steps.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect::<Vec<_>>())
        });
        let Some(open) = open.await? else { return Ok(()) };
        let mut planner = Curbed::new(planner, open);
        while !stop.is_cancelled() {
            let mut woken = std::pin::pin!(self.decided.notified());
            // Listens before it looks: what is committed between look and wait is not missed.
            woken.as_mut().enable();
            // Acts before steps: what an act is about is then among the steps that are read, or was before.
            let acts = ask(&self.book, &*self.clock, &stop, "planning", move |book| book.acts(acted, BATCH)).await?;
            let Some(acts) = acts else { return Ok(()) };
            let read = ask(&self.book, &*self.clock, &stop, "planning", move |book| book.decided(cursor, BATCH)).await?;
            let Some(read) = read else { return Ok(()) };
            // After the steps: what one of them inhibits is then known when the other is told.
            let now = self.clock.now();
            let sight = ask(&self.curb, &*self.clock, &stop, "planning", move |curb| curb.look(now)).await?;
            let Some(sight) = sight else { return Ok(()) };
            planner.see(sight);
            let before = (cursor, acted);
            for (number, transition) in &read {
                planner.observe(*number, transition, now, &mut out);
                cursor = *number;
            }
            let caught_up = read.len() < BATCH;
            if caught_up {
                for (number, act) in &acts {
                    planner.act(act, now, &mut out);
                    acted = *number;
                }
                planner.advance(now, &mut out);
            }
            let Outcome { posted, reasons } = std::mem::take(&mut out);
            let step = PlanStep { cursor, acted, pieces: planner.planner.take_dirty()?, posted, reasons, now };
            if (cursor, acted) != before || !step.pieces.is_empty() || !step.posted.is_empty() || !step.reasons.is_empty() {
                let ring = !step.posted.is_empty();
                let commit = ask(&self.book, &*self.clock, &stop, "planning", move |book| book.commit_plan(&step)).await?;
                if commit.is_none() {
                    return Ok(());
                }
                if ring {
                    self.posted.notify_waiters();
                }
            }
            if !caught_up || acts.len() >= BATCH {
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
