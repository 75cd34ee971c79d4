//! Threshold with a separate clear value, judged by single samples.

use schemas::{Quantity, Texts};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::limit::{Limit, RawLimit};
use super::{Condition, Fault, Form, Memory, Verdict};
use crate::hours::Local;
use crate::sample::Sample;

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

#[derive(Debug)]
struct Threshold(Limit);

impl Condition for Threshold {
    fn observe(&self, memory: &mut Memory, sample: &Sample, _: Local<'_>) -> Option<Verdict> {
        memory.value = sample.value;
        self.0.judge(sample.value)
    }

    fn is_brief(&self) -> bool {
        true
    }

    fn words(&self, quantity: Option<Quantity>) -> Texts {
        self.0.words(quantity.map_or("1", Quantity::unit))
    }
}

fn read(table: Spanned<DeValue<'_>>, quantity: Option<Quantity>) -> Result<Box<dyn Condition>, Vec<Fault>> {
    let span = table.span();
    let raw = Raw::deserialize(ValueDeserializer::from(table)).map_err(|e| vec![e.into()])?;
    let Raw { above, at_least, below, at_most, clear } = raw;
    let mut faults = Vec::new();
    let limit = RawLimit { above, at_least, below, at_most, clear: Some(clear) }.read("threshold", &span, quantity, &mut faults);
    limit.map(|limit| Box::new(Threshold(limit)) as _).ok_or(faults)
}
