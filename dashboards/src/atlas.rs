//! What maps are drawn on: the outlines of a city, and tiles of others where the city's settings name such.
//!
//! Outlines of Casablanca come with the program (`map/NOTICE`). A city gives its own as GeoJSON (RFC 7946). Both become the same
//! [`Outlines`], which the server draws the locator from and a browser draws its maps from.

use std::path::PathBuf;
use std::sync::{LazyLock, OnceLock};

use axum::body::Bytes;
use axum::http::Uri;
use geojson::{Feature, FeatureCollection, GeometryValue, Position};
use schemas::Zone;
use serde::{Deserialize, Serialize};

use crate::lang::Lang;

/// Degrees east and north.
pub(crate) type Point = [f64; 2];

/// Points of an overlay at most: what a browser draws while a finger moves it.
const MOST_POINTS: usize = 50_000;
/// Of what lies around the zones of an overlay, a part of their own extent is shown too.
const MARGIN: f64 = 0.04;
/// Where the sea is not known all is land: so far around, degrees.
const AROUND: f64 = 3.0;

static SHIPPED: &[u8] = include_bytes!("../map/casablanca.json");
static CURRENT: OnceLock<Atlas> = OnceLock::new();
static IN_USE: LazyLock<&'static Atlas> = LazyLock::new(|| CURRENT.get_or_init(Atlas::shipped));

/// The section `[map]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapSettings {
    /// A GeoJSON file with the city's own outlines, in place of those that come with the program.
    pub overlay: Option<PathBuf>,
    /// Whose outlines these are, for the line below each map.
    pub overlay_source: String,
    /// Where the pictures below the outlines are, with `{z}`, `{x}` and `{y}`.
    pub tile_url: Option<String>,
    /// Whose pictures these are, for the same line.
    pub tile_source: String,
}

impl MapSettings {
    /// What speaks against it: the key, and why.
    #[must_use]
    pub fn objection(&self) -> Option<(&'static str, String)> {
        let tiles = self.tile_url.as_ref()?;
        if let Err(why) = origin(tiles) {
            return Some(("tile_url", why));
        }
        let unsaid = self.tile_source.trim().is_empty();
        unsaid.then(|| ("tile_source", "expected whose pictures these are: whoever makes some asks to be named".to_owned()))
    }
}

/// Pictures below the outlines.
#[derive(Clone, Debug)]
pub(crate) struct Tiles {
    pub(crate) url: String,
    pub(crate) source: String,
    /// From where a browser may fetch them; none: from where the page is.
    origin: Option<String>,
}

/// What the maps of this program are drawn on.
#[derive(Clone, Debug)]
pub struct Atlas {
    pub(crate) outlines: Outlines,
    /// The same, as browsers get them.
    served: Bytes,
    /// Whose they are; none: as the words of each language say of those that come with the program.
    pub(crate) source: Option<String>,
    pub(crate) tiles: Option<Tiles>,
}

impl Atlas {
    /// The outlines that come with the program, and no tiles.
    #[must_use]
    pub fn shipped() -> Self {
        let mut outlines: Outlines = serde_json::from_slice(SHIPPED).expect("the outlines are tested");
        outlines.shipped = true;
        Self { outlines, served: Bytes::from_static(SHIPPED), source: None, tiles: None }
    }

    /// As the settings say, with the text of the file that `overlay` names.
    ///
    /// # Errors
    /// What is wrong with the text: where, and what was expected.
    pub fn of(settings: &MapSettings, overlay: Option<&str>) -> Result<Self, String> {
        let mut atlas = Self::shipped();
        if let Some(text) = overlay {
            atlas.outlines = Outlines::read(text, &atlas.outlines)?;
            atlas.served = serde_json::to_vec(&atlas.outlines).map_err(|e| e.to_string())?.into();
            atlas.source = Some(settings.overlay_source.clone());
        }
        if let Some(url) = &settings.tile_url {
            atlas.tiles = Some(Tiles { url: url.clone(), source: settings.tile_source.clone(), origin: origin(url)? });
        }
        Ok(atlas)
    }

    /// Makes this the program's atlas for the rest of its life, before any page is made. The first one stays.
    pub fn install(self) {
        let _ = CURRENT.set(self);
    }

    pub(crate) fn current() -> &'static Self {
        *IN_USE
    }

    /// The name among the assets, and the bytes.
    pub(crate) fn served(&self) -> (&'static str, Bytes) {
        (if self.outlines.shipped { "map/casablanca.json" } else { "map/overlay.json" }, self.served.clone())
    }

    /// What is shown at first, as Leaflet takes it: two corners, latitude first.
    pub(crate) fn shown(&self) -> String {
        let [west, south, east, north] = self.outlines.bounds;
        format!("[[{south},{west}],[{north},{east}]]")
    }

    /// From where, besides this house, pictures may come.
    pub(crate) fn elsewhere(&self) -> Option<&str> {
        self.tiles.as_ref()?.origin.as_deref()
    }
}

/// From where a browser fetches tiles; none where they are beside the pages.
fn origin(url: &str) -> Result<Option<String>, String> {
    const EXPECTED: &str = "expected an address such as https://tiles.example.org/{z}/{x}/{y}.png, or one that begins with /";
    if let Some(part) = ["{z}", "{x}", "{y}"].iter().find(|part| !url.contains(**part)) {
        return Err(format!("`{url}` has no {part}, {EXPECTED}"));
    }
    let plain: String = url.chars().filter(|c| !matches!(c, '{' | '}')).collect();
    let address: Uri = plain.parse().map_err(|wrong| format!("`{url}`: {wrong}, {EXPECTED}"))?;
    match (address.scheme_str(), address.authority()) {
        // Two of them begin the address of another host.
        (None, None) if url.starts_with('/') && !url.starts_with("//") => Ok(None),
        (Some(scheme @ ("http" | "https")), Some(host)) if host.as_str().chars().all(plain_in_policy) => {
            Ok(Some(format!("{scheme}://{host}")))
        }
        _ => Err(format!("`{url}` is not one that a browser may fetch from, {EXPECTED}")),
    }
}

/// Of a host, what has no meaning of its own in a content policy.
fn plain_in_policy(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']')
}

/// Coast, zones and their names, in degrees.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outlines {
    /// West, south, east, north of what is shown.
    #[serde(rename = "box")]
    pub(crate) bounds: [f64; 4],
    pub(crate) land: Vec<Point>,
    /// Empty where the sea is not known.
    pub(crate) coast: Vec<Point>,
    pub(crate) zones: Vec<ZoneOutline>,
    /// Further lines: a river, a tramway.
    #[serde(default)]
    pub(crate) lines: Vec<Vec<Point>>,
    /// They are those that come with the program.
    #[serde(skip)]
    pub(crate) shipped: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ZoneOutline {
    /// As devices name it; empty where they do not.
    pub(crate) id: String,
    pub(crate) fr: String,
    pub(crate) ar: String,
    /// Of the city itself.
    pub(crate) inner: bool,
    pub(crate) label: Point,
    /// The largest first.
    pub(crate) rings: Vec<Vec<Point>>,
}

impl Outlines {
    /// A city's own, as GeoJSON. Where it says nothing of land and coast and lies where `shipped` does, it has those.
    fn read(text: &str, shipped: &Self) -> Result<Self, String> {
        let collection: FeatureCollection = text.parse().map_err(|wrong: geojson::Error| {
            format!("{wrong}; expected a GeoJSON FeatureCollection of polygons and lines in degrees, longitude first")
        })?;
        let mut read =
            Self { bounds: [0.0; 4], land: Vec::new(), coast: Vec::new(), zones: Vec::new(), lines: Vec::new(), shipped: false };
        for (at, feature) in collection.features.iter().enumerate() {
            read.take(feature).map_err(|wrong| format!("features[{at}]{wrong}"))?;
        }
        let points = read.zones.iter().flat_map(|zone| &zone.rings).chain(&read.lines).chain([&read.land, &read.coast]);
        let points: usize = points.map(Vec::len).sum();
        if points > MOST_POINTS {
            return Err(format!(
                "{points} points, expected at most {MOST_POINTS}: simplify the outlines, some metres are enough"
            ));
        }
        read.bounds = read.extent().ok_or("no zone, expected at least one Polygon or MultiPolygon with a name")?;
        if read.land.is_empty() {
            let [west, south, east, north] = read.bounds;
            let [w, s, e, n] = shipped.bounds;
            if west < e && w < east && south < n && s < north && read.coast.is_empty() {
                read.land.clone_from(&shipped.land);
                read.coast.clone_from(&shipped.coast);
            } else {
                let (w, s, e, n) = (west - AROUND, south - AROUND, east + AROUND, north + AROUND);
                read.land = vec![[w, s], [e, s], [e, n], [w, n]];
            }
        }
        Ok(read)
    }

    fn take(&mut self, feature: &Feature) -> Result<(), String> {
        const EXPECTED: &str = "expected a Polygon, MultiPolygon, LineString or MultiLineString";
        let geometry = feature.geometry.as_ref().ok_or_else(|| format!(".geometry: nothing, {EXPECTED}"))?;
        let told = |key: &str| feature.property(key).and_then(|value| value.as_str()).filter(|text| !text.is_empty());
        let lines: Vec<Vec<Point>> = match &geometry.value {
            GeometryValue::Polygon { coordinates } => outer(std::slice::from_ref(coordinates)),
            GeometryValue::MultiPolygon { coordinates } => outer(coordinates),
            GeometryValue::LineString { coordinates } => line(coordinates).map(|line| vec![line]),
            GeometryValue::MultiLineString { coordinates } => coordinates.iter().map(|one| line(one)).collect(),
            other => Err(format!(": a {}, {EXPECTED}", other.type_name())),
        }
        .map_err(|wrong| format!(".geometry{wrong}"))?;
        let is_area = matches!(geometry.value, GeometryValue::Polygon { .. } | GeometryValue::MultiPolygon { .. });
        match (told("map"), is_area) {
            (Some("land"), true) => self.land = lines.into_iter().max_by(|a, b| area(a).total_cmp(&area(b))).unwrap_or_default(),
            (Some("coast"), false) => self.coast = lines.into_iter().max_by_key(Vec::len).unwrap_or_default(),
            (None, false) => self.lines.extend(lines),
            (None, true) => {
                let name = told("name:fr").or_else(|| told("fr")).or_else(|| told("name"));
                let fr = name.ok_or(".properties.name: nothing, expected what people call the zone")?.to_owned();
                let ar = told("name:ar").or_else(|| told("ar")).unwrap_or(&fr).to_owned();
                let id = told("zone").or_else(|| told("id")).unwrap_or_default().to_owned();
                let inner = feature.property("inner").and_then(serde_json::Value::as_bool).unwrap_or(true);
                let mut rings = lines;
                rings.sort_by(|a, b| area(b).total_cmp(&area(a)));
                let label = rings.first().map(|ring| middle(ring)).ok_or(".geometry.coordinates: empty, expected a ring")?;
                self.zones.push(ZoneOutline { id, fr, ar, inner, label, rings });
            }
            (Some(said), _) => {
                let fits = if is_area { "`land`, or none for a zone" } else { "`coast`, or none for a line" };
                return Err(format!(".properties.map: `{said}`, expected {fits}"));
            }
        }
        Ok(())
    }

    /// What lies within the zones of the city itself, with a margin.
    fn extent(&self) -> Option<[f64; 4]> {
        let any = self.zones.iter().any(|zone| zone.inner);
        let zones = self.zones.iter().filter(|zone| zone.inner || !any);
        let mut points = zones.flat_map(|zone| &zone.rings).flatten();
        let first = points.next()?;
        let [w, s, e, n] = points.fold([first[0], first[1], first[0], first[1]], |[w, s, e, n], [lon, lat]| {
            [w.min(*lon), s.min(*lat), e.max(*lon), n.max(*lat)]
        });
        let (wide, high) = ((e - w) * MARGIN, (n - s) * MARGIN);
        (e > w && n > s).then_some([w - wide, s - high, e + wide, n + high])
    }

    /// The zone that devices name so.
    pub(crate) fn zone(&self, zone: &Zone) -> Option<&ZoneOutline> {
        let named = squash(zone.as_str());
        // The census writes one s where the outlines that come with the program have two.
        let other = match named.as_str() {
            "rochesnoires" | "asoukhourassawda" => "assoukhourassawda",
            "mechouar" => "mechouardecasablanca",
            same => same,
        };
        // A city writes `maarif` where they have `el-maarif`.
        let fits = |id: &str, wanted: &str| {
            id == wanted || id.strip_prefix("el").or_else(|| id.strip_prefix("al")).is_some_and(|rest| rest == wanted)
        };
        self.zones.iter().find(|known| {
            let id = squash(&known.id);
            fits(&id, &named) || fits(&id, other)
        })
    }
}

fn squash(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// What people call a zone; its id if the map does not know it.
pub(crate) fn zone_name(lang: Lang, zone: &Zone) -> String {
    let known = Atlas::current().outlines.zone(zone);
    known.map_or(zone.as_str(), |known| lang.zone(&known.fr, &known.ar)).to_owned()
}

/// Whether a label is the zone's own name, in the first language or as an id.
pub(crate) fn same_name(label: &str, zone: &Zone) -> bool {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let label = plain(label);
    label == plain(zone.as_str()) || label == plain(&zone_name(Lang::first(), zone))
}

/// The outer ring of each polygon: holes are not drawn.
fn outer(polygons: &[Vec<Vec<Position>>]) -> Result<Vec<Vec<Point>>, String> {
    polygons.iter().filter_map(|rings| rings.first()).map(|ring| line(ring)).collect()
}

fn line(positions: &[Position]) -> Result<Vec<Point>, String> {
    /// About a metre.
    const PLACES: f64 = 1e5;
    let point = |(at, position): (usize, &Position)| match *position.as_slice() {
        [lon, lat, ..] if (-180.0..=180.0).contains(&lon) && (-90.0..=90.0).contains(&lat) => {
            Ok([(lon * PLACES).round() / PLACES, (lat * PLACES).round() / PLACES])
        }
        _ => Err(format!(
            ".coordinates: point {at} is {:?}, expected degrees (EPSG:4326), longitude -180 to 180 first, then latitude -90 to 90",
            position.as_slice()
        )),
    };
    let points: Vec<Point> = positions.iter().enumerate().map(point).collect::<Result<_, _>>()?;
    if points.len() < 2 { Err(".coordinates: expected at least two points".to_owned()) } else { Ok(points) }
}

/// Twice the area with its sign, and the sums of the centroid (the shoelace formula), around the first point.
fn shoelace(ring: &[Point]) -> (f64, Point) {
    let Some([x0, y0]) = ring.first().copied() else { return (0.0, [0.0; 2]) };
    ring.iter().zip(ring.iter().cycle().skip(1)).fold((0.0, [0.0; 2]), |(double, [x, y]), (a, b)| {
        let (ax, ay, bx, by) = (a[0] - x0, a[1] - y0, b[0] - x0, b[1] - y0);
        let cross = ax * by - bx * ay;
        (double + cross, [x + (ax + bx) * cross, y + (ay + by) * cross])
    })
}

fn area(ring: &[Point]) -> f64 {
    shoelace(ring).0.abs()
}

/// Where a ring's name stands.
fn middle(ring: &[Point]) -> Point {
    let (double, [x, y]) = shoelace(ring);
    let first = ring.first().copied().unwrap_or_default();
    if double.abs() < f64::EPSILON { first } else { [first[0] + x / (3.0 * double), first[1] + y / (3.0 * double)] }
}

#[cfg(test)]
mod tests;
