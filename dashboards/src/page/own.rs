//! A city's own kinds: a table of the last value of each series.

use maud::{Markup, html};
use schemas::{Kind, Reading};

use super::glance::{Glance, believed};
use super::parts::{Desk, empty, panel};

/// Rows of a kind's table.
const ROWS: usize = 24;

/// One panel for each kind that the city has added; nothing where there is none.
pub(crate) fn own(desk: &Desk<'_>, glance: &Glance) -> Markup {
    html! {
        @for pair in glance.own.chunks(2) {
            div.two { @for (kind, last) in pair { (kind_panel(desk, glance, *kind, last.as_deref())) } }
        }
    }
}

fn kind_panel(desk: &Desk<'_>, glance: &Glance, kind: Kind, last: Option<&[Reading]>) -> Markup {
    let words = desk.lang.words();
    let body = last.map(|readings| {
        if readings.is_empty() {
            return empty(words.nothing_yet);
        }
        html! { table.rows {
            caption.vh { (desk.lang.of(kind.label())) }
            thead { tr {
                th scope="col" { (words.device) }
                th scope="col" { (words.quantity) }
                th.n scope="col" { (words.value) }
                th.n.late scope="col" { (words.measured) }
            } }
            tbody { @for reading in readings.iter().take(ROWS) { (row(desk, glance, reading)) } }
        } }
    });
    let way = html! { a href=(desk.to(&format!("kinds/{kind}"))) { (words.map) } };
    panel(desk.lang, &format!("kind-{kind}"), desk.lang.of(kind.label()), &way, body)
}

fn row(desk: &Desk<'_>, glance: &Glance, reading: &Reading) -> Markup {
    let series = &reading.series;
    html! { tr {
        th scope="row" { (desk.device_link(&series.device, &glance.name(desk.lang, &series.device))) }
        td { (desk.lang.of(&series.quantity.row().label)) @if series.channel > 0 { " " small { bdi { "#" (series.channel) } } } }
        td.n { @if believed(reading) { (desk.live(reading)) } @else { (desk.none()) } }
        td.n.late { (desk.time(reading.observed_at)) }
    } }
}
