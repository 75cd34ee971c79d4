//! M-Bus as the codec of a profile: what the records mean by the standard, and fields of what one make adds.
//!
//! Fields of the profile point into an object of the records by the hexadecimal digits of their head (DIF and VIF with
//! extensions): `/02ff20` is Kamstrup's information code. Numbers stand in the record's unit, flags as one number.

use serde_json::{Map, Value, json};

use crate::codecs::fields::Fields;
use crate::codecs::m_bus::{self, Content, MBusError, Meant, Record};
use crate::normalise::Sink;
use crate::reject::{Reason, Reject};
use crate::uplink::{Codec, Uplink, written_as_hex};

/// What the bytes begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begin {
    /// A whole telegram, with its link layer.
    Telegram,
    /// The CI field: what stands behind a link layer.
    Message,
    /// The first record.
    Records,
}

pub(crate) struct Meter {
    pub(crate) begin: Begin,
    /// Bytes before that.
    pub(crate) skip: usize,
    /// Minutes by which the clocks of the meters are ahead of UTC.
    pub(crate) utc_offset: i16,
    pub(crate) fields: Fields,
}

impl Codec for Meter {
    fn decode(&self, uplink: &Uplink<'_>, out: &mut Sink<'_>) -> Result<(), Reject> {
        let sent = uplink.bytes()?;
        // Gateways hand telegrams on as text too.
        let written = written_as_hex(sent, m_bus::LIMIT);
        let bytes = written.as_deref().unwrap_or(sent).get(self.skip..).unwrap_or_default();
        let key = uplink.key.as_ref().map(schemas::DeviceKey::bytes);
        let (records, means, battery_low) = match self.begin {
            Begin::Records => {
                let records = m_bus::records(bytes).map_err(|e| refused(&e))?;
                let means = m_bus::readings(&records);
                (records, means, None)
            }
            Begin::Telegram | Begin::Message => {
                let read = if self.begin == Begin::Telegram { m_bus::telegram } else { m_bus::message };
                let telegram = read(bytes, key).map_err(|e| refused(&e))?;
                let (means, low) = (telegram.readings(), telegram.battery_low());
                (telegram.records, means, low)
            }
        };
        let clock = m_bus::clock(&records).and_then(|local| local.instant(self.utc_offset));
        for meant in &means {
            match meant.observed {
                Some(local) => out.past(local.instant(self.utc_offset)),
                None => out.at(clock),
            }
            push(meant, out)?;
        }
        out.at(clock);
        // Said only when it is so: most meters leave the bit alone.
        if battery_low == Some(true) {
            out.push(schemas::Quantity::BATTERY_LOW, 0, 1.0, schemas::Quality::GOOD)?;
        }
        self.fields.read(&object(&records), clock, out)
    }
}

fn push(meant: &Meant, out: &mut Sink<'_>) -> Result<(), Reject> {
    match (meant.value, meant.flaw) {
        (Some(value), flaw) => out.push(meant.quantity, meant.channel, value, flaw.map_or(schemas::Quality::GOOD, Into::into)),
        (None, flaw) => {
            out.miss(meant.quantity, meant.channel, flaw.unwrap_or(schemas::Flaw::Invalid));
            Ok(())
        }
    }
}

fn refused(error: &MBusError) -> Reject {
    let reason = if error.needs_key() { Reason::NeedsKey } else { Reason::UnknownFrame };
    Reject::new(reason, format!("M-Bus: {error}"))
}

/// The records by their heads; of two with one head the first.
fn object(records: &[Record]) -> Value {
    let mut all = Map::new();
    for record in records {
        let head: String = record.head.iter().map(|b| format!("{b:02x}")).collect();
        let value = match &record.content {
            Content::Number(number) => json!(number),
            Content::Bits(bits) => json!(bits),
            Content::Text(text) => json!(text),
            Content::Bytes(bytes) => json!(bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()),
            Content::Time(_) | Content::Invalid | Content::Nothing => Value::Null,
        };
        all.entry(head).or_insert(value);
    }
    Value::Object(all)
}
