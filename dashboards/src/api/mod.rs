//! `/api/v1` and the addresses that machines watch. `docs/reference/api.md` is their manual.

mod air;
mod alerts;
mod answer;
mod body;
mod console;
mod explain;
mod gather;
mod health;
mod mailings;
mod named;
mod operations;
mod parking;
mod pasts;
mod payload;
pub(crate) mod people;
mod places;
pub(crate) mod privacy;
pub(crate) mod public;
mod quarantine;
mod quiets;
mod readings;
pub(crate) mod rules;
mod waste;
mod water;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::handler::Handler;
use axum::http::Uri;
use axum::routing::get;

use crate::access::Guard;
use crate::house::Rooms;
use crate::openapi::{Operation, Paths, served};
use crate::problem::Problem;

pub(crate) use air::MOST_STATIONS;
pub(crate) use waste::{Outlook, Urgency};

/// All addresses that answer programs.
pub(crate) fn routes() -> Router<Arc<Rooms>> {
    described()
        .router()
        .route("/api", get(nothing))
        .route("/api/{*rest}", get(nothing))
        .route("/healthz", get(console::healthz))
        .route("/readyz", get(console::readyz))
        .route("/metrics", get(crate::metrics::metrics))
        .method_not_allowed_fallback(async || Problem::method())
}

/// The operations of the API that need nothing of the gate, each with what answers it.
fn described() -> Paths<Arc<Rooms>> {
    Paths::new()
        .at(&console::DEVICES, console::devices)
        .at(&operations::ADOPT, operations::adopt.layer(DefaultBodyLimit::max(operations::DEVICES_LIMIT)))
        .at(&operations::UNKNOWN, operations::unknown)
        .at(&health::HEALTH, health::health)
        .at(&quarantine::LIST, quarantine::list)
        .at(&quarantine::SHOW, quarantine::show)
        .at(&quarantine::RETRY, quarantine::retry)
        .at(&quarantine::DROP, quarantine::drop)
        .at(&operations::RELOAD, operations::reload)
        .at(&operations::BEFALL, operations::befall)
        .at(&alerts::LIST, alerts::list)
        .at(&alerts::SHOW, alerts::show)
        .at(&alerts::ACT, alerts::act)
        .at(&console::WHY, console::why)
        .at(&rules::ROTAS, rules::rotas)
        .at(&rules::LIST, rules::list)
        .at(&rules::SHOW, rules::show)
        .at(&rules::SAVE, rules::save.layer(DefaultBodyLimit::max(rules::BODY)))
        .at(&rules::BACK_TEST, rules::back_test.layer(DefaultBodyLimit::max(rules::BODY)))
        .at(&mailings::LIST, mailings::list)
        .at(&quiets::SILENCES, quiets::silences)
        .at(&quiets::SILENCE, quiets::silence)
        .at(&quiets::END_SILENCE, quiets::end_silence)
        .at(&quiets::WINDOWS, quiets::windows)
        .at(&quiets::WINDOW, quiets::window)
        .at(&quiets::END_WINDOW, quiets::end_window)
        .at(&console::STATUS, console::status)
        .at(&explain::MESSAGES, explain::messages)
        .at(&explain::EXPLAIN, explain::explain)
        .at(&readings::LATEST, readings::latest)
        .at(&readings::READINGS, readings::readings)
        .at(&crate::events::EVENTS, crate::events::events)
        .at(&served::DOCUMENT, served::document)
        .and(places::paths())
        .and(public::paths())
        .and(air::paths())
        .and(waste::paths())
        .and(parking::paths())
        .and(water::paths())
        .and(privacy::public())
}

/// What the gate answers, and what is behind it.
pub(crate) fn gated() -> Router<Arc<Guard>> {
    people::paths().and(privacy::paths()).router().method_not_allowed_fallback(async || Problem::method())
}

/// Every operation of the API, in the order in which people read of them.
pub(crate) fn operations() -> Vec<Operation> {
    [described().operations(), people::paths().operations(), privacy::paths().operations()].concat()
}

async fn nothing(uri: Uri) -> Problem {
    Problem::not_found(uri.path())
}
