//! Why each step of an alert was told, held or kept back.

use maud::{Markup, html};
use ports::{Delivery, Link, Reason, Why, WhyStep};
use schemas::{Phase, Timestamp};

use crate::numbers;
use crate::page::parts::{Desk, empty};

pub(super) fn steps(desk: &Desk<'_>, why: &Why) -> Markup {
    let words = &desk.lang.words().pages.desk;
    if why.steps.is_empty() {
        return empty(words.no_steps);
    }
    html! { @for step in why.steps.iter().rev() { (one(desk, step)) } }
}

fn one(desk: &Desk<'_>, step: &WhyStep) -> Markup {
    let words = &desk.lang.words().pages.desk;
    let phase = match step.phase {
        Phase::Pending => words.pending,
        Phase::Firing => words.firing,
        Phase::Resolved => words.resolved,
        Phase::Inactive => words.came_to_nothing,
    };
    html! {
        h3.step { (phase) " · " (desk.time(step.at)) }
        @if step.chain.is_empty() && step.deliveries.is_empty() { p.note { (words.untold) } } @else { ol.chain {
            @for link in &step.chain { (told(desk, link)) }
            @for delivery in &step.deliveries { (delivered(desk, delivery)) }
        } }
    }
}

fn told(desk: &Desk<'_>, link: &Link) -> Markup {
    let label = desk.lang.words().pages.desk.reasons.get(place(&link.reason)).copied().unwrap_or_default();
    html! { li {
        p { (desk.time(link.at)) " " b { (label) } @if let Some(receiver) = &link.receiver { " · " bdi { (receiver) } } }
        (detail(desk, &link.reason))
    } }
}

/// The place of a reason among the words for them.
const fn place(reason: &Reason) -> usize {
    match reason {
        Reason::Decided { .. } => 0,
        Reason::ToNobody => 1,
        Reason::Withheld { .. } => 2,
        Reason::Released => 3,
        Reason::Acknowledged { .. } => 4,
        Reason::Unacknowledged { .. } => 5,
        Reason::NeverTold => 6,
        Reason::Territory { .. } => 7,
        Reason::Routed { .. } => 8,
        Reason::AsTheRuleSays => 9,
        Reason::FollowsFiring => 10,
        Reason::OnDuty { .. } => 11,
        Reason::HearsOtherwise => 12,
        Reason::Escalated { .. } => 13,
        Reason::Flaps { .. } => 14,
        Reason::Flapping { .. } => 15,
        Reason::Calm => 16,
        Reason::Grouped { .. } => 17,
        Reason::QuietHours { .. } => 18,
        Reason::Storm { .. } => 19,
        Reason::Behind { .. } => 20,
        Reason::Posted { .. } => 21,
        Reason::ReceiverGone => 22,
    }
}

/// What belongs to a reason: names as they stand in the settings, times as people read them.
fn detail(desk: &Desk<'_>, reason: &Reason) -> Markup {
    let words = &desk.lang.words().pages.desk;
    let until = |at: Timestamp| html! { (words.until) " " (desk.time(at)) };
    let name = |text: &str| html! { bdi { (text) } };
    let said = match reason {
        Reason::Decided { rule, value, since, .. } => html! {
            bdi dir="ltr" { (rule) } @if let Some(value) = value { " · " bdi dir="ltr" { (numbers::decimal(desk.lang, *value, 2)) } }
            " · " (desk.lang.words().since) " " (desk.time(*since))
        },
        Reason::Withheld { by, note, until: end, .. } => html! {
            (words.withheld_by(by)) @if !note.is_empty() { " · " (name(note)) } @if let Some(end) = end { " · " (until(*end)) }
        },
        Reason::Acknowledged { by, until: end } => html! { (name(by)) @if let Some(end) = end { " · " (until(*end)) } },
        Reason::Territory { contractor, note } => html! { @if let Some(who) = contractor { (name(who)) " · " } (name(note)) },
        Reason::Routed { route } => name(route),
        Reason::OnDuty { person, until: end, .. } => {
            html! { (name(&person.to_string())) @if let Some(end) = end { " · " (until(*end)) } }
        }
        Reason::Escalated { escalation, rung } => {
            html! { (name(escalation)) " · " (numbers::whole(desk.lang, u64::from(*rung))) }
        }
        Reason::Grouped { group, until: end } => html! { bdi dir="ltr" { (group) } " · " (until(*end)) },
        Reason::Flapping { until: end }
        | Reason::QuietHours { until: end }
        | Reason::Storm { until: end, .. }
        | Reason::Behind { until: end } => until(*end),
        Reason::Posted { channels, .. } => name(&channels.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        Reason::Flaps { times, .. } => html! { (numbers::whole(desk.lang, u64::from(*times))) },
        Reason::ToNobody
        | Reason::Released
        | Reason::Unacknowledged { .. }
        | Reason::NeverTold
        | Reason::AsTheRuleSays
        | Reason::FollowsFiring
        | Reason::HearsOtherwise
        | Reason::Calm
        | Reason::ReceiverGone => return html! {},
    };
    html! { p.note { (said) } }
}

fn delivered(desk: &Desk<'_>, delivery: &Delivery) -> Markup {
    let words = &desk.lang.words().pages.desk;
    let [waiting, arrived, dead] = words.deliveries;
    let (state, class) = match delivery.state.as_str() {
        "delivered" => (arrived, "ok"),
        "dead" => (dead, "bad"),
        _ => (waiting, ""),
    };
    html! { li {
        p { (desk.time(delivery.settled_at.unwrap_or(delivery.made_at))) " " b class=(class) { (state) }
            " · " bdi { (delivery.receiver) } " · " bdi { (delivery.via.as_ref().unwrap_or(&delivery.channel)) } }
        @if let Some(trouble) = &delivery.trouble { p.note { bdi lang="en" { (trouble) } } }
    } }
}
