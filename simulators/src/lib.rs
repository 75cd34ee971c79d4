//! A city of simulated devices: a number is a function of seed, device and tick.
//!
//! [`City`] is a small Casablanca of air stations, bins, parking bays and water meters that speak
//! the formats which `codec` reads. A [`Season`] is months of one, with its labels. [`Load`] is the opposite: many devices that say nothing of
//! interest, fast. A [`Scenario`] says what happens in a city and what goes wrong, and a [`Play`] is what is then heard, with
//! what must come of it.
//!
//! Deliberately absent: clock, sockets and threads (who publishes asks for a span of time), and any
//! rule about what is normal.

mod calendar;
mod chance;
mod city;
mod clock;
mod device;
mod expect;
mod expected;
mod fault;
mod kept;
mod load;
mod make;
mod pace;
mod physics;
mod places;
mod play;
mod scenario;
mod season;
mod shipped;
mod story;

pub use city::{City, District, HISTORY};
pub use device::{Publish, SimDevice, Truth};
pub use expect::{Expect, ExpectedAlert, ExpectedCount, ExpectedDoubt, SensorDoubt};
pub use expected::{Comparison, Expected};
pub use fault::{Class, FAULTS, Fault, FaultName};
pub use load::Load;
pub use make::Logged;
pub use play::{Destiny, Labels, Play, Sent, Told};
pub use scenario::{Act, ActKind, Every, MOST_DEVICES, Mix, Plan, Scenario, ScenarioError, World};
pub use season::{
    BaySeason, BinSeason, MeterSeason, Said, Season, SeasonDay, SensorTruth, StationHour, StationSeason, Trouble, TroubleKind,
};
pub use shipped::SHIPPED;
