//! Forecast: the level will reach a value within so long, by the robust trend since it last dropped
//! (`domains::waste::forecast`, DOMAIN 2.4 point 4: Theil-Sen over at most 48 hours, from 4 samples over 6 hours on).

use std::time::Duration;

use domains::waste::{self, ForecastSettings, WasteSettings};
use schemas::{HOUR, Quantity, Texts};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::{Condition, Fault, Form, Memory, Own, Point, Verdict};
use crate::hours::Local;
use crate::parse::{duration, said};
use crate::sample::Sample;

pub(super) const FORM: Form = Form {
    name: "forecast",
    summary: "by the robust trend since it last dropped, the value reaches a level `within` so long",
    by_value: true,
    read,
};

/// Samples nearer to one another say nothing new of a trend of hours.
const SPACING: Duration = Duration::from_secs(3600);
/// Pairs grow with the square, and each is looked at with each sample: so many samples and no more.
const MOST: usize = 16;
/// Below this part of the level nothing is forecast: what is half empty is in no hurry.
const FROM: f64 = 0.5;
/// It is over when the level is further away than this many times `within`.
const BEYOND: f64 = 1.5;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    reaches: Spanned<f64>,
    within: Spanned<String>,
    drop: Option<Spanned<f64>>,
}

#[derive(Debug)]
struct Forecast {
    reaches: f64,
    within: Duration,
    /// Falling by so much begins a new trend.
    drop: f64,
    settings: ForecastSettings,
}

/// Samples since the last drop, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Recent(Vec<Point>);

impl Condition for Forecast {
    fn observe(&self, memory: &mut Memory, sample: &Sample, _: Local<'_>) -> Option<Verdict> {
        memory.value = sample.value;
        if !matches!(memory.own.as_deref(), Some(Own::Trend(_))) {
            memory.own = Some(Box::new(Own::Trend(Recent::default())));
        }
        let Some(Own::Trend(Recent(recent))) = memory.own.as_deref_mut() else { return None };
        if recent.last().is_some_and(|before| before.value - sample.value >= self.drop) {
            recent.clear();
            recent.push(Point::of(sample));
            return Some(Verdict::Clear);
        }
        if recent.last().is_some_and(|last| sample.observed.since(last.at) < SPACING) {
            return None;
        }
        if recent.len() >= MOST {
            recent.remove(0);
        }
        recent.push(Point::of(sample));
        if sample.value < self.reaches * FROM {
            return Some(Verdict::Clear);
        }
        let samples: Vec<waste::Sample> = recent
            .iter()
            .map(|p| waste::Sample { hours: (p.at.millis() - sample.observed.millis()) as f64 / HOUR as f64, fill: p.value })
            .collect();
        let within = self.within.as_secs_f64() / 3600.0;
        if waste::soonest(&samples, self.reaches, &self.settings).value()? > within * BEYOND {
            return Some(Verdict::Clear);
        }
        let found = waste::forecast(&samples, self.reaches, None, &self.settings).value()?;
        match found.p50_h {
            Some(hours) if hours <= within => Some(Verdict::Holds),
            Some(hours) if hours <= within * BEYOND => None,
            _ => Some(Verdict::Clear),
        }
    }

    fn words(&self, quantity: Option<Quantity>) -> Texts {
        let unit = quantity.map_or("", Quantity::unit);
        let (level, within) = (format!("{} {unit}", self.reaches), said(self.within));
        Texts {
            fr: format!("atteindra {level} d'ici {within} selon la tendance"),
            ar: format!("سيبلغ {level} خلال {within} حسب الاتجاه"),
            en: format!("will reach {level} within {within} by its trend"),
        }
    }
}

fn read(table: Spanned<DeValue<'_>>, quantity: Option<Quantity>) -> Result<Box<dyn Condition>, Vec<Fault>> {
    let raw = Raw::deserialize(ValueDeserializer::from(table)).map_err(|e| vec![e.into()])?;
    let mut faults = Vec::new();
    if let Some(row) = quantity.map(Quantity::row)
        && !(row.min..=row.max).contains(raw.reaches.as_ref())
    {
        let message =
            format!("reaches is {}, expected {} to {}, the range of {}", raw.reaches.as_ref(), row.min, row.max, row.name);
        faults.push(Fault::at(raw.reaches.span(), message));
    }
    if let Some(drop) = raw.drop.as_ref().filter(|d| !d.as_ref().is_finite() || *d.as_ref() <= 0.0) {
        faults.push(Fault::at(drop.span(), format!("drop is {}, expected more than 0", drop.as_ref())));
    }
    let (least, most) = (Duration::from_secs(60), Duration::from_secs(168 * 3600));
    let within = duration("within", &raw.within, least, most).map_err(|f| faults.push(f)).ok();
    match within {
        Some(within) if faults.is_empty() => {
            let (reaches, drop) = (raw.reaches.into_inner(), raw.drop.map_or(20.0, Spanned::into_inner));
            Ok(Box::new(Forecast { reaches, within, drop, settings: WasteSettings::shipped().forecast }))
        }
        _ => Err(faults),
    }
}
