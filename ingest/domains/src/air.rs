//! Air: from readings to hourly values, averages with capture, indices, and exceedances that hold.
//!
//! Everything is in micrograms per cubic metre, gases at 20 Cel and 1013.25 hPa, particles as they are.
//! Averages are made from unrounded values; only indices round. Deliberately absent: the ozone NowCast
//! (partial least squares), and any *declaration* of an emergency: that is the wali's, the platform proposes.

mod alarms;
mod average;
mod convert;
mod dust;
mod eaqi;
mod exceedances;
mod hours;
mod index;
mod iqa;
mod limits;
mod low_cost;
mod nowcast;
mod pollutant;
mod profile;
mod quality;
mod rank;
mod rose;
mod settings;
mod us_aqi;

pub use alarms::{Ending, Episode, Stage, alarm_episodes, first_run};
pub use average::{Mda8, mda8, running_8h, running_24h, us_daily_ozone};
pub use convert::{Gas, ppb_from_ug_m3, ug_m3_from_ppb};
pub use dust::{DustDays, dust_suspected};
pub use eaqi::{EAQI_BOUNDS, EaqiBand, Siting, eaqi, eaqi_band};
pub use exceedances::{Captures, Exceedance, Exceedances, Judgement, exceedances};
pub use hours::{HourlySeries, SeriesError};
pub use index::Index;
pub use iqa::{IqaGrid, IqaScale, Pm10Grid, StationDay};
pub use limits::{Alarm, Limit, LimitSet, Purpose, Statistic};
pub use low_cost::{Corrected, Correction, Formula};
pub use nowcast::{NowCast, Particles, nowcast};
pub use pollutant::Pollutant;
pub use profile::{DayProfile, HOURS_OF_DAY, UsualHour, day_profile};
pub use quality::{Doubt, EeaValidity, HourState, QualitySettings, check_hours, check_particles};
pub use rank::{RankPercentile, percentile_by_rank};
pub use rose::{Rose, SECTORS, Sector, Wind, hourly_winds, rose};
pub use settings::{AirSettings, CaptureSettings, PatternSettings};
pub use us_aqi::{AqiCategory, Concentration, Measure, SubIndex, UsAqi, us_aqi, us_sub_index};
