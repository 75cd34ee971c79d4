//! So many of the last samples: one that lies makes no alert, and one that is right again ends none. Where it must have
//! been `lasting`, the samples that say so lie at least so far apart.

use std::time::Duration;

use schemas::{Quantity, Texts, Timestamp};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::limit::{Limit, RawLimit};
use super::{Condition, Fault, Form, Memory, Verdict};
use crate::hours::Local;
use crate::parse::{duration, said};
use crate::sample::Sample;

pub(super) const FORM: Form = Form {
    name: "samples",
    summary: "`n` of the last `of` samples are beyond a limit, until as many are back beyond `clear`",
    by_value: true,
    read,
};

/// The most samples that are looked at: half of the bits of a memory, for each side one.
const MOST: u32 = 32;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    n: Spanned<u32>,
    of: Spanned<u32>,
    lasting: Option<Spanned<String>>,
    above: Option<Spanned<f64>>,
    at_least: Option<Spanned<f64>>,
    below: Option<Spanned<f64>>,
    at_most: Option<Spanned<f64>>,
    clear: Spanned<f64>,
}

#[derive(Debug)]
struct Samples {
    n: u32,
    of: u32,
    /// Since the first sample beyond the limit.
    lasting: Duration,
    limit: Limit,
}

/// The longest that can be asked for.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

impl Condition for Samples {
    fn observe(&self, memory: &mut Memory, sample: &Sample, _: Local<'_>) -> Option<Verdict> {
        memory.value = sample.value;
        // The upper half of the bits says which samples held, the lower half which were over.
        let mask = (1u64 << self.of) - 1;
        let held = (memory.bits >> MOST << 1 | u64::from(self.limit.holds(sample.value))) & mask;
        let over = (memory.bits << 1 | u64::from(self.limit.is_over(sample.value))) & mask;
        memory.bits = held << MOST | over;
        let (holds, enough) = (held & 1 == 1, held.count_ones() >= self.n);
        if !holds && (!enough || self.n == self.of) {
            memory.alive = Timestamp::MIN;
        } else if memory.alive == Timestamp::MIN {
            memory.alive = sample.observed;
        }
        if enough && sample.observed.since(memory.alive) >= self.lasting {
            // Once it holds, only samples after it can end it.
            memory.bits = held << MOST;
            Some(Verdict::Holds)
        } else {
            (over.count_ones() >= self.n).then_some(Verdict::Clear)
        }
    }

    fn words(&self, quantity: Option<Quantity>) -> Texts {
        let (n, of, limit) = (self.n, self.of, self.limit.words(quantity.map_or("1", Quantity::unit)));
        let lasting = |during: &str| {
            if self.lasting.is_zero() { String::new() } else { format!("{during} {}", said(self.lasting)) }
        };
        Texts {
            fr: format!("{n} des {of} dernières mesures {}{}", limit.fr, lasting(", pendant")),
            ar: format!("{n} من آخر {of} قياسات {}{}", limit.ar, lasting("، خلال")),
            en: format!("{n} of the last {of} samples {}{}", limit.en, lasting(", for")),
        }
    }
}

fn read(table: Spanned<DeValue<'_>>, quantity: Option<Quantity>) -> Result<Box<dyn Condition>, Vec<Fault>> {
    let span = table.span();
    let raw = Raw::deserialize(ValueDeserializer::from(table)).map_err(|e| vec![e.into()])?;
    let Raw { n, of, lasting, above, at_least, below, at_most, clear } = raw;
    let mut faults = Vec::new();
    if !(1..MOST).contains(of.as_ref()) {
        faults.push(Fault::at(of.span(), format!("of is {}, expected 1 to {}", of.as_ref(), MOST - 1)));
    } else if !(1..=*of.as_ref()).contains(n.as_ref()) {
        faults.push(Fault::at(n.span(), format!("n is {}, expected 1 to {}, which is `of`", n.as_ref(), of.as_ref())));
    }
    let limit = RawLimit { above, at_least, below, at_most, clear: Some(clear) }.read("samples", &span, quantity, &mut faults);
    let lasting = lasting.map_or(Ok(Duration::ZERO), |text| duration("lasting", &text, Duration::from_secs(1), LONGEST));
    let lasting = lasting.map_err(|f| faults.push(f)).ok();
    let (n, of) = (n.into_inner(), of.into_inner());
    match limit.zip(lasting) {
        Some((limit, lasting)) if faults.is_empty() => Ok(Box::new(Samples { n, of, lasting, limit })),
        _ => Err(faults),
    }
}
