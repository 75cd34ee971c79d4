//! The payload of Sparkplug B (Eclipse Sparkplug 3.0.0, chapter 6), as far as it is read: unknown fields are passed over.
//! Deliberately absent: data sets, templates, files, arrays, and compressed payloads.

use serde_json::Value;

use crate::reject::{Reason, Reject, excerpt};

/// What stands as the UUID of a payload that holds another one, compressed.
const COMPRESSED: &str = "SPBV1.0_COMPRESSED";

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Payload {
    /// Milliseconds since the epoch, when it was sent.
    #[prost(uint64, optional, tag = "1")]
    pub(super) timestamp: Option<u64>,
    #[prost(message, repeated, tag = "2")]
    pub(super) metrics: Vec<Metric>,
    #[prost(string, optional, tag = "4")]
    uuid: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Metric {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(uint64, optional, tag = "2")]
    pub(super) alias: Option<u64>,
    /// Milliseconds since the epoch, when it was so.
    #[prost(uint64, optional, tag = "3")]
    pub(super) timestamp: Option<u64>,
    #[prost(uint32, optional, tag = "4")]
    pub(super) datatype: Option<u32>,
    #[prost(bool, optional, tag = "6")]
    pub(super) is_transient: Option<bool>,
    #[prost(bool, optional, tag = "7")]
    pub(super) is_null: Option<bool>,
    #[prost(message, optional, tag = "9")]
    pub(super) properties: Option<Properties>,
    #[prost(oneof = "Stored", tags = "10, 11, 12, 13, 14, 15")]
    pub(super) value: Option<Stored>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(super) enum Stored {
    #[prost(uint32, tag = "10")]
    Int(u32),
    #[prost(uint64, tag = "11")]
    Long(u64),
    #[prost(float, tag = "12")]
    Float(f32),
    #[prost(double, tag = "13")]
    Double(f64),
    #[prost(bool, tag = "14")]
    Boolean(bool),
    #[prost(string, tag = "15")]
    Text(String),
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Properties {
    #[prost(string, repeated, tag = "1")]
    pub(super) keys: Vec<String>,
    #[prost(message, repeated, tag = "2")]
    pub(super) values: Vec<Property>,
}

#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Property {
    #[prost(string, optional, tag = "8")]
    pub(super) text: Option<String>,
}

impl Payload {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Reject> {
        let payload: Self = prost::Message::decode(bytes)
            .map_err(|e| Reject::new(Reason::BadBytes, format!("the payload is not a Sparkplug B payload: {e}")))?;
        if payload.uuid.as_deref() == Some(COMPRESSED) {
            return Err(Reject::new(Reason::BadBytes, "the payload is compressed, expected a plain one: switch compression off"));
        }
        Ok(payload)
    }
}

impl Metric {
    /// In which unit, if a property says so (Ignition and others: `engUnit`).
    pub(super) fn unit(&self) -> Option<&str> {
        let properties = self.properties.as_ref()?;
        let at = properties.keys.iter().position(|key| key.eq_ignore_ascii_case("engUnit"))?;
        properties.values.get(at)?.text.as_deref().map(str::trim).filter(|unit| !unit.is_empty())
    }

    /// The value by its data type; none for one that is not read. A signed number stands in an unsigned field, as its two's
    /// complement.
    pub(super) fn value(&self, datatype: u32) -> Result<Option<Value>, Reject> {
        if self.is_null == Some(true) {
            return Ok(Some(Value::Null));
        }
        let Some(stored) = &self.value else { return Ok(None) };
        let signed = |bits: u32, raw: u64| {
            let unused = 64 - bits;
            Value::from((raw << unused).cast_signed() >> unused)
        };
        Ok(Some(match (datatype, stored) {
            (INT8, Stored::Int(raw)) => signed(8, u64::from(*raw)),
            (INT16, Stored::Int(raw)) => signed(16, u64::from(*raw)),
            (INT32, Stored::Int(raw)) => signed(32, u64::from(*raw)),
            // Some writers put the smaller ones into the wider field.
            (INT8 | INT16 | INT32 | INT64, Stored::Long(raw)) => signed(64, *raw),
            (UINT8..=UINT64 | DATE_TIME, Stored::Int(raw)) => Value::from(*raw),
            (UINT8..=UINT64 | DATE_TIME, Stored::Long(raw)) => Value::from(*raw),
            // Through text: 21.7 stays 21.7 and is not 21.700000762939453.
            (FLOAT | DOUBLE, Stored::Float(number)) => finite(number.to_string().parse().unwrap_or(f64::NAN))?,
            (FLOAT | DOUBLE, Stored::Double(number)) => finite(*number)?,
            (BOOLEAN, Stored::Boolean(flag)) => Value::from(*flag),
            (STRING | TEXT | UUID, Stored::Text(text)) => Value::from(text.as_str()),
            (DATA_SET.., _) => return Ok(None),
            (datatype, _) => {
                let name = excerpt(self.name.as_deref().unwrap_or_default());
                let text = format!("metric `{name}` is of data type {datatype} and its value stands in a field of another");
                return Err(Reject::new(Reason::BadShape, text));
            }
        }))
    }
}

fn finite(number: f64) -> Result<Value, Reject> {
    // JSON has no other numbers.
    serde_json::Number::from_f64(number)
        .map(Value::Number)
        .ok_or_else(|| Reject::new(Reason::NotFinite, "a metric is not a finite number"))
}

const INT8: u32 = 1;
const INT16: u32 = 2;
const INT32: u32 = 3;
const INT64: u32 = 4;
const UINT8: u32 = 5;
const UINT64: u32 = 8;
const FLOAT: u32 = 9;
const DOUBLE: u32 = 10;
const BOOLEAN: u32 = 11;
const STRING: u32 = 12;
const DATE_TIME: u32 = 13;
const TEXT: u32 = 14;
const UUID: u32 = 15;
/// From here on: data set, bytes, file, template, property sets, arrays.
const DATA_SET: u32 = 16;
