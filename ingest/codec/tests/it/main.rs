//! The codec through its public door, one module a format.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without, stops it")]

mod add_a_device;
mod chirpstack;
mod city;
mod common;
mod fiware;
mod language;
mod m_bus;
mod marsad_json;
mod network_servers;
mod opened;
mod parking_water;
mod points;
mod profiles;
mod real_frames;
mod senml;
mod sparkplug;
mod total;
mod vectors;
