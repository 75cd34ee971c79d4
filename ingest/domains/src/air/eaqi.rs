//! The European Air Quality Index in its revision of 2024: hourly values, six bands, the worst pollutant.
//!
//! Bands from the European Environment Agency's index page (airindex.eea.europa.eu, read 2026-06). They are
//! printed as integers, so that a value is rounded to an integer first, halves up: that rounding is this
//! house's reading of them. The older scale (PM2.5 10/20/25/50/75 as a daily mean) is another index.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pollutant;
use super::index::{Index, grade};
use crate::{Finding, Lack, round_half_up};

/// Upper bounds of the bands *good* to *very poor*, ug/m3, for each pollutant of the index; above the last
/// is *extremely poor*.
pub const EAQI_BOUNDS: [(Pollutant, [i64; 5]); 5] = [
    (Pollutant::Pm25, [5, 15, 50, 90, 140]),
    (Pollutant::Pm10, [15, 45, 120, 195, 270]),
    (Pollutant::No2, [10, 25, 60, 100, 150]),
    (Pollutant::O3, [60, 100, 120, 160, 180]),
    (Pollutant::So2, [20, 40, 125, 190, 275]),
];

/// A band of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EaqiBand {
    /// 1.
    Good,
    /// 2.
    Fair,
    /// 3.
    Moderate,
    /// 4.
    Poor,
    /// 5.
    VeryPoor,
    /// 6.
    ExtremelyPoor,
}

impl EaqiBand {
    /// The band of a level of the index, 1 to 6; what is above is the last.
    #[must_use]
    pub const fn of(level: u8) -> Self {
        match level {
            0 | 1 => EaqiBand::Good,
            2 => EaqiBand::Fair,
            3 => EaqiBand::Moderate,
            4 => EaqiBand::Poor,
            5 => EaqiBand::VeryPoor,
            _ => EaqiBand::ExtremelyPoor,
        }
    }

    /// The stable code: `very_poor`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            EaqiBand::Good => "good",
            EaqiBand::Fair => "fair",
            EaqiBand::Moderate => "moderate",
            EaqiBand::Poor => "poor",
            EaqiBand::VeryPoor => "very_poor",
            EaqiBand::ExtremelyPoor => "extremely_poor",
        }
    }

    /// The colour that the agency gives it, `#rrggbb`.
    #[must_use]
    pub const fn colour(self) -> &'static str {
        match self {
            EaqiBand::Good => "#50F0E6",
            EaqiBand::Fair => "#50CCAA",
            EaqiBand::Moderate => "#F0E641",
            EaqiBand::Poor => "#FF5050",
            EaqiBand::VeryPoor => "#960032",
            EaqiBand::ExtremelyPoor => "#7D2181",
        }
    }
}

/// Where a station stands: decides which pollutants the index needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Siting {
    /// At a road: needs nitrogen dioxide and particles.
    Traffic,
    /// Anywhere else: ozone too.
    Background,
}

/// The level of one pollutant, 1 to 6; none for a pollutant that the index does not know or a value that
/// is not a number. A negative value counts as 0.
#[must_use]
pub fn eaqi_band(pollutant: Pollutant, ug_m3: f64) -> Option<u8> {
    let (_, bounds) = EAQI_BOUNDS.iter().find(|(p, _)| *p == pollutant)?;
    (!ug_m3.is_nan()).then(|| grade(bounds, round_half_up(ug_m3.max(0.0))))
}

/// The index of one hour at one station: the worst of its pollutants, if those are there that its siting
/// demands. `hour` holds valid hourly means, ug/m3.
#[must_use]
pub fn eaqi(hour: &BTreeMap<Pollutant, f64>, siting: Siting) -> Finding<Index> {
    let parts: Vec<_> = hour.iter().filter_map(|(p, value)| Some((*p, eaqi_band(*p, *value)?))).collect();
    let has = |p: Pollutant| parts.iter().any(|(there, _)| *there == p);
    let lack = if !has(Pollutant::No2) {
        Some(vec!["no2"])
    } else if !has(Pollutant::Pm25) && !has(Pollutant::Pm10) {
        Some(vec!["pm25", "pm10"])
    } else if siting == Siting::Background && !has(Pollutant::O3) {
        Some(vec!["o3"])
    } else {
        None
    };
    if let Some(lack) = lack {
        return Finding::Insufficient(Lack::OneOf(lack));
    }
    let partial = parts.len() < EAQI_BOUNDS.len();
    Index::worst(parts, partial).map_or(Finding::Insufficient(Lack::OneOf(vec!["no2"])), Finding::Value)
}
