//! Standstill: a meter that counts nothing for weeks although it did before (DOMAIN 4.7): it is stuck, or bypassed. Where
//! little was drawn before, nobody lives there, and nothing is said.
//!
//! What was drawn before is the index itself: what it showed when it moved last, less what it showed so many days earlier,
//! between two indices on a straight line (4.3). Deliberately absent: silence. A meter that says nothing does not stand
//! still; that is `absence`.

use std::time::Duration;

use domains::water::{Delta, MeterIndex, MeterSettings, WaterSettings, delta};
use schemas::{Quantity, Texts, Timestamp};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::{Condition, Fault, Form, Memory, Own, Verdict};
use crate::hours::Local;
use crate::sample::Sample;

pub(super) const FORM: Form = Form {
    name: "standstill",
    summary: "a meter counts nothing for so many `days`, and counted so many litres a day in the days `before`",
    by_value: true,
    read,
};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// The longest stretch of days that can be asked for, each.
const LONGEST: u32 = 366;
/// Indices that are remembered of the days before; more days are further between.
const POINTS: u32 = 18;
const LITRES: f64 = 1000.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    days: Spanned<u32>,
    before: Spanned<u32>,
    at_least: Spanned<f64>,
}

#[derive(Debug)]
struct Standstill {
    days: u32,
    before: u32,
    /// Litres a day.
    at_least: f64,
    meter: MeterSettings,
}

/// What the index showed, and when.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Stand {
    #[serde(with = "super::millis")]
    at: Timestamp,
    litres: u64,
}

/// Where a meter stands, and where it stood.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Still {
    last: Stand,
    /// When it first showed what it shows.
    moved: Stand,
    /// Of the days before, the oldest first.
    past: Vec<Stand>,
}

impl Still {
    fn new(stand: Stand) -> Self {
        Self { last: stand, moved: stand, past: vec![stand] }
    }
}

impl Standstill {
    fn stretch(days: u32) -> Duration {
        DAY.saturating_mul(days)
    }

    /// The index moved: it is remembered, and what no question can ask for any more is not.
    fn moved(&self, still: &mut Still, stand: Stand) {
        still.moved = stand;
        let spacing = Self::stretch(self.before) / POINTS;
        if still.past.last().is_none_or(|last| stand.at.since(last.at) >= spacing) {
            still.past.push(stand);
        }
        let begin = stand.at.minus(Self::stretch(self.before));
        // One before the stretch stays, to know what the index was where it begins.
        while still.past.get(1).is_some_and(|second| second.at <= begin) {
            still.past.remove(0);
        }
    }

    /// Litres a day in the days before it stood still; none where they are not all known.
    fn before(&self, still: &Still) -> Option<f64> {
        let begin = still.moved.at.minus(Self::stretch(self.before));
        let behind = still.past.partition_point(|stand| stand.at <= begin);
        let from = still.past.get(behind.checked_sub(1)?)?;
        let to = still.past.get(behind).unwrap_or(&still.moved);
        let share = begin.since(from.at).as_secs_f64() / to.at.since(from.at).as_secs_f64();
        let grown = |a: &Stand, b: &Stand| b.litres.saturating_sub(a.litres) as f64;
        let drawn = grown(from, &still.moved) - grown(from, to) * if share.is_finite() { share } else { 0.0 };
        Some(drawn / f64::from(self.before))
    }
}

impl Condition for Standstill {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float cast saturates, and less than nothing is 0"
    )]
    fn observe(&self, memory: &mut Memory, sample: &Sample, _: Local<'_>) -> Option<Verdict> {
        memory.value = sample.value;
        let stand = Stand { at: sample.observed, litres: (sample.value * LITRES).round() as u64 };
        let Some(Own::Still(still)) = memory.own.as_deref_mut() else {
            memory.own = Some(Box::new(Own::Still(Still::new(stand))));
            return None;
        };
        let index = |stand: &Stand| MeterIndex { at: stand.at, litres: stand.litres, serial: None };
        let step = delta(index(&still.last), index(&stand), &self.meter);
        still.last = stand;
        match step {
            Delta::Ok(0) => {
                let lasted = stand.at.since(still.moved.at) >= Self::stretch(self.days);
                let drawn = self.before(still).filter(|_| lasted)?;
                (drawn >= self.at_least).then_some(Verdict::Holds)
            }
            Delta::Ok(_) => {
                self.moved(still, stand);
                Some(Verdict::Clear)
            }
            // What the index showed before is no measure of what it shows now.
            _ => {
                *still = Still::new(stand);
                Some(Verdict::Clear)
            }
        }
    }

    fn words(&self, _: Option<Quantity>) -> Texts {
        let Self { days, before, at_least, .. } = self;
        Texts {
            fr: format!("0 L pendant {days} jours, après au moins {at_least} L par jour sur {before} jours"),
            ar: format!("0 L خلال {days} يوما، بعد {at_least} L على الأقل في اليوم خلال {before} يوما"),
            en: format!("0 L for {days} days, after at least {at_least} L a day over {before} days"),
        }
    }
}

fn read(table: Spanned<DeValue<'_>>, quantity: Option<Quantity>) -> Result<Box<dyn Condition>, Vec<Fault>> {
    let span = table.span();
    let raw = Raw::deserialize(ValueDeserializer::from(table)).map_err(|e| vec![e.into()])?;
    let mut faults = Vec::new();
    super::counter::expect_meter(quantity, &span, &mut faults);
    for (name, days) in [("days", &raw.days), ("before", &raw.before)] {
        if !(1..=LONGEST).contains(days.as_ref()) {
            faults.push(Fault::at(days.span(), format!("{name} is {}, expected 1 to {LONGEST} days", days.as_ref())));
        }
    }
    if !raw.at_least.as_ref().is_finite() || *raw.at_least.as_ref() <= 0.0 {
        let message = format!("at_least is {}, expected more than 0 litres a day", raw.at_least.as_ref());
        faults.push(Fault::at(raw.at_least.span(), message));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let (days, before, at_least) = (raw.days.into_inner(), raw.before.into_inner(), raw.at_least.into_inner());
    Ok(Box::new(Standstill { days, before, at_least, meter: WaterSettings::shipped().meter }))
}
