//! The engine as its users see it: rules in TOML, readings in, transitions out.

#![expect(clippy::unwrap_used, reason = "a test stops where it meets what it did not expect")]

mod conditions;
mod determinism;
mod files;
mod forget;
mod forms;
mod group;
mod hours;
mod late;
mod memory;
mod model;
mod reenacted;
mod reload;
mod scene;
mod shipped;
mod vectors;
