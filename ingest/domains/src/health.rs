//! The health of devices of any kind: are they heard, how long will the battery last, do they drift, is their clock
//! right.

mod battery;
mod clock;
mod level;
mod settings;
mod signal;

pub use battery::{BatteryForecast, battery_forecast};
pub use clock::{ClockSkew, clock_skew};
pub use level::{Swing, residue_drift, standing_still};
pub use settings::{BatterySettings, ClockSettings, DriftSettings, HealthSettings, LevelSettings};
pub use signal::{Availability, Drift, NEIGHBOURS, availability, beside_neighbours, drift, offline, stuck};
