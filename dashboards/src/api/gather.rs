//! What the answers about air, waste, parking and water ask of the store: one device at a time, so that memory holds one
//! device's past and not the city's.

use std::collections::BTreeMap;
use std::ops::Range;

use domains::air::Pollutant;
use ports::{DeviceFilter, Points, Query, Selector, Shape};
use schemas::{Device, DeviceId, Grade, Kind, Partial, Quantity, Reading, Timestamp, Zone};
use tokio::sync::OwnedSemaphorePermit;

use crate::budget::in_time;
use crate::house::{House, Rooms};
use crate::problem::Problem;
use crate::scan::Pager;

/// Points asked of the store at once.
const PAGE: usize = 20_000;
/// Points of one device and quantity in one question: a year of one a minute.
const POINTS_LIMIT: usize = 530_000;
/// Devices of one question: more than a district has, and than most cities have. How long they may take is the query budget's to say.
const DEVICES_LIMIT: usize = 100_000;
/// Devices asked of the register at once.
const DEVICES_PAGE: usize = 1_000;

/// The right to make one of the large answers: as many at once as streams.
pub(crate) fn permit(rooms: &Rooms) -> Result<OwnedSemaphorePermit, Problem> {
    rooms.streams.clone().try_acquire_owned().map_err(|_| {
        Problem::busy(format!(
            "{} large answers are being made already, which is as many as may be",
            rooms.house.settings.streams
        ))
    })
}

/// The devices of a kind, in the order of their ids: those that the register lists, and those that were heard so lately that
/// only the store knows them.
pub(crate) async fn devices(house: &House, kind: Kind, zone: Option<&Zone>) -> Result<Vec<Device>, Problem> {
    let mut all: BTreeMap<DeviceId, Device> = BTreeMap::new();
    let select = Selector { kind: Some(kind), quantities: telling(kind), ..Selector::default() };
    let latest = in_time(house.store.latest(&select)).await?;
    // Where it is now, and not where it once was.
    for reading in latest.into_iter().filter(|r| zone.is_none_or(|zone| *zone == r.zone)) {
        let id = reading.series.device;
        all.entry(id.clone()).or_insert_with(|| Device::new(id, kind, reading.zone));
    }
    let mut after = None;
    loop {
        let filter =
            DeviceFilter { kind: Some(kind), zone: zone.cloned(), after, limit: DEVICES_PAGE, ..DeviceFilter::default() };
        let page = house.console.devices(&filter).await?;
        after = page.last().filter(|_| page.len() == DEVICES_PAGE).map(|view| view.device.id.clone());
        all.extend(page.into_iter().map(|view| (view.device.id.clone(), view.device)));
        if all.len() > DEVICES_LIMIT {
            let detail = format!("there are more than {DEVICES_LIMIT} devices of this kind");
            return Err(Problem::parameter("zone", detail, "a zone, so that fewer are asked for"));
        }
        if after.is_none() {
            return Ok(all.into_values().collect());
        }
    }
}

/// By which quantities a device shows that it is one of its kind.
fn telling(kind: Kind) -> Vec<Quantity> {
    match kind {
        Kind::AIR => Pollutant::ALL.into_iter().filter_map(Pollutant::quantity).collect(),
        Kind::WASTE => vec![Quantity::WASTE_FILL],
        Kind::PARKING => vec![Quantity::PARKING_OCCUPIED],
        Kind::WATER => vec![Quantity::WATER_VOLUME],
        _ => Vec::new(),
    }
}

/// The devices of a kind that a request names by `parameter`, all where it names none.
pub(crate) fn only(devices: Vec<Device>, named: &[DeviceId], parameter: &str) -> Result<Vec<Device>, Problem> {
    if let Some(odd) = named.iter().find(|id| devices.iter().all(|d| d.id != **id)) {
        let known: Vec<&str> = devices.iter().take(10).map(|d| d.id.as_str()).collect();
        let known = if known.is_empty() { "there is none yet".to_owned() } else { format!("such as {}", known.join(", ")) };
        return Err(Problem::parameter(parameter, format!("`{odd}` is not known here"), format!("the id of one: {known}")));
    }
    Ok(devices.into_iter().filter(|d| named.is_empty() || named.contains(&d.id)).collect())
}

/// The readings of one quantity of a device, in order of time, bad ones too; of its first channel where it has several.
pub(crate) async fn readings(
    house: &House,
    device: &DeviceId,
    quantity: Quantity,
    range: Range<Timestamp>,
) -> Result<Vec<Reading>, Problem> {
    let mut all = Vec::new();
    let mut pager = pager(house, device, &[quantity], range, Shape::Raw);
    loop {
        let Points::Raw { readings, more } = pager.page(PAGE).await? else { return Ok(all) };
        all.extend(readings);
        enough(all.len(), device)?;
        if !more {
            break;
        }
    }
    let first = all.iter().map(|r| r.series.channel).min();
    all.retain(|r| Some(r.series.channel) == first);
    Ok(all)
}

/// As [`readings`], as (time, value) without the bad ones.
pub(crate) async fn values(
    house: &House,
    device: &DeviceId,
    quantity: Quantity,
    range: Range<Timestamp>,
) -> Result<Vec<(Timestamp, f64)>, Problem> {
    let readings = readings(house, device, quantity, range).await?;
    let good = readings.into_iter().filter(|r| r.quality.grade() != Grade::Bad);
    Ok(good.map(|r| (r.observed_at, r.value)).collect())
}

/// The UTC hours of some quantities of a device, in order of time. The range is one of whole hours.
pub(crate) async fn hours(
    house: &House,
    device: &DeviceId,
    quantities: &[Quantity],
    range: Range<Timestamp>,
) -> Result<Vec<Partial>, Problem> {
    let mut all = Vec::new();
    let mut pager = pager(house, device, quantities, range, Shape::Hourly);
    loop {
        let Points::Hourly { partials, more } = pager.page(PAGE).await? else { return Ok(all) };
        all.extend(partials);
        enough(all.len(), device)?;
        if !more {
            return Ok(all);
        }
    }
}

fn pager(house: &House, device: &DeviceId, quantities: &[Quantity], range: Range<Timestamp>, shape: Shape) -> Pager {
    let select = Selector { devices: vec![device.clone()], quantities: quantities.to_vec(), ..Selector::default() };
    Pager::new(house.store.clone(), Query { select, range, shape, limit: 0 }, None)
}

fn enough(points: usize, device: &DeviceId) -> Result<(), Problem> {
    if points <= POINTS_LIMIT {
        return Ok(());
    }
    let detail = format!("`{device}` has more than {POINTS_LIMIT} readings in this period");
    Err(Problem::parameter("from", detail, "a shorter period"))
}
