//! `/api/v1` and the addresses that machines watch. `docs/reference/api.md` is their manual.

mod air;
mod alerts;
mod answer;
mod body;
mod console;
mod gather;
mod health;
mod operations;
mod parking;
mod pasts;
pub(crate) mod people;
pub(crate) mod privacy;
pub(crate) mod public;
mod quarantine;
mod quiets;
mod readings;
mod waste;
mod water;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::Uri;
use axum::routing::{get, post};

use crate::house::Rooms;
use crate::problem::Problem;

/// All addresses that answer programs.
pub(crate) fn routes() -> Router<Arc<Rooms>> {
    Router::new()
        .route(
            "/api/v1/devices",
            get(console::devices).post(operations::adopt).layer(DefaultBodyLimit::max(operations::DEVICES_LIMIT)),
        )
        .route("/api/v1/devices/unknown", get(operations::unknown))
        .route("/api/v1/devices/health", get(health::health))
        .route("/api/v1/quarantine", get(quarantine::list))
        .route("/api/v1/quarantine/{offset}", get(quarantine::show))
        .route("/api/v1/quarantine/retry", post(quarantine::retry))
        .route("/api/v1/quarantine/drop", post(quarantine::drop))
        .route("/api/v1/reload", post(operations::reload))
        .route("/api/v1/alerts", get(alerts::list))
        .route("/api/v1/alerts/{id}", get(alerts::show))
        .route("/api/v1/alerts/{id}/{deed}", post(alerts::act))
        .route("/api/v1/silences", get(quiets::silences).post(quiets::silence))
        .route("/api/v1/silences/{id}/end", post(quiets::end_silence))
        .route("/api/v1/maintenance", get(quiets::windows).post(quiets::window))
        .route("/api/v1/maintenance/{id}/end", post(quiets::end_window))
        .route("/api/v1/alerts/{id}/why", get(console::why))
        .route("/api/v1/status", get(console::status))
        .route("/api/v1/latest", get(readings::latest))
        .route("/api/v1/readings", get(readings::readings))
        .merge(public::routes())
        .merge(air::routes())
        .merge(waste::routes())
        .merge(parking::routes())
        .merge(water::routes())
        .merge(privacy::public())
        .route("/api/v1/events", get(crate::events::events))
        .route("/api", get(nothing))
        .route("/api/{*rest}", get(nothing))
        .route("/healthz", get(console::healthz))
        .route("/readyz", get(console::readyz))
        .route("/metrics", get(crate::metrics::metrics))
        .method_not_allowed_fallback(async || Problem::method())
}

async fn nothing(uri: Uri) -> Problem {
    Problem::not_found(uri.path())
}
