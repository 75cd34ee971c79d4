//! What is done every now and then: old readings are let go of, hours are put by on servers, and connections of credentials
//! that have ended are let go of.

use std::sync::Arc;
use std::time::Duration;

use ::access::{Doorman, Keeper};
use ports::{AuditNote, Clock, Gate, Store};
use settings::Settings;
use tokio::time::MissedTickBehavior;

/// How often readings that are older than their kind is kept are let go of.
const EXPIRY: Duration = Duration::from_secs(3600);

/// What of the store is let go of: as the settings say, and of kinds behind which people stand no later than when no purpose
/// needs it any more.
pub(crate) fn expiring(settings: &Settings, purposes: &domains::Purposes) -> store::Settings {
    let mut kept = settings.store.clone();
    for (kind, longest) in purposes.keep() {
        if settings.privacy.keys.is_some() && settings.privacy.kinds.contains(&kind) {
            let keep = kept.retention.entry(kind).or_insert(store::Keep(longest));
            keep.0 = keep.0.min(longest);
        }
    }
    kept
}

/// Lets go, each hour, of what is older than its kind is kept, and writes down how much.
pub(crate) async fn retention(settings: store::Settings, store: Arc<dyn Store>, clock: Arc<dyn Clock>, keeper: Arc<Keeper>) {
    if !store.caps().forget_range {
        if !settings.retention.is_empty() {
            tracing::warn!("store.retention does nothing: this store forgets by its own setting only");
        }
        return std::future::pending().await;
    }
    let mut hours = tokio::time::interval(EXPIRY);
    loop {
        hours.tick().await;
        for (select, range) in settings.expired(clock.now()) {
            match store.forget(&select, range.clone()).await {
                Ok(0) => {}
                Ok(readings) => {
                    tracing::info!(readings, kind = ?select.kind, before = %range.end, "readings past their retention are gone");
                    let kind = select.kind.map_or_else(String::new, |kind| format!(" of {kind}"));
                    let note = AuditNote {
                        who: "retention".to_owned(),
                        address: None,
                        event: "purge",
                        what: format!("readings{kind} before {}", range.end),
                        outcome: format!("{readings} rows"),
                    };
                    if let Err(error) = keeper.note(note).await {
                        tracing::error!(%error, readings, "a purge could not be written into the audit");
                    }
                }
                Err(error) => tracing::warn!(%error, kind = ?select.kind, "retention waits for the next hour"),
            }
        }
    }
}

/// Has the store put by what hours come to. It is pressed no harder than it can: between two rounds it rests, and a round goes on
/// as long as there is more to do.
pub(crate) async fn rolling(every: Duration, store: Arc<dyn Store>, clock: Arc<dyn Clock>) {
    let mut rounds = tokio::time::interval(every.max(Duration::from_secs(1)));
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failed = false;
    loop {
        rounds.tick().await;
        loop {
            match store.roll_up(clock.now()).await {
                Ok(done) => {
                    tracing::debug!(hours = done.hours, more = done.more, "hours are rolled up");
                    failed = false;
                    if !done.more {
                        break;
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut failed, true) {
                        tracing::warn!(%error, "hours are not rolled up for now: questions by the hour read readings until they are");
                    }
                    break;
                }
            }
        }
    }
}

/// How long a credential that has ended is good for on a connection that it has opened.
const OVERDUE: Duration = Duration::from_secs(1);

/// Ends the connections that a credential has opened which has ended since.
pub(crate) async fn dismissing(doorman: Arc<Doorman>) {
    let mut seconds = tokio::time::interval(OVERDUE);
    loop {
        seconds.tick().await;
        doorman.dismiss_overdue();
    }
}
