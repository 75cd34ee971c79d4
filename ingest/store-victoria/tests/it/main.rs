//! The store over real VictoriaMetrics servers.

mod conformance;
mod crash;
mod ground;
mod hours;
