//! The NowCast of particles: the last twelve hours, the newest weighing most, the more so the more the air
//! changes (EPA NowCast fact sheet; AirNow forum 172).

use serde::{Deserialize, Serialize};

use super::us_aqi::{Concentration, Measure};

/// Hours that are looked at.
const HOURS: usize = 12;
/// The least weight of an hour against the one after it.
const LEAST_WEIGHT: f64 = 0.5;

/// Which particles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Particles {
    /// Truncated to 0.1 ug/m3.
    Pm25,
    /// Truncated to 1 ug/m3.
    Pm10,
}

/// A NowCast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NowCast {
    /// Unrounded, ug/m3.
    pub raw: f64,
    /// As the index takes it.
    pub concentration: Concentration,
}

/// The NowCast of hourly means, newest first, ug/m3; none unless two of the three newest are valid.
///
/// Negative hours count as 0. An hour that is missing keeps its age: the ones before it are not renumbered.
/// Hours beyond the twelfth are not looked at.
#[must_use]
pub fn nowcast(particles: Particles, newest_first: &[Option<f64>]) -> Option<NowCast> {
    let hours: Vec<Option<f64>> =
        newest_first.iter().take(HOURS).map(|h| h.filter(|v| v.is_finite()).map(|v| v.max(0.0))).collect();
    if hours.iter().take(3).flatten().count() < 2 {
        return None;
    }
    let most = hours.iter().flatten().copied().reduce(f64::max)?;
    let least = hours.iter().flatten().copied().reduce(f64::min)?;
    let weight = if most > 0.0 { (least / most).max(LEAST_WEIGHT) } else { 1.0 };
    let (mut sum, mut weights, mut of_age) = (0.0, 0.0, 1.0);
    for hour in &hours {
        if let Some(value) = hour {
            sum += of_age * value;
            weights += of_age;
        }
        of_age *= weight;
    }
    let raw = sum / weights;
    let measure = match particles {
        Particles::Pm25 => Measure::Pm25,
        Particles::Pm10 => Measure::Pm10,
    };
    Some(NowCast { raw, concentration: Concentration::truncated(measure, raw)? })
}
