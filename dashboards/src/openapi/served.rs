//! The document, as it is served.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::{Uri, header};
use axum::response::{IntoResponse, Response};

use super::{Operation, openapi};
use crate::problem::Problem;

pub(crate) const DOCUMENT: Operation =
    Operation::get("/api/v1/openapi.json", "This document (OpenAPI 3.1)").gives::<serde_json::Value>().tagged();

/// It says the same as long as the program runs.
static TEXT: LazyLock<Bytes> = LazyLock::new(|| openapi().to_string().into());

pub(crate) async fn document(uri: Uri) -> Result<Response, Problem> {
    DOCUMENT.read(&uri)?;
    Ok(([(header::CONTENT_TYPE, "application/json")], TEXT.clone()).into_response())
}
