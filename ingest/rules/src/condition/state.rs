//! A state that the device itself reports: fire, tilt, tamper, leak. Off and on again within seconds is for `hold` and
//! `keep_firing`, which debounce both edges of every condition.

use schemas::{Quantity, Texts};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::{Condition, Fault, Form, Memory, Verdict};
use crate::hours::Local;
use crate::sample::Sample;

pub(super) const FORM: Form =
    Form { name: "state", summary: "a state that the device reports is on, or off; heartbeats confirm it", by_value: true, read };

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    is: Spanned<String>,
}

#[derive(Debug)]
struct State {
    on: bool,
}

impl Condition for State {
    fn observe(&self, memory: &mut Memory, sample: &Sample, _: Local<'_>) -> Option<Verdict> {
        memory.value = sample.value;
        Some(Verdict::of((sample.value >= 0.5) == self.on))
    }

    fn is_brief(&self) -> bool {
        true
    }

    fn words(&self, _: Option<Quantity>) -> Texts {
        let [fr, ar, en] = if self.on {
            ["signalé", "مبلغ عنه", "reported"]
        } else {
            ["non signalé", "غير مبلغ عنه", "not reported"]
        };
        Texts { fr: fr.into(), ar: ar.into(), en: en.into() }
    }
}

fn read(table: Spanned<DeValue<'_>>, quantity: Option<Quantity>) -> Result<Box<dyn Condition>, Vec<Fault>> {
    let span = table.span();
    let raw = Raw::deserialize(ValueDeserializer::from(table)).map_err(|e| vec![e.into()])?;
    if let Some(row) = quantity.map(Quantity::row)
        && (row.min, row.max) != (0.0, 1.0)
    {
        return Err(vec![Fault::at(
            span,
            format!("{} has values from {} to {}, expected a state of 0 and 1", row.name, row.min, row.max),
        )]);
    }
    match raw.is.as_ref().as_str() {
        "on" => Ok(Box::new(State { on: true })),
        "off" => Ok(Box::new(State { on: false })),
        other => Err(vec![Fault::at(raw.is.span(), format!("is: `{other}`, expected on or off"))]),
    }
}
