//! Threshold with a separate clear value: hysteresis (ISA-18.2 *deadband*), so that a value that
//! trembles round its limit makes one alert and not a hundred.

use schemas::{Grade, Quantity, Reading, Timestamp};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::{Condition, Fault, Form, Memory, Verdict};

pub(super) const FORM: Form = Form {
    name: "threshold",
    summary: "the value is above, at least, below or at most a limit, until it is back beyond `clear`",
    by_value: true,
    read,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    above: Option<Spanned<f64>>,
    at_least: Option<Spanned<f64>>,
    below: Option<Spanned<f64>>,
    at_most: Option<Spanned<f64>>,
    clear: Spanned<f64>,
}

/// On which side of the limit the condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Above,
    AtLeast,
    Below,
    AtMost,
}

#[derive(Debug)]
struct Threshold {
    side: Side,
    limit: f64,
    clear: f64,
}

impl Condition for Threshold {
    fn hears(&self, grade: Grade) -> bool {
        grade != Grade::Bad
    }

    fn observe(&self, _: &Memory, reading: &Reading) -> Option<Verdict> {
        let value = reading.value;
        let (holds, clear) = match self.side {
            Side::Above => (value > self.limit, value < self.clear),
            Side::AtLeast => (value >= self.limit, value < self.clear),
            Side::Below => (value < self.limit, value > self.clear),
            Side::AtMost => (value <= self.limit, value > self.clear),
        };
        if holds { Some(Verdict::Holds) } else { clear.then_some(Verdict::Clear) }
    }

    fn advance(&self, _: &Memory, _: Timestamp) -> Option<Verdict> {
        None
    }

    fn wake_at(&self, _: &Memory) -> Option<Timestamp> {
        None
    }
}

fn read(table: Spanned<DeValue<'_>>, quantity: Option<Quantity>) -> Result<Box<dyn Condition>, Fault> {
    let span = table.span();
    let raw = Raw::deserialize(ValueDeserializer::from(table))?;
    let sides = [(Side::Above, raw.above), (Side::AtLeast, raw.at_least), (Side::Below, raw.below), (Side::AtMost, raw.at_most)];
    let mut given = sides.into_iter().filter_map(|(side, limit)| Some((side, limit?)));
    let (Some((side, limit)), None) = (given.next(), given.next()) else {
        return Err(Fault::at(span, "threshold needs exactly one of above, at_least, below, at_most".to_owned()));
    };
    if let Some(row) = quantity.map(Quantity::row) {
        for (name, number) in [("the limit", &limit), ("clear", &raw.clear)] {
            // Readings outside the range are bad and are not judged: such a limit never decides.
            if !(row.min..=row.max).contains(number.as_ref()) {
                let (value, unit) = (number.as_ref(), if row.unit == "1" { "" } else { &row.unit });
                let message = format!("{name} is {value}, expected {} to {} {unit}, the range of {}", row.min, row.max, row.name);
                return Err(Fault::at(number.span(), message));
            }
        }
    }
    let (limit, clear, clear_span) = (*limit.as_ref(), *raw.clear.as_ref(), raw.clear.span());
    let (right, expected) = match side {
        Side::Above | Side::AtLeast => (clear <= limit, "at or below"),
        Side::Below | Side::AtMost => (clear >= limit, "at or above"),
    };
    if !right {
        return Err(Fault::at(clear_span, format!("clear is {clear}, expected {expected} the limit {limit}")));
    }
    Ok(Box::new(Threshold { side, limit, clear }))
}
