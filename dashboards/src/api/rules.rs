//! The rules: looked at, tried on the past, written; and who is on duty when they call.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use ports::{BackTest, RULE_BYTES, RotaView, RuleDraft, RuleText, RuleView};
use schemars::JsonSchema;
use schemas::{RuleId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api::body::Body;
use crate::api::named::Named;
use crate::house::Shared;
use crate::openapi::{Operation, Parameter};
use crate::problem::Problem;

/// Bytes of a request with a draft: of JSON each byte may need six.
pub(crate) const BODY: usize = RULE_BYTES * 6 + 1024;
/// Days of the past that a draft is tried on: where nothing is said, and at most.
pub(crate) const DAYS: u32 = 30;
const DAYS_AT_MOST: u32 = 366;
const DAY: Duration = Duration::from_secs(86_400);

#[derive(Serialize, JsonSchema)]
struct Rules {
    rules: Vec<RuleView>,
}

#[derive(Serialize, JsonSchema)]
struct Rotas {
    rotas: Vec<RotaView>,
}

/// A draft that is to be written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Written {
    toml: String,
}

/// A draft that is to be tried.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tried {
    toml: String,
    days: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
struct Saved {
    file: String,
}

const RULE: Parameter = Parameter::of::<RuleId>("id", "The rule").in_path();

pub(crate) const LIST: Operation = Operation::get("/api/v1/rules", "All rules, those that are switched off too").gives::<Rules>();

pub(crate) async fn list(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    LIST.read(&uri)?;
    Ok(Json(Rules { rules: rooms.house.rules.rules().await? }).into_response())
}

pub(crate) const SHOW: Operation =
    Operation::get("/api/v1/rules/{id}", "A rule as it is written").takes(&[RULE]).gives::<RuleText>();

pub(crate) async fn show(State(rooms): Shared, Named(id): Named<String>, uri: Uri) -> Result<Response, Problem> {
    SHOW.read(&uri)?;
    let found = rooms.house.rules.rule(&named(&id)?).await?;
    Ok(Json(found.ok_or_else(|| absent(&id))?).into_response())
}

pub(crate) const SAVE: Operation =
    Operation::post("/api/v1/rules/{id}", "Writes a rule, and has everything judged by it from now on")
        .takes(&[RULE])
        .reads::<Written>()
        .gives::<Saved>();

pub(crate) async fn save(
    State(rooms): Shared,
    Named(id): Named<String>,
    Body(Written { toml }): Body<Written>,
) -> Result<Response, Problem> {
    let file = rooms.house.rules.save(RuleDraft { id: named(&id)?, toml }).await?;
    Ok(Json(Saved { file }).into_response())
}

pub(crate) const BACK_TEST: Operation =
    Operation::post("/api/v1/rules/{id}/backtest", "What a draft of a rule would have said of the last days; nothing is kept")
        .takes(&[RULE])
        .reads::<Tried>()
        .gives::<BackTest>();

pub(crate) async fn back_test(
    State(rooms): Shared,
    Named(id): Named<String>,
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

pub(crate) const ROTAS: Operation =
    Operation::get("/api/v1/rotas", "Who is on duty, and the shifts that follow").gives::<Rotas>();

pub(crate) async fn rotas(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    ROTAS.read(&uri)?;
    Ok(Json(Rotas { rotas: rooms.house.desk.rotas().await }).into_response())
}

fn named(id: &str) -> Result<RuleId, Problem> {
    id.parse().map_err(|_| absent(id))
}

fn absent(id: &str) -> Problem {
    Problem::absent(format!("there is no rule `{}`", id.chars().take(64).collect::<String>()))
}
