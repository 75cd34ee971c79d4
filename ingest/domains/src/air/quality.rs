//! Checks on hourly values: what cannot be, and what can hardly be. Nothing is deleted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Pollutant;
use crate::number::MAD_TO_SIGMA;
use crate::parameters::{Count, Positive, Real, Sourced};
use crate::{mad, median};

/// The bounds of the checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualitySettings {
    /// Below this a value of particles is no noise any more, ug/m3.
    pub floor_pm: Sourced<Real>,
    /// The same for nitrogen dioxide.
    pub floor_no2: Sourced<Real>,
    /// The same for ozone.
    pub floor_o3: Sourced<Real>,
    /// The same for sulphur dioxide.
    pub floor_so2: Sourced<Real>,
    /// The same for carbon monoxide.
    pub floor_co: Sourced<Real>,
    /// Above this nothing is believed, ug/m3.
    pub ceiling: Sourced<Positive>,
    /// The same for carbon monoxide.
    pub ceiling_co: Sourced<Positive>,
    /// So many identical values in a row, not 0, are a stuck sensor.
    pub stuck_hours: Sourced<Count>,
    /// Values round a spike that are compared, itself included.
    pub spike_window: Sourced<Count>,
    /// A spike is so many robust standard deviations from their median.
    pub spike_sigmas: Sourced<Positive>,
    /// And at least so far, ug/m3.
    pub spike_least: Sourced<Positive>,
    /// PM2.5 may exceed PM10 by this factor.
    pub fine_factor: Sourced<Positive>,
    /// And by this much, ug/m3.
    pub fine_offset: Sourced<Real>,
}

/// Why an hourly value is doubted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[schemars(rename = "AirDoubt")]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// So far below 0 that it is no noise. Invalid.
    BelowFloor,
    /// Above all that is believed. Invalid.
    AboveCeiling,
    /// One of many identical values.
    Stuck,
    /// Far from its neighbours.
    Spike,
    /// More PM2.5 than PM10, which contains it.
    FineAboveCoarse,
}

impl Doubt {
    /// Whether the value must not be averaged; else it is suspect, and is.
    #[must_use]
    pub const fn is_invalid(self) -> bool {
        matches!(self, Doubt::BelowFloor | Doubt::AboveCeiling)
    }
}

/// What is doubtful in the hourly values of one pollutant: (index, doubt), in order.
#[must_use]
pub fn check_hours(pollutant: Pollutant, values: &[Option<f64>], settings: &QualitySettings) -> Vec<(usize, Doubt)> {
    let floor = match pollutant {
        Pollutant::No2 | Pollutant::Nox => &settings.floor_no2,
        Pollutant::O3 => &settings.floor_o3,
        Pollutant::So2 => &settings.floor_so2,
        Pollutant::Co => &settings.floor_co,
        _ => &settings.floor_pm,
    };
    let ceiling = if pollutant == Pollutant::Co { &settings.ceiling_co } else { &settings.ceiling };
    let (floor, ceiling) = (floor.get(), ceiling.get());
    let mut found = Vec::new();
    for (i, value) in values.iter().enumerate() {
        let Some(value) = value else { continue };
        if *value < floor {
            found.push((i, Doubt::BelowFloor));
        }
        if *value > ceiling {
            found.push((i, Doubt::AboveCeiling));
        }
        if is_spike(values, i, *value, settings) {
            found.push((i, Doubt::Spike));
        }
    }
    found.extend(stuck(values, settings.stuck_hours.get() as usize).map(|i| (i, Doubt::Stuck)));
    found.sort_unstable();
    found
}

fn is_spike(values: &[Option<f64>], i: usize, value: f64, settings: &QualitySettings) -> bool {
    let half = settings.spike_window.get() as usize / 2;
    let round = values.get(i.saturating_sub(half)..values.len().min(i + half + 1)).unwrap_or_default();
    let round: Vec<f64> = round.iter().copied().flatten().collect();
    if round.len() <= half {
        // Too few neighbours to stand out from.
        return false;
    }
    let (Some(middle), Some(spread)) = (median(&round), mad(&round)) else { return false };
    let distance = (value - middle).abs();
    distance > settings.spike_sigmas.get() * MAD_TO_SIGMA * spread && distance > settings.spike_least.get()
}

/// The indices of values that are part of a run of at least `least` identical ones.
fn stuck(values: &[Option<f64>], least: usize) -> impl Iterator<Item = usize> {
    let mut found = Vec::new();
    let mut start = 0;
    for end in 1..=values.len() {
        let first = values.get(start).copied().flatten();
        let goes_on = first.is_some_and(|v| v != 0.0) && values.get(end).copied().flatten() == first;
        if !goes_on {
            if end - start >= least && first.is_some_and(|v| v != 0.0) {
                found.extend(start..end);
            }
            start = end;
        }
    }
    found.into_iter()
}

/// The hours in which there is more PM2.5 than the PM10 that contains it: (index, doubt). Both values are doubted.
#[must_use]
pub fn check_particles(pm25: &[Option<f64>], pm10: &[Option<f64>], settings: &QualitySettings) -> Vec<(usize, Doubt)> {
    let impossible = |(fine, coarse): (&Option<f64>, &Option<f64>)| match (fine, coarse) {
        (Some(fine), Some(coarse)) => *fine > *coarse * settings.fine_factor.get() + settings.fine_offset.get(),
        _ => false,
    };
    pm25.iter().zip(pm10).enumerate().filter(|(_, pair)| impossible(*pair)).map(|(i, _)| (i, Doubt::FineAboveCoarse)).collect()
}

/// The state of a value that is handed on to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HourState {
    /// Nothing against it.
    Valid,
    /// Doubted, and kept.
    Suspect,
    /// Not to be used.
    Invalid,
    /// Not there.
    Missing,
    /// While the instrument was calibrated or served.
    Calibration,
    /// Below what the instrument can detect; the value as measured.
    BelowLod,
    /// Below what it can detect, replaced by half of that.
    BelowLodHalved,
    /// Filled in.
    Estimated,
    /// True, and made by nature.
    NaturalDust,
}

/// The validity code of European reporting (EIONET vocabulary *observationvalidity*).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EeaValidity(pub i8);

impl EeaValidity {
    /// The code of a state. Ozone measured with the absorption cross-section CCQM.O3.2019 has one of its own.
    #[must_use]
    pub const fn of(state: HourState, ozone_2019: bool) -> Self {
        EeaValidity(match state {
            HourState::Valid | HourState::Suspect | HourState::NaturalDust if ozone_2019 => 4,
            HourState::Valid | HourState::Suspect | HourState::NaturalDust => 1,
            HourState::BelowLod => 2,
            HourState::BelowLodHalved => 3,
            HourState::Invalid | HourState::Missing | HourState::Estimated => -1,
            HourState::Calibration => -99,
        })
    }

    /// Whether a value with this code counts as valid: 1 to 4. Taking 1 alone loses all ozone since 2025.
    #[must_use]
    pub const fn is_valid(self) -> bool {
        matches!(self.0, 1..=4)
    }
}
