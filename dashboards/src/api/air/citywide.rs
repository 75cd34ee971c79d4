//! `GET /api/v1/air/exceedances/city`: what `/api/v1/air/exceedances` tells of one station, of every station of the city in one
//! answer: a table for whoever reports to the region.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use schemars::JsonSchema;
use schemas::{DeviceId, Timestamp, Zone};
use serde::Serialize;

use super::exceedances::{BEFORE, Judged, KEYS_OF_YEARS, asked, of_years, sets, table, warnings};
use super::{Hours, stations};
use crate::api::answer::{Answer, Answered, Format, resting};
use crate::api::gather;
use crate::house::Shared;
use crate::openapi::{Operation, Parameter, known};
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// Stations of one answer: each is judged over a year of hours.
pub(crate) const MOST_STATIONS: usize = 100;

/// One station and its calendar years.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AirStationYears")]
struct StationYears {
    station: DeviceId,
    zone: Zone,
    sets: Vec<Judged>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AirCityExceedances")]
struct Body {
    from: Timestamp,
    to: Timestamp,
    stations: Vec<StationYears>,
}

pub(super) const CITYWIDE: Operation = Operation::get(
    "/api/v1/air/exceedances/city",
    "The calendar years of every station against the limits of each set: one table for the city",
)
.takes(&[
    Parameter::of::<DeviceId>("station", "Only these stations; at most 100 in one answer").list(),
    known::ZONE,
    Parameter::text("set", "Only these sets of limits").list(),
    known::DAY_FROM,
    known::DAY_TO,
    known::FORMAT,
])
.gives::<Answered<'_, Body>>()
.also(&["text/csv", "text/plain"])
.tagged();

pub(super) async fn citywide(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = CITYWIDE.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let range = asked(house, &params)?;
    let sets = sets(house, &params)?;
    let devices = stations(house, &params).await?;
    if devices.len() > MOST_STATIONS {
        let found = format!("there are {} stations", devices.len());
        return Err(Problem::parameter("station", found, format!("at most {MOST_STATIONS}: name some, or a zone")));
    }
    let _permit = gather::permit(&rooms)?;
    let (mut told, mut notes) = (Vec::new(), Vec::new());
    let mut all = Table { columns: [vec!["station", "zone"], table(&[]).columns].concat(), rows: Vec::new() };
    for device in devices {
        let hours = Hours::of(house, &device.id, range.start.minus(BEFORE)..range.end).await?;
        let judged = of_years(house, &hours, &sets, &range);
        let named = |row| [vec![Cell::text(&device.id), Cell::text(&device.zone)], row].concat();
        all.rows.extend(table(&judged).rows.into_iter().map(named));
        notes.extend(hours.notes);
        if hours.series.is_empty() {
            notes.push(format!("no data: nothing was heard of {} in this period", device.id));
        }
        for warning in warnings(&judged) {
            // What holds of all is said once.
            if !notes.contains(&warning) {
                notes.push(warning);
            }
        }
        told.push(StationYears { station: device.id, zone: device.zone, sets: judged });
    }
    let answer = Answer {
        name: "air-exceedances-city",
        title: "Exceedances of the city".to_owned(),
        body: Body { from: range.start, to: range.end, stations: told },
        table: all,
        notes,
        rests_on: resting(&house.parameters.air.rows, &KEYS_OF_YEARS.concat()),
    };
    answer.told(format, house)
}
