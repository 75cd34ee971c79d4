//! Devices that nobody listed, adopting them, reading the settings anew, and what is to happen in a demonstration.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use ports::{Happening, Incident, UnknownDevice};
use schemas::{Device, DeviceId};
use serde::{Deserialize, Serialize};

use crate::api::body::Body;
use crate::house::Shared;
use crate::params::Params;
use crate::problem::Problem;

/// Bytes of a body that lists devices: about 50,000 of them.
pub(crate) const DEVICES_LIMIT: usize = 16 << 20;

#[derive(Serialize)]
struct Unknown {
    devices: Vec<UnknownDevice>,
    /// The limit cut the answer.
    more: bool,
}

/// `GET /api/v1/devices/unknown?limit=`
pub(crate) async fn unknown(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = Params::read(&uri, &["limit"])?;
    let settings = &rooms.house.settings;
    let limit = params.limit(settings.default_rows, settings.most_rows)?;
    let mut devices = rooms.house.operations.unknown(limit + 1).await?;
    let more = devices.len() > limit;
    devices.truncate(limit);
    Ok(Json(Unknown { devices, more }).into_response())
}

/// Devices to adopt.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Adopt {
    devices: Vec<Device>,
    #[serde(default)]
    dry_run: bool,
}

/// `POST /api/v1/devices`
pub(crate) async fn adopt(State(rooms): Shared, Body(adopt): Body<Adopt>) -> Result<Response, Problem> {
    Ok(Json(rooms.house.operations.adopt(adopt.devices, adopt.dry_run).await?).into_response())
}

/// Nothing can be said besides that it is wanted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// `POST /api/v1/reload`
pub(crate) async fn reload(State(rooms): Shared, Body(Nothing {}): Body<Nothing>) -> Result<Response, Problem> {
    Ok(Json(rooms.house.operations.reload().await?).into_response())
}

/// What is to happen.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Befall {
    what: Incident,
    #[serde(default)]
    device: Option<DeviceId>,
}

/// `POST /api/v1/demo/incidents`: not there where the city is not simulated.
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
