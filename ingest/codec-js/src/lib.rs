//! Vendor decoders in JavaScript: `decodeUplink` of LoRaWAN TS013, and the older `Decoder` and `Decode`, in a sandbox.
//!
//! A [`Script`] is compiled once and shared; [`Script::run`] is a function of script, port, bytes and time and of nothing
//! else: each thread keeps an interpreter for it, and what a message leaves behind there is forgotten before the next.
//! [`Limits`] bound time, memory, stack and answer. [`cases`] holds a script against its vendor's published examples.
//!
//! Deliberately absent: files, network, a clock that moves, timers, and any meaning of what a script answers: profiles map
//! that to quantities. `docs/decisions/scripts.md` says why it is built like this, and what is not bounded.

pub mod cases;
mod deadline;
mod decoder;
mod diff;
mod engine;
mod error;
mod limits;
mod module;
mod script;

pub use decoder::decoder;
pub use error::{RunError, ScriptError};
pub use limits::Limits;
pub use script::{Output, Script, Uplink};
