//! Readings and time in, transitions out: one engine that judges every alert of the house, live, in a
//! back-test and in a unit test.
//!
//! Rules are data ([`RuleSet::parse`]); a condition is a file and a line in a table
//! ([`conditions`]); the [`Engine`] does no I/O and knows no clock. A rule is tested by files of cases
//! ([`cases`]) and says in words what it does ([`Rule::explain`]).
//!
//! Deliberately absent: who is told and how (`notify`), what people do about an alert and where alerts and engine state
//! are kept (`register`), when the engine is fed (`pipeline`).

pub mod cases;
mod condition;
mod core;
mod correction;
mod device;
mod drive;
mod engine;
mod explain;
mod forget;
mod group;
mod history;
mod hours;
mod mark;
mod parse;
mod pile;
mod reload;
mod rule;
mod sample;
mod select;
mod stage;
mod state;
mod text;
mod watch;

pub use condition::conditions;
pub use drive::{IDLE, SETTLE, in_order};
pub use engine::Engine;
pub use explain::Explained;
pub use parse::RuleError;
pub use rule::{Rule, RuleSet};
pub use select::{Pattern, Select};
pub use state::StateError;
