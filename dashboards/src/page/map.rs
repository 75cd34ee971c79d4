//! A map that moves: its frame. What is on it stands in the lists beside it.

use maud::{Markup, html};
use schemas::Place;

use super::parts::Desk;
use crate::assets::address;

/// The frame. Without script the list beside it says the same.
pub(crate) fn map(desk: &Desk<'_>) -> Markup {
    let words = desk.lang.words();
    html! {
        div {
            div.map data-map data-ground=(address("map/casablanca.json")) data-in=(words.pages.common.zoom_in) data-out=(words.pages.common.zoom_out)
                role="region" aria-label=(words.map) {}
            p.note.foot { (words.outlines) }
        }
    }
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
