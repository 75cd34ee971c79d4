//! Connections behind which water never stops, and pipes that burst: under pseudonyms, for those who may see single connections.

use axum::http::StatusCode;
use maud::{Markup, html};
use schemas::{Timestamp, Zone};
use serde::Deserialize;

use crate::atlas::zone_name;
use crate::page::parts::{Desk, empty, panel};
use crate::page::visit::Visit;

/// Leaks that are listed, those that still go on first.
const ROWS: usize = 60;

#[derive(Deserialize)]
struct Found {
    leaks: Vec<Leak>,
    bursts: Vec<Burst>,
}

#[derive(Deserialize)]
struct Leak {
    meter: String,
    zone: Zone,
    certain_at: Timestamp,
    min_flow: f64,
    class: String,
    cleared_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Burst {
    meter: String,
    zone: Zone,
    certain_at: Timestamp,
}

/// The panel, also where it can only say why there is no list.
pub(super) async fn section(visit: &Visit) -> Markup {
    let (desk, texts) = (visit.desk(), &visit.lang.words().pages.leaks);
    let found = visit.ask::<Found>("water/leaks").await;
    let open = found.as_ref().map_or(0, |found| found.leaks.iter().filter(|leak| leak.cleared_at.is_none()).count() as u64);
    let body = match &found {
        Ok(found) => Some(list(&desk, found)),
        Err(problem) if problem.status() == StatusCode::FORBIDDEN => Some(empty(texts.no_keys)),
        Err(problem) => {
            tracing::warn!(problem = problem.detail(), "leaks could not be read");
            None
        }
    };
    let note = html! { @if found.is_ok() { (texts.of_week) " · " (texts.going_on.say(desk.lang, open)) } };
    html! { div.after { (panel(desk.lang, "leaks", texts.leaks, &note, body)) } }
}

fn list(desk: &Desk<'_>, found: &Found) -> Markup {
    let texts = &desk.lang.words().pages.leaks;
    if found.leaks.is_empty() && found.bursts.is_empty() {
        return empty(texts.no_leak);
    }
    // By flow already: those that are over come behind those that are not.
    let mut leaks: Vec<&Leak> = found.leaks.iter().collect();
    leaks.sort_by_key(|leak| leak.cleared_at.is_some());
    html! {
        div.wide tabindex="0" role="group" aria-label=(texts.leaks) { table.rows {
            caption.vh { (texts.leaks) }
            thead { tr {
                th scope="col" { (texts.meter) }
                th scope="col" { (desk.lang.words().zone) }
                th scope="col" { (texts.what) }
                th.n scope="col" { (texts.flow) }
                th.n scope="col" { (texts.certain) }
                th.n scope="col" { (texts.ended) }
            } }
            tbody {
                @for burst in &found.bursts { tr {
                    (who(desk, &burst.meter, &burst.zone))
                    td { span.bad { (texts.burst) } }
                    td.n { (desk.none()) }
                    td.n { (desk.time(burst.certain_at)) }
                    td.n { (desk.none()) }
                } }
                @for leak in leaks.iter().take(ROWS) { tr {
                    (who(desk, &leak.meter, &leak.zone))
                    td { (class(desk, &leak.class)) }
                    td.n { (desk.amount(leak.min_flow, 0, "l/h")) }
                    td.n { (desk.time(leak.certain_at)) }
                    td.n { @match leak.cleared_at { Some(at) => (desk.time(at)), None => (texts.lasts) } }
                } }
            }
        } }
        p.note.foot { (texts.leaks_note) }
    }
}

fn who(desk: &Desk<'_>, meter: &str, zone: &Zone) -> Markup {
    html! {
        th scope="row" { bdi dir="ltr" { (meter) } }
        td { bdi { (zone_name(desk.lang, zone)) } }
    }
}

fn class(desk: &Desk<'_>, code: &str) -> &'static str {
    let [minor, moderate, major] = desk.lang.words().pages.leaks.classes;
    match code {
        "minor" => minor,
        "major" => major,
        _ => moderate,
    }
}
