//! Conditions: the logic of a rule. One file each, one line each in [`FORMS`].
//!
//! A condition holds the numbers of its rule and no more; what is remembered of a series is a
//! [`Memory`], plain data. So a hundred thousand series share twenty conditions, a verdict costs no
//! allocation, and the past of a series can be written down and read back after a restart.
//!
//! Deliberately absent: `hold`, phases and texts. They belong to every condition alike (`watch`).

mod absence;
mod threshold;

use std::fmt::Debug;
use std::ops::Range;

use schemas::{Grade, Quantity, Reading, Timestamp};
use toml::Spanned;
use toml::de::DeValue;

/// What a condition says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is so.
    Holds,
    /// It is not so.
    Clear,
}

/// What is remembered of one series for one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Memory {
    /// `observed_at` of the last reading that was judged; none before the first.
    pub(crate) heard: Option<Timestamp>,
    /// Its value, in the quantity's unit; 0 for a condition that judges none.
    pub(crate) value: f64,
    /// Whether the last verdict was [`Verdict::Holds`].
    pub(crate) holds: bool,
}

/// The logic of a rule. Deterministic: the same calls give the same answers.
pub(crate) trait Condition: Debug + Send + Sync {
    /// Whether readings of this grade are judged at all.
    fn hears(&self, grade: Grade) -> bool;

    /// Judges a reading that is newer than `memory.heard`. `None` leaves the last verdict standing:
    /// that is hysteresis.
    fn observe(&self, memory: &Memory, reading: &Reading) -> Option<Verdict>;

    /// Judges silence up to `now`, which is at or after [`Condition::wake_at`].
    fn advance(&self, memory: &Memory, now: Timestamp) -> Option<Verdict>;

    /// When silence alone will change the verdict; none where it will not.
    fn wake_at(&self, memory: &Memory) -> Option<Timestamp>;
}

/// Why a condition could not be read: where in the file (none: the rule as a whole), and what was
/// expected.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) span: Option<Range<usize>>,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn at(span: Range<usize>, message: String) -> Self {
        Self { span: Some(span), message }
    }
}

impl From<toml::de::Error> for Fault {
    fn from(error: toml::de::Error) -> Self {
        Self { span: error.span(), message: error.message().to_owned() }
    }
}

/// Reads the table of a condition. The quantity is that of the rule, there if [`Form::by_value`].
pub(crate) type Read = fn(Spanned<DeValue<'_>>, Option<Quantity>) -> Result<Box<dyn Condition>, Fault>;

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
pub(crate) static FORMS: &[Form] = &[threshold::FORM, absence::FORM];

/// Name and one-sentence summary of every kind of condition, for listings.
pub fn conditions() -> impl Iterator<Item = (&'static str, &'static str)> {
    FORMS.iter().map(|form| (form.name, form.summary))
}
