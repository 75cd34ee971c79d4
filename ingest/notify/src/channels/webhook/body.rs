//! What is sent: a format on the wire, with a version. The same transition gives the same bytes.

use ports::Notification;
use schemas::{Texts, Timestamp};
use serde::Serialize;

/// Changes when a field changes its meaning or goes; a new field is no new version.
const VERSION: u8 = 1;

#[derive(Serialize)]
struct Body<'a> {
    version: u8,
    id: &'a str,
    alert: &'a str,
    rule: &'a str,
    severity: &'static str,
    phase: &'static str,
    previous_phase: &'static str,
    device: &'a str,
    kind: &'static str,
    zone: &'a str,
    quantity: &'static str,
    sensor: u8,
    unit: &'static str,
    value: Option<f64>,
    since: Timestamp,
    at: Timestamp,
    texts: &'a Texts,
}

pub(super) fn json(notification: &Notification) -> Result<Vec<u8>, serde_json::Error> {
    let t = &notification.transition;
    serde_json::to_vec(&Body {
        version: VERSION,
        id: &t.id.0,
        alert: &t.alert.0,
        rule: t.rule.as_str(),
        severity: t.severity.code(),
        phase: t.to.code(),
        previous_phase: t.from.code(),
        device: t.series.device.as_str(),
        kind: t.kind.name(),
        zone: t.zone.as_str(),
        quantity: t.series.quantity.name(),
        sensor: t.series.channel,
        unit: t.series.quantity.unit(),
        value: t.value,
        since: t.since,
        at: t.at,
        texts: &t.texts,
    })
}
