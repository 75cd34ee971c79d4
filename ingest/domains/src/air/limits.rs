//! Limits as data: one file a law, with what it is, since when, and how well each value is known.
//!
//! The shipped sets stand in `config/limits`. A set whose values could not be read is shipped empty: there is
//! then no number to be mistaken for law.

use jiff::civil::Date;
use schemars::JsonSchema;
use schemas::Texts;
use serde::{Deserialize, Serialize};

use super::{Pollutant, Stage};
use crate::parameters::{self, ParameterError, Positive, Status};

const SHIPPED: [(&str, &str); 5] = [
    ("config/limits/ma-2009.toml", include_str!("../../../../config/limits/ma-2009.toml")),
    ("config/limits/ma-2024.toml", include_str!("../../../../config/limits/ma-2024.toml")),
    ("config/limits/who-2021.toml", include_str!("../../../../config/limits/who-2021.toml")),
    ("config/limits/eu-2030.toml", include_str!("../../../../config/limits/eu-2030.toml")),
    ("config/limits/eu-2008.toml", include_str!("../../../../config/limits/eu-2008.toml")),
];

/// What is compared with a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// Means of ten minutes: not to be had from hourly values.
    TenMinutes,
    /// Means of a quarter of an hour: not to be had from hourly values.
    QuarterHour,
    /// Hourly means.
    Hour,
    /// Running means of eight hours, one an hour.
    Running8h,
    /// The largest eight-hour mean of each day.
    Mda8,
    /// Daily means.
    Day,
    /// The mean of the daily largest eight-hour means in the six consecutive months in which it is highest.
    PeakSeason,
    /// The mean of the year.
    Year,
}

impl Statistic {
    /// Whether one mean is compared, and not each value counted.
    #[must_use]
    pub const fn is_averaged(self) -> bool {
        matches!(self, Statistic::PeakSeason | Statistic::Year)
    }
}

/// What a limit protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LimitPurpose")]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// People.
    Health,
    /// Ecosystems.
    Ecosystems,
    /// Plants.
    Vegetation,
}

/// One limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Of what.
    pub pollutant: Pollutant,
    /// For whom.
    pub purpose: Purpose,
    /// What is compared.
    pub statistic: Statistic,
    /// With what, ug/m3; kept when equal.
    pub value: Positive,
    /// How many values may be above it in a year. None together with no percentile means none may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permitted: Option<u32>,
    /// This percentile by rank must keep it, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percentile: Option<f64>,
    /// It is exceeded only by more than so many values in a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consecutive: Option<u32>,
    /// Which interim target it is, 1 the mildest; none for a limit or guideline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interim: Option<u8>,
    /// How well it is known.
    pub status: Status,
    /// Where it is from.
    pub source: String,
}

/// One information or alert threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarm {
    /// Of what.
    pub pollutant: Pollutant,
    /// What it is for.
    pub stage: Stage,
    /// Hourly or daily means.
    pub statistic: Statistic,
    /// Exceeded above this, ug/m3.
    pub value: Positive,
    /// So many in a row.
    pub consecutive: parameters::Count,
    /// How well it is known.
    pub status: Status,
    /// Where it is from.
    pub source: String,
}

/// A law, directive or guideline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitSet {
    /// Its name in files and commands: `ma-2009`.
    pub id: String,
    /// What it is called.
    pub title: Texts,
    /// Where it was published.
    pub reference: String,
    /// How well the set as a whole is known.
    pub status: Status,
    /// Not the law of the place: shown for comparison.
    #[serde(default)]
    pub advisory: bool,
    /// First day on which it holds; none where it never began to bind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// Last day on which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
    /// Its limits.
    #[serde(default)]
    pub limit: Vec<Limit>,
    /// Its information and alert thresholds.
    #[serde(default)]
    pub alarm: Vec<Alarm>,
}

impl LimitSet {
    /// Reads a set; `file` is named in errors.
    ///
    /// # Errors
    /// Not TOML, an unknown key, a percentile outside 0 to 100, a limit with both a percentile and a permitted
    /// number, an alarm that is neither hourly nor daily, or a set that ends before it begins.
    pub fn parse(file: &str, text: &str) -> Result<Self, ParameterError> {
        let set: Self = parameters::read(file, text)?;
        let fail = |message: String| Err(ParameterError::at(file, text, None, message));
        for limit in &set.limit {
            let what = limit.pollutant.code();
            if limit.percentile.is_some_and(|q| !(0.0..=100.0).contains(&q)) {
                return fail(format!("a limit of {what} has a percentile outside 0 to 100"));
            }
            if limit.percentile.is_some() && limit.permitted.is_some() {
                return fail(format!("a limit of {what} has a percentile and a permitted number, expected one of them"));
            }
        }
        if let Some(alarm) = set.alarm.iter().find(|a| !matches!(a.statistic, Statistic::Hour | Statistic::Day)) {
            return fail(format!("an alarm of {} is on {:?}, expected hour or day", alarm.pollutant.code(), alarm.statistic));
        }
        if set.valid_from.zip(set.valid_to).is_some_and(|(from, to)| to < from) {
            return fail("valid_to is before valid_from".to_owned());
        }
        Ok(set)
    }

    /// The sets that are shipped: `ma-2009`, `ma-2024`, `who-2021`, `eu-2030`, `eu-2008`.
    #[must_use]
    pub fn shipped() -> Vec<Self> {
        SHIPPED.into_iter().map(|(file, text)| Self::parse(file, text).expect("the shipped limits are tested")).collect()
    }

    /// Whether it holds on a day. A guideline without a first day never does: it binds nobody.
    #[must_use]
    pub fn holds_on(&self, date: Date) -> bool {
        self.valid_from.is_some_and(|from| from <= date) && self.valid_to.is_none_or(|to| date <= to)
    }

    /// Whether a legal claim may rest on it: read in its source, the law of the place, and not empty.
    #[must_use]
    pub fn is_law(&self) -> bool {
        self.status == Status::Verified && !self.advisory && !self.limit.is_empty()
    }
}
