//! Water: what zones used, day by day, what districts lost by day and by night: only sums over enough connections. Leaks of single
//! ones stand under pseudonyms, for those who may see them.

mod leaks;
mod losses;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use maud::{Markup, html};
use schemas::Zone;
use serde::Deserialize;

use super::glance::Glance;
use super::parts::{Desk, Told, empty, panel};
use super::sections;
use super::visit::{Sheet, Visit};
use crate::access::{Right, may};
use crate::atlas::zone_name;
use crate::problem::Problem;

/// Nights that are shown, the newest first.
const NIGHTS: usize = 30;

#[derive(Deserialize)]
struct Consumption {
    days: Vec<ZoneDay>,
}

#[derive(Deserialize)]
struct ZoneDay {
    date: Date,
    zone: Zone,
    litres: Option<f64>,
}

#[derive(Deserialize)]
struct Nights {
    nights: Vec<Night>,
}

#[derive(Deserialize)]
struct Night {
    district: String,
    date: Date,
    flow: Option<Told<Flow>>,
    alarm: Option<Told<bool>>,
}

#[derive(Deserialize)]
struct Flow {
    flow: f64,
}

/// `/{lang}/water`
pub(crate) async fn sheet(visit: &Visit) -> Result<Sheet, Problem> {
    visit.params(&[])?;
    let (desk, words) = (visit.desk(), visit.lang.words());
    let glance = Glance::present(&visit.rooms).await;
    let consumption: Option<Consumption> = visit.part("water/consumption").await;
    let nights: Option<Nights> = visit.part("water/night").await;
    let losses = losses::section(visit).await;
    let leaks = if may(Right::Personal) {
        leaks::section(visit).await
    } else {
        html! {}
    };
    let title = words.meters.say(visit.lang, glance.meters.as_ref().map_or(0, Vec::len) as u64);
    let main = html! {
        (desk.opening(words.water, &title))
        div.two.first { (sections::water(&desk, &glance)) (night_flow(&desk, nights)) }
        (losses)
        (leaks)
        (by_day(&desk, consumption.as_ref()))
    };
    Ok(Sheet { often: super::visit::SELDOM, ..Sheet::plain(title, main) })
}

/// What people call a district: one that is called as a zone is by the zone's name in the reader's language.
fn district_name(desk: &Desk<'_>, name: &str) -> String {
    name.parse::<Zone>().map_or_else(|_| name.to_owned(), |zone| zone_name(desk.lang, &zone))
}

fn by_day(desk: &Desk<'_>, consumption: Option<&Consumption>) -> Markup {
    let words = &desk.lang.words().pages.water;
    let body = consumption.map(|consumption| {
        let dates: BTreeSet<Date> = consumption.days.iter().map(|day| day.date).collect();
        let mut zones: BTreeMap<&Zone, BTreeMap<Date, Option<f64>>> = BTreeMap::new();
        for day in &consumption.days {
            zones.entry(&day.zone).or_default().insert(day.date, day.litres);
        }
        if zones.is_empty() {
            return empty(desk.lang.words().nothing_yet);
        }
        html! { div.wide tabindex="0" role="group" aria-label=(words.by_day) { table.rows {
            caption.vh { (words.by_day) }
            thead { tr {
                th scope="col" { (desk.lang.words().zone) }
                @for date in &dates { th.n scope="col" { (desk.day(*date)) } }
            } }
            tbody { @for (zone, days) in zones { tr {
                th scope="row" { bdi { (zone_name(desk.lang, zone)) } }
                @for date in &dates { td.n { @match days.get(date).copied().flatten() {
                    Some(litres) => (desk.amount(litres / 1000.0, 2, "m³")),
                    None => small.quiet { (desk.lang.words().withheld) },
                } } }
            } } }
        } } }
    });
    html! { div.after { (panel(desk.lang, "by-day", words.by_day, &html! {}, body)) } }
}

fn night_flow(desk: &Desk<'_>, nights: Option<Nights>) -> Markup {
    let words = &desk.lang.words().pages.water;
    let body = nights.map(|Nights { mut nights }| {
        nights.sort_by(|a, b| b.date.cmp(&a.date).then(a.district.cmp(&b.district)));
        if nights.is_empty() {
            return empty(words.no_district);
        }
        html! { table.rows {
            caption.vh { (words.night) }
            thead { tr {
                th scope="col" { (words.district) }
                th.n scope="col" { (words.date) }
                th.n scope="col" { (words.flow) }
            } }
            tbody { @for night in nights.iter().take(NIGHTS) { tr {
                th scope="row" { bdi { (district_name(desk, &night.district)) } }
                td.n { (desk.day(night.date)) }
                td.n {
                    @match night.flow.as_ref().and_then(|flow| flow.value.as_ref()) {
                        Some(flow) => (desk.amount(flow.flow, 0, "l/h")),
                        None => small.quiet { (desk.lang.words().withheld) },
                    }
                    @if night.alarm.as_ref().and_then(|alarm| alarm.value) == Some(true) { " " span.bad { (words.far_above) } }
                }
            } } }
        } p.note.foot { (words.night_note) } }
    });
    panel(desk.lang, "night", words.night, &html! {}, body)
}
