//! `GET /api/v1/parking/overstays`: how many stay longer than they may, in the hours of control.
//!
//! By zone; the spaces themselves only where the settings say that nobody but officers asks, and never reserved ones.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::parking::{SensorFault, Session, SessionEnd, overstay, publishable, sessions};
use schemars::JsonSchema;
use schemas::{DeviceId, Timestamp, Zone};
use serde::Serialize;

use super::{Space, faults, past, zones};
use crate::api::answer::{Answer, Answered, Format, resting};
use crate::api::gather;
use crate::house::{House, Shared};
use crate::openapi::{Operation, known};
use crate::parameters::SpaceUse;
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// The overstays of a zone.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ParkingOverstaysZoneRow")]
struct ZoneRow {
    zone: Zone,
    /// Spaces that are not reserved.
    spaces: usize,
    /// Too few spaces: what follows would tell of single ones.
    withheld: bool,
    /// Sessions of the period that were long enough ago to be known, each once.
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<usize>,
    /// Of them, those that became too long within the period.
    #[serde(skip_serializing_if = "Option::is_none")]
    overstays: Option<usize>,
    /// Of these, those that go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    going_on: Option<usize>,
}

/// One of them, for a parking officer.
#[derive(Serialize, JsonSchema)]
struct Overstay {
    device: DeviceId,
    zone: Zone,
    /// Since when something stands there.
    since: Timestamp,
    /// From then on it stands there too long.
    too_long_at: Timestamp,
    /// Until when; none while it goes on.
    until: Option<Timestamp>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ParkingOverstays")]
struct Body {
    from: Timestamp,
    to: Timestamp,
    zones: Vec<ZoneRow>,
    /// Only where `privacy.single_spaces` allows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    single: Option<Vec<Overstay>>,
}

pub(super) const OVERSTAYS: Operation =
    Operation::get("/api/v1/parking/overstays", "Who stays too long, by zone; the last day by default")
        .takes(&[known::ZONE, known::DAY_FROM, known::DAY_TO, known::FORMAT])
        .gives::<Answered<'_, Body>>()
        .also(&["text/csv", "text/plain"]);

pub(super) async fn overstays(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = OVERSTAYS.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let (from, to) = past(&params, house, 1)?;
    let _permit = gather::permit(&rooms)?;
    let (mut rows, mut single) = (Vec::new(), Vec::new());
    for (zone, spaces) in zones(house, &params, (from, to)).await? {
        let (row, found) = of_zone(house, &zone, &spaces, (from, to));
        rows.push(row);
        single.extend(found);
    }
    let single = house.parameters.single_spaces.then_some(single);
    let answer = Answer {
        name: "parking-overstays",
        title: format!("Stays that were too long, at {}", house.city.time().civil(to).strftime("%Y-%m-%d %H:%M")),
        table: single.as_deref().map_or_else(|| zones_table(&rows), single_table),
        notes: notes(house, &rows, single.as_deref()),
        body: Body { from, to, zones: rows, single },
        rests_on: resting(&house.parameters.parking.rows, &["space.", "stay.", "enforcement", "sensor.", "occupancy.least"]),
    };
    answer.told(format, house)
}

/// The sessions of the period that a zone saw, and those that became too long in it.
fn of_zone(house: &House, zone: &Zone, spaces: &[Space], (from, to): (Timestamp, Timestamp)) -> (ZoneRow, Vec<Overstay>) {
    let settings = &house.parameters.parking.numbers;
    let faults = faults(spaces, to, settings);
    let (mut seen, mut used, mut found) = (0, 0, Vec::new());
    for (space, fault) in spaces.iter().zip(faults) {
        let purpose = house.parameters.spaces.get(&space.device).copied().unwrap_or_default();
        let longest = match purpose {
            SpaceUse::Metered => &settings.stay.metered_min,
            SpaceUse::Loading => &settings.stay.loading_min,
            SpaceUse::Reserved => continue,
        };
        used += 1;
        // Nobody is accused by a sensor that is not believed.
        if fault == Some(SensorFault::Stuck) {
            continue;
        }
        let allowed = (longest.get(), settings.stay.grace_min.get());
        for session in sessions(&space.transitions).into_iter().filter(|s| ended(s).is_none_or(|at| at > from)) {
            seen += 1;
            let until = ended(&session).unwrap_or(to);
            let city = house.city.time();
            let at = overstay(session.start, until, allowed, &settings.enforcement, city, &house.parameters.calendar);
            found.extend(at.filter(|at| from <= *at && *at < to).map(|too_long_at| Overstay {
                device: space.device.clone(),
                zone: zone.clone(),
                since: session.start,
                too_long_at,
                until: ended(&session),
            }));
        }
    }
    let withheld = !publishable(used, &settings.occupancy);
    let told = |count: usize| (!withheld).then_some(count);
    let going_on = found.iter().filter(|o| o.until.is_none()).count();
    let row = ZoneRow {
        zone: zone.clone(),
        spaces: used,
        withheld,
        sessions: told(seen),
        overstays: told(found.len()),
        going_on: told(going_on),
    };
    (row, found)
}

/// When a session ended, or was lost sight of.
const fn ended(session: &Session) -> Option<Timestamp> {
    match session.end {
        SessionEnd::Left(at) | SessionEnd::Lost(at) => Some(at),
        SessionEnd::Open => None,
    }
}

fn notes(house: &House, rows: &[ZoneRow], single: Option<&[Overstay]>) -> Vec<String> {
    let settings = &house.parameters.parking.numbers;
    let (stay, hours) = (&settings.stay, &settings.enforcement);
    let mut notes = vec![format!(
        "Too long: more than {} min in a metered space or {} min in a loading bay, and {} min of grace, from {} to {} (in Ramadan {} to \
         {}) on one day; not verified: {}.",
        stay.metered_min.get(),
        stay.loading_min.get(),
        stay.grace_min.get(),
        hours.from.strftime("%H:%M"),
        hours.to.strftime("%H:%M"),
        hours.ramadan_from.strftime("%H:%M"),
        hours.ramadan_to.strftime("%H:%M"),
        hours.source
    )];
    if rows.is_empty() {
        notes.push("no data: no parking space is known here".to_owned());
    }
    let withheld = rows.iter().filter(|row| row.withheld).count();
    if withheld > 0 && single.is_none() {
        notes.push(format!("{withheld} zones have too few spaces and are withheld: they would tell of single ones"));
    }
    match single {
        Some(single) => tracing::info!(overstays = single.len(), "stays in single spaces were read"),
        None => notes.push("which spaces: only where privacy.single_spaces in the settings allows it".to_owned()),
    }
    notes
}

fn zones_table(rows: &[ZoneRow]) -> Table {
    let count = |count: Option<usize>| count.map_or(Cell::Empty, Cell::count);
    let row = |row: &ZoneRow| {
        let (sessions, overstays, going_on) = (count(row.sessions), count(row.overstays), count(row.going_on));
        let reason = if row.withheld { Cell::text("withheld: too few spaces") } else { Cell::Empty };
        vec![Cell::text(&row.zone), Cell::count(row.spaces), sessions, overstays, going_on, reason]
    };
    let columns = vec!["zone", "spaces", "sessions", "overstays", "going_on", "reason"];
    Table { columns, rows: rows.iter().map(row).collect() }
}

fn single_table(single: &[Overstay]) -> Table {
    let row = |o: &Overstay| {
        let (device, zone) = (Cell::text(&o.device), Cell::text(&o.zone));
        vec![zone, device, Cell::At(o.since), Cell::At(o.too_long_at), o.until.into()]
    };
    Table { columns: vec!["zone", "space", "since", "too_long_at", "until"], rows: single.iter().map(row).collect() }
}
