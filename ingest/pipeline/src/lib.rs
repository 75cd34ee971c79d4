//! The loops between the socket and safety, and behind it: collector, keeper, feed, historian,
//! evaluator, live. Deliberately absent: any store, channel or page by name.

mod source;

pub use source::{Arrivals, Intake, KeeperGone, NoTicket, NotTaken, Source, SourceError, SourceWatch, Ticket};
