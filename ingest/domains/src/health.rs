//! The health of devices of any kind: are they heard, how long will the battery last, do they drift, is their clock
//! right.

mod battery;
mod clock;
mod settings;
mod signal;

pub use battery::{BatteryForecast, battery_forecast};
pub use clock::{ClockSkew, clock_skew};
pub use settings::{BatterySettings, ClockSettings, DriftSettings, HealthSettings};
pub use signal::{Availability, Drift, availability, drift, offline, stuck};
