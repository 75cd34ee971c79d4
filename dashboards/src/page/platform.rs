//! The platform itself: how much comes in, what waits, and whether the account of messages balances.

use maud::{Markup, html};
use ports::Status;

use super::glance::Glance;
use super::parts::{Desk, panel};
use crate::numbers;

pub(crate) fn platform(desk: &Desk<'_>, glance: &Glance) -> Markup {
    let words = desk.lang.words();
    let note = html! {
        @if let Some(status) = &glance.status {
            @if status.ready() { span.ok { (words.ready) } } @else { span.bad { (words.not_ready) } }
        }
    };
    let body = glance.status.as_ref().map(|status| strip(desk, status, glance.rate));
    panel(desk.lang, "platform", words.platform, &note, body)
}

fn strip(desk: &Desk<'_>, status: &Status, rate: Option<f64>) -> Markup {
    let (lang, words) = (desk.lang, desk.lang.words());
    let lag = status.readers.iter().map(|r| r.lag).max().unwrap_or(0);
    let account = &status.identity;
    let parts = [
        (words.stored, account.stored),
        (words.duplicate, account.duplicate),
        (words.quarantined, account.quarantined),
        (words.refused, account.refused),
        (words.waiting, account.waiting),
    ];
    let troubles = status.checks.iter().filter(|c| !c.ok);
    html! {
        dl.strip {
            div { dt { (words.per_second) } dd { @match rate {
                Some(rate) => b { bdi { (numbers::decimal(lang, rate, usize::from(rate < 10.0))) } },
                None => (desk.none()),
            } } }
            div { dt { (words.lag) } dd { b { (words.messages.say(lang, lag)) } } }
            div { dt { (words.journal) } dd {
                b { bdi { (numbers::size(lang, status.journal_bytes)) } } " "
                small { (words.of) " " bdi { (numbers::size(lang, status.journal_limit)) } }
            } }
            div { dt { (words.store) } dd {
                b { bdi { (numbers::whole(lang, status.store_readings)) } } " " small { bdi { (numbers::size(lang, status.store_bytes)) } }
            } }
            div { dt { (words.outbox) } dd { b { (numbers::whole(lang, status.outbox_waiting)) } } }
        }
        div.account {
            h3 { (words.identity) }
            p {
                span { b { (numbers::whole(lang, account.received)) } " " (words.received) }
                @for (i, (name, n)) in parts.iter().enumerate() {
                    span.op aria-hidden="true" { @if i == 0 { "=" } @else { "+" } }
                    span { b { (numbers::whole(lang, *n)) } " " (name) }
                }
            }
            @if account.balances() { p.ok { (words.balanced) } } @else { p.bad { (words.unbalanced) } }
        }
        ul.doors aria-label=(words.sources) {
            @for source in &status.sources {
                li.down[!source.up] {
                    i aria-hidden="true" {}
                    b { bdi { (source.name) } } " " bdi dir="ltr" { (source.address) } " · " (words.connections.say(lang, source.connections))
                    @if let Some(trouble) = &source.trouble { " · " bdi lang="en" { (trouble) } }
                }
            }
        }
        @if !status.ready() {
            ul.troubles { @for check in troubles { li { b { bdi { (check.name) } } " " bdi lang="en" { (check.text) } } } }
        }
    }
}
