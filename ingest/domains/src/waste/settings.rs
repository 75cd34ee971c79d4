//! The parameters of waste, as data: `config/domains/waste.toml`.

use serde::Deserialize;

use super::fill::BinType;
use crate::parameters::{self, Count, ParameterError, Positive, Sourced};

const SHIPPED: &str = include_str!("../../../../config/domains/waste.toml");
const FILE: &str = "config/domains/waste.toml";

/// What a distance can be.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FillSettings {
    /// From here on a sensor hears nothing, mm.
    pub max_range_mm: Sourced<Positive>,
    /// A distance beyond the empty bin's by this factor is no distance of this bin.
    pub beyond_empty: Sourced<Positive>,
    /// Nearer than this a sensor cannot tell, mm.
    pub dead_zone_mm: Sourced<Positive>,
    /// At which temperature the sensor assumes the speed of sound, Cel.
    pub assumed_celsius: Sourced<Positive>,
}

/// Outliers and emptyings. Levels in points of per cent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmptyingSettings {
    /// Samples that are compared, the one in the middle included.
    pub hampel_window: Sourced<Count>,
    /// An outlier is so many robust standard deviations from their median.
    pub hampel_sigmas: Sourced<Positive>,
    /// And at least so far.
    pub hampel_floor: Sourced<Positive>,
    /// The newest sample is doubted if it is higher than the one before by this.
    pub rise_suspect: Sourced<Positive>,
    /// An emptying drops by at least this.
    pub drop: Sourced<Positive>,
    /// And ends at or below this.
    pub ends_at: Sourced<Positive>,
    /// A partial emptying drops by at least this, and ends above.
    pub partial_drop: Sourced<Positive>,
    /// That of a nearly empty bin drops by at least this.
    pub light_drop: Sourced<Positive>,
    /// And ends at or below this, twice.
    pub light_ends_at: Sourced<Positive>,
}

/// When a bin will be full.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForecastSettings {
    /// How far back samples are looked at, hours.
    pub look_back_h: Sourced<Positive>,
    /// At most so many samples, the newest: pairs grow with their square.
    pub most_samples: Sourced<Count>,
    /// A trend needs so many.
    pub least_samples: Sourced<Count>,
    /// Over so many hours.
    pub least_span_h: Sourced<Positive>,
    /// Below this the bin does not fill, points an hour.
    pub least_slope: Sourced<Positive>,
    /// Which percentile of the slopes of pairs gives the cautious time.
    pub cautious_percentile: Sourced<Positive>,
    /// The cautious time takes the prior for this much faster.
    pub prior_margin: Sourced<Positive>,
    /// A prior is followed so far ahead, hours.
    pub horizon_h: Sourced<Positive>,
}

/// Levels of fill that are told, per cent.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LevelSettings {
    /// For information.
    pub info: Sourced<Positive>,
    /// Warning.
    pub warning: Sourced<Positive>,
    /// Critical: from here the contractor's time runs.
    pub critical: Sourced<Positive>,
    /// The bin overflows.
    pub overflow: Sourced<Positive>,
    /// So many samples in a row raise a level, and as many clear it.
    pub consecutive: Sourced<Count>,
    /// It is cleared below the level by this.
    pub clearance: Sourced<Positive>,
}

/// What a bin suffers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateSettings {
    /// It burns, from one sample, Cel.
    pub fire_celsius: Sourced<Positive>,
    /// It burns when also rising, Cel.
    pub heat_celsius: Sourced<Positive>,
    /// By so much, Cel.
    pub rise_celsius: Sourced<Positive>,
    /// Within so many minutes.
    pub rise_minutes: Sourced<Positive>,
    /// It has stopped burning after so many minutes below `heat_celsius`.
    pub cool_minutes: Sourced<Positive>,
    /// It lies, degrees.
    pub tilt_degrees: Sourced<Positive>,
    /// After so many seconds.
    pub tilt_seconds: Sourced<Positive>,
    /// It was moved, metres.
    pub moved_metres: Sourced<Positive>,
    /// Its lid stands open, minutes.
    pub lid_minutes: Sourced<Positive>,
}

/// How bins are chosen and driven to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoundSettings {
    /// A bin at or above this is emptied, per cent.
    pub fill: Sourced<Positive>,
    /// So is one that reaches this before the next pass, per cent.
    pub forecast: Sourced<Positive>,
    /// What a vehicle carries, kg.
    pub vehicle_kg: Sourced<Positive>,
    /// Collected below this, a bin was emptied for nothing, per cent.
    pub unnecessary: Sourced<Positive>,
    /// A sample is held for so many intervals, when hours of overflow are counted.
    pub hold_intervals: Sourced<Count>,
    /// Hours within which a critical bin must be emptied.
    pub critical_h: Sourced<Positive>,
    /// Hours within which an overflowing bin must be emptied.
    pub overflow_h: Sourced<Positive>,
}

/// The parameters of waste.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WasteSettings {
    /// From distance to fill.
    pub fill: FillSettings,
    /// Outliers and emptyings.
    pub emptying: EmptyingSettings,
    /// When a bin will be full.
    pub forecast: ForecastSettings,
    /// Levels.
    pub levels: LevelSettings,
    /// Fire, tilt, lid.
    pub state: StateSettings,
    /// Rounds and indicators.
    pub round: RoundSettings,
    /// Types of bins.
    #[serde(default)]
    pub bin_type: Vec<BinType>,
}

impl WasteSettings {
    /// Reads parameters; `file` is named in errors.
    ///
    /// # Errors
    /// Not TOML, an unknown or missing key, a number outside its range, or a bin whose full distance is not
    /// below its empty one.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParameterError> {
        let settings: Self = parameters::read(file, text)?;
        for bin in &settings.bin_type {
            bin.geometry().map_err(|e| ParameterError::at(file, text, None, format!("bin_type `{}`: {e}", bin.name)))?;
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
