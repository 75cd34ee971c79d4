//! `GET /api/v1/devices/health`: are devices heard, how long will batteries last, are clocks right, does a sensor stand still or
//! leave its neighbours.
//!
//! A state of the device and not of what it watches; told in pages, since weeks of every device of a large city are more than one
//! request may have read. Stations are compared [with one another](air), and so are the sensors of [bins](bins); those of parking
//! spaces and water meters are doubted where spaces and meters are told. Deliberately absent: alarms; rules on silence and
//! batteries are rules.

mod air;
mod bins;
mod peers;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, Uri, header};
use axum::response::Response;
use domains::health::{Availability, BatteryForecast, ClockSkew, Drift, availability, battery_forecast, clock_skew, offline};
use domains::time::Calendar;
use domains::{Finding, median};
use jiff::civil::Date;
use ports::DeviceView;
use schemars::JsonSchema;
use schemas::{Device, DeviceId, Flaw, Kind, Quantity, Reading, Timestamp, Zone};
use serde::Serialize;

use super::answer::{Answer, Answered, Format, Said};
use super::gather::{self, Wanted};
use super::pasts::Pasts;
use crate::house::{House, Shared};
use crate::openapi::{Operation, Parameter, known};
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// Devices of a page where the request has no limit=.
const DEVICES: usize = 200;
/// Devices of a page at most: several seconds of the store's time.
const MOST_DEVICES: usize = 2_000;
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
    /// The id after which the next page begins.
    next: Option<DeviceId>,
}

pub(crate) const HEALTH: Operation = Operation::get(
    "/api/v1/devices/health",
    "Availability, batteries, clocks and drift of devices, page by page; the last 7 days by default",
)
.takes(&[
    known::DEVICES,
    known::KIND,
    known::ZONE,
    known::DAY_FROM,
    known::DAY_TO,
    Parameter::whole("limit", "Devices at most, 200 where it is not given", 1, Some(MOST_DEVICES as u64)),
    known::CURSOR,
    known::FORMAT,
])
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
    let after = params.parsed("cursor", "the `next` of an earlier answer")?;
    let limit = params.limit(DEVICES, MOST_DEVICES.min(house.settings.most_rows))?;
    let wanted = Wanted { kind: params.kind()?, zone: params.zone()?, named, after, limit };
    let _permit = gather::permit(&rooms)?;
    let (views, next) = gather::page(house, &wanted).await?;
    let found = of_devices(house, &views, &range).await?;
    let offline = found.iter().filter(|h| h.offline).count();
    let mut notes: Vec<String> =
        next.iter().map(|next| format!("further devices follow on the page with cursor={next}")).collect();
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
        body: Body { from: range.start, to: range.end, devices: found, next: next.clone() },
        notes,
        rests_on: house.parameters.health.rows.iter().collect(),
    };
    Ok(followed(answer.told(format, house)?, &uri, next.as_ref()))
}

/// An answer with the address of its next page (RFC 8288), which a table has no other place for.
fn followed(mut answer: Response, uri: &Uri, next: Option<&DeviceId>) -> Response {
    let Some(next) = next else { return answer };
    let others = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let cursor = format!("cursor={next}");
    let query: Vec<&str> = others.chain([cursor.as_str()]).collect();
    if let Ok(link) = HeaderValue::from_str(&format!("<?{}>; rel=\"next\"", query.join("&"))) {
        answer.headers_mut().insert(header::LINK, link);
    }
    answer
}

async fn of_devices(house: &House, views: &[DeviceView], range: &Range<Timestamp>) -> Result<Vec<Health>, Problem> {
    let devices: Vec<Device> = views.iter().map(|view| view.device.clone()).collect();
    let of = |kind: Kind| devices.iter().filter(|d| d.kind == kind).cloned().collect::<Vec<Device>>();
    let (stations, bins) = (of(Kind::AIR), of(Kind::WASTE));
    let air = air::daily(house, &stations, range.end).await?;
    let swings = bins::swings(house, &bins, range.end).await?;
    let mut levels = bins::levels(house, &bins, range.end);
    let mut batteries = Pasts::of(house, &devices, &[Quantity::BATTERY_LEVEL], battery_period(house, range.end));
    let mut pasts = Pasts::of(house, &devices, &[], range.clone());
    let mut found = Vec::with_capacity(devices.len());
    for view in views {
        let (Some((device, all)), Some((_, charge))) = (pasts.next().await?, batteries.next().await?) else { break };
        let (stuck, drift) = match device.kind {
            Kind::AIR => (air::still(house, &all), air::drifts(house, &device.id, &air)),
            Kind::WASTE => {
                let hours = levels.next().await?.map(|(_, hours)| hours).unwrap_or_default();
                (bins::still(house, device, &swings), bins::drifts(house, &hours))
            }
            _ => (Vec::new(), BTreeMap::new()),
        };
        let own = Own { all, battery: battery(house, charge), stuck, drift };
        found.push(of_device(house, view, own, range));
    }
    Ok(found)
}

/// What is known of one device.
struct Own {
    /// All that it said in the period.
    all: Vec<Reading>,
    battery: Finding<BatteryForecast>,
    stuck: Vec<Quantity>,
    drift: BTreeMap<&'static str, Said<Drift>>,
}

fn of_device(house: &House, view: &DeviceView, own: Own, range: &Range<Timestamp>) -> Health {
    let (device, parameters) = (&view.device, &house.parameters);
    let settings = &parameters.health.numbers;
    let instants: BTreeSet<Timestamp> = own.all.iter().map(|r| r.observed_at).collect();
    let heard = instants.last().copied();
    let said = parameters.station(&device.id).every.or_else(|| parameters.intervals.get(&device.kind).copied());
    let interval = said.or_else(|| usual(&instants));
    // Before it was there for the first time nothing was expected of it.
    let since = view.first_seen.map_or(range.start, |first| first.max(range.start));
    let lack = Finding::Insufficient(domains::Lack::OneOf(vec!["a reporting interval"]));
    let received = instants.iter().filter(|at| **at >= since).count() as u64;
    let share = interval.map_or(lack, |every| availability(received, range.end.since(since), every, settings));
    Health {
        device: device.id.clone(),
        kind: device.kind,
        zone: device.zone.clone(),
        heard,
        offline: offline(heard, range.end, interval.unwrap_or_default(), settings),
        interval_s: interval.map(|every| every.as_secs_f64()),
        interval_assumed: said.is_none(),
        availability: Said(share),
        battery: Said(own.battery),
        clock: Said(clock(house, &own.all)),
        stuck: own.stuck,
        drift: own.drift,
    }
}

/// The middle one of the distances between messages.
fn usual(instants: &BTreeSet<Timestamp>) -> Option<Duration> {
    let gaps: Vec<f64> = instants.iter().zip(instants.iter().skip(1)).map(|(a, b)| b.since(*a).as_secs_f64()).collect();
    median(&gaps).and_then(|gap| Duration::try_from_secs_f64(gap).ok()).filter(|gap| !gap.is_zero())
}

/// As long as a battery is looked at.
fn battery_period(house: &House, to: Timestamp) -> Range<Timestamp> {
    let back = house.parameters.health.numbers.battery.most_days.get();
    days_before(house, back, to)..to
}

/// The beginning of the local day so many days before.
fn days_before(house: &House, days: u32, to: Timestamp) -> Timestamp {
    let city = house.city.time();
    city.day(Calendar::shifted(city.date(to), -i32::try_from(days).unwrap_or(i32::MAX))).start
}

/// By the levels of a battery, the middle one of each local day.
fn battery(house: &House, said: Vec<Reading>) -> Finding<BatteryForecast> {
    let (settings, city) = (&house.parameters.health.numbers.battery, house.city.time());
    let mut days: BTreeMap<Date, Vec<f64>> = BTreeMap::new();
    for (at, level) in gather::good(gather::of_first_channel(said)) {
        days.entry(city.date(at)).or_default().push(level);
    }
    let first = days.keys().next().copied();
    let since = |date: Date| first.and_then(|f| f.until(date).ok()).map_or(0.0, |span| f64::from(span.get_days()));
    let levels: Vec<(f64, f64)> = days.into_iter().filter_map(|(date, of_day)| Some((since(date), median(&of_day)?))).collect();
    battery_forecast(&levels, settings)
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
