//! Losses of a district: what flows in and is not metered out; and meters that stand still.

use schemars::JsonSchema;
use serde::Serialize;

use super::BalanceSettings;
use crate::{Capture, Finding, Lack};

/// The balance of a metered district over a period.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Balance {
    /// Into the district, litres.
    pub inflow: f64,
    /// Metered at connections, litres.
    pub consumption: f64,
    /// The difference, litres: leaks, thefts, meters that read too little. Negative if meters disagree.
    pub loss: f64,
    /// Consumption as a part of the inflow.
    pub network_yield: f64,
}

/// The balance of a district. `consumption` holds one value a connection for the period, litres; none where it is not
/// known. Said only if enough connections are known, since an unread meter looks like a loss.
#[must_use]
pub fn balance(inflow: f64, consumption: &[Option<f64>], settings: &BalanceSettings) -> Finding<Balance> {
    let (valid, expected) = (consumption.iter().flatten().count(), consumption.len());
    let needed = Capture { share: settings.coverage.get() }.needed(expected);
    if expected == 0 || valid < needed {
        return Finding::Insufficient(Lack::Capture { valid, needed: needed.max(1), expected });
    }
    if inflow.is_nan() || inflow <= 0.0 {
        return Finding::Insufficient(Lack::OneOf(vec!["inflow"]));
    }
    let consumption: f64 = consumption.iter().flatten().sum();
    Finding::Value(Balance { inflow, consumption, loss: inflow - consumption, network_yield: consumption / inflow })
}

/// Whether a meter has stopped: no litre for so many days, after a time in which there were some. `daily` holds the
/// litres of each local day, the newest last; an unknown day proves nothing and denies it.
#[must_use]
pub fn stuck_meter(daily: &[Option<f64>], settings: &BalanceSettings) -> bool {
    let (still, before) = (settings.stuck_days.get() as usize, settings.before_days.get() as usize);
    let Some(split) = daily.len().checked_sub(still) else { return false };
    let (earlier, last) = daily.split_at(split);
    let earlier = earlier.get(earlier.len().saturating_sub(before)..).unwrap_or_default();
    let usual = Finding::mean(earlier.iter().copied(), before.div_ceil(2), before);
    last.iter().all(|day| *day == Some(0.0)) && usual.value().is_some_and(|mean| mean >= settings.before_mean.get())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::water::WaterSettings;

    #[test]
    fn unread_meters_are_no_loss() {
        let settings = WaterSettings::shipped().balance;
        let mut read = vec![Some(90.0); 10];
        assert_eq!(balance(1200.0, &read, &settings).value().map(|b| b.loss), Some(300.0));
        read[0] = None;
        read[1] = None;
        assert!(balance(1200.0, &read, &settings).value().is_none());
    }

    #[test]
    fn a_meter_of_an_empty_flat_is_not_stuck() {
        let settings = WaterSettings::shipped().balance;
        let mut daily = vec![Some(200.0); 90];
        daily.extend(vec![Some(0.0); 30]);
        assert!(stuck_meter(&daily, &settings));
        daily[100] = None;
        assert!(!stuck_meter(&daily, &settings));
        assert!(!stuck_meter(&vec![Some(0.0); 120], &settings));
    }
}
