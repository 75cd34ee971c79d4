//! When a battery will be too low: the robust trend of its daily levels.

use schemars::JsonSchema;
use serde::Serialize;

use super::BatterySettings;
use crate::{Finding, Lack, median, theil_sen};

/// Points up in one step that only a new battery makes.
const NEW_BATTERY: f64 = 20.0;

/// How long a battery will last. Days from the last level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct BatteryForecast {
    /// The level now: the median of the last three, per cent.
    pub level: f64,
    /// What it loses in a day, points; at least 0.
    pub per_day: f64,
    /// Until it needs planning; none if it does not empty, 0 if it is there.
    pub warning_in: Option<f64>,
    /// Until it needs a visit.
    pub critical_in: Option<f64>,
}

/// How long a battery will last, from (day, level in per cent) in order of time. A jump up, a new battery, starts
/// anew: only the levels since the last one 20 points above the one before are looked at.
#[must_use]
pub fn battery_forecast(levels: &[(f64, f64)], settings: &BatterySettings) -> Finding<BatteryForecast> {
    let changed = levels.windows(2).rposition(|w| matches!(w, [a, b] if b.1 - a.1 >= NEW_BATTERY)).map_or(0, |i| i + 1);
    let most = settings.most_days.get() as usize;
    let since = levels.get(changed.max(levels.len().saturating_sub(most))..).unwrap_or_default();
    let needed = settings.least_days.get() as usize;
    let last: Vec<f64> = since.iter().rev().take(3).map(|(_, level)| *level).collect();
    match (median(&last), theil_sen(since, 50.0)) {
        (Some(level), Some((slope, _))) if since.len() >= needed => {
            let per_day = (-slope).max(0.0);
            let until = |bound: f64| {
                if level <= bound {
                    Some(0.0)
                } else {
                    (per_day >= settings.least_slope.get()).then(|| (level - bound) / per_day)
                }
            };
            let (warning_in, critical_in) = (until(settings.warning.get()), until(settings.critical.get()));
            Finding::Value(BatteryForecast { level, per_day, warning_in, critical_in })
        }
        _ => Finding::Insufficient(Lack::Capture { valid: since.len(), needed, expected: needed }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::HealthSettings;

    #[test]
    fn a_battery_is_forecast_since_it_was_changed() {
        let settings = HealthSettings::shipped().battery;
        let mut levels: Vec<_> = (0..20).map(|d| (f64::from(d), 30.0 - f64::from(d))).collect();
        levels.extend((20..60).map(|d| (f64::from(d), 100.0 - 0.5 * f64::from(d - 20))));
        let found = battery_forecast(&levels, &settings).value().unwrap();
        assert!((found.per_day - 0.5).abs() < 1e-9);
        assert!((found.warning_in.unwrap() - 122.0).abs() < 1e-6, "{found:?}");
        assert!(battery_forecast(&levels[..3], &settings).value().is_none());
    }
}
