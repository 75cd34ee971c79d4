//! A collector between a broker and a keeper that the test plays itself.

mod mosquitto;
mod rig;
mod sessions;
mod settings;
mod throughput;
mod traps;
