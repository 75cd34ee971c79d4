//! `/api/v1/parking`: how full each zone is, how much of that is known, how long people stay, who stays too long, and which
//! sensors do not see.
//!
//! Zones only: unless the settings say that only officers ask, no answer tells of a single space, and one over too few spaces is
//! withheld. Single bays are [elsewhere](super::places), for those who may see them. Deliberately absent: anything about
//! a vehicle or its driver, of which the platform knows nothing.

mod overstays;
mod sensors;
mod week;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::parking::{
    Occupancy, ParkingSettings, Report, SensorFault, SpaceCounts, SpaceState, Stays, Transition, believed, occupancy,
    occupancy_over, publishable, search_pressure, sensor_faults, sessions, stays, transitions, turnover,
};
use schemars::JsonSchema;
use schemas::{DeviceId, Grade, Kind, Quantity, Reading, Timestamp, Zone};
use serde::Serialize;

use super::answer::{Answer, Answered, Format, Said, resting};
use super::gather;
use super::pasts::Pasts;
use crate::house::{House, Rooms, Shared};
use crate::openapi::{Operation, Parameter, Paths, known};
use crate::params::Params;
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// The addresses about parking.
pub(crate) fn paths() -> Paths<Arc<Rooms>> {
    Paths::new()
        .at(&OCCUPANCY, of_zones)
        .at(&week::WEEK, week::week)
        .at(&overstays::OVERSTAYS, overstays::overstays)
        .at(&sensors::SENSORS, sensors::sensors)
}

/// Windows of one question and zone.
const WINDOWS_LIMIT: usize = 3_000;

/// One zone, as it is told.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ParkingZoneRow")]
struct ZoneRow {
    zone: Zone,
    spaces: usize,
    /// Too few spaces: what follows would tell of single ones.
    withheld: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<Now>,
    #[serde(skip_serializing_if = "Option::is_none")]
    period: Option<Period>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    windows: Vec<Window>,
    /// Sensors that do not see; it says nothing of their spaces.
    faults: Vec<Fault>,
}

/// At the end of the period.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ParkingNow")]
struct Now {
    #[serde(flatten)]
    counts: SpaceCounts,
    /// Per cent of the spaces that are known and open.
    occupancy: Said<f64>,
    known: f64,
    low_confidence: bool,
}

/// Over the whole period.
#[derive(Serialize, JsonSchema)]
struct Period {
    /// Per cent, weighted by time.
    occupancy: Said<f64>,
    known: f64,
    low_confidence: bool,
    stays: Said<Stays>,
    /// Sessions that ended, for each usable space and hour.
    turnover: Said<f64>,
}

#[derive(Serialize, JsonSchema)]
struct Window {
    start: Timestamp,
    end: Timestamp,
    occupancy: Said<f64>,
    known: f64,
    low_confidence: bool,
    /// Drivers have been searching for long enough.
    searching: bool,
}

#[derive(Serialize, JsonSchema)]
struct Fault {
    device: DeviceId,
    fault: SensorFault,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Parking")]
struct Body {
    from: Timestamp,
    to: Timestamp,
    zones: Vec<ZoneRow>,
}

/// A space: what it was, and when its sensor was heard last.
struct Space {
    device: DeviceId,
    transitions: Vec<Transition>,
    heard: Option<Timestamp>,
}

const OCCUPANCY: Operation =
    Operation::get("/api/v1/parking/occupancy", "How full zones are, and how much of that is known; the last day by default")
        .takes(&[
            known::ZONE,
            known::DAY_FROM,
            known::DAY_TO,
            Parameter::one_of("every", "Windows besides, weighted by time", &["15m", "1h"]),
            known::FORMAT,
        ])
        .gives::<Answered<'_, Body>>()
        .also(&["text/csv", "text/plain"])
        .tagged();

async fn of_zones(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = OCCUPANCY.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let city = house.city.time();
    let (from, to) = past(&params, house, 1)?;
    let step = every(&params)?;
    if step.is_some_and(|step| to.since(from).as_millis() / step.as_millis().max(1) > WINDOWS_LIMIT as u128) {
        return Err(Problem::parameter("every", "that many windows are not given", format!("at most {WINDOWS_LIMIT} windows")));
    }
    let _permit = gather::permit(&rooms)?;
    let zones = zones(house, &params, (from, to)).await?;
    let settings = &house.parameters.parking.numbers;
    let rows: Vec<ZoneRow> = zones.into_iter().map(|(zone, spaces)| row(zone, &spaces, (from, to), step, settings)).collect();
    let mut notes = Vec::new();
    if rows.is_empty() {
        notes.push("no data: no parking space is known here".to_owned());
    }
    notes.extend(withheld_note(rows.iter().filter(|row| row.withheld).count(), settings));
    let answer = Answer {
        name: "parking-occupancy",
        title: format!("Occupancy of parking zones at {}", city.civil(to).strftime("%Y-%m-%d %H:%M")),
        table: if step.is_some() { windows_table(&rows) } else { zones_table(&rows) },
        body: Body { from, to, zones: rows },
        notes,
        rests_on: resting(&house.parameters.parking.rows, &["space.", "occupancy.", "sensor."]),
    };
    answer.told(format, house)
}

/// The period, the last `days` where none is given: what is to come is not unknown, it is not there.
fn past(params: &Params, house: &House, days: i32) -> Result<(Timestamp, Timestamp), Problem> {
    let now = house.clock.now();
    let range = params.period(now, house.city.time(), days)?;
    let (from, to) = (range.start, range.end.min(now.plus(Duration::from_millis(1))));
    if from >= to {
        return Err(Problem::parameter("from", format!("{from} is not in the past"), "an instant that is over"));
    }
    Ok((from, to))
}

/// The spaces of each zone that is asked for.
async fn zones(
    house: &House,
    params: &Params,
    (from, to): (Timestamp, Timestamp),
) -> Result<BTreeMap<Zone, Vec<Space>>, Problem> {
    let mut zones: BTreeMap<Zone, Vec<Space>> = BTreeMap::new();
    let settings = &house.parameters.parking.numbers;
    let devices = gather::devices(house, Kind::PARKING, params.zone()?.as_ref()).await?;
    // From the time on after which an unmoved sensor counts as stuck.
    let past = Duration::try_from_secs_f64((settings.sensor.stuck_days.get() + 1.0) * 86_400.0).unwrap_or(Duration::MAX);
    let quantities = [Quantity::PARKING_OCCUPIED, Quantity::PARKING_SENSOR_OBSTRUCTED];
    let mut pasts = Pasts::of(house, &devices, &quantities, from.min(to.minus(past))..to);
    while let Some((device, said)) = pasts.next().await? {
        zones.entry(device.zone.clone()).or_default().push(space(device.id.clone(), said, to, settings));
    }
    Ok(zones)
}

/// What is said of zones that would tell of single spaces.
fn withheld_note(zones: usize, settings: &ParkingSettings) -> Option<String> {
    let least = settings.occupancy.least_spaces.get();
    let note = || format!("{zones} zones have fewer than {least} spaces and are withheld: they would tell of single ones");
    (zones > 0).then(note)
}

/// What is wrong with each sensor of a zone.
fn faults(spaces: &[Space], to: Timestamp, settings: &ParkingSettings) -> Vec<Option<SensorFault>> {
    let heard: Vec<_> = spaces.iter().map(|space| (space.transitions.as_slice(), space.heard)).collect();
    sensor_faults(&heard, to, &settings.space, &settings.sensor)
}

fn every(params: &Params) -> Result<Option<Duration>, Problem> {
    match params.one("every")? {
        None => Ok(None),
        Some("15m") => Ok(Some(Duration::from_secs(900))),
        Some("1h") => Ok(Some(Duration::from_secs(3600))),
        Some(_) => Err(Problem::parameter("every", "occupancy is not told so", "15m or 1h, or nothing for the whole period")),
    }
}

/// What a space was until `to`, of which this was said.
fn space(device: DeviceId, said: Vec<Reading>, to: Timestamp, settings: &ParkingSettings) -> Space {
    let (said, obstructed) = said.into_iter().partition(|r| r.series.quantity == Quantity::PARKING_OCCUPIED);
    let (said, obstructed) = (gather::of_first_channel(said), gather::good(gather::of_first_channel(obstructed)));
    let report = |reading: &Reading| match reading.quality.grade() {
        Grade::Bad => Report::Fault,
        Grade::Good | Grade::Uncertain if reading.value >= 0.5 => Report::Occupied,
        Grade::Good | Grade::Uncertain => Report::Free,
    };
    let mut reports: Vec<(Timestamp, Report)> = said.iter().map(|r| (r.observed_at, report(r))).collect();
    // After the state of the same instant: a sensor that cannot see takes its word back.
    reports.extend(obstructed.into_iter().filter(|(_, is)| *is >= 0.5).map(|(at, _)| (at, Report::Fault)));
    let heard = reports.iter().map(|(at, _)| *at).max();
    Space { device, transitions: transitions(&reports, to, &settings.space), heard }
}

fn row(
    zone: Zone,
    spaces: &[Space],
    (from, to): (Timestamp, Timestamp),
    step: Option<Duration>,
    settings: &ParkingSettings,
) -> ZoneRow {
    let found = faults(spaces, to, settings);
    let faults =
        spaces.iter().zip(&found).filter_map(|(s, f)| f.map(|fault| Fault { device: s.device.clone(), fault })).collect();
    let withheld = !publishable(spaces.len(), &settings.occupancy);
    if withheld {
        return ZoneRow { zone, spaces: spaces.len(), withheld, now: None, period: None, windows: Vec::new(), faults };
    }
    let trusted = trusted(spaces, &found);
    let all: Vec<&[Transition]> = trusted.iter().map(AsRef::as_ref).collect();
    ZoneRow {
        zone,
        spaces: spaces.len(),
        withheld,
        now: now(&all, settings),
        period: Some(period(&all, (from, to), settings)),
        windows: step.map_or_else(Vec::new, |step| windows(&all, (from, to), step, settings)),
        faults,
    }
}

/// A sensor that does not move is not believed since it last did: its space is unknown.
fn trusted<'a>(spaces: &'a [Space], faults: &[Option<SensorFault>]) -> Vec<Cow<'a, [Transition]>> {
    spaces.iter().zip(faults).map(|(space, fault)| believed(&space.transitions, *fault)).collect()
}

fn now(all: &[&[Transition]], settings: &ParkingSettings) -> Option<Now> {
    let count = |state: SpaceState| {
        // Before anything is believed a space is unknown.
        let states = all.iter().map(|space| space.last().map_or(SpaceState::Unknown, |t| t.state));
        u32::try_from(states.filter(|s| *s == state).count()).unwrap_or(u32::MAX)
    };
    let total = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let (occupied, unknown, closed) = (count(SpaceState::Occupied), count(SpaceState::Unknown), count(SpaceState::Closed));
    let counts = SpaceCounts::new(total, occupied, unknown, closed).ok()?;
    let Occupancy { percent, known, low_confidence } = occupancy(counts, &settings.occupancy);
    Some(Now { counts, occupancy: Said(percent), known, low_confidence })
}

fn period(all: &[&[Transition]], (from, to): (Timestamp, Timestamp), settings: &ParkingSettings) -> Period {
    let Occupancy { percent, known, low_confidence } = occupancy_over(all, (from, to), &settings.occupancy);
    let ended: Vec<_> = all.iter().flat_map(|space| sessions(space)).filter(|s| ended_within(s, from, to)).collect();
    let space_hours = known * all.len() as f64 * to.since(from).as_secs_f64() / 3600.0;
    Period {
        occupancy: Said(percent),
        known,
        low_confidence,
        stays: Said(stays(&ended)),
        turnover: Said(turnover(&ended, (from, to), space_hours)),
    }
}

fn ended_within(session: &domains::parking::Session, from: Timestamp, to: Timestamp) -> bool {
    matches!(session.end, domains::parking::SessionEnd::Left(at) if from <= at && at < to)
}

fn windows(all: &[&[Transition]], (from, to): (Timestamp, Timestamp), step: Duration, settings: &ParkingSettings) -> Vec<Window> {
    let mut found = Vec::new();
    let mut start = from;
    while start < to {
        let end = start.plus(step).min(to);
        let Occupancy { percent, known, low_confidence } = occupancy_over(all, (start, end), &settings.occupancy);
        found.push(Window { start, end, occupancy: Said(percent), known, low_confidence, searching: false });
        start = end;
    }
    let percents: Vec<Option<f64>> = found.iter().map(|w| w.occupancy.0.as_ref().value().copied()).collect();
    let pressed = search_pressure(&percents, step.as_secs_f64() / 60.0, &settings.occupancy);
    for (window, pressed) in found.iter_mut().zip(pressed) {
        window.searching = pressed;
    }
    found
}

fn zones_table(rows: &[ZoneRow]) -> Table {
    let columns = vec![
        "zone",
        "spaces",
        "occupancy_now",
        "known_now",
        "low_confidence",
        "occupancy",
        "median_stay_h",
        "p85_stay_h",
        "turnover",
        "silent",
        "stuck",
        "doubted",
        "reason",
    ];
    let count = |row: &ZoneRow, fault: SensorFault| Cell::count(row.faults.iter().filter(|f| f.fault == fault).count());
    let row = |row: &ZoneRow| {
        let (now, period) = (row.now.as_ref(), row.period.as_ref());
        let reason =
            if row.withheld { Cell::text("withheld: too few spaces") } else { now.map_or(Cell::Empty, |n| n.occupancy.reason()) };
        let of_stays = |of: fn(&Stays) -> f64| period.map_or(Cell::Empty, |p| p.stays.cell(|s| Cell::Number(of(s))));
        vec![
            Cell::text(&row.zone),
            Cell::count(row.spaces),
            now.map_or(Cell::Empty, |n| n.occupancy.cell(|v| Cell::Number(*v))),
            now.map(|n| n.known).into(),
            now.map_or(Cell::Empty, |n| Cell::Is(n.low_confidence)),
            period.map_or(Cell::Empty, |p| p.occupancy.cell(|v| Cell::Number(*v))),
            of_stays(|s| s.median_h),
            of_stays(|s| s.p85_h),
            period.map_or(Cell::Empty, |p| p.turnover.cell(|v| Cell::Number(*v))),
            count(row, SensorFault::Silent),
            count(row, SensorFault::Stuck),
            count(row, SensorFault::Doubted),
            reason,
        ]
    };
    Table { columns, rows: rows.iter().map(row).collect() }
}

fn windows_table(rows: &[ZoneRow]) -> Table {
    let columns = vec!["zone", "from", "to", "occupancy", "known", "low_confidence", "searching", "reason"];
    let cells = |zone: &Zone, window: &Window| {
        vec![
            Cell::text(zone),
            Cell::At(window.start),
            Cell::At(window.end),
            window.occupancy.cell(|v| Cell::Number(*v)),
            Cell::Number(window.known),
            Cell::Is(window.low_confidence),
            Cell::Is(window.searching),
            window.occupancy.reason(),
        ]
    };
    Table { columns, rows: rows.iter().flat_map(|row| row.windows.iter().map(move |w| cells(&row.zone, w))).collect() }
}
