//! The codec through its public door, one module a format.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without, stops it")]

mod chirpstack;
mod common;
mod m_bus;
mod marsad_json;
mod parking_water;
mod points;
mod total;
