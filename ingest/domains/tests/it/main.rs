//! The crate from outside: the vectors of the specification, properties, and the shipped files.

#![expect(clippy::unwrap_used, reason = "a test stops where it meets what it did not expect")]

mod behaviour;
mod exceedances;
mod properties;
mod shipped;
mod truth;
mod vectors;
