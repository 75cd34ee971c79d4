//! What several network servers have in common: DevEUIs, times, numbers that may be written as text, gateways.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemas::{DeviceId, Timestamp};
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::instant;
use crate::reject::{Reason, Reject, excerpt};
use crate::uplink::Radio;

/// 16 hexadecimal digits, made lower case; `field` is where they stood.
pub(super) fn dev_eui(text: &str, field: &str) -> Result<DeviceId, Reject> {
    let bad = || Reject::new(Reason::BadName, format!("`{field}` is `{}`, not a DevEUI: 16 hexadecimal digits", excerpt(text)));
    let mut digits: [u8; 16] = text.as_bytes().try_into().map_err(|_| bad())?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(bad());
    }
    digits.make_ascii_lowercase();
    std::str::from_utf8(&digits).ok().and_then(|lower| DeviceId::new(lower).ok()).ok_or_else(bad)
}

/// RFC 3339 with an offset; none where there is no text.
pub(super) fn network_time(text: &str, field: &str) -> Result<Option<Timestamp>, Reject> {
    let time = (!text.is_empty()).then(|| instant::parse(text)).transpose();
    time.map_err(|e| Reject::new(Reason::BadTime, format!("`{field}`: {e}")))
}

/// Milliseconds since the epoch; none where the server says 0 or nothing.
pub(super) fn network_millis(millis: i64, field: &str) -> Result<Option<Timestamp>, Reject> {
    let time = (millis != 0).then(|| Timestamp::from_millis(millis)).transpose();
    time.map_err(|e| Reject::new(Reason::BadTime, format!("`{field}`: {e}")))
}

/// What a codec inside the server made; null is nothing.
pub(super) fn made(object: Option<&RawValue>) -> Option<Cow<'_, RawValue>> {
    object.filter(|raw| raw.get() != "null").map(Cow::Borrowed)
}

/// The payload is not the JSON of `what`.
pub(super) fn not_json(error: &serde_json::Error, what: &str) -> Reject {
    let reason = if error.is_data() { Reason::BadShape } else { Reason::NotJson };
    Reject::new(reason, format!("not {what}: {error}"))
}

/// A number, or one written as text: some servers write all of theirs so. Null and "" are none.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Ok(match Scalar::deserialize(deserializer)? {
        Scalar::Nothing => None,
        Scalar::Number(number) => Some(number),
        #[expect(clippy::cast_precision_loss, reason = "a signal strength or a counter: far below 2^53")]
        Scalar::Whole(number) => Some(number as f64),
        Scalar::Text(text) => Some(text.parse().map_err(|_| unlike(&text, "a number"))?),
    })
}

/// A whole number, or one written as text. Null and "" are 0, as absent is.
pub(super) fn whole<'de, D: Deserializer<'de>, T: TryFrom<i64> + Default>(deserializer: D) -> Result<T, D::Error> {
    let fits = |number: i64| T::try_from(number).map_err(|_| unlike(&number.to_string(), "a whole number in range"));
    match Scalar::deserialize(deserializer)? {
        Scalar::Nothing => Ok(T::default()),
        Scalar::Whole(number) => fits(number),
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53, as just tested")]
        Scalar::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => fits(number as i64),
        Scalar::Number(number) => Err(unlike(&number.to_string(), "a whole number in range")),
        Scalar::Text(text) => fits(text.parse().map_err(|_| unlike(&text, "a whole number in range"))?),
    }
}

fn unlike<E: Error>(found: &str, expected: &str) -> E {
    E::custom(format!("`{}`, expected {expected}", excerpt(found)))
}

/// What may stand for a number.
enum Scalar {
    Nothing,
    Whole(i64),
    Number(f64),
    Text(String),
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Scalar;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a number in text")
            }
            fn visit_unit<E>(self) -> Result<Scalar, E> {
                Ok(Scalar::Nothing)
            }
            fn visit_i64<E>(self, number: i64) -> Result<Scalar, E> {
                Ok(Scalar::Whole(number))
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
                i64::try_from(number).map(Scalar::Whole).map_err(|_| unlike(&number.to_string(), "a number below 2^63"))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Scalar, E> {
                Ok(Scalar::Number(number))
            }
            fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
                let text = text.trim();
                Ok(if text.is_empty() { Scalar::Nothing } else { Scalar::Text(text.to_owned()) })
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A gateway by the names that most servers use.
#[derive(Deserialize)]
pub(super) struct Gateway {
    #[serde(default, deserialize_with = "number")]
    rssi: Option<f64>,
    #[serde(default, alias = "loRaSNR", deserialize_with = "number")]
    snr: Option<f64>,
}

impl From<Gateway> for Radio {
    fn from(g: Gateway) -> Self {
        Radio { rssi: g.rssi, snr: g.snr }
    }
}

/// The strongest gateway of a JSON list of `G`; no list is built. Null and absent are no gateway.
pub(super) struct Strongest<G>(Option<Radio>, PhantomData<G>);

impl<G> Strongest<G> {
    pub(super) fn radio(&self) -> Radio {
        self.0.unwrap_or_default()
    }
}

impl<G> Default for Strongest<G> {
    fn default() -> Self {
        Self(None, PhantomData)
    }
}

impl<'de, G: Deserialize<'de> + Into<Radio>> Deserialize<'de> for Strongest<G> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self::default())
    }
}

impl<'de, G: Deserialize<'de> + Into<Radio>> Visitor<'de> for Strongest<G> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of gateways")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self, A::Error> {
        while let Some(gateway) = list.next_element::<G>()? {
            let radio = gateway.into();
            if self.0.is_none_or(|best| radio.rssi > best.rssi) {
                self.0 = Some(radio);
            }
        }
        Ok(self)
    }
}
