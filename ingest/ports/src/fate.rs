//! Every error knows its fate.

use std::time::Duration;

/// What becomes of the work that met an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The world is at fault: try again, not before `after` if the other side said so.
    Retry {
        /// How long the other side asked us to wait.
        after: Option<Duration>,
    },
    /// The input is at fault, or it was refused for good: put it aside with its reason, go on.
    Quarantine,
    /// We are at fault, or nothing can be trusted any more: end the process, exit 70.
    Stop,
}

/// An error that knows its fate. Implemented once per error type, with a `match` without `_`.
pub trait Fated: std::error::Error {
    /// What becomes of the work.
    fn fate(&self) -> Fate;
}
