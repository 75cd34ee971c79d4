//! One device: is it well, what does it say, what of it could not be read.

use maud::{Markup, html};
use ports::{DeskAlert, DeviceView};
use schemas::{DeviceId, Kind, Quantity, Timestamp};
use serde::Deserialize;

use super::{Health, Latest, battery, interval};
use crate::atlas::zone_name;
use crate::numbers;
use crate::page::chart::{Chart, Range, chart};
use crate::page::explain;
use crate::page::glance::Glance;
use crate::page::parts::{Desk, empty, panel};
use crate::page::shell::Scripts;
use crate::page::visit::{SELDOM, Sheet, Visit};
use crate::problem::Problem;

#[derive(Deserialize)]
struct Devices {
    devices: Vec<DeviceView>,
}

#[derive(Deserialize)]
struct Waiting {
    messages: Vec<Message>,
}

/// A message that could not be read.
#[derive(Deserialize)]
struct Message {
    offset: u64,
    reason: String,
    text: String,
    topic: String,
    received_at: Timestamp,
}

#[derive(Deserialize)]
struct Alerts {
    alerts: Vec<DeskAlert>,
}

/// `/{lang}/devices/{id}?quantity=&range=`
pub(crate) async fn single(visit: &Visit) -> Result<Sheet, Problem> {
    let params = visit.params(&["quantity", "range"])?;
    let id: DeviceId = visit.named()?;
    let range = Range::of(&params, visit.now(), 0)?;
    let known: Devices = visit.ask_about("device", &format!("devices?device={id}")).await?;
    let view = known.devices.into_iter().next().ok_or_else(|| Problem::absent(format!("there is no device `{id}`")))?;
    let health: Option<Health> = visit.part(&format!("devices/health?device={id}")).await;
    // A meter tells of people (law 09-08): what a single one measures is not shown here.
    let private = view.device.kind == Kind::WATER;
    let latest: Option<Latest> = if private { None } else { visit.part(&format!("latest?device={id}")).await };
    let waiting: Option<Waiting> = visit.part(&format!("quarantine?device={id}&each=true&limit=20")).await;
    let alerts: Option<Alerts> = visit.part(&format!("alerts?device={id}&limit=20")).await;
    let glance = Glance::present(&visit.rooms).await;
    let (desk, words) = (visit.desk(), visit.lang.words());
    let own = &words.pages.devices;
    let chosen: Option<Quantity> = params.parsed("quantity", "the name of a quantity")?;
    let chosen = chosen.or_else(|| latest.as_ref().and_then(|l| l.readings.first()).map(|r| r.quantity));
    let main = html! {
        p.back { a href=(desk.to("devices")) { (own.title) } }
        (head(&desk, &glance, &view, health.as_ref()))
        @if private { p.empty { (own.private) } }
        @else if let Some(quantity) = chosen { (past(&desk, &id, quantity, range)) }
        div.two {
            @if !private { (panel(visit.lang, "latest", own.latest, &html! {}, latest.map(|l| values(&desk, &id, range, &l)))) }
            (panel(visit.lang, "alerts", words.alerts, &html! {}, alerts.map(|a| crate::page::desk::brief(&desk, &glance, &a.alerts))))
        }
        p.links { (explain::messages_link(&desk, &id)) }
        div.after { (panel(visit.lang, "unread", own.unread, &html! {}, waiting.map(|w| unread(&desk, &w)))) }
    };
    Ok(Sheet { scripts: Scripts::CHART, often: SELDOM, ..Sheet::plain(id.to_string(), main) })
}

fn head(desk: &Desk<'_>, glance: &Glance, view: &DeviceView, health: Option<&Health>) -> Markup {
    let (lang, words) = (desk.lang, &desk.lang.words().pages.devices);
    let device = &view.device;
    let sound = health.and_then(|h| h.devices.first());
    let home = match device.kind {
        Kind::AIR => Some((format!("air/{}", device.id), lang.words().air)),
        Kind::WASTE => Some((format!("waste/{}", device.id), lang.words().waste)),
        _ => None,
    };
    let name = glance.name(lang, &device.id);
    html! { div.opening data-panel #opening {
        p.eyebrow { (lang.of(device.kind.label())) " · " bdi { (zone_name(lang, &device.zone)) }
            @if name != device.id.as_str() { " · " bdi { (name) } }
            @if let Some((path, name)) = home { " · " a href=(desk.to(&path)) { (name) } } }
        h1 { bdi dir="ltr" { (device.id) } }
        dl.facts {
            div { dt { (words.heard) } dd { @match sound.and_then(|s| s.heard).or(view.last_seen) { Some(at) => { (desk.time(at)) small { " " (desk.age(at)) } } None => (words.never) }
                @if sound.is_some_and(|s| s.offline) { " " small.bad { (words.offline) } } } }
            div { dt { (words.interval) } dd { (interval(desk, sound)) } }
            div { dt { (words.availability) } dd { @match sound.and_then(|s| s.availability.value.as_ref()) {
                Some(availability) => span.bad[!availability.met] { (desk.amount(availability.share * 100.0, 0, "%")) },
                None => (desk.none()),
            } } }
            div { dt { (words.battery) } dd { (battery(desk, health)) } }
            div { dt { (words.clock) } dd { @match sound.and_then(|s| s.clock.value.as_ref()) {
                Some(clock) => span.bad[clock.wrong] { (desk.amount(clock.behind_s, 0, "s")) },
                None => (desk.none()),
            } } }
            div { dt { (words.profile) } dd { @match &device.profile { Some(profile) => bdi dir="ltr" { (profile) }, None => (desk.none()) } } }
            div { dt { (words.firmware) } dd { @match &view.firmware {
                Some(seen) => { bdi dir="ltr" { (seen.version) } small { " " (words.since) " " (desk.time(seen.since)) } },
                None => (desk.none()),
            } } }
            @if let Some(sound) = sound.filter(|s| !s.stuck.is_empty()) { div { dt { (words.stuck) } dd.bad { bdi dir="ltr" { (sound.stuck.join(", ")) } } } }
        }
    } }
}

fn past(desk: &Desk<'_>, id: &DeviceId, quantity: Quantity, range: Range) -> Markup {
    let (lang, words) = (desk.lang, desk.lang.words());
    let label = lang.of(&quantity.row().label);
    let unit = numbers::unit(quantity.unit());
    let from = range.from;
    // A day is shown by its readings, of one that speaks each second by their extremes; more than a day by the hour.
    let shown = if range.code() == "24h" { "&points=2000" } else { "&every=1h&limit=10000" };
    html! { section.after aria-labelledby="past-title" {
        div.head { h2 #past-title { (words.pages.common.past) } p.note { (label) " " bdi dir="ltr" { (unit) } } }
        div.ranges {
            (range.choice(desk, |range| desk.to(&format!("devices/{id}?quantity={quantity}&range={range}"))))
            span.out { a download href=(format!("/api/v1/readings?format=csv&device={id}&quantity={quantity}&from={from}")) { (words.pages.common.csv) } }
        }
        (chart(desk, &Chart {
            source: format!("/api/v1/readings?device={id}&quantity={quantity}{shown}&from={from}"),
            compare: None,
            summary: label,
            unit: &unit,
            places: numbers::decimals(quantity),
            thin: label,
            thick: "",
            ahead: "",
            limit: None,
            marks: &[],
            due: &[],
            from,
        }))
    } }
}

fn values(desk: &Desk<'_>, id: &DeviceId, range: Range, latest: &Latest) -> Markup {
    let (lang, words) = (desk.lang, desk.lang.words());
    if latest.readings.is_empty() {
        return empty(words.nothing_yet);
    }
    html! { table.rows {
        caption.vh { (words.pages.devices.latest) }
        thead { tr { th scope="col" { (words.quantity) } th.n scope="col" { (words.value) } th.n scope="col" { (words.measured) } th.late scope="col" { (words.pages.devices.quality) } } }
        tbody { @for last in &latest.readings { tr {
            th scope="row" { a href=(desk.to(&format!("devices/{id}?quantity={}&range={}", last.quantity, range.code()))) { (lang.of(&last.quantity.row().label)) } @if last.channel > 0 { " " small { bdi { "#" (last.channel) } } } }
            td.n { (desk.living(&last.series(id), last.value)) " " small { (explain::link(desk, id, last.quantity, last.channel, last.observed_at)) } }
            td.n { (desk.time(last.observed_at)) }
            td.late { span.bad[last.grade == "bad"] { bdi lang="en" dir="ltr" { (last.quality.join(", ")) } } }
        } } }
    } }
}

fn unread(desk: &Desk<'_>, waiting: &Waiting) -> Markup {
    let words = &desk.lang.words().pages.devices;
    if waiting.messages.is_empty() {
        return empty(words.all_read);
    }
    html! { table.rows {
        caption.vh { (words.unread) }
        thead { tr { th scope="col" { (words.received) } th scope="col" { (words.reason) } th.late scope="col" { (words.topic) } } }
        tbody { @for message in &waiting.messages { tr {
            th scope="row" { a href=(desk.to(&format!("engineers/{}", message.offset))) { (desk.time(message.received_at)) } }
            td { bdi dir="ltr" { (message.reason) } br; small { bdi lang="en" dir="ltr" { (message.text) } } }
            td.late { bdi.long dir="ltr" { (message.topic) } }
        } } }
    } }
}
