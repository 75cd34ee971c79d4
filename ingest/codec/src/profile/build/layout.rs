//! From `[[frame]]` and `[[silent]]` to a layout of bytes.

use schemas::Flaw;

use super::meaning::{called, meaning, past_fits, quantity, some, time_format};
use super::{House, Wrong};
use crate::codecs::layout::{
    ByteTest, Content, Each, Endian, Field, Fit, FrameLayout, Group, Item, Layout, Length, Number, Place, Repeat, Says, Tagged,
    Version,
};
use crate::profile::raw::{
    RawAt, RawEndian, RawField, RawFirmware, RawFrame, RawItem, RawKey, RawLength, RawNumber, RawRepeat, RawSilent, RawSome,
    RawTagged, RawTest, RawUnknown, RawValue,
};
use crate::uplink::FRAME_LIMIT;

pub(super) fn layout(frames: &[RawFrame], silent: &[RawSilent], house: House) -> Result<Layout, Wrong> {
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
    when: &[RawTest],
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

fn byte_test(raw: &RawTest) -> Result<ByteTest, Wrong> {
    let RawAt::Offset(at) = raw.at else {
        return Err("when: `at` is the offset of a byte here".to_owned());
    };
    Ok(ByteTest { at: place(at)?, mask: raw.mask.unwrap_or(0xff), is: bytes(raw.is.as_ref())?, not: bytes(raw.not.as_ref())? })
}

fn bytes(raw: Option<&RawSome>) -> Result<Vec<u8>, Wrong> {
    let byte = |value: &RawValue| match value {
        RawValue::Number(number) => (0..=255u8).find(|byte| f64::from(*byte) == *number),
        RawValue::Word(_) | RawValue::State(_) => None,
    };
    let wrong = || "when: `is` and `not` are bytes from 0 to 255 here".to_owned();
    some(raw).iter().map(|value| byte(value).ok_or_else(wrong)).collect()
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

fn field(raw: &RawField, house: House) -> Result<Field, Wrong> {
    let name = called(raw);
    let at = match &raw.at {
        None => None,
        Some(RawAt::Offset(at)) => Some(place(*at)?),
        Some(_) => return Err(format!("`{name}`: at is a JSON Pointer, expected an offset in bytes")),
    };
    if raw.contains.is_some() || raw.unit_at.is_some() || !raw.units.is_empty() {
        return Err(format!("`{name}`: contains, unit_at and units are for decoded fields, not for bytes"));
    }
    past_fits(raw, &name)?;
    let width = raw.width.unwrap_or(1);
    let says = match (raw.quantity, raw.time, raw.firmware) {
        (Some(quantity), None, None) => Says::Value(Box::new(meaning(raw, quantity, house)?)),
        (None, Some(time), None) => {
            let format = time_format(time).ok_or_else(|| format!("`{name}`: bytes are no text"))?;
            Says::Time { format, past: raw.past }
        }
        (None, None, Some(RawFirmware::Dotted)) => Says::Version(Version::Dotted),
        (None, None, Some(RawFirmware::Digits)) => Says::Version(Version::Digits),
        (None, None, Some(RawFirmware::Text)) => return Err(format!("`{name}`: firmware is \"dotted\" or \"digits\" in bytes")),
        (None, None, None) => Says::Nothing,
        _ => return Err(format!("`{name}`: a field is one of a quantity, a time and the firmware")),
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
        (RawNumber::Flag, _) => Number::Flag,
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
        None if width == 1 || matches!(says, Says::Nothing | Says::Version(_)) => Endian::Big,
        None => {
            return Err(format!(
                "`{name}`: a field of {width} bytes needs endian, \"big\" or \"little\", here or for the profile"
            ));
        }
    };
    let when = raw.when.iter().map(byte_test).collect::<Result<_, _>>()?;
    Ok(Field { at, width, endian, number, bits, nan: raw.nan.unwrap_or(Flaw::Invalid), when, says })
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
