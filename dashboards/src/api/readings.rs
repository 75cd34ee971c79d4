//! Readings: of a period, and the last ones. JSON comes in pages; CSV and NDJSON are streamed while
//! the store is asked, as fast as the client takes them.

use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use ports::{Points, Query, Selector, Shape, Store};
use schemas::{DeviceId, Reading, Timestamp};
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;

use crate::budget::in_time;
use crate::closed;
use crate::house::{House, Shared};
use crate::params::{Params, whole_hours};
use crate::problem::Problem;
use crate::rows::{HourRow, ReadingRow};
use crate::scan::{Cursor, Pager, ScanError};
use crate::thin::Thin;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    Ndjson,
}

fn format(params: &Params) -> Result<Format, Problem> {
    match params.one("format")? {
        None | Some("json") => Ok(Format::Json),
        Some("csv") => Ok(Format::Csv),
        Some("ndjson") => Ok(Format::Ndjson),
        Some(other) => {
            let other: String = other.chars().take(64).collect();
            Err(Problem::parameter("format", format!("`{other}` is not a format"), "json, csv or ndjson"))
        }
    }
}

fn shape(params: &Params) -> Result<Shape, Problem> {
    match params.one("every")? {
        None => Ok(Shape::Raw),
        Some("1h") => Ok(Shape::Hourly),
        Some(other) => {
            let other: String = other.chars().take(64).collect();
            let detail = format!("readings cannot be had every `{other}`");
            Err(Problem::parameter("every", detail, "1h, or nothing for readings as they are"))
        }
    }
}

#[derive(Serialize)]
struct Page<'a> {
    from: Timestamp,
    to: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    every: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    readings: Option<Vec<ReadingRow<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hours: Option<Vec<HourRow<'a>>>,
    next: Option<String>,
}

const KNOWN: [&str; 11] = ["device", "quantity", "kind", "zone", "from", "to", "every", "points", "limit", "format", "cursor"];
/// Readings of a series that `points` may ask for: more than a screen has columns.
const POINTS: RangeInclusive<usize> = 2..=10_000;

/// `GET /api/v1/readings?device=&quantity=&kind=&zone=&from=&to=&every=&points=&limit=&format=&cursor=`
pub(crate) async fn readings(State(rooms): Shared, uri: Uri, headers: HeaderMap) -> Result<Response, Problem> {
    let params = Params::read(&uri, &KNOWN)?;
    let house = &rooms.house;
    let (format, shape, points) = (format(&params)?, shape(&params)?, points(&params)?);
    let now = house.clock.now();
    let range = params.range(now)?;
    let closed = params.is_closed(&range, now);
    let range = if shape == Shape::Hourly { whole_hours(&range) } else { range };
    let cursor = params.parsed::<Cursor>("cursor", "the `next` of an earlier answer to the same question")?;
    let query = Query { select: params.selector()?, range: range.clone(), shape, limit: 0 };
    if format == Format::Json {
        let (points, next) = match points {
            Some(points) => (thinned(house, query, points).await?, None),
            None => {
                let mut pager = Pager::new(house.store.clone(), query, cursor);
                let limit = params.limit(house.settings.default_rows, house.settings.most_rows)?;
                let points = pager.page(limit).await?;
                let next = pager.cursor().filter(|_| points.more()).map(ToString::to_string);
                (points, next)
            }
        };
        let page = page(range.start, range.end, &points, next);
        return Ok(if closed {
            closed::told(serde_json::to_vec(&page).expect("a page is text and finite numbers"), &headers)
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
    let mut walk = Walk::begin(house.store.clone(), query).await?;
    // The first page decides between an answer and a problem; after it the status is sent.
    let first = walk.page(left.min(chunk)).await?;
    let head = match (format, shape) {
        (Format::Csv, Shape::Raw) => ReadingRow::CSV_HEAD,
        (Format::Csv, Shape::Hourly) => HourRow::CSV_HEAD,
        (Format::Json | Format::Ndjson, _) => "",
    };
    let stream = Stream { walk, next: Some(first), head, left, chunk, format, _permit: permit };
    let body = Body::from_stream(futures_util::stream::try_unfold(stream, Stream::step));
    let mut response = body.into_response();
    let kind = if format == Format::Csv { "text/csv; charset=utf-8; header=present" } else { "application/x-ndjson" };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if format == Format::Csv {
        let name = HeaderValue::from_static("attachment; filename=\"marsad.csv\"");
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
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

fn page<'a>(from: Timestamp, to: Timestamp, points: &'a Points, next: Option<String>) -> Page<'a> {
    let page = Page { from, to, every: None, readings: None, hours: None, next };
    match points {
        Points::Raw { readings, .. } => Page { readings: Some(readings.iter().map(ReadingRow::from).collect()), ..page },
        Points::Hourly { partials, .. } => {
            Page { every: Some("1h"), hours: Some(partials.iter().map(HourRow::from).collect()), ..page }
        }
    }
}

/// One device after another, each in order of time. Stores keep a series together, so that a walk in
/// order of time over all devices would unpack everything for every page.
struct Walk {
    store: Arc<dyn Store>,
    query: Query,
    devices: std::vec::IntoIter<DeviceId>,
    here: Option<Pager>,
}

impl Walk {
    async fn begin(store: Arc<dyn Store>, query: Query) -> Result<Self, ScanError> {
        let mut devices = query.select.devices.clone();
        if devices.is_empty() {
            // Every device that ever measured it, wherever it stands and whatever it is now.
            let known = Selector { quantities: query.select.quantities.clone(), ..Selector::default() };
            devices = in_time(store.latest(&known)).await?.into_iter().map(|r| r.series.device).collect();
        }
        devices.sort_unstable();
        devices.dedup();
        Ok(Self { store, query, devices: devices.into_iter(), here: None })
    }

    /// The next points; none when all devices are told. `more` speaks of the present device only.
    async fn page(&mut self, limit: usize) -> Result<Option<Points>, ScanError> {
        loop {
            if let Some(pager) = &mut self.here {
                let points = pager.page(limit).await?;
                if !points.more() {
                    self.here = None;
                }
                if !points.is_empty() {
                    return Ok(Some(points));
                }
            } else {
                let Some(device) = self.devices.next() else { return Ok(None) };
                let select = Selector { devices: vec![device], ..self.query.select.clone() };
                self.here = Some(Pager::new(self.store.clone(), Query { select, ..self.query.clone() }, None));
            }
        }
    }
}

/// A streamed answer under way. One page of the store is in memory at a time.
struct Stream {
    walk: Walk,
    /// The first page, already asked for; inside, none where there is nothing to tell.
    next: Option<Option<Points>>,
    head: &'static str,
    left: usize,
    chunk: usize,
    format: Format,
    _permit: OwnedSemaphorePermit,
}

impl Stream {
    async fn step(mut self) -> Result<Option<(Bytes, Self)>, ScanError> {
        let points = match self.next.take() {
            Some(points) => points,
            None if self.left == 0 => None,
            // The answer has begun: all that is left to say is to break it off, so that nobody takes
            // a part for the whole.
            None => self.walk.page(self.left.min(self.chunk)).await.inspect_err(|error| {
                tracing::warn!(%error, "a stream of readings was broken off");
            })?,
        };
        let mut text = std::mem::take(&mut self.head).to_owned();
        match &points {
            Some(Points::Raw { readings, .. }) => {
                readings.iter().for_each(|r| line(self.format, &ReadingRow::from(r), &mut text));
            }
            Some(Points::Hourly { partials, .. }) => {
                partials.iter().for_each(|p| line(self.format, &HourRow::from(p), &mut text));
            }
            None => {}
        }
        self.left = self.left.saturating_sub(points.map_or(0, |p| p.len()));
        Ok(if text.is_empty() { None } else { Some((Bytes::from(text), self)) })
    }
}

trait Line: Serialize {
    fn csv(&self, out: &mut String);
}

impl Line for ReadingRow<'_> {
    fn csv(&self, out: &mut String) {
        ReadingRow::csv(self, out);
    }
}

impl Line for HourRow<'_> {
    fn csv(&self, out: &mut String) {
        HourRow::csv(self, out);
    }
}

fn line(format: Format, row: &impl Line, out: &mut String) {
    match format {
        Format::Csv => row.csv(out),
        Format::Json | Format::Ndjson => {
            out.push_str(&serde_json::to_string(row).expect("a row is text and finite numbers"));
            out.push('\n');
        }
    }
}

#[derive(Serialize)]
struct Latest<'a> {
    at: Timestamp,
    readings: Vec<ReadingRow<'a>>,
    next: Option<String>,
}

/// `GET /api/v1/latest?device=&quantity=&kind=&zone=&limit=&cursor=&format=`
pub(crate) async fn latest(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["device", "quantity", "kind", "zone", "limit", "cursor", "format"])?;
    let house = &rooms.house;
    let format = format(&params)?;
    let after = params.parsed::<Cursor>("cursor", "the `next` of an earlier answer to the same question")?;
    let limit = match format {
        Format::Json => params.limit(house.settings.default_rows, house.settings.most_rows)?,
        Format::Csv | Format::Ndjson => params.limit(usize::MAX, usize::MAX)?,
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
        Format::Csv | Format::Ndjson => {
            let mut text = if format == Format::Csv { ReadingRow::CSV_HEAD.to_owned() } else { String::new() };
            shown.iter().for_each(|r| line(format, &ReadingRow::from(r), &mut text));
            let kind = if format == Format::Csv { "text/csv; charset=utf-8; header=present" } else { "application/x-ndjson" };
            Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
        }
    }
}
