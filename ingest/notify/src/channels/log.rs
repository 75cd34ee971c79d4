//! `log`: a line in the program's own log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ports::{BoxFuture, DeliveryError, Language, Notification, Notifier, Step};
use schemas::{Phase, Severity, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Address, ChannelType, Context};
use crate::render;

pub(crate) const TYPE: ChannelType = ChannelType {
    name: "log",
    about: "a line in the program's own log: WARN where something fires, INFO for what is mild or over",
    address: Address::Own,
    make,
};

/// It has none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoKeys {}

fn make(context: &Context<'_>, keys: Map<String, Value>) -> Result<Arc<dyn Notifier>, String> {
    super::keys::<NoKeys>(keys)?;
    Ok(Arc::new(LogChannel::since(context.simulated)))
}

/// Writes a line for each step: WARN for what fires, INFO for what is over or only worth knowing; the severity is a field.
/// Never ERROR: a full bin is an error of nobody's program, and who watches the log for those must find no others. It never
/// fails. The past of a simulated city, which nobody lived, is told in one line.
#[derive(Debug, Default)]
pub struct LogChannel {
    lives_since: Option<Timestamp>,
    /// What was before that and is not told yet.
    before: AtomicU64,
}

impl LogChannel {
    /// Of a simulated city that lives since an instant, or of a real one.
    #[must_use]
    pub fn since(lives_since: Option<Timestamp>) -> Self {
        Self { lives_since, before: AtomicU64::new(0) }
    }

    fn tell(&self, step: &Step) {
        if self.lives_since.is_some_and(|start| step.transition.at < start) {
            self.before.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let before = self.before.swap(0, Ordering::Relaxed);
        if before > 0 {
            tracing::info!("{before} changes of alerts in the city's past are on the pages and not told one by one");
        }
        say(step);
    }
}

impl Notifier for LogChannel {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        notification.steps.iter().for_each(|step| self.tell(step));
        Box::pin(std::future::ready(Ok(())))
    }
}

fn say(step: &Step) {
    let t = &step.transition;
    let (phase, severity, text) = (t.to.code(), t.severity.code(), render::said(step, Language::En));
    let (alert, rule, device, quantity) = (&t.alert, &t.rule, &t.series.device, t.series.quantity);
    let (zone, at, since, value) = (&t.zone, t.at, t.since, t.value);
    // A level is part of an event's static description: one event for each.
    match (t.to, t.severity) {
        (Phase::Firing, Severity::Warning | Severity::Critical | Severity::Emergency) => {
            tracing::warn!(phase, severity, %alert, %rule, %device, %quantity, value, %zone, %at, %since, "alert: {text}");
        }
        _ => tracing::info!(phase, severity, %alert, %rule, %device, %quantity, value, %zone, %at, %since, "alert: {text}"),
    }
}
