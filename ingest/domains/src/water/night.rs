//! What flows into a district when everybody sleeps: mostly what the network loses.
//!
//! In Ramadan the night is awake from iftar to suhoor, and the quiet hours are those of the morning.

use jiff::civil::Date;
use schemars::JsonSchema;
use schemas::{HOUR, Timestamp};
use serde::Serialize;

use super::NightSettings;
use crate::number::MAD_TO_SIGMA;
use crate::time::{Calendar, CityTime};
use crate::{Finding, Lack, mad, median};

/// The minimum night flow of a district.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct NightFlow {
    /// The least hourly mean in the quiet hours, litres an hour.
    pub flow: f64,
    /// What of it the connections' legitimate use does not explain, litres an hour; at least 0.
    pub unexplained: f64,
}

/// When the quiet hours of a local date begin and end: those of the night, in Ramadan those of the morning.
#[must_use]
pub fn quiet_hours(date: Date, settings: &NightSettings, city: &CityTime, calendar: &Calendar) -> (Timestamp, Timestamp) {
    let (from, to) = match calendar.ramadan(date) {
        Some(_) => (settings.ramadan_from, settings.ramadan_to),
        None => (settings.from, settings.to),
    };
    (city.instant(date.to_datetime(from)), city.instant(date.to_datetime(to)))
}

/// The minimum night flow on a local date. `flow_of_hour` gives the mean inflow of the UTC hour that starts at an
/// instant, litres an hour; none if it is not known. Every quiet hour must be known: the least one might be missing.
#[must_use]
pub fn night_flow(
    date: Date,
    flow_of_hour: impl Fn(Timestamp) -> Option<f64>,
    connections: u32,
    settings: &NightSettings,
    city: &CityTime,
    calendar: &Calendar,
) -> Finding<NightFlow> {
    let (start, end) = quiet_hours(date, settings, city, calendar);
    let expected = usize::try_from((end.millis() - start.millis()) / HOUR).unwrap_or(0);
    let starts = (0..expected).map(|i| Timestamp::clamped(start.millis() + i as i64 * HOUR));
    let flows: Vec<f64> = starts.filter_map(flow_of_hour).collect();
    match flows.iter().copied().reduce(f64::min) {
        Some(flow) if flows.len() == expected => {
            let legitimate = settings.legitimate.get() * f64::from(connections);
            Finding::Value(NightFlow { flow, unexplained: (flow - legitimate).max(0.0) })
        }
        _ => Finding::Insufficient(Lack::Capture { valid: flows.len(), needed: expected, expected }),
    }
}

/// Whether the last nights of a district are far above those before: each of them above the median of the days before
/// the first of them by so many robust standard deviations. `flows` holds one minimum night flow a night, the newest
/// last; with fewer nights than the settings look at nothing is said.
#[must_use]
pub fn night_alarm(flows: &[Option<f64>], settings: &NightSettings) -> Finding<bool> {
    let (nights, back) = (settings.nights.get() as usize, settings.look_back_days.get() as usize);
    let split = flows.len().saturating_sub(nights);
    let (before, last) = flows.split_at(split);
    let before: Vec<f64> = before.iter().rev().take(back).copied().flatten().collect();
    let needed = back.div_ceil(2);
    match (median(&before), mad(&before)) {
        (Some(middle), Some(spread)) if before.len() >= needed && last.len() == nights => {
            let bound = middle + settings.sigmas.get() * MAD_TO_SIGMA * spread;
            Finding::Value(last.iter().all(|night| night.is_some_and(|flow| flow > bound)))
        }
        _ => Finding::Insufficient(Lack::Capture { valid: before.len(), needed, expected: back }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::water::WaterSettings;

    #[test]
    fn the_quiet_hours_of_ramadan_are_those_of_the_morning() {
        let (settings, city) = (WaterSettings::shipped().night, CityTime::of("Africa/Casablanca").unwrap());
        let calendar = Calendar::casablanca();
        let by_hour = |at: Timestamp| Some(1000.0 + f64::from(city.civil(at).hour()));
        let flow = |date: &str| night_flow(date.parse().unwrap(), by_hour, 100, &settings, &city, &calendar).value().unwrap();
        assert_eq!(flow("2026-11-21").flow, 1002.0);
        assert_eq!(flow("2027-02-20").flow, 1006.0);
        assert_eq!(flow("2026-11-21").unexplained, 832.0);
        assert!(night_flow("2026-11-21".parse().unwrap(), |_| None, 1, &settings, &city, &calendar).value().is_none());
    }

    #[test]
    fn three_nights_above_the_month_before_are_told_and_two_are_not() {
        let settings = WaterSettings::shipped().night;
        let mut flows: Vec<_> = (0..28).map(|i| Some(1000.0 + f64::from(i % 5))).collect();
        flows.extend([Some(1100.0), Some(1150.0)]);
        assert_eq!(night_alarm(&flows, &settings), Finding::Value(false));
        flows.push(Some(1120.0));
        assert_eq!(night_alarm(&flows, &settings), Finding::Value(true));
        assert!(night_alarm(&flows[28..], &settings).value().is_none());
    }
}
