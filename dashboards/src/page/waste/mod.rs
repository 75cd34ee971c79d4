//! Waste: the round of a contractor, to be driven with a phone, and one bin.

mod bin;
mod round;

use maud::{Markup, html};

use schemas::{Kind, Quantity};

use super::glance::Glance;
use super::map::{Colour, Field, Sign, field};
use super::parts::{Desk, panel};
use super::sections;
use super::shell::Scripts;
use super::visit::{Sheet, Visit};
use crate::access::{Right, may};
use crate::api::Urgency;
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
            colour: colour(&desk),
        })) }
        div.after { (sections::waste(&desk, &glance)) }
    };
    Sheet { scripts: Scripts::MAP, ..Sheet::plain(title, main) }
}

/// How soon bins have to be emptied, for whoever may know; how full they are, for others.
fn colour(desk: &Desk<'_>) -> Colour {
    let words = desk.lang.words();
    if !may(Right::Waste) {
        return Colour::Steps { edges: [50.0, 75.0, 90.0], names: Some(&words.fill_classes) };
    }
    Colour::Urgency {
        source: "/api/v1/waste/urgency".to_owned(),
        grades: Urgency::ALL.map(Urgency::code),
        names: words.pages.waste.grades,
        note: words.pages.waste.grades_note,
    }
}

/// Who collects today.
fn contractors(visit: &Visit) -> Vec<String> {
    let house = visit.house();
    let date = house.city.time().date(visit.now());
    house.parameters.territories.contractors(date).into_iter().map(ToOwned::to_owned).collect()
}

/// How soon a bin has to be emptied, with its sign.
fn grade(desk: &Desk<'_>, urgency: Urgency) -> Markup {
    let word = desk.lang.words().pages.waste.grades.get(class(urgency)).copied().unwrap_or_default();
    html! { span.grade { i class=(format!("v{}", class(urgency))) aria-hidden="true" {} (word) } }
}

/// A bin's class: 3 of one that cannot wait.
fn class(urgency: Urgency) -> usize {
    Urgency::ALL.iter().position(|grade| *grade == urgency).unwrap_or(0)
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
