//! What fields of bytes and decoded fields have in common: whose value it is, and what its raw numbers and words mean.

use schemas::{Flaw, Quantity};

use super::{House, Wrong};
use crate::codecs::layout::TimeFormat;
use crate::codecs::scale::{Meaning, Raw, Scale, Span, Step};
use crate::profile::raw::{RawAt, RawField, RawFlaw, RawSome, RawTime, RawValue};
use crate::units;

/// What a field is called in a complaint.
pub(super) fn called(raw: &RawField) -> String {
    match (&raw.quantity, &raw.at) {
        (Some(quantity), _) => quantity.to_string(),
        (None, Some(RawAt::Offset(at))) => format!("field at {at}"),
        (None, Some(RawAt::Pointer(at))) => format!("field at {at}"),
        (None, Some(RawAt::Pointers(several))) => format!("field at {}", several.join(" or ")),
        (None, None) => "field".to_owned(),
    }
}

pub(super) fn quantity(raw: &RawField) -> Result<Quantity, Wrong> {
    raw.quantity.ok_or_else(|| format!("{}: expected `quantity`", called(raw)))
}

pub(super) fn meaning(raw: &RawField, quantity: Quantity, house: House) -> Result<Meaning, Wrong> {
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
    if let Some(base) = raw.plus.filter(|base| base.unit() != quantity.unit()) {
        return Err(format!("`{name}`: plus: `{base}` is in {}, not in {}", base.unit(), quantity.unit()));
    }
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
        plus: raw.plus,
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

pub(super) fn raw_value(value: &RawValue) -> Raw {
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

/// One or several, as a list.
pub(super) fn some(raw: Option<&RawSome>) -> &[RawValue] {
    match raw {
        None => &[],
        Some(RawSome::One(one)) => std::slice::from_ref(one),
        Some(RawSome::Several(several)) => several,
    }
}

/// `past` is said of a time.
pub(super) fn past_fits(raw: &RawField, name: &str) -> Result<(), Wrong> {
    if raw.past && raw.time.is_none() { Err(format!("`{name}`: past goes with time")) } else { Ok(()) }
}

pub(super) fn time_format(raw: RawTime) -> Option<TimeFormat> {
    match raw {
        RawTime::Unix => Some(TimeFormat::Unix),
        RawTime::UnixMs => Some(TimeFormat::UnixMillis),
        RawTime::Since2000 => Some(TimeFormat::Since2000),
        RawTime::Ago => Some(TimeFormat::Ago),
        RawTime::AgoMinutes => Some(TimeFormat::AgoMinutes),
        RawTime::Text => None,
    }
}
