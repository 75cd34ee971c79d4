//! How each report fares that goes by mail: the last edition that arrived, what waits or was given up and why, and the next one.

use jiff::civil::Date;
use maud::{Markup, html};
use ports::{EditionDue, EditionState, Mailing};
use serde::Deserialize;

use super::super::parts::{Desk, empty, panel};
use super::super::visit::Visit;

#[derive(Deserialize)]
struct Mailings {
    reports: Vec<Mailing>,
}

/// The panel.
pub(super) async fn section(visit: &Visit) -> Markup {
    let (desk, texts) = (visit.desk(), &visit.lang.words().pages.mailings);
    let told: Option<Mailings> = visit.part("reports").await;
    let late = told.iter().flat_map(|told| &told.reports).filter(|mailing| mailing.due.is_some()).count() as u64;
    let note = html! { @if told.as_ref().is_some_and(|told| !told.reports.is_empty()) { (texts.late.say(visit.lang, late)) } };
    let body = told.map(|Mailings { reports }| if reports.is_empty() { empty(texts.none) } else { table(&desk, &reports) });
    html! { div.after { (panel(visit.lang, "mailings", texts.title, &note, body)) } }
}

fn table(desk: &Desk<'_>, mailings: &[Mailing]) -> Markup {
    let texts = &desk.lang.words().pages.mailings;
    html! { div.wide tabindex="0" role="group" aria-label=(texts.title) { table.rows {
        caption.vh { (texts.title) }
        thead { tr {
            @for name in [texts.report, texts.receiver, texts.state] { th scope="col" { (name) } }
            @for name in [texts.sent, texts.next] { th.n scope="col" { (name) } }
        } }
        tbody { @for mailing in mailings { tr {
            th scope="row" { (which(desk, mailing)) br; small { bdi { (mailing.report) } } }
            td { bdi { (mailing.receiver) } " " small { bdi { (mailing.channel) } " · " bdi { (mailing.language) } } }
            td.told { @match &mailing.due { Some(due) => (state(desk, due)), None => (texts.arrived) } }
            td.n { @match &mailing.sent {
                Some(sent) => { (period(desk, &sent.date)) br; small { (desk.time(sent.at)) } }
                None => (desk.none()),
            } }
            td.n { @match mailing.next { Some(at) => (desk.time(at)), None => (desk.none()) } }
        } } }
    } } }
}

fn which(desk: &Desk<'_>, mailing: &Mailing) -> Markup {
    let words = &desk.lang.words().pages.report;
    let name = match mailing.which.as_str() {
        "daily" => words.daily,
        "monthly" => words.monthly,
        _ => words.weekly,
    };
    html! { (name) @if let Some(contractor) = &mailing.contractor { ", " bdi { (contractor) } } }
}

/// What an edition is of that has not arrived, how it fares and why.
fn state(desk: &Desk<'_>, due: &EditionDue) -> Markup {
    let texts = &desk.lang.words().pages.mailings;
    html! {
        @match due.state {
            EditionState::Unmade => (texts.unmade),
            EditionState::Waiting => (texts.waiting),
            EditionState::Dead => span.bad { (texts.dead) },
        }
        " · " (period(desk, &due.date))
        @if let Some(trouble) = &due.trouble { br; small { bdi lang="en" dir="ltr" { (trouble) } } }
        @if due.attempts > 0 { br; small {
            (texts.attempts.say(desk.lang, u64::from(due.attempts)))
            @if let Some(again) = due.again { " · " (texts.again) " " (desk.time(again)) }
        } }
    }
}

/// The last day of the period of an edition.
fn period(desk: &Desk<'_>, date: &str) -> Markup {
    html! { @match date.parse::<Date>() { Ok(date) => (desk.day(date)), Err(_) => (desk.none()) } }
}
