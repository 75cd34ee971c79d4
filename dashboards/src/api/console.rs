//! Devices, why alerts were told, and the platform's own state.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use ports::{Check, DeviceFilter, DeviceView, Status};
use schemas::{AlertId, DeviceId};
use serde::Serialize;

use crate::house::Shared;
use crate::params::Params;
use crate::problem::Problem;

#[derive(Serialize)]
struct Devices {
    devices: Vec<DeviceView>,
    /// The id after which the next page begins.
    next: Option<DeviceId>,
}

/// `GET /api/v1/devices?device=&kind=&zone=&limit=&cursor=`
pub(crate) async fn devices(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["device", "kind", "zone", "limit", "cursor"])?;
    let settings = &rooms.house.settings;
    let limit = params.limit(settings.default_rows, settings.most_rows)?;
    let after = params.parsed("cursor", "the `next` of an earlier answer")?;
    // One more than asked tells whether others follow.
    let id = params.parsed("device", "one device id")?;
    let filter = DeviceFilter { id, kind: params.kind()?, zone: params.zone()?, after, limit: limit + 1 };
    let mut devices = rooms.house.console.devices(&filter).await?;
    let more = devices.len() > limit;
    devices.truncate(limit);
    let next = devices.last().filter(|_| more).map(|d| d.device.id.clone());
    Ok(Json(Devices { devices, next }).into_response())
}

/// `GET /api/v1/alerts/{id}/why`: why each step of an alert was told, or not.
pub(crate) async fn why(State(rooms): Shared, Path(id): Path<String>, uri: Uri) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    let why = rooms.house.console.why(&AlertId(id)).await?;
    let why = why.ok_or_else(|| Problem::absent("there is no such alert"))?;
    Ok(Json(why).into_response())
}

#[derive(Serialize)]
struct Standing {
    ready: bool,
    balanced: bool,
    #[serde(flatten)]
    status: Status,
}

/// `GET /api/v1/status`
pub(crate) async fn status(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    let status = rooms.house.console.status().await?;
    Ok(Json(Standing { ready: status.ready(), balanced: status.identity.balances(), status }).into_response())
}

/// `GET /healthz`: the process lives, whatever else is the matter.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    checks: Vec<Check>,
}

/// `GET /readyz`: 200 where every check is well, else 503.
pub(crate) async fn readyz(State(rooms): Shared) -> Result<Response, Problem> {
    let status = rooms.house.console.status().await?;
    let code = if status.ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((code, Json(Readiness { ready: status.ready(), checks: status.checks })).into_response())
}
