//! The codec through its public door, one module a format.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without, stops it")]

mod add_a_device;
mod chirpstack;
mod city;
mod common;
mod language;
mod marsad_json;
mod profiles;
mod real_frames;
mod reference;
mod total;
