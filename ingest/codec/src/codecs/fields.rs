//! Fields of decoded JSON, mapped to quantities by JSON Pointer (RFC 6901): what a device says in words, what a vendor's
//! script makes of its bytes, what a codec inside the network server made of them.
//!
//! Numbers may be written as text with a unit (`"2000 mm"`) or a remark (`"3.6(low battery)"`). A word that the profile
//! does not know rejects the message: it is never taken for 0.

use schemas::Timestamp;
use serde_json::Value;

use crate::codecs::layout::TimeFormat;
use crate::codecs::pointer::Pointer;
use crate::codecs::scale::{Meaning, Raw};
use crate::forbidden;
use crate::instant;
use crate::normalise::Sink;
use crate::quantity_name::QuantityName;
use crate::reject::{Reason, Reject, excerpt};
use crate::units::{self, Conversion, Reference};

/// A mapping of one tree.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields {
    pub(crate) values: Vec<Pointed>,
    /// Where the device says when the values were so; the first that is there.
    pub(crate) times: Vec<(Pointer, Clock)>,
    /// They are of a log.
    pub(crate) past: bool,
    /// Where the version of the device's program stands; the first that is there.
    pub(crate) firmware: Vec<Pointer>,
    /// Lists whose elements are trees of their own; or one such tree.
    pub(crate) lists: Vec<(Pointer, Fields)>,
}

/// Where a unit stands, and what the words that may stand there mean.
pub(crate) type UnitBeside = (Pointer, Vec<(Box<str>, Conversion)>);

/// How a time is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    Number(TimeFormat),
    /// RFC 3339 with an offset; also with slashes in the date, a space for the T, or a small z.
    Text,
}

/// One value in the tree.
#[derive(Clone, Debug)]
pub(crate) struct Pointed {
    /// The first of these that is there.
    pub(crate) at: Vec<Pointer>,
    /// Read only where all of these hold.
    pub(crate) when: Vec<Test>,
    pub(crate) meaning: Meaning,
    /// Where the unit stands, and what its words mean (UCUM).
    pub(crate) unit: Option<UnitBeside>,
    /// The value is whether the text holds this: 1 or 0.
    pub(crate) contains: Option<Box<str>>,
    /// For gases stated as mass.
    pub(crate) reference: Reference,
    /// Lowest bit and number of bits of a whole number that is flags; none: the number itself.
    pub(crate) bits: Option<(u32, u32)>,
}

/// A value elsewhere in the tree that must be so.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub(crate) at: Pointer,
    /// One of these; empty: any, if it is there at all.
    pub(crate) is: Vec<Raw>,
    /// None of these.
    pub(crate) not: Vec<Raw>,
}

impl Test {
    fn holds(&self, tree: &Value) -> bool {
        let found = match self.at.find(tree) {
            Some(Value::Bool(state)) => Raw::Word(if *state { "true" } else { "false" }.into()),
            Some(Value::Number(number)) => Raw::Number(number.as_f64().unwrap_or(f64::NAN)),
            Some(Value::String(word)) => Raw::Word(word.trim().into()),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => return false,
        };
        (self.is.is_empty() || self.is.contains(&found)) && !self.not.contains(&found)
    }
}

impl Fields {
    /// Pushes what the tree says; `time` is one that the envelope found.
    pub(crate) fn read<'f>(&'f self, tree: &'f Value, time: Option<Timestamp>, out: &mut Sink<'_>) -> Result<(), Reject> {
        let mut own = time;
        for (pointer, clock) in &self.times {
            if let Some(value) = pointer.find(tree).filter(|v| !v.is_null()) {
                own = Some(clock.read(value, pointer, out)?);
                break;
            }
        }
        if self.past {
            out.past(own);
        } else {
            out.at(own);
        }
        for field in self.values.iter().filter(|field| field.when.iter().all(|test| test.holds(tree))) {
            let there = |at: &'f Pointer| at.find(tree).filter(|v| !v.is_null()).map(|value| (at.text(), value));
            if let Some((at, value)) = field.at.iter().find_map(there) {
                field.read(at, value, tree, out)?;
            }
        }
        match self.firmware.iter().find_map(|at| at.find(tree).filter(|v| !v.is_null())) {
            Some(Value::String(version)) => out.firmware(version),
            Some(Value::Number(version)) => out.firmware(&version.to_string()),
            Some(_) | None => {}
        }
        for (pointer, fields) in &self.lists {
            match pointer.find(tree) {
                None | Some(Value::Null) => {}
                Some(Value::Array(elements)) => elements.iter().try_for_each(|element| fields.read(element, own, out))?,
                Some(one @ Value::Object(_)) => fields.read(one, own, out)?,
                Some(other) => return Err(strange(pointer.text(), other, "a list or an object")),
            }
        }
        out.at(None);
        Ok(())
    }
}

impl Clock {
    fn read(self, value: &Value, pointer: &Pointer, out: &Sink<'_>) -> Result<Timestamp, Reject> {
        let bad = |expected: &str| {
            let found = excerpt(&value.to_string());
            Reject::new(Reason::BadTime, format!("`{pointer}` is {found}, expected {expected}"))
        };
        match self {
            Clock::Number(format) => {
                let number = value.as_f64().or_else(|| value.as_str().and_then(|s| s.trim().parse().ok()));
                number.and_then(|n| format.instant(n, out.heard_at())).ok_or_else(|| bad("a number that is an instant"))
            }
            Clock::Text => {
                let text = value.as_str().ok_or_else(|| bad("RFC 3339 with an offset"))?;
                let usual = text.replacen('/', "-", 2).replacen(' ', "T", 1).to_ascii_uppercase();
                instant::parse(&usual).map_err(|_| bad("RFC 3339 with an offset"))
            }
        }
    }
}

impl Pointed {
    /// Pushes what stands at `at`.
    fn read(&self, at: &str, value: &Value, tree: &Value, out: &mut Sink<'_>) -> Result<(), Reject> {
        let beside = match &self.unit {
            None => None,
            Some((pointer, units)) => match pointer.find(tree).and_then(Value::as_str) {
                None => None,
                Some(word) => Some(units.iter().find(|(w, _)| **w == *word).map(|(_, c)| *c).ok_or_else(|| {
                    let text = format!("`{pointer}` is the unit `{}`, which the profile does not know", excerpt(word));
                    Reject::new(Reason::UnknownUnit, text)
                })?),
            },
        };
        match value {
            Value::Null => Ok(()),
            Value::Bool(state) => match &self.contains {
                None if self.meaning.push_word(if *state { "true" } else { "false" }, out)? => Ok(()),
                _ => self.meaning.push(f64::from(u8::from(*state)), beside, out),
            },
            Value::Number(number) => match self.number(number) {
                Some(number) => self.meaning.push(number, beside, out),
                None => Err(strange(at, value, if self.bits.is_some() { "a whole number of flags" } else { "a number" })),
            },
            Value::String(text) => self.read_text(at, text, beside, out),
            Value::Object(stated) => match (stated.get("value"), stated.get("unit").and_then(Value::as_str)) {
                (Some(Value::Object(_)) | None, _) => Err(strange(at, value, "a number, a word, or `value` and `unit`")),
                (Some(inner), Some(unit)) => self.read_stated(at, inner, self.unit_named(at, unit)?, out),
                (Some(inner), None) => self.read_stated(at, inner, None, out),
            },
            Value::Array(_) => Err(strange(at, value, "one value and not a list")),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "flags are few bits")]
    fn number(&self, number: &serde_json::Number) -> Option<f64> {
        match self.bits {
            None => number.as_f64(),
            Some((lowest, count)) => Some((number.as_u64()? >> lowest & (u64::MAX >> (64 - count))) as f64),
        }
    }

    /// The inside of `{"value": .., "unit": ..}`.
    fn read_stated(&self, at: &str, inner: &Value, unit: Option<Conversion>, out: &mut Sink<'_>) -> Result<(), Reject> {
        match inner {
            Value::Null => Ok(()),
            Value::Number(n) => self.meaning.push(n.as_f64().unwrap_or(f64::NAN), unit, out),
            Value::Bool(state) => self.meaning.push(f64::from(u8::from(*state)), unit, out),
            Value::String(text) => self.read_text(at, text, unit, out),
            other => Err(strange(at, other, "a number or a word")),
        }
    }

    fn read_text(&self, at: &str, text: &str, beside: Option<Conversion>, out: &mut Sink<'_>) -> Result<(), Reject> {
        if let Some(wanted) = &self.contains {
            return self.meaning.push(f64::from(u8::from(text.contains(&**wanted))), None, out);
        }
        let text = text.trim();
        if self.meaning.push_word(text, out)? || text.is_empty() {
            return Ok(());
        }
        let Some((number, rest)) = leading_number(text) else {
            let found = excerpt(text);
            let message = format!("`{at}` is `{found}`, expected a number in text or a word that the profile lists");
            return Err(Reject::new(Reason::UnknownWord, message));
        };
        // A remark in parentheses and stray punctuation are not units.
        let unit = rest.split('(').next().unwrap_or_default().trim().trim_end_matches([',', ';', '.']).trim();
        let stated = if unit.is_empty() { beside } else { self.unit_named(at, unit)? };
        self.meaning.push(number, stated, out)
    }

    /// What a unit beside the number means: the profile's own where it is the same, another that fits, or a refusal.
    fn unit_named(&self, at: &str, unit: &str) -> Result<Option<Conversion>, Reject> {
        let refused = |unit: &str| {
            let quantity = self.meaning.quantity;
            let text = format!("`{at}` in `{}` does not convert to {quantity} in {}", excerpt(unit), quantity.unit());
            Reject::new(Reason::UnknownUnit, text)
        };
        let code = units::vendor_unit(unit).unwrap_or(unit);
        units::conversion(self.meaning.quantity, code, self.reference).map(Some).map_err(|_| refused(unit))
    }
}

/// Fields named as in the vocabulary, without a profile: `{"waste.fill": 82.5, "air.no2#1": {"value": 12, "unit": "[ppb]"}}`.
pub(crate) fn read_named(tree: &Value, time: Option<Timestamp>, out: &mut Sink<'_>) -> Result<(), Reject> {
    let Value::Object(fields) = tree else {
        return Err(strange("", tree, "an object"));
    };
    out.at(time);
    for (key, value) in fields {
        if forbidden::is_forbidden(key) {
            return Err(forbidden::refusal(key));
        }
        let QuantityName { quantity, channel } = QuantityName::read(key)?;
        let field = Pointed {
            at: Vec::new(),
            when: Vec::new(),
            meaning: Meaning::plain(quantity, channel),
            unit: None,
            contains: None,
            reference: Reference::Cel20,
            bits: None,
        };
        field.read(key, value, tree, out)?;
    }
    out.at(None);
    Ok(())
}

/// A decimal number at the beginning, and what follows it.
fn leading_number(text: &str) -> Option<(f64, &str)> {
    let mut end = 0;
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    if matches!(bytes.first(), Some(b'+' | b'-')) {
        end = 1;
    }
    let whole = end;
    while digit(end) {
        end += 1;
    }
    if end == whole && !(bytes.get(end) == Some(&b'.') && digit(end + 1)) {
        return None;
    }
    if bytes.get(end) == Some(&b'.') && digit(end + 1) {
        end += 1;
        while digit(end) {
            end += 1;
        }
    }
    // An exponent only with digits: the e of `5 e` is not one.
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if digit(end + 1 + sign) {
            end += 1 + sign;
            while digit(end) {
                end += 1;
            }
        }
    }
    let (number, rest) = text.split_at_checked(end)?;
    Some((number.parse().ok()?, rest))
}

fn strange(at: &str, found: &Value, expected: &str) -> Reject {
    Reject::new(Reason::BadShape, format!("`{at}` is {}, expected {expected}", excerpt(&found.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_in_text_ends_where_its_digits_end() {
        let cases = [
            ("2000 mm", Some((2000.0, " mm"))),
            ("3.6(low battery)", Some((3.6, "(low battery)"))),
            ("-50.7°C", Some((-50.7, "°C"))),
            ("9818,", Some((9818.0, ","))),
            ("1e3", Some((1000.0, ""))),
            ("5 e", Some((5.0, " e"))),
            (".5", Some((0.5, ""))),
            ("+7.", Some((7.0, "."))),
            ("Preheating", None),
            ("-", None),
            ("", None),
            ("1.2.3", Some((1.2, ".3"))),
        ];
        for (text, expected) in cases {
            assert_eq!(leading_number(text), expected, "{text}");
        }
    }
}
