//! How each report fares that goes by mail: what the settings in force order, what the book says of it, and why the courier could
//! not have one made.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::tz::TimeZone;
use ports::{Booked, EditionDue, EditionSent, EditionState, Mailing, RecordError, ReportBook};
use schemas::{ChannelName, Timestamp};

use super::{Edition, Subscription};

/// The reports in force, and their book.
pub struct Mailings {
    book: Arc<dyn ReportBook>,
    ordered: Mutex<Ordered>,
}

/// What the settings in force order.
struct Ordered {
    subscriptions: Vec<Subscription>,
    zone: TimeZone,
    /// Why an edition could not be made, by report and receiver.
    troubles: BTreeMap<(ChannelName, ChannelName), String>,
}

impl std::fmt::Debug for Mailings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailings").finish_non_exhaustive()
    }
}

/// By which the book knows the editions of a report.
fn title(subscription: &Subscription) -> String {
    format!("report/{}/", subscription.report.name)
}

/// By which the book knows an edition.
pub(super) fn id(subscription: &Subscription, edition: Edition) -> String {
    format!("{}{}", title(subscription), edition.date)
}

impl Mailings {
    /// None are ordered yet.
    #[must_use]
    pub fn of(book: Arc<dyn ReportBook>) -> Self {
        let ordered = Ordered { subscriptions: Vec::new(), zone: TimeZone::UTC, troubles: BTreeMap::new() };
        Self { book, ordered: Mutex::new(ordered) }
    }

    /// From now on these.
    pub fn set(&self, subscriptions: Vec<Subscription>, zone: TimeZone) {
        *self.ordered() = Ordered { subscriptions, zone, troubles: BTreeMap::new() };
    }

    /// Why the last edition of a report could not be made; none where it could.
    pub(super) fn note(&self, subscription: &Subscription, trouble: Option<String>) {
        let key = (subscription.report.name.clone(), subscription.line.receiver.clone());
        let troubles = &mut self.ordered().troubles;
        match trouble {
            Some(trouble) => _ = troubles.insert(key, trouble),
            None => _ = troubles.remove(&key),
        }
    }

    /// All of them at an instant, in the order of the settings. Blocks.
    ///
    /// # Errors
    /// As [`RecordError`] says.
    pub fn at(&self, now: Timestamp) -> Result<Vec<Mailing>, RecordError> {
        let (subscriptions, zone, troubles) = {
            let ordered = self.ordered();
            (ordered.subscriptions.clone(), ordered.zone.clone(), ordered.troubles.clone())
        };
        let trouble = |of: &Subscription| troubles.get(&(of.report.name.clone(), of.line.receiver.clone())).cloned();
        subscriptions.iter().map(|of| self.one(of, &zone, trouble(of), now)).collect()
    }

    fn one(&self, of: &Subscription, zone: &TimeZone, trouble: Option<String>, now: Timestamp) -> Result<Mailing, RecordError> {
        let Subscription { report, line: setup } = of;
        let (line, title) = (setup.line(), title(of));
        let date = |booked: &Booked| booked.id.strip_prefix(&title).unwrap_or_default().to_owned();
        let sent = self.book.last(&line, &title, Some("delivered"))?;
        let sent = sent.and_then(|booked| Some(EditionSent { date: date(&booked), at: booked.settled_at? }));
        let edition = Edition::last(report.which, report.at, zone, now);
        let booked = self.book.last(&line, &title, None)?;
        Ok(Mailing {
            report: report.name.clone(),
            which: report.which.code().to_owned(),
            receiver: setup.receiver.clone(),
            channel: line.channel,
            language: setup.language.code().to_owned(),
            contractor: report.contractor.clone(),
            sent,
            due: edition.and_then(|edition| due(edition, booked.filter(|booked| booked.id == id(of, edition)), trouble)),
            next: edition.and_then(|edition| edition.next(report.which, report.at, zone)),
        })
    }

    // A panic under the lock leaves whole values.
    fn ordered(&self) -> MutexGuard<'_, Ordered> {
        self.ordered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How an edition fares whose time has come; none where it arrived.
fn due(edition: Edition, booked: Option<Booked>, trouble: Option<String>) -> Option<EditionDue> {
    let state = match booked.as_ref().map(|booked| booked.state.as_str()) {
        None => EditionState::Unmade,
        Some("delivered") => return None,
        Some("dead") => EditionState::Dead,
        Some(_) => EditionState::Waiting,
    };
    Some(EditionDue {
        date: edition.date.to_string(),
        since: edition.due,
        state,
        attempts: booked.as_ref().map_or(0, |booked| booked.attempts),
        again: booked.as_ref().filter(|_| state == EditionState::Waiting).map(|booked| booked.due),
        trouble: booked.map_or(trouble, |booked| booked.reason),
    })
}
