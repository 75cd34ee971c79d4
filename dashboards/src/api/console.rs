//! Devices, why alerts were told, and the platform's own state.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use ports::{Check, DeviceFilter, DeviceView, Status, Why};
use schemars::JsonSchema;
use schemas::{AlertId, DeviceId};
use serde::Serialize;

use crate::api::named::Named;
use crate::house::Shared;
use crate::openapi::{Operation, known};
use crate::problem::Problem;

#[derive(Serialize, JsonSchema)]
struct Devices {
    devices: Vec<DeviceView>,
    /// The id after which the next page begins.
    next: Option<DeviceId>,
}

pub(crate) const DEVICES: Operation = Operation::get("/api/v1/devices", "Devices ever heard or listed, by id")
    .takes(&[known::DEVICE, known::KIND, known::ZONE, known::LIMIT, known::CURSOR])
    .gives::<Devices>()
    .tagged();

pub(crate) async fn devices(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = DEVICES.read(&uri)?;
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

pub(crate) const WHY: Operation =
    Operation::get("/api/v1/alerts/{id}/why", "Why each step of an alert was told, held or kept back, and how its messages fare")
        .takes(&[known::ALERT])
        .gives::<Why>()
        .tagged();

pub(crate) async fn why(State(rooms): Shared, Named(id): Named<String>, uri: Uri) -> Result<Response, Problem> {
    WHY.read(&uri)?;
    let why = rooms.house.console.why(&AlertId(id)).await?;
    let why = why.ok_or_else(|| Problem::absent("there is no such alert"))?;
    Ok(Json(why).into_response())
}

#[derive(Serialize, JsonSchema)]
struct Standing {
    ready: bool,
    balanced: bool,
    #[serde(flatten)]
    status: Status,
}

pub(crate) const STATUS: Operation =
    Operation::get("/api/v1/status", "How the platform stands, with the account of messages").gives::<Standing>();

pub(crate) async fn status(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    STATUS.read(&uri)?;
    let status = rooms.house.console.status().await?;
    Ok(Json(Standing { ready: status.ready(), balanced: status.identity.balances(), status }).into_response())
}

/// `GET /healthz`: the process lives, whatever else is the matter.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

#[derive(Serialize, JsonSchema)]
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
