//! The rules: looked at, tried on the past, written; and who is on duty when they call.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use ports::{RULE_BYTES, RotaView, RuleDraft, RuleView};
use schemas::{RuleId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::body::Body;
use crate::house::Shared;
use crate::params::Params;
use crate::problem::Problem;

/// Bytes of a request with a draft: of JSON each byte may need six.
pub(crate) const BODY: usize = RULE_BYTES * 6 + 1024;
/// Days of the past that a draft is tried on: where nothing is said, and at most.
pub(crate) const DAYS: u32 = 30;
const DAYS_AT_MOST: u32 = 366;
const DAY: Duration = Duration::from_secs(86_400);

#[derive(Serialize)]
struct Rules {
    rules: Vec<RuleView>,
}

#[derive(Serialize)]
struct Rotas {
    rotas: Vec<RotaView>,
}

/// A draft that is to be written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    toml: String,
}

/// A draft that is to be tried.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tried {
    toml: String,
    days: Option<u32>,
}

#[derive(Serialize)]
struct Saved {
    file: String,
}

/// `GET /api/v1/rules`
pub(crate) async fn list(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    Ok(Json(Rules { rules: rooms.house.rules.rules().await? }).into_response())
}

/// `GET /api/v1/rules/{id}`
pub(crate) async fn show(State(rooms): Shared, Path(id): Path<String>, uri: Uri) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    let found = rooms.house.rules.rule(&named(&id)?).await?;
    Ok(Json(found.ok_or_else(|| absent(&id))?).into_response())
}

/// `POST /api/v1/rules/{id}`
pub(crate) async fn save(
    State(rooms): Shared,
    Path(id): Path<String>,
    Body(Written { toml }): Body<Written>,
) -> Result<Response, Problem> {
    let file = rooms.house.rules.save(RuleDraft { id: named(&id)?, toml }).await?;
    Ok(Json(Saved { file }).into_response())
}

/// `POST /api/v1/rules/{id}/backtest`
pub(crate) async fn back_test(
    State(rooms): Shared,
    Path(id): Path<String>,
    Body(Tried { toml, days }): Body<Tried>,
) -> Result<Response, Problem> {
    let from = begin(days, rooms.house.clock.now())?;
    Ok(Json(rooms.house.rules.back_test(RuleDraft { id: named(&id)?, toml }, from).await?).into_response())
}

/// So many days ago.
pub(crate) fn begin(days: Option<u32>, now: Timestamp) -> Result<Timestamp, Problem> {
    let days = days.unwrap_or(DAYS);
    if !(1..=DAYS_AT_MOST).contains(&days) {
        return Err(Problem::body(format!("`days` is {days}, expected 1 to {DAYS_AT_MOST}")));
    }
    Ok(now.minus(DAY * days))
}

/// `GET /api/v1/rotas`
pub(crate) async fn rotas(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    Params::read(&uri, &[])?;
    Ok(Json(Rotas { rotas: rooms.house.desk.rotas().await }).into_response())
}

fn named(id: &str) -> Result<RuleId, Problem> {
    id.parse().map_err(|_| absent(id))
}

fn absent(id: &str) -> Problem {
    Problem::absent(format!("there is no rule `{}`", id.chars().take(64).collect::<String>()))
}
