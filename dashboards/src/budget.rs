//! How long one request may have the store search, all of its questions together: who asks for ten years of everything is
//! told what to narrow, and the store is free again.
//!
//! Deliberately absent: answers that are streamed. Once such a one has begun, its client reads as slowly as it likes.

use std::cell::Cell;
use std::future::Future;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use ports::StoreError;
use tokio::time::{Instant, timeout_at};

use crate::scan::ScanError;

/// The time of a request.
struct Budget {
    until: Instant,
    /// How long the store has searched for it.
    spent: Cell<Duration>,
}

tokio::task_local! {
    static BUDGET: Budget;
}

/// Gives a request its time.
pub(crate) async fn within(budget: Duration, request: Request, next: Next) -> Response {
    let budget = Budget { until: Instant::now() + budget, spent: Cell::default() };
    BUDGET.scope(budget, next.run(request)).await
}

/// How long the store has searched for this request so far.
pub(crate) fn spent() -> Duration {
    BUDGET.try_with(|budget| budget.spent.get()).unwrap_or_default()
}

/// A search that goes on; what it took is noted also where the client does not wait for its end.
struct Search {
    begun: Instant,
}

impl Drop for Search {
    fn drop(&mut self) {
        _ = BUDGET.try_with(|budget| budget.spent.set(budget.spent.get() + self.begun.elapsed()));
    }
}

/// What the store answers, unless the time of the request is up: then the question is dropped, which ends the search.
pub(crate) async fn in_time<T>(question: impl Future<Output = Result<T, StoreError>>) -> Result<T, ScanError> {
    let Ok(until) = BUDGET.try_with(|budget| budget.until) else { return Ok(question.await?) };
    let search = Search { begun: Instant::now() };
    // A question that is answered at once is never found late by the clock below.
    if search.begun >= until {
        return Err(ScanError::TooLong);
    }
    Ok(timeout_at(until, question).await.map_err(|_| ScanError::TooLong)??)
}
