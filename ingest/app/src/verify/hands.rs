//! A clock whose hands a scenario moves, and which knows when the evaluator has seen them.
//!
//! The evaluator lets time pass when nothing is ahead of it. Were the next messages handed over before it has, it would be a
//! matter of luck whether a silence is judged before what ends it, and two runs would tell different alerts.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use ports::Clock;
use schemas::Timestamp;
use tokio::sync::Notify;

/// The thread of the pipeline that lets time pass.
const EVALUATOR: &str = "evaluator";
/// It looks at the clock at most so often in a round of its loop: to let time pass, to commit, to know how long to sleep. Of so
/// many looks in a row one lets time pass.
const LOOKS: usize = 3;

/// See the module.
#[derive(Debug)]
pub(super) struct Hands {
    now: AtomicI64,
    looks: AtomicU64,
    looked: Notify,
}

impl Hands {
    pub(super) fn at(now: Timestamp) -> Arc<Self> {
        Arc::new(Self { now: AtomicI64::new(now.millis()), looks: AtomicU64::new(0), looked: Notify::new() })
    }

    pub(super) fn set(&self, now: Timestamp) {
        self.now.store(now.millis(), Ordering::SeqCst);
    }

    /// Waits until the evaluator, which `wake` wakes, has let time pass up to where the hands stand.
    pub(super) async fn is_seen(&self, wake: impl Fn()) {
        for _ in 0..LOOKS {
            let before = self.looks.load(Ordering::SeqCst);
            wake();
            while self.looks.load(Ordering::SeqCst) == before {
                // `notify_one` leaves a permit: a look between the two is not lost.
                self.looked.notified().await;
            }
        }
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        let now = Timestamp::clamped(self.now.load(Ordering::SeqCst));
        if std::thread::current().name() == Some(EVALUATOR) {
            self.looks.fetch_add(1, Ordering::SeqCst);
            self.looked.notify_one();
        }
        now
    }
}
