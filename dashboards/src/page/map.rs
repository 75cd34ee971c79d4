//! A map that moves: its frame. What is on it stands in the lists beside it, or, where there are thousands, in an answer of the API.

use maud::{Markup, html};
use schemas::{Kind, Place, Quantity};
use serde_json::json;

use super::parts::Desk;
use crate::assets::ground;
use crate::atlas::Atlas;
use crate::lang::Lang;
use crate::numbers;

/// The frame. Without script the list beside it says the same.
pub(crate) fn map(desk: &Desk<'_>) -> Markup {
    framed(desk, None)
}

/// How a device looks on a map of many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// A bin: it is filled as high as the bin is.
    Gauge,
    /// A bay: full where it is taken.
    Bay,
    /// A dot in one of four steps.
    Dot,
}

/// Many devices on one map.
pub(crate) struct Field {
    pub(crate) kind: Kind,
    pub(crate) sign: Sign,
    /// Where the script asks for them.
    pub(crate) source: String,
    /// What stands before the id in the address of one's page.
    pub(crate) page: String,
    pub(crate) quantity: Quantity,
    pub(crate) colour: Colour,
}

/// What the colour of a sign tells.
pub(crate) enum Colour {
    /// The value, by steps: where a step ends and the next begins, and what each is called, where a number does not say it.
    Steps { edges: [f64; 3], names: Option<&'static [&'static str]> },
    /// How soon something has to be done, which is asked for where it is told: how the answer says each grade, and what people
    /// call it.
    Urgency { source: String, grades: [&'static str; 4], names: [&'static str; 4], note: &'static str },
}

/// The frame of a map of many devices, and what its signs mean.
pub(crate) fn field(desk: &Desk<'_>, field: &Field) -> Markup {
    html! { (framed(desk, Some(field))) (key(desk, field)) }
}

fn framed(desk: &Desk<'_>, field: Option<&Field>) -> Markup {
    let (words, texts, atlas) = (desk.lang.words(), &desk.lang.words().pages.maps, Atlas::current());
    let said = field.map(|field| {
        let (edges, names, urgency) = match &field.colour {
            Colour::Steps { edges, names } => (&edges[..], *names, None),
            Colour::Urgency { source, grades, names, .. } => {
                (&[][..], Some(&names[..]), Some(json!({ "source": source, "grades": grades })))
            }
        };
        json!({ "source": field.source, "kind": field.kind.name(), "page": field.page, "quantity": field.quantity.name(), "edges": edges,
            "sign": match field.sign { Sign::Gauge => "gauge", Sign::Bay => "bay", Sign::Dot => "dot" }, "urgency": urgency,
            "unit": numbers::unit(field.quantity.unit()), "places": numbers::decimals(field.quantity),
            "steps": names, "none": words.no_data, "failed": words.unreadable })
    });
    html! {
        div {
            div.map data-map data-ground=(ground()) data-tiles=[atlas.tiles.as_ref().map(|tiles| &tiles.url)] data-box=(atlas.shown()) data-zone=(desk.lang.writing().zone_key()) data-in=(words.pages.common.zoom_in) data-out=(words.pages.common.zoom_out)
                data-field=[said] role="region" aria-label=(words.map) {}
            @if field.is_some() { p.note.foot { (texts.touch) } }
            p.note.foot { (source(desk.lang)) @if let Some(tiles) = &atlas.tiles { " · " bdi { (tiles.source) } } }
        }
    }
}

/// Whose the outlines are.
pub(crate) fn source(lang: Lang) -> Markup {
    html! { @match &Atlas::current().source { None => (lang.words().outlines), Some(whose) => bdi { (whose) } } }
}

/// What each step is called: its word, or from where to where it goes.
fn steps(desk: &Desk<'_>, field: &Field) -> Vec<String> {
    let edges = match &field.colour {
        Colour::Steps { names: Some(names), .. } => return names.iter().map(ToString::to_string).collect(),
        Colour::Urgency { names, .. } => return names.map(str::to_owned).to_vec(),
        Colour::Steps { edges, names: None } => edges,
    };
    let (unit, texts) = (numbers::unit(field.quantity.unit()), &desk.lang.words().pages.maps);
    let number = |value: &f64| format!("{}\u{a0}{unit}", numbers::decimal(desk.lang, *value, numbers::decimals(field.quantity)));
    let first = edges.first().map(|edge| format!("{} {}", texts.below, number(edge)));
    first.into_iter().chain(edges.iter().map(|edge| format!("{} {}", texts.from, number(edge)))).collect()
}

fn key(desk: &Desk<'_>, field: &Field) -> Markup {
    html! {
        ul.key {
            @for (place, name) in steps(desk, field).iter().enumerate() { li { (sample(field.sign, Some(place))) bdi { (name) } } }
            li { (sample(field.sign, None)) bdi { (desk.lang.words().no_data) } }
        }
        @if let Colour::Urgency { note, .. } = &field.colour { p.note.foot { (note) } }
    }
}

/// A sign of a step, or of a device that says nothing.
fn sample(sign: Sign, step: Option<usize>) -> Markup {
    html! { svg.kg viewBox="0 0 12 18" aria-hidden="true" { @match (sign, step) {
        (Sign::Gauge, None) => rect.silent x="0.5" y="0.5" width="11" height="17" rx="1.5" {},
        (Sign::Gauge, Some(step)) => {
            rect.bin x="0.5" y="0.5" width="11" height="17" rx="1.5" {}
            rect class=(format!("u{step}")) x="1.5" y="6.5" width="9" height="10" {}
        }
        (_, None) => rect.silent x="1" y="4" width="10" height="10" rx="2" {},
        (Sign::Bay, Some(step)) => rect class=(if step > 0 { "bay taken" } else { "bay" }) x="1" y="4" width="10" height="10" rx="2" {},
        (Sign::Dot, Some(step)) => circle class=(format!("d{step}")) cx="6" cy="9" r="5" {},
    } } }
}

/// Something on the map, as attributes of the row that lists it.
pub(crate) struct Mark {
    pub(crate) place: Place,
    /// Classes of its sign.
    pub(crate) look: String,
    /// In the sign.
    pub(crate) text: String,
    /// Below the sign.
    pub(crate) name: String,
    /// Read aloud.
    pub(crate) label: String,
    pub(crate) href: String,
}

/// An empty element that puts a mark on the map.
pub(crate) fn mark(id: &str, mark: &Mark) -> Markup {
    html! { i hidden data-id=(id) data-lat=(mark.place.lat()) data-lon=(mark.place.lon()) data-look=(mark.look) data-text=(mark.text)
    data-name=(mark.name) data-label=(mark.label) data-href=(mark.href) {} }
}
