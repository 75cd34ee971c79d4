//! Parking: how full each zone is now and usually, stays that are too long, sensors that do not see. Single spaces stand on the map
//! of those who may see them, and nowhere else.

mod week;

use maud::{Markup, html};
use schemas::{DeviceId, Kind, Quantity, Timestamp, Zone};
use serde::Deserialize;

use super::glance::Glance;
use super::map::{Colour, Field, Sign, field};
use super::parts::{Desk, empty, panel};
use super::sections;
use super::shell::Scripts;
use super::visit::{Sheet, Visit};
use crate::access::{Right, may};
use crate::atlas::zone_name;
use crate::numbers;
use crate::params::encoded;
use crate::problem::Problem;

/// Doubted sensors that are named.
const DOUBTS: usize = 40;

#[derive(Deserialize)]
struct Overstays {
    zones: Vec<ZoneStays>,
}

#[derive(Deserialize)]
struct ZoneStays {
    zone: Zone,
    withheld: bool,
    sessions: Option<u64>,
    overstays: Option<u64>,
    going_on: Option<u64>,
}

#[derive(Deserialize)]
struct Doubts {
    sensors: u64,
    doubted: Vec<Doubt>,
}

#[derive(Deserialize)]
struct Doubt {
    device: DeviceId,
    zone: Zone,
    fault: Fault,
    heard: Option<Timestamp>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Fault {
    Silent,
    Stuck,
}

/// `/{lang}/parking?zone=`
pub(crate) async fn sheet(visit: &Visit) -> Result<Sheet, Problem> {
    let params = visit.params(&["zone"])?;
    let (desk, words) = (visit.desk(), visit.lang.words());
    let glance = Glance::present(&visit.rooms).await;
    let zone = params.zone()?.or_else(|| week::usual_zone(&glance).cloned());
    let stays: Option<Overstays> = visit.part("parking/overstays").await;
    let doubts: Option<Doubts> = visit.part("parking/sensors").await;
    let weeks: Option<week::Weeks> = match &zone {
        Some(zone) => visit.part(&format!("parking/week?zone={}", encoded(zone.as_str()))).await,
        None => None,
    };
    let lots = glance.lots.iter().flatten();
    let (free, known) = lots.fold((0, 0), |sum, lot| (sum.0 + lot.free, sum.1 + lot.free + lot.taken));
    let title = format!("{} {} {}", words.pages.parking.free.say(visit.lang, free), words.of, numbers::whole(visit.lang, known));
    let main = html! {
        (desk.opening(words.parking, &title))
        div.two.first { (sections::parking(&desk, &glance)) (overstays(&desk, stays.as_ref())) }
        @if may(Right::Personal) { (bays(&desk)) }
        @if let Some(zone) = &zone { (week::section(&desk, &glance, zone, weeks.as_ref())) }
        (doubted(&desk, doubts.as_ref()))
    };
    let scripts = if may(Right::Personal) { Scripts::MAP } else { Scripts::NONE };
    Ok(Sheet { scripts, often: super::visit::SELDOM, ..Sheet::plain(title, main) })
}

/// Each bay, free or taken.
fn bays(desk: &Desk<'_>) -> Markup {
    let words = desk.lang.words();
    html! { section.after aria-labelledby="bays-title" {
        div.head { h2 #bays-title { (words.pages.parking.bays) } }
        (field(desk, &Field {
            kind: Kind::PARKING,
            sign: Sign::Bay,
            source: "/api/v1/parking/bays".to_owned(),
            page: desk.to("devices/"),
            quantity: Quantity::PARKING_OCCUPIED,
            // A bay says 0 or 1: beyond the first step there is nothing.
            colour: Colour::Steps { edges: [0.5, 2.0, 2.0], names: Some(&words.pages.parking.bay_states) },
        }))
    } }
}

fn overstays(desk: &Desk<'_>, stays: Option<&Overstays>) -> Markup {
    let words = &desk.lang.words().pages.parking;
    let body = stays.map(|stays| {
        let mut zones: Vec<&ZoneStays> = stays.zones.iter().collect();
        zones.sort_by_key(|z| std::cmp::Reverse(z.overstays));
        if zones.is_empty() {
            return empty(desk.lang.words().nothing_yet);
        }
        html! { table.rows {
            caption.vh { (words.overstays) }
            thead { tr {
                th scope="col" { (desk.lang.words().zone) }
                th.n scope="col" { (words.overstays) }
                th.n scope="col" { (words.going_on) }
                th.n.late scope="col" { (words.sessions) }
            } }
            tbody { @for zone in zones { tr {
                th scope="row" { bdi { (zone_name(desk.lang, &zone.zone)) } }
                @if zone.withheld { td colspan="3" { small.quiet { (desk.lang.words().withheld) } } } @else {
                    @for (i, count) in [zone.overstays, zone.going_on, zone.sessions].into_iter().enumerate() {
                        td.n.late[i == 2] { @match count { Some(n) => (numbers::whole(desk.lang, n)), None => (desk.none()) } }
                    }
                }
            } } }
        } }
    });
    panel(desk.lang, "overstays", words.overstays, &html! { (words.of_today) }, body)
}

fn doubted(desk: &Desk<'_>, doubts: Option<&Doubts>) -> Markup {
    let words = &desk.lang.words().pages.parking;
    let body = doubts.map(|doubts| {
        if doubts.doubted.is_empty() {
            return empty(words.none_doubted);
        }
        html! { table.rows {
            caption.vh { (words.doubted) }
            thead { tr {
                th scope="col" { (desk.lang.words().device) }
                th scope="col" { (desk.lang.words().zone) }
                th scope="col" { (words.fault) }
                th.n scope="col" { (desk.lang.words().measured) }
            } }
            tbody { @for doubt in doubts.doubted.iter().take(DOUBTS) { tr {
                th scope="row" { (desk.device_link(&doubt.device, doubt.device.as_str())) }
                td { bdi { (zone_name(desk.lang, &doubt.zone)) } }
                td { (match doubt.fault { Fault::Silent => words.silent, Fault::Stuck => words.stuck }) }
                td.n { @match doubt.heard { Some(at) => (desk.time(at)), None => (desk.none()) } }
            } } }
        } }
    });
    let note = html! { @if let Some(doubts) = doubts {
        (numbers::whole(desk.lang, doubts.doubted.len() as u64)) " " (desk.lang.words().of) " " (numbers::whole(desk.lang, doubts.sensors))
    } };
    html! { div.after { (panel(desk.lang, "doubted", words.doubted, &note, body)) } }
}
