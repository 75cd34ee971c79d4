//! Window: what the readings of an hour, of six or eight hours or of a local day come to, with the capture rule: too few
//! readings are no value (DOMAIN 1.7: an hour has 3 of its 4 quarters, a day 18 of its 24 hours). Hours, sixes and eights are
//! those of UTC; days are local, of 23 to 25 hours. A window is judged when it is over.

use std::time::Duration;

use schemas::{HOUR, Quantity, Texts, Timestamp};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::limit::RawLimit;
use super::run::Runs;
use super::{Condition, Fault, Form, Memory, Own, Verdict};
use crate::hours::Local;
use crate::parse::duration;
use crate::sample::Sample;

pub(super) const FORM: Form = Form {
    name: "window",
    summary: "mean, min, max, sum or count of each hour, eight hours or local day with enough data, so many in a row",
    by_value: true,
    read,
};

/// How long a reading stands for what was measured, where the rule does not say.
const INTERVAL: Duration = Duration::from_secs(15 * 60);
/// The share of a window that must be covered, where the rule does not say (Directive 2008/50/EC, Annex XI).
const CAPTURE: f64 = 0.75;

/// How long a window is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Every {
    #[serde(rename = "15m")]
    Quarter,
    #[serde(rename = "1h")]
    Hour,
    #[serde(rename = "6h")]
    SixHours,
    #[serde(rename = "8h")]
    EightHours,
    #[serde(rename = "day")]
    Day,
}

impl Every {
    /// The window that holds an instant.
    pub(super) fn around(self, at: Timestamp, local: Local<'_>) -> (Timestamp, Timestamp) {
        let of = |length: i64| {
            let start = at.millis() - at.millis().rem_euclid(length);
            (Timestamp::clamped(start), Timestamp::clamped(start + length))
        };
        match self {
            Every::Quarter => of(HOUR / 4),
            Every::Hour => of(HOUR),
            Every::SixHours => of(6 * HOUR),
            Every::EightHours => of(8 * HOUR),
            Every::Day => local.day(at),
        }
    }

    /// In how many parts it must be covered, and how long each is.
    fn parts(self, start: Timestamp, end: Timestamp) -> (u32, i64) {
        match self {
            Every::Quarter => (1, HOUR / 4),
            Every::Hour => (4, HOUR / 4),
            Every::SixHours => (6, HOUR),
            Every::EightHours => (8, HOUR),
            Every::Day => (u32::try_from((end.millis() - start.millis()) / HOUR).unwrap_or(24).clamp(1, 31), HOUR),
        }
    }

    pub(super) fn words(self) -> Texts {
        let [fr, ar, en] = match self {
            Every::Quarter => ["de 15 min", "كل 15 دقيقة", "of 15 minutes"],
            Every::Hour => ["horaire", "كل ساعة", "of an hour"],
            Every::SixHours => ["de 6 h", "كل 6 ساعات", "of 6 hours"],
            Every::EightHours => ["de 8 h", "كل 8 ساعات", "of 8 hours"],
            Every::Day => ["journalière", "كل يوم", "of a local day"],
        };
        Texts { fr: fr.into(), ar: ar.into(), en: en.into() }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Aggregate {
    Mean,
    Min,
    Max,
    Sum,
    Count,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    aggregate: Aggregate,
    every: Every,
    capture: Option<Spanned<f64>>,
    interval: Option<Spanned<String>>,
    consecutive: Option<Spanned<u32>>,
    clear_consecutive: Option<Spanned<u32>>,
    above: Option<Spanned<f64>>,
    at_least: Option<Spanned<f64>>,
    below: Option<Spanned<f64>>,
    at_most: Option<Spanned<f64>>,
    clear: Spanned<f64>,
}

#[derive(Debug)]
struct Window {
    aggregate: Aggregate,
    every: Every,
    /// 0 to 1.
    capture: f64,
    interval: Duration,
    runs: Runs,
}

/// The window that readings fall into now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Open {
    /// What is before it is judged.
    #[serde(with = "super::millis")]
    start: Timestamp,
    #[serde(with = "super::millis")]
    end: Timestamp,
    count: u32,
    sum: f64,
    min: f64,
    max: f64,
    /// A bit for each part that a reading covers.
    covered: u32,
}

impl Open {
    fn new((start, end): (Timestamp, Timestamp)) -> Self {
        Self { start, end, count: 0, sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY, covered: 0 }
    }
}

impl Window {
    fn open(memory: &mut Memory, window: (Timestamp, Timestamp)) -> Option<&mut Open> {
        if !matches!(memory.own.as_deref(), Some(Own::Window(_))) {
            memory.own = Some(Box::new(Own::Window(Open::new(window))));
        }
        match memory.own.as_deref_mut() {
            Some(Own::Window(open)) => Some(open),
            _ => None,
        }
    }

    fn add(&self, open: &mut Open, sample: &Sample) {
        open.count = open.count.saturating_add(1);
        open.sum += sample.value;
        open.min = open.min.min(sample.value);
        open.max = open.max.max(sample.value);
        let (parts, length) = self.every.parts(open.start, open.end);
        let part = |millis: i64| u32::try_from((millis - open.start.millis()) / length).unwrap_or(0).min(parts - 1);
        let end = sample.observed.plus(self.interval).millis().min(open.end.millis());
        for covered in part(sample.observed.millis())..=part(end - 1) {
            open.covered |= 1 << covered;
        }
    }

    fn value(&self, open: &Open) -> Option<f64> {
        let (parts, _) = self.every.parts(open.start, open.end);
        let needed = (f64::from(parts) * self.capture).ceil();
        let enough = open.count > 0 && f64::from(open.covered.count_ones()) >= needed;
        enough.then(|| match self.aggregate {
            Aggregate::Mean => open.sum / f64::from(open.count),
            Aggregate::Min => open.min,
            Aggregate::Max => open.max,
            Aggregate::Sum => open.sum,
            Aggregate::Count => f64::from(open.count),
        })
    }
}

impl Condition for Window {
    fn observe(&self, memory: &mut Memory, sample: &Sample, local: Local<'_>) -> Option<Verdict> {
        let window = self.every.around(sample.observed, local);
        let holds = memory.holds;
        let open = Self::open(memory, window)?;
        // Time has closed the window before this one, if it had readings; a window between without any is one
        // without a value.
        let skipped = open.start < window.0;
        if open.start != window.0 || open.count == 0 {
            *open = Open::new(window);
        }
        self.add(open, sample);
        if skipped { self.runs.judge(memory, None, holds) } else { None }
    }

    fn advance(&self, memory: &mut Memory, now: Timestamp, local: Local<'_>) -> Option<Verdict> {
        if self.wake_at(memory, local)? > now {
            return None;
        }
        let Some(Own::Window(open)) = memory.own.as_deref_mut() else { return None };
        let value = self.value(open);
        *open = Open::new((open.end, open.end));
        memory.value = value.unwrap_or(memory.value);
        self.runs.judge(memory, value, memory.holds)
    }

    fn waits(&self) -> bool {
        true
    }

    fn wake_at(&self, memory: &Memory, _: Local<'_>) -> Option<Timestamp> {
        match memory.own.as_deref() {
            Some(Own::Window(open)) if open.count > 0 => Some(open.end),
            _ => None,
        }
    }

    fn passed(&self, memory: &Memory) -> Timestamp {
        match memory.own.as_deref() {
            Some(Own::Window(open)) => open.start,
            _ => Timestamp::MIN,
        }
    }

    fn words(&self, quantity: Option<Quantity>) -> Texts {
        let unit = if self.aggregate == Aggregate::Count { "1" } else { quantity.map_or("1", Quantity::unit) };
        let (every, runs) = (self.every.words(), self.runs.words(unit));
        let [fr, ar, en] = match self.aggregate {
            Aggregate::Mean => ["moyenne", "متوسط", "the mean"],
            Aggregate::Min => ["valeur minimale", "أدنى قيمة", "the least value"],
            Aggregate::Max => ["valeur maximale", "أقصى قيمة", "the largest value"],
            Aggregate::Sum => ["somme", "مجموع", "the sum"],
            Aggregate::Count => ["nombre", "عدد", "the number"],
        };
        let share = (self.capture * 100.0).round();
        Texts {
            fr: format!("{fr} {} {}, avec {share} % des données", every.fr, runs.fr),
            ar: format!("{ar} {} {}، مع {share} % من البيانات", every.ar, runs.ar),
            en: format!("{en} {} is {}, with {share} % of the data", every.en, runs.en),
        }
    }
}

fn read(table: Spanned<DeValue<'_>>, quantity: Option<Quantity>) -> Result<Box<dyn Condition>, Vec<Fault>> {
    let span = table.span();
    let raw = Raw::deserialize(ValueDeserializer::from(table)).map_err(|e| vec![e.into()])?;
    let Raw { aggregate, every, above, at_least, below, at_most, clear, .. } = raw;
    let mut faults = Vec::new();
    let limit = RawLimit { above, at_least, below, at_most, clear: Some(clear) };
    let of_values = quantity.filter(|_| !matches!(aggregate, Aggregate::Sum | Aggregate::Count));
    let runs = [raw.consecutive.as_ref(), raw.clear_consecutive.as_ref()];
    let runs = Runs::read(limit, runs, "window", &span, of_values, &mut faults);
    if let Some(capture) = raw.capture.as_ref().filter(|c| !(0.0..=1.0).contains(c.as_ref())) {
        faults.push(Fault::at(capture.span(), format!("capture is {}, expected 0 to 1", capture.as_ref())));
    }
    let (least, most) = (Duration::from_secs(1), Duration::from_secs(24 * 3600));
    let interval = raw.interval.as_ref().map_or(Ok(INTERVAL), |text| duration("interval", text, least, most));
    let interval = interval.map_err(|f| faults.push(f)).ok();
    match (runs, interval) {
        (Some(runs), Some(interval)) if faults.is_empty() => {
            let capture = raw.capture.map_or(CAPTURE, Spanned::into_inner);
            Ok(Box::new(Window { aggregate, every, capture, interval, runs }))
        }
        _ => Err(faults),
    }
}
