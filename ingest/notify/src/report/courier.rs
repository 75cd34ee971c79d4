//! The courier: looks which editions are due, has each made once, and posts it.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use ports::{BoxFuture, Clock, Enclosed, Language, RecordError, ReportBook};
use tokio::sync::Notify;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::mailings::id;
use super::{Edition, Mailings, ReportSettings, Subscription};
use crate::records::ask;

/// The longest sleep: a clock that is set, or a zone that changes, delays no report by more.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// Makes reports.
pub trait Press: Send + Sync + 'static {
    /// The report of the period in which this day lies, in this language.
    ///
    /// # Errors
    /// Why there is none now; it is asked for again.
    fn report<'a>(
        &'a self,
        report: &'a ReportSettings,
        edition: Edition,
        language: Language,
    ) -> BoxFuture<'a, Result<Enclosed, String>>;
}

/// Why the courier ended before it was told to.
#[derive(Debug, thiserror::Error)]
#[error("reports: {0}")]
pub struct CourierError(#[from] RecordError);

/// Posts what is due.
pub struct Courier {
    subscriptions: Vec<Subscription>,
    book: Arc<dyn ReportBook>,
    press: Arc<dyn Press>,
    clock: Arc<dyn Clock>,
    zone: TimeZone,
    posted: Arc<Notify>,
    told: Arc<Mailings>,
}

impl std::fmt::Debug for Courier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Courier").field("subscriptions", &self.subscriptions.len()).finish_non_exhaustive()
    }
}

impl Courier {
    /// A courier; `posted` is rung where something was posted, and `told` learns why an edition cannot be made.
    #[must_use]
    pub fn new(
        subscriptions: Vec<Subscription>,
        book: Arc<dyn ReportBook>,
        press: Arc<dyn Press>,
        clock: Arc<dyn Clock>,
        zone: TimeZone,
        posted: Arc<Notify>,
        told: Arc<Mailings>,
    ) -> Self {
        Self { subscriptions, book, press, clock, zone, posted, told }
    }

    /// Posts until `stop`. The last edition whose time is over and that a line never had goes at once: after a stop of the
    /// program, and when a report is new in the settings.
    ///
    /// # Errors
    /// The register is damaged. Everything else is waited out.
    pub async fn run(self, stop: CancellationToken) -> Result<(), CourierError> {
        let mut troubled = false;
        while !stop.is_cancelled() {
            let mut wait = LOOK_AGAIN;
            let mut failed = None;
            for subscription in &self.subscriptions {
                let delivered = self.deliver(subscription, &stop).await?;
                self.told.note(subscription, delivered.as_ref().err().cloned());
                if let Err(reason) = delivered {
                    failed = Some((subscription, reason));
                }
                wait = wait.min(self.until_next(subscription));
            }
            // Once for the state, not for each attempt.
            if let Some((subscription, reason)) = failed.as_ref().filter(|_| !troubled) {
                tracing::warn!(report = %subscription.report.name, receiver = %subscription.line.receiver, "{reason}; it is made again");
            }
            troubled = failed.is_some();
            // Both arms are cancel-safe: they hold nothing.
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(wait.max(Duration::from_millis(10))) => {}
            }
        }
        Ok(())
    }

    /// How long until the next edition of a report goes.
    fn until_next(&self, subscription: &Subscription) -> Duration {
        let (report, now) = (&subscription.report, self.clock.now());
        let last = Edition::last(report.which, report.at, &self.zone, now);
        last.and_then(|last| last.next(report.which, report.at, &self.zone)).map_or(LOOK_AGAIN, |next| next.since(now))
    }

    /// Posts the last edition, unless the line has had it; or why it could not be made.
    async fn deliver(&self, subscription: &Subscription, stop: &CancellationToken) -> Result<Result<(), String>, CourierError> {
        let Subscription { report, line: setup } = subscription;
        let Some(edition) = Edition::last(report.which, report.at, &self.zone, self.clock.now()) else { return Ok(Ok(())) };
        let (line, id) = (setup.line(), id(subscription, edition));
        let (asked, name) = (line.clone(), id.clone());
        let had = ask(&self.book, &*self.clock, stop, "reports", move |book| book.has(&asked, &name)).await?;
        if had != Some(false) {
            return Ok(Ok(()));
        }
        let made = tokio::select! {
            // Dropped, it leaves nothing: the edition is made anew after the start.
            made = self.press.report(report, edition, setup.language) => made,
            () = stop.cancelled() => return Ok(Ok(())),
        };
        let enclosed = match made {
            Ok(enclosed) => enclosed,
            Err(reason) => return Ok(Err(reason)),
        };
        let now = self.clock.now();
        let key = id.clone();
        if ask(&self.book, &*self.clock, stop, "reports", move |book| book.post(&line, &key, &enclosed, now)).await?.is_some() {
            tracing::info!(report = %report.name, receiver = %setup.receiver, date = %edition.date, "a report is on its way");
            self.posted.notify_waiters();
        }
        Ok(Ok(()))
    }
}
