//! The parameters of air, as data: `config/domains/air.toml`.

use serde::Deserialize;

use super::alarms::Ending;
use super::iqa::IqaGrid;
use super::low_cost::Correction;
use super::quality::QualitySettings;
use crate::Capture;
use crate::parameters::{self, Count, ParameterError, Positive, Real, Share, Sourced};

const SHIPPED: &str = include_str!("../../../../config/domains/air.toml");
const FILE: &str = "config/domains/air.toml";

/// How much of each period must be valid.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaptureSettings {
    /// Of an hour's readings.
    pub hour: Sourced<Share>,
    /// Of a day's hours or eight-hour means.
    pub day: Sourced<Share>,
    /// Of a year's values.
    pub year: Sourced<Share>,
    /// Of a year's values, for a report that must hold before the law.
    pub legal: Sourced<Share>,
}

/// How a pollutant usually goes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PatternSettings {
    /// Hours of the same hour of the day, or of the same wind, of which a mean is made at least.
    pub least_hours: Sourced<Count>,
    /// Below that wind no direction is believed, m/s.
    pub calm_m_s: Sourced<Positive>,
}

/// The parameters of air.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AirSettings {
    /// How much must be valid.
    pub capture: CaptureSettings,
    /// Checks on hourly values.
    pub quality: QualitySettings,
    /// How a pollutant usually goes.
    pub pattern: PatternSettings,
    /// When an episode ends.
    pub ending: Ending,
    /// The Moroccan index.
    pub iqa: IqaGrid,
    /// Low-cost PM2.5.
    pub low_cost: Correction,
    /// At which temperature ug/m3 of a gas become ppb for the index of the United States, Cel.
    pub us_aqi_celsius: Sourced<Real>,
}

impl AirSettings {
    /// Reads parameters; `file` is named in errors.
    ///
    /// # Errors
    /// Not TOML, an unknown or missing key, or a number outside its range.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParameterError> {
        let settings: Self = parameters::read(file, text)?;
        let grids = [&settings.iqa.so2, &settings.iqa.no2, &settings.iqa.o3, &settings.iqa.pm10_2012, &settings.iqa.pm10_2004];
        if grids.iter().any(|grid| !grid.bounds.is_sorted()) {
            return Err(ParameterError::at(file, text, None, "bounds of an index must ascend"));
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

    /// The capture of a day.
    #[must_use]
    pub fn day_capture(&self) -> Capture {
        Capture { share: self.capture.day.get() }
    }

    /// The capture of a year.
    #[must_use]
    pub fn year_capture(&self) -> Capture {
        Capture { share: self.capture.year.get() }
    }
}
