//! What the city makes of its readings: indices and exceedances, forecasts and emptyings, occupancy and
//! sessions, consumption and leaks, and the calendar that all of them live by.
//!
//! Pure functions of readings and parameters. Three things hold everywhere:
//!
//! * a number that too few data carry is not a number but a [`Lack`], which says how many were there and
//!   how many were needed;
//! * a parameter that no published standard fixes is data, with its [`Status`] and source
//!   ([`parameters`]);
//! * local days are those of the [`time::CityTime`], of 23, 24 or 25 hours; instants are UTC.
//!
//! Deliberately absent: where readings are kept (`store`), who is alerted (`rules`, `notify`), and how
//! any of this is shown (`dashboards`).

pub mod air;
mod asset;
mod districts;
mod finding;
pub mod health;
mod number;
pub mod parameters;
pub mod parking;
mod purpose;
pub mod time;
pub mod waste;
pub mod water;

pub use asset::{Asset, Assets, Class, Country, Keeping, Locations, NoCountry};
pub use districts::{District, DistrictError, Districts};
pub use finding::{Capture, Finding, Lack};
pub use number::{mad, median, nearest_rank, round_half_up, theil_sen};
pub use parameters::{ParameterError, Status};
pub use purpose::{Purpose, Purposes};
