//! Cayenne LPP: `channel type value` over and over, big endian. The type is the IPSO object number less
//! 3200. Types 0 to 136 of the table are those of myDevices' own library; the others are the extensions
//! that the common Arduino and Python libraries agree upon.
//!
//! The items become the object that The Things Stack makes of the same bytes (`temperature_3`,
//! `relative_humidity_4`, `gps_1`), so that a profile addresses them alike whoever decoded them.
//!
//! Deliberately absent: which quantity an item is (the profile says), and the packings of the gateway
//! direction and of LPP 2 over ports 2 to 13.

use serde_json::{Map, Number, Value};

/// Bytes of the longest LoRaWAN application payload, with room.
pub const LIMIT: usize = 256;

/// One value of one channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Item {
    /// The device's own number of the sensor.
    pub channel: u8,
    /// What it is.
    pub kind: &'static Kind,
    values: [f64; 3],
}

impl Item {
    /// The value, or the values of the axes, in the kind's unit; for a position latitude and longitude in
    /// degrees, then metres.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        self.values.get(..self.kind.parts.len()).unwrap_or(&self.values)
    }

    /// Its name in the decoded object: `temperature_3`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}_{}", self.kind.name, self.channel)
    }

    /// Its value in the decoded object: a number, or an object of numbers.
    fn json(&self) -> Value {
        let number = |value: &f64| Number::from_f64(*value).map_or(Value::Null, Value::Number);
        let parts = self.kind.parts.iter().zip(self.values());
        match self.kind.parts {
            [only] if only.name.is_empty() => self.values().first().map_or(Value::Null, number),
            _ => Value::Object(parts.map(|(part, value)| (part.name.to_owned(), number(value))).collect()),
        }
    }
}

/// A row of the table: one data type.
#[derive(Debug, PartialEq)]
pub struct Kind {
    /// IPSO object number less 3200.
    pub code: u8,
    /// As The Things Stack names it, where it knows it.
    pub name: &'static str,
    /// UCUM; of the first part.
    pub unit: &'static str,
    parts: &'static [Part],
}

/// A number in an item's bytes: `raw / divide`.
#[derive(Debug, PartialEq)]
struct Part {
    name: &'static str,
    width: usize,
    signed: bool,
    divide: f64,
}

const fn part(name: &'static str, width: usize, signed: bool, divide: f64) -> Part {
    Part { name, width, signed, divide }
}

const fn kind(code: u8, name: &'static str, unit: &'static str, parts: &'static [Part]) -> Kind {
    Kind { code, name, unit, parts }
}

/// Every type that is read, by code.
pub static KINDS: &[Kind] = &[
    kind(0, "digital_in", "1", &[part("", 1, false, 1.0)]),
    kind(1, "digital_out", "1", &[part("", 1, false, 1.0)]),
    kind(2, "analog_in", "1", &[part("", 2, true, 100.0)]),
    kind(3, "analog_out", "1", &[part("", 2, true, 100.0)]),
    kind(100, "generic", "1", &[part("", 4, false, 1.0)]),
    kind(101, "luminosity", "lx", &[part("", 2, false, 1.0)]),
    kind(102, "presence", "1", &[part("", 1, false, 1.0)]),
    kind(103, "temperature", "Cel", &[part("", 2, true, 10.0)]),
    kind(104, "relative_humidity", "%", &[part("", 1, false, 2.0)]),
    kind(113, "accelerometer", "[g]", &[part("x", 2, true, 1000.0), part("y", 2, true, 1000.0), part("z", 2, true, 1000.0)]),
    kind(115, "barometric_pressure", "hPa", &[part("", 2, false, 10.0)]),
    kind(116, "voltage", "V", &[part("", 2, false, 100.0)]),
    kind(117, "current", "A", &[part("", 2, false, 1000.0)]),
    kind(118, "frequency", "Hz", &[part("", 4, false, 1.0)]),
    kind(120, "percentage", "%", &[part("", 1, false, 1.0)]),
    kind(121, "altitude", "m", &[part("", 2, true, 1.0)]),
    kind(122, "load", "kg", &[part("", 3, true, 1000.0)]),
    kind(125, "concentration", "[ppm]", &[part("", 2, false, 1.0)]),
    kind(128, "power", "W", &[part("", 2, false, 1.0)]),
    kind(130, "distance", "m", &[part("", 4, false, 1000.0)]),
    kind(131, "energy", "kW.h", &[part("", 4, false, 1000.0)]),
    kind(132, "direction", "deg", &[part("", 2, false, 1.0)]),
    kind(133, "time", "s", &[part("", 4, false, 1.0)]),
    kind(134, "gyrometer", "deg/s", &[part("x", 2, true, 100.0), part("y", 2, true, 100.0), part("z", 2, true, 100.0)]),
    kind(135, "colour", "1", &[part("red", 1, false, 1.0), part("green", 1, false, 1.0), part("blue", 1, false, 1.0)]),
    kind(
        136,
        "gps",
        "deg",
        &[part("latitude", 3, true, 10_000.0), part("longitude", 3, true, 10_000.0), part("altitude", 3, true, 100.0)],
    ),
    kind(142, "switch", "1", &[part("", 1, false, 1.0)]),
];

/// Why bytes are not Cayenne LPP.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CayenneError {
    /// Longer than a payload can be.
    #[error("{0} bytes, a payload has at most {LIMIT}")]
    TooLong(usize),
    /// A type that is not in the table: its length, and so what follows, is not known.
    #[error("the type {code} of channel {channel} at byte {at} is not known")]
    UnknownType {
        /// Where the item begins.
        at: usize,
        /// The device's own number of the sensor.
        channel: u8,
        /// The type.
        code: u8,
    },
    /// The payload ends inside an item.
    #[error("the item at byte {at} needs {need} bytes, {have} are there")]
    Short {
        /// Where the item begins.
        at: usize,
        /// Bytes of the item.
        need: usize,
        /// Bytes left.
        have: usize,
    },
}

/// Reads the items of a payload, in their order.
///
/// # Errors
/// The first item that does not fit; nothing is then given, since bytes that are not this format may
/// well begin like it.
pub fn decode(payload: &[u8]) -> Result<Vec<Item>, CayenneError> {
    if payload.len() > LIMIT {
        return Err(CayenneError::TooLong(payload.len()));
    }
    let (mut items, mut rest) = (Vec::new(), payload);
    while !rest.is_empty() {
        let at = payload.len() - rest.len();
        let [channel, code, data @ ..] = rest else {
            return Err(CayenneError::Short { at, need: 2, have: rest.len() });
        };
        let kind = KINDS.iter().find(|kind| kind.code == *code).ok_or(CayenneError::UnknownType {
            at,
            channel: *channel,
            code: *code,
        })?;
        let mut item = Item { channel: *channel, kind, values: [0.0; 3] };
        rest = data;
        for (part, value) in kind.parts.iter().zip(&mut item.values) {
            let short = || CayenneError::Short { at, need: 2 + kind.len(), have: payload.len() - at };
            let (bytes, behind) = rest.split_at_checked(part.width).ok_or_else(short)?;
            *value = part.value(bytes);
            rest = behind;
        }
        items.push(item);
    }
    Ok(items)
}

/// The items as one object: `{"temperature_3": 27.2, "gps_1": {"latitude": ..}}`. The last one wins where
/// a channel says the same twice.
#[must_use]
pub fn object(items: &[Item]) -> Value {
    Value::Object(items.iter().map(|item| (item.name(), item.json())).collect::<Map<_, _>>())
}

impl Kind {
    /// Bytes of its data.
    fn len(&self) -> usize {
        self.parts.iter().map(|part| part.width).sum()
    }
}

impl Part {
    #[expect(clippy::cast_precision_loss, reason = "at most 32 bits")]
    fn value(&self, bytes: &[u8]) -> f64 {
        let raw = bytes.iter().fold(0_i64, |all, byte| all << 8 | i64::from(*byte));
        let negative = self.signed && bytes.first().is_some_and(|byte| byte & 0x80 != 0);
        let raw = if negative { raw - (1 << (8 * bytes.len())) } else { raw };
        raw as f64 / self.divide
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn items_are_named_as_the_things_stack_names_them() {
        let payload = [
            &[0x03, 103, 0x01, 0x10][..],
            &[0x05, 103, 0xff, 0xd7],
            &[0x04, 104, 0x7b],
            &[0x05, 115, 0x27, 0x0b],
            &[0x02, 2, 0xff, 0x38],
            &[0x01, 0, 0x01],
        ]
        .concat();
        let expected = json!({
            "temperature_3": 27.2, "temperature_5": -4.1, "relative_humidity_4": 61.5,
            "barometric_pressure_5": 999.5, "analog_in_2": -2.0, "digital_in_1": 1.0,
        });
        assert_eq!(object(&decode(&payload).unwrap()), expected);
    }

    #[test]
    fn axes_and_positions_are_objects() {
        let payload = [
            &[0x06, 113, 0x04, 0xd2, 0xfb, 0x2e, 0x00, 0x00][..],
            &[0x01, 136, 0x05, 0x1f, 0x8c, 0xfe, 0xd7, 0xa8, 0x00, 0x03, 0xe8],
        ]
        .concat();
        let expected = json!({
            "accelerometer_6": { "x": 1.234, "y": -1.234, "z": 0.0 },
            "gps_1": { "latitude": 33.5756, "longitude": -7.5864, "altitude": 10.0 },
        });
        assert_eq!(object(&decode(&payload).unwrap()), expected);
    }

    #[test]
    fn the_common_extensions_are_read() {
        let payload = [
            &[1, 116, 0x01, 0x6d][..],
            &[2, 120, 92],
            &[3, 125, 0x01, 0xf4],
            &[4, 130, 0x00, 0x00, 0x08, 0x44],
            &[5, 133, 0x6a, 0x98, 0xac, 0xae],
            &[6, 142, 1],
        ]
        .concat();
        let items = decode(&payload).unwrap();
        let read: Vec<_> = items.iter().map(|item| (item.name(), item.values()[0], item.kind.unit)).collect();
        let expected = [
            ("voltage_1", 3.65, "V"),
            ("percentage_2", 92.0, "%"),
            ("concentration_3", 500.0, "[ppm]"),
            ("distance_4", 2.116, "m"),
            ("time_5", 1_788_390_574.0, "s"),
            ("switch_6", 1.0, "1"),
        ];
        assert_eq!(read, expected.map(|(name, value, unit)| (name.to_owned(), value, unit)));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_place() {
        let refused = |bytes: &[u8]| decode(bytes).unwrap_err().to_string();
        assert_eq!(refused(&[3, 103, 1, 0x10, 4, 99, 0]), "the type 99 of channel 4 at byte 4 is not known");
        assert_eq!(refused(&[3, 103, 1]), "the item at byte 0 needs 4 bytes, 3 are there");
        assert_eq!(refused(&[3]), "the item at byte 0 needs 2 bytes, 1 are there");
        assert_eq!(refused(&[0; 258]), "258 bytes, a payload has at most 256");
        assert_eq!(decode(&[]), Ok(Vec::new()));
    }

    #[test]
    fn the_table_is_in_order_without_doubles_and_fits_an_item() {
        assert!(KINDS.is_sorted_by(|a, b| a.code < b.code));
        assert!(KINDS.iter().all(|kind| (1..=3).contains(&kind.parts.len())));
    }

    proptest! {
        #[test]
        fn any_bytes_are_items_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(items) = decode(&bytes) {
                prop_assert!(items.iter().flat_map(Item::values).all(|value| value.is_finite()));
            }
        }

        #[test]
        fn a_raw_value_of_any_kind_comes_back(index in 0..KINDS.len(), channel: u8, raw: [i32; 3]) {
            let kind = &KINDS[index];
            let (mut payload, mut expected) = (vec![channel, kind.code], Vec::new());
            for (part, raw) in kind.parts.iter().zip(raw) {
                let unused = 64 - 8 * part.width;
                let raw = i64::from(raw) << unused;
                let raw = if part.signed { raw >> unused } else { (raw.cast_unsigned() >> unused).cast_signed() };
                payload.extend(&raw.to_be_bytes()[8 - part.width..]);
                expected.push(raw as f64 / part.divide);
            }
            let items = decode(&payload).unwrap();
            prop_assert_eq!(items[0].channel, channel);
            prop_assert_eq!(items[0].values(), expected);
        }
    }
}
