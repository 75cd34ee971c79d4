//! Air stations: whether a pollutant repeats the very same value, and whether it leaves those of the other stations.

use std::collections::BTreeMap;

use domains::air::Pollutant;
use domains::health::{Drift, beside_neighbours, drift, stuck};
use jiff::civil::Date;
use schemas::{Device, DeviceId, Kind, Partial, Quantity, Reading, Timestamp};

use super::days_before;
use super::peers::{Peers, compared};
use crate::api::answer::Said;
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

/// Daily means of a station, by quantity and day.
pub(super) type Daily = BTreeMap<&'static str, BTreeMap<Date, f64>>;

/// Of these stations and those with which they are compared, as many days as a drift is judged by.
pub(super) async fn daily(house: &House, stations: &[Device], to: Timestamp) -> Result<Peers<Daily>, Problem> {
    if stations.is_empty() {
        return Ok(Peers::default());
    }
    let settings = &house.parameters.health.numbers.drift;
    let from = days_before(house, settings.recent.get().saturating_add(settings.baseline.get()), to);
    let pollutants: Vec<Quantity> = Pollutant::ALL.into_iter().filter_map(Pollutant::quantity).collect();
    Peers::of(house, compared(house, Kind::AIR, None).await?, stations, &pollutants, from.hour()..to.hour(), |hours| {
        Some(means(house, &hours))
    })
    .await
}

fn means(house: &House, hours: &[Partial]) -> Daily {
    let mut sums: BTreeMap<(&'static str, Date), (f64, u64)> = BTreeMap::new();
    for hour in hours.iter().filter(|hour| hour.series.channel == 0 && hour.count > 0) {
        let day = sums.entry((hour.series.quantity.name(), house.city.time().date(hour.start))).or_default();
        *day = (day.0 + hour.mean(), day.1 + 1);
    }
    let mut daily = Daily::new();
    for ((quantity, date), (sum, hours)) in sums {
        #[expect(clippy::cast_precision_loss, reason = "hours of a day")]
        daily.entry(quantity).or_default().insert(date, sum / hours as f64);
    }
    daily
}

/// Each pollutant of a station against the middle one of the others, day by day.
pub(super) fn drifts(house: &House, station: &DeviceId, air: &Peers<Daily>) -> BTreeMap<&'static str, Said<Drift>> {
    let Some(own) = air.own(station) else { return BTreeMap::new() };
    let judged = |(quantity, days): (&&'static str, &BTreeMap<Date, f64>)| {
        let others: Vec<_> = air.around(station).filter_map(|of| of.get(quantity)).collect();
        (*quantity, Said(drift(&beside_neighbours(days, &others), &house.parameters.health.numbers.drift)))
    };
    own.iter().map(judged).collect()
}
