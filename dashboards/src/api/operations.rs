//! Devices that nobody listed, adopting them, reading the settings anew, and what is to happen in a demonstration.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use ports::{Adopted, Happening, Incident, Reloaded, UnknownDevice};
use schemars::JsonSchema;
use schemas::{Device, DeviceId};
use serde::{Deserialize, Serialize};

use crate::api::body::Body;
use crate::house::Shared;
use crate::openapi::{Operation, known};
use crate::problem::Problem;

/// Bytes of a body that lists devices: about 50,000 of them.
pub(crate) const DEVICES_LIMIT: usize = 16 << 20;

#[derive(Serialize, JsonSchema)]
struct Unknown {
    devices: Vec<UnknownDevice>,
    /// The limit cut the answer.
    more: bool,
}

pub(crate) const UNKNOWN: Operation =
    Operation::get("/api/v1/devices/unknown", "Devices that speak and cannot be read, those heard last first")
        .takes(&[known::LIMIT])
        .gives::<Unknown>()
        .tagged();

pub(crate) async fn unknown(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = UNKNOWN.read(&uri)?;
    let settings = &rooms.house.settings;
    let limit = params.limit(settings.default_rows, settings.most_rows)?;
    let mut devices = rooms.house.operations.unknown(limit + 1).await?;
    let more = devices.len() > limit;
    devices.truncate(limit);
    Ok(Json(Unknown { devices, more }).into_response())
}

/// Devices to adopt.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Adopt {
    devices: Vec<Device>,
    #[serde(default)]
    dry_run: bool,
}

pub(crate) const ADOPT: Operation =
    Operation::post("/api/v1/devices", "Adopts devices, all or none").reads::<Adopt>().gives::<Adopted>();

pub(crate) async fn adopt(State(rooms): Shared, Body(adopt): Body<Adopt>) -> Result<Response, Problem> {
    Ok(Json(rooms.house.operations.adopt(adopt.devices, adopt.dry_run).await?).into_response())
}

/// Nothing can be said besides that it is wanted.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

pub(crate) const RELOAD: Operation =
    Operation::post("/api/v1/reload", "Reads devices, routes, profiles, rules and whom to tell anew, all or nothing")
        .reads::<Nothing>()
        .gives::<Reloaded>();

pub(crate) async fn reload(State(rooms): Shared, Body(Nothing {}): Body<Nothing>) -> Result<Response, Problem> {
    Ok(Json(rooms.house.operations.reload().await?).into_response())
}

/// What is to happen.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Befall {
    what: Incident,
    #[serde(default)]
    device: Option<DeviceId>,
}

pub(crate) const BEFALL: Operation =
    Operation::post("/api/v1/demo/incidents", "Has something happen; not there where the city is not simulated")
        .reads::<Befall>()
        .gives::<Happening>();

pub(crate) async fn befall(
    State(rooms): Shared,
    uri: Uri,
    Body(Befall { what, device }): Body<Befall>,
) -> Result<Response, Problem> {
    let stage = rooms.house.stage.as_ref().ok_or_else(|| Problem::not_found(uri.path()))?;
    let happening = Happening { what, device, at: rooms.house.clock.now() };
    stage.befall(happening.clone())?;
    Ok(Json(happening).into_response())
}
