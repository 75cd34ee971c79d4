//! What the answers about air, waste, parking and water ask of register and store: which devices there are, and what one of them
//! said. What many of them said is asked [some at a time](super::pasts).

use std::collections::BTreeMap;
use std::ops::Range;

use domains::air::Pollutant;
use ports::{DeviceFilter, DeviceView, Query, Selector};
use schemas::{Device, DeviceId, Grade, Kind, Partial, Quantity, Reading, Timestamp, Vocabulary, Zone};
use tokio::sync::OwnedSemaphorePermit;

use crate::budget::in_time;
use crate::house::{House, Rooms};
use crate::problem::Problem;
use crate::scan::{Pager, Point};

/// Points asked of the store at once.
const PAGE: usize = 20_000;
/// Points of one device and quantity in one question: a year of one a minute.
const POINTS_LIMIT: usize = 530_000;
/// Devices of one question: more than a district has, and than most cities have. How long they may take is the query budget's to say.
const DEVICES_LIMIT: usize = 100_000;
/// Devices told to whoever names one that is not there.
const SUGGESTED: usize = 10;
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
    let mut all = heard(house, kind, zone, &[]).await?;
    let mut after = None;
    loop {
        let filter =
            DeviceFilter { kind: Some(kind), zone: zone.cloned(), after, limit: DEVICES_PAGE, ..DeviceFilter::default() };
        let page = house.console.devices(&filter).await?;
        after = page.last().filter(|_| page.len() == DEVICES_PAGE).map(|view| view.device.id.clone());
        all.extend(page.into_iter().map(|view| (view.device.id.clone(), view)));
        if all.len() > DEVICES_LIMIT {
            let detail = format!("there are more than {DEVICES_LIMIT} devices of this kind");
            return Err(Problem::parameter("zone", detail, "a zone, so that fewer are asked for"));
        }
        if after.is_none() {
            return Ok(all.into_values().map(|view| view.device).collect());
        }
    }
}

/// Which devices a page is of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) kind: Option<Kind>,
    pub(crate) zone: Option<Zone>,
    /// Only these; all where none is named.
    pub(crate) named: Vec<DeviceId>,
    /// Only ids after this one.
    pub(crate) after: Option<DeviceId>,
    /// At most this many, the first ones.
    pub(crate) limit: usize,
}

/// A page of the devices that [`devices`] lists, of all kinds in the order of their ids, and the id after which the next one begins.
pub(crate) async fn page(house: &House, wanted: &Wanted) -> Result<(Vec<DeviceView>, Option<DeviceId>), Problem> {
    let Wanted { kind, zone, named, after, limit } = wanted;
    let mut all = BTreeMap::new();
    for of in Vocabulary::current().kinds().filter(|of| kind.is_none_or(|kind| kind == *of)) {
        all.extend(heard(house, of, zone.as_ref(), named).await?);
    }
    let behind = |id: &DeviceId| after.as_ref().is_none_or(|after| id > after);
    all.retain(|id, _| behind(id));
    // One more than asked tells whether others follow.
    let filter = DeviceFilter { id: None, kind: *kind, zone: zone.clone(), after: after.clone(), limit: limit + 1 };
    let ids: Vec<Option<&DeviceId>> = if named.is_empty() { vec![None] } else { named.iter().map(Some).collect() };
    for id in ids {
        let listed = house.console.devices(&DeviceFilter { id: id.cloned(), ..filter.clone() }).await?;
        all.extend(listed.into_iter().map(|view| (view.device.id.clone(), view)));
    }
    if let Some(odd) = named.iter().find(|id| behind(id) && !all.contains_key(*id)) {
        let others = house.console.devices(&DeviceFilter { after: None, limit: SUGGESTED, ..filter }).await?;
        return Err(unknown(odd, others.iter().map(|view| &view.device.id), "device"));
    }
    let more = all.len() > *limit;
    let page: Vec<DeviceView> = all.into_values().take(*limit).collect();
    let next = page.last().filter(|_| more).map(|view| view.device.id.clone());
    Ok((page, next))
}

/// The devices of a kind that the store knows, of the named ones where some are named.
async fn heard(
    house: &House,
    kind: Kind,
    zone: Option<&Zone>,
    named: &[DeviceId],
) -> Result<BTreeMap<DeviceId, DeviceView>, Problem> {
    let select = Selector { kind: Some(kind), quantities: telling(kind), devices: named.to_vec(), ..Selector::default() };
    let latest = in_time(house.store.latest(&select)).await?;
    let mut all = BTreeMap::new();
    // Where it is now, and not where it once was.
    for reading in latest.into_iter().filter(|r| zone.is_none_or(|zone| *zone == r.zone)) {
        let id = reading.series.device;
        let unseen = |device| DeviceView { device, first_seen: None, last_seen: None, firmware: None };
        all.entry(id.clone()).or_insert_with(|| unseen(Device::new(id, kind, reading.zone)));
    }
    Ok(all)
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
        return Err(unknown(odd, devices.iter().map(|d| &d.id), parameter));
    }
    Ok(devices.into_iter().filter(|d| named.is_empty() || named.contains(&d.id)).collect())
}

/// There is no such device; there are others.
fn unknown<'a>(odd: &DeviceId, others: impl Iterator<Item = &'a DeviceId>, parameter: &str) -> Problem {
    let known: Vec<&str> = others.take(SUGGESTED).map(DeviceId::as_str).collect();
    let known = if known.is_empty() { "there is none yet".to_owned() } else { format!("such as {}", known.join(", ")) };
    Problem::parameter(parameter, format!("`{odd}` is not known here"), format!("the id of one: {known}"))
}

/// The UTC hours of some quantities of a device, in order of time. The range is one of whole hours.
pub(crate) async fn hours(
    house: &House,
    device: &DeviceId,
    quantities: &[Quantity],
    range: Range<Timestamp>,
) -> Result<Vec<Partial>, Problem> {
    past(house, device, quantities, range).await
}

/// Readings of one quantity, without those of further channels.
pub(crate) fn of_first_channel(mut readings: Vec<Reading>) -> Vec<Reading> {
    let first = readings.iter().map(|r| r.series.channel).min();
    readings.retain(|r| Some(r.series.channel) == first);
    readings
}

/// As (time, value) without the bad ones.
pub(crate) fn good(readings: Vec<Reading>) -> Vec<(Timestamp, f64)> {
    let good = readings.into_iter().filter(|r| r.quality.grade() != Grade::Bad);
    good.map(|r| (r.observed_at, r.value)).collect()
}

/// What a device said, in order of time; of all quantities where none is named.
pub(super) async fn past<P: Point>(
    house: &House,
    device: &DeviceId,
    quantities: &[Quantity],
    range: Range<Timestamp>,
) -> Result<Vec<P>, Problem> {
    let select = Selector { devices: vec![device.clone()], quantities: quantities.to_vec(), ..Selector::default() };
    let mut pager = Pager::new(house.store.clone(), Query { select, range, shape: P::SHAPE, limit: 0 }, None);
    let mut all = Vec::new();
    loop {
        let answer = pager.page(PAGE).await?;
        let more = answer.more();
        all.extend(P::of(answer));
        if all.len() > POINTS_LIMIT {
            let detail = format!("`{device}` has more than {POINTS_LIMIT} readings in this period");
            return Err(Problem::parameter("from", detail, "a shorter period"));
        }
        if !more {
            return Ok(all);
        }
    }
}
