//! Readings: of a period, and the last ones. JSON comes in pages; CSV, NDJSON and Parquet are streamed while
//! the store is asked, as fast as the client takes them.

mod stream;

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use ports::{Points, Query, Shape, Store};
use schemars::JsonSchema;
use schemas::{Reading, Timestamp};
use serde::Serialize;

use crate::budget::in_time;
use crate::days::{Days, whole_days};
use crate::house::{House, Shared};
use crate::openapi::{Operation, Parameter, known};
use crate::params::{Params, whole_hours};
use crate::problem::Problem;
use crate::rows::{DayRow, HourRow, ReadingRow};
use crate::scan::{Cursor, Pager};
use crate::tagged;
use crate::thin::Thin;
use crate::walk::Walk;
use stream::{Ink, Stream, line};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    Ndjson,
    Parquet,
}

impl Format {
    const fn content_type(self) -> &'static str {
        match self {
            Format::Json => "application/json",
            Format::Csv => "text/csv; charset=utf-8; header=present",
            Format::Ndjson => "application/x-ndjson",
            Format::Parquet => "application/vnd.apache.parquet",
        }
    }

    /// How a browser is told to keep what no browser shows.
    const fn attachment(self) -> Option<&'static str> {
        match self {
            Format::Json | Format::Ndjson => None,
            Format::Csv => Some("attachment; filename=\"marsad.csv\""),
            Format::Parquet => Some("attachment; filename=\"marsad.parquet\""),
        }
    }
}

fn format(params: &Params) -> Result<Format, Problem> {
    match params.one("format")? {
        None | Some("json") => Ok(Format::Json),
        Some("csv") => Ok(Format::Csv),
        Some("ndjson") => Ok(Format::Ndjson),
        Some("parquet") => Ok(Format::Parquet),
        Some(other) => {
            let other: String = other.chars().take(64).collect();
            Err(Problem::parameter("format", format!("`{other}` is not a format"), "json, csv, ndjson or parquet"))
        }
    }
}

/// What one row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Every {
    Reading,
    Hour,
    Day,
}

impl Every {
    const fn shape(self) -> Shape {
        match self {
            Every::Reading => Shape::Raw,
            Every::Hour | Every::Day => Shape::Hourly,
        }
    }
}

fn every(params: &Params) -> Result<Every, Problem> {
    match params.one("every")? {
        None => Ok(Every::Reading),
        Some("1h") => Ok(Every::Hour),
        Some("1d") => Ok(Every::Day),
        Some(other) => {
            let other: String = other.chars().take(64).collect();
            let detail = format!("readings cannot be had every `{other}`");
            Err(Problem::parameter("every", detail, "1h or 1d, or nothing for readings as they are"))
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct Page<'a> {
    from: Timestamp,
    to: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    readings: Option<Vec<ReadingRow<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hours: Option<Vec<HourRow<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<Vec<DayRow<'a>>>,
    next: Option<String>,
}

/// Readings of a series that `points` may ask for: more than a screen has columns.
const POINTS: RangeInclusive<usize> = 2..=10_000;

pub(crate) const READINGS: Operation = Operation::get(
    "/api/v1/readings",
    "Readings of a period, as they are, by the hour or by the day; the last 24 hours by default",
)
.takes(&[
    known::DEVICES,
    known::QUANTITIES,
    known::KIND,
    known::ZONE,
    known::FROM,
    known::TO,
    known::EVERY,
    Parameter::whole("points", "Of each series the extremes, no more than so many; JSON alone", 2, Some(10_000)),
    known::LIMIT,
    Parameter::one_of("format", "How it is written; all but `json` are streamed", &["json", "csv", "ndjson", "parquet"]),
    known::CURSOR,
])
.gives::<Page<'_>>()
.also(&["text/csv", "application/x-ndjson", "application/vnd.apache.parquet"])
.tagged_when_over();

pub(crate) async fn readings(State(rooms): Shared, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let params = READINGS.read(&uri)?;
    let house = &rooms.house;
    let (format, every, points) = (format(&params)?, every(&params)?, points(&params)?);
    let now = house.clock.now();
    let range = params.range(now)?;
    let closed = params.is_closed(&range, now);
    let time = house.city.time();
    let (range, store): (_, Arc<dyn Store>) = match every {
        Every::Reading => (range, house.store.clone()),
        Every::Hour => (whole_hours(&range), house.store.clone()),
        Every::Day => (whole_days(time, &range), Arc::new(Days::of(house.store.clone(), time))),
    };
    let cursor = params.parsed::<Cursor>("cursor", "the `next` of an earlier answer to the same question")?;
    let query = Query { select: params.selector()?, range: range.clone(), shape: every.shape(), limit: 0 };
    if format == Format::Json {
        let (points, next) = match points {
            Some(points) => (thinned(house, query, points).await?, None),
            None => {
                let mut pager = Pager::new(store, query, cursor);
                let limit = params.limit(house.settings.default_rows, house.settings.most_rows)?;
                let points = pager.page(limit).await?;
                let next = pager.cursor().filter(|_| points.more()).map(ToString::to_string);
                (points, next)
            }
        };
        let page = page(house, every, &range, &points, next);
        return Ok(if closed {
            tagged::told(serde_json::to_vec(&page).expect("a page is text and finite numbers").into(), &headers)
        } else {
            Json(page).into_response()
        });
    }
    if cursor.is_some() {
        let detail = "a stream has no pages: it ends when everything is told".to_owned();
        return Err(Problem::parameter("cursor", detail, "nothing, or format=json"));
    }
    let left = params.limit(usize::MAX, usize::MAX)?;
    let permit =
        rooms.streams.clone().try_acquire_owned().map_err(|_| {
            Problem::busy(format!("{} streams are open already, which is as many as may be", house.settings.streams))
        })?;
    let chunk = house.settings.most_rows.max(1);
    let mut walk = Walk::begin(store, query).await?;
    // The first page decides between an answer and a problem; after it the status is sent.
    let first = walk.page(left.min(chunk)).await?;
    let ink = Ink::new(format, every, &house.city)?;
    let body = Stream { walk, next: Some(first), ink: Some(ink), left, chunk, _permit: permit }.body();
    let mut response = body.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    if let Some(name) = format.attachment() {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(name));
    }
    Ok(response)
}

/// `points`: only of readings as they are, in one answer.
fn points(params: &Params) -> Result<Option<usize>, Problem> {
    let expected = format!("a number from {} to {}", POINTS.start(), POINTS.end());
    let Some(points) = params.parsed::<usize>("points", &expected)? else { return Ok(None) };
    if !POINTS.contains(&points) {
        return Err(Problem::parameter("points", format!("{points} is outside the range"), expected));
    }
    for (name, allowed) in [("every", None), ("limit", None), ("cursor", None), ("format", Some("json"))] {
        if params.one(name)?.is_some_and(|given| Some(given) != allowed) {
            let detail = "extremes are of readings as they are, and all in one answer of JSON";
            return Err(Problem::parameter(name, detail, "nothing beside points"));
        }
    }
    Ok(Some(points))
}

/// The extremes of each series, at most `points` of it.
async fn thinned(house: &House, query: Query, points: usize) -> Result<Points, Problem> {
    let most = house.settings.most_rows;
    let (mut thin, mut pager) = (Thin::new(&query.range, points), Pager::new(house.store.clone(), query, None));
    loop {
        let Points::Raw { readings, more } = pager.page(most.max(1)).await? else { break };
        readings.into_iter().for_each(|reading| thin.take(reading));
        if thin.series().saturating_mul(points) > most.max(points) {
            let detail = format!("{} series of {points} readings are more than {most} rows", thin.series());
            return Err(Problem::parameter("device", detail, "fewer devices or quantities, or fewer points"));
        }
        if !more {
            break;
        }
    }
    Ok(Points::Raw { readings: thin.done(), more: false })
}

fn page<'a>(house: &House, every: Every, range: &Range<Timestamp>, points: &'a Points, next: Option<String>) -> Page<'a> {
    let page = Page { from: range.start, to: range.end, every: None, readings: None, hours: None, days: None, next };
    match points {
        Points::Raw { readings, .. } => Page { readings: Some(readings.iter().map(ReadingRow::from).collect()), ..page },
        Points::Hourly { partials, .. } if every == Every::Day => {
            let time = house.city.time();
            let days = partials.iter().map(|partial| DayRow::of(partial, &time.day_of(partial.start)));
            Page { every: Some("1d"), days: Some(days.collect()), ..page }
        }
        Points::Hourly { partials, .. } => {
            Page { every: Some("1h"), hours: Some(partials.iter().map(HourRow::from).collect()), ..page }
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct Latest<'a> {
    at: Timestamp,
    readings: Vec<ReadingRow<'a>>,
    next: Option<String>,
}

pub(crate) const LATEST: Operation = Operation::get("/api/v1/latest", "The last reading of each series")
    .takes(&[
        known::DEVICES,
        known::QUANTITIES,
        known::KIND,
        known::ZONE,
        known::LIMIT,
        known::CURSOR,
        Parameter::one_of("format", "How it is written", &["json", "csv", "ndjson"]),
    ])
    .gives::<Latest<'_>>()
    .also(&["text/csv", "application/x-ndjson"]);

pub(crate) async fn latest(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = LATEST.read(&uri)?;
    let house = &rooms.house;
    let format = format(&params)?;
    let after = params.parsed::<Cursor>("cursor", "the `next` of an earlier answer to the same question")?;
    let limit = match format {
        Format::Json => params.limit(house.settings.default_rows, house.settings.most_rows)?,
        Format::Csv | Format::Ndjson => params.limit(usize::MAX, usize::MAX)?,
        Format::Parquet => {
            let detail = "the latest readings are few: they are told as text".to_owned();
            return Err(Problem::parameter("format", detail, "json, csv or ndjson"));
        }
    };
    let all = in_time(house.store.latest(&params.selector()?)).await?;
    let begin = after.map_or(0, |cursor| all.partition_point(|r| cursor.covers(&r.series)));
    let rest = all.get(begin..).unwrap_or_default();
    let shown = rest.get(..limit.min(rest.len())).unwrap_or_default();
    match format {
        Format::Json => {
            let next = shown.last().filter(|_| shown.len() < rest.len()).map(|r: &Reading| Cursor::at(r).to_string());
            let readings = shown.iter().map(ReadingRow::from).collect();
            Ok(Json(Latest { at: house.clock.now(), readings, next }).into_response())
        }
        Format::Csv | Format::Ndjson | Format::Parquet => {
            let mut text = if format == Format::Csv { ReadingRow::CSV_HEAD.to_owned() } else { String::new() };
            shown.iter().for_each(|r| line(format == Format::Csv, &ReadingRow::from(r), &mut text));
            Ok(([(header::CONTENT_TYPE, format.content_type())], text).into_response())
        }
    }
}
