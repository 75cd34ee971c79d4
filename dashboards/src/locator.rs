//! The locator: a nautical chart of the city with its devices, drawn by the server. For devices beyond the outlines there is no map.

use std::fmt::Write;
use std::sync::LazyLock;

use maud::{Markup, PreEscaped, html};
use schemas::Place;

use crate::atlas::{Atlas, Outlines, Point, ZoneOutline};
use crate::lang::Lang;

/// How wide any city is drawn, units of the drawing.
const WIDTH: f64 = 614.0;
const FRAME: f64 = 12.0;

/// The ground is the same for everybody: drawn once.
static GROUND: LazyLock<String> = LazyLock::new(|| ground(&Atlas::current().outlines));

impl Outlines {
    fn cosine(&self) -> f64 {
        f64::midpoint(self.bounds[1], self.bounds[3]).to_radians().cos()
    }

    fn size(&self) -> (f64, f64) {
        let [west, south, east, north] = self.bounds;
        ((east - west) * self.cosine() * self.scale(), (north - south) * self.scale())
    }

    /// Degrees to units of the drawing, south to north; east to west is shorter by the latitude's cosine.
    fn scale(&self) -> f64 {
        WIDTH / ((self.bounds[2] - self.bounds[0]) * self.cosine())
    }

    fn point(&self, lon: f64, lat: f64) -> (f64, f64) {
        ((lon - self.bounds[0]) * self.cosine() * self.scale(), (self.bounds[3] - lat) * self.scale())
    }

    fn path(&self, points: &[Point]) -> String {
        let mut path = String::new();
        for (i, [lon, lat]) in points.iter().enumerate() {
            let (x, y) = self.point(*lon, *lat);
            // Writing to a String cannot fail.
            let _ = write!(path, "{}{x:.0} {y:.0}", if i == 0 { "M" } else { "L" });
        }
        path
    }
}

fn ground(o: &Outlines) -> String {
    let (land, coast) = (o.path(&o.land), o.path(&o.coast));
    let mut out = String::new();
    // Three waterlines under the land. Writing to a String cannot fail.
    for (class, width) in [("w0", 30), ("w1", 18), ("w2", 8)] {
        let _ = write!(out, r#"<path class="{class}" stroke-width="{width}" d="{coast}"/>"#);
    }
    let _ = write!(out, r#"<path class="land" d="{land}Z"/>"#);
    for zone in &o.zones {
        let class = if zone.inner { "zn in" } else { "zn" };
        let rings: String = zone.rings.iter().map(|ring| o.path(ring) + "Z").collect();
        let _ = write!(out, r#"<path class="{class}" d="{rings}"/>"#);
    }
    for line in &o.lines {
        let _ = write!(out, r#"<path class="zn" d="{}"/>"#, o.path(line));
    }
    let _ = write!(out, r#"<path class="coast" d="{coast}"/>"#);
    out
}

/// A device on the map.
pub(crate) struct Mark {
    pub(crate) place: Place,
    pub(crate) shape: Shape,
    pub(crate) alert: bool,
}

/// Shape and colour of a mark. A bin carries its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Shape {
    /// A triangle, of any kind that the city has added.
    Own,
    /// A small square.
    Parking,
    /// A diamond.
    Water,
    /// An upright box.
    Bin(usize),
    /// A disc.
    Air,
}

impl Shape {
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Shape::Own => "mo",
            Shape::Parking => "mp",
            Shape::Water => "mw",
            Shape::Air => "ma",
            Shape::Bin(0) => "mb u0",
            Shape::Bin(1) => "mb u1",
            Shape::Bin(2) => "mb u2",
            Shape::Bin(_) => "mb u3",
        }
    }

    /// Its outline around a point, as part of a path.
    pub(crate) fn draw(self, out: &mut String, x: f64, y: f64) {
        // Writing to a String cannot fail.
        let _ = match self {
            Shape::Own => write!(out, "M{x:.1} {:.1}l4 7h-8z", y - 4.0),
            Shape::Parking => write!(out, "M{:.1} {:.1}h5v5h-5z", x - 2.5, y - 2.5),
            Shape::Water => write!(out, "M{x:.1} {:.1}l4 4l-4 4l-4-4z", y - 4.0),
            Shape::Bin(_) => write!(out, "M{:.1} {:.1}h5v7h-5z", x - 2.5, y - 3.5),
            Shape::Air => write!(out, "M{:.1} {y:.1}a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0z", x - 5.5),
        };
    }
}

/// The map with its marks; none if no mark lies on it.
pub(crate) fn draw(lang: Lang, marks: &[Mark], label: &str) -> Option<Markup> {
    let o = &Atlas::current().outlines;
    let (width, height) = o.size();
    let on_map = |mark: &&Mark| {
        let (x, y) = o.point(mark.place.lon(), mark.place.lat());
        (0.0..=width).contains(&x) && (0.0..=height).contains(&y)
    };
    let mut shown: Vec<&Mark> = marks.iter().filter(on_map).collect();
    if shown.is_empty() {
        return None;
    }
    // One path a class keeps the page small; the gravest are drawn last.
    shown.sort_by_key(|m| m.shape);
    let mut layers = String::new();
    for group in shown.chunk_by(|a, b| a.shape == b.shape) {
        let mut path = String::new();
        for mark in group {
            let (x, y) = o.point(mark.place.lon(), mark.place.lat());
            mark.shape.draw(&mut path, x, y);
        }
        if let Some(first) = group.first() {
            let _ = write!(layers, r#"<path class="mk {}" d="{path}"/>"#, first.shape.class());
        }
    }
    for mark in shown.iter().filter(|m| m.alert) {
        let (x, y) = o.point(mark.place.lon(), mark.place.lat());
        let _ = write!(layers, r#"<circle class="ring" cx="{x:.1}" cy="{y:.1}" r="9"/>"#);
    }
    let (sea_x, sea_y) = (width * 0.30, height * 0.24);
    Some(html! {
        svg.locator viewBox=(format!("{0} {0} {1:.0} {2:.0}", -FRAME, width + 2.0 * FRAME, height + 2.0 * FRAME)) role="img" aria-label=(label) {
            clipPath id="chart" { rect x="0" y="0" width=(format!("{width:.0}")) height=(format!("{height:.0}")) {} }
            g clip-path="url(#chart)" {
                rect.sea x="0" y="0" width=(format!("{width:.0}")) height=(format!("{height:.0}")) {}
                (PreEscaped(&*GROUND))
                @if o.shipped { text.ocean x=(format!("{sea_x:.0}")) y=(format!("{sea_y:.0}")) text-anchor="middle"
                    transform=(format!("rotate(-24 {sea_x:.0} {sea_y:.0})")) { (lang.words().ocean) } }
                (names(o, lang, &shown))
                (PreEscaped(layers))
            }
            (border(o, lang, width, height))
        }
    })
}

/// Names of the larger zones of the city. A name yields to marks that it would cross.
fn names(o: &Outlines, lang: Lang, marks: &[&Mark]) -> Markup {
    let room = |zone: &&ZoneOutline| {
        let xs = || zone.rings.iter().take(1).flatten().map(|p| p[0]);
        let span = xs().fold(f64::MIN, f64::max) - xs().fold(f64::MAX, f64::min);
        let (x, y) = o.point(zone.label[0], zone.label[1]);
        let crossed = marks.iter().filter(|mark| {
            let (mx, my) = o.point(mark.place.lon(), mark.place.lat());
            (mx - x).abs() < 34.0 && (my - (y - 3.0)).abs() < 8.0
        });
        zone.inner && span * o.scale() > 62.0 && crossed.count() == 0
    };
    html! {
        @for zone in o.zones.iter().filter(room) {
            @let (x, y) = o.point(zone.label[0], zone.label[1]);
            text.zl x=(format!("{x:.0}")) y=(format!("{y:.0}")) text-anchor="middle" { (lang.zone(&zone.fr, &zone.ar)) }
        }
    }
}

/// The border in alternating pairs of minutes of arc, with coordinates.
fn border(o: &Outlines, lang: Lang, width: f64, height: f64) -> Markup {
    const MINUTES: f64 = 2.0;
    let [west, south, east, north] = o.bounds;
    let mut ticks = String::new();
    // Each segment that begins at an even multiple is dark. Writing to a String cannot fail.
    let segments = |from: f64, to: f64| {
        let first = (from * 60.0 / MINUTES).ceil();
        (0..100).map(move |i| first + f64::from(i)).take_while(move |k| (k + 1.0) * MINUTES / 60.0 <= to + 1e-9)
    };
    for k in segments(west, east).filter(|k| k.rem_euclid(2.0) < 0.5) {
        let (a, b) = (o.point(k * MINUTES / 60.0, north).0, o.point((k + 1.0) * MINUTES / 60.0, north).0);
        let _ = write!(ticks, "M{a:.1} -2.5H{b:.1}M{a:.1} {0:.1}H{b:.1}", height + 2.5);
    }
    for k in segments(south, north).filter(|k| k.rem_euclid(2.0) < 0.5) {
        let (a, b) = (o.point(west, k * MINUTES / 60.0).1, o.point(west, (k + 1.0) * MINUTES / 60.0).1);
        let _ = write!(ticks, "M-2.5 {a:.1}V{b:.1}M{0:.1} {a:.1}V{b:.1}", width + 2.5);
    }
    let (lon, lat) = (round_minutes(west, east), round_minutes(south, north));
    let (beside, above) = (if lon < 0.0 { lang.writing().west } else { "E" }, if lat < 0.0 { "S" } else { "N" });
    html! {
        rect.frame x="-5" y="-5" width=(format!("{:.0}", width + 10.0)) height=(format!("{:.0}", height + 10.0)) {}
        rect.frame x="0" y="0" width=(format!("{width:.0}")) height=(format!("{height:.0}")) {}
        path.minutes d=(ticks) {}
        text.deg x=(format!("{:.0}", o.point(lon / 60.0, north).0)) y="14" text-anchor="middle" { (degrees(lon)) (beside) }
        text.deg x="6" y=(format!("{:.0}", o.point(west, lat / 60.0).1 + 3.0)) { (degrees(lat)) (above) }
    }
}

/// The minutes of arc nearest to the middle that are twelve times a whole number, or, where none is within, of half as many, and so on.
fn round_minutes(from: f64, to: f64) -> f64 {
    let middle = f64::midpoint(from, to) * 60.0;
    let nearest = [12.0, 6.0, 3.0, 1.0].map(|step| (middle / step).round() * step);
    nearest.into_iter().find(|at| (from * 60.0..=to * 60.0).contains(at)).unwrap_or(middle)
}

/// `7°36′`.
fn degrees(minutes: f64) -> String {
    let whole = minutes.abs().round();
    format!("{:.0}°{:02.0}′", (whole / 60.0).floor(), whole % 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::lang;

    #[test]
    fn coordinates_stand_at_round_minutes_near_the_middle() {
        assert_eq!(degrees(round_minutes(-7.735, -7.44)), "7°36′");
        assert_eq!(degrees(round_minutes(33.495, 33.665)), "33°36′");
        assert_eq!(degrees(round_minutes(-5.02, -4.98)), "5°00′");
        assert_eq!(degrees(round_minutes(34.021, 34.04)), "34°02′");
    }

    #[test]
    fn devices_elsewhere_have_no_map() {
        let mark = |lat, lon| Mark { place: Place::new(lat, lon).unwrap(), shape: Shape::Air, alert: false };
        assert!(draw(lang("fr"), &[mark(34.03, -5.0)], "x").is_none());
        assert!(draw(lang("fr"), &[mark(33.58, -7.6)], "x").is_some());
    }
}
