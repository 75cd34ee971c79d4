//! `GET /api/v1/parking/week`: how full each zone usually is in each hour of the local week.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::parking::{Occupancy, ParkingSettings, Transition, occupancy_by_week, publishable};
use domains::time::CityTime;
use schemars::JsonSchema;
use schemas::{Timestamp, Zone};
use serde::Serialize;

use super::{Space, faults, past, trusted, withheld_note, zones};
use crate::api::answer::{Answer, Answered, Format, resting};
use crate::api::gather;
use crate::house::Shared;
use crate::openapi::{Operation, known};
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// Days of the period where none is given: four weeks, so that each hour of the week is there four times.
const DAYS: i32 = 28;
const HOURS_OF_DAY: usize = 24;
/// As jiff and ISO 8601 number them, from Monday on.
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// An hour of the week.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HourOfWeek")]
struct Hour {
    /// Per cent of the time that is known; none where nothing of that hour is.
    occupancy: Option<f64>,
    /// Of all the time of its spaces in that hour, 0 to 1.
    known: f64,
    low_confidence: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ParkingWeek")]
struct Week {
    zone: Zone,
    spaces: usize,
    /// Too few spaces: what follows would tell of single ones.
    withheld: bool,
    /// 168, from Monday 00:00 local on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hours: Vec<Hour>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ParkingWeeks")]
struct Body {
    from: Timestamp,
    to: Timestamp,
    zones: Vec<Week>,
}

pub(super) const WEEK: Operation = Operation::get(
    "/api/v1/parking/week",
    "How full zones usually are in each hour of the local week; the last four weeks by default",
)
.takes(&[known::ZONE, known::DAY_FROM, known::DAY_TO, known::FORMAT])
.gives::<Answered<'_, Body>>()
.also(&["text/csv", "text/plain"])
.tagged();

pub(super) async fn week(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = WEEK.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let (from, to) = past(&params, house, DAYS)?;
    let _permit = gather::permit(&rooms)?;
    let (settings, city) = (&house.parameters.parking.numbers, house.city.time());
    let weeks: Vec<Week> = zones(house, &params, (from, to))
        .await?
        .into_iter()
        .map(|(zone, s)| of_zone(zone, &s, (from, to), city, settings))
        .collect();
    let mut notes = Vec::new();
    if weeks.is_empty() {
        notes.push("no data: no parking space is known here".to_owned());
    }
    notes.extend(withheld_note(weeks.iter().filter(|week| week.withheld).count(), settings));
    let answer = Answer {
        name: "parking-week",
        title: format!("Occupancy of parking zones by hour of the week, {} to {}", city.date(from), city.date(to)),
        table: table(&weeks),
        body: Body { from, to, zones: weeks },
        notes,
        rests_on: resting(&house.parameters.parking.rows, &["space.", "occupancy.", "sensor."]),
    };
    answer.told(format, house)
}

fn of_zone(
    zone: Zone,
    spaces: &[Space],
    (from, to): (Timestamp, Timestamp),
    city: &CityTime,
    settings: &ParkingSettings,
) -> Week {
    if !publishable(spaces.len(), &settings.occupancy) {
        return Week { zone, spaces: spaces.len(), withheld: true, hours: Vec::new() };
    }
    let trusted = trusted(spaces, &faults(spaces, to, settings));
    let all: Vec<&[Transition]> = trusted.iter().map(AsRef::as_ref).collect();
    let hour = |Occupancy { percent, known, low_confidence }| Hour { occupancy: percent.value(), known, low_confidence };
    let hours = occupancy_by_week(&all, (from, to), city, &settings.occupancy).map(hour).into();
    Week { zone, spaces: spaces.len(), withheld: false, hours }
}

fn table(weeks: &[Week]) -> Table {
    let columns = vec!["zone", "weekday", "hour", "occupancy", "known", "low_confidence"];
    let cells = |zone: &Zone, weekday: &str, hour: usize, of: &Hour| {
        vec![
            Cell::text(zone),
            Cell::text(weekday),
            Cell::count(hour),
            of.occupancy.into(),
            Cell::Number(of.known),
            Cell::Is(of.low_confidence),
        ]
    };
    let of_zone = |week: &'_ Week| -> Vec<Vec<Cell>> {
        let days = WEEKDAYS.into_iter().zip(week.hours.chunks(HOURS_OF_DAY));
        days.flat_map(|(day, hours)| hours.iter().enumerate().map(move |(hour, of)| cells(&week.zone, day, hour, of))).collect()
    };
    Table { columns, rows: weeks.iter().flat_map(of_zone).collect() }
}
