//! The codec through its public door, one module a format.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without, stops it")]

mod chirpstack;
mod common;
mod fiware;
mod marsad_json;
mod network_servers;
mod opened;
mod reference;
mod senml;
mod sparkplug;
mod total;
mod vectors;
