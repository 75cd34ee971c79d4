//! UTC-hour partials folded into local days: a day of 25 hours has its 25, and says so.

use std::collections::BTreeMap;

use jiff::civil::Date;
use schemas::{Partial, Timestamp};
use serde::Serialize;

use super::{CityTime, LocalDay};

/// What the readings of one series on one local day come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DayFold {
    /// The day, with its hours.
    pub day: LocalDay,
    /// How many of the day's UTC hours had readings.
    pub hours: usize,
    /// How many readings.
    pub count: u64,
    /// Their sum, in the quantity's unit.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The value observed first.
    pub first: f64,
    /// The value observed last.
    pub last: f64,
}

/// Folds the partials of one series into local days, in order of days. The order of the partials does
/// not matter; of two for the same hour the later one in the slice holds.
#[must_use]
pub fn fold_days(partials: &[Partial], city: &CityTime) -> Vec<DayFold> {
    let hours: BTreeMap<Timestamp, &Partial> = partials.iter().map(|p| (p.start, p)).collect();
    let mut days: BTreeMap<Date, DayFold> = BTreeMap::new();
    for (start, partial) in hours {
        let Partial { count, sum, min, max, first, last, .. } = *partial;
        days.entry(city.date(start))
            .and_modify(|day| {
                day.hours += 1;
                day.count = day.count.saturating_add(count);
                day.sum += sum;
                day.min = day.min.min(min);
                day.max = day.max.max(max);
                day.last = last;
            })
            .or_insert_with(|| DayFold { day: city.day_of(start), hours: 1, count, sum, min, max, first, last });
    }
    days.into_values().collect()
}
