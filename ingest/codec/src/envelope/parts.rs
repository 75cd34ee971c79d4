//! What several network servers have in common: DevEUIs, times, numbers that may be written as text, gateways.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use schemas::{DeviceId, Timestamp};
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::instant;
use crate::normalise::READINGS_LIMIT;
use crate::reject::{Reason, Reject, excerpt};
use crate::uplink::{Frame, Gateways, Radio};

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

/// ChirpStack v3 writes the eight bytes as base64, unless it is told to write hexadecimal.
pub(super) fn hexadecimal(eui: &str) -> Cow<'_, str> {
    match Frame::from_base64(eui, "EUI") {
        Ok(frame) if frame.bytes().len() == 8 => frame.bytes().iter().map(|b| format!("{b:02x}")).collect(),
        _ => Cow::Borrowed(eui),
    }
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

/// The beginning of a list: at most one element more than a message may hold readings, so that it can be told that there
/// are too many; the rest is passed over without being built.
pub(super) struct Bounded<T>(Vec<T>);

impl<T> Bounded<T> {
    /// # Errors
    /// There are more than the limit; `what` they are.
    pub(super) fn all(self, what: &str) -> Result<Vec<T>, Reject> {
        if self.0.len() > READINGS_LIMIT {
            return Err(Reject::new(Reason::TooMany, format!("the message holds more than {READINGS_LIMIT} {what}")));
        }
        Ok(self.0)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Bounded<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
            type Value = Bounded<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Bounded<T>, A::Error> {
                let mut first = Vec::new();
                while first.len() <= READINGS_LIMIT {
                    let Some(element) = list.next_element()? else { return Ok(Bounded(first)) };
                    first.push(element);
                }
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Bounded(first))
            }
        }
        deserializer.deserialize_seq(List(PhantomData))
    }
}

/// Whether a payload is a JSON list.
pub(super) fn is_list(payload: &[u8]) -> bool {
    payload.trim_ascii_start().starts_with(b"[")
}

/// What stands there, which is a name if it is a text without escapes.
pub(super) type Named<'m> = Option<&'m RawValue>;

/// The name.
pub(super) fn name(raw: Named<'_>) -> Option<&str> {
    raw?.get().strip_prefix('"')?.strip_suffix('"').filter(|text| !text.is_empty())
}

/// Who heard, and how well.
pub(super) trait Listener {
    /// How well.
    fn radio(&self) -> Radio;
    /// The gateway's own name.
    fn name(&self) -> Option<&str>;
}

/// A gateway by the names that most servers use.
#[derive(Deserialize)]
pub(super) struct Gateway<'m> {
    /// ChirpStack 4; the next are version 3, LORIOT and Milesight.
    #[serde(borrow, default, rename = "gatewayId")]
    gateway_id: Named<'m>,
    #[serde(borrow, default, rename = "gatewayID")]
    gateway_id_3: Named<'m>,
    #[serde(borrow, default)]
    gweui: Named<'m>,
    #[serde(borrow, default)]
    mac: Named<'m>,
    /// The Things Stack.
    #[serde(borrow, default)]
    gateway_ids: Option<Ids<'m>>,
    #[serde(default, deserialize_with = "number")]
    rssi: Option<f64>,
    #[serde(default, alias = "loRaSNR", deserialize_with = "number")]
    snr: Option<f64>,
}

/// As The Things Stack names a gateway.
#[derive(Deserialize)]
struct Ids<'m> {
    #[serde(borrow, default)]
    eui: Named<'m>,
    #[serde(borrow, default)]
    gateway_id: Named<'m>,
}

impl Listener for Gateway<'_> {
    fn radio(&self) -> Radio {
        Radio { rssi: self.rssi, snr: self.snr }
    }

    fn name(&self) -> Option<&str> {
        let own = [self.gateway_id, self.gateway_id_3, self.gweui, self.mac].into_iter().find_map(name);
        own.or_else(|| self.gateway_ids.as_ref().and_then(|ids| name(ids.eui).or_else(|| name(ids.gateway_id))))
    }
}

/// The strongest gateway of a JSON list of `G`, and the names of all; no list is built. Null and absent are no gateway.
pub(super) struct Strongest<G>(Option<Radio>, Gateways, PhantomData<G>);

impl<G> Strongest<G> {
    pub(super) fn radio(&self) -> Radio {
        self.0.unwrap_or_default()
    }

    pub(super) fn gateways(&self) -> Gateways {
        self.1.clone()
    }
}

impl<G> Default for Strongest<G> {
    fn default() -> Self {
        Self(None, Gateways::default(), PhantomData)
    }
}

impl<'de, G: Deserialize<'de> + Listener> Deserialize<'de> for Strongest<G> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self::default())
    }
}

impl<'de, G: Deserialize<'de> + Listener> Visitor<'de> for Strongest<G> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of gateways")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self, A::Error> {
        while let Some(gateway) = list.next_element::<G>()? {
            let radio = gateway.radio();
            self.1.add(gateway.name());
            if self.0.is_none_or(|best| radio.rssi > best.rssi) {
                self.0 = Some(radio);
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "whole")]
        port: u8,
        #[serde(default, deserialize_with = "number")]
        rssi: Option<f64>,
    }

    #[test]
    fn a_number_may_be_written_as_text_and_nothing_is_zero() {
        let row = |json: &str| serde_json::from_str::<Row>(json).map(|row| (row.port, row.rssi)).ok();
        let cases = [
            (r#"{"port":2,"rssi":-104}"#, Some((2, Some(-104.0)))),
            (r#"{"port":"2","rssi":"-104.5"}"#, Some((2, Some(-104.5)))),
            (r#"{"port":2.0,"rssi":1.5}"#, Some((2, Some(1.5)))),
            (r#"{"port":null,"rssi":null}"#, Some((0, None))),
            (r#"{"port":"","rssi":" "}"#, Some((0, None))),
            ("{}", Some((0, None))),
            (r#"{"port":2.5}"#, None),
            (r#"{"port":256}"#, None),
            (r#"{"port":-1}"#, None),
            (r#"{"port":18446744073709551615}"#, None),
            (r#"{"port":1e300}"#, None),
            (r#"{"port":"two"}"#, None),
            (r#"{"port":true}"#, None),
            (r#"{"rssi":{}}"#, None),
        ];
        for (json, expected) in cases {
            assert_eq!(row(json), expected, "{json}");
        }
    }

    #[test]
    fn gateways_have_the_names_that_servers_give_them_and_many_have_none() {
        let names = |json: &str| {
            let read = serde_json::from_str::<Strongest<Gateway<'_>>>(json).unwrap().gateways();
            read.names().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        let cases = [
            (r#"[{"gatewayId":"0016c001f153a14c","rssi":-36}]"#, "0016c001f153a14c"),
            (r#"[{"gatewayID":"AA555A0000000101"},{"gatewayID":"aa555a0000000101"}]"#, "aa555a0000000101"),
            (r#"[{"gateway_ids":{"gateway_id":"eui-6a","eui":"6A7E111A10000000"}}]"#, "6a7e111a10000000"),
            (r#"[{"gateway_ids":{"gateway_id":"roof"}},{"gweui":"7076ff0056050066"}]"#, "roof 7076ff0056050066"),
            (r#"[{"mac":"24e124fffef54093","gatewayId":7}]"#, "24e124fffef54093"),
            (r#"[{"gatewayId":"a"},{"rssi":-36}]"#, ""),
            (r#"[{"gatewayId":"a"},{"gatewayId":"b"},{"gatewayId":"c"},{"gatewayId":"d"},{"gatewayId":"e"}]"#, ""),
            (r#"[{"gatewayId":"not a name"}]"#, ""),
            ("[]", ""),
            ("null", ""),
        ];
        for (json, expected) in cases {
            assert_eq!(names(json), expected, "{json}");
        }
    }

    #[test]
    fn the_strongest_gateway_is_told_whatever_their_order() {
        let radio = |json: &str| serde_json::from_str::<Strongest<Gateway<'_>>>(json).unwrap().radio();
        let best = Radio { rssi: Some(-36.0), snr: Some(10.5) };
        assert_eq!(radio(r#"[{"rssi":-100},{"rssi":-36,"snr":10.5},{"snr":1}]"#), best);
        assert_eq!(radio(r#"[{"snr":1},{"rssi":"-36","loRaSNR":"10.5"},{"rssi":-100}]"#), best);
        assert_eq!((radio("[]"), radio("null")), (Radio::default(), Radio::default()));
    }
}
