//! Air stations: whether a pollutant repeats the very same value, and whether it leaves those of the other stations.

use std::collections::BTreeMap;

use domains::air::Pollutant;
use domains::health::{Drift, beside_neighbours, drift, stuck};
use domains::time::Calendar;
use jiff::civil::Date;
use schemas::{DeviceId, Kind, Quantity, Reading, Timestamp};

use crate::api::answer::Said;
use crate::api::gather;
use crate::house::House;
use crate::problem::Problem;

/// The pollutants of a station that repeat the very same value.
pub(super) fn still(house: &House, all: &[Reading]) -> Vec<Quantity> {
    let mut series: BTreeMap<&'static str, (Quantity, Vec<f64>)> = BTreeMap::new();
    let pollutants: Vec<Quantity> = Pollutant::ALL.into_iter().filter_map(Pollutant::quantity).collect();
    for reading in all.iter().filter(|r| pollutants.contains(&r.series.quantity) && r.series.channel == 0) {
        let quantity = reading.series.quantity;
        series.entry(quantity.name()).or_insert_with(|| (quantity, Vec::new())).1.push(reading.value);
    }
    let settings = &house.parameters.health.numbers;
    series.into_values().filter(|(_, values)| stuck(values, settings)).map(|(quantity, _)| quantity).collect()
}

/// Daily means of each station, by quantity and day.
pub(super) type DailyAir = BTreeMap<DeviceId, BTreeMap<&'static str, BTreeMap<Date, f64>>>;

/// As many days of all stations as a drift is judged by.
pub(super) async fn daily(house: &House, to: Timestamp) -> Result<DailyAir, Problem> {
    let (settings, city) = (&house.parameters.health.numbers.drift, house.city.time());
    let back = settings.recent.get().saturating_add(settings.baseline.get());
    let from = city.day(Calendar::shifted(city.date(to), -i32::try_from(back).unwrap_or(i32::MAX))).start;
    let pollutants: Vec<Quantity> = Pollutant::ALL.into_iter().filter_map(Pollutant::quantity).collect();
    let mut all = DailyAir::new();
    for station in gather::devices(house, Kind::AIR, None).await? {
        let mut sums: BTreeMap<(&'static str, Date), (f64, u64)> = BTreeMap::new();
        for hour in gather::hours(house, &station.id, &pollutants, from.hour()..to.hour()).await? {
            if hour.series.channel != 0 || hour.count == 0 {
                continue;
            }
            let day = sums.entry((hour.series.quantity.name(), city.date(hour.start))).or_default();
            *day = (day.0 + hour.mean(), day.1 + 1);
        }
        let of_station = all.entry(station.id).or_default();
        for ((quantity, date), (sum, hours)) in sums {
            #[expect(clippy::cast_precision_loss, reason = "hours of a day")]
            of_station.entry(quantity).or_default().insert(date, sum / hours as f64);
        }
    }
    Ok(all)
}

/// Each pollutant of a station against the middle one of the others, day by day.
pub(super) fn drifts(house: &House, station: &DeviceId, air: &DailyAir) -> BTreeMap<&'static str, Said<Drift>> {
    let Some(own) = air.get(station) else { return BTreeMap::new() };
    let judged = |(quantity, days): (&&'static str, &BTreeMap<Date, f64>)| {
        let others: Vec<_> = air.iter().filter(|(id, _)| *id != station).filter_map(|(_, of)| of.get(quantity)).collect();
        (*quantity, Said(drift(&beside_neighbours(days, &others), &house.parameters.health.numbers.drift)))
    };
    own.iter().map(judged).collect()
}
