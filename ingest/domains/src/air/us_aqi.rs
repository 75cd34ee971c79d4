//! The index of the United States (AQI), breakpoints of May 2024 (EPA-454/B-24-002), in scaled integers.
//!
//! In floating point the agency's own example, ozone 0.078 ppm = 125.5, comes out as 125 and not 126. Here a
//! concentration is truncated to a whole number of its last decimal, and the rest is integer arithmetic.

use serde::{Deserialize, Serialize};

use super::convert::{Gas, STANDARD_HPA, ppb_from_ug_m3};

/// What is averaged, over how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Measure {
    /// Ozone over eight hours, ppm.
    #[serde(rename = "o3_8h")]
    O3EightHours,
    /// Ozone over one hour, ppm; only from 0.125 on.
    #[serde(rename = "o3_1h")]
    O3Hour,
    /// PM2.5 over 24 hours or as NowCast, ug/m3.
    #[serde(rename = "pm25_24h")]
    Pm25,
    /// PM10 over 24 hours or as NowCast, ug/m3.
    #[serde(rename = "pm10_24h")]
    Pm10,
    /// Carbon monoxide over eight hours, ppm.
    #[serde(rename = "co_8h")]
    Co,
    /// Sulphur dioxide over one hour, ppb; up to 304.
    #[serde(rename = "so2_1h")]
    So2Hour,
    /// Sulphur dioxide over 24 hours, ppb; only from 305 on.
    #[serde(rename = "so2_24h")]
    So2Day,
    /// Nitrogen dioxide over one hour, ppb.
    #[serde(rename = "no2_1h")]
    No2,
}

/// Lowest and highest concentration, in the last decimal's unit, and the index at both.
type Step = (i64, i64, i64, i64);

/// How a measure is truncated, and its steps.
struct Table {
    measure: Measure,
    code: &'static str,
    decimals: u32,
    steps: &'static [Step],
}

static TABLES: [Table; 8] = [
    Table {
        measure: Measure::O3EightHours,
        code: "o3_8h",
        decimals: 3,
        steps: &[(0, 54, 0, 50), (55, 70, 51, 100), (71, 85, 101, 150), (86, 105, 151, 200), (106, 200, 201, 300)],
    },
    Table {
        measure: Measure::O3Hour,
        code: "o3_1h",
        decimals: 3,
        steps: &[(125, 164, 101, 150), (165, 204, 151, 200), (205, 404, 201, 300), (405, 604, 301, 500)],
    },
    Table {
        measure: Measure::Pm25,
        code: "pm25_24h",
        decimals: 1,
        steps: &[
            (0, 90, 0, 50),
            (91, 354, 51, 100),
            (355, 554, 101, 150),
            (555, 1254, 151, 200),
            (1255, 2254, 201, 300),
            (2255, 3254, 301, 500),
        ],
    },
    Table {
        measure: Measure::Pm10,
        code: "pm10_24h",
        decimals: 0,
        steps: &[
            (0, 54, 0, 50),
            (55, 154, 51, 100),
            (155, 254, 101, 150),
            (255, 354, 151, 200),
            (355, 424, 201, 300),
            (425, 604, 301, 500),
        ],
    },
    Table {
        measure: Measure::Co,
        code: "co_8h",
        decimals: 1,
        steps: &[
            (0, 44, 0, 50),
            (45, 94, 51, 100),
            (95, 124, 101, 150),
            (125, 154, 151, 200),
            (155, 304, 201, 300),
            (305, 504, 301, 500),
        ],
    },
    Table {
        measure: Measure::So2Hour,
        code: "so2_1h",
        decimals: 0,
        steps: &[(0, 35, 0, 50), (36, 75, 51, 100), (76, 185, 101, 150), (186, 304, 151, 200)],
    },
    Table { measure: Measure::So2Day, code: "so2_24h", decimals: 0, steps: &[(305, 604, 201, 300), (605, 1004, 301, 500)] },
    Table {
        measure: Measure::No2,
        code: "no2_1h",
        decimals: 0,
        steps: &[
            (0, 53, 0, 50),
            (54, 100, 51, 100),
            (101, 360, 101, 150),
            (361, 649, 151, 200),
            (650, 1249, 201, 300),
            (1250, 2049, 301, 500),
        ],
    },
];

impl Measure {
    /// Every measure.
    pub const ALL: [Measure; 8] = [
        Measure::O3EightHours,
        Measure::O3Hour,
        Measure::Pm25,
        Measure::Pm10,
        Measure::Co,
        Measure::So2Hour,
        Measure::So2Day,
        Measure::No2,
    ];

    fn table(self) -> &'static Table {
        TABLES.iter().find(|t| t.measure == self).expect("every measure has a table, which a test reads through")
    }

    /// The stable code: `pm25_24h`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.table().code
    }

    /// The measure with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        TABLES.iter().find(|t| t.code == code).map(|t| t.measure)
    }
}

/// A concentration truncated as the index wants it: a whole number of the measure's last decimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Concentration {
    measure: Measure,
    units: i64,
}

/// Concentrations are cut at this many units of the sixth decimal: far above any table, far below overflow.
const LARGEST: f64 = 1e15;

impl Concentration {
    /// Truncates a value in the measure's unit; below 0 is 0; none if it is not a number.
    ///
    /// Binary noise below a millionth of the unit is rounded away first, so that a mean that is 35.4 but for
    /// its last bit is not truncated to 35.3.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "brought into range first")]
    pub fn truncated(measure: Measure, value: f64) -> Option<Self> {
        if value.is_nan() {
            return None;
        }
        let millionths = (value * 1e6).round().clamp(0.0, LARGEST) as i64;
        let units = millionths / 10_i64.pow(6 - measure.table().decimals);
        Some(Self { measure, units })
    }

    /// Truncates a concentration in ug/m3. Gases become parts per billion or million at 1013.25 hPa and `celsius`, which
    /// the settings of air fix at 25 for this index and for it alone; none if it is not a number.
    #[must_use]
    pub fn from_ug_m3(measure: Measure, ug_m3: f64, celsius: f64) -> Option<Self> {
        let ppb = |gas| ppb_from_ug_m3(gas, ug_m3, celsius, STANDARD_HPA);
        let value = match measure {
            Measure::Pm25 | Measure::Pm10 => ug_m3,
            Measure::O3EightHours | Measure::O3Hour => ppb(Gas::O3)? / 1e3,
            Measure::Co => ppb(Gas::Co)? / 1e3,
            Measure::So2Hour | Measure::So2Day => ppb(Gas::So2)?,
            Measure::No2 => ppb(Gas::No2)?,
        };
        Self::truncated(measure, value)
    }

    /// Back in the measure's unit.
    #[must_use]
    pub fn value(self) -> f64 {
        self.units as f64 / 10_f64.powi(i32::try_from(self.measure.table().decimals).unwrap_or(0))
    }
}

/// What a value of the index means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AqiCategory {
    /// 0 to 50.
    Good,
    /// 51 to 100.
    Moderate,
    /// 101 to 150: unhealthy for sensitive groups.
    Usg,
    /// 151 to 200.
    Unhealthy,
    /// 201 to 300.
    VeryUnhealthy,
    /// 301 to 500.
    Hazardous,
    /// Above the table.
    BeyondIndex,
}

impl AqiCategory {
    /// The category of a raw index.
    #[must_use]
    pub const fn of(raw: i64) -> Self {
        match raw {
            i64::MIN..=50 => AqiCategory::Good,
            51..=100 => AqiCategory::Moderate,
            101..=150 => AqiCategory::Usg,
            151..=200 => AqiCategory::Unhealthy,
            201..=300 => AqiCategory::VeryUnhealthy,
            301..=500 => AqiCategory::Hazardous,
            _ => AqiCategory::BeyondIndex,
        }
    }

    /// The stable code: `usg`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            AqiCategory::Good => "good",
            AqiCategory::Moderate => "moderate",
            AqiCategory::Usg => "usg",
            AqiCategory::Unhealthy => "unhealthy",
            AqiCategory::VeryUnhealthy => "very_unhealthy",
            AqiCategory::Hazardous => "hazardous",
            AqiCategory::BeyondIndex => "beyond_index",
        }
    }
}

/// The index of one measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SubIndex {
    /// Of what.
    pub measure: Measure,
    /// By the table, and above it by the slope of its last step.
    pub raw: i64,
}

impl SubIndex {
    /// What is published: at most 500.
    #[must_use]
    pub fn published(&self) -> i64 {
        self.raw.min(500)
    }

    /// What it means.
    #[must_use]
    pub fn category(&self) -> AqiCategory {
        AqiCategory::of(self.raw)
    }
}

/// The index of one measure: Ilo + (Ihi - Ilo) / (BPhi - BPlo) x (C - BPlo), halves up.
///
/// None where the measure does not decide: ozone over one hour below 0.125 ppm, over eight hours above
/// 0.200, sulphur dioxide over 24 hours below 305 ppb. Over one hour it is 200 from 305 ppb on, until the 24
/// hours decide.
#[must_use]
pub fn us_sub_index(concentration: Concentration) -> Option<SubIndex> {
    let Concentration { measure, units } = concentration;
    let steps = measure.table().steps;
    let last = *steps.last()?;
    let inside = steps.iter().copied().find(|(low, high, ..)| (*low..=*high).contains(&units));
    let step = match (inside, measure) {
        (Some(step), _) => step,
        (None, _) if units < last.0 => return None,
        (None, Measure::O3EightHours) => return None,
        (None, Measure::So2Hour) => return Some(SubIndex { measure, raw: 200 }),
        (None, _) => last,
    };
    Some(SubIndex { measure, raw: interpolate(step, units) })
}

fn interpolate((low, high, from, to): Step, units: i64) -> i64 {
    let width = i128::from(high - low);
    let rise = 2 * i128::from(to - from) * i128::from(units - low) + width;
    i64::try_from(i128::from(from) + rise.div_euclid(2 * width)).unwrap_or(i64::MAX)
}

/// The index over several measures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UsAqi {
    /// The worst.
    pub worst: SubIndex,
    /// Every measure that decides something, in the order of [`Measure`].
    pub parts: Vec<SubIndex>,
}

/// The index over the measures that are there; none if none of them decides. Of equals the first in the
/// order of [`Measure`] is responsible.
#[must_use]
pub fn us_aqi(concentrations: &[Concentration]) -> Option<UsAqi> {
    let mut parts: Vec<SubIndex> = concentrations.iter().copied().filter_map(us_sub_index).collect();
    parts.sort_by_key(|part| part.measure);
    let mut worst = *parts.first()?;
    for part in &parts {
        if part.raw > worst.raw {
            worst = *part;
        }
    }
    Some(UsAqi { worst, parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_measure_has_its_table_and_its_steps_meet() {
        for measure in Measure::ALL {
            assert_eq!(Measure::from_code(measure.code()), Some(measure));
            assert!(measure.table().steps.windows(2).all(|w| w[0].1 + 1 == w[1].0 && w[0].3 + 1 == w[1].2), "{measure:?}");
        }
    }

    #[test]
    fn sulphur_dioxide_over_one_hour_stops_at_200_until_the_day_decides() {
        let hour = Concentration::truncated(Measure::So2Hour, 900.0).unwrap();
        let day = Concentration::truncated(Measure::So2Day, 310.0).unwrap();
        assert_eq!(us_aqi(&[hour]).unwrap().worst.raw, 200);
        assert_eq!(us_aqi(&[hour, day]).unwrap().worst.measure, Measure::So2Day);
    }

    #[test]
    fn gases_in_micrograms_are_taken_at_25_degrees() {
        let taken = |measure, ug_m3| Concentration::from_ug_m3(measure, ug_m3, 25.0).unwrap().value();
        assert_eq!((taken(Measure::No2, 188.1), taken(Measure::O3Hour, 392.5), taken(Measure::Pm10, 54.9)), (100.0, 0.2, 54.0));
        assert_eq!(taken(Measure::Co, 11_450.0), 10.0);
        assert_eq!(Concentration::from_ug_m3(Measure::No2, 1.0, -300.0), None);
    }

    #[test]
    fn what_is_not_a_number_has_no_index_and_what_is_endless_has_a_large_one() {
        assert_eq!(Concentration::truncated(Measure::Pm25, f64::NAN), None);
        let endless = Concentration::truncated(Measure::Pm25, f64::INFINITY).unwrap();
        assert_eq!(us_sub_index(endless).unwrap().category(), AqiCategory::BeyondIndex);
        let below = Concentration::truncated(Measure::Pm25, -3.0).unwrap();
        assert_eq!(us_sub_index(below).unwrap().raw, 0);
    }
}
