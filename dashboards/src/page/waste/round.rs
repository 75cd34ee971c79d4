//! The bins that a contractor should empty before the next pass: in order, with the way there, on a phone and on paper.

use maud::{Markup, html};
use schemas::{DeviceId, Place, Timestamp, Zone};
use serde::Deserialize;

use super::{class, contractors, due, grade};
use crate::api::Urgency;
use crate::atlas::zone_name;
use crate::numbers;
use crate::page::desk::encoded;
use crate::page::map::{Mark, map, mark};
use crate::page::parts::{Desk, Told, empty};
use crate::page::shell::Scripts;
use crate::page::visit::{SELDOM, Sheet, Visit};
use crate::params::Params;
use crate::problem::Problem;

/// Hours to the next pass that can be chosen.
const PASSES: [u64; 4] = [12, 24, 48, 72];
/// Bins without a place that are named.
const NAMED: usize = 12;

#[derive(Deserialize)]
struct Worklist {
    bins: u64,
    depot_assumed: bool,
    rounds: Vec<Tour>,
    without_place: Vec<DeviceId>,
    unheard: Vec<DeviceId>,
}

#[derive(Deserialize)]
struct Tour {
    round: u64,
    km: f64,
    load_kg: f64,
    stops: Vec<Stop>,
}

#[derive(Deserialize)]
struct Stop {
    order: u64,
    bin: DeviceId,
    label: Option<String>,
    zone: Zone,
    place: Place,
    fill: f64,
    heard: Timestamp,
    offline: bool,
    due_p50: Option<Timestamp>,
    due_p90: Option<Timestamp>,
    basis: Told<String>,
    urgency: Urgency,
    last_emptied: Option<Timestamp>,
}

pub(super) async fn round(visit: &Visit, params: &Params, contractor: &str) -> Result<Sheet, Problem> {
    let hours = params.one("hours")?.unwrap_or("24");
    let mut query = format!("contractor={}&hours={}", encoded(contractor), encoded(hours));
    if let Some(zone) = params.one("zone")? {
        query.push_str(&format!("&zone={}", encoded(zone)));
    }
    let list: Worklist = visit.ask(&format!("waste/worklist?{query}")).await?;
    let (desk, words) = (visit.desk(), &visit.lang.words().pages.waste);
    let stops = list.rounds.iter().map(|tour| tour.stops.len() as u64).sum();
    let title = words.to_empty.say(visit.lang, stops);
    let main = html! {
        p.back { a href=(desk.to("waste")) { (words.back) } }
        (desk.opening(contractor, &title))
        (choice(&desk, visit, contractor, hours))
        p.links {
            button.btn type="button" data-print { (visit.lang.words().pages.common.print) }
            @for (format, name) in [("csv", "CSV"), ("excel", "Excel"), ("gpx", "GPX"), ("geojson", "GeoJSON")] {
                a download href=(format!("/api/v1/waste/worklist?{query}&format={format}")) { (name) }
            }
        }
        div.mapped {
            div.rounds data-panel #rounds {
                @if list.rounds.is_empty() { (empty(words.nothing_due)) }
                @for tour in &list.rounds { (tour_of(&desk, tour)) }
                (rest(&desk, &list))
            }
            (map(&desk))
        }
    };
    Ok(Sheet { scripts: Scripts::MAP, often: SELDOM, ..Sheet::plain(title, main) })
}

fn choice(desk: &Desk<'_>, visit: &Visit, contractor: &str, hours: &str) -> Markup {
    let words = &desk.lang.words().pages.waste;
    html! { form.filters method="get" data-auto {
        label.field { span { (words.contractor) } select name="contractor" {
            @for known in contractors(visit) { option value=(known) selected[known == contractor] { (known) } }
        } }
        label.field { span { (words.next_pass) } select name="hours" {
            @for pass in PASSES { option value=(pass) selected[pass.to_string() == hours] { (desk.lang.words().hours.say(desk.lang, pass)) } }
        } }
        button.btn { (desk.lang.words().pages.desk.filter) }
    } }
}

fn tour_of(desk: &Desk<'_>, tour: &Tour) -> Markup {
    let words = &desk.lang.words().pages.waste;
    html! { section.round {
        h2 { (words.round) " " (numbers::whole(desk.lang, tour.round)) small {
            (desk.amount(tour.km, 1, "km")) " · " (desk.amount(tour.load_kg, 0, "kg")) " · " (words.as_the_crow_flies)
        } }
        ol.stops { @for stop in &tour.stops { (stop_of(desk, tour, stop)) } }
    } }
}

fn stop_of(desk: &Desk<'_>, tour: &Tour, stop: &Stop) -> Markup {
    let words = &desk.lang.words().pages.waste;
    let name = stop.label.clone().unwrap_or_else(|| stop.bin.to_string());
    let class = class(stop.urgency);
    let href = desk.to(&format!("waste/{}", stop.bin));
    let (lat, lon) = (stop.place.lat(), stop.place.lon());
    html! { li {
        (mark(stop.bin.as_str(), &Mark {
            place: stop.place,
            look: format!("v{class} stop"),
            text: stop.order.to_string(),
            name: String::new(),
            label: format!("{} {}-{}: {name}", words.stop, tour.round, stop.order),
            href: href.clone(),
        }))
        span class=(format!("num v{class}")) { (stop.order) }
        div.what {
            p { a href=(href) { bdi { (name) } } " · " (desk.amount(stop.fill, 0, "%")) @if stop.offline { " " small.bad { (words.offline) " " (desk.time(stop.heard)) } } }
            p.small { bdi { (zone_name(desk.lang, &stop.zone)) } " · " (grade(desk, stop.urgency))
                @if stop.urgency != Urgency::Now { " · " (due(desk, false, stop.due_p50, stop.due_p90)) }
                @if stop.basis.value.as_deref() == Some("prior") { " · " (words.by_district) } }
            p.small { (words.emptied) " " @match stop.last_emptied { Some(at) => (desk.time(at)), None => (words.not_lately) } }
        }
        a.btn href=(format!("geo:{lat:.5},{lon:.5}?q={lat:.5},{lon:.5}")) aria-label=(format!("{}: {name}", words.go)) { (words.go) }
    } }
}

fn rest(desk: &Desk<'_>, list: &Worklist) -> Markup {
    let words = &desk.lang.words().pages.waste;
    let names = |all: &[DeviceId]| html! { @for (i, id) in all.iter().take(NAMED).enumerate() { @if i > 0 { ", " } a href=(desk.to(&format!("waste/{id}"))) { bdi { (id) } } } @if all.len() > NAMED { "…" } };
    html! {
        p.note.foot { (words.of_bins) " " (desk.lang.words().bins.say(desk.lang, list.bins)) "." @if list.depot_assumed { " " (words.no_depot) } }
        @if !list.without_place.is_empty() { p.note.foot { (words.without_place) " " (names(&list.without_place)) } }
        @if !list.unheard.is_empty() { p.note.foot { (words.unheard) " " (names(&list.unheard)) } }
    }
}
