//! From the number that stands in a frame or a field to the canonical value: the arithmetic and the special values that
//! a profile says once, whatever the bytes look like.

use schemas::{Flaw, Quality, Quantity};

use crate::normalise::Sink;
use crate::reject::Reject;
use crate::units::Conversion;

/// Whose value it is, and what its raw numbers and words mean.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    pub(crate) quantity: Quantity,
    pub(crate) channel: u8,
    pub(crate) scale: Scale,
    /// The number says how far it is from this quantity, said before in the same message.
    pub(crate) plus: Option<Quantity>,
    /// Raw values that stand for another number: `OPEN` is 1.
    pub(crate) values: Vec<(Raw, f64)>,
    /// Raw values that say "no value", without a reason.
    pub(crate) absent: Vec<Span>,
    /// Raw values in place of a number, and why there is none.
    pub(crate) missing: Vec<(Span, Flaw)>,
    /// Raw values whose number is doubtful.
    pub(crate) flaws: Vec<(Span, Flaw)>,
}

/// `raw x multiply / divide + add`, or by step where the scale is not linear; then from the device's unit to the
/// canonical one.
#[derive(Clone, Debug)]
pub(crate) struct Scale {
    pub(crate) multiply: f64,
    pub(crate) divide: f64,
    pub(crate) add: f64,
    /// Ascending by `from`: below the first the linear scale holds.
    pub(crate) steps: Vec<Step>,
    pub(crate) conversion: Conversion,
}

/// From raw value `from` on: `base + (raw - from) x step`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) from: f64,
    pub(crate) base: f64,
    pub(crate) step: f64,
}

/// What stands in a frame or a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Raw {
    Number(f64),
    Word(Box<str>),
}

/// Some raw values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Span {
    One(Raw),
    /// Both ends belong to it.
    Range(f64, f64),
}

impl Span {
    fn holds_number(&self, raw: f64) -> bool {
        match self {
            Span::One(Raw::Number(one)) => *one == raw,
            Span::One(Raw::Word(_)) => false,
            Span::Range(from, to) => (*from..=*to).contains(&raw),
        }
    }

    fn holds_word(&self, raw: &str) -> bool {
        matches!(self, Span::One(Raw::Word(word)) if **word == *raw)
    }
}

impl Scale {
    fn value(&self, raw: f64, unit: Option<Conversion>) -> f64 {
        let stated = match self.steps.iter().rev().find(|s| s.from <= raw) {
            Some(s) => s.base + (raw - s.from) * s.step,
            None => raw * self.multiply / self.divide + self.add,
        };
        unit.unwrap_or(self.conversion).apply(stated)
    }
}

impl Meaning {
    /// The number as it stands, in the quantity's unit.
    pub(crate) fn plain(quantity: Quantity, channel: u8) -> Self {
        let scale = Scale { multiply: 1.0, divide: 1.0, add: 0.0, steps: Vec::new(), conversion: Conversion::IDENTITY };
        let (values, absent, missing, flaws) = Default::default();
        Self { quantity, channel, scale, plus: None, values, absent, missing, flaws }
    }

    /// To the resolution of the quantity: sums of decimal steps would gather binary dust.
    pub(crate) fn round(&self, value: f64) -> f64 {
        let resolution = self.quantity.row().resolution;
        // Divided by its inverse where that is whole: 6054 / 1000 is the nearest double, 6054 x 0.001 is not.
        let inverse = (1.0 / resolution).round();
        if inverse >= 1.0 { (value * inverse).round() / inverse } else { (value / resolution).round() * resolution }
    }

    /// Pushes what a raw number means. `unit` is one that stood beside it and wins over the profile's.
    pub(crate) fn push(&self, raw: f64, unit: Option<Conversion>, out: &mut Sink<'_>) -> Result<(), Reject> {
        if self.absent.iter().any(|span| span.holds_number(raw)) {
            return Ok(());
        }
        if let Some((_, flaw)) = self.missing.iter().find(|(span, _)| span.holds_number(raw)) {
            out.miss(self.quantity, self.channel, *flaw);
            return Ok(());
        }
        let flaws = self.flaws.iter().filter(|(span, _)| span.holds_number(raw));
        let quality = flaws.fold(Quality::GOOD, |quality, (_, flaw)| quality.with(*flaw));
        let value = match self.values.iter().find(|(from, _)| *from == Raw::Number(raw)) {
            Some((_, value)) => *value,
            None => self.scale.value(raw, unit),
        };
        let Some(base) = self.plus else {
            return out.push(self.quantity, self.channel, value, quality);
        };
        match out.said(base, self.channel).map(|said| (said.value, said.quality)) {
            Some((said, doubts)) => out.push(self.quantity, self.channel, self.round(said + value), quality.and(doubts)),
            None => {
                out.miss(self.quantity, self.channel, Flaw::Invalid);
                Ok(())
            }
        }
    }

    /// Pushes what a word means. False: the profile does not know it.
    pub(crate) fn push_word(&self, word: &str, out: &mut Sink<'_>) -> Result<bool, Reject> {
        if self.absent.iter().any(|span| span.holds_word(word)) {
            return Ok(true);
        }
        if let Some((_, flaw)) = self.missing.iter().chain(&self.flaws).find(|(span, _)| span.holds_word(word)) {
            out.miss(self.quantity, self.channel, *flaw);
            return Ok(true);
        }
        match self.values.iter().find(|(from, _)| matches!(from, Raw::Word(w) if **w == *word)) {
            Some((_, value)) => out.push(self.quantity, self.channel, *value, Quality::GOOD).map(|()| true),
            None => Ok(false),
        }
    }
}
