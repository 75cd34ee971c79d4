//! What can be measured: the vocabulary, built-in rows first, then a city's own.
//!
//! A [`Quantity`] and a [`Kind`] are indices into the vocabulary of the running program: two and one
//! bytes on the hot path. Indices never leave the program; on disk and wire stand names.

use std::fmt;
use std::str::FromStr;
use std::sync::{LazyLock, OnceLock};

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Texts;

/// How values of a quantity follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueClass {
    /// One value of a continuous quantity.
    Sample,
    /// True until told otherwise; heartbeats confirm it.
    State,
    /// Something happened at that instant.
    Event,
    /// Only grows, but for rollover and reset.
    Counter,
}

/// One row of the vocabulary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuantityRow {
    /// Dotted, lower case.
    pub name: String,
    /// Canonical unit, UCUM.
    pub unit: String,
    /// The unit's name in SenML (RFC 8428).
    pub senml: String,
    /// How values follow one another.
    pub class: ValueClass,
    /// Lower end of the physical range, in the unit.
    pub min: f64,
    /// Upper end of the physical range, in the unit.
    pub max: f64,
    /// The step that still means something, in the unit.
    pub resolution: f64,
    /// For people.
    pub label: Texts,
}

/// What a device is for: waste, air, parking, water, or a city's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KindRow {
    name: String,
    label: Texts,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawVocabulary {
    #[serde(default)]
    kind: Vec<KindRow>,
    #[serde(default)]
    quantity: Vec<QuantityRow>,
}

/// Why rows are not a vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VocabularyError {
    /// Not the expected TOML.
    #[error("{0}")]
    Syntax(String),
    /// A name that is there already.
    #[error("`{0}` is there already")]
    Twice(String),
    /// A name that is not dotted lower case.
    #[error("`{0}` is not a name: lower-case letters, digits and _ in parts joined by dots")]
    Name(String),
    /// min above max, or a resolution that is not positive.
    #[error("`{0}` needs min <= max and resolution > 0")]
    Range(String),
    /// More rows than an index can count.
    #[error("a vocabulary has at most 65,535 quantities and 255 kinds")]
    TooLarge,
    /// The program has begun to use its vocabulary.
    #[error("the vocabulary is in use and cannot change any more")]
    InUse,
    /// No row has this name.
    #[error("`{0}` is not in the vocabulary")]
    Unknown(String),
}

/// All quantities and kinds that this program knows.
#[derive(Debug)]
pub struct Vocabulary {
    quantities: IndexMap<String, QuantityRow, FxBuildHasher>,
    kinds: IndexMap<String, KindRow, FxBuildHasher>,
}

static BUILT_IN: &str = include_str!("../quantities.toml");
static CITY: OnceLock<Vocabulary> = OnceLock::new();
static CURRENT: LazyLock<&'static Vocabulary> =
    LazyLock::new(|| CITY.get_or_init(|| Vocabulary::built_in().expect("the built-in vocabulary is tested")));

impl Vocabulary {
    fn built_in() -> Result<Self, VocabularyError> {
        let mut vocabulary = Self { quantities: IndexMap::default(), kinds: IndexMap::default() };
        vocabulary.extend(BUILT_IN)?;
        Ok(vocabulary)
    }

    fn extend(&mut self, toml: &str) -> Result<(), VocabularyError> {
        let raw: RawVocabulary = toml::from_str(toml).map_err(|e| VocabularyError::Syntax(e.to_string()))?;
        for row in raw.kind {
            check_name(&row.name)?;
            if let Some(old) = self.kinds.insert(row.name.clone(), row) {
                return Err(VocabularyError::Twice(old.name));
            }
        }
        for row in raw.quantity {
            check_name(&row.name)?;
            if !(row.min <= row.max && row.resolution > 0.0) {
                return Err(VocabularyError::Range(row.name));
            }
            if let Some(old) = self.quantities.insert(row.name.clone(), row) {
                return Err(VocabularyError::Twice(old.name));
            }
        }
        if self.quantities.len() > usize::from(u16::MAX) || self.kinds.len() > usize::from(u8::MAX) {
            return Err(VocabularyError::TooLarge);
        }
        Ok(())
    }

    /// The built-in rows and a city's own, in the form of `quantities.toml`, for the rest of the
    /// program's life. Call it once, before anything else.
    ///
    /// # Errors
    /// The rows are not valid, or the vocabulary is in use already.
    pub fn install(city: &str) -> Result<(), VocabularyError> {
        let mut vocabulary = Self::built_in()?;
        vocabulary.extend(city)?;
        CITY.set(vocabulary).map_err(|_| VocabularyError::InUse)
    }

    /// The vocabulary of this program.
    #[must_use]
    pub fn current() -> &'static Vocabulary {
        *CURRENT
    }

    /// Every quantity, built-in rows first.
    pub fn quantities(&self) -> impl Iterator<Item = Quantity> + '_ {
        (0..self.quantities.len()).filter_map(|i| u16::try_from(i).ok()).map(Quantity)
    }

    /// Every kind, built-in ones first.
    pub fn kinds(&self) -> impl Iterator<Item = Kind> + '_ {
        (0..self.kinds.len()).filter_map(|i| u8::try_from(i).ok()).map(Kind)
    }
}

fn check_name(name: &str) -> Result<(), VocabularyError> {
    let fits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if name.len() <= 48 && name.split('.').all(fits) { Ok(()) } else { Err(VocabularyError::Name(name.to_owned())) }
}

/// What is measured: an index into the vocabulary.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(u16);

impl Quantity {
    /// `waste.distance`, `m`.
    pub const WASTE_DISTANCE: Quantity = Quantity(0);
    /// `waste.fill`, `%`.
    pub const WASTE_FILL: Quantity = Quantity(1);
    /// `waste.weight`, `kg`.
    pub const WASTE_WEIGHT: Quantity = Quantity(2);
    /// `waste.temperature`, `Cel`.
    pub const WASTE_TEMPERATURE: Quantity = Quantity(3);
    /// `waste.full`, `1`.
    pub const WASTE_FULL: Quantity = Quantity(4);
    /// `waste.fire`, `1`.
    pub const WASTE_FIRE: Quantity = Quantity(5);
    /// `waste.lid_open`, `1`.
    pub const WASTE_LID_OPEN: Quantity = Quantity(6);
    /// `waste.overturned`, `1`.
    pub const WASTE_OVERTURNED: Quantity = Quantity(7);
    /// `air.pm1`, `ug/m3`.
    pub const AIR_PM1: Quantity = Quantity(8);
    /// `air.pm2_5`, `ug/m3`.
    pub const AIR_PM2_5: Quantity = Quantity(9);
    /// `air.pm4`, `ug/m3`.
    pub const AIR_PM4: Quantity = Quantity(10);
    /// `air.pm10`, `ug/m3`.
    pub const AIR_PM10: Quantity = Quantity(11);
    /// `air.no2`, `ug/m3`.
    pub const AIR_NO2: Quantity = Quantity(12);
    /// `air.no`, `ug/m3`.
    pub const AIR_NO: Quantity = Quantity(13);
    /// `air.o3`, `ug/m3`.
    pub const AIR_O3: Quantity = Quantity(14);
    /// `air.so2`, `ug/m3`.
    pub const AIR_SO2: Quantity = Quantity(15);
    /// `air.co`, `ug/m3`.
    pub const AIR_CO: Quantity = Quantity(16);
    /// `air.co2`, `[ppm]`.
    pub const AIR_CO2: Quantity = Quantity(17);
    /// `air.tvoc`, `[ppb]`.
    pub const AIR_TVOC: Quantity = Quantity(18);
    /// `air.temperature`, `Cel`.
    pub const AIR_TEMPERATURE: Quantity = Quantity(19);
    /// `air.humidity`, `%`.
    pub const AIR_HUMIDITY: Quantity = Quantity(20);
    /// `air.pressure`, `hPa`.
    pub const AIR_PRESSURE: Quantity = Quantity(21);
    /// `air.noise`, `dB[SPL]`.
    pub const AIR_NOISE: Quantity = Quantity(22);
    /// `parking.occupied`, `1`.
    pub const PARKING_OCCUPIED: Quantity = Quantity(23);
    /// `parking.prev_state_duration`, `s`.
    pub const PARKING_PREV_STATE_DURATION: Quantity = Quantity(24);
    /// `parking.sensor_obstructed`, `1`.
    pub const PARKING_SENSOR_OBSTRUCTED: Quantity = Quantity(25);
    /// `water.volume`, `m3`.
    pub const WATER_VOLUME: Quantity = Quantity(26);
    /// `water.volume_reverse`, `m3`.
    pub const WATER_VOLUME_REVERSE: Quantity = Quantity(27);
    /// `water.flow`, `m3/h`.
    pub const WATER_FLOW: Quantity = Quantity(28);
    /// `water.pulse_count`, `1`.
    pub const WATER_PULSE_COUNT: Quantity = Quantity(29);
    /// `water.temperature`, `Cel`.
    pub const WATER_TEMPERATURE: Quantity = Quantity(30);
    /// `water.leak`, `1`.
    pub const WATER_LEAK: Quantity = Quantity(31);
    /// `water.burst`, `1`.
    pub const WATER_BURST: Quantity = Quantity(32);
    /// `water.backflow`, `1`.
    pub const WATER_BACKFLOW: Quantity = Quantity(33);
    /// `water.tamper`, `1`.
    pub const WATER_TAMPER: Quantity = Quantity(34);
    /// `battery.voltage`, `V`.
    pub const BATTERY_VOLTAGE: Quantity = Quantity(35);
    /// `battery.level`, `%`.
    pub const BATTERY_LEVEL: Quantity = Quantity(36);
    /// `battery.low`, `1`.
    pub const BATTERY_LOW: Quantity = Quantity(37);
    /// `radio.rssi`, `dB[mW]`.
    pub const RADIO_RSSI: Quantity = Quantity(38);
    /// `radio.snr`, `dB`.
    pub const RADIO_SNR: Quantity = Quantity(39);
    /// `device.temperature`, `Cel`.
    pub const DEVICE_TEMPERATURE: Quantity = Quantity(40);
    /// `device.tilt`, `deg`.
    pub const DEVICE_TILT: Quantity = Quantity(41);
    /// `device.tilt_alarm`, `1`.
    pub const DEVICE_TILT_ALARM: Quantity = Quantity(42);
    /// `device.tamper`, `1`.
    pub const DEVICE_TAMPER: Quantity = Quantity(43);

    /// The row of the vocabulary.
    #[must_use]
    pub fn row(self) -> &'static QuantityRow {
        Vocabulary::current().quantities.get_index(usize::from(self.0)).expect("a Quantity is made from the vocabulary only").1
    }

    /// The dotted name.
    #[must_use]
    pub fn name(self) -> &'static str {
        &self.row().name
    }

    /// The canonical unit, UCUM.
    #[must_use]
    pub fn unit(self) -> &'static str {
        &self.row().unit
    }

    /// The quantity of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Quantity> {
        Vocabulary::current().quantities.get_index_of(name).and_then(|i| u16::try_from(i).ok()).map(Quantity)
    }
}

/// What a device is for: an index into the vocabulary.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(u8);

impl Kind {
    /// Waste containers.
    pub const WASTE: Kind = Kind(0);
    /// Air-quality monitors.
    pub const AIR: Kind = Kind(1);
    /// Parking detectors.
    pub const PARKING: Kind = Kind(2);
    /// Water meters.
    pub const WATER: Kind = Kind(3);

    fn row(self) -> &'static KindRow {
        Vocabulary::current().kinds.get_index(usize::from(self.0)).expect("a Kind is made from the vocabulary only").1
    }

    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        &self.row().name
    }

    /// For people.
    #[must_use]
    pub fn label(self) -> &'static Texts {
        &self.row().label
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Kind> {
        Vocabulary::current().kinds.get_index_of(name).and_then(|i| u8::try_from(i).ok()).map(Kind)
    }
}

// Both words behave alike: they print, read, and travel by name.
macro_rules! by_name {
    ($($word:ident),*) => {$(
        impl fmt::Display for $word {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl fmt::Debug for $word {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $word {
            type Err = VocabularyError;
            fn from_str(name: &str) -> Result<Self, VocabularyError> {
                Self::named(name).ok_or_else(|| VocabularyError::Unknown(name.chars().take(64).collect()))
            }
        }

        impl Serialize for $word {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }

        impl<'de> Deserialize<'de> for $word {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
                name.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

by_name!(Quantity, Kind);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_named_constant_is_the_row_of_that_name() {
        let constants = [
            (Quantity::WASTE_DISTANCE, "waste.distance"),
            (Quantity::WASTE_FILL, "waste.fill"),
            (Quantity::WASTE_WEIGHT, "waste.weight"),
            (Quantity::WASTE_TEMPERATURE, "waste.temperature"),
            (Quantity::WASTE_FULL, "waste.full"),
            (Quantity::WASTE_FIRE, "waste.fire"),
            (Quantity::WASTE_LID_OPEN, "waste.lid_open"),
            (Quantity::WASTE_OVERTURNED, "waste.overturned"),
            (Quantity::AIR_PM1, "air.pm1"),
            (Quantity::AIR_PM2_5, "air.pm2_5"),
            (Quantity::AIR_PM4, "air.pm4"),
            (Quantity::AIR_PM10, "air.pm10"),
            (Quantity::AIR_NO2, "air.no2"),
            (Quantity::AIR_NO, "air.no"),
            (Quantity::AIR_O3, "air.o3"),
            (Quantity::AIR_SO2, "air.so2"),
            (Quantity::AIR_CO, "air.co"),
            (Quantity::AIR_CO2, "air.co2"),
            (Quantity::AIR_TVOC, "air.tvoc"),
            (Quantity::AIR_TEMPERATURE, "air.temperature"),
            (Quantity::AIR_HUMIDITY, "air.humidity"),
            (Quantity::AIR_PRESSURE, "air.pressure"),
            (Quantity::AIR_NOISE, "air.noise"),
            (Quantity::PARKING_OCCUPIED, "parking.occupied"),
            (Quantity::PARKING_PREV_STATE_DURATION, "parking.prev_state_duration"),
            (Quantity::PARKING_SENSOR_OBSTRUCTED, "parking.sensor_obstructed"),
            (Quantity::WATER_VOLUME, "water.volume"),
            (Quantity::WATER_VOLUME_REVERSE, "water.volume_reverse"),
            (Quantity::WATER_FLOW, "water.flow"),
            (Quantity::WATER_PULSE_COUNT, "water.pulse_count"),
            (Quantity::WATER_TEMPERATURE, "water.temperature"),
            (Quantity::WATER_LEAK, "water.leak"),
            (Quantity::WATER_BURST, "water.burst"),
            (Quantity::WATER_BACKFLOW, "water.backflow"),
            (Quantity::WATER_TAMPER, "water.tamper"),
            (Quantity::BATTERY_VOLTAGE, "battery.voltage"),
            (Quantity::BATTERY_LEVEL, "battery.level"),
            (Quantity::BATTERY_LOW, "battery.low"),
            (Quantity::RADIO_RSSI, "radio.rssi"),
            (Quantity::RADIO_SNR, "radio.snr"),
            (Quantity::DEVICE_TEMPERATURE, "device.temperature"),
            (Quantity::DEVICE_TILT, "device.tilt"),
            (Quantity::DEVICE_TILT_ALARM, "device.tilt_alarm"),
            (Quantity::DEVICE_TAMPER, "device.tamper"),
        ];
        for (constant, name) in constants {
            assert_eq!(Quantity::named(name), Some(constant), "{name}");
        }
        assert_eq!(constants.len(), Vocabulary::built_in().unwrap().quantities.len());
        for (constant, name) in [(Kind::WASTE, "waste"), (Kind::AIR, "air"), (Kind::PARKING, "parking"), (Kind::WATER, "water")] {
            assert_eq!(Kind::named(name), Some(constant));
        }
    }

    #[test]
    fn a_city_adds_rows_and_cannot_replace_any() {
        let mut vocabulary = Vocabulary::built_in().unwrap();
        let soil = r#"
            [[quantity]]
            name = "green.soil_moisture"
            unit = "%"
            senml = "/"
            class = "sample"
            min = 0.0
            max = 100.0
            resolution = 0.1
            label = { fr = "Humidité du sol", ar = "رطوبة التربة", en = "Soil moisture" }
        "#;
        vocabulary.extend(soil).unwrap();
        assert_eq!(vocabulary.extend(soil), Err(VocabularyError::Twice("green.soil_moisture".into())));
    }

    #[test]
    fn every_row_has_a_label_in_every_language() {
        for quantity in Vocabulary::current().quantities() {
            let label = &quantity.row().label;
            assert!(!label.fr.is_empty() && !label.ar.is_empty() && !label.en.is_empty(), "{quantity}");
        }
    }
}
