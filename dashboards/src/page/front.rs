//! The front page: a sentence that answers, four figures, alerts and map, the four kinds, the city's
//! own kinds, the platform.

use std::collections::BTreeSet;

use maud::{Markup, html};
use schemas::{DeviceId, Kind};

use super::glance::{Glance, fill_class, own_kinds};
use super::parts::Desk;
use super::visit::{Sheet, Visit};
use super::{alerts, map, own, platform, sections};
use crate::house::City;
use crate::lang::Lang;
use crate::locator::{self, Mark, Shape};
use crate::numbers;
use crate::problem::Problem;

/// The sentence: bins that overflow, alerts that are open.
pub(crate) fn title(lang: Lang, glance: &Glance) -> String {
    let (words, firing) = (lang.words(), glance.firing().count() as u64);
    let full = glance.bins.iter().flatten().filter(|b| b.class() == Some(3)).count() as u64;
    let mut said = Vec::new();
    if glance.bins.is_some() {
        said.push(words.bins_full.say(lang, full));
    }
    if glance.alerts.is_some() {
        said.push(words.alerts_open.say(lang, firing));
    }
    if said.is_empty() { words.unreadable.to_owned() } else { said.join(&format!("{} ", lang.writing().comma)) }
}

/// `/{lang}/`
pub(crate) async fn sheet(visit: &Visit) -> Result<Sheet, Problem> {
    let glance = Glance::present(&visit.rooms).await;
    let main = page(visit.lang, &visit.house().city, &glance);
    Ok(Sheet::plain(title(visit.lang, &glance), main))
}

/// All of it.
fn page(lang: Lang, city: &City, glance: &Glance) -> Markup {
    let (words, desk) = (lang.words(), Desk::new(lang, city.zone(), glance.at));
    html! {
        (opening(&desk, glance))
        div.two.first {
            (alerts::alerts(&desk, glance))
            section #map data-panel aria-labelledby="map-title" {
                div.head { h2 #map-title { (words.map) } }
                (map(lang, glance))
            }
        }
        div.two { (sections::waste(&desk, glance)) (sections::air(&desk, glance)) }
        div.two { (sections::parking(&desk, glance)) (sections::water(&desk, glance)) }
        (own::own(&desk, glance))
        (platform::platform(&desk, glance))
    }
}

/// When, the sentence that answers, and a figure for each kind.
pub(crate) fn opening(desk: &Desk<'_>, glance: &Glance) -> Markup {
    let lang = desk.lang;
    html! { div.opening data-panel #opening {
        p.eyebrow {
            time datetime=(glance.at) {
                (numbers::date(lang, &desk.local)) (lang.writing().comma) " " bdi { (numbers::clock(&desk.local)) }
            }
        }
        h1 { (title(lang, glance)) }
        (figures(desk, glance))
    } }
}

/// One figure a kind.
fn figures(desk: &Desk<'_>, glance: &Glance) -> Markup {
    let words = desk.lang.words();
    let none = || html! { span.nil { (numbers::NONE) } };
    let full = glance.bins.as_ref().filter(|b| !b.is_empty()).map(|b| b.iter().filter(|b| b.class() == Some(3)).count() as u64);
    let worst = glance.stations.iter().flatten().find_map(|s| s.index.as_ref().map(|index| (s, index.level)));
    let lots = || glance.lots.iter().flatten();
    let (free, known) = (lots().map(|l| l.free).sum::<u64>(), lots().map(|l| l.free + l.taken).sum::<u64>());
    let to = |page: &str| format!("/{}/{page}", desk.lang.code());
    let used = glance.meters.as_deref().and_then(|m| super::glance::of_city(m, &glance.parameters.water.numbers.privacy).0);
    html! {
        ul.figures {
            li { a href=(to("waste")) { (words.waste) } b { @match full { Some(n) => (numbers::whole(desk.lang, n)), None => (none()) } } span { (words.bins_over) } }
            li { a href=(to("air")) { (words.air) } @match worst {
                Some((station, level)) => {
                    b { (sections::band(desk, level)) }
                    span { (words.worst_air) (desk.lang.writing().comma) " " bdi { (glance.name(desk.lang, &station.device)) } }
                }
                None => { b { (none()) } span { (words.worst_air) } }
            } }
            li { a href=(to("parking")) { (words.parking) } b { @if known > 0 { (numbers::whole(desk.lang, free)) } @else { (none()) } }
                span { (words.free_of) " " bdi { (numbers::whole(desk.lang, known)) } } }
            li { a href=(to("water")) { (words.water) }
                b { @match used { Some(sum) => { (desk.amount(sum, 1, "m³")) } None => { (none()) } } }
                span { (words.water_day) } }
        }
    }
}

fn map(lang: Lang, glance: &Glance) -> Markup {
    let words = lang.words();
    let alerted: BTreeSet<&DeviceId> = glance.firing().map(|a| &a.series.device).collect();
    let fills: std::collections::BTreeMap<&DeviceId, usize> =
        glance.bins.iter().flatten().filter_map(|b| b.fill.map(|f| (&b.reading.series.device, fill_class(f)))).collect();
    let mark = |view: &ports::DeviceView| {
        let device = &view.device;
        let shape = match device.kind {
            Kind::AIR => Shape::Air,
            Kind::PARKING => Shape::Parking,
            Kind::WATER => Shape::Water,
            Kind::WASTE => Shape::Bin(fills.get(&device.id).copied().unwrap_or(0)),
            _ => Shape::Own,
        };
        Some(Mark { place: device.place?, shape, alert: alerted.contains(&device.id) })
    };
    let marks: Vec<Mark> = glance.devices.values().filter_map(mark).collect();
    let built_in =
        [(Kind::WASTE, Shape::Bin(0)), (Kind::AIR, Shape::Air), (Kind::PARKING, Shape::Parking), (Kind::WATER, Shape::Water)];
    let kinds: Vec<(Kind, Shape)> = built_in.into_iter().chain(own_kinds().map(|kind| (kind, Shape::Own))).collect();
    let count = |kind| glance.devices.values().filter(|d| d.device.kind == kind).count() as u64;
    let counted: Vec<_> = kinds.iter().map(|(kind, _)| format!("{}: {}", lang.of(kind.label()), count(*kind))).collect();
    let counted = counted.join(", ");
    html! {
        @match locator::draw(lang, &marks, &format!("{}. {counted}", words.map_note)) {
            Some(svg) => (svg),
            None => (super::parts::empty(words.nothing_yet)),
        }
        ul.key {
            @for (kind, shape) in &kinds { li { (sample(*shape)) (lang.of(kind.label())) " " b { (numbers::whole(lang, count(*kind))) } } }
            li { svg.km viewBox="-10 -10 20 20" aria-hidden="true" { circle.ring r="8" {} } (words.with_alert) }
        }
        p.note.foot { (map::source(lang)) }
    }
}

fn sample(shape: Shape) -> Markup {
    let mut path = String::new();
    shape.draw(&mut path, 0.0, 0.0);
    html! { svg.km viewBox="-10 -10 20 20" aria-hidden="true" { path class=(format!("mk {}", shape.class())) d=(path) {} } }
}
