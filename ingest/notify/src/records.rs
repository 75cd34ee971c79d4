//! Asking the register from a task: it blocks, and now and then it is busy.

use std::sync::Arc;

use ports::{Backoff, Clock, Fate, Fated, RecordError};
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// Asks `book`, again and again while it cannot be used; none where `stop` came meanwhile. `who` is for the
/// log.
pub(crate) async fn ask<B: ?Sized + Send + Sync + 'static, T: Send + 'static>(
    book: &Arc<B>,
    clock: &dyn Clock,
    stop: &CancellationToken,
    who: &str,
    ask: impl Fn(&B) -> Result<T, RecordError> + Send + Sync + 'static,
) -> Result<Option<T>, RecordError> {
    let ask = Arc::new(ask);
    let mut backoff = Backoff::house(clock.now().millis().unsigned_abs());
    loop {
        let (book, ask) = (Arc::clone(book), Arc::clone(&ask));
        let error = match spawn_blocking(move || ask(&book)).await {
            Ok(Ok(answer)) => return Ok(Some(answer)),
            Ok(Err(error)) => error,
            Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
            // The runtime is going away.
            Err(_) => return Ok(None),
        };
        match error.fate() {
            Fate::Retry { after } => {
                let wait = backoff.failed(after);
                if backoff.failures() == 1 {
                    tracing::warn!(who, "{error}; it is tried again");
                }
                // Both arms are cancel-safe: they hold nothing.
                tokio::select! {
                    () = stop.cancelled() => return Ok(None),
                    () = sleep(wait) => {}
                }
            }
            Fate::Quarantine | Fate::Stop => return Err(error),
        }
    }
}
