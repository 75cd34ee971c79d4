//! Rate of change: a rise or fall by so much within so long, as a fire makes it and the sun does not.

use std::time::Duration;

use schemas::{Quantity, Texts};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::{Condition, Fault, Form, Memory, Own, Point, Verdict};
use crate::hours::Local;
use crate::parse::{duration, said};
use crate::sample::Sample;

pub(super) const FORM: Form = Form {
    name: "rate",
    summary: "the value rises or falls by so much `within` a span, and, if so wanted, is at least `reaching`",
    by_value: true,
    read,
};

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// Samples that are remembered of the span; of more, the oldest go.
const MOST: usize = 48;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    rise: Option<Spanned<f64>>,
    fall: Option<Spanned<f64>>,
    within: Spanned<String>,
    gap: Option<Spanned<String>>,
    reaching: Option<Spanned<f64>>,
}

#[derive(Debug)]
struct Rate {
    /// 1 for a rise, -1 for a fall.
    sign: f64,
    by: f64,
    within: Duration,
    /// Samples further apart than this are not compared: nobody knows what was between.
    gap: Duration,
    reaching: Option<f64>,
}

/// The samples of the span, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recent(Vec<Point>);

impl Condition for Rate {
    fn observe(&self, memory: &mut Memory, sample: &Sample, _: Local<'_>) -> Option<Verdict> {
        memory.value = sample.value;
        if !matches!(memory.own.as_deref(), Some(Own::Recent(_))) {
            memory.own = Some(Box::new(Own::Recent(Recent::default())));
        }
        let Some(Own::Recent(Recent(recent))) = memory.own.as_deref_mut() else { return None };
        if recent.last().is_some_and(|last| sample.observed.since(last.at) > self.gap) {
            recent.clear();
        }
        recent.retain(|point| sample.observed.since(point.at) <= self.within);
        if recent.len() >= MOST {
            recent.remove(0);
        }
        recent.push(Point::of(sample));
        let change = recent.iter().map(|before| self.sign * (sample.value - before.value)).fold(0.0, f64::max);
        let reached = self.reaching.is_none_or(|r| self.sign * (sample.value - r) >= 0.0);
        if change >= self.by && reached {
            return Some(Verdict::Holds);
        }
        // Still hot is still burning, however slowly it rises now.
        if self.reaching.is_some() { (!reached).then_some(Verdict::Clear) } else { Some(Verdict::Clear) }
    }

    fn words(&self, quantity: Option<Quantity>) -> Texts {
        let unit = quantity.map(Quantity::unit).filter(|u| *u != "1").map_or_else(String::new, |u| format!(" {u}"));
        let by = format!("{}{unit}", self.by);
        let within = said(self.within);
        let [fr, ar, en] =
            if self.sign > 0.0 { ["hausse", "ارتفاع", "a rise"] } else { ["baisse", "انخفاض", "a fall"] };
        let reaching = |and: &str| self.reaching.map_or_else(String::new, |r| format!(", {and} {r}{unit}"));
        Texts {
            fr: format!("{fr} de {by} en {within}{}", reaching("atteignant")),
            ar: format!("{ar} {by} خلال {within}{}", reaching("حتى")),
            en: format!("{en} of {by} within {within}{}", reaching("reaching")),
        }
    }
}

fn read(table: Spanned<DeValue<'_>>, _: Option<Quantity>) -> Result<Box<dyn Condition>, Vec<Fault>> {
    let span = table.span();
    let raw = Raw::deserialize(ValueDeserializer::from(table)).map_err(|e| vec![e.into()])?;
    let mut faults = Vec::new();
    let (sign, by) = match (raw.rise, raw.fall) {
        (Some(rise), None) => (1.0, rise),
        (None, Some(fall)) => (-1.0, fall),
        _ => return Err(vec![Fault::at(span, "rate needs exactly one of rise, fall")]),
    };
    if !by.as_ref().is_finite() || *by.as_ref() <= 0.0 {
        faults.push(Fault::at(by.span(), format!("the change is {}, expected more than 0", by.as_ref())));
    }
    let mut time = |key, text: &Spanned<String>| duration(key, text, SHORTEST, LONGEST).map_err(|f| faults.push(f)).ok();
    let within = time("within", &raw.within);
    let gap = raw.gap.as_ref().map_or(within, |text| time("gap", text));
    match (within, gap) {
        (Some(within), Some(gap)) if faults.is_empty() => {
            let reaching = raw.reaching.map(Spanned::into_inner);
            Ok(Box::new(Rate { sign, by: by.into_inner(), within, gap, reaching }))
        }
        _ => Err(faults),
    }
}
