//! Counter: what was consumed in each hour, eight hours or local day, from the raw index of a meter. What lies between
//! two indices is `domains::water::delta`'s to say (DOMAIN 4.2); between them consumption is a straight line (4.3),
//! and over a gap that is too long it is not known. Limits are litres a window.

use std::time::Duration;

use domains::water::{MeterIndex, MeterSettings, WaterSettings, delta};
use schemas::{Quantity, Texts, Timestamp, ValueClass};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::limit::RawLimit;
use super::run::Runs;
use super::window::Every;
use super::{Condition, Fault, Form, Memory, Own, Verdict};
use crate::hours::Local;
use crate::parse::duration;
use crate::sample::Sample;

pub(super) const FORM: Form = Form {
    name: "counter",
    summary: "litres that a meter counted in each hour, eight hours or local day, so many in a row: leak, burst, consumption",
    by_value: true,
    read,
};

/// Over more than this nobody knows what flowed when, where the rule does not say (DOMAIN 4.3).
const GAP: Duration = Duration::from_secs(3 * 3600);
/// Of a whole day the difference of two indices is exact enough over a longer one.
const GAP_OF_DAYS: Duration = Duration::from_secs(26 * 3600);
/// The longest gap that can be set, and so the most windows that one reading closes.
const LONGEST: Duration = Duration::from_secs(72 * 3600);
const LITRES: f64 = 1000.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    per: Every,
    gap: Option<Spanned<String>>,
    consecutive: Option<Spanned<u32>>,
    clear_consecutive: Option<Spanned<u32>>,
    above: Option<Spanned<f64>>,
    at_least: Option<Spanned<f64>>,
    below: Option<Spanned<f64>>,
    at_most: Option<Spanned<f64>>,
    clear: Spanned<f64>,
}

#[derive(Debug)]
struct Counter {
    per: Every,
    gap: Duration,
    runs: Runs,
    meter: MeterSettings,
}

/// The last index, and the window that it is in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Meter {
    #[serde(with = "super::millis")]
    at: Timestamp,
    litres: u64,
    /// Litres in the window so far.
    volume: f64,
    /// All of the window so far is known.
    known: bool,
}

impl Counter {
    /// Lays `litres` (none: not known) evenly over the time since the last index, and judges each window that ends.
    fn lay(
        &self,
        memory: &mut Memory,
        mut meter: Meter,
        now: Timestamp,
        litres: Option<f64>,
        local: Local<'_>,
    ) -> (Meter, Option<Verdict>) {
        let (mut holds, mut verdict) = (memory.holds, None);
        let whole = now.since(meter.at).as_secs_f64();
        let mut judge = |memory: &mut Memory, value: Option<f64>| {
            // Of a run the least counts: what flows even when nobody draws water.
            let first = !holds && Runs::so_far(memory) == 0;
            if let Some(volume) = value.filter(|v| holds || self.runs.limit.holds(*v)) {
                memory.value = if first { volume / LITRES } else { memory.value.min(volume / LITRES) };
            }
            if let Some(said) = self.runs.judge(memory, value, holds) {
                (holds, verdict) = (said == Verdict::Holds, Some(said));
            }
        };
        if litres.is_none() && self.per.around(meter.at, local) != self.per.around(now, local) {
            judge(memory, None);
            meter = Meter { at: now, volume: 0.0, known: self.per.around(now, local).0 == now, ..meter };
            return (meter, verdict);
        }
        while meter.at < now {
            let (_, end) = self.per.around(meter.at, local);
            let to = end.min(now);
            match litres {
                Some(litres) => meter.volume += litres * (to.since(meter.at).as_secs_f64() / whole),
                None => meter.known = false,
            }
            meter.at = to;
            if to == end {
                // A sum of parts of a whole is a little beside it.
                judge(memory, meter.known.then(|| (meter.volume * 1e6).round() / 1e6));
                (meter.volume, meter.known) = (0.0, litres.is_some() || to == now);
            }
        }
        (meter, verdict)
    }
}

impl Condition for Counter {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float cast saturates, and less than nothing is 0"
    )]
    fn observe(&self, memory: &mut Memory, sample: &Sample, local: Local<'_>) -> Option<Verdict> {
        let litres = (sample.value * LITRES).round() as u64;
        let before = match memory.own.as_deref() {
            Some(Own::Meter(meter)) if meter.at <= sample.observed => meter.clone(),
            _ => {
                let known = self.per.around(sample.observed, local).0 == sample.observed;
                let meter = Meter { at: sample.observed, litres, volume: 0.0, known };
                memory.own = Some(Box::new(Own::Meter(meter)));
                return None;
            }
        };
        let index = |at, litres| MeterIndex { at, litres, serial: None };
        let step = delta(index(before.at, before.litres), index(sample.observed, litres), &self.meter);
        let near = sample.observed.since(before.at) <= self.gap;
        let consumed = step.consumption().filter(|_| near).map(|litres| litres as f64);
        let (meter, verdict) = self.lay(memory, before, sample.observed, consumed, local);
        if let Some(own) = memory.own.as_deref_mut() {
            *own = Own::Meter(Meter { litres, ..meter });
        }
        verdict
    }

    fn words(&self, _: Option<Quantity>) -> Texts {
        let (every, runs) = (self.per.words(), self.runs.words("L"));
        Texts {
            fr: format!("consommation {} {}", every.fr, runs.fr),
            ar: format!("الاستهلاك {} {}", every.ar, runs.ar),
            en: format!("the consumption {} is {}", every.en, runs.en),
        }
    }
}

fn read(table: Spanned<DeValue<'_>>, quantity: Option<Quantity>) -> Result<Box<dyn Condition>, Vec<Fault>> {
    let span = table.span();
    let raw = Raw::deserialize(ValueDeserializer::from(table)).map_err(|e| vec![e.into()])?;
    let Raw { per, above, at_least, below, at_most, clear, .. } = raw;
    let mut faults = Vec::new();
    if let Some(row) = quantity.map(Quantity::row)
        && (row.class != ValueClass::Counter || row.unit != "m3")
    {
        faults.push(Fault::at(
            span.clone(),
            format!("{} is a {} in {}, expected a counter in m3", row.name, row.class.code(), row.unit),
        ));
    }
    let limit = RawLimit { above, at_least, below, at_most, clear: Some(clear) };
    let runs = [raw.consecutive.as_ref(), raw.clear_consecutive.as_ref()];
    let runs = Runs::read(limit, runs, "counter", &span, None, &mut faults);
    let usual = if per == Every::Day { GAP_OF_DAYS } else { GAP };
    let gap = raw.gap.as_ref().map_or(Ok(usual), |text| duration("gap", text, Duration::from_secs(1), LONGEST));
    let gap = gap.map_err(|f| faults.push(f)).ok();
    match (runs, gap) {
        (Some(runs), Some(gap)) if faults.is_empty() => {
            Ok(Box::new(Counter { per, gap, runs, meter: WaterSettings::shipped().meter }))
        }
        _ => Err(faults),
    }
}
