//! For engineers: how the platform stands, what it could not read, and who speaks without being known.

use maud::{Markup, html};
use ports::{Incident, QuarantineGroup, Status, UnknownDevice};
use serde::Deserialize;
use serde_json::json;

use crate::numbers;
use crate::page::glance::Glance;
use crate::page::parts::{Desk, empty, panel};
use crate::page::platform;
use crate::page::shell::Scripts;
use crate::page::visit::{Sheet, Visit};
use crate::problem::Problem;

#[derive(Deserialize)]
struct Groups {
    groups: Vec<QuarantineGroup>,
}

#[derive(Deserialize)]
struct Unknown {
    devices: Vec<UnknownDevice>,
}

/// `/{lang}/engineers`
pub(crate) async fn engineers(visit: &Visit) -> Result<Sheet, Problem> {
    visit.params(&[])?;
    let groups: Option<Groups> = visit.part("quarantine?limit=50").await;
    let unknown: Option<Unknown> = visit.part("devices/unknown?limit=50").await;
    let glance = Glance::present(&visit.rooms).await;
    let (desk, words) = (visit.desk(), &visit.lang.words().pages.engineers);
    let ready = glance.status.as_ref().map(Status::ready);
    let title = match ready {
        Some(true) => words.well,
        Some(false) => words.unwell,
        None => visit.lang.words().unreadable,
    };
    let stage = visit.rooms.house.stage.is_some();
    let main = html! {
        (desk.opening(visit.lang.words().pages.nav.engineers, title))
        (platform::platform(&desk, &glance))
        @if stage { div.after {
            p.outcome #happens role="status" data-happens=(words.happens) data-failed=(words.failed) {}
            (panel(visit.lang, "incidents", words.incidents, &html! {}, Some(incidents(&desk))))
        } }
        div.after { (panel(visit.lang, "readers", words.readers, &html! {}, glance.status.as_ref().map(|status| readers(&desk, status)))) }
        div.after {
            p.outcome #outcome role="status" data-tried=(words.tried) data-back=(words.back) data-failed=(words.failed) {}
            (panel(visit.lang, "quarantine", words.quarantine, &held(&desk, &glance), groups.map(|g| quarantine(&desk, &g))))
        }
        div.after { (panel(visit.lang, "unknown", words.unknown, &html! {}, unknown.map(|u| strangers(&desk, &u)))) }
    };
    // The script of incidents brings that of the quarantine.
    let scripts = Scripts::of(if stage { "incidents" } else { "quarantine" });
    Ok(Sheet { scripts, ..Sheet::plain(visit.lang.words().pages.nav.engineers, main) })
}

/// A button for each thing that can be made to happen.
fn incidents(desk: &Desk<'_>) -> Markup {
    let words = &desk.lang.words().pages.engineers;
    let name = |what: Incident| match what {
        Incident::Dust => words.dust,
        Incident::Leak => words.leak,
        Incident::Fire => words.fire,
        Incident::Outage => words.outage,
    };
    html! { div.deeds { @for what in Incident::ALL { button.btn type="button" data-incident=(what.code()) { (name(what)) } } } }
}

fn readers(desk: &Desk<'_>, status: &Status) -> Markup {
    let (lang, words) = (desk.lang, &desk.lang.words().pages.engineers);
    html! { table.rows {
        caption.vh { (words.readers) }
        thead { tr { th scope="col" { (words.reader) } th.n scope="col" { (words.cursor) } th.n scope="col" { (lang.words().lag) } th scope="col" { (words.trouble) } } }
        tbody { @for reader in &status.readers { tr {
            th scope="row" { bdi dir="ltr" { (reader.name) } }
            td.n { (numbers::whole(lang, reader.cursor)) }
            td.n { (numbers::whole(lang, reader.lag)) }
            td { @match &reader.trouble { Some(trouble) => bdi.bad lang="en" dir="ltr" { (trouble) }, None => span.ok { (words.no_trouble) } } }
        } } }
    } }
}

fn held(desk: &Desk<'_>, glance: &Glance) -> Markup {
    html! { @if let Some(status) = &glance.status { (desk.lang.words().messages.say(desk.lang, status.quarantine.messages)) " · " bdi { (numbers::size(desk.lang, status.quarantine.bytes)) } } }
}

fn quarantine(desk: &Desk<'_>, found: &Groups) -> Markup {
    let (lang, words) = (desk.lang, &desk.lang.words().pages.engineers);
    if found.groups.is_empty() {
        return empty(words.nothing_held);
    }
    html! { table.rows {
        caption.vh { (words.quarantine) }
        thead { tr {
            th scope="col" { (words.reason) }
            th scope="col" { (lang.words().device) }
            th.n scope="col" { (words.count) }
            th.n.late scope="col" { (words.newest) }
            th scope="col" { span.vh { (words.retry) } }
        } }
        tbody { @for group in &found.groups {
            @let filter = json!({ "reasons": [group.reason], "device": group.device, "topic": group.device.is_none().then_some(&group.topic) });
            tr {
                th scope="row" { bdi dir="ltr" { (group.reason) } br; small { a href=(desk.to(&format!("engineers/{}", group.sample))) { bdi lang="en" dir="ltr" { (group.text) } } } }
                td { @match &group.device { Some(device) => (desk.device_link(device, device.as_str())), None => bdi.long dir="ltr" { (group.topic) } } }
                td.n { (numbers::whole(lang, group.count)) }
                td.n.late { (desk.time(group.last)) }
                td { button.btn type="button" data-retry=(filter) aria-label=(format!("{}: {} {}", words.retry, group.reason, group.device.as_ref().map_or(group.topic.as_str(), |d| d.as_str()))) { (words.retry) } }
            }
        } }
    } }
}

fn strangers(desk: &Desk<'_>, found: &Unknown) -> Markup {
    let (lang, words) = (desk.lang, &desk.lang.words().pages.engineers);
    if found.devices.is_empty() {
        return empty(words.all_known);
    }
    html! { table.rows {
        caption.vh { (words.unknown) }
        thead { tr {
            th scope="col" { (lang.words().device) }
            th.n scope="col" { (words.count) }
            th.n scope="col" { (words.newest) }
            th.late scope="col" { (words.payload) }
        } }
        tbody { @for device in &found.devices { tr {
            th scope="row" { a href=(desk.to(&format!("engineers/{}", device.sample))) { bdi dir="ltr" { (device.id) } } " " small { bdi dir="ltr" { (device.reason) } } }
            td.n { (numbers::whole(lang, device.count)) }
            td.n { (desk.time(device.last)) }
            td.late { bdi.long dir="ltr" { (device.payload_hex) } }
        } } }
    } }
}
