//! The parameters of parking, as data: `config/domains/parking.toml`.

use serde::Deserialize;

use super::overstay::Enforcement;
use crate::parameters::{self, Count, ParameterError, Positive, Share, Sourced};

const SHIPPED: &str = include_str!("../../../../config/domains/parking.toml");
const FILE: &str = "config/domains/parking.toml";

/// When a state is believed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpaceSettings {
    /// A space is occupied after so many seconds without another word.
    pub occupied_after_s: Sourced<Positive>,
    /// And free after so many.
    pub free_after_s: Sourced<Positive>,
    /// Unknown after so many seconds of silence.
    pub unknown_after_s: Sourced<Positive>,
}

/// How full a zone is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OccupancySettings {
    /// With more than this part unknown or closed, confidence is low.
    pub unknown_share: Sourced<Share>,
    /// From here on drivers search, per cent.
    pub pressure_percent: Sourced<Positive>,
    /// For so many minutes.
    pub pressure_minutes: Sourced<Positive>,
    /// Aggregates of fewer spaces are not published.
    pub least_spaces: Sourced<Count>,
}

/// How long one may stay.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaySettings {
    /// In a metered space, minutes.
    pub metered_min: Sourced<Positive>,
    /// In a loading bay, minutes.
    pub loading_min: Sourced<Positive>,
    /// Beyond that nothing is said for so many minutes.
    pub grace_min: Sourced<Positive>,
}

/// When a sensor is doubted.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SensorSettings {
    /// Days without a change.
    pub stuck_days: Sourced<Positive>,
    /// While the middle one of its neighbours changed so often.
    pub neighbours_changed: Sourced<Count>,
    /// Changes of the middle one of its neighbours after which a sensor that has not changed is left out of counts.
    pub doubted_changes: Sourced<Count>,
}

/// The parameters of parking.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParkingSettings {
    /// When a state is believed.
    pub space: SpaceSettings,
    /// How full a zone is.
    pub occupancy: OccupancySettings,
    /// How long one may stay.
    pub stay: StaySettings,
    /// When that is looked at.
    pub enforcement: Enforcement,
    /// When a sensor is doubted.
    pub sensor: SensorSettings,
}

impl ParkingSettings {
    /// Reads parameters; `file` is named in errors.
    ///
    /// # Errors
    /// Not TOML, an unknown or missing key, a number outside its range, or hours that end before they begin.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParameterError> {
        let settings: Self = parameters::read(file, text)?;
        if settings.enforcement.ends_before_it_begins() {
            return Err(ParameterError::at(file, text, None, "enforcement ends before it begins, expected from < to"));
        }
        Ok(settings)
    }

    /// The parameters that are shipped.
    #[must_use]
    pub fn shipped() -> Self {
        Self::parse(FILE, SHIPPED).expect("the shipped parameters are tested")
    }

    /// Each parameter that is shipped, with its status and source.
    #[must_use]
    pub fn rows() -> Vec<parameters::Row> {
        parameters::rows(FILE, SHIPPED).expect("the shipped parameters are tested")
    }
}
