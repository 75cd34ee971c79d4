//! The locator: a nautical chart of the city with its devices, drawn by the server.
//!
//! Only Casablanca has outlines (`map/NOTICE`); for devices elsewhere there is no map.

use std::fmt::Write;
use std::sync::LazyLock;

use maud::{Markup, PreEscaped, html};
use schemas::{Place, Zone};
use serde::Deserialize;

use crate::lang::Lang;

/// Degrees to units of the drawing, south to north; east to west is shorter by the latitude's cosine.
const SCALE: f64 = 2500.0;
const FRAME: f64 = 12.0;

#[derive(Deserialize)]
struct Outlines {
    /// West, south, east, north.
    #[serde(rename = "box")]
    bounds: [f64; 4],
    land: Vec<[f64; 2]>,
    coast: Vec<[f64; 2]>,
    zones: Vec<ZoneOutline>,
}

#[derive(Deserialize)]
struct ZoneOutline {
    id: String,
    fr: String,
    ar: String,
    /// Of the city itself.
    inner: bool,
    label: [f64; 2],
    ring: Vec<[f64; 2]>,
}

static OUTLINES: LazyLock<Outlines> =
    LazyLock::new(|| serde_json::from_str(include_str!("../map/casablanca.json")).expect("the outlines are tested"));

/// The ground is the same for everybody: drawn once.
static GROUND: LazyLock<String> = LazyLock::new(ground);

impl Outlines {
    fn cosine(&self) -> f64 {
        f64::midpoint(self.bounds[1], self.bounds[3]).to_radians().cos()
    }

    fn size(&self) -> (f64, f64) {
        let [west, south, east, north] = self.bounds;
        ((east - west) * self.cosine() * SCALE, (north - south) * SCALE)
    }

    fn point(&self, lon: f64, lat: f64) -> (f64, f64) {
        ((lon - self.bounds[0]) * self.cosine() * SCALE, (self.bounds[3] - lat) * SCALE)
    }

    fn path(&self, points: &[[f64; 2]]) -> String {
        let mut path = String::new();
        for (i, [lon, lat]) in points.iter().enumerate() {
            let (x, y) = self.point(*lon, *lat);
            // Writing to a String cannot fail.
            let _ = write!(path, "{}{x:.0} {y:.0}", if i == 0 { "M" } else { "L" });
        }
        path
    }
}

fn ground() -> String {
    let o = &*OUTLINES;
    let (land, coast) = (o.path(&o.land), o.path(&o.coast));
    let mut out = String::new();
    // Three waterlines under the land. Writing to a String cannot fail.
    for (class, width) in [("w0", 30), ("w1", 18), ("w2", 8)] {
        let _ = write!(out, r#"<path class="{class}" stroke-width="{width}" d="{coast}"/>"#);
    }
    let _ = write!(out, r#"<path class="land" d="{land}Z"/>"#);
    for zone in &o.zones {
        let class = if zone.inner { "zn in" } else { "zn" };
        let _ = write!(out, r#"<path class="{class}" d="{}Z"/>"#, o.path(&zone.ring));
    }
    let _ = write!(out, r#"<path class="coast" d="{coast}"/>"#);
    out
}

fn squash(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// What people call a zone; its id if the map does not know it.
pub(crate) fn zone_name(lang: Lang, zone: &Zone) -> String {
    let wanted = squash(zone.as_str());
    // A city writes `maarif` where the outlines have `el-maarif`, and the census one s where they have two.
    let wanted = match wanted.as_str() {
        "rochesnoires" | "asoukhourassawda" => "assoukhourassawda",
        "mechouar" => "mechouardecasablanca",
        other => other,
    };
    let fits =
        |id: &str| id == wanted || id.strip_prefix("el").or_else(|| id.strip_prefix("al")).is_some_and(|rest| rest == wanted);
    let known = OUTLINES.zones.iter().find(|z| fits(&squash(&z.id)));
    known.map_or(zone.as_str(), |known| lang.zone(&known.fr, &known.ar)).to_owned()
}

/// Whether a label is the zone's own name, in the first language or as an id.
pub(crate) fn same_name(label: &str, zone: &Zone) -> bool {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let label = plain(label);
    label == plain(zone.as_str()) || label == plain(&zone_name(Lang::first(), zone))
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
    let o = &*OUTLINES;
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
                text.ocean x=(format!("{sea_x:.0}")) y=(format!("{sea_y:.0}")) text-anchor="middle"
                    transform=(format!("rotate(-24 {sea_x:.0} {sea_y:.0})")) { (lang.words().ocean) }
                (names(lang, &shown))
                (PreEscaped(layers))
            }
            (border(lang, width, height))
        }
    })
}

/// Names of the larger zones of the city. A name yields to marks that it would cross.
fn names(lang: Lang, marks: &[&Mark]) -> Markup {
    let o = &*OUTLINES;
    let room = |zone: &&ZoneOutline| {
        let xs = || zone.ring.iter().map(|p| p[0]);
        let span = xs().fold(f64::MIN, f64::max) - xs().fold(f64::MAX, f64::min);
        let (x, y) = o.point(zone.label[0], zone.label[1]);
        let crossed = marks.iter().filter(|mark| {
            let (mx, my) = o.point(mark.place.lon(), mark.place.lat());
            (mx - x).abs() < 34.0 && (my - (y - 3.0)).abs() < 8.0
        });
        zone.inner && span * SCALE > 62.0 && crossed.count() == 0
    };
    html! {
        @for zone in o.zones.iter().filter(room) {
            @let (x, y) = o.point(zone.label[0], zone.label[1]);
            text.zl x=(format!("{x:.0}")) y=(format!("{y:.0}")) text-anchor="middle" { (lang.zone(&zone.fr, &zone.ar)) }
        }
    }
}

/// The border in alternating pairs of minutes of arc, with coordinates.
fn border(lang: Lang, width: f64, height: f64) -> Markup {
    const MINUTES: f64 = 2.0;
    let o = &*OUTLINES;
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
    html! {
        rect.frame x="-5" y="-5" width=(format!("{:.0}", width + 10.0)) height=(format!("{:.0}", height + 10.0)) {}
        rect.frame x="0" y="0" width=(format!("{width:.0}")) height=(format!("{height:.0}")) {}
        path.minutes d=(ticks) {}
        text.deg x=(format!("{:.0}", o.point(-7.6, north).0)) y="14" text-anchor="middle" { "7°36′" (lang.writing().west) }
        text.deg x="6" y=(format!("{:.0}", o.point(west, 33.6).1 + 3.0)) { "33°36′N" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::lang;

    #[test]
    fn the_outlines_hold_the_city() {
        assert_eq!(OUTLINES.zones.iter().filter(|z| z.inner).count(), 17);
        let (x, y) = OUTLINES.point(-7.6327, 33.6085);
        let (width, height) = OUTLINES.size();
        assert!((0.0..width).contains(&x) && (0.0..height).contains(&y), "the Hassan II mosque is on the map");
    }

    #[test]
    fn a_zone_has_its_name_in_each_language() {
        let name = |lang, zone: &str| zone_name(lang, &zone.parse().unwrap());
        assert_eq!(name(lang("fr"), "ain-sebaa"), "Aïn-Sebaâ");
        assert_eq!(name(lang("ar"), "ain_sebaa"), "عين السبع");
        assert_eq!(name(lang("fr"), "maarif"), "El Maarif");
        assert_eq!(name(lang("en"), "gueliz"), "gueliz");
        assert!(same_name("Aïn Sebaâ", &"ain-sebaa".parse().unwrap()));
        assert!(same_name("Ain Sebaa", &"ain-sebaa".parse().unwrap()));
        assert!(!same_name("Place des Nations Unies", &"sidi-belyout".parse().unwrap()));
    }

    #[test]
    fn devices_elsewhere_have_no_map() {
        let mark = |lat, lon| Mark { place: Place::new(lat, lon).unwrap(), shape: Shape::Air, alert: false };
        assert!(draw(lang("fr"), &[mark(34.03, -5.0)], "x").is_none());
        assert!(draw(lang("fr"), &[mark(33.58, -7.6)], "x").is_some());
    }
}
