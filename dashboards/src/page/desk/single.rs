//! One alert: what it is, what was done to it, and why somebody was told or not.

use maud::{Markup, html};
use ports::{DeskRecord, Why};
use schemas::{Act, AlertId, Deed};

use super::{chain, encoded, row};
use crate::access::{Right, may};
use crate::page::alerts::{icon, word};
use crate::page::glance::Glance;
use crate::page::parts::{Desk, empty, panel};
use crate::page::shell::Scripts;
use crate::page::visit::{Sheet, Visit};
use crate::problem::Problem;

/// `/{lang}/alerts/{id}`
pub(crate) async fn single(visit: &Visit) -> Result<Sheet, Problem> {
    visit.params(&[])?;
    let id = AlertId(visit.name.clone().unwrap_or_default());
    let address = format!("alerts/{}", encoded(&id.0));
    let record: DeskRecord = visit.ask(&address).await?;
    let why: Option<Why> = visit.part(&format!("{address}/why")).await;
    let glance = Glance::present(&visit.rooms).await;
    let (desk, words) = (visit.desk(), &visit.lang.words().pages.desk);
    let title = row::text(&desk, &record.alert).to_owned();
    let main = html! {
        p.back { a href=(desk.to("alerts")) { (words.title) } }
        (head(&desk, &glance, &record, &title))
        @if record.alert.alert.phase.is_open() { (super::deeds(&desk)) }
        div.two {
            (panel(desk.lang, "acts", words.acts, &html! {}, Some(acts(&desk, &record.acts))))
            (panel(desk.lang, "why", words.why, &html! {}, why.map(|why| chain::steps(&desk, &why))))
        }
    };
    Ok(Sheet { scripts: Scripts::of("desk"), soon: super::SOON, ..Sheet::plain(title, main) })
}

fn head(desk: &Desk<'_>, glance: &Glance, record: &DeskRecord, title: &str) -> Markup {
    let (words, alert) = (&desk.lang.words().pages.desk, &record.alert.alert);
    html! {
        div.opening.alone data-panel #opening data-alert=(alert.id) {
            p.eyebrow { b.sev class=(alert.severity.code()) { (icon(alert.severity)) (word(desk.lang, alert.severity)) } " · " (words.rule) " " (rule(desk, alert.rule.as_str())) }
            h1 { (title) }
            (row::place(desk, glance, &record.alert))
            (row::marks(desk, &record.alert))
            dl.facts {
                div { dt { (words.began) } dd { (desk.time(alert.since)) small { " " (desk.age(alert.since)) } } }
                @if let Some(at) = alert.fired_at { div { dt { (words.fired) } dd { (desk.time(at)) } } }
                @if let Some(at) = alert.resolved_at { div { dt { (words.ended) } dd { (desk.time(at)) } } }
                div { dt { (desk.lang.words().quantity) } dd { (desk.lang.of(&alert.series.quantity.row().label)) } }
            }
            @if alert.phase.is_open() { p.links { (crate::page::silences::link(desk, alert.rule.as_str(), alert.series.device.as_str())) } }
        }
    }
}

/// The rule, which leads to what it says for whoever may read that.
fn rule(desk: &Desk<'_>, id: &str) -> Markup {
    html! { @if may(Right::Quiets) {
        a href=(desk.to(&format!("rules/{}", encoded(id)))) { bdi dir="ltr" { (id) } }
    } @else {
        bdi dir="ltr" { (id) }
    } }
}

fn acts(desk: &Desk<'_>, acts: &[Act]) -> Markup {
    let words = &desk.lang.words().pages.desk;
    if acts.is_empty() {
        return empty(words.no_acts);
    }
    html! { ol.chain { @for act in acts.iter().rev() { li {
        p { (desk.time(act.at)) " " b { (deed(desk, &act.deed)) } " · " bdi { (act.by) } }
        @if !act.note.to_string().is_empty() { p.note { bdi { (act.note) } } }
    } } } }
}

fn deed(desk: &Desk<'_>, deed: &Deed) -> Markup {
    let words = &desk.lang.words().pages.desk;
    let [acknowledge, unacknowledge, assign, shelve, unshelve, resolve] = words.deeds;
    html! { @match deed {
        Deed::Acknowledge { until } => { (acknowledge) @if let Some(until) = until { " · " (words.until) " " (desk.time(*until)) } }
        Deed::Unacknowledge => (unacknowledge),
        Deed::Assign { to } => { (assign) @if let Some(to) = to { " " bdi { (to) } } }
        Deed::Shelve { until } => { (shelve) " · " (words.until) " " (desk.time(*until)) }
        Deed::Unshelve => (unshelve),
        Deed::Resolve => (resolve),
    } }
}
