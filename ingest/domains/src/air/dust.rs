//! Desert dust: days that a person has flagged with evidence, and days that look like it.
//!
//! Directive (EU) 2024/2881 article 16 lets exceedances by natural sources be discounted with evidence, never
//! deleted: both counts are shown.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::low_cost::Correction;

/// The days that a person has flagged as natural dust.
pub type DustDays = BTreeSet<Date>;

/// Whether an hour looks like mineral dust: dry air, and particles far coarser than a city makes. A proposal
/// for a person to look at, never a flag by itself.
#[must_use]
pub fn dust_suspected(pm10: f64, pm25: f64, humidity: f64, settings: &Correction) -> bool {
    pm25 > 0.0 && pm10 / pm25 > settings.dust_ratio.get() && humidity < settings.dust_humidity.get()
}
