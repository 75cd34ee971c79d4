//! Marsad's own JSON, version 1: `docs/reference/payload.md` is its documentation.
//!
//! Read in one pass straight into readings: no tree, and no allocation but for a string with escapes.

use std::borrow::Cow;
use std::fmt;

use schemas::{Firmware, Quality, Timestamp};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::forbidden;
use crate::instant;
use crate::normalise::Sink;
use crate::quantity_name::QuantityName;
use crate::reject::{Reason, Reject, excerpt};
use crate::units;

/// The version of the payload that this program reads and writes.
pub const VERSION: u64 = 1;

/// Reads a payload; gives the message's sequence number, if it has one.
pub(crate) fn decode(payload: &[u8], sink: &mut Sink<'_>) -> Result<Option<u64>, Reject> {
    let mut pass = Pass { sink, reject: None, seq: None };
    let mut json = serde_json::Deserializer::from_slice(payload);
    let read = Top(&mut pass).deserialize(&mut json).and_then(|()| json.end());
    let Pass { reject, seq, .. } = pass;
    match (read, reject) {
        (Ok(()), _) => Ok(seq),
        (Err(_), Some(reject)) => Err(reject),
        (Err(e), None) if e.is_data() => Err(Reject::new(Reason::BadShape, e.to_string())),
        (Err(e), None) => Err(Reject::new(Reason::NotJson, format!("the payload is not JSON: {e}"))),
    }
}

/// One reading of a payload. A rejection waits here while serde's own error unwinds the parser.
struct Pass<'s, 'o> {
    sink: &'s mut Sink<'o>,
    reject: Option<Reject>,
    seq: Option<u64>,
}

impl Pass<'_, '_> {
    fn refuse<E: Error>(&mut self, reject: Reject) -> E {
        self.reject = Some(reject);
        E::custom("rejected")
    }

    fn refuse_with<E: Error>(&mut self, reason: Reason, text: String) -> E {
        self.refuse(Reject::new(reason, text))
    }

    fn unknown_field<E: Error>(&mut self, field: &str, expected: &str) -> E {
        if forbidden::is_forbidden(field) {
            return self.forbidden(field);
        }
        self.refuse_with(Reason::BadShape, format!("the field `{}` is unknown, expected {expected}", excerpt(field)))
    }

    fn forbidden<E: Error>(&mut self, field: &str) -> E {
        self.refuse(forbidden::refusal(field))
    }

    fn take(&mut self, name: &QuantityName, value: f64) -> Result<(), Reject> {
        self.sink.push(name.quantity, name.channel, value, Quality::GOOD)
    }
}

/// `{"v": .., "time": .., "seq": .., "values": {..}, "samples": [..]}`
struct Top<'p, 's, 'o>(&'p mut Pass<'s, 'o>);

impl<'de> DeserializeSeed<'de> for Top<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Top<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object such as {\"v\":1,\"values\":{\"waste.fill\":82.5}}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Top(pass) = self;
        let (mut version, mut time, mut values) = (None, None, None);
        let (mut samples, mut firmware) = (false, false);
        while let Some(Text(key)) = map.next_key()? {
            let twice = match &*key {
                "v" => version.replace(map.next_value::<u64>()?).is_some(),
                "time" => time.replace(map.next_value_seed(Time(pass))?).is_some(),
                "seq" => pass.seq.replace(map.next_value::<u64>()?).is_some(),
                "firmware" => {
                    let Text(said) = map.next_value()?;
                    if said.len() > Firmware::LIMIT || Firmware::read(&said).is_none() {
                        let expected = "expected a version, 1 to 48 printable ASCII characters";
                        let text = format!("`firmware` is `{}`, {expected}", excerpt(&said));
                        return Err(pass.refuse_with(Reason::BadShape, text));
                    }
                    pass.sink.firmware(&said);
                    std::mem::replace(&mut firmware, true)
                }
                "values" => {
                    let from = pass.sink.len();
                    map.next_value_seed(Values(pass))?;
                    values.replace(from..pass.sink.len()).is_some()
                }
                "samples" => {
                    map.next_value_seed(Samples(pass))?;
                    std::mem::replace(&mut samples, true)
                }
                other => return Err(pass.unknown_field(other, "`v`, `time`, `seq`, `firmware`, `values` or `samples`")),
            };
            if twice {
                return Err(pass.refuse_with(Reason::BadShape, format!("the field `{key}` is there twice")));
            }
        }
        match version {
            Some(VERSION) => {}
            Some(other) => {
                return Err(pass.refuse_with(Reason::UnknownVersion, format!("`v` is {other}, this program reads {VERSION}")));
            }
            None => return Err(pass.refuse_with(Reason::UnknownVersion, format!("`v` is missing, expected {VERSION}"))),
        }
        if values.is_none() && !samples {
            return Err(pass.refuse_with(Reason::BadShape, "neither `values` nor `samples` is there".to_owned()));
        }
        if let Some(range) = values {
            pass.sink.stamp(range, time);
        }
        Ok(())
    }
}

/// `[{"time": .., "values": {..}}, ..]`
struct Samples<'p, 's, 'o>(&'p mut Pass<'s, 'o>);

impl<'de> DeserializeSeed<'de> for Samples<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Samples<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of samples such as [{\"time\":\"2026-11-21T20:00:00Z\",\"values\":{\"waste.fill\":82.5}}]")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Sample(self.0))?.is_some() {}
        Ok(())
    }
}

struct Sample<'p, 's, 'o>(&'p mut Pass<'s, 'o>);

impl<'de> DeserializeSeed<'de> for Sample<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Sample<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sample such as {\"time\":\"2026-11-21T20:00:00Z\",\"values\":{\"waste.fill\":82.5}}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Sample(pass) = self;
        let from = pass.sink.len();
        let (mut time, mut values) = (None, false);
        while let Some(Text(key)) = map.next_key()? {
            let twice = match &*key {
                "time" => time.replace(map.next_value_seed(Time(pass))?).is_some(),
                "values" => {
                    map.next_value_seed(Values(pass))?;
                    std::mem::replace(&mut values, true)
                }
                other => return Err(pass.unknown_field(other, "`time` or `values` in a sample")),
            };
            if twice {
                return Err(pass.refuse_with(Reason::BadShape, format!("the field `{key}` is there twice in a sample")));
            }
        }
        // Two samples without a time would be one reading: the later would replace the earlier.
        if time.is_none() {
            return Err(pass.refuse_with(Reason::BadTime, "a sample has no `time`".to_owned()));
        }
        pass.sink.stamp(from..pass.sink.len(), time);
        Ok(())
    }
}

/// `{"air.pm10": 31.2, "air.no2#1": {"value": 12, "unit": "[ppb]"}}`
struct Values<'p, 's, 'o>(&'p mut Pass<'s, 'o>);

impl<'de> DeserializeSeed<'de> for Values<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Values<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of values by quantity such as {\"waste.fill\":82.5}")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Values(pass) = self;
        while let Some(Text(key)) = map.next_key()? {
            let name = match QuantityName::read(&key) {
                Ok(name) => name,
                Err(_) if forbidden::is_forbidden(&key) => return Err(pass.forbidden(&key)),
                Err(reject) => return Err(pass.refuse(reject)),
            };
            map.next_value_seed(Value { pass, name })?;
        }
        Ok(())
    }
}

/// A number, true or false, null for "not measured", or `{"value": .., "unit": ".."}`.
struct Value<'p, 's, 'o> {
    pass: &'p mut Pass<'s, 'o>,
    name: QuantityName,
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quantity = self.name.quantity;
        write!(
            f,
            "for `{quantity}` a number in {}, true or false, null, or {{\"value\": number, \"unit\": UCUM code}}",
            quantity.unit()
        )
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.pass.take(&self.name, value).map_err(|reject| self.pass.refuse(reject))
    }

    #[expect(clippy::cast_precision_loss, reason = "values are below 1e12, or rejected")]
    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "values are below 1e12, or rejected")]
    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.visit_f64(value as f64)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        let quantity = self.name.quantity;
        if quantity.unit() != "1" {
            return Err(self
                .pass
                .refuse_with(Reason::BadShape, format!("`{quantity}` is {value}, expected a number in {}", quantity.unit())));
        }
        self.visit_f64(f64::from(u8::from(value)))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Value { pass, name } = self;
        let (mut value, mut unit) = (None::<Option<f64>>, None::<Cow<'de, str>>);
        while let Some(Text(key)) = map.next_key()? {
            match &*key {
                "value" => value = Some(map.next_value()?),
                "unit" => unit = Some(map.next_value::<Text<'de>>()?.0),
                other => return Err(pass.unknown_field(other, "`value` or `unit`")),
            }
        }
        let (Some(value), Some(unit)) = (value, unit) else {
            let text = format!("`{}` is an object, expected both `value` and `unit` in it", name.quantity);
            return Err(pass.refuse_with(Reason::BadShape, text));
        };
        let Some(value) = value else { return Ok(()) };
        match units::to_canonical(name.quantity, &unit, value) {
            Some(canonical) => pass.take(&name, canonical).map_err(|reject| pass.refuse(reject)),
            None => Err(pass.refuse_with(
                Reason::UnknownUnit,
                format!("`{}` in `{}` does not convert, expected {} (UCUM)", name.quantity, excerpt(&unit), name.quantity.unit()),
            )),
        }
    }
}

/// RFC 3339 with an offset, or milliseconds since the epoch.
struct Time<'p, 's, 'o>(&'p mut Pass<'s, 'o>);

impl Time<'_, '_, '_> {
    fn bad<E: Error>(self, text: &str) -> E {
        self.0.refuse_with(Reason::BadTime, format!("`time`: {text}"))
    }
}

impl<'de> DeserializeSeed<'de> for Time<'_, '_, '_> {
    type Value = Timestamp;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Timestamp, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Time<'_, '_, '_> {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time: RFC 3339 with an offset, or whole milliseconds since 1970-01-01T00:00:00Z")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
        instant::parse(text).map_err(|e| self.bad(&e.to_string()))
    }

    fn visit_u64<E: Error>(self, millis: u64) -> Result<Timestamp, E> {
        self.visit_i64(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    fn visit_i64<E: Error>(self, millis: i64) -> Result<Timestamp, E> {
        Timestamp::from_millis(millis).map_err(|e| self.bad(&e.to_string()))
    }

    fn visit_f64<E: Error>(self, millis: f64) -> Result<Timestamp, E> {
        Err(self.bad(&format!("{millis} is not a whole number of milliseconds")))
    }

    fn visit_unit<E: Error>(self) -> Result<Timestamp, E> {
        Err(self.bad("null is not a time; leave the field out"))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Timestamp, E> {
        Err(self.bad(&format!("{value} is not a time")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Timestamp, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Err(self.bad("a list is not a time"))
    }
}

/// A string that borrows from the payload where it has no escapes.
struct Text<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrow)
    }
}
