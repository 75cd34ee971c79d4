//! The sixteen arrondissements of Casablanca: where devices stand.
//!
//! Outlines and coast are those of the maps (`dashboards/map`, whose notice says where they come from); names and population
//! those of the census of 2024 (HCP). The factors say how busy a place is; they are this simulator's own, and so is the weekday of
//! the weekly market, since no list of markets was found.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::chance::Chance;

/// One arrondissement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// As it stands in topics.
    pub(crate) zone: &'static str,
    /// Inhabitants: what there is of bins, bays and connections.
    people: u32,
    /// Traffic against the city's background: multiplies NO2.
    pub(crate) traffic: f64,
    /// Commerce: multiplies waste.
    pub(crate) waste: f64,
    /// Weekday of its weekly market, from Monday, 0.
    pub(crate) market: Option<usize>,
}

const fn place(zone: &'static str, people: u32, traffic: f64, waste: f64, market: Option<usize>) -> Place {
    Place { zone, people, traffic, waste, market }
}

/// Ordered so that a small city has the best-known ones.
pub(crate) static PLACES: [Place; 16] = [
    place("sidi-belyout", 138_294, 1.6, 1.25, None),
    place("el-maarif", 139_669, 1.5, 1.25, None),
    place("anfa", 66_202, 0.8, 1.2, None),
    place("hay-hassani", 537_509, 1.0, 1.0, Some(3)),
    place("ain-chock", 374_707, 1.0, 1.0, Some(6)),
    place("ain-sebaa", 155_828, 1.3, 1.0, None),
    place("mers-sultan", 98_139, 1.4, 1.0, None),
    place("al-fida", 125_933, 1.4, 1.25, None),
    place("hay-mohammadi", 104_232, 1.4, 1.0, None),
    place("assoukhour-assawda", 104_775, 1.4, 1.0, None),
    place("sidi-bernoussi", 154_919, 1.2, 1.0, Some(1)),
    place("sidi-moumen", 551_443, 1.2, 1.0, Some(5)),
    place("moulay-rachid", 245_139, 1.0, 1.0, None),
    place("sidi-othmane", 211_894, 1.0, 1.0, Some(2)),
    place("ben-msick", 105_612, 1.0, 1.0, None),
    place("sbata", 101_640, 1.0, 1.0, None),
];

/// A commune of its own within Mers-Sultan: no device of the city stands there.
const PALACE: &str = "mechouar-de-casablanca";
/// A degree of latitude, km.
const DEGREE: f64 = 111.2;
/// The sea breeze is strongest so near the coast, km.
const BY_THE_SEA: f64 = 3.0;
/// Draws of a point in a box until one lies within the outline.
const DRAWS: i64 = 64;

/// Degrees east and north.
type Point = [f64; 2];

#[derive(Deserialize)]
struct Map {
    coast: Vec<Point>,
    zones: Vec<Outline>,
}

#[derive(Deserialize)]
struct Outline {
    id: String,
    /// A point within.
    label: Point,
    rings: [Vec<Point>; 1],
}

impl Outline {
    fn ring(&self) -> &[Point] {
        let [ring] = &self.rings;
        ring
    }
}

static MAP: LazyLock<Map> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../dashboards/map/casablanca.json")).expect("the outlines are tested")
});

/// By the number of a place: its outline.
static OUTLINES: LazyLock<Vec<Option<&'static Outline>>> =
    LazyLock::new(|| PLACES.iter().map(|place| outline(place.zone)).collect());

fn outline(zone: &str) -> Option<&'static Outline> {
    MAP.zones.iter().find(|outline| outline.id == zone)
}

/// The number of the place of the `i`th device of a kind: one in each first, then as many as people live there.
pub(crate) fn place_of(luck: Chance, i: usize) -> usize {
    if i < PLACES.len() {
        return i;
    }
    let all: u32 = PLACES.iter().map(|place| place.people).sum();
    let mut left = luck.branch(103).unit() * f64::from(all);
    let here = PLACES.iter().position(|place| {
        left -= f64::from(place.people);
        left < 0.0
    });
    here.unwrap_or(0)
}

/// Somewhere within the place.
pub(crate) fn stands(place: usize, luck: Chance) -> Option<schemas::Place> {
    let outline = OUTLINES.get(place).copied().flatten()?;
    let palace = outline_of_palace();
    let (low, high) = corners(outline.ring());
    let draw = |n: i64| {
        let luck = luck.branch(101).branch(n);
        [luck.branch(1).between(low[0], high[0]), luck.branch(2).between(low[1], high[1])]
    };
    let free = |point: &Point| within(outline.ring(), *point) && palace.is_none_or(|palace| !within(palace.ring(), *point));
    let [lon, lat] = (0..DRAWS).map(draw).find(free).unwrap_or(outline.label);
    schemas::Place::new(lat, lon).ok()
}

fn outline_of_palace() -> Option<&'static Outline> {
    static PALACE_OUTLINE: LazyLock<Option<&'static Outline>> = LazyLock::new(|| outline(PALACE));
    *PALACE_OUTLINE
}

/// Whether the sea breeze is at its strongest there.
pub(crate) fn by_the_sea(place: Option<schemas::Place>) -> bool {
    let Some(place) = place else { return false };
    let east = DEGREE * place.lat().to_radians().cos();
    let km = |[lon, lat]: &Point| (east * (lon - place.lon())).hypot(DEGREE * (lat - place.lat()));
    MAP.coast.iter().any(|point| km(point) < BY_THE_SEA)
}

fn corners(ring: &[Point]) -> (Point, Point) {
    let start = ([f64::MAX; 2], [f64::MIN; 2]);
    ring.iter()
        .fold(start, |(low, high), [lon, lat]| ([low[0].min(*lon), low[1].min(*lat)], [high[0].max(*lon), high[1].max(*lat)]))
}

/// Whether a point lies within a ring: a ray to the east crosses it an odd number of times.
fn within(ring: &[Point], [lon, lat]: Point) -> bool {
    let next = ring.iter().cycle().skip(1);
    let crosses =
        |([x1, y1], [x2, y2]): &(&Point, &Point)| (*y1 > lat) != (*y2 > lat) && lon < (x2 - x1) * (lat - y1) / (y2 - y1) + x1;
    !ring.iter().zip(next).filter(crosses).count().is_multiple_of(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_stands_in_its_arrondissement_and_nothing_in_the_palace() {
        let palace = outline(PALACE).unwrap();
        for (number, place) in PLACES.iter().enumerate() {
            let outline = outline(place.zone).unwrap_or_else(|| panic!("{} has an outline", place.zone));
            for n in 0..500 {
                let at = stands(number, Chance::new(n)).unwrap();
                let point = [at.lon(), at.lat()];
                assert!(within(outline.ring(), point) && !within(palace.ring(), point), "{}: {point:?}", place.zone);
            }
        }
    }

    #[test]
    fn there_is_one_of_each_first_and_then_as_many_as_people_live_there() {
        let first: Vec<usize> = (0..16).map(|i| place_of(Chance::new(1), i)).collect();
        assert!(first.iter().copied().eq(0..16));
        let mut counts = [0_u32; 16];
        (0..10_000).for_each(|i| counts[place_of(Chance::new(2).branch(i), 99)] += 1);
        let all: u32 = PLACES.iter().map(|place| place.people).sum();
        for (place, count) in PLACES.iter().zip(counts) {
            let (share, expected) = (f64::from(count) / 10_000.0, f64::from(place.people) / f64::from(all));
            assert!((share - expected).abs() < 0.02, "{}: {share} against {expected}", place.zone);
        }
    }

    #[test]
    fn anfa_lies_by_the_sea_and_sidi_othmane_does_not() {
        let by = |zone: &str| {
            let number = PLACES.iter().position(|place| place.zone == zone).unwrap();
            (0..100).filter(|n| by_the_sea(stands(number, Chance::new(*n)))).count()
        };
        assert!(by("anfa") > 60 && by("sidi-othmane") == 0, "{} {}", by("anfa"), by("sidi-othmane"));
    }
}
