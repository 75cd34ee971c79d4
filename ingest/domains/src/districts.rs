//! Which district a place is in: outlines from GeoJSON, asked point by point.
//!
//! The outlines are given by the caller; they are good for a map and for a table of districts, not for borders before
//! the law.

use schemas::Place;
use serde::Deserialize;

/// A file has at most this many bytes.
const FILE_LIMIT: usize = 16 << 20;
/// And at most this many points in all its outlines.
const POINTS_LIMIT: usize = 500_000;

/// Why a text is not a set of districts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DistrictError {
    /// Not a GeoJSON collection of polygons with `code`, `name_fr` and `name_ar`.
    #[error("not a geojson collection of polygons with code, name_fr and name_ar: {0}")]
    Syntax(String),
    /// Too large.
    #[error("districts have {found} {what}, expected at most {limit}")]
    TooLarge {
        /// Bytes or points.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A point that is not on the earth.
    #[error("district {0} has a point that is not a longitude and a latitude")]
    Point(String),
}

/// Longitude and latitude, and for some an altitude that is not used.
type Position = Vec<f64>;

#[derive(Deserialize)]
struct RawCollection {
    features: Vec<RawFeature>,
}

#[derive(Deserialize)]
struct RawFeature {
    properties: RawProperties,
    geometry: RawGeometry,
}

#[derive(Deserialize)]
struct RawProperties {
    code: String,
    name_fr: String,
    name_ar: String,
}

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum RawGeometry {
    Polygon(Vec<Vec<Position>>),
    MultiPolygon(Vec<Vec<Vec<Position>>>),
}

/// A district.
#[derive(Clone, Debug, PartialEq)]
pub struct District {
    /// The statistical office's code.
    pub code: String,
    /// Its name in French.
    pub fr: String,
    /// Its name in Arabic.
    pub ar: String,
    /// Outlines and holes alike: longitude, latitude.
    rings: Vec<Vec<(f64, f64)>>,
    /// In square degrees, to tell the smaller of two.
    area: f64,
}

/// The districts of a city.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Districts {
    all: Vec<District>,
}

impl Districts {
    /// Reads a GeoJSON `FeatureCollection` of polygons in WGS 84.
    ///
    /// # Errors
    /// Something else, too large, or a point that is not on the earth.
    pub fn parse(geojson: &str) -> Result<Self, DistrictError> {
        let large = |what, found, limit| Err(DistrictError::TooLarge { what, found, limit });
        if geojson.len() > FILE_LIMIT {
            return large("bytes", geojson.len(), FILE_LIMIT);
        }
        let raw: RawCollection = serde_json::from_str(geojson).map_err(|e| DistrictError::Syntax(e.to_string()))?;
        let all = raw.features.into_iter().map(District::of).collect::<Result<Vec<_>, _>>()?;
        let points = all.iter().flat_map(|d| &d.rings).map(Vec::len).sum();
        if points > POINTS_LIMIT { large("points", points, POINTS_LIMIT) } else { Ok(Self { all }) }
    }

    /// The district that a place is in; the smaller one where an enclave lies within another; none outside all.
    #[must_use]
    pub fn of(&self, place: Place) -> Option<&District> {
        self.all.iter().filter(|d| d.holds(place)).min_by(|a, b| a.area.total_cmp(&b.area))
    }

    /// The districts, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &District> {
        self.all.iter()
    }
}

impl District {
    fn of(raw: RawFeature) -> Result<Self, DistrictError> {
        let RawProperties { code, name_fr: fr, name_ar: ar } = raw.properties;
        let polygons = match raw.geometry {
            RawGeometry::Polygon(rings) => vec![rings],
            RawGeometry::MultiPolygon(polygons) => polygons,
        };
        let point = |position: Position| match position.as_slice() {
            [lon, lat, ..] if Place::new(*lat, *lon).is_ok() => Ok((*lon, *lat)),
            _ => Err(DistrictError::Point(code.clone())),
        };
        let ring = |ring: Vec<Position>| ring.into_iter().map(point).collect::<Result<Vec<_>, _>>();
        let rings: Vec<Vec<(f64, f64)>> = polygons.into_iter().flatten().map(ring).collect::<Result<_, _>>()?;
        let area = rings.iter().map(|r| shoelace(r).abs()).fold(0.0, f64::max);
        Ok(Self { code, fr, ar, rings, area })
    }

    /// Even-odd over all rings: a hole takes out what its outline put in.
    fn holds(&self, place: Place) -> bool {
        let (x, y) = (place.lon(), place.lat());
        let crosses = |((x1, y1), (x2, y2)): ((f64, f64), (f64, f64))| {
            // Half open in latitude, so that a corner is counted once.
            (y1 > y) != (y2 > y) && x < x1 + (y - y1) / (y2 - y1) * (x2 - x1)
        };
        self.rings.iter().flat_map(|ring| sides(ring)).filter(|side| crosses(*side)).count() % 2 == 1
    }
}

/// The sides of a ring; the last point leads back to the first.
fn sides(ring: &[(f64, f64)]) -> impl Iterator<Item = ((f64, f64), (f64, f64))> + '_ {
    let next = ring.iter().skip(1).chain(ring.first());
    ring.iter().copied().zip(next.copied())
}

fn shoelace(ring: &[(f64, f64)]) -> f64 {
    sides(ring).map(|((x1, y1), (x2, y2))| x1 * y2 - x2 * y1).sum::<f64>() / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(code: &str, from: f64, to: f64) -> String {
        format!(
            r#"{{"type":"Feature","properties":{{"code":"{code}","name_fr":"{code}","name_ar":"{code}"}},"geometry":
            {{"type":"Polygon","coordinates":[[[{from},{from}],[{to},{from}],[{to},{to}],[{from},{to}],[{from},{from}]]]}}}}"#
        )
    }

    #[test]
    fn an_enclave_is_not_the_district_around_it() {
        let text = format!(r#"{{"features":[{},{}]}}"#, square("large", 0.0, 10.0), square("small", 4.0, 5.0));
        let districts = Districts::parse(&text).unwrap();
        let at = |lat, lon| districts.of(Place::new(lat, lon).unwrap()).map(|d| d.code.as_str());
        assert_eq!((at(4.5, 4.5), at(1.0, 9.0), at(11.0, 1.0)), (Some("small"), Some("large"), None));
        assert!(Districts::parse(&text.replace("[10,0]", "[1000,0]")).is_err());
        assert!(Districts::parse("{}").is_err());
    }
}
