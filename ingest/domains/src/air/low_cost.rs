//! PM2.5 of low-cost sensors (Plantower, CF=1), corrected for humidity. Raw and corrected are both kept.
//!
//! The fit is for urban aerosol and smoke in the United States (Barkjohn and others, Atmos. Meas. Tech. 14,
//! 4617, 2021). For mineral dust it is wrong in an unknown way, and says so.

use serde::{Deserialize, Serialize};

use crate::parameters::{Positive, Real, Share, Sourced};

/// Which form of the fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Formula {
    /// Linear in the reading and the humidity, at any concentration.
    Linear2021,
    /// The same, turning into a quadratic at high concentrations.
    Extended2022,
}

/// The numbers of the fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Correction {
    /// Which form holds.
    pub formula: Sourced<Formula>,
    /// Of the reading.
    pub slope: Sourced<Real>,
    /// Of the relative humidity in per cent.
    pub humidity: Sourced<Real>,
    /// ug/m3.
    pub offset: Sourced<Real>,
    /// Where the quadratic begins to be mixed in, ug/m3.
    pub blend_from: Sourced<Positive>,
    /// From where on it holds alone, ug/m3.
    pub blend_to: Sourced<Positive>,
    /// Weight of the quadratic: slope.
    pub blend_slope: Sourced<Real>,
    /// Weight of the quadratic: offset.
    pub blend_offset: Sourced<Real>,
    /// Quadratic: of the square of the reading.
    pub square: Sourced<Real>,
    /// Quadratic: of the reading.
    pub linear: Sourced<Real>,
    /// Quadratic: ug/m3.
    pub constant: Sourced<Real>,
    /// Two channels may differ by this much, ug/m3.
    pub channels_apart: Sourced<Positive>,
    /// And by this part of their mean.
    pub channels_share: Sourced<Share>,
    /// Below this humidity, per cent, dust is thought of.
    pub dust_humidity: Sourced<Positive>,
    /// Above this ratio of PM10 to PM2.5 too.
    pub dust_ratio: Sourced<Positive>,
}

/// A corrected reading.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Corrected {
    /// What the sensor said, ug/m3.
    pub raw: f64,
    /// By the fit, ug/m3; may be below 0, and is kept so: an index counts it as 0.
    pub corrected: f64,
    /// Dry air and coarse particles: the fit is not made for mineral dust.
    pub uncertain: bool,
}

impl Correction {
    /// Corrects a reading at a relative humidity, per cent. `pm10` is that of the same sensor, where it has one.
    #[must_use]
    pub fn apply(&self, raw: f64, humidity: f64, pm10: Option<f64>) -> Corrected {
        let fit = self.slope.get() * raw + self.humidity.get() * humidity + self.offset.get();
        let corrected = match self.formula.chosen() {
            Formula::Extended2022 if raw >= self.blend_from.get() => {
                let quadratic = self.square.get() * raw * raw + self.linear.get() * raw + self.constant.get();
                let weight = self.blend_slope.get() * raw + self.blend_offset.get();
                let weight = if raw >= self.blend_to.get() { 1.0 } else { weight.clamp(0.0, 1.0) };
                weight * quadratic + (1.0 - weight) * fit
            }
            Formula::Extended2022 | Formula::Linear2021 => fit,
        };
        let coarse = pm10.is_some_and(|pm10| raw > 0.0 && pm10 / raw > self.dust_ratio.get());
        Corrected { raw, corrected, uncertain: coarse && humidity < self.dust_humidity.get() }
    }

    /// The mean of two channels; none if they differ by too much to believe either.
    #[must_use]
    pub fn channels(&self, a: f64, b: f64) -> Option<f64> {
        let (apart, mean) = ((a - b).abs(), f64::midpoint(a, b));
        let disagree = apart > self.channels_apart.get() && apart > self.channels_share.get() * mean;
        (!disagree && mean.is_finite()).then_some(mean)
    }
}
