//! `/api/v1` and the addresses that machines watch. `docs/reference/api.md` is their manual.

mod console;
mod readings;

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::routing::get;

use crate::house::Rooms;
use crate::problem::Problem;

/// All addresses that answer programs.
pub(crate) fn routes() -> Router<Arc<Rooms>> {
    Router::new()
        .route("/api/v1/devices", get(console::devices))
        .route("/api/v1/alerts", get(console::alerts))
        .route("/api/v1/alerts/{id}/why", get(console::why))
        .route("/api/v1/status", get(console::status))
        .route("/api/v1/latest", get(readings::latest))
        .route("/api/v1/readings", get(readings::readings))
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
