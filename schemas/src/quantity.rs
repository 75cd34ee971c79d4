//! What is measured and what a device is for, as indices into the vocabulary.
//!
//! A [`Quantity`] and a [`Kind`] are indices into the [`Vocabulary`] of the running program: two and one
//! bytes on the hot path. Indices never leave the program; on disk and wire stand names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{QuantityRow, Texts, Vocabulary};

/// A name that no row of the vocabulary has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not in the vocabulary")]
pub struct UnknownWord(String);

/// What is measured: an index into the vocabulary.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(pub(crate) u16);

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
    /// `air.wind_speed`, `m/s`.
    pub const AIR_WIND_SPEED: Quantity = Quantity(59);
    /// `air.wind_direction`, `deg`: where the wind comes from.
    pub const AIR_WIND_DIRECTION: Quantity = Quantity(60);
    /// `device.latitude`, `deg`.
    pub const DEVICE_LATITUDE: Quantity = Quantity(78);
    /// `device.longitude`, `deg`.
    pub const DEVICE_LONGITUDE: Quantity = Quantity(79);
    /// `gateway.online`, `1`.
    pub const GATEWAY_ONLINE: Quantity = Quantity(80);
    /// `gateway.heard`, `1`.
    pub const GATEWAY_HEARD: Quantity = Quantity(81);
    /// `gateway.frames`, `1`.
    pub const GATEWAY_FRAMES: Quantity = Quantity(82);
    /// `collector.up`, `1`.
    pub const COLLECTOR_UP: Quantity = Quantity(83);
    /// `device.joined`, `1`.
    pub const DEVICE_JOINED: Quantity = Quantity(84);

    /// The row of the vocabulary.
    #[must_use]
    pub fn row(self) -> &'static QuantityRow {
        Vocabulary::current().row(self)
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
        Vocabulary::current().quantity(name)
    }
}

/// What a device is for: an index into the vocabulary.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kind(pub(crate) u8);

impl Kind {
    /// Waste containers.
    pub const WASTE: Kind = Kind(0);
    /// Air-quality monitors.
    pub const AIR: Kind = Kind(1);
    /// Parking detectors.
    pub const PARKING: Kind = Kind(2);
    /// Water meters.
    pub const WATER: Kind = Kind(3);
    /// What brings the others' messages: gateways, and the collectors of this program.
    pub const NETWORK: Kind = Kind(4);

    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        &Vocabulary::current().kind_row(self).name
    }

    /// For people.
    #[must_use]
    pub fn label(self) -> &'static Texts {
        &Vocabulary::current().kind_row(self).label
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Kind> {
        Vocabulary::current().kind(name)
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
            type Err = UnknownWord;
            fn from_str(name: &str) -> Result<Self, UnknownWord> {
                Self::named(name).ok_or_else(|| UnknownWord(name.chars().take(64).collect()))
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
            (Quantity::AIR_WIND_SPEED, "air.wind_speed"),
            (Quantity::AIR_WIND_DIRECTION, "air.wind_direction"),
            (Quantity::DEVICE_LATITUDE, "device.latitude"),
            (Quantity::DEVICE_LONGITUDE, "device.longitude"),
            (Quantity::GATEWAY_ONLINE, "gateway.online"),
            (Quantity::GATEWAY_HEARD, "gateway.heard"),
            (Quantity::GATEWAY_FRAMES, "gateway.frames"),
            (Quantity::COLLECTOR_UP, "collector.up"),
            (Quantity::DEVICE_JOINED, "device.joined"),
        ];
        for (constant, name) in constants {
            assert_eq!(Quantity::named(name), Some(constant), "{name}");
        }
        for (constant, name) in [
            (Kind::WASTE, "waste"),
            (Kind::AIR, "air"),
            (Kind::PARKING, "parking"),
            (Kind::WATER, "water"),
            (Kind::NETWORK, "network"),
        ] {
            assert_eq!(Kind::named(name), Some(constant));
        }
    }
}
