//! The loop around the planner, with a book in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ports::{PlanBook, PlanStep, RecordError, RestoredPlan};
use schemas::{Phase, Transition};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::dispatcher::Virtual;
use super::scene::parts;
use super::{channel, transition};
use crate::plan::{Policy, Receiver};
use crate::{Planning, Unbridled};

#[derive(Default)]
struct Book {
    decided: Mutex<Vec<Transition>>,
    steps: Mutex<Vec<PlanStep>>,
    busy: Mutex<u32>,
}

impl Book {
    fn posted(&self) -> Vec<String> {
        let steps = self.steps.lock().unwrap();
        steps.iter().flat_map(|s| &s.posted).map(|p| format!("{}/{}", p.receiver, p.id)).collect()
    }
}

impl PlanBook for Book {
    fn restore_plan(&self) -> Result<RestoredPlan, RecordError> {
        let steps = self.steps.lock().unwrap();
        let mut pieces = std::collections::BTreeMap::new();
        for (name, bytes) in steps.iter().flat_map(|s| s.pieces.clone()) {
            pieces.insert(name, bytes);
        }
        pieces.retain(|_, bytes| !bytes.is_empty());
        Ok(RestoredPlan { cursor: steps.last().map_or(0, |s| s.cursor), pieces: pieces.into_iter().collect() })
    }

    fn decided(&self, after: u64, rows: usize) -> Result<Vec<(u64, Transition)>, RecordError> {
        let decided = self.decided.lock().unwrap();
        let numbered = decided.iter().enumerate().map(|(place, t)| (place as u64 + 1, t.clone()));
        Ok(numbered.filter(|(number, _)| *number > after).take(rows).collect())
    }

    fn commit_plan(&self, step: &PlanStep) -> Result<(), RecordError> {
        let mut busy = self.busy.lock().unwrap();
        if *busy > 0 {
            *busy -= 1;
            return Err(RecordError::Unavailable("disk full".to_owned()));
        }
        self.steps.lock().unwrap().push(step.clone());
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_decided_is_planned_once_over_restarts_and_a_busy_register() {
    let book = Arc::new(Book::default());
    let receivers = vec![Receiver { name: channel("hook"), via: vec![channel("hook")], contractor: None, sheltered: false }];
    let policy = Policy::new(parts(receivers, &[], &[]));
    let (policy, clock) = (Arc::new(policy.unwrap()), Arc::new(Virtual(Instant::now())));
    let mut expected = Vec::new();
    for n in 0..4 {
        let (decided, posted, stop) = (Arc::new(Notify::new()), Arc::new(Notify::new()), CancellationToken::new());
        let planning = Planning::new(
            Arc::clone(&policy),
            Arc::clone(&book) as _,
            Arc::new(Unbridled),
            Arc::clone(&clock) as _,
            Arc::clone(&decided),
            Arc::clone(&posted),
        );
        let run = tokio::spawn(planning.run(stop.clone()));
        tokio::time::sleep(Duration::from_millis(10)).await;
        *book.busy.lock().unwrap() = 2;
        for to in [Phase::Pending, Phase::Firing, Phase::Resolved] {
            let mut t = transition(n, to);
            if to != Phase::Pending {
                t.notify = vec![channel("hook")];
                expected.push(format!("hook/{}", t.id));
            }
            book.decided.lock().unwrap().push(t);
        }
        let rung = posted.notified();
        decided.notify_waiters();
        tokio::time::timeout(Duration::from_secs(60), rung).await.expect("it rings when there is something to deliver");
        stop.cancel();
        run.await.unwrap().unwrap();
    }
    assert_eq!(book.posted(), expected);
}
