//! The Moroccan index of air quality (IQA): an integer from 1 to 10 for a day and a zone.
//!
//! Decree 2-09-286 article 8 fixes the range, joint order 1653-14 of 2014 the four pollutants and that it is
//! made from each station's daily maximum. Its grid could not be read; the grid of the former French ATMO
//! index, whose design it has, stands in `config/domains/air.toml` with that status.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Pollutant;
use super::index::{Index, grade};
use crate::parameters::{Sourced, Status};
use crate::{Capture, Finding, Lack, round_half_up};

/// The pollutants of the index.
const COVERED: [Pollutant; 4] = [Pollutant::Pm10, Pollutant::No2, Pollutant::O3, Pollutant::So2];

/// Which grid is taken for PM10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pm10Grid {
    /// In force from 2012 on; the default.
    V2012,
    /// The one before it.
    V2004,
}

/// Upper bounds of sub-index 1 to 9, ug/m3; above the last is 10.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IqaScale {
    /// Ascending.
    pub bounds: [i64; 9],
    /// How well the bounds are known.
    pub status: Status,
    /// Where they are from.
    pub source: String,
}

/// The grid of the index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IqaGrid {
    /// Which of the two for PM10.
    pub pm10: Sourced<Pm10Grid>,
    /// Daily maximum of hourly means.
    pub so2: IqaScale,
    /// Daily maximum of hourly means.
    pub no2: IqaScale,
    /// Daily maximum of hourly means.
    pub o3: IqaScale,
    /// Daily mean.
    pub pm10_2012: IqaScale,
    /// Daily mean.
    pub pm10_2004: IqaScale,
}

/// The hourly means of one background station on one local day, one slot an hour, ug/m3.
pub type StationDay = BTreeMap<Pollutant, Vec<Option<f64>>>;

impl IqaGrid {
    /// The scale of a pollutant; none if the index does not cover it.
    #[must_use]
    pub fn scale(&self, pollutant: Pollutant) -> Option<&IqaScale> {
        match (pollutant, self.pm10.chosen()) {
            (Pollutant::So2, _) => Some(&self.so2),
            (Pollutant::No2, _) => Some(&self.no2),
            (Pollutant::O3, _) => Some(&self.o3),
            (Pollutant::Pm10, Pm10Grid::V2012) => Some(&self.pm10_2012),
            (Pollutant::Pm10, Pm10Grid::V2004) => Some(&self.pm10_2004),
            _ => None,
        }
    }

    /// How well the grid in use is known: the worst of its scales. Shown with every index made from it.
    #[must_use]
    pub fn status(&self) -> Status {
        COVERED
            .into_iter()
            .filter_map(|p| self.scale(p))
            .map(|scale| scale.status)
            .chain([self.pm10.status])
            .max()
            .unwrap_or(Status::Unverified)
    }

    /// The same with another grid for PM10.
    #[must_use]
    pub fn with_pm10(self, pm10: Pm10Grid) -> Self {
        Self { pm10: self.pm10.choosing(pm10), ..self }
    }

    /// The sub-index of a city value, 1 to 10; none for a pollutant that the index does not cover.
    #[must_use]
    pub fn sub_index(&self, pollutant: Pollutant, ug_m3: f64) -> Option<u8> {
        let scale = self.scale(pollutant)?;
        (!ug_m3.is_nan()).then(|| grade(&scale.bounds, round_half_up(ug_m3.max(0.0))))
    }

    /// The city value of a pollutant: the mean over the stations with enough valid hours of their daily
    /// maximum (PM10: daily mean). Unrounded, ug/m3.
    #[must_use]
    pub fn city_value(pollutant: Pollutant, stations: &[StationDay], capture: Capture) -> Finding<f64> {
        let of_station = |station: &StationDay| {
            let hours = station.get(&pollutant)?;
            let valid: Vec<f64> = hours.iter().copied().flatten().collect();
            if !capture.is_met(valid.len(), hours.len()) {
                return None;
            }
            match pollutant {
                Pollutant::Pm10 => Some(valid.iter().sum::<f64>() / valid.len() as f64),
                _ => valid.into_iter().reduce(f64::max),
            }
        };
        Finding::mean(stations.iter().map(of_station), 1, stations.len())
    }

    /// The index of a zone's day. Published only with PM10 or ozone and one more pollutant; partial unless
    /// all four are there. Provisional as long as the day is not over: that is the caller's to say.
    #[must_use]
    pub fn day(&self, stations: &[StationDay], capture: Capture) -> Finding<Index> {
        let part = |p: Pollutant| Some((p, self.sub_index(p, Self::city_value(p, stations, capture).value()?)?));
        let parts: Vec<_> = COVERED.into_iter().filter_map(part).collect();
        let has = |p: Pollutant| parts.iter().any(|(there, _)| *there == p);
        if !has(Pollutant::Pm10) && !has(Pollutant::O3) {
            return Finding::Insufficient(Lack::OneOf(vec!["pm10", "o3"]));
        }
        if parts.len() < 2 {
            let missing = COVERED.into_iter().filter(|p| !has(*p)).map(Pollutant::code);
            return Finding::Insufficient(Lack::OneOf(missing.collect()));
        }
        let partial = parts.len() < COVERED.len();
        Index::worst(parts, partial).map_or(Finding::Insufficient(Lack::OneOf(vec!["pm10", "o3"])), Finding::Value)
    }

    /// What a level is called, in French and Arabic.
    #[must_use]
    pub const fn label(level: u8) -> (&'static str, &'static str) {
        match level {
            0..=2 => ("très bon", "جيد جدا"),
            3 | 4 => ("bon", "جيد"),
            5 => ("moyen", "متوسط"),
            6 | 7 => ("médiocre", "رديء"),
            8 | 9 => ("mauvais", "سيئ"),
            _ => ("très mauvais", "سيئ جدا"),
        }
    }
}
