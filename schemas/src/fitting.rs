//! How a device is fitted to what it watches: what turns its own numbers into those of the asset.
//!
//! Everything here belongs to one device in one place. What all devices of a make share stands in
//! their profile.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Quantity, Tag};

/// How one device is fitted. Everything may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Fitting {
    /// The container above whose contents a distance sensor hangs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// The meter whose pulses are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meter: Option<PulseMeter>,
    /// Corrections found by comparing with a reference, one a quantity at most.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calibration: Vec<Calibration>,
    /// What is true of what it watches, for rules to select by: a loading bay, a bin of a hospital.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// With which the device encrypts what it sends (OMS wireless M-Bus).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<DeviceKey>,
}

impl Fitting {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// Where the contents of a container begin and end, seen from the sensor. Metres.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "RawContainer")]
pub struct Container {
    empty: f64,
    full: f64,
    #[serde(skip_serializing_if = "is_zero")]
    dead_zone: f64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawContainer {
    /// Distance to the bottom, m.
    empty: f64,
    /// Distance to the contents when it is full, m.
    full: f64,
    /// Below this distance the sensor sees nothing, m.
    #[serde(default)]
    dead_zone: f64,
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

/// What a distance says of a container.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fill {
    /// Percent of the height between empty and full, 0 to 100.
    Level(f64),
    /// Closer than the sensor can see: as good as full.
    Saturated,
    /// The sensor heard no echo.
    NoEcho,
    /// More than a tenth beyond the bottom: not this container.
    OutOfRange,
}

/// A geometry that no container has.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "a container that is empty at {empty} m and full at {full} m, dead zone {dead_zone} m; expected 0 <= full < empty <= 15 and 0 <= dead_zone < empty"
)]
pub struct ContainerError {
    empty: f64,
    full: f64,
    dead_zone: f64,
}

impl Container {
    /// Distance to the bottom, to the contents when full, and below which the sensor sees nothing; metres.
    ///
    /// # Errors
    /// Not `0 <= full < empty <= 15` and `0 <= dead_zone < empty`.
    pub fn new(empty: f64, full: f64, dead_zone: f64) -> Result<Self, ContainerError> {
        if (0.0..empty).contains(&full) && (0.0..empty).contains(&dead_zone) && empty <= 15.0 {
            Ok(Self { empty, full, dead_zone })
        } else {
            Err(ContainerError { empty, full, dead_zone })
        }
    }

    /// Distance to the bottom, m.
    #[must_use]
    pub const fn empty(&self) -> f64 {
        self.empty
    }

    /// Distance to the contents when it is full, m.
    #[must_use]
    pub const fn full(&self) -> f64 {
        self.full
    }

    /// How full it is where the contents are `distance` metres away: `100 (E - d) / (E - F)`, kept within 0 to 100
    /// (DOMAIN 2.3).
    #[must_use]
    pub fn fill(&self, distance: f64) -> Fill {
        if distance <= 0.0 {
            Fill::NoEcho
        } else if distance > 1.1 * self.empty {
            Fill::OutOfRange
        } else if distance < self.dead_zone {
            Fill::Saturated
        } else {
            Fill::Level((100.0 * (self.empty - distance) / (self.empty - self.full)).clamp(0.0, 100.0))
        }
    }
}

impl TryFrom<RawContainer> for Container {
    type Error = ContainerError;
    fn try_from(raw: RawContainer) -> Result<Self, ContainerError> {
        Self::new(raw.empty, raw.full, raw.dead_zone)
    }
}

/// A meter that a device counts the pulses of.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "RawPulseMeter")]
pub struct PulseMeter {
    litres_per_pulse: f64,
    #[serde(skip_serializing_if = "is_zero")]
    index_offset: f64,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawPulseMeter {
    /// Litres that one pulse stands for.
    litres_per_pulse: f64,
    /// What the meter showed when the count was 0, m3.
    #[serde(default)]
    index_offset: f64,
}

/// A pulse that weighs nothing or more than a tank, or an index that no meter shows.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(
    "a meter of {litres_per_pulse} litres a pulse and an index offset of {index_offset} m3; expected 0 < litres_per_pulse <= 10000 and 0 <= index_offset < 1e8"
)]
pub struct PulseMeterError {
    litres_per_pulse: f64,
    index_offset: f64,
}

impl PulseMeter {
    /// Litres that one pulse stands for, and what the meter showed when the count was 0, in m3.
    ///
    /// # Errors
    /// Not `0 < litres_per_pulse <= 10000` and `0 <= index_offset < 1e8`.
    pub fn new(litres_per_pulse: f64, index_offset: f64) -> Result<Self, PulseMeterError> {
        if litres_per_pulse > 0.0 && litres_per_pulse <= 1e4 && (0.0..1e8).contains(&index_offset) {
            Ok(Self { litres_per_pulse, index_offset })
        } else {
            Err(PulseMeterError { litres_per_pulse, index_offset })
        }
    }

    /// Litres that one pulse stands for.
    #[must_use]
    pub const fn litres_per_pulse(&self) -> f64 {
        self.litres_per_pulse
    }

    /// What the meter shows after so many pulses, m3.
    #[must_use]
    pub fn index(&self, pulses: f64) -> f64 {
        pulses * self.litres_per_pulse / 1000.0 + self.index_offset
    }
}

impl TryFrom<RawPulseMeter> for PulseMeter {
    type Error = PulseMeterError;
    fn try_from(raw: RawPulseMeter) -> Result<Self, PulseMeterError> {
        Self::new(raw.litres_per_pulse, raw.index_offset)
    }
}

/// A linear correction of one quantity: `value x multiply + add`, in its canonical unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Which readings are corrected, on every channel.
    pub quantity: Quantity,
    /// Slope, without unit.
    #[serde(default = "one")]
    pub multiply: f64,
    /// Offset, in the quantity's unit.
    #[serde(default)]
    pub add: f64,
}

fn one() -> f64 {
    1.0
}

/// An AES-128 key. Never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DeviceKey([u8; 16]);

/// Text that is not a key; the text itself is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a key: expected 32 hexadecimal digits")]
pub struct KeyError;

impl DeviceKey {
    /// These 16 bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// From 32 hexadecimal digits.
    ///
    /// # Errors
    /// [`KeyError`]: anything else.
    pub fn from_hex(text: &str) -> Result<Self, KeyError> {
        let mut key = [0; 16];
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != key.len() || !rest.is_empty() {
            return Err(KeyError);
        }
        for (byte, [high, low]) in key.iter_mut().zip(pairs) {
            *byte = digit(*high).zip(digit(*low)).map(|(h, l)| h << 4 | l).ok_or(KeyError)?;
        }
        Ok(Self(key))
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for DeviceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceKey(..)")
    }
}

impl Serialize for DeviceKey {
    /// As stars: a key is read from settings and never written out.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("***")
    }
}

impl<'de> Deserialize<'de> for DeviceKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::from_hex(&text).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for DeviceKey {
    fn schema_name() -> Cow<'static, str> {
        "DeviceKey".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "An AES-128 key: 32 hexadecimal digits.", "type": "string", "pattern": "^[0-9a-fA-F]{32}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_becomes_a_fill_level_or_says_why_not() {
        let bin = Container::new(1.2, 0.3, 0.28).unwrap();
        let cases = [
            (1.2, Fill::Level(0.0)),
            (0.3, Fill::Level(100.0)),
            (0.75, Fill::Level(50.0)),
            (1.23, Fill::Level(0.0)),
            (0.29, Fill::Level(100.0)),
            (0.27, Fill::Saturated),
            (0.0, Fill::NoEcho),
            (1.33, Fill::OutOfRange),
        ];
        for (distance, fill) in cases {
            match (bin.fill(distance), fill) {
                (Fill::Level(got), Fill::Level(expected)) => assert!((got - expected).abs() < 1e-9, "{distance}: {got}"),
                (got, expected) => assert_eq!(got, expected, "{distance}"),
            }
        }
        for (empty, full, dead_zone) in
            [(1.0, 1.0, 0.0), (1.0, -0.1, 0.0), (16.0, 0.3, 0.0), (1.0, 0.3, 1.0), (f64::NAN, 0.3, 0.0)]
        {
            assert!(Container::new(empty, full, dead_zone).is_err(), "{empty} {full} {dead_zone}");
        }
    }

    #[test]
    fn pulses_become_an_index() {
        assert_eq!(PulseMeter::new(10.0, 0.0).unwrap().index(256.0), 2.56);
        assert_eq!(PulseMeter::new(1.0, 12.5).unwrap().index(1500.0), 14.0);
        assert!(PulseMeter::new(0.0, 0.0).is_err() && PulseMeter::new(1.0, -1.0).is_err());
    }

    #[test]
    fn a_key_is_read_and_never_written() {
        let hex = "000102030405060708090a0b0c0d0eFF";
        let key = DeviceKey::from_hex(hex).unwrap();
        assert_eq!((key.bytes()[1], key.bytes()[15]), (1, 0xff));
        for bad in ["", "00", &hex[1..], &format!("{hex}00"), "zz0102030405060708090a0b0c0d0eff"] {
            let error = DeviceKey::from_hex(bad).unwrap_err().to_string();
            assert!(bad.is_empty() || !error.contains(bad), "{error}");
        }
        assert!(!format!("{key:?}").contains("0102"));
    }
}
