//! Readings and time in, transitions out: one engine that judges every alert of the house, live, in a
//! back-test and in a unit test.
//!
//! Rules are data ([`RuleSet::parse`]); a condition is a file and a line in a table
//! ([`conditions`]); the [`Engine`] does no I/O and knows no clock.
//!
//! Deliberately absent: who is told and how (`notify`), where alerts and engine state are kept
//! (`register`), when the engine is fed (`pipeline`), and corrections by late readings: in this
//! version a reading that is not newer than the last one judged changes no verdict.

mod condition;
mod device;
mod engine;
mod parse;
mod rule;
mod state;
mod text;
mod watch;

pub use condition::conditions;
pub use engine::Engine;
pub use parse::RuleError;
pub use rule::{Rule, RuleSet, Select};
pub use state::StateError;
