//! How long one request may have the store search, all of its questions together: who asks for ten years of everything is
//! told what to narrow, and the store is free again.
//!
//! Deliberately absent: answers that are streamed. Once such a one has begun, its client reads as slowly as it likes.

use std::future::Future;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use ports::StoreError;
use tokio::time::{Instant, timeout_at};

use crate::scan::ScanError;

tokio::task_local! {
    static UNTIL: Instant;
}

/// Gives a request its time.
pub(crate) async fn within(budget: Duration, request: Request, next: Next) -> Response {
    UNTIL.scope(Instant::now() + budget, next.run(request)).await
}

/// What the store answers, unless the time of the request is up: then the question is dropped, which ends the search.
pub(crate) async fn in_time<T>(question: impl Future<Output = Result<T, StoreError>>) -> Result<T, ScanError> {
    let Ok(until) = UNTIL.try_with(|until| *until) else { return Ok(question.await?) };
    // A question that is answered at once is never found late by the clock below.
    if Instant::now() >= until {
        return Err(ScanError::TooLong);
    }
    Ok(timeout_at(until, question).await.map_err(|_| ScanError::TooLong)??)
}
