//! Parking: what a space's sensor means, who stood how long, and how full a zone is, with how much of it is
//! known.
//!
//! Deliberately absent: anything about a vehicle or its driver. No plate, no image and no radio identifier is
//! taken in anywhere; a session is a space and two instants.

mod occupancy;
mod overstay;
mod sensors;
mod sessions;
mod settings;
mod space;
mod week;

pub use occupancy::{Occupancy, OccupancyError, SpaceCounts, occupancy, occupancy_over, publishable, search_pressure};
pub use overstay::{Enforcement, overstay};
pub use sensors::{SensorFault, believed, sensor_faults};
pub use sessions::{Session, SessionEnd, Stays, sessions, stays, turnover};
pub use settings::{OccupancySettings, ParkingSettings, SensorSettings, SpaceSettings, StaySettings};
pub use space::{Report, SpaceState, SpaceWatch, Transition, transitions};
pub use week::{HOURS_OF_WEEK, occupancy_by_week};
