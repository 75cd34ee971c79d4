//! Waste: how full a bin is, whether it was emptied, when it will be full, which bins to empty next and in
//! which order, and how the contractor did.
//!
//! Deliberately absent: whose territory a bin stands in is a table of the city, with dates; a round is a
//! proposal, the contractor drives.

mod emptying;
mod fill;
mod forecast;
mod history;
mod kpi;
mod levels;
mod outlier;
mod profile;
mod round;
mod settings;
mod state;
mod territory;

pub use emptying::{Emptying, EmptyingKind, emptyings};
pub use fill::{BinGeometry, BinType, Fill, FillFault, GeometryError, fill, temperature_corrected};
pub use forecast::{Basis, Forecast, Sample, Trend, forecast, soonest, trend};
pub use history::BinHistory;
pub use kpi::{BinDay, Kpi, Service, demand_multiplier, kpi, overflow_hours, response};
pub use levels::{Change, Level, LevelEvent, level_events, levels};
pub use outlier::hampel;
pub use profile::WeekProfile;
pub use round::{Candidate, Round, RoundError, Stop, plan_rounds};
pub use settings::{
    EmptyingSettings, FillSettings, ForecastSettings, LevelSettings, RoundSettings, StateSettings, WasteSettings,
};
pub use state::{BinState, FireWatch};
pub use territory::{Territories, TerritoryError};
