//! Backflow: water that flowed back through a meter, by its index (DOMAIN 4.2): so much at once, or so often in one local
//! day. It is over with the first index of another day.

use domains::water::{Delta, MeterIndex, MeterSettings, WaterSettings, delta};
use schemas::{Quantity, Texts, Timestamp};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::{Condition, Fault, Form, Memory, Own, Verdict};
use crate::hours::Local;
use crate::sample::Sample;

pub(super) const FORM: Form = Form {
    name: "backflow",
    summary: "the index of a meter went back by so many `litres` at once, or so many `times` in one local day",
    by_value: true,
    read,
};

const LITRES: f64 = 1000.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    litres: Spanned<u32>,
    times: Spanned<u32>,
}

#[derive(Debug)]
struct Backflow {
    litres: u32,
    times: u32,
    meter: MeterSettings,
}

/// The last index, and what flowed back in its day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Back {
    #[serde(with = "super::millis")]
    at: Timestamp,
    litres: u64,
    /// When the day is over.
    #[serde(with = "super::millis")]
    until: Timestamp,
    times: u32,
}

impl Condition for Backflow {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float cast saturates, and less than nothing is 0"
    )]
    fn observe(&self, memory: &mut Memory, sample: &Sample, local: Local<'_>) -> Option<Verdict> {
        let litres = (sample.value * LITRES).round() as u64;
        let at = sample.observed;
        let Some(Own::Back(back)) = memory.own.as_deref_mut() else {
            let until = local.day(at).1;
            memory.own = Some(Box::new(Own::Back(Back { at, litres, until, times: 0 })));
            return None;
        };
        let another_day = at >= back.until;
        if another_day {
            (back.until, back.times) = (local.day(at).1, 0);
        }
        let index = |at, litres| MeterIndex { at, litres, serial: None };
        let step = delta(index(back.at, back.litres), index(at, litres), &self.meter);
        (back.at, back.litres) = (at, litres);
        let Delta::Reverse(reverse) = step else { return another_day.then_some(Verdict::Clear) };
        back.times = back.times.saturating_add(1);
        let much = reverse >= u64::from(self.litres);
        if much || back.times >= self.times {
            memory.value = reverse as f64 / LITRES;
            return Some(Verdict::Holds);
        }
        another_day.then_some(Verdict::Clear)
    }

    fn words(&self, _: Option<Quantity>) -> Texts {
        let Self { litres, times, .. } = self;
        Texts {
            fr: format!("retour d'au moins {litres} L, ou {times} fois par jour"),
            ar: format!("رجوع {litres} L على الأقل، أو {times} مرات في اليوم"),
            en: format!("{litres} L or more flow back, or {times} times in a day"),
        }
    }
}

fn read(table: Spanned<DeValue<'_>>, quantity: Option<Quantity>) -> Result<Box<dyn Condition>, Vec<Fault>> {
    let span = table.span();
    let raw = Raw::deserialize(ValueDeserializer::from(table)).map_err(|e| vec![e.into()])?;
    let mut faults = Vec::new();
    super::counter::expect_meter(quantity, &span, &mut faults);
    for (name, number) in [("litres", &raw.litres), ("times", &raw.times)] {
        if *number.as_ref() == 0 {
            faults.push(Fault::at(number.span(), format!("{name} is 0, expected 1 or more")));
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let (litres, times) = (raw.litres.into_inner(), raw.times.into_inner());
    Ok(Box::new(Backflow { litres, times, meter: WaterSettings::shipped().meter }))
}
