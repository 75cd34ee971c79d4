//! Records of SenML, by their labels in JSON (RFC 8428 section 5) and CBOR (section 6): one reader for both.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::envelope::parts::{Bounded, not_json};
use crate::reject::{Reason, Reject, excerpt};

/// How deep CBOR may be: a pack, a record, a decimal fraction, and something unknown in it.
const DEPTH: usize = 16;

/// One record; every field may be missing.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) base_name: Option<String>,
    pub(super) base_time: Option<f64>,
    pub(super) base_unit: Option<String>,
    pub(super) base_value: Option<f64>,
    pub(super) base_sum: Option<f64>,
    pub(super) version: Option<u64>,
    pub(super) name: Option<String>,
    pub(super) unit: Option<String>,
    pub(super) value: Option<Scalar>,
    pub(super) sum: Option<f64>,
    pub(super) time: Option<f64>,
}

/// What a record says.
#[derive(Debug)]
pub(super) enum Scalar {
    Number(f64),
    Flag(bool),
    Text(String),
    /// Bytes, which are not read.
    Data,
}

/// Records of a payload: JSON where it begins with `[`, else CBOR.
///
/// # Errors
/// Neither; records of another shape, or with a label that must be understood and is not; too many.
pub(super) fn read(payload: &[u8]) -> Result<Vec<Record>, Reject> {
    let records: Bounded<Record> = if payload.trim_ascii_start().first().is_some_and(|first| matches!(first, b'[' | b'{')) {
        serde_json::from_slice(payload).map_err(|e| not_json(&e, "a SenML pack"))?
    } else {
        // Bytes that only say "what follows is CBOR" (RFC 8949 section 3.4.6).
        let mut rest = payload.strip_prefix(&[0xd9, 0xd9, 0xf7]).unwrap_or(payload);
        let pack = ciborium::de::from_reader_with_recursion_limit(&mut rest, DEPTH).map_err(|e| not_cbor(&e))?;
        if !rest.is_empty() {
            return Err(Reject::new(Reason::BadBytes, format!("{} bytes follow the SenML pack", rest.len())));
        }
        pack
    };
    records.all("records")
}

fn not_cbor(error: &ciborium::de::Error<std::io::Error>) -> Reject {
    use ciborium::de::Error as Cbor;
    match error {
        Cbor::Semantic(_, text) => Reject::new(Reason::BadShape, format!("not a SenML pack: {text}")),
        Cbor::Syntax(at) => Reject::new(Reason::BadBytes, format!("the payload is neither JSON nor CBOR: byte {at}")),
        Cbor::Io(_) => Reject::new(Reason::BadBytes, "the payload is CBOR that ends too early"),
        Cbor::RecursionLimitExceeded => Reject::new(Reason::BadShape, format!("the CBOR is more than {DEPTH} deep")),
    }
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Record;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a SenML record")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
                let mut record = Record::default();
                while let Some(Label(label)) = map.next_key()? {
                    match &*label {
                        "bn" => once(&mut record.base_name, &label, map.next_value()?)?,
                        "bt" => once(&mut record.base_time, &label, map.next_value::<Number>()?.0)?,
                        "bu" => once(&mut record.base_unit, &label, map.next_value()?)?,
                        "bv" => once(&mut record.base_value, &label, map.next_value::<Number>()?.0)?,
                        "bs" => once(&mut record.base_sum, &label, map.next_value::<Number>()?.0)?,
                        "bver" => once(&mut record.version, &label, map.next_value()?)?,
                        "n" => once(&mut record.name, &label, map.next_value()?)?,
                        "u" => once(&mut record.unit, &label, map.next_value()?)?,
                        "v" => once(&mut record.value, &label, Scalar::Number(map.next_value::<Number>()?.0))?,
                        "vs" => once(&mut record.value, &label, Scalar::Text(map.next_value()?))?,
                        "vb" => once(&mut record.value, &label, Scalar::Flag(map.next_value()?))?,
                        "vd" => {
                            map.next_value::<IgnoredAny>()?;
                            once(&mut record.value, &label, Scalar::Data)?;
                        }
                        "s" => once(&mut record.sum, &label, map.next_value::<Number>()?.0)?,
                        "t" => once(&mut record.time, &label, map.next_value::<Number>()?.0)?,
                        // RFC 8428 section 4.4: whoever does not know such a label must not read the pack.
                        label if label.ends_with('_') => {
                            return Err(A::Error::custom(format!("`{}` must be understood and is not", excerpt(label))));
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(record)
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

fn once<T, E: Error>(place: &mut Option<T>, label: &str, value: T) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom(format!("`{label}` is a second value of the record"))),
    }
}

/// A label: its name in JSON, its number in CBOR.
struct Label<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Label<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Label<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a label")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Label<'de>, E> {
                Ok(Label(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Label<'de>, E> {
                Ok(Label(Cow::Owned(text.to_owned())))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Label<'de>, E> {
                self.visit_i64(i64::try_from(number).unwrap_or(i64::MAX))
            }
            /// RFC 8428 section 6. Numbers that it does not know are labels without an underscore.
            fn visit_i64<E: Error>(self, number: i64) -> Result<Label<'de>, E> {
                Ok(Label(Cow::Borrowed(match number {
                    -1 => "bver",
                    -2 => "bn",
                    -3 => "bt",
                    -4 => "bu",
                    -5 => "bv",
                    -6 => "bs",
                    0 => "n",
                    1 => "u",
                    2 => "v",
                    3 => "vs",
                    4 => "vb",
                    5 => "s",
                    6 => "t",
                    7 => "ut",
                    8 => "vd",
                    _ => "",
                })))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

/// A number; in CBOR also a decimal fraction, [exponent, mantissa] (RFC 8949 section 3.4.4).
struct Number(f64);

/// The tag of a decimal fraction.
const FRACTION: u64 = 4;

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return f64::deserialize(deserializer).map(Number);
        }
        let value = ciborium::Value::deserialize(deserializer)?;
        let whole = |value: &ciborium::Value| value.as_integer().and_then(|whole| i64::try_from(whole).ok());
        let number = match &value {
            ciborium::Value::Float(number) => Some(*number),
            #[expect(clippy::cast_precision_loss, reason = "the nearest double is what JSON would give too")]
            ciborium::Value::Integer(_) => whole(&value).map(|number| number as f64),
            ciborium::Value::Tag(FRACTION, inner) => match inner.as_array().map(Vec::as_slice) {
                // Through text, so that the double is the nearest one.
                Some([exponent, mantissa]) => whole(exponent)
                    .zip(whole(mantissa))
                    .and_then(|(exponent, mantissa)| format!("{mantissa}e{exponent}").parse().ok()),
                _ => None,
            },
            _ => None,
        };
        number.map(Number).ok_or_else(|| D::Error::custom("expected a number"))
    }
}
