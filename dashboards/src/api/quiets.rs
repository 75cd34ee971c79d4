//! Silences and maintenance windows.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use ports::{NewQuiet, Quiet, QuietFilter, QuietSort};
use schemars::JsonSchema;
use schemas::{Person, Remark, Scope, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::body::Body;
use crate::api::named::Named;
use crate::house::{Rooms, Shared};
use crate::openapi::{Operation, Parameter, known};
use crate::params::Params;
use crate::problem::Problem;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "QuietRow")]
struct Row {
    #[serde(flatten)]
    quiet: Quiet,
    /// Whether it holds now.
    holds: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "QuietRows")]
struct Rows {
    #[serde(skip_serializing_if = "Option::is_none")]
    silences: Option<Vec<Row>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maintenance: Option<Vec<Row>>,
    /// The `cursor` of the next page; none where this is the last.
    next: Option<u64>,
}

/// A silence or a window that is to be.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "QuietAsked")]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    scope: Scope,
    from: Option<Timestamp>,
    until: Timestamp,
    by: Person,
    #[serde(default)]
    note: Remark,
}

/// Who ends one.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ended {
    by: Person,
}

const OVER: Parameter = Parameter::truth("over", "Those too that are over");
const NUMBER: Parameter = Parameter::whole("id", "Its number", 0, None).in_path();

pub(crate) const SILENCES: Operation = Operation::get("/api/v1/silences", "Silences that hold or will, the newest first")
    .takes(&[OVER, known::LIMIT, known::CURSOR])
    .gives::<Rows>()
    .tagged();

pub(crate) async fn silences(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    list(&rooms, &SILENCES.read(&uri)?, QuietSort::Silence).await
}

pub(crate) const WINDOWS: Operation =
    Operation::get("/api/v1/maintenance", "Maintenance windows that hold or will, the newest first")
        .takes(&[OVER, known::LIMIT, known::CURSOR])
        .gives::<Rows>()
        .tagged();

pub(crate) async fn windows(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    list(&rooms, &WINDOWS.read(&uri)?, QuietSort::Maintenance).await
}

async fn list(rooms: &Rooms, params: &Params, sort: QuietSort) -> Result<Response, Problem> {
    let settings = &rooms.house.settings;
    let limit = params.limit(settings.default_rows, settings.most_rows)?;
    let over = params.parsed::<bool>("over", "true or false")?.unwrap_or(false);
    let before = params.parsed("cursor", "the `next` of an earlier answer")?;
    let mut found = rooms.house.desk.quiets(QuietFilter { sort, over, before, limit: limit + 1 }).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|last| last.id);
    let now = rooms.house.clock.now();
    let rows = found.into_iter().map(|quiet| Row { holds: quiet.holds(now), quiet }).collect();
    Ok(Json(match sort {
        QuietSort::Silence => Rows { silences: Some(rows), maintenance: None, next },
        QuietSort::Maintenance => Rows { silences: None, maintenance: Some(rows), next },
    })
    .into_response())
}

pub(crate) const SILENCE: Operation = Operation::post("/api/v1/silences", "Begins a silence").reads::<Asked>().creates::<Row>();

pub(crate) async fn silence(State(rooms): Shared, Body(asked): Body<Asked>) -> Result<Response, Problem> {
    begin(&rooms, QuietSort::Silence, asked).await
}

pub(crate) const WINDOW: Operation =
    Operation::post("/api/v1/maintenance", "Begins a maintenance window").reads::<Asked>().creates::<Row>();

pub(crate) async fn window(State(rooms): Shared, Body(asked): Body<Asked>) -> Result<Response, Problem> {
    begin(&rooms, QuietSort::Maintenance, asked).await
}

async fn begin(rooms: &Rooms, sort: QuietSort, asked: Asked) -> Result<Response, Problem> {
    let Asked { scope, from, until, by, note } = asked;
    let now = rooms.house.clock.now();
    let quiet = rooms.house.desk.begin_quiet(NewQuiet { sort, scope, from: from.unwrap_or(now), until, by, note }).await?;
    Ok((StatusCode::CREATED, Json(Row { holds: quiet.holds(now), quiet })).into_response())
}

pub(crate) const END_SILENCE: Operation = Operation::post("/api/v1/silences/{id}/end", "Ends a silence before its time")
    .takes(&[NUMBER])
    .reads::<Ended>()
    .gives::<Row>();

pub(crate) async fn end_silence(
    State(rooms): Shared,
    Named(id): Named<String>,
    uri: Uri,
    Body(Ended { by }): Body<Ended>,
) -> Result<Response, Problem> {
    end(&rooms, QuietSort::Silence, &id, &uri, by).await
}

pub(crate) const END_WINDOW: Operation =
    Operation::post("/api/v1/maintenance/{id}/end", "Ends a maintenance window before its time")
        .takes(&[NUMBER])
        .reads::<Ended>()
        .gives::<Row>();

pub(crate) async fn end_window(
    State(rooms): Shared,
    Named(id): Named<String>,
    uri: Uri,
    Body(Ended { by }): Body<Ended>,
) -> Result<Response, Problem> {
    end(&rooms, QuietSort::Maintenance, &id, &uri, by).await
}

async fn end(rooms: &Rooms, sort: QuietSort, id: &str, uri: &Uri, by: Person) -> Result<Response, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found(uri.path()))?;
    let quiet = rooms.house.desk.end_quiet(sort, id, by).await?;
    Ok(Json(Row { holds: false, quiet }).into_response())
}
