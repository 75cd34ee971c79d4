//! The pollutants that law and indices name.

use schemars::JsonSchema;
use schemas::Quantity;
use serde::{Deserialize, Serialize};

/// What law and indices name. The order is the one in which ties between pollutants are broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pollutant {
    /// Particles up to 2.5 micrometres.
    Pm25,
    /// Particles up to 10 micrometres.
    Pm10,
    /// Nitrogen dioxide.
    No2,
    /// Ozone.
    O3,
    /// Sulphur dioxide.
    So2,
    /// Carbon monoxide; limits in mg/m3 stand in files as ug/m3.
    Co,
    /// Nitrogen oxides, as nitrogen dioxide.
    Nox,
    /// Benzene.
    Benzene,
    /// Lead in PM10.
    Lead,
    /// Cadmium in PM10.
    Cadmium,
}

impl Pollutant {
    /// Every pollutant.
    pub const ALL: [Pollutant; 10] = [
        Pollutant::Pm25,
        Pollutant::Pm10,
        Pollutant::No2,
        Pollutant::O3,
        Pollutant::So2,
        Pollutant::Co,
        Pollutant::Nox,
        Pollutant::Benzene,
        Pollutant::Lead,
        Pollutant::Cadmium,
    ];

    /// The stable code: `pm25`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Pollutant::Pm25 => "pm25",
            Pollutant::Pm10 => "pm10",
            Pollutant::No2 => "no2",
            Pollutant::O3 => "o3",
            Pollutant::So2 => "so2",
            Pollutant::Co => "co",
            Pollutant::Nox => "nox",
            Pollutant::Benzene => "benzene",
            Pollutant::Lead => "lead",
            Pollutant::Cadmium => "cadmium",
        }
    }

    /// The pollutant with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.code() == code)
    }

    /// What of the vocabulary measures it; none for what is only analysed in a laboratory.
    #[must_use]
    pub const fn quantity(self) -> Option<Quantity> {
        match self {
            Pollutant::Pm25 => Some(Quantity::AIR_PM2_5),
            Pollutant::Pm10 => Some(Quantity::AIR_PM10),
            Pollutant::No2 => Some(Quantity::AIR_NO2),
            Pollutant::O3 => Some(Quantity::AIR_O3),
            Pollutant::So2 => Some(Quantity::AIR_SO2),
            Pollutant::Co => Some(Quantity::AIR_CO),
            Pollutant::Nox | Pollutant::Benzene | Pollutant::Lead | Pollutant::Cadmium => None,
        }
    }
}
