//! `GET /api/v1/reports`: how each report fares that goes by mail.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use ports::Mailing;
use schemars::JsonSchema;
use serde::Serialize;

use crate::house::Shared;
use crate::openapi::Operation;
use crate::problem::Problem;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Mailings")]
struct Body {
    reports: Vec<Mailing>,
}

pub(crate) const LIST: Operation = Operation::get(
    "/api/v1/reports",
    "Reports by mail: the last edition that arrived, what waits or was given up and why, when the next one goes",
)
.gives::<Body>();

pub(crate) async fn list(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    LIST.read(&uri)?;
    Ok(Json(Body { reports: rooms.house.desk.mailings().await? }).into_response())
}
