//! The parameters of water, as data: `config/domains/water.toml`.

use jiff::civil::Time;
use serde::Deserialize;

use crate::parameters::{self, Count, ParameterError, Positive, Share, Sourced, Status};

const SHIPPED: &str = include_str!("../../../../config/domains/water.toml");
const FILE: &str = "config/domains/water.toml";

/// What a meter is, and which steps of its index are believed. Litres.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeterSettings {
    /// Digits of the index: it wraps at ten to this power.
    pub digits: Sourced<Count>,
    /// Overload flow Q4, litres an hour.
    pub q4_l_per_h: Sourced<Positive>,
    /// What is above Q4 by this factor is not believed.
    pub spike_factor: Sourced<Positive>,
    /// The index may wrap from this part of its range on.
    pub rollover_from: Sourced<Share>,
    /// To this part of its range.
    pub rollover_to: Sourced<Share>,
    /// It may go back by this much.
    pub reverse_most: Sourced<Positive>,
    /// A meter that begins anew is at or below this.
    pub reset_most: Sourced<Positive>,
    /// Going back by this much is told.
    pub backflow_litres: Sourced<Positive>,
    /// So is going back so often in a day.
    pub backflow_times: Sourced<Count>,
}

/// What differs in the large meters that feed a district: everything else is as in any meter.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BulkSettings {
    /// Digits of the index: it wraps at ten to this power.
    pub digits: Sourced<Count>,
    /// Overload flow Q4, litres an hour.
    pub q4_l_per_h: Sourced<Positive>,
}

/// From indices to hours and days.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurveSettings {
    /// What is interpolated over more hours than this is estimated.
    pub estimated_after_h: Sourced<Positive>,
}

/// Flow that never stops. Litres.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeakSettings {
    /// For so many hours.
    pub hours: Sourced<Count>,
    /// Each with at least this.
    pub hour_least: Sourced<Positive>,
    /// A meter whose pulse is above this is looked at in windows.
    pub fine_pulse: Sourced<Positive>,
    /// Of so many hours.
    pub window_h: Sourced<Count>,
    /// Each with at least this.
    pub window_least: Sourced<Positive>,
    /// From this flow on it is moderate, litres an hour.
    pub moderate: Sourced<Positive>,
    /// And major, litres an hour.
    pub major: Sourced<Positive>,
    /// An hour below this ends it.
    pub clear_below: Sourced<Positive>,
}

/// A pipe that breaks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BurstSettings {
    /// Litres an hour.
    pub flow: Sourced<Positive>,
    /// So many readings of a quarter of an hour in a row.
    pub quarters: Sourced<Count>,
    /// Or one hour above the usual by this factor.
    pub factor: Sourced<Positive>,
    /// Usual is this percentile of the same hour of the week.
    pub usual_percentile: Sourced<Positive>,
}

/// What flows into a district at night.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NightSettings {
    /// The quiet hours, local.
    pub from: Time,
    /// To.
    pub to: Time,
    /// The quiet hours in Ramadan, when the night is awake.
    pub ramadan_from: Time,
    /// To.
    pub ramadan_to: Time,
    /// How well the hours are known.
    pub status: Status,
    /// Where they are from.
    pub source: String,
    /// What people use even then, litres an hour and connection.
    pub legitimate: Sourced<Positive>,
    /// Nights before that are compared.
    pub look_back_days: Sourced<Count>,
    /// Above their median by so many robust standard deviations.
    pub sigmas: Sourced<Positive>,
    /// In so many nights in a row.
    pub nights: Sourced<Count>,
}

/// Meters that stand still, and losses.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BalanceSettings {
    /// Days without a litre.
    pub stuck_days: Sourced<Count>,
    /// After so many days.
    pub before_days: Sourced<Count>,
    /// With this mean, litres a day.
    pub before_mean: Sourced<Positive>,
    /// Of a district's connections, so many must have been read.
    pub coverage: Sourced<Share>,
}

/// What may be published.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacySettings {
    /// A cell holds at least so many meters.
    pub least_meters: Sourced<Count>,
    /// And none of them more than this part of its sum.
    pub dominance: Sourced<Share>,
}

/// The parameters of water.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaterSettings {
    /// Meters.
    pub meter: MeterSettings,
    /// Meters that feed a district.
    pub bulk: BulkSettings,
    /// Hours and days.
    pub curve: CurveSettings,
    /// Leaks.
    pub leak: LeakSettings,
    /// Bursts.
    pub burst: BurstSettings,
    /// Nights.
    pub night: NightSettings,
    /// Losses.
    pub balance: BalanceSettings,
    /// Publication.
    pub privacy: PrivacySettings,
}

impl WaterSettings {
    /// Reads parameters; `file` is named in errors.
    ///
    /// # Errors
    /// Not TOML, an unknown or missing key, a number outside its range, or a night that ends before it begins.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParameterError> {
        let settings: Self = parameters::read(file, text)?;
        let night = &settings.night;
        if night.to <= night.from || night.ramadan_to <= night.ramadan_from {
            return Err(ParameterError::at(file, text, None, "the quiet hours end before they begin, expected from < to"));
        }
        Ok(settings)
    }

    /// Which steps are believed of a meter that feeds a district.
    #[must_use]
    pub fn bulk_meter(&self) -> MeterSettings {
        let BulkSettings { digits, q4_l_per_h } = self.bulk.clone();
        MeterSettings { digits, q4_l_per_h, ..self.meter.clone() }
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
