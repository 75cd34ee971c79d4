//! Where a number comes from: the messages as they came, and for one reading the way from its message's bytes to the hour it counts in.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ports::{KeptFilter, KeptPage, Points, Query, ReadBy, Refusal, Reread, Selector, Shape};
use schemars::JsonSchema;
use schemas::{DeviceId, Grade, HOUR, Kind, Quantity, Reading, Timestamp};
use serde::Serialize;

use crate::api::payload::MessageRow;
use crate::budget::in_time;
use crate::house::{Rooms, Shared};
use crate::openapi::{Operation, Parameter, known};
use crate::problem::Problem;
use crate::rows::ReadingRow;

/// Bytes of a payload that are shown in a list.
const EXCERPT: usize = 256;
/// Messages of a list where nothing is said, and at most: each is looked at.
const ROWS: usize = 50;
const MOST: usize = 500;
/// Readings of one instant that are looked through for the one that is meant.
const SAME_INSTANT: usize = 1_000;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "JournalMessages")]
struct Messages<'a> {
    messages: Vec<MessageRow<'a>>,
    /// The `cursor` of the next page; none where the journal begins there.
    next: Option<u64>,
}

pub(crate) const MESSAGES: Operation =
    Operation::get("/api/v1/messages", "Messages of the journal as they came, the last ones first")
        .takes(&[
            known::DEVICE,
            Parameter::text("topic", "Only under topics that fit this MQTT filter"),
            Parameter::whole("limit", "Messages at most, 50 where it is not given: each is looked at", 1, Some(MOST as u64)),
            known::CURSOR,
        ])
        .gives::<Messages<'_>>();

pub(crate) async fn messages(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = MESSAGES.read(&uri)?;
    let filter = KeptFilter {
        device: params.parsed("device", "one device id")?,
        topic: params.one("topic")?.map(ToOwned::to_owned),
        before: params.parsed("cursor", "the `next` of an earlier answer")?,
        limit: params.limit(ROWS, MOST)?,
    };
    let KeptPage { messages, next } = rooms.house.operations.kept(&filter).await?;
    let messages = messages.iter().map(|kept| MessageRow::of(kept.offset, &kept.message, EXCERPT)).collect();
    Ok(Json(Messages { messages, next }).into_response())
}

/// How a message is read with the present devices, profiles and routes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ReadNow")]
pub(crate) struct Now<'a> {
    envelope: Option<&'a str>,
    uplinks: Vec<Seen<'a>>,
    profile: Option<&'a ReadBy>,
    readings: Vec<ReadingRow<'a>>,
    refusal: Option<&'a Refusal>,
}

#[derive(Serialize, JsonSchema)]
struct Seen<'a> {
    device: &'a DeviceId,
    port: Option<u8>,
    payload_base64: Option<String>,
}

impl<'a> From<&'a Reread> for Now<'a> {
    fn from(Reread { envelope, uplinks, profile, readings, refusal }: &'a Reread) -> Self {
        let uplinks = uplinks.iter().map(|(device, port, bytes)| {
            let payload_base64 = bytes.as_ref().map(|bytes| STANDARD.encode(bytes));
            Seen { device, port: *port, payload_base64 }
        });
        Self {
            envelope: envelope.as_deref(),
            uplinks: uplinks.collect(),
            profile: profile.as_ref(),
            readings: readings.iter().map(ReadingRow::from).collect(),
            refusal: refusal.as_ref(),
        }
    }
}

#[derive(Serialize, JsonSchema)]
struct Explained<'a> {
    reading: ReadingRow<'a>,
    /// None where the journal has let go of it.
    message: Option<MessageRow<'a>>,
    now: Option<Now<'a>>,
    /// Whether the message gives the same value when it is read now; none without a message.
    same: Option<bool>,
    /// Of the program that reads.
    program: &'static str,
    hour: Hour,
}

/// The hour that the reading lies in.
#[derive(Serialize, JsonSchema)]
struct Hour {
    start: Timestamp,
    /// Whether this reading counts in it: a bad one does not.
    counts: bool,
    count: u64,
    mean: Option<f64>,
    min: Option<f64>,
    max: Option<f64>,
}

pub(crate) const EXPLAIN: Operation =
    Operation::get("/api/v1/explain", "Where one reading comes from, and the hour it counts in")
        .takes(&[
            Parameter::of::<DeviceId>("device", "Whose").needed(),
            Parameter::of::<Quantity>("quantity", "Of what").needed(),
            Parameter::whole("channel", "The channel, 0 where it is not given", 0, Some(255)),
            Parameter::of::<Timestamp>("at", "When it was observed").needed(),
        ])
        .gives::<Explained<'_>>();

pub(crate) async fn explain(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = EXPLAIN.read(&uri)?;
    let needed = |name: &str| Problem::parameter(name, "it is missing", "device, quantity and at");
    let device: DeviceId = params.parsed("device", "one device id")?.ok_or_else(|| needed("device"))?;
    let quantity: Quantity = params.parsed("quantity", "the name of a quantity")?.ok_or_else(|| needed("quantity"))?;
    let channel: u8 = params.parsed("channel", "0 to 255")?.unwrap_or(0);
    let at: Timestamp = params.parsed("at", "an RFC 3339 instant, when it was observed")?.ok_or_else(|| needed("at"))?;
    let select = Selector { devices: vec![device], quantities: vec![quantity], ..Selector::default() };
    let reading = reading(&rooms, &select, channel, at).await?;
    let reading = reading.ok_or_else(|| Problem::absent(format!("no reading of this series was observed at {at}")))?;
    // A meter tells of people (law 09-08): what is behind one of its values is the vault's to open, for a purpose.
    if reading.kind == Kind::WATER {
        return Err(Problem::withheld("what single connections measure is not explained", "a device behind which nobody stands"));
    }
    let trace = rooms.house.operations.trace(&reading).await?;
    let same_series = |r: &&Reading| r.series == reading.series && r.observed_at == reading.observed_at;
    let caps = rooms.house.store.caps();
    #[expect(clippy::float_cmp, reason = "the same bytes read by the same profile give the same number, to the last bit")]
    let as_kept = |r: &Reading| caps.kept(r.value) == reading.value;
    let same = trace.as_ref().map(|trace| trace.now.readings.iter().find(same_series).is_some_and(as_kept));
    let answer = Explained {
        reading: ReadingRow::from(&reading),
        message: trace.as_ref().map(|trace| MessageRow::of(trace.kept.offset, &trace.kept.message, usize::MAX)),
        now: trace.as_ref().map(|trace| Now::from(&trace.now)),
        same,
        program: env!("CARGO_PKG_VERSION"),
        hour: hour(&rooms, &select, &reading).await?,
    };
    Ok(Json(answer).into_response())
}

async fn reading(rooms: &Rooms, select: &Selector, channel: u8, at: Timestamp) -> Result<Option<Reading>, Problem> {
    let range = at..at.plus(Duration::from_millis(1));
    let query = Query { select: select.clone(), range, shape: Shape::Raw, limit: SAME_INSTANT };
    Ok(match in_time(rooms.house.store.scan(&query)).await? {
        Points::Raw { readings, .. } => readings.into_iter().find(|r| r.series.channel == channel),
        Points::Hourly { .. } => None,
    })
}

async fn hour(rooms: &Rooms, select: &Selector, reading: &Reading) -> Result<Hour, Problem> {
    let start = reading.observed_at.hour();
    let range = start..Timestamp::clamped(start.millis() + HOUR);
    let query = Query { select: select.clone(), range, shape: Shape::Hourly, limit: SAME_INSTANT };
    let counts = reading.quality.grade() != Grade::Bad;
    let found = match in_time(rooms.house.store.scan(&query)).await? {
        Points::Hourly { partials, .. } => partials.into_iter().find(|p| p.series == reading.series),
        Points::Raw { .. } => None,
    };
    Ok(Hour {
        start,
        counts,
        count: found.as_ref().map_or(0, |p| p.count),
        mean: found.as_ref().map(schemas::Partial::mean),
        min: found.as_ref().map(|p| p.min),
        max: found.as_ref().map(|p| p.max),
    })
}
