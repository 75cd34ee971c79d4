//! From the distance that a sensor measures to how full the bin is.

use serde::{Deserialize, Serialize};

use super::FillSettings;
use crate::parameters::Status;

/// Speed of sound in air at 0 Cel, m/s, and what it gains by the degree.
const SOUND: (f64, f64) = (331.3, 0.606);

/// A bin in which full is not above empty.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("full is at {full_mm} mm and empty at {empty_mm} mm from the sensor, expected 0 < full < empty")]
pub struct GeometryError {
    empty_mm: f64,
    full_mm: f64,
}

/// Where in a bin empty and full are, from the sensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BinGeometry {
    empty_mm: f64,
    full_mm: f64,
}

impl BinGeometry {
    /// Distances in millimetres when the bin is empty, and when it is full.
    ///
    /// # Errors
    /// Not 0 < full < empty.
    pub fn new(empty_mm: f64, full_mm: f64) -> Result<Self, GeometryError> {
        let fits = full_mm > 0.0 && full_mm < empty_mm && empty_mm.is_finite();
        if fits { Ok(Self { empty_mm, full_mm }) } else { Err(GeometryError { empty_mm, full_mm }) }
    }
}

/// A type of bin: its measures, and what it carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BinType {
    /// Its name in the settings: `four-wheel-1100`.
    pub name: String,
    /// Litres.
    pub litres: u32,
    /// Distance when empty, mm.
    pub empty_mm: f64,
    /// Distance when full, mm.
    pub full_mm: f64,
    /// What a full one weighs without itself, kg.
    pub load_kg: f64,
    /// NGSI category: `portable` or `underground`.
    pub category: String,
    /// How well the measures are known.
    pub status: Status,
    /// Where they are from.
    pub source: String,
}

impl BinType {
    /// Where empty and full are.
    ///
    /// # Errors
    /// Not 0 < full < empty.
    pub fn geometry(&self) -> Result<BinGeometry, GeometryError> {
        BinGeometry::new(self.empty_mm, self.full_mm)
    }
}

/// How full a bin is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Fill {
    /// Per cent, 0 to 100. NGSI-LD's `fillingLevel` is a hundredth of it.
    pub percent: f64,
    /// Closer than the sensor can tell: full, as far as it knows.
    pub saturated: bool,
}

/// Why a distance gives no fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum FillFault {
    /// The sensor heard no echo.
    #[error("no echo")]
    NoEcho,
    /// At or beyond the end of what the sensor can hear.
    #[error("at the end of the sensor's range")]
    MaxRange,
    /// Farther than this bin is deep.
    #[error("farther than the bin is deep")]
    OutOfRange,
}

impl FillFault {
    /// The stable code: `no_echo`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            FillFault::NoEcho => "no_echo",
            FillFault::MaxRange => "max_range",
            FillFault::OutOfRange => "out_of_range",
        }
    }
}

/// How full a bin is at a distance: 100 (E - d) / (E - F), brought into 0 to 100.
///
/// # Errors
/// The distance is none: 0, negative or not a number, at the end of the sensor's range, or farther than the
/// bin is deep with the tolerance of the settings.
pub fn fill(distance_mm: f64, bin: BinGeometry, settings: &FillSettings) -> Result<Fill, FillFault> {
    if distance_mm.is_nan() || distance_mm <= 0.0 {
        return Err(FillFault::NoEcho);
    }
    if distance_mm >= settings.max_range_mm.get() {
        return Err(FillFault::MaxRange);
    }
    if distance_mm > bin.empty_mm * settings.beyond_empty.get() {
        return Err(FillFault::OutOfRange);
    }
    if distance_mm < settings.dead_zone_mm.get() {
        return Ok(Fill { percent: 100.0, saturated: true });
    }
    let percent = 100.0 * (bin.empty_mm - distance_mm) / (bin.empty_mm - bin.full_mm);
    Ok(Fill { percent: percent.clamp(0.0, 100.0), saturated: false })
}

/// The distance that a sensor would have measured, had it known the air's temperature and not assumed one.
#[must_use]
pub fn temperature_corrected(distance_mm: f64, celsius: f64, settings: &FillSettings) -> f64 {
    let speed = |celsius: f64| SOUND.0 + SOUND.1 * celsius;
    distance_mm * speed(celsius) / speed(settings.assumed_celsius.get())
}
