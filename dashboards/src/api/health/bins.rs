//! Bins: whether a level stands still while those of the same zone move, and whether what is left after an emptying creeps away.

use std::collections::{BTreeMap, BTreeSet};

use domains::health::{Drift, NEIGHBOURS, Swing, residue_drift, standing_still};
use domains::time::Calendar;
use jiff::civil::Date;
use schemas::{Device, DeviceId, Kind, Quantity, Timestamp, Zone};

use crate::api::answer::Said;
use crate::api::gather;
use crate::house::House;
use crate::problem::Problem;

/// How far the level of each bin of a zone moved in the last days.
pub(super) type Swings = BTreeMap<Zone, BTreeMap<DeviceId, Swing>>;

/// Of all bins of the zones in which these devices stand.
pub(super) async fn swings(house: &House, devices: &[Device], to: Timestamp) -> Result<Swings, Problem> {
    let zones: BTreeSet<&Zone> = devices.iter().filter(|d| d.kind == Kind::WASTE).map(|d| &d.zone).collect();
    let back = house.parameters.health.numbers.level.still_days.get();
    let mut all = Swings::new();
    for zone in zones {
        let of_zone = all.entry(zone.clone()).or_default();
        for bin in gather::devices(house, Kind::WASTE, Some(zone)).await? {
            let days = daily(house, &bin.id, back, to).await?;
            if let Some(swing) = Swing::of(days.values().flatten().copied()) {
                of_zone.insert(bin.id, swing);
            }
        }
    }
    Ok(all)
}

/// The level, if it stands still.
pub(super) fn still(house: &House, bin: &Device, swings: &Swings) -> Vec<Quantity> {
    let of_zone = swings.get(&bin.zone);
    let own = of_zone.and_then(|zone| zone.get(&bin.id));
    let others = of_zone.into_iter().flatten().filter(|(id, _)| **id != bin.id);
    let others: Vec<Swing> = others.map(|(_, swing)| *swing).collect();
    let settings = &house.parameters.health.numbers.level;
    let is = others.len() >= NEIGHBOURS && own.is_some_and(|own| standing_still(*own, &others, settings));
    if is { vec![Quantity::WASTE_FILL] } else { Vec::new() }
}

/// How far the level moved on each of the days in which emptyings are looked for.
pub(super) async fn days(house: &House, bin: &DeviceId, to: Timestamp) -> Result<Vec<Swing>, Problem> {
    let days = daily(house, bin, house.parameters.health.numbers.level.most_days.get(), to).await?;
    Ok(days.into_values().filter_map(Swing::of).collect())
}

/// What is left after an emptying, against what was left before.
pub(super) fn drifts(house: &House, days: &[Swing]) -> BTreeMap<&'static str, Said<Drift>> {
    BTreeMap::from([(Quantity::WASTE_FILL.name(), Said(residue_drift(days, &house.parameters.health.numbers.level)))])
}

/// The hourly means of a bin's level, by local day.
async fn daily(house: &House, bin: &DeviceId, days: u32, to: Timestamp) -> Result<BTreeMap<Date, Vec<f64>>, Problem> {
    let city = house.city.time();
    let from = city.day(Calendar::shifted(city.date(to), -i32::try_from(days).unwrap_or(i32::MAX))).start;
    let mut all: BTreeMap<Date, Vec<f64>> = BTreeMap::new();
    for hour in gather::hours(house, bin, &[Quantity::WASTE_FILL], from.hour()..to.hour()).await? {
        if hour.series.channel == 0 && hour.count > 0 {
            all.entry(city.date(hour.start)).or_default().push(hour.mean());
        }
    }
    Ok(all)
}
