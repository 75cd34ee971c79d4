//! Running mean: the mean of the last 24 hours, or of as many as the rule says, looked at when an hour is over. It says
//! before midnight what the mean of the day will come to (DOMAIN 1.7.8: a running mean of 24 hours with 18 of them known).

use std::collections::VecDeque;

use schemas::{HOUR, Quantity, Texts, Timestamp};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::limit::RawLimit;
use super::run::Runs;
use super::{Condition, Fault, Form, Memory, Own, Verdict};
use crate::hours::Local;
use crate::sample::Sample;

pub(super) const FORM: Form = Form {
    name: "running",
    summary: "mean of the last hours, with enough of them known, looked at each hour",
    by_value: true,
    read,
};

/// Hours that a mean may be of.
const LONGEST: u32 = 48;
/// The share of the hours that must be known, where the rule does not say.
const CAPTURE: f64 = 0.75;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    hours: Spanned<u32>,
    capture: Option<Spanned<f64>>,
    above: Option<Spanned<f64>>,
    at_least: Option<Spanned<f64>>,
    below: Option<Spanned<f64>>,
    at_most: Option<Spanned<f64>>,
    clear: Spanned<f64>,
}

#[derive(Debug)]
struct Running {
    hours: u32,
    /// 0 to 1.
    capture: f64,
    runs: Runs,
}

/// The hour that readings fall into now, and the means of those before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hours {
    /// What is before it is judged.
    #[serde(with = "super::millis")]
    start: Timestamp,
    count: u32,
    sum: f64,
    /// Beginning and mean of each hour that is known, in order.
    known: VecDeque<(i64, f64)>,
}

impl Hours {
    fn end(&self) -> Timestamp {
        Timestamp::clamped(self.start.millis() + HOUR)
    }
}

impl Running {
    fn value(&self, hours: &Hours) -> Option<f64> {
        let needed = (f64::from(self.hours) * self.capture).ceil();
        let count = u32::try_from(hours.known.len()).unwrap_or(u32::MAX);
        let sum: f64 = hours.known.iter().map(|(_, mean)| mean).sum();
        (count > 0 && f64::from(count) >= needed).then(|| sum / f64::from(count))
    }
}

impl Condition for Running {
    fn observe(&self, memory: &mut Memory, sample: &Sample, _: Local<'_>) -> Option<Verdict> {
        let at = sample.observed.millis();
        let start = Timestamp::clamped(at - at.rem_euclid(HOUR));
        if !matches!(memory.own.as_deref(), Some(Own::Running(_))) {
            memory.own = Some(Box::new(Own::Running(Hours { start, count: 0, sum: 0.0, known: VecDeque::new() })));
        }
        let Some(Own::Running(hours)) = memory.own.as_deref_mut() else { return None };
        // Time has closed the hour before this one, if it had readings.
        if hours.start != start {
            (hours.start, hours.count, hours.sum) = (start, 0, 0.0);
        }
        hours.count = hours.count.saturating_add(1);
        hours.sum += sample.value;
        None
    }

    fn advance(&self, memory: &mut Memory, now: Timestamp, local: Local<'_>) -> Option<Verdict> {
        if self.wake_at(memory, local)? > now {
            return None;
        }
        let Some(Own::Running(hours)) = memory.own.as_deref_mut() else { return None };
        let end = hours.end();
        hours.known.push_back((hours.start.millis(), hours.sum / f64::from(hours.count)));
        let oldest = end.millis() - i64::from(self.hours) * HOUR;
        while hours.known.front().is_some_and(|(start, _)| *start < oldest) {
            hours.known.pop_front();
        }
        (hours.start, hours.count, hours.sum) = (end, 0, 0.0);
        let value = self.value(hours);
        memory.value = value.unwrap_or(memory.value);
        self.runs.judge(memory, value, memory.holds)
    }

    fn waits(&self) -> bool {
        true
    }

    fn wake_at(&self, memory: &Memory, _: Local<'_>) -> Option<Timestamp> {
        match memory.own.as_deref() {
            Some(Own::Running(hours)) if hours.count > 0 => Some(hours.end()),
            _ => None,
        }
    }

    fn passed(&self, memory: &Memory) -> Timestamp {
        match memory.own.as_deref() {
            Some(Own::Running(hours)) => hours.start,
            _ => Timestamp::MIN,
        }
    }

    fn words(&self, quantity: Option<Quantity>) -> Texts {
        let limit = self.runs.words(quantity.map_or("1", Quantity::unit));
        let (hours, share) = (self.hours, (self.capture * 100.0).round());
        Texts {
            fr: format!("moyenne des {hours} dernières heures {}, avec {share} % des heures", limit.fr),
            ar: format!("متوسط آخر {hours} ساعة {}، مع {share} % من الساعات", limit.ar),
            en: format!("the mean of the last {hours} hours is {}, with {share} % of the hours", limit.en),
        }
    }
}

fn read(table: Spanned<DeValue<'_>>, quantity: Option<Quantity>) -> Result<Box<dyn Condition>, Vec<Fault>> {
    let span = table.span();
    let raw = Raw::deserialize(ValueDeserializer::from(table)).map_err(|e| vec![e.into()])?;
    let Raw { hours, above, at_least, below, at_most, clear, .. } = raw;
    let mut faults = Vec::new();
    let limit = RawLimit { above, at_least, below, at_most, clear: Some(clear) };
    let runs = Runs::read(limit, [None, None], "running", &span, quantity, &mut faults);
    if !(2..=LONGEST).contains(hours.as_ref()) {
        faults.push(Fault::at(hours.span(), format!("hours is {}, expected 2 to {LONGEST}", hours.as_ref())));
    }
    if let Some(capture) = raw.capture.as_ref().filter(|c| !(0.0..=1.0).contains(c.as_ref())) {
        faults.push(Fault::at(capture.span(), format!("capture is {}, expected 0 to 1", capture.as_ref())));
    }
    match runs {
        Some(runs) if faults.is_empty() => {
            let capture = raw.capture.map_or(CAPTURE, Spanned::into_inner);
            Ok(Box::new(Running { hours: hours.into_inner(), capture, runs }))
        }
        _ => Err(faults),
    }
}
