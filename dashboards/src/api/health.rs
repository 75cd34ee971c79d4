//! `GET /api/v1/devices/health`: are devices heard, how long will batteries last, are clocks right, does a sensor stand still or
//! leave its neighbours.
//!
//! A state of the device and not of what it watches. Stations are compared [with one another](air), and so are the sensors of
//! [bins](bins); those of parking spaces and water meters are doubted where spaces and meters are told. Deliberately absent: alarms; rules on silence and batteries are rules.

mod air;
mod bins;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::health::{Availability, BatteryForecast, ClockSkew, Drift, availability, battery_forecast, clock_skew, offline};
use domains::time::Calendar;
use domains::{Finding, median};
use jiff::civil::Date;
use ports::{Points, Query, Selector, Shape};
use schemars::JsonSchema;
use schemas::{Device, DeviceId, Flaw, Kind, Quantity, Reading, Timestamp, Vocabulary, Zone};
use serde::Serialize;

use super::answer::{Answer, Answered, Format, Said};
use super::gather;
use crate::house::{House, Shared};
use crate::openapi::{Operation, known};
use crate::problem::Problem;
use crate::scan::Pager;
use crate::table::{Cell, Table};

/// Readings of a device in one question.
const READINGS_LIMIT: usize = 200_000;
/// Readings asked of the store at once.
const PAGE: usize = 20_000;
/// Messages by which a clock is judged at most.
const CLOCK_LIMIT: usize = 2_000;

/// One device.
#[derive(Serialize, JsonSchema)]
struct Health {
    device: DeviceId,
    kind: Kind,
    zone: Zone,
    /// When it was heard last; none if it was not in the period.
    heard: Option<Timestamp>,
    offline: bool,
    /// Seconds between two messages.
    interval_s: Option<f64>,
    /// Nobody says how often it reports: as it was seen to.
    interval_assumed: bool,
    availability: Said<Availability>,
    battery: Said<BatteryForecast>,
    clock: Said<ClockSkew>,
    /// Quantities that have repeated the very same value for too long, or stand still while those of the neighbours move; of air stations
    /// and bins.
    stuck: Vec<Quantity>,
    /// Quantities that leave those of the neighbours, of air stations; of bins the level after an emptying.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    drift: BTreeMap<&'static str, Said<Drift>>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "DevicesHealth")]
struct Body {
    from: Timestamp,
    to: Timestamp,
    devices: Vec<Health>,
}

pub(crate) const HEALTH: Operation =
    Operation::get("/api/v1/devices/health", "Availability, batteries, clocks and drift of devices; the last 7 days by default")
        .takes(&[known::DEVICES, known::KIND, known::ZONE, known::DAY_FROM, known::DAY_TO, known::FORMAT])
        .gives::<Answered<'_, Body>>()
        .also(&["text/csv", "text/plain"])
        .tagged();

pub(crate) async fn health(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = HEALTH.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let now = house.clock.now();
    let range = params.period(now, house.city.time(), 7)?;
    let range = range.start..range.end.min(now.plus(Duration::from_millis(1)));
    if range.start >= range.end {
        return Err(Problem::parameter("from", format!("{} is not in the past", range.start), "an instant that is over"));
    }
    let named = params.list::<DeviceId>("device", "device ids joined by commas")?;
    let (kind, zone) = (params.kind()?, params.zone()?);
    let _permit = gather::permit(&rooms)?;
    let mut devices = Vec::new();
    for kind in Vocabulary::current().kinds().filter(|of| kind.is_none_or(|kind| kind == *of)) {
        devices.extend(gather::devices(house, kind, zone.as_ref()).await?);
    }
    let devices = gather::only(devices, &named, "device")?;
    let others = Others::of(house, &devices, range.end).await?;
    let mut found = Vec::new();
    for device in devices {
        found.push(of_device(house, device, &range, &others).await?);
    }
    let offline = found.iter().filter(|h| h.offline).count();
    let mut notes = Vec::new();
    if found.is_empty() {
        notes.push("no data: no device is known here".to_owned());
    }
    if found.iter().any(|h| h.interval_assumed && h.interval_s.is_some()) {
        notes.push(
            "interval_assumed: nobody says how often these devices report ([[domains.interval]], [[domains.station]]); they are held to \
             what they usually do"
                .to_owned(),
        );
    }
    let answer = Answer {
        name: "device-health",
        title: format!("Health of {} devices, {offline} of them offline", found.len()),
        table: table(&found),
        body: Body { from: range.start, to: range.end, devices: found },
        notes,
        rests_on: house.parameters.health.rows.iter().collect(),
    };
    answer.told(format, house)
}

/// What the devices of a kind say, with which one of them is compared.
struct Others {
    air: air::DailyAir,
    bins: bins::Swings,
}

impl Others {
    /// Of the kinds of these devices.
    async fn of(house: &House, devices: &[Device], to: Timestamp) -> Result<Self, Problem> {
        let any = |kind| devices.iter().any(|d| d.kind == kind);
        Ok(Self {
            air: if any(Kind::AIR) { air::daily(house, to).await? } else { BTreeMap::new() },
            bins: if any(Kind::WASTE) { bins::swings(house, devices, to).await? } else { BTreeMap::new() },
        })
    }
}

async fn of_device(house: &House, device: Device, range: &Range<Timestamp>, others: &Others) -> Result<Health, Problem> {
    let settings = &house.parameters.health.numbers;
    let all = readings(house, &device.id, Vec::new(), range.clone()).await?;
    let instants: BTreeSet<Timestamp> = all.iter().map(|r| r.observed_at).collect();
    let heard = instants.last().copied();
    let parameters = &house.parameters;
    let said = parameters.station(&device.id).every.or_else(|| parameters.intervals.get(&device.kind).copied());
    let interval = said.or_else(|| usual(&instants));
    // Before it was there for the first time nothing was expected of it.
    let since = first_heard(house, &device).await?.map_or(range.start, |first| first.max(range.start));
    let lack = Finding::Insufficient(domains::Lack::OneOf(vec!["a reporting interval"]));
    let received = instants.iter().filter(|at| **at >= since).count() as u64;
    let share = interval.map_or(lack, |every| availability(received, range.end.since(since), every, settings));
    let battery = battery(house, &device.id, range.end).await?;
    let (stuck, drift) = match device.kind {
        Kind::AIR => (air::still(house, &all), air::drifts(house, &device.id, &others.air)),
        Kind::WASTE => {
            let days = bins::days(house, &device.id, range.end).await?;
            (bins::still(house, &device, &others.bins), bins::drifts(house, &days))
        }
        _ => (Vec::new(), BTreeMap::new()),
    };
    Ok(Health {
        heard,
        offline: offline(heard, range.end, interval.unwrap_or_default(), settings),
        interval_s: interval.map(|every| every.as_secs_f64()),
        interval_assumed: said.is_none(),
        availability: Said(share),
        battery: Said(battery),
        clock: Said(clock(house, &all)),
        stuck,
        drift,
        device: device.id,
        kind: device.kind,
        zone: device.zone,
    })
}

/// The middle one of the distances between messages.
fn usual(instants: &BTreeSet<Timestamp>) -> Option<Duration> {
    let gaps: Vec<f64> = instants.iter().zip(instants.iter().skip(1)).map(|(a, b)| b.since(*a).as_secs_f64()).collect();
    median(&gaps).and_then(|gap| Duration::try_from_secs_f64(gap).ok()).filter(|gap| !gap.is_zero())
}

async fn first_heard(house: &House, device: &Device) -> Result<Option<Timestamp>, Problem> {
    let filter = ports::DeviceFilter { id: Some(device.id.clone()), limit: 1, ..ports::DeviceFilter::default() };
    Ok(house.console.devices(&filter).await?.into_iter().next().and_then(|view| view.first_seen))
}

/// The levels of a battery, the middle one of each local day.
async fn battery(house: &House, device: &DeviceId, to: Timestamp) -> Result<Finding<BatteryForecast>, Problem> {
    let (settings, city) = (&house.parameters.health.numbers.battery, house.city.time());
    let back = i32::try_from(settings.most_days.get()).unwrap_or(i32::MAX);
    let from = city.day(Calendar::shifted(city.date(to), -back)).start;
    let mut days: BTreeMap<Date, Vec<f64>> = BTreeMap::new();
    for (at, level) in gather::values(house, device, Quantity::BATTERY_LEVEL, from..to).await? {
        days.entry(city.date(at)).or_default().push(level);
    }
    let first = days.keys().next().copied();
    let since = |date: Date| first.and_then(|f| f.until(date).ok()).map_or(0.0, |span| f64::from(span.get_days()));
    let levels: Vec<(f64, f64)> = days.into_iter().filter_map(|(date, of_day)| Some((since(date), median(&of_day)?))).collect();
    Ok(battery_forecast(&levels, settings))
}

/// The clock, by messages that were sent as they were measured: of what comes late by itself the flaw says so.
fn clock(house: &House, all: &[Reading]) -> Finding<ClockSkew> {
    let mut messages: Vec<(Timestamp, Timestamp)> =
        all.iter().filter(|r| !r.quality.has(Flaw::Late)).map(|r| (r.observed_at, r.received_at)).collect();
    messages.sort_unstable();
    messages.dedup();
    let last = messages.len().saturating_sub(CLOCK_LIMIT);
    clock_skew(messages.get(last..).unwrap_or_default(), &house.parameters.health.numbers.clock)
}

/// All readings of a device in a period, bad ones too.
async fn readings(
    house: &House,
    device: &DeviceId,
    quantities: Vec<Quantity>,
    range: Range<Timestamp>,
) -> Result<Vec<Reading>, Problem> {
    let select = Selector { devices: vec![device.clone()], quantities, ..Selector::default() };
    let mut pager = Pager::new(house.store.clone(), Query { select, range, shape: Shape::Raw, limit: 0 }, None);
    let mut all = Vec::new();
    loop {
        let Points::Raw { readings, more } = pager.page(PAGE).await? else { return Ok(all) };
        all.extend(readings);
        if all.len() > READINGS_LIMIT {
            let detail = format!("`{device}` has more than {READINGS_LIMIT} readings in this period");
            return Err(Problem::parameter("from", detail, "a shorter period"));
        }
        if !more {
            return Ok(all);
        }
    }
}

fn table(rows: &[Health]) -> Table {
    let columns = vec![
        "device",
        "kind",
        "zone",
        "heard",
        "offline",
        "interval_s",
        "availability",
        "battery",
        "battery_warning_in_d",
        "battery_critical_in_d",
        "clock_behind_s",
        "clock_wrong",
        "stuck",
        "drifting",
    ];
    let row = |h: &Health| {
        let of_battery = |of: fn(&BatteryForecast) -> Option<f64>| h.battery.cell(|b| of(b).map_or(Cell::Empty, Cell::Number));
        let names = |names: Vec<&str>| if names.is_empty() { Cell::Empty } else { Cell::Text(names.join(" ")) };
        let drifting = h.drift.iter().filter(|(_, d)| d.0.as_ref().value().is_some_and(|d| d.drifting));
        vec![
            Cell::text(&h.device),
            Cell::text(&h.kind),
            Cell::text(&h.zone),
            h.heard.into(),
            Cell::Is(h.offline),
            h.interval_s.into(),
            h.availability.cell(|a| Cell::Number(a.share)),
            of_battery(|b| Some(b.level)),
            of_battery(|b| b.warning_in),
            of_battery(|b| b.critical_in),
            h.clock.cell(|c| Cell::Number(c.behind_s)),
            h.clock.cell(|c| Cell::Is(c.wrong)),
            names(h.stuck.iter().map(|q| q.name()).collect()),
            names(drifting.map(|(quantity, _)| *quantity).collect()),
        ]
    };
    Table { columns, rows: rows.iter().map(row).collect() }
}
