//! Asking the world again until it works: with backoff, one line when it starts to fail, one when it
//! works again, and a gauge in between.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

use journal::JournalError;
use ports::{Backoff, Fate, Fated};
use tokio::runtime::Handle;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::watch::ReaderGauges;
use crate::{PipelineError, lock};

pub(crate) struct Patience {
    /// Whose patience it is.
    pub(crate) who: &'static str,
    pub(crate) runtime: Handle,
    pub(crate) gauges: Arc<ReaderGauges>,
    /// Cancelled when waiting makes no sense any more.
    pub(crate) deadline: CancellationToken,
}

impl Patience {
    /// Tries until it works, the error's fate is another than to retry, or the deadline.
    pub(crate) fn retry<T, E>(&self, what: &'static str, attempt: impl FnMut() -> Result<T, E>) -> Result<T, PipelineError>
    where
        E: Fated + Into<PipelineError>,
    {
        self.retry_by(what, E::fate, attempt)
    }

    /// As [`Patience::retry`], for the journal, which knows nobody's fate.
    pub(crate) fn retry_journal<T>(&self, attempt: impl FnMut() -> Result<T, JournalError>) -> Result<T, PipelineError> {
        let fate = |error: &JournalError| if error.is_transient() { Fate::Retry { after: None } } else { Fate::Stop };
        self.retry_by("the journal's cursor", fate, attempt)
    }

    fn retry_by<T, E>(
        &self,
        what: &'static str,
        fate: impl Fn(&E) -> Fate,
        mut attempt: impl FnMut() -> Result<T, E>,
    ) -> Result<T, PipelineError>
    where
        E: Error + Into<PipelineError>,
    {
        let who = self.who;
        // Any seed does: readers of one program need not draw alike, nor differently.
        let mut backoff = Backoff::house(self.who.len() as u64);
        loop {
            let error = match attempt() {
                Ok(value) => {
                    if backoff.failures() > 0 {
                        tracing::info!(attempts = backoff.failures(), "{what} works again, the {who} goes on");
                        *lock(&self.gauges.trouble) = None;
                    }
                    return Ok(value);
                }
                Err(error) => error,
            };
            let Fate::Retry { after } = fate(&error) else { return Err(error.into()) };
            let text = chain(&error);
            if backoff.failures() == 0 {
                tracing::warn!(error = text, "{what} does not work, the {who} waits");
            }
            *lock(&self.gauges.trouble) = Some(text);
            let delay = backoff.failed(after);
            self.runtime.block_on(async {
                // Both only wait: dropping either loses nothing.
                tokio::select! { () = sleep(delay) => (), () = self.deadline.cancelled() => () }
            });
            if self.deadline.is_cancelled() {
                return Err(PipelineError::Deadline { what });
            }
        }
    }
}

/// An error with its causes, in one line.
fn chain(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(inner) = cause {
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}
