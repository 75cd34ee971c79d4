//! Open alerts: how grave in words and colour, what, where, since when.

use maud::{Markup, html};
use ports::AlertView;
use schemas::{Phase, Severity};

use super::glance::Glance;
use super::parts::{Desk, empty, panel};
use crate::atlas::zone_name;
use crate::lang::Lang;
use crate::numbers;

/// Alerts shown; how many more there are is said.
const SHOWN: usize = 8;

pub(crate) fn alerts(desk: &Desk<'_>, glance: &Glance) -> Markup {
    let words = desk.lang.words();
    let body = glance.alerts.as_ref().map(|alerts| {
        let rest = alerts.len().saturating_sub(SHOWN) as u64;
        html! {
            @if alerts.is_empty() { (empty(words.no_alerts)) }
            @else {
                ul.alerts { @for alert in alerts.iter().take(SHOWN) { (line(desk, glance, alert)) } }
                @if rest > 0 { p.note.rest { (words.more_alerts.say(desk.lang, rest)) } }
            }
        }
    });
    let firing = glance.firing().count() as u64;
    let pending = glance.alerts.iter().flatten().count() as u64 - firing;
    let note = html! {
        @if pending > 0 { (numbers::whole(desk.lang, pending)) " " (words.pending) }
    };
    panel(desk.lang, "alerts", words.alerts, &note, body)
}

/// The word for a severity.
pub(crate) fn word(lang: Lang, severity: Severity) -> &'static str {
    let [info, warning, critical, emergency] = lang.words().severities;
    match severity {
        Severity::Info => info,
        Severity::Warning => warning,
        Severity::Critical => critical,
        Severity::Emergency => emergency,
    }
}

/// Its sign: a shape besides the colour.
pub(crate) fn icon(severity: Severity) -> Markup {
    html! { svg viewBox="0 0 20 20" aria-hidden="true" {
        @match severity {
            Severity::Info => { circle cx="10" cy="10" r="8" {} path.x d="M10 9v6M10 5v1.6" {} }
            Severity::Warning | Severity::Critical | Severity::Emergency => {
                path d="M10 2l8.5 15.5h-17z" {} path.x d="M10 8v5M10 14.6v1.4" {}
            }
        }
    } }
}

fn line(desk: &Desk<'_>, glance: &Glance, alert: &AlertView) -> Markup {
    let words = desk.lang.words();
    let text = desk.lang.of(&alert.texts);
    let (name, zone) = (glance.name(desk.lang, &alert.series.device), zone_name(desk.lang, &alert.zone));
    html! {
        li class=(format!("sev {}", alert.severity.code())) {
            (icon(alert.severity))
            div {
                p.what {
                    b.word { (word(desk.lang, alert.severity)) }
                    @if alert.phase == Phase::Pending { " " span.tag { (words.pending) } }
                    " " a href=(desk.to(&format!("alerts/{}", super::desk::encoded(&alert.id.0)))) { @if text.is_empty() { (desk.lang.of(&alert.series.quantity.row().label)) } @else { (text) } }
                }
                p.where {
                    bdi { (name) } @if name != zone { " · " bdi { (zone) } }
                    @if let Some(value) = alert.value.filter(|_| alert.series.quantity.unit() != "1") { " · " (desk.quantity(value, alert.series.quantity)) }
                }
            }
            p.since { (words.since) " " (desk.time(alert.since)) small { (desk.age(alert.since)) } }
        }
    }
}
