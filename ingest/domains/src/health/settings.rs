//! The parameters of device health, as data: `config/domains/health.toml`.

use serde::Deserialize;

use crate::parameters::{self, Count, ParameterError, Positive, Share, Sourced};

const SHIPPED: &str = include_str!("../../../../config/domains/health.toml");
const FILE: &str = "config/domains/health.toml";

/// How long a battery will last.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatterySettings {
    /// A battery below this needs planning, per cent.
    pub warning: Sourced<Positive>,
    /// A battery below this needs a visit, per cent.
    pub critical: Sourced<Positive>,
    /// A trend needs so many days with a level.
    pub least_days: Sourced<Count>,
    /// At most so many, the newest.
    pub most_days: Sourced<Count>,
    /// Below this a battery does not empty, points a day.
    pub least_slope: Sourced<Positive>,
}

/// Whether a sensor drifts away from its neighbours.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriftSettings {
    /// Differences at the end that are compared.
    pub recent: Sourced<Count>,
    /// With so many before.
    pub baseline: Sourced<Count>,
    /// A drift is so many robust standard deviations.
    pub sigmas: Sourced<Positive>,
}

/// Whether the sensor of a level that is emptied now and then, as a bin's, stands still or drifts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelSettings {
    /// Over so many days a level that does not move is looked at.
    pub still_days: Sourced<Count>,
    /// It does not move: by at most so many points.
    pub still: Sourced<Positive>,
    /// While the middle one of its neighbours moved by so many points.
    pub neighbours_moved: Sourced<Positive>,
    /// From this level on a bin is full and its sensor can say nothing else, per cent.
    pub full: Sourced<Positive>,
    /// A day on which the level moved by so many points is one of an emptying.
    pub emptying: Sourced<Positive>,
    /// Emptyings at the end that are compared.
    pub recent: Sourced<Count>,
    /// With so many before.
    pub baseline: Sourced<Count>,
    /// Emptyings are looked for in so many days.
    pub most_days: Sourced<Count>,
    /// A drift is so many robust standard deviations.
    pub sigmas: Sourced<Positive>,
    /// And at least so many points.
    pub least_shift: Sourced<Positive>,
}

/// Whether a clock is right.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockSettings {
    /// Off by more than this it is wrong, seconds.
    pub tolerance_s: Sourced<Positive>,
    /// It is judged by so many messages.
    pub least_messages: Sourced<Count>,
}

/// The parameters of device health.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthSettings {
    /// Messages that should arrive, as a part of those expected.
    pub availability: Sourced<Share>,
    /// Silent for so many intervals, a device is offline.
    pub offline_intervals: Sourced<Count>,
    /// And for at least so many hours.
    pub offline_least_h: Sourced<Positive>,
    /// Identical values in a row that are a stuck sensor.
    pub stuck_values: Sourced<Count>,
    /// Batteries.
    pub battery: BatterySettings,
    /// Drift.
    pub drift: DriftSettings,
    /// Levels of bins.
    pub level: LevelSettings,
    /// Clocks.
    pub clock: ClockSettings,
}

impl HealthSettings {
    /// Reads parameters; `file` is named in errors.
    ///
    /// # Errors
    /// Not TOML, an unknown or missing key, or a number outside its range.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParameterError> {
        parameters::read(file, text)
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
