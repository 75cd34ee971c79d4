//! A kind of the city's own: its devices on a map and in a list, made from the vocabulary alone.
//!
//! Deliberately absent: any word about what is measured. Labels, units and decimals are those that the city gave; the past of a
//! device is on its own page.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use schemas::{DeviceId, Kind, Quantity, Reading, Timestamp, Zone};

use super::glance::{Glance, believed, own_kinds};
use super::map::{Colour, Field, Sign, field};
use super::parts::{Desk, empty, panel};
use super::shell::Scripts;
use super::visit::{Sheet, Visit};
use crate::atlas::zone_name;
use crate::numbers;
use crate::problem::Problem;

/// Devices of one page.
const ROWS: usize = 200;
/// Quantities that have a column each.
const COLUMNS: usize = 6;

/// How quantities begin that tell of the device and not of what it watches.
const OF_ITSELF: [&str; 3] = ["battery.", "radio.", "device."];

/// What a device said last, of each quantity.
struct Row<'g> {
    zone: &'g Zone,
    heard: Timestamp,
    last: BTreeMap<Quantity, &'g Reading>,
}

/// `/{lang}/kinds/{kind}?quantity=`
pub(crate) async fn sheet(visit: &Visit) -> Result<Sheet, Problem> {
    let params = visit.params(&["quantity"])?;
    let kind: Kind = visit.named()?;
    if !own_kinds().any(|own| own == kind) {
        return Err(Problem::absent(format!("`{kind}` is not a kind that this city has added")));
    }
    let glance = Glance::present(&visit.rooms).await;
    let (desk, texts) = (visit.desk(), &visit.lang.words().pages.kinds);
    let last = glance.own.iter().find(|(own, _)| *own == kind).and_then(|(_, last)| last.as_deref());
    let rows = rows(last.unwrap_or_default());
    let measured: BTreeSet<Quantity> = rows.values().flat_map(|row| row.last.keys().copied()).collect();
    let asked: Option<Quantity> = params.parsed("quantity", "the name of a quantity")?;
    let chosen = asked.or_else(|| usual(&rows));
    let title = texts.devices.say(visit.lang, rows.len() as u64);
    let label = visit.lang.of(kind.label());
    let main = html! {
        (desk.opening(label, &title))
        (choice(&desk, kind, &measured, chosen))
        @if let Some(quantity) = chosen { div.after { (map(&desk, kind, quantity, &rows)) } }
        div.after { (panel(visit.lang, "kind", label, &html! {}, last.map(|_| table(&desk, &glance, &rows, &measured)))) }
        p.links {
            a href=(desk.to(&format!("devices?kind={kind}"))) { (visit.lang.words().pages.devices.title) }
            a href=(desk.to(&format!("alerts?kind={kind}"))) { (visit.lang.words().pages.nav.alerts) }
            a download href=(format!("/api/v1/latest?format=csv&kind={kind}")) { (visit.lang.words().pages.common.csv) }
        }
    };
    Ok(Sheet { scripts: if chosen.is_some() { Scripts::MAP } else { Scripts::NONE }, ..Sheet::plain(label, main) })
}

/// By device; of each quantity the first channel.
fn rows(last: &[Reading]) -> BTreeMap<&DeviceId, Row<'_>> {
    let mut rows: BTreeMap<&DeviceId, Row<'_>> = BTreeMap::new();
    for reading in last {
        let new = || Row { zone: &reading.zone, heard: reading.observed_at, last: BTreeMap::new() };
        let row = rows.entry(&reading.series.device).or_insert_with(new);
        row.heard = row.heard.max(reading.observed_at);
        row.last.entry(reading.series.quantity).or_insert(reading);
    }
    rows
}

/// What the map shows where nobody asks: what the city added itself and most of the devices measure, rather than their batteries.
fn usual(rows: &BTreeMap<&DeviceId, Row<'_>>) -> Option<Quantity> {
    let mut counts: BTreeMap<Quantity, usize> = BTreeMap::new();
    for quantity in rows.values().flat_map(|row| row.last.keys()) {
        *counts.entry(*quantity).or_default() += 1;
    }
    let least = counts.values().max()? / 2;
    // In the order in which the city wrote them.
    let own = |quantity: &&Quantity| !OF_ITSELF.iter().any(|word| quantity.name().starts_with(word));
    let often: Vec<Quantity> = counts.into_iter().filter(|(_, count)| *count > least).map(|(quantity, _)| quantity).collect();
    often.iter().find(own).or_else(|| often.first()).copied()
}

fn choice(desk: &Desk<'_>, kind: Kind, measured: &BTreeSet<Quantity>, chosen: Option<Quantity>) -> Markup {
    html! { @if measured.len() > 1 { nav.tabs aria-label=(desk.lang.words().quantity) { @for quantity in measured {
        a href=(desk.to(&format!("kinds/{kind}?quantity={quantity}"))) aria-current=[(Some(*quantity) == chosen).then_some("true")] {
            (desk.lang.of(&quantity.row().label))
        }
    } } } }
}

fn map(desk: &Desk<'_>, kind: Kind, quantity: Quantity, rows: &BTreeMap<&DeviceId, Row<'_>>) -> Markup {
    field(
        desk,
        &Field {
            kind,
            sign: Sign::Dot,
            source: format!("/api/v1/places?kind={kind}&quantity={quantity}"),
            page: desk.to("devices/"),
            quantity,
            colour: Colour::Steps { edges: quarters(rows, quantity), names: None },
        },
    )
}

/// Where a quarter of the devices ends and the next begins.
fn quarters(rows: &BTreeMap<&DeviceId, Row<'_>>, quantity: Quantity) -> [f64; 3] {
    let of = rows.values().filter_map(|row| row.last.get(&quantity));
    let mut values: Vec<f64> = of.filter(|reading| believed(reading)).map(|reading| reading.value).collect();
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values.get(values.len() * quarter / 4).copied().unwrap_or_default())
}

fn table(desk: &Desk<'_>, glance: &Glance, rows: &BTreeMap<&DeviceId, Row<'_>>, measured: &BTreeSet<Quantity>) -> Markup {
    let (lang, words) = (desk.lang, desk.lang.words());
    if rows.is_empty() {
        return empty(words.nothing_yet);
    }
    let columns: Vec<Quantity> = measured.iter().copied().take(COLUMNS).collect();
    html! {
        div.wide tabindex="0" role="group" aria-label=(words.device) { table.rows {
            caption.vh { (words.device) }
            thead { tr {
                th scope="col" { (words.device) }
                th scope="col" { (words.zone) }
                @for quantity in &columns { th.n scope="col" { (lang.of(&quantity.row().label)) } }
                th.n scope="col" { (words.measured) }
            } }
            tbody { @for (id, row) in rows.iter().take(ROWS) { tr {
                th scope="row" { (desk.device_link(id, &glance.name(lang, id))) }
                td { bdi { (zone_name(lang, row.zone)) } }
                @for quantity in &columns { td.n { @match row.last.get(quantity).filter(|reading| believed(reading)) {
                    Some(reading) => a.plainly href=(desk.to(&format!("devices/{id}?quantity={quantity}"))) { (desk.live(reading)) },
                    None => (desk.none()),
                } } }
                td.n { (desk.time(row.heard)) }
            } } }
        } }
        @if rows.len() > ROWS { p.note.foot { (numbers::whole(lang, ROWS as u64)) " " (words.of) " " (numbers::whole(lang, rows.len() as u64)) } }
    }
}
