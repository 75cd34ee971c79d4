//! `GET /api/v1/air/index`: how good the air is, by the European index each hour, by the Moroccan one each day, or by that of
//! the United States each hour.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::air::{
    Concentration, EaqiBand, Index, IqaGrid, Measure, Particles, Pollutant, StationDay, UsAqi, eaqi, nowcast, running_8h,
    running_24h, us_aqi,
};
use domains::parameters::Status;
use domains::time::LocalDay;
use domains::{Capture, Finding, Lack};
use jiff::civil::Date;
use schemars::JsonSchema;
use schemas::{DeviceId, HOUR, Timestamp, Zone};
use serde::Serialize;

use super::{Hours, KEYS, stations};
use crate::api::answer::{Answer, Answered, Format, Said, resting};
use crate::api::gather;
use crate::house::{House, Shared};
use crate::openapi::{Operation, Parameter, known};
use crate::params::{Params, whole_hours};
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// The hours before a period that its first values reach back into.
const BEFORE: Duration = Duration::from_secs(24 * 3600);
/// Hours that a NowCast looks at.
const NOWCAST: u16 = 12;

/// An index, for people and programs.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Level {
    level: i64,
    /// The stable code of its band: `very_poor`.
    band: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    colour: Option<&'static str>,
    /// What made it.
    dominant: &'static str,
    /// Of each pollutant or measure.
    parts: BTreeMap<&'static str, i64>,
    /// A pollutant that the index is meant to cover was missing.
    partial: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AirIndexHourRow")]
struct HourRow {
    station: DeviceId,
    zone: Zone,
    /// The first instant of the hour.
    start: Timestamp,
    index: Said<Level>,
}

#[derive(Serialize, JsonSchema)]
struct DayRow {
    zone: Zone,
    date: Date,
    /// Background stations that were looked at.
    stations: usize,
    /// The day is not over.
    provisional: bool,
    index: Said<Level>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AirIndexRows")]
#[serde(rename_all = "snake_case")]
enum Rows {
    Hours(Vec<HourRow>),
    Days(Vec<DayRow>),
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AirIndex")]
struct Body {
    index: &'static str,
    /// How well its scale is known.
    status: Status,
    source: String,
    from: Timestamp,
    to: Timestamp,
    #[serde(flatten)]
    rows: Rows,
}

pub(super) const INDEX: Operation = Operation::get("/api/v1/air/index", "The index of air stations, of each hour or day")
    .takes(&[
        Parameter::one_of(
            "index",
            "Which index; `iqa` is of each local day and zone, the others of each UTC hour",
            &["eaqi", "us-aqi", "iqa"],
        ),
        known::STATIONS,
        known::ZONE,
        known::DAY_FROM,
        known::DAY_TO,
        known::FORMAT,
    ])
    .gives::<Answered<'_, Body>>()
    .also(&["text/csv", "text/plain"])
    .tagged();

pub(super) async fn index(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    const INDICES: &str = "eaqi (each hour), iqa (each day) or us-aqi (each hour)";
    let params = INDEX.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let range = whole_hours(&params.period(house.clock.now(), house.city.time(), 1)?);
    let _permit = gather::permit(&rooms)?;
    match params.one("index")? {
        None | Some("eaqi") => by_hour(house, &params, range.start, range.end, &EUROPE, of_europe).await?.told(format, house),
        Some("us-aqi") => by_hour(house, &params, range.start, range.end, &STATES, of_the_states).await?.told(format, house),
        Some("iqa") => by_day(house, &params, range.start, range.end).await?.told(format, house),
        Some(other) => {
            let other: String = other.chars().take(64).collect();
            Err(Problem::parameter("index", format!("`{other}` is not an index"), INDICES))
        }
    }
}

/// An index of hours, as it is introduced.
struct Scale {
    code: &'static str,
    title: &'static str,
    source: &'static str,
    keys: &'static [&'static str],
}

const EUROPE: Scale = Scale {
    code: "eaqi",
    title: "European air quality index (2024 revision), each hour",
    source: "European Environment Agency, airindex.eea.europa.eu; rounding to integers is the house's",
    keys: &[],
};
const STATES: Scale = Scale {
    code: "us-aqi",
    title: "Air quality index of the United States with NowCast, each hour",
    source: "EPA-454/B-24-002, May 2024",
    keys: &["us_aqi_celsius"],
};

async fn by_hour<'a>(
    house: &'a House,
    params: &Params,
    from: Timestamp,
    to: Timestamp,
    scale: &Scale,
    of: fn(&House, &Hours, Timestamp) -> Finding<Level>,
) -> Result<Answer<'a, Body>, Problem> {
    let (mut hours, mut notes) = (Vec::new(), Vec::new());
    for device in stations(house, params).await? {
        let known = Hours::of(house, &device.id, from.minus(BEFORE)..to).await?;
        let mut start = from;
        while start < to {
            let index = Said(of(house, &known, start));
            hours.push(HourRow { station: device.id.clone(), zone: device.zone.clone(), start, index });
            start = Timestamp::clamped(start.millis() + HOUR);
        }
        notes.extend(known.notes);
    }
    if hours.is_empty() {
        notes.push("no data: no air station is known here".to_owned());
    }
    let mut table = Table { columns: vec!["station", "zone", "hour from"], rows: Vec::new() };
    table.columns.extend(LEVEL_COLUMNS);
    for row in &hours {
        let mut cells = vec![Cell::text(&row.station), Cell::text(&row.zone), Cell::At(row.start)];
        cells.extend(level_cells(&row.index));
        table.rows.push(cells);
    }
    let keys: Vec<&str> = KEYS.iter().chain(scale.keys).copied().collect();
    Ok(Answer {
        name: "air-index",
        title: scale.title.to_owned(),
        body: Body {
            index: scale.code,
            status: Status::Verified,
            source: scale.source.to_owned(),
            from,
            to,
            rows: Rows::Hours(hours),
        },
        table,
        notes,
        rests_on: resting(&house.parameters.air.rows, &keys),
    })
}

fn of_europe(_: &House, hours: &Hours, at: Timestamp) -> Finding<Level> {
    eaqi(&hours.at(at), hours.siting).map(|index| {
        let band = EaqiBand::of(index.level);
        Level { colour: Some(band.colour()), ..level(&index, band.code().to_owned()) }
    })
}

fn level(index: &Index, band: String) -> Level {
    Level {
        level: i64::from(index.level),
        band,
        colour: None,
        dominant: index.dominant.code(),
        parts: index.parts.iter().map(|(pollutant, level)| (pollutant.code(), i64::from(*level))).collect(),
        partial: index.partial,
    }
}

/// Every measure of which the data carry enough; the worst of them.
fn of_the_states(house: &House, hours: &Hours, at: Timestamp) -> Finding<Level> {
    let celsius = house.parameters.air.numbers.us_aqi_celsius.get();
    let mut concentrations = Vec::new();
    for (particles, pollutant) in [(Particles::Pm25, Pollutant::Pm25), (Particles::Pm10, Pollutant::Pm10)] {
        let newest: Option<Vec<Option<f64>>> = hours.series.get(&pollutant).map(|s| s.newest_first(at, NOWCAST).collect());
        concentrations.extend(newest.and_then(|newest| nowcast(particles, &newest)).map(|n| n.concentration));
    }
    let mut gas = |measure, value: Option<f64>| {
        concentrations.extend(value.and_then(|v| Concentration::from_ug_m3(measure, v, celsius)));
    };
    let of = |pollutant| hours.series.get(&pollutant);
    gas(Measure::O3EightHours, of(Pollutant::O3).and_then(|s| running_8h(s, at)));
    gas(Measure::O3Hour, of(Pollutant::O3).and_then(|s| s.at(at)));
    gas(Measure::Co, of(Pollutant::Co).and_then(|s| running_8h(s, at)));
    gas(Measure::So2Hour, of(Pollutant::So2).and_then(|s| s.at(at)));
    gas(Measure::So2Day, of(Pollutant::So2).and_then(|s| running_24h(s, at)));
    gas(Measure::No2, of(Pollutant::No2).and_then(|s| s.at(at)));
    let Some(UsAqi { worst, parts }) = us_aqi(&concentrations) else {
        return Finding::Insufficient(Lack::OneOf(vec!["pm25", "pm10", "o3", "co", "so2", "no2"]));
    };
    Finding::Value(Level {
        level: worst.published(),
        band: worst.category().code().to_owned(),
        colour: None,
        dominant: worst.measure.code(),
        parts: parts.iter().map(|part| (part.measure.code(), part.published())).collect(),
        partial: false,
    })
}

async fn by_day<'a>(house: &'a House, params: &Params, from: Timestamp, to: Timestamp) -> Result<Answer<'a, Body>, Problem> {
    let (settings, city, now) = (&house.parameters.air.numbers, house.city.time(), house.clock.now());
    let days: Vec<LocalDay> = city.days(city.date(from), city.date(to.minus(Duration::from_millis(1)))).collect();
    let whole = days.first().map_or(from, |d| d.start)..days.last().map_or(to, |d| d.end);
    let mut zones: BTreeMap<Zone, Vec<Hours>> = BTreeMap::new();
    let mut notes = Vec::new();
    for device in stations(house, params).await? {
        let mut hours = Hours::of(house, &device.id, whole.clone()).await?;
        notes.append(&mut hours.notes);
        let zone = zones.entry(device.zone.clone()).or_default();
        // The index speaks of what people breathe away from roads.
        if hours.siting == domains::air::Siting::Background {
            zone.push(hours);
        }
    }
    let capture: Capture = settings.day_capture();
    let mut rows = Vec::new();
    for (zone, hours) in &zones {
        for day in &days {
            let stations: Vec<StationDay> = hours
                .iter()
                .map(|h| h.series.iter().map(|(pollutant, series)| (*pollutant, series.of_day(*day).collect())).collect())
                .collect();
            let index = settings.iqa.day(&stations, capture).map(|index| {
                let (fr, _) = IqaGrid::label(index.level);
                level(&index, fr.to_owned())
            });
            let row = DayRow {
                zone: zone.clone(),
                date: day.date,
                stations: hours.len(),
                provisional: day.end > now,
                index: Said(index),
            };
            rows.push(row);
        }
    }
    if rows.is_empty() {
        notes.push("no data: no air station is known here".to_owned());
    }
    let mut table = Table { columns: vec!["zone", "date", "stations", "provisional"], rows: Vec::new() };
    table.columns.extend(LEVEL_COLUMNS);
    for row in &rows {
        let mut cells = vec![Cell::text(&row.zone), Cell::Day(row.date), Cell::count(row.stations), Cell::Is(row.provisional)];
        cells.extend(level_cells(&row.index));
        table.rows.push(cells);
    }
    let status = settings.iqa.status();
    notes.push(format!("The grid of this index is {}: the Moroccan one could not be read.", status.code()));
    let keys: Vec<&str> = KEYS.iter().copied().chain(["capture.day", "iqa."]).collect();
    Ok(Answer {
        name: "air-index",
        title: "Moroccan air quality index (IQA), each day".to_owned(),
        body: Body {
            index: "iqa",
            status,
            source: settings.iqa.pm10.source.clone(),
            from: whole.start,
            to: whole.end,
            rows: Rows::Days(rows),
        },
        table,
        notes,
        rests_on: resting(&house.parameters.air.rows, &keys),
    })
}

const LEVEL_COLUMNS: [&str; 5] = ["level", "band", "dominant", "partial", "reason"];

fn level_cells(index: &Said<Level>) -> [Cell; 5] {
    [
        index.cell(|l| Cell::Number(l.level as f64)),
        index.cell(|l| Cell::text(&l.band)),
        index.cell(|l| Cell::text(l.dominant)),
        index.cell(|l| Cell::Is(l.partial)),
        index.reason(),
    ]
}
