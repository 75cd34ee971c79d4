//! Bins: whether a level stands still while those of the same zone move, and whether what is left after an emptying creeps away.

use std::collections::{BTreeMap, BTreeSet};

use domains::health::{Drift, NEIGHBOURS, Swing, residue_drift, standing_still};
use jiff::civil::Date;
use schemas::{Device, Kind, Partial, Quantity, Timestamp, Zone};

use super::days_before;
use super::peers::{Peers, compared};
use crate::api::answer::Said;
use crate::api::pasts::Pasts;
use crate::house::House;
use crate::problem::Problem;

/// How far the level of each bin of a zone moved in the last days.
pub(super) type Swings = BTreeMap<Zone, Peers<Swing>>;

/// Of these bins and those of their zones with which they are compared.
pub(super) async fn swings(house: &House, bins: &[Device], to: Timestamp) -> Result<Swings, Problem> {
    let zones: BTreeSet<&Zone> = bins.iter().map(|bin| &bin.zone).collect();
    let from = days_before(house, house.parameters.health.numbers.level.still_days.get(), to);
    let mut all = Swings::new();
    for zone in zones {
        let own: Vec<Device> = bins.iter().filter(|bin| bin.zone == *zone).cloned().collect();
        let swing = |hours: Vec<Partial>| Swing::of(by_day(house, &hours).into_values().flatten());
        let others = compared(house, Kind::WASTE, Some(zone)).await?;
        let peers = Peers::of(house, others, &own, &[Quantity::WASTE_FILL], from.hour()..to.hour(), swing).await?;
        all.insert(zone.clone(), peers);
    }
    Ok(all)
}

/// The level, if it stands still.
pub(super) fn still(house: &House, bin: &Device, swings: &Swings) -> Vec<Quantity> {
    let Some((own, of_zone)) = swings.get(&bin.zone).and_then(|zone| Some((zone.own(&bin.id)?, zone))) else { return Vec::new() };
    let others: Vec<Swing> = of_zone.around(&bin.id).copied().collect();
    let is = others.len() >= NEIGHBOURS && standing_still(*own, &others, &house.parameters.health.numbers.level);
    if is { vec![Quantity::WASTE_FILL] } else { Vec::new() }
}

/// The levels of bins, hour by hour, over the days in which emptyings are looked for.
pub(super) fn levels<'a>(house: &'a House, bins: &'a [Device], to: Timestamp) -> Pasts<'a, Partial> {
    let from = days_before(house, house.parameters.health.numbers.level.most_days.get(), to);
    Pasts::of(house, bins, &[Quantity::WASTE_FILL], from.hour()..to.hour())
}

/// What is left after an emptying, against what was left before.
pub(super) fn drifts(house: &House, hours: &[Partial]) -> BTreeMap<&'static str, Said<Drift>> {
    let days: Vec<Swing> = by_day(house, hours).into_values().filter_map(Swing::of).collect();
    BTreeMap::from([(Quantity::WASTE_FILL.name(), Said(residue_drift(&days, &house.parameters.health.numbers.level)))])
}

/// The hourly means of a bin's level, by local day.
fn by_day(house: &House, hours: &[Partial]) -> BTreeMap<Date, Vec<f64>> {
    let mut all: BTreeMap<Date, Vec<f64>> = BTreeMap::new();
    for hour in hours.iter().filter(|hour| hour.series.channel == 0 && hour.count > 0) {
        all.entry(house.city.time().date(hour.start)).or_default().push(hour.mean());
    }
    all
}
