//! One alert of the desk.

use maud::{Markup, html};
use ports::DeskAlert;
use schemas::Phase;

use super::encoded;
use crate::atlas::zone_name;
use crate::page::alerts::{icon, word};
use crate::page::glance::Glance;
use crate::page::parts::Desk;

pub(super) fn row(desk: &Desk<'_>, glance: &Glance, seen: &DeskAlert) -> Markup {
    let (words, alert) = (&desk.lang.words().pages.desk, &seen.alert);
    let text = text(desk, seen);
    let page = desk.to(&format!("alerts/{}", encoded(&alert.id.0)));
    html! {
        li class=(format!("sev {}", alert.severity.code())) data-key=(alert.id) {
            input.pick type="checkbox" aria-label=(format!("{}: {text}", words.choose)) disabled[!alert.phase.is_open()];
            (icon(alert.severity))
            div {
                p.what { b.word { (word(desk.lang, alert.severity)) } " " a href=(page) { (text) } }
                (place(desk, glance, seen))
                (marks(desk, seen))
                details.why data-why=(alert.id) { summary { (words.why) } div { a href=(page) { (text) } } }
            }
            p.since { (desk.lang.words().since) " " (desk.time(alert.since)) small { (desk.age(alert.since)) } }
            @if alert.phase == Phase::Firing && alert.marks.acknowledged.is_none() {
                button.btn type="button" data-do="acknowledge" { (words.acknowledge) }
            }
        }
    }
}

/// What it says, in the reader's language.
pub(super) fn text<'a>(desk: &Desk<'_>, seen: &'a DeskAlert) -> &'a str {
    let text = desk.lang.of(&seen.alert.texts);
    if text.is_empty() { desk.lang.of(&seen.alert.series.quantity.row().label) } else { text }
}

/// Which device, where, and the value that decided.
pub(super) fn place(desk: &Desk<'_>, glance: &Glance, seen: &DeskAlert) -> Markup {
    let alert = &seen.alert;
    let (name, zone) = (glance.name(desk.lang, &alert.series.device), zone_name(desk.lang, &alert.zone));
    html! { p.where {
        (desk.device_link(&alert.series.device, &name)) @if name != zone { " · " bdi { (zone) } }
        @if let Some(value) = alert.value.filter(|_| alert.series.quantity.unit() != "1") { " · " (desk.quantity(value, alert.series.quantity)) }
    } }
}

/// Where it stands, and what people did to it.
pub(super) fn marks(desk: &Desk<'_>, seen: &DeskAlert) -> Markup {
    let (words, alert) = (&desk.lang.words().pages.desk, &seen.alert);
    let marks = &alert.marks;
    let over = match alert.phase {
        Phase::Resolved => Some(words.resolved),
        Phase::Inactive => Some(words.came_to_nothing),
        Phase::Pending => Some(words.pending),
        Phase::Firing => None,
    };
    html! { p.marks {
        @if let Some(over) = over { span.tag { (over) @if let Some(at) = alert.resolved_at { " " (desk.time(at)) } } " " }
        @if let Some(hand) = &marks.acknowledged { span.tag.hand { (words.in_hand) " " bdi { (hand.by) } } " " }
        @if let Some(whose) = &marks.assigned { span.tag { (words.assigned) " " bdi { (whose.to) } } " " }
        @if let Some(shelf) = &marks.shelved { span.tag { (words.shelved_until) " " (desk.time(shelf.until)) } " " }
        @if let Some(hand) = &marks.resolved_by_hand { span.tag { (words.by_hand) " " bdi { (hand.by) } } " " }
        @if let Some(withheld) = seen.withheld.as_ref().filter(|w| w.by != "shelf") {
            span.tag { (words.withheld_by(&withheld.by)) @if let Some(until) = withheld.until { " · " (words.until) " " (desk.time(until)) } } " "
        }
    } }
}
