//! The loops between the socket and safety, and behind it: collector, keeper, feed, historian,
//! evaluator, live.
//!
//! ```text
//! sources --(Arrivals, Ticket)--> keeper --> journal --> feed --> historian --> store, quarantine
//!    ^                               |                     |----> evaluator --> alerts, outbox
//!    '-----------(spend)-------------'                     '----> live (lossy)
//! ```
//!
//! Keeper, historian and evaluator are threads, since disks block; the rest are tasks. Deliberately
//! absent: any store, channel or page by name.

mod account;
mod append;
mod bounds;
pub mod collector;
mod doors;
mod evaluator;
mod feed;
mod heard;
mod historian;
mod inlet;
mod keeper;
mod live;
mod offline;
mod orders;
mod patience;
mod reread;
mod run;
mod source;
mod watch;

pub use account::{Account, Counted, StrangeNote, Tallies};
pub use bounds::Bounds;
pub use evaluator::{STATES, TOLD_WITHIN, pause_after};
pub use feed::{Feed, FeedError};
pub use heard::APART;
pub use keeper::KeeperGauges;
pub use offline::{drop_messages, drop_these, overlay, retry, standing};
pub use run::{Parts, Pipeline, PipelineError, Settings};
pub use source::{Arrivals, Intake, KeeperGone, NoTicket, NotTaken, Source, SourceError, SourceWatch, Ticket};
pub use watch::{PipelineWatch, ReaderGauges};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock whose holder panicked still guards whole values here: each is written in one step.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
