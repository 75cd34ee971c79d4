//! Where readings are kept on one machine: the in-memory store, which is the specification in code,
//! the embedded store, and the suite that every store of the house passes.
//!
//! Deliberately absent: the journal (it is the embedded store's write-ahead log, and whoever appends
//! holds its cursor), local days (hours are UTC), and stores that live behind a network.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod embedded;
mod memory;
mod settings;

pub use embedded::{Embedded, Verified, copy, verify};
pub use memory::Memory;
pub use settings::{Engine, Keep, Settings};

use schemas::{DeviceId, SeriesKey};

/// The order of answers: device, quantity name, channel. (`SeriesKey` itself orders quantities by
/// their place in the vocabulary.)
fn order(key: &SeriesKey) -> (&DeviceId, &'static str, u8) {
    (&key.device, key.quantity.name(), key.channel)
}
