//! One bin: how full it is and was, when it was emptied, when it will be full, its alerts and its battery.

use std::time::Duration;

use maud::{Markup, html};
use ports::DeskAlert;
use schemas::{DeviceId, Place, Quantity, Timestamp, Zone};
use serde::Deserialize;

use super::{due, grade};
use crate::api::Urgency;
use crate::atlas::zone_name;
use crate::page::chart::{Chart, Range, chart};
use crate::page::device::{Health, Latest, battery};
use crate::page::glance::Glance;
use crate::page::parts::{Desk, Told, empty, panel};
use crate::page::shell::Scripts;
use crate::page::visit::{SELDOM, Sheet, Visit};
use crate::problem::Problem;

/// Emptyings that are listed, the newest first.
const EMPTYINGS: usize = 15;
/// A forecast further away than this would press the past together.
const AHEAD: Duration = Duration::from_secs(4 * 86_400);

#[derive(Deserialize)]
struct Bin {
    label: Option<String>,
    zone: Zone,
    place: Option<Place>,
    contractor: Option<String>,
    fill: Option<f64>,
    heard: Option<Timestamp>,
    offline: bool,
    threshold: f64,
    due_p50: Option<Timestamp>,
    due_p90: Option<Timestamp>,
    basis: Option<Told<String>>,
    urgency: Option<Urgency>,
    emptyings: Vec<Emptied>,
}

#[derive(Deserialize)]
struct Emptied {
    at: Timestamp,
    kind: String,
    before: f64,
    after: f64,
}

#[derive(Deserialize)]
struct Alerts {
    alerts: Vec<DeskAlert>,
}

impl Bin {
    /// Whether it is at the level that the forecast is about.
    fn is_full(&self) -> bool {
        self.fill.is_some_and(|fill| fill >= self.threshold)
    }
}

/// `/{lang}/waste/{bin}?range=`
pub(crate) async fn bin(visit: &Visit) -> Result<Sheet, Problem> {
    let params = visit.params(&["range"])?;
    let id: DeviceId = visit.named()?;
    let range = Range::of(&params, visit.now(), 1)?;
    let bin: Bin = visit.ask(&format!("waste/bin?bin={id}")).await?;
    let health: Option<Health> = visit.part(&format!("devices/health?device={id}")).await;
    let latest: Option<Latest> = visit.part(&format!("latest?device={id}")).await;
    let open: Option<Alerts> = visit.part(&format!("alerts?device={id}&limit=20")).await;
    let over: Option<Alerts> = visit.part(&format!("alerts?device={id}&view=history&limit=10")).await;
    let glance = Glance::present(&visit.rooms).await;
    let (desk, words) = (visit.desk(), visit.lang.words());
    let name = bin.label.clone().unwrap_or_else(|| id.to_string());
    let hand = open.as_ref().map(|open| crate::page::desk::by_thumb(&desk, &open.alerts, words.pages.waste.done));
    let alerts = open.zip(over).map(|(open, over)| open.alerts.into_iter().chain(over.alerts).collect::<Vec<_>>());
    let main = html! {
        p.back { a href=(desk.to(&bin.contractor.as_ref().map_or_else(|| "waste".to_owned(), |who| format!("waste?contractor={}", crate::page::desk::encoded(who))))) { (words.pages.waste.back) } }
        (head(&desk, (&id, &name), &bin, health.as_ref(), latest.as_ref()))
        @if let Some(hand) = hand { (hand) }
        (past(&desk, &id, &bin, range))
        div.two {
            (panel(visit.lang, "emptyings", words.pages.waste.emptyings, &html! { (words.pages.waste.four_weeks) }, Some(emptyings(&desk, &bin))))
            (panel(visit.lang, "alerts", words.pages.nav.alerts, &html! {}, alerts.map(|alerts| crate::page::desk::brief(&desk, &glance, &alerts))))
        }
    };
    let scripts = Scripts { own: Some("desk"), ..Scripts::CHART };
    Ok(Sheet { scripts, often: SELDOM, ..Sheet::plain(name, main) })
}

/// What a bin may tell of itself besides its level: by quantity, and whether it is a yes or a no.
const BESIDES: [(Quantity, bool); 5] = [
    (Quantity::WASTE_TEMPERATURE, false),
    (Quantity::WASTE_FIRE, true),
    (Quantity::DEVICE_TILT, false),
    (Quantity::WASTE_OVERTURNED, true),
    (Quantity::WASTE_LID_OPEN, true),
];

/// Warmth, fire, tilt: as far as its sensor says them, and can be believed.
fn besides(desk: &Desk<'_>, id: &DeviceId, latest: Option<&Latest>) -> Markup {
    let told = |wanted: Quantity| latest.iter().flat_map(|l| &l.readings).find(|l| l.quantity == wanted && l.grade != "bad");
    html! { @for (quantity, is_state) in BESIDES { @if let Some(last) = told(quantity) { div {
        dt { (desk.lang.of(&quantity.row().label)) }
        dd {
            @if is_state { @if last.value >= 0.5 { span.bad { (desk.lang.words().pages.waste.yes_no[1]) } } @else { (desk.lang.words().pages.waste.yes_no[0]) } }
            @else { (desk.living(&last.series(id), last.value)) }
        }
    } } } }
}

fn head(desk: &Desk<'_>, (id, name): (&DeviceId, &str), bin: &Bin, health: Option<&Health>, latest: Option<&Latest>) -> Markup {
    let (lang, words) = (desk.lang, desk.lang.words());
    let own = &words.pages.waste;
    html! { div.opening data-panel #opening {
        p.eyebrow { bdi { (zone_name(lang, &bin.zone)) } @if let Some(who) = &bin.contractor { " · " bdi { (who) } } " · " (desk.device_link(id, id.as_str())) }
        h1 { (name) }
        p { @if let Some(urgency) = bin.urgency { (grade(desk, urgency)) " · " } (due(desk, bin.is_full(), bin.due_p50, bin.due_p90)) @if bin.basis.as_ref().and_then(|b| b.value.as_deref()) == Some("prior") { " · " (own.by_district) } }
        dl.facts {
            div { dt { (words.fill) } dd { @match bin.fill { Some(fill) => (desk.amount(fill, 0, "%")), None => (desk.none()) } } }
            div { dt { (words.measured) } dd { @match bin.heard { Some(at) => { (desk.time(at)) @if bin.offline { " " small.bad { (own.offline) } } } None => (desk.none()) } } }
            div { dt { (own.emptied) } dd { @match bin.emptyings.last() { Some(last) => (desk.time(last.at)), None => (own.not_lately) } } }
            div { dt { (words.pages.devices.battery) } dd { (battery(desk, health)) } }
            (besides(desk, id, latest))
            @if let Some(place) = bin.place { div { dt { (own.place) } dd { a href=(format!("geo:{:.5},{:.5}", place.lat(), place.lon())) { (own.go) } } } }
        }
    } }
}

fn past(desk: &Desk<'_>, id: &DeviceId, bin: &Bin, range: Range) -> Markup {
    let words = desk.lang.words();
    let own = &words.pages.waste;
    let marks: Vec<Timestamp> = bin.emptyings.iter().map(|e| e.at).collect();
    let near = |at: &Timestamp| !bin.is_full() && *at > desk.now && at.since(desk.now) < AHEAD;
    let due = bin.due_p50.filter(near).map(|at| (at, bin.threshold));
    // From the level that the forecast begins with, which leaves outliers out.
    let level = bin.heard.zip(bin.fill).filter(|_| due.is_some());
    let expected: Vec<(Timestamp, f64)> = level.into_iter().chain(due).collect();
    let from = range.from;
    html! { section.after aria-labelledby="past-title" {
        div.head { h2 #past-title { (words.pages.common.past) } p.note { (words.fill) " · " (own.marks) } }
        div.ranges {
            (range.choice(desk, |range| desk.to(&format!("waste/{id}?range={range}"))))
            span.out { a download href=(format!("/api/v1/readings?format=csv&device={id}&quantity=waste.fill&from={from}")) { (words.pages.common.csv) } }
        }
        (chart(desk, &Chart {
            source: format!("/api/v1/readings?device={id}&quantity=waste.fill&every=1h&limit=10000&from={from}"),
            compare: None,
            summary: own.summary,
            unit: "%",
            places: 0,
            thin: words.fill,
            thick: "",
            ahead: own.expected,
            limit: Some((bin.threshold, own.threshold.to_owned())),
            marks: &marks,
            due: &expected,
            from,
        }))
    } }
}

fn emptyings(desk: &Desk<'_>, bin: &Bin) -> Markup {
    let words = &desk.lang.words().pages.waste;
    if bin.emptyings.is_empty() {
        return empty(words.no_emptyings);
    }
    let [full, partial, light, confirmed] = words.emptying_kinds;
    html! { table.rows {
        caption.vh { (words.emptyings) }
        thead { tr { th scope="col" { (words.when) } th.n scope="col" { (words.before) } th.n scope="col" { (words.after) } th scope="col" { (words.how) } } }
        tbody { @for emptied in bin.emptyings.iter().rev().take(EMPTYINGS) { tr {
            th scope="row" { (desk.time(emptied.at)) }
            td.n { (desk.amount(emptied.before, 0, "%")) }
            td.n { (desk.amount(emptied.after, 0, "%")) }
            td { (match emptied.kind.as_str() { "full" => full, "partial" => partial, "light" => light, _ => confirmed }) }
        } } }
    } }
}
