//! A city of simulated devices: a number is a function of seed, device and tick.
//!
//! [`City`] is a small Casablanca of air stations, bins, parking bays and water meters that speak
//! the formats which `codec` reads. A [`Season`] is months of one, with its labels. [`Load`] is the opposite: many devices that say nothing of
//! interest, fast.
//!
//! Deliberately absent: clock, sockets and threads (who publishes asks for a span of time), and any
//! rule about what is normal.

mod chance;
mod city;
mod device;
mod load;
mod pace;
mod physics;
mod places;
mod season;
mod story;

pub use city::{City, HISTORY};
pub use device::{Publish, SimDevice, Truth};
pub use load::Load;
pub use season::{
    BaySeason, BinSeason, MeterSeason, Said, Season, SeasonDay, SensorTruth, StationHour, StationSeason, Trouble, TroubleKind,
};
