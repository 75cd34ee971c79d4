//! Waste: the round of a contractor, to be driven with a phone, and one bin.

mod bin;
mod round;

use maud::{Markup, html};

use schemas::{Kind, Quantity};

use super::glance::Glance;
use super::map::{Field, Sign, field};
use super::parts::{Desk, panel};
use super::sections;
use super::shell::Scripts;
use super::visit::{Sheet, Visit};
use crate::access::{Right, may};
use crate::problem::Problem;

pub(crate) use bin::bin;

/// `/{lang}/waste?contractor=&hours=&zone=`
pub(crate) async fn sheet(visit: &Visit) -> Result<Sheet, Problem> {
    let params = visit.params(&["contractor", "hours", "zone"])?;
    match params.one("contractor")? {
        Some(contractor) => round::round(visit, &params, contractor).await,
        None => Ok(all(visit).await),
    }
}

/// All bins, and whose round it may be.
async fn all(visit: &Visit) -> Sheet {
    let (desk, words) = (visit.desk(), visit.lang.words());
    let glance = Glance::present(&visit.rooms).await;
    let full = glance.bins.iter().flatten().filter(|b| b.class() == Some(3)).count() as u64;
    let title = words.bins_full.say(visit.lang, full);
    let body = html! { ul.links { @for contractor in contractors(visit) {
        li { a href=(desk.to(&format!("waste?contractor={}", super::desk::encoded(&contractor)))) { bdi { (contractor) } } }
    } } };
    let main = html! {
        (desk.opening(words.waste, &title))
        div.after { (panel(visit.lang, "rounds", words.pages.waste.whose, &html! {}, Some(body))) }
        @if may(Right::Waste) { p.links { a href=(desk.to("indicators")) { (super::indicators::title(&desk)) } } }
        div.after { (field(&desk, &Field {
            kind: Kind::WASTE,
            sign: Sign::Gauge,
            source: "/api/v1/places?kind=waste".to_owned(),
            page: desk.to("waste/"),
            quantity: Quantity::WASTE_FILL,
            edges: [50.0, 75.0, 90.0],
            steps: Some(&words.fill_classes),
        })) }
        div.after { (sections::waste(&desk, &glance)) }
    };
    Sheet { scripts: Scripts::MAP, ..Sheet::plain(title, main) }
}

/// Who collects today.
fn contractors(visit: &Visit) -> Vec<String> {
    let house = visit.house();
    let date = house.city.time().date(visit.now());
    house.parameters.territories.contractors(date).into_iter().map(ToOwned::to_owned).collect()
}

/// A bin's class by when it is expected to be full: 3 now, 2 within 12 hours, 1 within 36.
fn urgency(desk: &Desk<'_>, fill: f64, due: Option<schemas::Timestamp>) -> usize {
    let hours = due.map(|at| at.since(desk.now).as_secs_f64() / 3_600.0).filter(|_| due.is_some_and(|at| at > desk.now));
    match (fill >= 90.0 || due.is_some_and(|at| at <= desk.now), hours) {
        (true, _) => 3,
        (false, Some(hours)) if hours <= 12.0 => 2,
        (false, Some(hours)) if hours <= 36.0 => 1,
        (false, _) => 0,
    }
}

/// When a bin is expected to be full: as likely earlier as later, and the cautious time.
fn due(desk: &Desk<'_>, full: bool, p50: Option<schemas::Timestamp>, p90: Option<schemas::Timestamp>) -> Markup {
    let words = &desk.lang.words().pages.waste;
    let ahead = |at: schemas::Timestamp| crate::numbers::span(desk.lang, at.since(desk.now));
    html! { @match p50.filter(|_| !full) {
        None if full => (words.full_now),
        None => (words.no_forecast),
        Some(at) if at <= desk.now => (words.full_now),
        Some(at) => {
            (words.full_in) " " b { (ahead(at)) } " (" (desk.time(at)) ")"
            @if let Some(early) = p90.filter(|early| *early != at) { ", " (words.cautious) " " (desk.time(early)) }
        }
    } }
}
