//! From the TOML of a profile to the codec that reads: whether its keys fit one another.

mod fields;
mod layout;
mod meaning;

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use schemas::ProfileName;

use fields::tree;
use layout::layout;

use super::raw::{RawBegin, RawMark, RawProfile, RawReads};
use super::{Mark, Profile, Workshop};
use crate::codecs::json::Json;
use crate::codecs::layout::Endian;
use crate::codecs::lpp::Lpp;
use crate::codecs::meter::{Begin, Meter};
use crate::codecs::script::Scripted;
use crate::envelope;
use crate::units::Reference;
use crate::uplink::Codec;

/// The names of codecs, as a profile's `codec` gives them, and what each reads.
pub(crate) const CODECS: &[(&str, &str)] = &[
    ("layout", "Bytes at known places, one after another, in groups that repeat, or as tagged items: `[[frame]]`."),
    ("json", "Fields of the payload's JSON, of the envelope, or of the network server's own codec: `[[field]]`."),
    (
        "m-bus",
        "M-Bus and wireless M-Bus (EN 13757, OMS), decrypted with the device's key; what one make adds by `[[field]]` at the head of a record.",
    ),
    ("cayenne-lpp", "Cayenne LPP: its items by `[[field]]`, named as network servers name them: `/temperature_3`."),
    ("script", "The vendor's own JavaScript (LoRaWAN TS013), then fields of what it gives: `script` and `[[field]]`."),
];

type Wrong = String;

/// What the profile says once for all its fields.
#[derive(Clone, Copy)]
struct House {
    endian: Option<Endian>,
    reference: Reference,
}

pub(super) fn build(raw: RawProfile, workshop: &dyn Workshop) -> Result<Profile, Wrong> {
    let house = House { endian: raw.endian.map(Endian::from), reference: reference(raw.gas_reference.as_deref())? };
    for name in &raw.envelopes {
        if envelope::named(name).is_none() {
            return Err(format!("envelopes: `{name}` is not known, expected some of {}", envelope::names()));
        }
    }
    if raw.source.trim().is_empty() {
        return Err("source is empty, expected where the layout is documented".to_owned());
    }
    let codec_name = raw.codec.as_deref().unwrap_or("layout");
    let needs = |used: bool, key: &str| {
        if used { Ok(()) } else { Err(format!("codec `{codec_name}` needs {key}")) }
    };
    let without = |unused: bool, key: &str| {
        if unused { Ok(()) } else { Err(format!("{key} has no use in a profile whose codec is `{codec_name}`")) }
    };
    let (frames, fields) = (!raw.frame.is_empty(), !raw.field.is_empty() || !raw.list.is_empty());
    let codec: Arc<dyn Codec> = match codec_name {
        "layout" => {
            needs(frames || !raw.silent.is_empty(), "[[frame]]")?;
            without(!fields, "[[field]]")?;
            without(raw.script.is_none(), "script")?;
            Arc::new(layout(&raw.frame, &raw.silent, house)?)
        }
        "json" => {
            needs(fields, "[[field]]")?;
            without(!frames, "[[frame]]")?;
            without(raw.script.is_none(), "script")?;
            Arc::new(Json { fields: tree(&raw.field, &raw.list, house)?, object: raw.reads == RawReads::Object })
        }
        "script" => {
            needs(fields, "[[field]]")?;
            without(!frames, "[[frame]]")?;
            let path = raw.script.as_deref().ok_or("codec `script` needs script")?;
            let script = workshop.script(path).map_err(|e| format!("script `{path}`: {e}"))?;
            Arc::new(Scripted { fields: tree(&raw.field, &raw.list, house)?, script, skip: raw.skip })
        }
        "m-bus" => {
            without(!frames, "[[frame]]")?;
            without(raw.script.is_none(), "script")?;
            let begin = match raw.begins_with {
                None | Some(RawBegin::Telegram) => Begin::Telegram,
                Some(RawBegin::Message) => Begin::Message,
                Some(RawBegin::Records) => Begin::Records,
            };
            if raw.utc_offset.unsigned_abs() > 14 * 60 {
                return Err("utc_offset: expected minutes, -840 to 840".to_owned());
            }
            let fields = tree(&raw.field, &raw.list, house)?;
            Arc::new(Meter { begin, skip: raw.skip, utc_offset: raw.utc_offset, fields })
        }
        "cayenne-lpp" => {
            needs(fields, "[[field]]")?;
            without(!frames, "[[frame]]")?;
            without(raw.script.is_none(), "script")?;
            Arc::new(Lpp { skip: raw.skip, fields: tree(&raw.field, &raw.list, house)? })
        }
        other => {
            let known: Vec<_> = CODECS.iter().map(|(name, _)| *name).collect();
            return Err(format!("codec `{other}` is not known, expected one of {}", known.join(", ")));
        }
    };
    let battery_rises = raw.battery.windows(2).all(|pair| matches!(pair, [a, b] if a.0 < b.0));
    if !battery_rises
        || raw.battery.len() == 1
        || !raw.battery.iter().all(|(v, level)| v.is_finite() && (0.0..=100.0).contains(level))
    {
        return Err("battery: expected two or more [volts, percent] with rising volts and 0 to 100 percent".to_owned());
    }
    Ok(Profile {
        name: ProfileName::new(&raw.name).map_err(|e| e.to_string())?,
        make: raw.make,
        model: raw.model,
        kind: raw.kind,
        source: raw.source,
        envelopes: raw.envelopes,
        interval: raw.interval.map(|d| duration(d, "interval")).transpose()?,
        logs: raw.logs.map(|d| duration(d, "logs")).transpose()?,
        battery: raw.battery,
        counter_bits: raw.counter_bits.into_iter().collect(),
        marks: raw.mark.into_iter().map(mark).collect::<Result<_, _>>()?,
        codec_name: CODECS.iter().find(|(name, _)| *name == codec_name).map_or("layout", |(name, _)| name),
        cases: raw.case.len(),
        toml: Box::default(),
        codec,
    })
}

fn reference(text: Option<&str>) -> Result<Reference, Wrong> {
    match text {
        None | Some("20 Cel") => Ok(Reference::Cel20),
        Some("25 Cel") => Ok(Reference::Cel25),
        Some(other) => Err(format!("gas_reference is `{other}`, expected \"20 Cel\" or \"25 Cel\"")),
    }
}

fn duration(stated: SignedDuration, key: &str) -> Result<Duration, Wrong> {
    Duration::try_from(stated).ok().filter(|d| !d.is_zero()).ok_or_else(|| format!("{key}: expected a time such as 10m or 24h"))
}

fn mark(raw: RawMark) -> Result<Mark, Wrong> {
    let range = match (raw.is, raw.at_least) {
        (Some(is), None) => (is, is),
        (None, Some(at_least)) => (at_least, f64::INFINITY),
        _ => return Err(format!("mark of `{}`: expected one of `is` and `at_least`", raw.quantity)),
    };
    Ok(Mark { quantity: raw.quantity, range, flaw: raw.flaw, on: raw.on })
}
