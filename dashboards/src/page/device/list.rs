//! All devices, by id.

use std::collections::BTreeMap;

use maud::{Markup, html};
use ports::DeviceView;
use schemas::{DeviceId, Kind, Vocabulary};
use serde::Deserialize;

use super::{Health, Sound, battery_of, interval};
use crate::atlas::zone_name;
use crate::page::desk::{encoded, zones};
use crate::page::glance::Glance;
use crate::page::parts::{Desk, empty, panel};
use crate::page::visit::{SELDOM, Sheet, Visit};
use crate::params::Params;
use crate::problem::Problem;

/// Devices of one page.
const ROWS: usize = 100;

#[derive(Deserialize)]
struct Devices {
    devices: Vec<DeviceView>,
    next: Option<DeviceId>,
}

/// `/{lang}/devices?kind=&zone=&device=&cursor=`
pub(crate) async fn list(visit: &Visit) -> Result<Sheet, Problem> {
    let params = visit.params(&["kind", "zone", "device", "cursor"])?;
    let mut query = format!("limit={ROWS}");
    for name in ["kind", "zone", "device"] {
        if let Some(value) = params.one(name)? {
            query.push_str(&format!("&{name}={}", encoded(value)));
        }
    }
    let cursor = params.one("cursor")?.map_or_else(String::new, |cursor| format!("&cursor={}", encoded(cursor)));
    let found: Devices = visit.ask(&format!("devices?{query}{cursor}")).await?;
    let ids: Vec<&str> = found.devices.iter().map(|view| view.device.id.as_str()).collect();
    let sound =
        if ids.is_empty() { None } else { visit.part(&format!("devices/health?limit={ROWS}&device={}", ids.join(","))).await };
    let sound: BTreeMap<DeviceId, Sound> =
        sound.map(|health: Health| health.devices).into_iter().flatten().map(|sound| (sound.device.clone(), sound)).collect();
    let glance = Glance::present(&visit.rooms).await;
    let (desk, words) = (visit.desk(), &visit.lang.words().pages.devices);
    let title = words.known.say(visit.lang, glance.status.as_ref().map_or(0, |status| status.devices));
    let main = html! {
        (desk.opening(words.title, &title))
        (filters(&desk, &params, &glance)?)
        div.after { (panel(visit.lang, "devices", words.title, &html! {}, Some(table(&desk, &glance, &found, &sound)))) }
        @if let Some(next) = &found.next { p.rest { a href=(desk.to(&format!("devices?{query}&cursor={}", encoded(next.as_str())).replace(&format!("limit={ROWS}&"), ""))) { (words.more) } } }
    };
    Ok(Sheet { often: SELDOM, ..Sheet::plain(title, main) })
}

fn filters(desk: &Desk<'_>, params: &Params, glance: &Glance) -> Result<Markup, Problem> {
    let (lang, words) = (desk.lang, &desk.lang.words().pages.desk);
    let (kind, zone, device) = (params.one("kind")?, params.one("zone")?, params.one("device")?);
    Ok(html! { form.filters method="get" data-auto data-remember="devices" {
        label.field { span { (words.kind) } select name="kind" {
            option value="" { (words.all) }
            @for known in Vocabulary::current().kinds() { option value=(known) selected[kind == Some(known.name())] { (lang.of(known.label())) } }
        } }
        label.field { span { (lang.words().zone) } select name="zone" {
            option value="" { (words.all) }
            @for known in zones(glance) { option value=(known) selected[zone == Some(known.as_str())] { (zone_name(lang, known)) } }
        } }
        label.field { span { (lang.words().device) } input type="search" name="device" value=[device] maxlength="64" autocomplete="off" spellcheck="false"; }
        button.btn { (words.filter) }
    } })
}

fn table(desk: &Desk<'_>, glance: &Glance, found: &Devices, sound: &BTreeMap<DeviceId, Sound>) -> Markup {
    let (lang, words) = (desk.lang, &desk.lang.words().pages.devices);
    if found.devices.is_empty() {
        return empty(words.none);
    }
    html! { table.rows {
        caption.vh { (words.title) }
        thead { tr {
            th scope="col" { (lang.words().device) }
            th scope="col" { (lang.words().zone) }
            th.n scope="col" { (words.heard) }
            th.n.late scope="col" { (words.interval) }
            th.n.late scope="col" { (words.battery) }
            th.late scope="col" { (words.profile) }
            th.late scope="col" { (words.firmware) }
        } }
        tbody { @for DeviceView { device, last_seen, firmware, .. } in &found.devices {
            @let name = glance.name(lang, &device.id);
            @let sound = sound.get(&device.id);
            tr {
                th scope="row" {
                    (desk.device_link(&device.id, device.id.as_str())) @if name != device.id.as_str() && device.kind != Kind::WATER { " " small { bdi { (name) } } }
                    (trouble(desk, sound))
                }
                td { bdi { (zone_name(lang, &device.zone)) } br; small.quiet { (lang.of(device.kind.label())) } }
                td.n { @match last_seen { Some(at) => { (desk.time(*at)) br; small.quiet { (desk.age(*at)) } } None => small.quiet { (words.never) } } }
                td.n.late { (interval(desk, sound)) }
                td.n.late { (battery_of(desk, sound)) }
                td.late { @match &device.profile { Some(profile) => bdi dir="ltr" { (profile) }, None => (desk.none()) } }
                td.late { @match firmware { Some(seen) => bdi dir="ltr" { (seen.version) }, None => (desk.none()) } }
            }
        } }
    } }
}

/// What is wrong with a device.
fn trouble(desk: &Desk<'_>, sound: Option<&Sound>) -> Markup {
    let words = &desk.lang.words().pages.devices;
    let Some(sound) = sound else { return html! {} };
    let clock = sound.clock.value.as_ref().filter(|clock| clock.wrong);
    html! {
        @if sound.offline { br; small.bad { (words.offline) } }
        @if let Some(clock) = clock { br; small.bad { (words.clock) " " (desk.amount(clock.behind_s, 0, "s")) } }
        @if !sound.stuck.is_empty() { br; small.bad { (words.stuck) " " bdi dir="ltr" { (sound.stuck.join(", ")) } } }
    }
}
