//! The pollution rose: how often the wind comes from each of sixteen sectors, coloured by the bands of what it brings. North is up
//! and east is right in every language.

use std::f64::consts::TAU;
use std::fmt::Write;

use maud::{Markup, PreEscaped, html};
use serde::Deserialize;

use super::calendar::bands;
use super::formula;
use super::profile::Usual;
use super::station::Asked;
use crate::numbers;
use crate::page::parts::{Desk, empty, panel};

/// Middle of the drawing, and length of the longest petal.
const MIDDLE: f64 = 160.0;
const RADIUS: f64 = 118.0;
/// A petal's part of its sector.
const PETAL: f64 = 0.84;
/// The sectors that have their name at the rim: north, east, south, west.
const NAMED: [(usize, f64); 4] = [(0, 0.0), (4, 4.0), (8, 8.0), (12, 12.0)];

/// What the wind brought.
#[derive(Deserialize)]
pub(super) struct Rose {
    wind: bool,
    hours: u64,
    calm: Usual,
    sectors: Vec<Sector>,
}

#[derive(Deserialize)]
struct Sector {
    #[serde(flatten)]
    usual: Usual,
    /// None where the index does not know the pollutant.
    bands: Option<Vec<u64>>,
}

/// The section; none where the answer could not be had.
pub(super) fn section(desk: &Desk<'_>, asked: &Asked<'_>, rose: Option<&Rose>) -> Markup {
    let words = &desk.lang.words().pages.air;
    let body = rose.map(|rose| match (rose.wind, rose.hours) {
        (false, _) => empty(words.no_wind),
        (true, 0) => empty(words.no_pattern),
        (true, _) => html! {
            (drawing(desk, rose))
            @if rose.sectors.iter().any(|sector| sector.bands.is_some()) { ul.key { (bands(desk)) } }
            (table(desk, rose))
        },
    });
    let note = html! { (formula(desk, &asked.pollutant)) " · " (words.by_origin) " · " (words.of_ninety_days) };
    panel(desk.lang, "rose", words.rose, &note, body)
}

#[expect(clippy::cast_precision_loss, reason = "hours of a season")]
fn share(hours: u64, rose: &Rose) -> f64 {
    hours as f64 / rose.hours.max(1) as f64
}

fn drawing(desk: &Desk<'_>, rose: &Rose) -> Markup {
    let words = &desk.lang.words().pages.air;
    let longest = rose.sectors.iter().map(|sector| share(sector.usual.hours, rose)).fold(0.0, f64::max).max(1e-9);
    let length = |hours: u64| share(hours, rose) / longest * RADIUS;
    let mut out = String::new();
    for part in [0.5, 1.0] {
        let percent = numbers::decimal(desk.lang, longest * part * 100.0, 0);
        let radius = RADIUS * part;
        // Writing to a String cannot fail. The numbers stand between two sectors, where they hide the least.
        let _ = write!(out, r#"<circle class="grid" cx="{MIDDLE}" cy="{MIDDLE}" r="{radius:.1}"/>"#);
        let (x, y) = point(radius, 2.5);
        let _ = write!(out, r#"<text class="ring" x="{x:.1}" y="{y:.1}">{percent}&#xa0;%</text>"#);
    }
    for (place, sector) in (0_u8..).map(f64::from).zip(&rose.sectors) {
        let whole = [sector.usual.hours];
        let (parts, graded) = sector.bands.as_deref().map_or((&whole[..], false), |bands| (bands, true));
        let mut before = 0;
        for (level, hours) in (1..).zip(parts).filter(|(_, hours)| **hours > 0) {
            let class = if graded { format!("q{level}") } else { "s2".to_owned() };
            let _ = write!(out, r#"<path class="petal {class}" d="{}"/>"#, petal(place, length(before), length(before + hours)));
            before += hours;
        }
    }
    for (sector, angle) in NAMED {
        let name = words.points.get(sector).copied().unwrap_or_default();
        let (x, y) = point(RADIUS + 20.0, angle);
        let _ = write!(out, r#"<text x="{x:.1}" y="{:.1}" text-anchor="middle">{name}</text>"#, y + 4.0);
    }
    let most = rose.sectors.iter().zip(words.points).max_by_key(|(sector, _)| sector.usual.hours);
    let told = most.map_or_else(String::new, |(sector, name)| {
        format!("{} {name}: {} %", words.wind_from, numbers::decimal(desk.lang, share(sector.usual.hours, rose) * 100.0, 0))
    });
    html! { svg.rose viewBox="0 0 320 320" role="img" aria-label=(format!("{}. {told}", words.rose)) { (PreEscaped(out)) } }
}

/// A point at a distance from the middle; `sector` 0 is north, 4 east.
fn point(radius: f64, sector: f64) -> (f64, f64) {
    let (sin, cos) = (sector / 16.0 * TAU).sin_cos();
    (MIDDLE + radius * sin, MIDDLE - radius * cos)
}

/// The part of a sector's petal between two distances.
fn petal(sector: f64, inner: f64, outer: f64) -> String {
    let (first, last) = (sector - PETAL / 2.0, sector + PETAL / 2.0);
    let [(ax, ay), (bx, by), (cx, cy), (dx, dy)] =
        [point(inner, first), point(outer, first), point(outer, last), point(inner, last)];
    format!(
        "M{ax:.1} {ay:.1}L{bx:.1} {by:.1}A{outer:.1} {outer:.1} 0 0 1 {cx:.1} {cy:.1}L{dx:.1} {dy:.1}A{inner:.1} {inner:.1} 0 0 0 {ax:.1} {ay:.1}Z"
    )
}

fn table(desk: &Desk<'_>, rose: &Rose) -> Markup {
    let words = &desk.lang.words().pages.air;
    let rows = words.points.into_iter().zip(rose.sectors.iter().map(|sector| &sector.usual)).chain([(words.calm, &rose.calm)]);
    html! { details.keys {
        summary { (words.as_table) }
        table.rows {
            caption.vh { (words.rose) }
            thead { tr {
                th scope="col" { (words.wind_from) }
                th.n scope="col" { (words.hours) }
                th.n scope="col" { (words.mean) }
            } }
            tbody { @for (name, usual) in rows { tr {
                th scope="row" { (name) }
                td.n { (numbers::whole(desk.lang, usual.hours)) " " small.quiet { bdi dir="ltr" { (numbers::decimal(desk.lang, share(usual.hours, rose) * 100.0, 0)) "\u{a0}%" } } }
                td.n { @match usual.mean { Some(mean) => (desk.amount(mean, 1, "µg/m³")), None => small.quiet { (words.too_few) } } }
            } } }
        }
    } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn north_is_up_and_east_is_right() {
        let rounded = |(x, y): (f64, f64)| (x.round(), y.round());
        assert_eq!((rounded(point(100.0, 0.0)), rounded(point(100.0, 4.0))), ((160.0, 60.0), (260.0, 160.0)));
        let north = petal(0.0, 0.0, 100.0);
        assert!(north.starts_with("M160.0 160.0L") && !north.contains("NaN"), "{north}");
    }
}
