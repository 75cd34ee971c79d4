//! Absence: nothing was heard for a while. A bad reading is a sign of life too: the sensor may have
//! failed, the device has not. A repetition that a broker hands out at a reconnect is none.
//!
//! A device lives when it observes and when it is heard: what comes in one burst shows that it lived all along,
//! and that it lives now. How long it may be silent is configured, or so many times the interval at which it is
//! usually heard: the median of its last gaps, so that one long night does not stretch it.
//!
//! Deliberately absent: devices that were never heard (nobody knows since when they are silent).

use std::time::Duration;

use schemas::{Quantity, Texts, Timestamp};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeValue, ValueDeserializer};

use super::{Condition, Fault, Form, Memory, Own, Verdict};
use crate::hours::Local;
use crate::parse::{duration, said};
use crate::sample::Sample;

pub(super) const FORM: Form = Form {
    name: "absence",
    summary: "no reading was heard for `longer_than`, or for `times` the usual interval, of a quantity or of the whole device",
    by_value: false,
    read,
};

/// Shorter would only measure the network.
const SHORTEST: Duration = Duration::from_secs(1);
/// A year: longer is a device taken away.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);
/// Gaps that are remembered.
const GAPS: usize = 15;
/// An interval is known from so many gaps on.
const ENOUGH: usize = 4;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    longer_than: Option<Spanned<String>>,
    times: Option<Spanned<f64>>,
    at_least: Option<Spanned<String>>,
    at_most: Option<Spanned<String>>,
}

/// How long a device may be silent.
#[derive(Debug)]
enum Absence {
    Longer(Duration),
    /// So many times the interval learned, within bounds; the upper one until there is one.
    Learned {
        times: f64,
        least: Duration,
        most: Duration,
        /// So many times this many seconds is still no more than `least`.
        brief: u32,
    },
}

/// The last gaps between two times at which the device was heard, seconds, the newest last. What was observed at one
/// instant counts once, by the one that was heard last: so it makes no difference in which order they are judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Gaps {
    #[serde(with = "super::millis")]
    heard: Timestamp,
    /// What `heard` was before anything of the latest instant.
    #[serde(with = "super::millis")]
    before: Timestamp,
    #[serde(with = "super::millis")]
    observed: Timestamp,
    gaps: Vec<u32>,
}

impl Gaps {
    /// Whether this is of the latest instant and heard no later than another of it: it is no gap.
    pub(crate) fn knows(&self, sample: &Sample) -> bool {
        sample.observed == self.observed && sample.received <= self.heard
    }

    fn hear(&mut self, sample: &Sample) {
        if self.knows(sample) {
            return;
        }
        if sample.observed != self.observed {
            (self.before, self.observed) = (self.heard, sample.observed);
        } else if is_gap(self.before, self.heard) {
            // A longer one takes its place.
            self.gaps.pop();
        }
        if is_gap(self.before, sample.received) {
            if self.gaps.len() >= GAPS {
                self.gaps.remove(0);
            }
            self.gaps.push(u32::try_from(sample.received.since(self.before).as_secs()).unwrap_or(u32::MAX));
        }
        self.heard = self.heard.max(sample.received);
    }

    /// Whether the median is known and no more than so many seconds. It is asked with each reading, and mostly this
    /// is enough to know: counting is cheaper than finding the median.
    fn is_brief(&self, seconds: u32) -> bool {
        self.gaps.len() >= ENOUGH && self.gaps.iter().filter(|gap| **gap <= seconds).count() > self.gaps.len() / 2
    }

    fn median(&self) -> Option<Duration> {
        // Asked with each reading: nothing is allocated for it. One that was read back may be longer.
        let (mut few, mut many) = ([0; GAPS], Vec::new());
        let gaps = match few.get_mut(..self.gaps.len()) {
            Some(gaps) => {
                gaps.copy_from_slice(&self.gaps);
                gaps
            }
            None => {
                many.clone_from(&self.gaps);
                many.as_mut_slice()
            }
        };
        let middle = gaps.len() / 2;
        (gaps.len() >= ENOUGH).then(|| Duration::from_secs(u64::from(*gaps.select_nth_unstable(middle).1)))
    }
}

/// What comes in one burst was sent at once: that is no gap.
fn is_gap(before: Timestamp, at: Timestamp) -> bool {
    before > Timestamp::MIN && at.since(before) >= SHORTEST
}

impl Absence {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the quotient of two positive numbers below 2^32"
    )]
    fn learned(times: f64, least: Duration, most: Duration) -> Self {
        let is_brief = |seconds: u64| Duration::from_secs(seconds).mul_f64(times) <= least;
        // Rounding may put the quotient a second too high.
        let seconds = (least.as_secs_f64() / times) as u64;
        let brief = [seconds, seconds.saturating_sub(1)].into_iter().find(|s| is_brief(*s)).unwrap_or(0);
        Absence::Learned { times, least, most, brief: u32::try_from(brief).unwrap_or(u32::MAX) }
    }

    fn patience(&self, memory: &Memory) -> Duration {
        match (self, memory.own.as_deref()) {
            (Absence::Longer(longer_than), _) => *longer_than,
            (Absence::Learned { least, brief, .. }, Some(Own::Gaps(gaps))) if gaps.is_brief(*brief) => *least,
            (Absence::Learned { times, least, most, .. }, Some(Own::Gaps(gaps))) => {
                gaps.median().map_or(*most, |interval| interval.mul_f64(*times).clamp(*least, *most))
            }
            (Absence::Learned { most, .. }, _) => *most,
        }
    }
}

impl Condition for Absence {
    fn hears_life(&self) -> bool {
        true
    }

    fn waits(&self) -> bool {
        true
    }

    fn observe(&self, memory: &mut Memory, sample: &Sample, _: Local<'_>) -> Option<Verdict> {
        memory.alive = memory.alive.max(sample.observed).max(sample.received);
        if matches!(self, Absence::Learned { .. }) {
            if !matches!(memory.own.as_deref(), Some(Own::Gaps(_))) {
                memory.own = Some(Box::new(Own::Gaps(Gaps::default())));
            }
            if let Some(Own::Gaps(gaps)) = memory.own.as_deref_mut() {
                gaps.hear(sample);
            }
        }
        Some(Verdict::Clear)
    }

    fn advance(&self, memory: &mut Memory, now: Timestamp, local: Local<'_>) -> Option<Verdict> {
        (self.wake_at(memory, local)? <= now).then_some(Verdict::Holds)
    }

    fn wake_at(&self, memory: &Memory, _: Local<'_>) -> Option<Timestamp> {
        if memory.holds || memory.alive == Timestamp::MIN { None } else { Some(memory.alive.plus(self.patience(memory))) }
    }

    fn words(&self, _: Option<Quantity>) -> Texts {
        match self {
            Absence::Longer(longer_than) => {
                let time = said(*longer_than);
                Texts {
                    fr: format!("rien reçu pendant {time}"),
                    ar: format!("لم يصل شيء خلال {time}"),
                    en: format!("nothing heard for {time}"),
                }
            }
            Absence::Learned { times, least, most, .. } => {
                let (least, most) = (said(*least), said(*most));
                Texts {
                    fr: format!("rien reçu pendant {times} fois l'intervalle habituel, au moins {least}, au plus {most}"),
                    ar: format!("لم يصل شيء خلال {times} أضعاف الفترة المعتادة، {least} على الأقل و{most} على الأكثر"),
                    en: format!("nothing heard for {times} times the usual interval, at least {least}, at most {most}"),
                }
            }
        }
    }
}

fn read(table: Spanned<DeValue<'_>>, _: Option<Quantity>) -> Result<Box<dyn Condition>, Vec<Fault>> {
    let span = table.span();
    let raw = Raw::deserialize(ValueDeserializer::from(table)).map_err(|e| vec![e.into()])?;
    let mut faults = Vec::new();
    let mut time = |key, text: &Spanned<String>| duration(key, text, SHORTEST, LONGEST).map_err(|f| faults.push(f)).ok();
    let read = match (&raw.longer_than, &raw.times, &raw.at_least, &raw.at_most) {
        (Some(text), None, None, None) => time("longer_than", text).map(Absence::Longer),
        (None, Some(times), Some(least_text), Some(most_text)) => {
            let (least, most) = (time("at_least", least_text), time("at_most", most_text));
            let sane = (1.0..=1000.0).contains(times.as_ref());
            if !sane {
                faults.push(Fault::at(times.span(), format!("times is {}, expected 1 to 1000", times.as_ref())));
            }
            if least.zip(most).is_some_and(|(least, most)| least > most) {
                faults.push(Fault::at(most_text.span(), "at_most is shorter than at_least"));
            }
            least.zip(most).filter(|_| sane).map(|(least, most)| Absence::learned(*times.as_ref(), least, most))
        }
        _ => {
            faults.push(Fault::at(span, "absence needs longer_than alone, or times with at_least and at_most"));
            None
        }
    };
    match read {
        Some(absence) if faults.is_empty() => Ok(Box::new(absence)),
        _ => Err(faults),
    }
}
