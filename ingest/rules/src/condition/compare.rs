//! Compare: a value beside another one. Another quantity of the same device; what the series itself usually is in this
//! hour of the week (the median of its last weeks); or what the other devices of its kind and zone say now (their median).
//!
//! Deliberately absent: what the others said. The engine finds it (`group`) and it comes with the sample.

use std::time::Duration;

use domains::median;
use schemas::{HOUR, Quantity, Texts, Timestamp};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::limit::{Limit, RawLimit};
use super::{Condition, Fault, Form, Memory, Own, Point, Verdict};
use crate::hours::Local;
use crate::parse::duration;
use crate::sample::Sample;

pub(super) const FORM: Form = Form {
    name: "compare",
    summary: "difference or ratio to another quantity of the device, to its usual value in this hour of the week, or to its group",
    by_value: true,
    read,
};

/// Hours of a week.
const SLOTS: usize = 168;
/// Without so many weeks nothing is usual.
const ENOUGH: usize = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By {
    Difference,
    Ratio,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    quantity: Option<Spanned<String>>,
    weeks: Option<Spanned<u8>>,
    group: Option<Spanned<bool>>,
    by: Option<By>,
    fresh: Option<Spanned<String>>,
    above: Option<Spanned<f64>>,
    at_least: Option<Spanned<f64>>,
    below: Option<Spanned<f64>>,
    at_most: Option<Spanned<f64>>,
    clear: Spanned<f64>,
}

#[derive(Clone, Copy, Debug)]
enum With {
    /// Another quantity, if it is not older than this.
    Quantity(Quantity, Duration),
    /// The median of so many last weeks.
    Weeks(u8),
    Group,
}

#[derive(Debug)]
struct Compare {
    with: With,
    by: By,
    limit: Limit,
}

/// The last value of each of two quantities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pair {
    own: Option<Point>,
    other: Option<Point>,
}

/// Hourly means by the hour of the week, the newest last, and the hour that is not over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Week {
    hours: Vec<Vec<f64>>,
    #[serde(with = "super::millis")]
    start: Timestamp,
    sum: f64,
    count: u32,
}

impl Week {
    fn add(&mut self, sample: &Sample, weeks: u8, local: Local<'_>) {
        let start = sample.observed.hour();
        if start != self.start {
            let slot = local.hour_of_week(self.start);
            if let Some(means) = self.hours.get_mut(slot).filter(|_| self.count > 0) {
                if means.len() >= usize::from(weeks) {
                    means.remove(0);
                }
                means.push(self.sum / f64::from(self.count));
            }
            (self.start, self.sum, self.count) = (start, 0.0, 0);
        }
        self.sum += sample.value;
        self.count = self.count.saturating_add(1);
    }
}

impl Compare {
    fn judge(&self, value: f64, reference: f64) -> Option<Verdict> {
        let compared = match self.by {
            By::Difference => value - reference,
            By::Ratio => value / reference,
        };
        if compared.is_finite() { self.limit.judge(compared) } else { None }
    }
}

impl Condition for Compare {
    fn observe(&self, memory: &mut Memory, sample: &Sample, local: Local<'_>) -> Option<Verdict> {
        match self.with {
            With::Group => {
                memory.value = sample.value;
                self.judge(sample.value, sample.peers?)
            }
            With::Quantity(other, fresh) => {
                if !matches!(memory.own.as_deref(), Some(Own::Pair(_))) {
                    memory.own = Some(Box::new(Own::Pair(Pair::default())));
                }
                let Some(Own::Pair(pair)) = memory.own.as_deref_mut() else { return None };
                let now = Some(Point::of(sample));
                if sample.quantity == other {
                    pair.other = now;
                } else {
                    (pair.own, memory.value) = (now, sample.value);
                }
                let live = |side: Option<Point>| side.filter(|point| sample.observed.since(point.at) <= fresh);
                let (own, other) = (live(pair.own)?, live(pair.other)?);
                self.judge(own.value, other.value)
            }
            With::Weeks(weeks) => {
                memory.value = sample.value;
                if !matches!(memory.own.as_deref(), Some(Own::Week(_))) {
                    let week = Week { hours: vec![Vec::new(); SLOTS], start: sample.observed.hour(), sum: 0.0, count: 0 };
                    memory.own = Some(Box::new(Own::Week(Box::new(week))));
                }
                let Some(Own::Week(week)) = memory.own.as_deref_mut() else { return None };
                week.add(sample, weeks, local);
                let usual = week.hours.get(local.hour_of_week(sample.observed)).filter(|means| means.len() >= ENOUGH)?;
                let usual = median(usual)?;
                self.judge(sample.value, usual)
            }
        }
    }

    fn other(&self) -> Option<Quantity> {
        if let With::Quantity(other, _) = self.with { Some(other) } else { None }
    }

    fn of_group(&self) -> bool {
        matches!(self.with, With::Group)
    }

    fn words(&self, quantity: Option<Quantity>) -> Texts {
        let unit = if self.by == By::Ratio { "1" } else { quantity.map_or("1", Quantity::unit) };
        let limit = self.limit.words(unit);
        let [fr, ar, en] = match self.by {
            By::Difference => ["écart", "الفرق", "the difference"],
            By::Ratio => ["rapport", "النسبة", "the ratio"],
        };
        let [to_fr, to_ar, to_en] = match self.with {
            With::Quantity(other, _) => [format!("à {other}"), format!("مع {other}"), format!("to {other}")],
            With::Weeks(n) => [
                format!("à l'heure habituelle ({n} semaines)"),
                format!("مع المعتاد في الساعة نفسها ({n} أسابيع)"),
                format!("to the usual of this hour of the week ({n} weeks)"),
            ],
            With::Group => ["à la médiane du groupe".into(), "مع وسيط المجموعة".into(), "to the median of the group".into()],
        };
        Texts {
            fr: format!("{fr} {to_fr} {}", limit.fr),
            ar: format!("{ar} {to_ar} {}", limit.ar),
            en: format!("{en} {to_en} is {}", limit.en),
        }
    }
}

fn read(table: Spanned<DeValue<'_>>, quantity: Option<Quantity>) -> Result<Box<dyn Condition>, Vec<Fault>> {
    let span = table.span();
    let raw = Raw::deserialize(ValueDeserializer::from(table)).map_err(|e| vec![e.into()])?;
    let Raw { above, at_least, below, at_most, clear, .. } = raw;
    let mut faults = Vec::new();
    let limit = RawLimit { above, at_least, below, at_most, clear: Some(clear) }.read("compare", &span, None, &mut faults);
    let (least, most) = (Duration::from_secs(1), Duration::from_secs(48 * 3600));
    let usual = Duration::from_millis(HOUR.unsigned_abs());
    let fresh = raw.fresh.as_ref().map_or(Ok(usual), |text| duration("fresh", text, least, most));
    let fresh = fresh.map_err(|f| faults.push(f)).ok();
    let with = match (&raw.quantity, &raw.weeks, raw.group.as_ref().map(|g| *g.as_ref())) {
        (Some(text), None, None) => match text.as_ref().parse::<Quantity>() {
            Ok(other) if Some(other) != quantity => fresh.map(|fresh| With::Quantity(other, fresh)),
            Ok(_) => {
                faults.push(Fault::at(text.span(), "quantity is the rule's own, expected another one"));
                None
            }
            Err(unknown) => {
                faults.push(Fault::at(text.span(), format!("quantity: {unknown}")));
                None
            }
        },
        (None, Some(weeks), None) if (2..=12).contains(weeks.as_ref()) => Some(With::Weeks(*weeks.as_ref())),
        (None, Some(weeks), None) => {
            faults.push(Fault::at(weeks.span(), format!("weeks is {}, expected 2 to 12", weeks.as_ref())));
            None
        }
        (None, None, Some(true)) => Some(With::Group),
        _ => {
            faults.push(Fault::at(span, "compare needs exactly one of quantity, weeks, group = true"));
            None
        }
    };
    match (with, limit) {
        (Some(with), Some(limit)) if faults.is_empty() => {
            Ok(Box::new(Compare { with, by: raw.by.unwrap_or(By::Difference), limit }))
        }
        _ => Err(faults),
    }
}
