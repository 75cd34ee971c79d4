//! How a pollutant usually goes through the day, on weekdays and at the weekend.

use std::ops::Range;

use schemars::JsonSchema;
use schemas::{HOUR, Timestamp};
use serde::Serialize;

use super::HourlySeries;
use crate::time::CityTime;

/// Hours of a local day.
pub const HOURS_OF_DAY: usize = 24;
/// The hour of the week at which the weekend begins: Saturday 00:00.
const WEEKEND: usize = 120;

/// What is usual in an hour of the day, or with a wind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct UsualHour {
    /// Valid hours of that sort.
    pub hours: usize,
    /// Their mean, in the series' unit; none of too few.
    pub mean: Option<f64>,
}

impl UsualHour {
    /// Of a number of hours and their sum.
    pub(super) fn of(hours: usize, sum: f64, least: usize) -> Self {
        Self { hours, mean: (hours >= least.max(1)).then(|| sum / hours as f64) }
    }
}

/// Means by the hour of the local day, from 00:00 on.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct DayProfile {
    /// Monday to Friday.
    pub weekday: [UsualHour; HOURS_OF_DAY],
    /// Saturday and Sunday.
    pub weekend: [UsualHour; HOURS_OF_DAY],
}

/// The profile of a period of whole hours; a mean of fewer than `least` hours is none.
#[must_use]
pub fn day_profile(series: &HourlySeries, period: Range<Timestamp>, city: &CityTime, least: usize) -> DayProfile {
    let mut sums = [[(0_usize, 0.0); HOURS_OF_DAY]; 2];
    let starts = std::iter::successors(Some(period.start), |start| Some(Timestamp::clamped(start.millis() + HOUR)));
    for start in starts.take_while(|start| *start < period.end) {
        let hour = city.hour_of_week(start);
        let slot = sums.get_mut(usize::from(hour >= WEEKEND)).and_then(|day| day.get_mut(hour % HOURS_OF_DAY));
        if let Some(((hours, sum), value)) = slot.zip(series.at(start)) {
            *hours += 1;
            *sum += value;
        }
    }
    let [weekday, weekend] = sums.map(|day| day.map(|(hours, sum)| UsualHour::of(hours, sum, least)));
    DayProfile { weekday, weekend }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_local_weekdays_are_told_from_the_weekend_and_few_hours_have_no_mean() {
        let city = CityTime::of("Africa/Casablanca").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // Four days from Thursday 17 September 2026 on, when local time was UTC+1 and then, on Sunday, was no more: the value is
        // the UTC hour, and 100 more at the weekend.
        let (start, end) = (at("2026-09-16T23:00:00Z"), at("2026-09-21T00:00:00Z"));
        let hours = (end.millis() - start.millis()) / HOUR;
        let value = |hour: i64| {
            let weekend = if hour >= 48 { 100.0 } else { 0.0 };
            Some(((hour + 23) % 24) as f64 + weekend)
        };
        let series = HourlySeries::new(start, (0..hours).map(value).collect()).unwrap();
        let profile = day_profile(&series, start..end, &city, 2);
        assert_eq!(profile.weekday[9], UsualHour { hours: 2, mean: Some(8.0) }, "nine o'clock is eight in UTC");
        assert_eq!(profile.weekend[9], UsualHour { hours: 2, mean: Some(108.5) }, "and on that Sunday nine");
        let one_day = day_profile(&series, start..Timestamp::clamped(start.millis() + 24 * HOUR), &city, 2);
        assert_eq!(one_day.weekday[9], UsualHour { hours: 1, mean: None });
        assert_eq!(one_day.weekend[9], UsualHour::default());
    }
}
