//! Counter: what was consumed in each hour, eight hours or local day, from the raw index of a meter. What lies between
//! two indices is `domains::water::delta`'s to say (DOMAIN 4.2); between them consumption is a straight line (4.3),
//! and over a gap that is too long it is not known. Limits are litres a window.

use std::ops::Range;
use std::time::Duration;

use domains::water::{MeterIndex, MeterSettings, WaterSettings, delta};
use schemas::{Quantity, Texts, Timestamp, ValueClass};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::limit::RawLimit;
use super::run::Runs;
use super::usual::Learned;
use super::window::Every;
use super::{Condition, Fault, Form, Memory, Own, Verdict};
use crate::hours::Local;
use crate::parse::duration;
use crate::sample::Sample;

pub(super) const FORM: Form = Form {
    name: "counter",
    summary: "litres that a meter counted in each quarter, hour, six or eight hours or local day, so many in a row: leak, burst",
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
/// A meter is coarse whose every step is a multiple of this, litres: pulses are of 1, 10, 100 or 1,000.
const COARSE: u64 = 10;

/// Which meters are judged, by the least step of their index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Pulse {
    /// Below ten litres.
    Fine,
    /// Ten litres or more.
    Coarse,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    per: Every,
    gap: Option<Spanned<String>>,
    pulse: Option<Pulse>,
    usual: Option<Spanned<f64>>,
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
    pulse: Option<Pulse>,
    /// So many times what is usual in its hour of the week.
    usual: Option<f64>,
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

/// A meter, and what is learned of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tally {
    meter: Meter,
    /// What every step so far was a multiple of, litres; 0 before the first.
    step: u64,
    usual: Learned,
}

impl Tally {
    /// What was remembered, taken out; none before the first reading, and of one that came later than this.
    fn of(memory: &mut Memory, at: Timestamp) -> Option<Self> {
        let tally = match memory.own.as_deref_mut()? {
            Own::Tally(kept) => Self { usual: std::mem::take(&mut kept.usual), ..kept.clone() },
            Own::Meter(meter) => Self { meter: meter.clone(), step: 0, usual: Learned::default() },
            _ => return None,
        };
        (tally.meter.at <= at).then_some(tally)
    }

    fn is(&self, pulse: Pulse) -> bool {
        let coarse = self.step > 0 && self.step.is_multiple_of(COARSE);
        coarse == (pulse == Pulse::Coarse)
    }
}

/// The greatest number that both are multiples of.
fn common(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl Counter {
    /// Lays `litres` (none: not known) evenly over the time since the last index, and judges each window that ends.
    fn lay(
        &self,
        memory: &mut Memory,
        tally: &mut Tally,
        now: Timestamp,
        litres: Option<f64>,
        local: Local<'_>,
    ) -> Option<Verdict> {
        let (mut holds, mut verdict) = (memory.holds, None);
        let whole = now.since(tally.meter.at).as_secs_f64();
        let litres = litres.filter(|_| self.pulse.is_none_or(|pulse| tally.is(pulse)));
        let mut judge = |usual: &mut Learned, start: Timestamp, value: Option<f64>| {
            let known = value;
            let value = value.filter(|volume| holds || self.is_beyond_usual(usual, start, *volume, local));
            // Of a run the least counts: what flows even when nobody draws water.
            let first = !holds && Runs::so_far(memory) == 0;
            if let Some(volume) = value.filter(|v| holds || self.runs.limit.holds(*v)) {
                memory.value = if first { volume / LITRES } else { memory.value.min(volume / LITRES) };
            }
            if let Some(said) = self.runs.judge(memory, value, holds) {
                (holds, verdict) = (said == Verdict::Holds, Some(said));
            }
            if let Some(volume) = known.filter(|_| self.usual.is_some()) {
                usual.learn(start, local.hour_of_week(start), volume);
            }
        };
        let Tally { meter, usual, .. } = tally;
        if litres.is_none() && self.per.around(meter.at, local) != self.per.around(now, local) {
            judge(usual, meter.at, None);
            *meter = Meter { at: now, volume: 0.0, known: self.per.around(now, local).0 == now, ..*meter };
            return verdict;
        }
        while meter.at < now {
            let (start, end) = self.per.around(meter.at, local);
            let to = end.min(now);
            match litres {
                Some(litres) => meter.volume += litres * (to.since(meter.at).as_secs_f64() / whole),
                None => meter.known = false,
            }
            meter.at = to;
            if to == end {
                // A sum of parts of a whole is a little beside it.
                judge(usual, start, meter.known.then(|| (meter.volume * 1e6).round() / 1e6));
                (meter.volume, meter.known) = (0.0, litres.is_some() || to == now);
            }
        }
        verdict
    }

    /// An hour below the limit is in no need of a comparison; one above it needs weeks to be compared with.
    fn is_beyond_usual(&self, usual: &Learned, start: Timestamp, volume: f64, local: Local<'_>) -> bool {
        let Some(times) = self.usual.filter(|_| self.runs.limit.holds(volume)) else { return true };
        usual.largest(local.hour_of_week(start)).is_some_and(|largest| volume >= times * largest)
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
        let Some(mut tally) = Tally::of(memory, sample.observed) else {
            let known = self.per.around(sample.observed, local).0 == sample.observed;
            let meter = Meter { at: sample.observed, litres, volume: 0.0, known };
            memory.own = Some(Box::new(Own::Meter(meter)));
            return None;
        };
        let before = &tally.meter;
        let index = |at, litres| MeterIndex { at, litres, serial: None };
        let step = delta(index(before.at, before.litres), index(sample.observed, litres), &self.meter);
        let near = sample.observed.since(before.at) <= self.gap;
        tally.step = common(tally.step, step.consumption().unwrap_or(0));
        let consumed = step.consumption().filter(|_| near).map(|litres| litres as f64);
        let verdict = self.lay(memory, &mut tally, sample.observed, consumed, local);
        tally.meter.litres = litres;
        match memory.own.as_deref_mut() {
            Some(own) if self.pulse.is_some() || self.usual.is_some() => *own = Own::Tally(tally),
            Some(own) => *own = Own::Meter(tally.meter),
            None => {}
        }
        verdict
    }

    fn words(&self, _: Option<Quantity>) -> Texts {
        let (every, runs) = (self.per.words(), self.runs.words("L"));
        let [fr, ar, en] = match self.pulse {
            Some(Pulse::Fine) => [" (impulsions de moins de 10 L)", " (نبضات أقل من 10 L)", " (pulses below 10 L)"],
            Some(Pulse::Coarse) => [" (impulsions de 10 L ou plus)", " (نبضات من 10 L فأكثر)", " (pulses of 10 L or more)"],
            None => ["", "", ""],
        };
        let usual = |text: &str| self.usual.map_or_else(String::new, |times| text.replace('#', &times.to_string()));
        let [usual_fr, usual_ar, usual_en] = [
            usual(" et # fois le 99e centile de cette heure de la semaine"),
            usual(" و# أضعاف المئين 99 لهذه الساعة من الأسبوع"),
            usual(" and # times the 99th percentile of this hour of the week"),
        ];
        Texts {
            fr: format!("consommation {}{fr} {}{usual_fr}", every.fr, runs.fr),
            ar: format!("الاستهلاك {}{ar} {}{usual_ar}", every.ar, runs.ar),
            en: format!("the consumption {}{en} is {}{usual_en}", every.en, runs.en),
        }
    }
}

fn read(table: Spanned<DeValue<'_>>, quantity: Option<Quantity>) -> Result<Box<dyn Condition>, Vec<Fault>> {
    let span = table.span();
    let raw = Raw::deserialize(ValueDeserializer::from(table)).map_err(|e| vec![e.into()])?;
    let Raw { per, above, at_least, below, at_most, clear, .. } = raw;
    let mut faults = Vec::new();
    expect_meter(quantity, &span, &mut faults);
    let limit = RawLimit { above, at_least, below, at_most, clear: Some(clear) };
    let runs = [raw.consecutive.as_ref(), raw.clear_consecutive.as_ref()];
    let runs = Runs::read(limit, runs, "counter", &span, None, &mut faults);
    if let Some(times) = &raw.usual {
        if !(1.0..=1000.0).contains(times.as_ref()) {
            faults.push(Fault::at(times.span(), format!("usual is {}, expected 1 to 1000 times", times.as_ref())));
        }
        if per != Every::Hour || runs.as_ref().is_some_and(|runs| !runs.limit.is_upper()) {
            faults.push(Fault::at(times.span(), "usual is of hours, expected per = \"1h\" and above or at_least beside it"));
        }
    }
    let longest = if per == Every::Day { GAP_OF_DAYS } else { GAP };
    let gap = raw.gap.as_ref().map_or(Ok(longest), |text| duration("gap", text, Duration::from_secs(1), LONGEST));
    let gap = gap.map_err(|f| faults.push(f)).ok();
    match (runs, gap) {
        (Some(runs), Some(gap)) if faults.is_empty() => {
            let (pulse, usual) = (raw.pulse, raw.usual.map(Spanned::into_inner));
            Ok(Box::new(Counter { per, gap, pulse, usual, runs, meter: WaterSettings::shipped().meter }))
        }
        _ => Err(faults),
    }
}

/// A fault where the quantity is not what a water meter counts.
pub(super) fn expect_meter(quantity: Option<Quantity>, span: &Range<usize>, faults: &mut Vec<Fault>) {
    if let Some(row) = quantity.map(Quantity::row)
        && (row.class != ValueClass::Counter || row.unit != "m3")
    {
        let message = format!("{} is a {} in {}, expected a counter in m3", row.name, row.class.code(), row.unit);
        faults.push(Fault::at(span.clone(), message));
    }
}
