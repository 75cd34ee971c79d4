//! SenML (RFC 8428), JSON and CBOR, with the secondary units of RFC 8798 and the versions of RFC 9100.
//!
//! Base values are added to those of the records. A time below 2^28 is relative to when the pack was heard, 0 is "just
//! now". A name is the device, then `:` or `/`, then the field; device names of RFC 9039 (`urn:dev:mac:..`) lose their
//! beginning. Where the topic or the route names the device, it wins, and the
//! whole name is the field, but for the same device or a device URN before it. A pack may hold several devices. A field is named as
//! in the vocabulary or mapped by the profile; its unit becomes the UCUM one, and the sum of a record stands at
//! `/{field}/sum`.
//!
//! Deliberately absent: XML and EXI, data values (`vd`), positions (units `lat` and `lon`), the update time (`ut`), and
//! FETCH and PATCH (RFC 8790).

mod name;
mod record;

use std::collections::BTreeMap;

use schemas::{DeviceId, Timestamp};
use serde_json::{Map, Value};

use self::name::{Name, field_of, split};
use self::record::{Record, Scalar};
use super::instants::{Instants, stated};
use crate::reject::{Reason, Reject, excerpt};
use crate::route::Arrival;
use crate::units;
use crate::uplink::{Body, Envelope, Open, Uplink};

/// Versions are sums of features (RFC 9100 section 2); the known ones are the four reserved and secondary units, 2^0 to 2^4.
const VERSIONS: u64 = 1 << 5;
/// Times below are relative (RFC 8428 section 4.5.3).
const RELATIVE: f64 = (1u32 << 28) as f64;
/// Bytes of a name with its base, and of a unit, at most: records inherit both, and a long one would come again in each.
const TEXT: usize = 256;
/// What a record is called that has no name of its own.
const UNNAMED: &str = "value";

pub(super) struct SenMl;

impl Envelope for SenMl {
    fn name(&self) -> &'static str {
        "senml"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["senml-json", "senml-cbor", "senml+json", "senml+cbor"]
    }

    fn about(&self) -> &'static str {
        "SenML (RFC 8428), JSON or CBOR: base values, relative times, several devices in a pack. The device is the name up to \
         the last `:` or `/` unless the topic names it, the rest is a name of the vocabulary or of the profile."
    }

    fn topics(&self) -> &'static [&'static str] {
        &["senml", "senml/{device}"]
    }

    fn is_json(&self) -> bool {
        true
    }

    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject> {
        let told = arrival.named()?;
        let mut devices: BTreeMap<DeviceId, Instants> = BTreeMap::new();
        let mut base = Base::default();
        for record in record::read(arrival.payload())? {
            base.take(&record)?;
            let Some(value) = base.value(&record)? else { continue };
            let name = base.name(&record)?;
            let (device, field) = match &told {
                Some(told) => (told.clone(), field_of(told, &name)),
                None => {
                    let Name { device, field } = split(&name);
                    let device = device.transpose();
                    let device = device.map_err(|e| Reject::new(Reason::BadName, format!("`{}`: {e}", excerpt(&name))))?;
                    (device.or_else(|| arrival.device.clone()).ok_or_else(|| arrival.nameless())?, field)
                }
            };
            let field = if field.is_empty() { UNNAMED } else { field };
            let time = base.instant(&record, arrival.message.received_at)?;
            devices.entry(device).or_default().add(time, field, value)?;
        }
        devices.into_iter().try_for_each(|(device, instants)| out(Uplink::new(device, Body::Trees(instants.into_trees()))))
    }
}

/// What records inherit from those before them.
#[derive(Default)]
struct Base {
    name: String,
    time: f64,
    unit: Option<String>,
    value: Option<f64>,
    sum: Option<f64>,
}

impl Base {
    fn take(&mut self, record: &Record) -> Result<(), Reject> {
        if let Some(version) = record.version.filter(|version| *version >= VERSIONS) {
            let text = format!("`bver` is {version}, expected 10 or another sum of the features below {VERSIONS}");
            return Err(Reject::new(Reason::UnknownVersion, text));
        }
        if let Some(name) = &record.base_name {
            self.name.clone_from(name);
        }
        if record.base_unit.is_some() {
            self.unit.clone_from(&record.base_unit);
        }
        self.time = record.base_time.unwrap_or(self.time);
        self.value = record.base_value.or(self.value);
        self.sum = record.base_sum.or(self.sum);
        Ok(())
    }

    fn name(&self, record: &Record) -> Result<String, Reject> {
        let own = record.name.as_deref().unwrap_or_default();
        if self.name.len() + own.len() > TEXT {
            let text = format!("`{}{}` is longer than {TEXT} bytes", excerpt(&self.name), excerpt(own));
            return Err(Reject::new(Reason::BadName, text));
        }
        Ok(format!("{}{own}", self.name))
    }

    /// What the record says, with its unit; none if it only sets bases, or says what is not read.
    fn value(&self, record: &Record) -> Result<Option<Value>, Reject> {
        let value = match &record.value {
            Some(Scalar::Number(own)) => finite(own + self.value.unwrap_or(0.0))?,
            Some(Scalar::Flag(flag)) => Value::from(*flag),
            Some(Scalar::Text(text)) => Value::from(text.as_str()),
            Some(Scalar::Data) => return Ok(None),
            // A missing one of value and base value is 0 (RFC 8428 section 4.5.4), if there is a record at all.
            None if record.name.is_some() && record.sum.is_none() => self.value.map_or(Ok(Value::Null), finite)?,
            None => Value::Null,
        };
        let sum = record.sum.map(|own| finite(own + self.sum.unwrap_or(0.0))).transpose()?;
        let unit = record.unit.as_deref().or(self.unit.as_deref()).filter(|unit| !unit.is_empty());
        if (value.is_null() && sum.is_none()) || matches!(unit, Some("lat" | "lon")) {
            return Ok(None);
        }
        if let Some(long) = unit.filter(|unit| unit.len() > TEXT) {
            return Err(Reject::new(Reason::UnknownUnit, format!("the unit `{}` is longer than {TEXT} bytes", excerpt(long))));
        }
        // What SenML does not know is stated as it came: it converts if it is UCUM, and is refused if not.
        let unit = unit.filter(|_| value.is_number()).map(|unit| units::senml_unit(unit).unwrap_or(unit));
        let Some(sum) = sum else { return Ok(Some(stated(value, unit))) };
        let mut both = Map::from_iter([("value".to_owned(), value), ("sum".to_owned(), sum)]);
        both.extend(unit.map(|unit| ("unit".to_owned(), Value::from(unit))));
        Ok(Some(Value::Object(both)))
    }

    /// When the record was so; none is "just now".
    fn instant(&self, record: &Record, heard: Timestamp) -> Result<Option<Timestamp>, Reject> {
        let seconds = self.time + record.time.unwrap_or(0.0);
        if seconds == 0.0 {
            return Ok(None);
        }
        if !seconds.is_finite() {
            return Err(Reject::new(Reason::BadTime, "`bt` and `t` are not a finite number of seconds"));
        }
        let millis = (seconds * 1000.0).round();
        #[expect(clippy::cast_possible_truncation, reason = "saturates, and what is no instant is refused")]
        let millis = if seconds < RELATIVE { heard.millis().saturating_add(millis as i64) } else { millis as i64 };
        Timestamp::from_millis(millis).map(Some).map_err(|e| Reject::new(Reason::BadTime, format!("`bt` and `t`: {e}")))
    }
}

/// CBOR has numbers that JSON has not.
fn finite(number: f64) -> Result<Value, Reject> {
    let text = || Reject::new(Reason::NotFinite, "`v` or `s` is not a finite number");
    serde_json::Number::from_f64(number).map(Value::Number).ok_or_else(text)
}
