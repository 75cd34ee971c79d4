//! Silences and maintenance windows.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use ports::{NewQuiet, Quiet, QuietFilter, QuietSort};
use schemas::{Person, Remark, Scope, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::body::Body;
use crate::house::{Rooms, Shared};
use crate::params::Params;
use crate::problem::Problem;

#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    quiet: Quiet,
    /// Whether it holds now.
    holds: bool,
}

#[derive(Serialize)]
struct Rows {
    #[serde(skip_serializing_if = "Option::is_none")]
    silences: Option<Vec<Row>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maintenance: Option<Vec<Row>>,
    /// The `cursor` of the next page; none where this is the last.
    next: Option<u64>,
}

/// A silence or a window that is to be.
#[derive(Deserialize)]
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
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ended {
    by: Person,
}

/// `GET /api/v1/silences?over=&limit=&cursor=`
pub(crate) async fn silences(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    list(&rooms, &uri, QuietSort::Silence).await
}

/// `GET /api/v1/maintenance?over=&limit=&cursor=`
pub(crate) async fn windows(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    list(&rooms, &uri, QuietSort::Maintenance).await
}

async fn list(rooms: &Rooms, uri: &Uri, sort: QuietSort) -> Result<Response, Problem> {
    let params = Params::read(uri, &["over", "limit", "cursor"])?;
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

/// `POST /api/v1/silences`
pub(crate) async fn silence(State(rooms): Shared, Body(asked): Body<Asked>) -> Result<Response, Problem> {
    begin(&rooms, QuietSort::Silence, asked).await
}

/// `POST /api/v1/maintenance`
pub(crate) async fn window(State(rooms): Shared, Body(asked): Body<Asked>) -> Result<Response, Problem> {
    begin(&rooms, QuietSort::Maintenance, asked).await
}

async fn begin(rooms: &Rooms, sort: QuietSort, asked: Asked) -> Result<Response, Problem> {
    let Asked { scope, from, until, by, note } = asked;
    let now = rooms.house.clock.now();
    let quiet = rooms.house.desk.begin_quiet(NewQuiet { sort, scope, from: from.unwrap_or(now), until, by, note }).await?;
    Ok((StatusCode::CREATED, Json(Row { holds: quiet.holds(now), quiet })).into_response())
}

/// `POST /api/v1/silences/{id}/end`
pub(crate) async fn end_silence(
    State(rooms): Shared,
    Path(id): Path<String>,
    uri: Uri,
    Body(Ended { by }): Body<Ended>,
) -> Result<Response, Problem> {
    end(&rooms, QuietSort::Silence, &id, &uri, by).await
}

/// `POST /api/v1/maintenance/{id}/end`
pub(crate) async fn end_window(
    State(rooms): Shared,
    Path(id): Path<String>,
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
