//! From the TOML of a profile to the codec that reads: whether its keys fit one another.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use schemas::{Flaw, ProfileName, Quantity};

use super::raw::{
    RawAt, RawByte, RawBytes, RawEndian, RawField, RawFlaw, RawFrame, RawItem, RawKey, RawLength, RawList, RawMark, RawNumber,
    RawProfile, RawReads, RawRepeat, RawSilent, RawTagged, RawTest, RawTime, RawUnknown, RawValue, RawValues,
};
use super::{Mark, Profile, Workshop};
use crate::codecs::fields::{Clock, Fields, MemberTest, Pointed, UnitBeside};
use crate::codecs::json::Json;
use crate::codecs::layout::{
    ByteTest, Content, Each, Endian, Field, Fit, FrameLayout, Group, Item, Layout, Length, Number, Place, Repeat, Says, Tagged,
    TimeFormat,
};
use crate::codecs::scale::{Meaning, Raw, Scale, Span, Step};
use crate::codecs::script::Scripted;
use crate::envelope;
use crate::units::{self, Reference};
use crate::uplink::{Codec, FRAME_LIMIT};

/// The names of codecs, as a profile's `codec` gives them, and what each reads.
pub(crate) const CODECS: &[(&str, &str)] = &[
    ("layout", "Bytes at known places, one after another, in groups that repeat, or as tagged items: `[[frame]]`."),
    ("json", "Fields of the payload's JSON, of the envelope, or of the network server's own codec: `[[field]]`."),
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

// Layouts

fn layout(frames: &[RawFrame], silent: &[RawSilent], house: House) -> Result<Layout, Wrong> {
    let frames = frames.iter().enumerate().map(|(i, raw)| frame(raw, house).map_err(|e| format!("frame {}: {e}", i + 1)));
    let silent = silent.iter().map(|raw| {
        let fit = fit(raw.port, &raw.ports, (raw.length, raw.at_least, raw.at_most), &raw.when)?;
        Ok((fit, raw.why.clone()))
    });
    Ok(Layout { frames: frames.collect::<Result<_, _>>()?, silent: silent.collect::<Result<_, Wrong>>()? })
}

fn fit(
    port: Option<u8>,
    ports: &[u8],
    (length, at_least, at_most): (Option<usize>, usize, Option<usize>),
    when: &[RawByte],
) -> Result<Fit, Wrong> {
    let length = match length {
        Some(exactly) => (exactly, exactly),
        None => (at_least, at_most.unwrap_or(usize::MAX)),
    };
    Ok(Fit {
        ports: port.into_iter().chain(ports.iter().copied()).collect(),
        length,
        bytes: when.iter().map(byte_test).collect::<Result<_, _>>()?,
    })
}

fn byte_test(raw: &RawByte) -> Result<ByteTest, Wrong> {
    let list = |raw: &Option<RawBytes>| match raw {
        None => Vec::new(),
        Some(RawBytes::One(one)) => vec![*one],
        Some(RawBytes::Several(several)) => several.clone(),
    };
    Ok(ByteTest { at: place(raw.at)?, mask: raw.mask, is: list(&raw.is), not: list(&raw.not) })
}

fn place(at: i32) -> Result<Place, Wrong> {
    let offset = usize::try_from(at.unsigned_abs()).ok().filter(|o| *o <= 4 * FRAME_LIMIT);
    let offset = offset.ok_or_else(|| format!("at is {at}, expected an offset within a frame"))?;
    Ok(if at < 0 { Place::Back(offset) } else { Place::Front(offset) })
}

fn frame(raw: &RawFrame, house: House) -> Result<FrameLayout, Wrong> {
    let fit = fit(raw.port, &raw.ports, (raw.length, raw.at_least, raw.at_most), &raw.when)?;
    let content = match &raw.tagged {
        Some(tagged) if raw.field.is_empty() && raw.repeat.is_empty() => Content::Tagged(tagged_items(tagged, house)?),
        Some(_) => return Err("a tagged frame has no fields of its own".to_owned()),
        None if raw.field.is_empty() && raw.repeat.is_empty() => {
            return Err("no field; a frame that says nothing is [[silent]]".to_owned());
        }
        None => Content::Group(group(&raw.field, &raw.repeat, house)?),
    };
    Ok(FrameLayout { fit, content })
}

fn tagged_items(raw: &RawTagged, house: House) -> Result<Tagged, Wrong> {
    if !(1..=4).contains(&raw.key) {
        return Err(format!("tagged: key is {} bytes, expected 1 to 4", raw.key));
    }
    let items = raw.item.iter().map(|item| tagged_item(item, raw.key, house)).collect::<Result<_, _>>()?;
    Ok(Tagged { from: raw.from, key: raw.key, items, stop_at_unknown: raw.unknown == RawUnknown::Stop })
}

fn tagged_item(raw: &RawItem, width: usize, house: House) -> Result<Item, Wrong> {
    let key: Vec<Option<u8>> = raw
        .key
        .iter()
        .map(|byte| match byte {
            RawKey::Byte(byte) => Ok(Some(*byte)),
            RawKey::Word(word) if word == "any" => Ok(None),
            RawKey::Word(word) => Err(format!("item: key `{word}`, expected bytes or \"any\"")),
        })
        .collect::<Result<_, _>>()?;
    let name: String = key.iter().map(|b| b.map_or_else(|| "..".to_owned(), |b| format!("{b:02x}"))).collect();
    if key.len() != width {
        return Err(format!("item {name}: the key has {} bytes, expected {width}", key.len()));
    }
    let length = match &raw.length {
        RawLength::Bytes(bytes) => Length::Fixed(*bytes),
        RawLength::Word(word) if word == "rest" => Length::Rest,
        RawLength::Word(word) if word == "prefixed" => Length::Prefixed,
        RawLength::Word(word) => return Err(format!("item {name}: length `{word}`, expected bytes, \"rest\" or \"prefixed\"")),
    };
    let content = group(&raw.field, &raw.repeat, house).map_err(|e| format!("item {name}: {e}"))?;
    Ok(Item { key, length, content })
}

fn group(fields: &[RawField], repeats: &[RawRepeat], house: House) -> Result<Group, Wrong> {
    Ok(Group {
        fields: fields.iter().map(|raw| field(raw, house)).collect::<Result<_, _>>()?,
        repeats: repeats.iter().map(|raw| repeat(raw, house)).collect::<Result<_, _>>()?,
    })
}

fn repeat(raw: &RawRepeat, house: House) -> Result<Repeat, Wrong> {
    let each = match (raw.size, raw.packed, raw.field.as_slice()) {
        (Some(size @ 1..=FRAME_LIMIT), None, fields) => Each::Bytes(size, group(fields, &[], house)?),
        (None, Some(bits @ 1..=32), [one]) => {
            Each::Packed { bits, meaning: Box::new(meaning(one, quantity(one)?, house)?), delta: raw.delta }
        }
        (None, Some(_), _) => return Err("repeat: packed is 1 to 32 bits and has one field".to_owned()),
        _ => return Err("repeat: expected `size` in bytes, or `packed` in bits".to_owned()),
    };
    if raw.delta && raw.packed.is_none() {
        return Err("repeat: `delta` goes with `packed`".to_owned());
    }
    let step = raw.step.map(|step| (!step.is_negative(), step.unsigned_abs()));
    Ok(Repeat { at: raw.at.map(place).transpose()?, count: raw.count, each, step, step_first: raw.step_first })
}

/// What a field is called in a complaint.
fn called(raw: &RawField) -> String {
    match (&raw.quantity, &raw.at) {
        (Some(quantity), _) => quantity.to_string(),
        (None, Some(RawAt::Offset(at))) => format!("field at {at}"),
        (None, Some(RawAt::Pointer(at))) => format!("field at {at}"),
        (None, None) => "field".to_owned(),
    }
}

fn quantity(raw: &RawField) -> Result<Quantity, Wrong> {
    raw.quantity.ok_or_else(|| format!("{}: expected `quantity`", called(raw)))
}

fn field(raw: &RawField, house: House) -> Result<Field, Wrong> {
    let name = called(raw);
    let at = match &raw.at {
        None => None,
        Some(RawAt::Offset(at)) => Some(place(*at)?),
        Some(RawAt::Pointer(at)) => return Err(format!("`{name}`: at is \"{at}\", expected an offset in bytes")),
    };
    if raw.contains.is_some() || raw.unit_at.is_some() || !raw.units.is_empty() {
        return Err(format!("`{name}`: contains, unit_at and units are for decoded fields, not for bytes"));
    }
    let width = raw.width.unwrap_or(1);
    let says = match (raw.quantity, raw.time) {
        (Some(quantity), None) => Says::Value(Box::new(meaning(raw, quantity, house)?)),
        (None, Some(time)) => Says::Time(time_format(time).ok_or_else(|| format!("`{name}`: bytes are no text"))?),
        (None, None) => Says::Nothing,
        (Some(_), Some(_)) => return Err(format!("`{name}`: a field is a quantity or a time, not both")),
    };
    // Room that is passed over has no number and may be of any width.
    let widest = if matches!(says, Says::Nothing) { FRAME_LIMIT } else { 8 };
    if !(1..=widest).contains(&width) {
        return Err(format!("`{name}`: width is {width}, expected 1 to {widest} bytes"));
    }
    let number = match (raw.number, raw.signed) {
        (RawNumber::Unsigned, false) => Number::Unsigned,
        (RawNumber::Signed, _) | (RawNumber::Unsigned, true) => Number::Signed,
        (RawNumber::SignMagnitude, _) => Number::SignMagnitude,
        (RawNumber::Bcd, _) => Number::Bcd,
        (RawNumber::Float, _) if matches!(width, 4 | 8) => Number::Float,
        (RawNumber::Float, _) => return Err(format!("`{name}`: a float is 4 or 8 bytes wide")),
    };
    let whole = u32::try_from(width.min(8) * 8).unwrap_or(64);
    let bits = raw.bits.unwrap_or((0, whole));
    if bits.1 == 0 || bits.0.checked_add(bits.1).is_none_or(|end| end > whole) {
        return Err(format!("`{name}`: bits are {bits:?}, expected [lowest, count] within {whole} bits"));
    }
    let endian = match raw.endian.map(Endian::from).or(house.endian) {
        Some(endian) => endian,
        None if width == 1 || matches!(says, Says::Nothing) => Endian::Big,
        None => {
            return Err(format!(
                "`{name}`: a field of {width} bytes needs endian, \"big\", \"little\" or \"low-word-first\", here or for the profile"
            ));
        }
    };
    let when = raw.when.iter().map(|test| match test {
        RawTest::Byte(byte) => byte_test(byte),
        RawTest::Member(member) => Err(format!("`{name}`: when: at is \"{}\", expected an offset in bytes", member.at)),
    });
    let when = when.collect::<Result<_, _>>()?;
    Ok(Field { at, width, endian, number, bits, when, says })
}

impl From<RawEndian> for Endian {
    fn from(raw: RawEndian) -> Self {
        match raw {
            RawEndian::Big => Endian::Big,
            RawEndian::Little => Endian::Little,
            RawEndian::LowWordFirst => Endian::LowWordFirst,
        }
    }
}

fn time_format(raw: RawTime) -> Option<TimeFormat> {
    match raw {
        RawTime::Unix => Some(TimeFormat::Unix),
        RawTime::UnixMs => Some(TimeFormat::UnixMillis),
        RawTime::Since2000 => Some(TimeFormat::Since2000),
        RawTime::Ago => Some(TimeFormat::Ago),
        RawTime::AgoMinutes => Some(TimeFormat::AgoMinutes),
        RawTime::Text => None,
    }
}

// What both share

fn meaning(raw: &RawField, quantity: Quantity, house: House) -> Result<Meaning, Wrong> {
    let name = called(raw);
    let mut numbers =
        [raw.multiply, raw.divide, raw.add].into_iter().chain(raw.steps.iter().flat_map(|s| [s.from, s.base, s.step]));
    if raw.divide == 0.0 || !numbers.all(f64::is_finite) {
        return Err(format!("`{name}`: multiply, divide, add, from, base and step are finite and divide is not 0"));
    }
    if !raw.steps.windows(2).all(|pair| matches!(pair, [a, b] if a.from < b.from)) {
        return Err(format!("`{name}`: steps ascend by `from`"));
    }
    let unit = raw.unit.as_deref().unwrap_or(quantity.unit());
    let conversion = units::conversion(quantity, unit, house.reference).map_err(|e| format!("`{name}`: unit: {e}"))?;
    Ok(Meaning {
        quantity,
        channel: raw.channel,
        scale: Scale {
            multiply: raw.multiply,
            divide: raw.divide,
            add: raw.add,
            steps: raw.steps.iter().map(|s| Step { from: s.from, base: s.base, step: s.step }).collect(),
            conversion,
        },
        values: raw.values.iter().map(|(from, to)| (raw_key(from), *to)).collect(),
        absent: raw.absent.iter().map(|value| Span::One(raw_value(value))).collect(),
        missing: raw.missing.iter().map(|f| flawed(f, &name)).collect::<Result<_, _>>()?,
        flaws: raw.flaws.iter().map(|f| flawed(f, &name)).collect::<Result<_, _>>()?,
    })
}

/// A key of `values` is text in TOML; one that is a number stands for the number.
fn raw_key(key: &str) -> Raw {
    key.parse().map_or_else(|_| Raw::Word(key.into()), Raw::Number)
}

fn raw_value(value: &RawValue) -> Raw {
    match value {
        RawValue::Number(number) => Raw::Number(*number),
        RawValue::Word(word) => Raw::Word(word.as_str().into()),
        RawValue::State(state) => Raw::Word(if *state { "true" } else { "false" }.into()),
    }
}

fn flawed(raw: &RawFlaw, name: &str) -> Result<(Span, Flaw), Wrong> {
    let span = match (&raw.raw, raw.from, raw.to) {
        (Some(value), None, None) => Span::One(raw_value(value)),
        (None, from, to) if from.is_some() || to.is_some() => {
            Span::Range(from.unwrap_or(f64::NEG_INFINITY), to.unwrap_or(f64::INFINITY))
        }
        _ => return Err(format!("`{name}`: a flaw has either `raw`, or `from` and `to`")),
    };
    Ok((span, raw.flaw))
}

// Decoded fields

fn tree(fields: &[RawField], lists: &[RawList], house: House) -> Result<Fields, Wrong> {
    let mut all = Fields::default();
    for raw in fields {
        let name = called(raw);
        let at = match &raw.at {
            Some(RawAt::Pointer(at)) => pointer(at)?,
            _ => return Err(format!("`{name}`: expected `at`, a JSON Pointer such as \"/temperature\"")),
        };
        if raw.width.is_some() || raw.bits.is_some() || raw.endian.is_some() {
            return Err(format!("`{name}`: width, bits and endian are for bytes, not for decoded fields"));
        }
        match (raw.quantity, raw.time) {
            (None, Some(_)) if !raw.when.is_empty() => return Err(format!("`{name}`: when is for a quantity, not for a time")),
            (None, Some(time)) => all.times.push((at, time_format(time).map_or(Clock::Text, Clock::Number))),
            (Some(quantity), None) => {
                let unit = raw.unit_at.as_deref().map(|unit_at| unit_beside(unit_at, raw, quantity, house)).transpose()?;
                let meaning = meaning(raw, quantity, house)?;
                let contains = raw.contains.as_deref().map(Into::into);
                let when = raw.when.iter().map(|test| member_test(test, &name)).collect::<Result<_, _>>()?;
                all.values.push(Pointed { at, when, meaning, unit, contains, reference: house.reference });
            }
            _ => return Err(format!("`{name}`: expected one of `quantity` and `time`")),
        }
    }
    for raw in lists {
        let inner = tree(&raw.field, &[], house).map_err(|e| format!("list {}: {e}", raw.at))?;
        all.lists.push((pointer(&raw.at)?, inner));
    }
    Ok(all)
}

fn member_test(raw: &RawTest, name: &str) -> Result<MemberTest, Wrong> {
    match raw {
        RawTest::Byte(byte) => Err(format!("`{name}`: when: at is {}, expected a JSON Pointer such as \"/name\"", byte.at)),
        RawTest::Member(member) => {
            let is = match &member.is {
                RawValues::One(one) => vec![raw_value(one)],
                RawValues::Several(several) => several.iter().map(raw_value).collect(),
            };
            Ok(MemberTest { at: pointer(&member.at)?, is })
        }
    }
}

fn pointer(text: &str) -> Result<Box<str>, Wrong> {
    if text.is_empty() || text.starts_with('/') {
        Ok(text.into())
    } else {
        Err(format!("`{text}` is not a JSON Pointer: it begins with /"))
    }
}

fn unit_beside(at: &str, raw: &RawField, quantity: Quantity, house: House) -> Result<UnitBeside, Wrong> {
    let units = raw.units.iter().map(|(word, unit)| {
        let conversion = units::conversion(quantity, unit, house.reference);
        conversion.map(|c| (word.as_str().into(), c)).map_err(|e| format!("`{quantity}`: units: {e}"))
    });
    Ok((pointer(at)?, units.collect::<Result<_, _>>()?))
}
