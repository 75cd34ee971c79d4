//! The quarantine: looked at, tried again, emptied.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use ports::{Explanation, QuarantineFilter, QuarantineGroup, Quarantined, Retried, Retry};
use schemars::JsonSchema;
use schemas::{DeviceId, ProfileName};
use serde::{Deserialize, Serialize};

use crate::api::body::Body;
use crate::api::explain::Now;
use crate::api::named::Named;
use crate::api::payload::MessageRow;
use crate::house::Shared;
use crate::openapi::{Operation, Parameter, known};
use crate::params::Params;
use crate::problem::Problem;

/// Bytes of a payload that are shown in a list.
const EXCERPT: usize = 256;

#[derive(Serialize, JsonSchema)]
struct Groups {
    groups: Vec<QuarantineGroup>,
    /// The limit cut the answer.
    more: bool,
}

#[derive(Serialize, JsonSchema)]
struct Messages<'a> {
    messages: Vec<Row<'a>>,
    /// The offset after which the next page begins.
    next: Option<u64>,
}

/// A message as it waits.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "QuarantineRow")]
struct Row<'a> {
    reason: &'a str,
    text: &'a str,
    device: Option<&'a DeviceId>,
    profile: Option<&'a ProfileName>,
    #[serde(flatten)]
    message: MessageRow<'a>,
}

impl<'a> Row<'a> {
    fn of(waiting: &'a Quarantined, most: usize) -> Self {
        let Quarantined { offset, message, reason, text, device, profile } = waiting;
        Self { reason, text, device: device.as_ref(), profile: profile.as_ref(), message: MessageRow::of(*offset, message, most) }
    }
}

fn filter(params: &Params) -> Result<QuarantineFilter, Problem> {
    const EXPECTED: &str = "an RFC 3339 instant with an offset, such as 2026-11-21T20:00:00Z (write + as %2B)";
    Ok(QuarantineFilter {
        reasons: params.list("reason", "reason codes joined by commas, such as unknown_device,no_profile")?,
        device: params.parsed("device", "one device id")?,
        profile: params.parsed("profile", "the name of a profile")?,
        topic: params.one("topic")?.map(ToOwned::to_owned),
        from: params.parsed("from", EXPECTED)?,
        to: params.parsed("to", EXPECTED)?,
    })
}

/// Which of the two it is, the request says.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum Waiting<'a> {
    Groups(Groups),
    Messages(Messages<'a>),
}

pub(crate) const LIST: Operation =
    Operation::get("/api/v1/quarantine", "Messages that gave no reading: groups, or with `each` message by message")
        .takes(&[
            Parameter::text("reason", "Only for these reasons").list(),
            known::DEVICE,
            Parameter::of::<ProfileName>("profile", "Only those that this profile was to read"),
            Parameter::text("topic", "Only topics that hold this text or, where it has `+` or `#`, fit this MQTT filter"),
            known::FROM,
            known::TO,
            known::LIMIT,
            Parameter::truth("each", "Message by message, in the order of the journal"),
            known::CURSOR,
        ])
        .gives::<Waiting<'_>>();

pub(crate) async fn list(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = LIST.read(&uri)?;
    let settings = &rooms.house.settings;
    let limit = params.limit(settings.default_rows, settings.most_rows)?;
    let filter = filter(&params)?;
    let cursor = params.parsed::<u64>("cursor", "the `next` of an earlier answer")?;
    if params.parsed::<bool>("each", "true or false")?.unwrap_or(false) {
        let (found, more) = rooms.house.operations.quarantined(&filter, cursor, limit).await?;
        let next = found.last().filter(|_| more).map(|m| m.offset);
        let messages = found.iter().map(|waiting| Row::of(waiting, EXCERPT)).collect();
        return Ok(Json(Messages { messages, next }).into_response());
    }
    if cursor.is_some() {
        return Err(Problem::parameter("cursor", "groups have no pages", "each=true beside it"));
    }
    let mut groups = rooms.house.operations.groups(&filter, limit + 1).await?;
    let more = groups.len() > limit;
    groups.truncate(limit);
    Ok(Json(Groups { groups, more }).into_response())
}

#[derive(Serialize, JsonSchema)]
struct Shown<'a> {
    #[serde(flatten)]
    message: Row<'a>,
    /// How it is read with the present devices, profiles and routes.
    now: Now<'a>,
}

pub(crate) const SHOW: Operation =
    Operation::get("/api/v1/quarantine/{offset}", "A message that gave no reading, and how it is read at present")
        .takes(&[Parameter::whole("offset", "Where it stands in the journal", 0, None).in_path()])
        .gives::<Shown<'_>>();

pub(crate) async fn show(State(rooms): Shared, uri: Uri, Named(offset): Named<String>) -> Result<Response, Problem> {
    SHOW.read(&uri)?;
    let number = offset.parse().map_err(|_| Problem::not_found(uri.path()))?;
    let found = rooms.house.operations.explain(number).await?;
    let Explanation { quarantined, now } =
        found.ok_or_else(|| Problem::absent(format!("message {offset} does not wait in the quarantine")))?;
    Ok(Json(Shown { message: Row::of(&quarantined, usize::MAX), now: Now::from(&now) }).into_response())
}

pub(crate) const RETRY: Operation = Operation::post("/api/v1/quarantine/retry", "Tries a chunk of at most 1,000 messages again")
    .reads::<Retry>()
    .gives::<Retried>();

pub(crate) async fn retry(State(rooms): Shared, Body(retry): Body<Retry>) -> Result<Response, Problem> {
    Ok(Json(rooms.house.operations.retry(retry).await?).into_response())
}

/// What is to go for good.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Drop {
    #[serde(default)]
    filter: QuarantineFilter,
    /// Needed where the filter takes everything.
    #[serde(default)]
    all: bool,
}

#[derive(Serialize, JsonSchema)]
struct Dropped {
    dropped: u64,
}

pub(crate) const DROP: Operation =
    Operation::post("/api/v1/quarantine/drop", "Takes messages out for good").reads::<Drop>().gives::<Dropped>();

pub(crate) async fn drop(State(rooms): Shared, Body(asked): Body<Drop>) -> Result<Response, Problem> {
    if asked.filter.takes_all() && !asked.all {
        return Err(Problem::body("the filter takes every message, expected `\"all\": true` beside it".to_owned()));
    }
    let dropped = rooms.house.operations.drop_messages(asked.filter).await?;
    Ok(Json(Dropped { dropped }).into_response())
}
