//! What is known of a device before it says anything: the catalogue of the city.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DeviceId, Fitting, Kind, ProfileName, Zone};

/// A point on the earth, WGS 84 (EPSG:4326).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawPlace")]
pub struct Place {
    lat: f64,
    lon: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPlace {
    lat: f64,
    lon: f64,
}

/// A latitude or longitude that is not on the earth.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("latitude {lat} and longitude {lon} are not a point on the earth (-90 to 90, -180 to 180 degrees)")]
pub struct PlaceError {
    lat: f64,
    lon: f64,
}

impl Place {
    /// Degrees north and degrees east.
    ///
    /// # Errors
    /// Outside -90..=90 or -180..=180, or not a number.
    pub fn new(lat: f64, lon: f64) -> Result<Self, PlaceError> {
        if (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon) {
            Ok(Self { lat, lon })
        } else {
            Err(PlaceError { lat, lon })
        }
    }

    /// Degrees north, -90..=90.
    #[must_use]
    pub fn lat(self) -> f64 {
        self.lat
    }

    /// Degrees east, -180..=180.
    #[must_use]
    pub fn lon(self) -> f64 {
        self.lon
    }

    /// Metres to another place, on a sphere (haversine; mean radius of the earth, IUGG).
    #[must_use]
    pub fn metres_to(self, other: Place) -> f64 {
        const RADIUS: f64 = 6_371_008.8;
        let half = |a: f64, b: f64| ((b - a).to_radians() / 2.0).sin().powi(2);
        let across = self.lat.to_radians().cos() * other.lat.to_radians().cos() * half(self.lon, other.lon);
        2.0 * RADIUS * (half(self.lat, other.lat) + across).min(1.0).sqrt().asin()
    }
}

impl TryFrom<RawPlace> for Place {
    type Error = PlaceError;
    fn try_from(raw: RawPlace) -> Result<Self, PlaceError> {
        Self::new(raw.lat, raw.lon)
    }
}

/// The thing that sends, and what it watches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// Unique in the city.
    pub id: DeviceId,
    /// What it is for.
    pub kind: Kind,
    /// Where, by name.
    pub zone: Zone,
    /// How it is read; none for a device that speaks Marsad's own JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// Where, on the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What people call it or the asset it watches: a street corner, a square.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// How it is fitted to what it watches.
    #[serde(default, skip_serializing_if = "Fitting::is_default")]
    pub fitting: Fitting,
}

impl Device {
    /// A device of which no more is known.
    #[must_use]
    pub fn new(id: DeviceId, kind: Kind, zone: Zone) -> Self {
        Self { id, kind, zone, profile: None, place: None, label: None, fitting: Fitting::default() }
    }
}

/// The devices of the city, by id, in the order in which they were listed. A snapshot: a change
/// makes a new one.
#[derive(Clone, Debug, Default)]
pub struct Catalogue(IndexMap<DeviceId, Device, FxBuildHasher>);

impl Catalogue {
    /// The device with this id.
    #[must_use]
    pub fn device(&self, id: &DeviceId) -> Option<&Device> {
        self.0.get(id)
    }

    /// Adds or replaces a device; the one replaced comes back.
    pub fn insert(&mut self, device: Device) -> Option<Device> {
        self.0.insert(device.id.clone(), device)
    }

    /// All devices, in the order in which they were listed.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.0.values()
    }

    /// How many devices.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Device> for Catalogue {
    /// Of two devices with one id the later stays.
    fn from_iter<I: IntoIterator<Item = Device>>(devices: I) -> Self {
        Self(devices.into_iter().map(|d| (d.id.clone(), d)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_off_the_earth_is_refused() {
        assert!(Place::new(33.59, -7.6).is_ok());
        assert!(Place::new(91.0, 0.0).is_err());
        assert!(Place::new(f64::NAN, 0.0).is_err());
        assert!(serde_json::from_str::<Place>(r#"{"lat": 0, "lon": 181}"#).is_err());
    }
}
