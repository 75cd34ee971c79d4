//! From volume fractions to mass concentrations and back, at any temperature and pressure.
//!
//! ug/m3 = ppb x M / Vm, with Vm = 22.41396954 x (273.15 + t) / 273.15 x 1013.25 / P (ideal gas; Directive
//! 2008/50/EC Annex VI fixes 20 Cel and 1013.25 hPa). What devices send is converted once, by `codec`, with
//! the directive's factors; this is for indices that want other conditions.

use serde::{Deserialize, Serialize};

/// Litres of an ideal gas in one mole at 0 Cel and 1013.25 hPa.
const MOLAR_VOLUME: f64 = 22.413_969_54;
const ZERO_CELSIUS: f64 = 273.15;
/// Standard pressure, hPa.
pub(crate) const STANDARD_HPA: f64 = 1013.25;

/// A gas with its molar mass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gas {
    /// Nitrogen dioxide.
    No2,
    /// Ozone.
    O3,
    /// Sulphur dioxide.
    So2,
    /// Carbon monoxide.
    Co,
    /// Nitric oxide.
    No,
    /// Benzene.
    C6h6,
}

impl Gas {
    /// Every gas.
    pub const ALL: [Gas; 6] = [Gas::No2, Gas::O3, Gas::So2, Gas::Co, Gas::No, Gas::C6h6];

    /// The stable code: `no2`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Gas::No2 => "no2",
            Gas::O3 => "o3",
            Gas::So2 => "so2",
            Gas::Co => "co",
            Gas::No => "no",
            Gas::C6h6 => "c6h6",
        }
    }

    /// The gas with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|g| g.code() == code)
    }

    /// Grams a mole.
    #[must_use]
    pub const fn molar_mass(self) -> f64 {
        match self {
            Gas::No2 => 46.0055,
            Gas::O3 => 47.9982,
            Gas::So2 => 64.0638,
            Gas::Co => 28.0101,
            Gas::No => 30.0061,
            Gas::C6h6 => 78.1118,
        }
    }

    /// Micrograms per cubic metre in one part per billion; none at or below absolute zero, without
    /// pressure, or where either is not a number.
    fn factor(self, celsius: f64, hpa: f64) -> Option<f64> {
        let kelvin = ZERO_CELSIUS + celsius;
        let real = kelvin.is_finite() && kelvin > 0.0 && hpa.is_finite() && hpa > 0.0;
        real.then(|| self.molar_mass() / (MOLAR_VOLUME * kelvin / ZERO_CELSIUS * STANDARD_HPA / hpa))
    }
}

/// Micrograms per cubic metre at `celsius` and `hpa`; none where these are not a gas's conditions.
#[must_use]
pub fn ug_m3_from_ppb(gas: Gas, ppb: f64, celsius: f64, hpa: f64) -> Option<f64> {
    Some(ppb * gas.factor(celsius, hpa)?)
}

/// Parts per billion of a concentration measured at `celsius` and `hpa`; none where these are not a gas's
/// conditions.
#[must_use]
pub fn ppb_from_ug_m3(gas: Gas, ug_m3: f64, celsius: f64, hpa: f64) -> Option<f64> {
    Some(ug_m3 / gas.factor(celsius, hpa)?)
}
