//! The store over real InfluxDB servers, and over scripted ones that answer what real ones rarely do.

mod conformance;
mod crash;
mod ground;
mod hours;
mod refusals;
mod scripted;
mod setup;
