//! Conditions: the logic of a rule. One file each, one line each in [`FORMS`].
//!
//! A condition holds the numbers of its rule and no more; what is remembered of a series is a
//! [`Memory`], plain data. So a hundred thousand series share twenty conditions, and the past of a
//! series can be written down and read back after a restart. Most conditions need a few words; one that
//! needs more keeps it in [`Own`], which only its series pay for.
//!
//! Deliberately absent: `hold`, `keep_firing`, hours, phases and texts. They belong to every condition
//! alike (`core`). Order and lateness: a condition is shown readings in the order of their instants.

mod absence;
mod backflow;
mod compare;
mod counter;
mod forecast;
mod limit;
mod moved;
mod rate;
mod run;
mod running;
mod samples;
mod standstill;
mod state;
mod threshold;
mod usual;
mod window;

use std::fmt::Debug;
use std::ops::Range;

use schemas::{Quantity, Texts, Timestamp};
use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::DeValue;

use crate::hours::Local;
use crate::sample::Sample;

/// What a condition says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is so.
    Holds,
    /// It is not so.
    Clear,
}

impl Verdict {
    pub(crate) fn of(holds: bool) -> Self {
        if holds { Verdict::Holds } else { Verdict::Clear }
    }
}

/// What is remembered of one series for one rule.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Memory {
    /// `observed_at` of the last reading that was judged, or that silence was; [`Timestamp::MIN`] before the first.
    pub(crate) heard: Timestamp,
    /// Of a silence: the last sign of life.
    pub(crate) alive: Timestamp,
    /// The value that decided, in the quantity's unit; 0 for a condition that judges none.
    pub(crate) value: f64,
    /// What the last samples said, a bit each, the newest lowest.
    pub(crate) bits: u64,
    /// Whether the last verdict was [`Verdict::Holds`].
    pub(crate) holds: bool,
    /// What only this form of condition needs.
    pub(crate) own: Option<Box<Own>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { heard: Timestamp::MIN, alive: Timestamp::MIN, value: 0.0, bits: 0, holds: false, own: None }
    }
}

/// What a form of condition remembers besides. The order stands on disk: only add.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Own {
    Gaps(absence::Gaps),
    Window(window::Open),
    Recent(rate::Recent),
    Meter(counter::Meter),
    Trend(forecast::Recent),
    Week(Box<compare::Week>),
    Pair(compare::Pair),
    Running(running::Hours),
    Tally(counter::Tally),
    Still(standstill::Still),
    Back(backflow::Back),
    Post(Box<moved::Post>),
}

/// The logic of a rule. Deterministic: the same calls give the same answers.
pub(crate) trait Condition: Debug + Send + Sync {
    /// Any sign of life is judged, whatever its value is worth; else readings that are not bad.
    fn hears_life(&self) -> bool {
        false
    }

    /// Time may change it too: [`Condition::wake_at`] and [`Condition::passed`] have something to say. Of others they are
    /// not asked.
    fn waits(&self) -> bool {
        false
    }

    /// Judges a reading that is not older than any before. `None` leaves the last verdict standing:
    /// that is hysteresis.
    fn observe(&self, memory: &mut Memory, sample: &Sample, local: Local<'_>) -> Option<Verdict>;

    /// Judges time up to `now`, which is at or after [`Condition::wake_at`].
    fn advance(&self, _: &mut Memory, _now: Timestamp, _: Local<'_>) -> Option<Verdict> {
        None
    }

    /// When time alone will change something; none where it will not.
    fn wake_at(&self, _: &Memory, _: Local<'_>) -> Option<Timestamp> {
        None
    }

    /// Readings before this instant would change what was already judged.
    fn passed(&self, _: &Memory) -> Timestamp {
        Timestamp::MIN
    }

    /// A calm series needs nothing but its last reading remembered.
    fn is_brief(&self) -> bool {
        false
    }

    /// Another quantity of the same device that it looks at.
    fn other(&self) -> Option<Quantity> {
        None
    }

    /// It looks at the other devices of the same kind and zone.
    fn of_group(&self) -> bool {
        false
    }

    /// What it says, in a sentence without an end, for people.
    fn words(&self, quantity: Option<Quantity>) -> Texts;
}

/// Why a condition could not be read: where in the file (none: the rule as a whole), and what was
/// expected.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) span: Option<Range<usize>>,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn at(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span: Some(span), message: message.into() }
    }
}

impl From<toml::de::Error> for Fault {
    fn from(error: toml::de::Error) -> Self {
        Self { span: error.span(), message: error.message().to_owned() }
    }
}

/// Reads the table of a condition. The quantity is that of the rule, there if [`Form::by_value`].
pub(crate) type Read = fn(Spanned<DeValue<'_>>, Option<Quantity>) -> Result<Box<dyn Condition>, Vec<Fault>>;

/// A kind of condition: how it is named and read.
#[derive(Debug)]
pub(crate) struct Form {
    /// The key of its table in a rule.
    pub(crate) name: &'static str,
    /// For the listing, one sentence.
    pub(crate) summary: &'static str,
    /// It judges values: the rule must name a quantity, may have a `hold`, and its texts may say
    /// `{value}` and `{unit}`. One that does not may watch a device as a whole.
    pub(crate) by_value: bool,
    /// Reads its table.
    pub(crate) read: Read,
}

/// Every kind of condition.
pub(crate) static FORMS: &[Form] = &[
    threshold::FORM,
    samples::FORM,
    state::FORM,
    rate::FORM,
    absence::FORM,
    window::FORM,
    running::FORM,
    counter::FORM,
    standstill::FORM,
    backflow::FORM,
    forecast::FORM,
    compare::FORM,
    moved::FORM,
];

/// Name and one-sentence summary of every kind of condition, for listings.
pub fn conditions() -> impl Iterator<Item = (&'static str, &'static str)> {
    FORMS.iter().map(|form| (form.name, form.summary))
}

/// Instants as numbers: eight bytes at most, where a text takes 24.
mod millis {
    use schemas::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.millis())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::clamped)
    }
}

/// A value and when it was so.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Point {
    #[serde(with = "millis")]
    pub(crate) at: Timestamp,
    pub(crate) value: f64,
}

impl Point {
    pub(crate) fn of(sample: &Sample) -> Self {
        Self { at: sample.observed, value: sample.value }
    }
}
