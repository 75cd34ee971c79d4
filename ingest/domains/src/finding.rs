//! A result that may honestly be missing: *insufficient data* is a value of the type, never a number.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// A number that the data carry, or why they carry none.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding<T> {
    /// The data carry it.
    Value(T),
    /// They do not.
    Insufficient(Lack),
}

/// What was missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// Too few of the values that the period should have.
    Capture {
        /// How many were valid.
        valid: usize,
        /// How many are needed.
        needed: usize,
        /// How many a full period has.
        expected: usize,
    },
    /// One of these is needed, and none is there: codes of pollutants or names of inputs.
    OneOf(Vec<&'static str>),
    /// It cannot be had from data of this resolution, whatever their number.
    Resolution {
        /// What the rule averages over.
        needed: &'static str,
    },
    /// Its limit or parameter is not known from a source that could be read.
    Unverified,
}

impl<T> Finding<T> {
    /// The number, if there is one.
    #[must_use]
    pub fn value(self) -> Option<T> {
        match self {
            Finding::Value(value) => Some(value),
            Finding::Insufficient(_) => None,
        }
    }

    /// By reference.
    #[must_use]
    pub fn as_ref(&self) -> Finding<&T> {
        match self {
            Finding::Value(value) => Finding::Value(value),
            Finding::Insufficient(lack) => Finding::Insufficient(lack.clone()),
        }
    }

    /// The same with the number changed.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Finding<U> {
        match self {
            Finding::Value(value) => Finding::Value(change(value)),
            Finding::Insufficient(lack) => Finding::Insufficient(lack),
        }
    }
}

impl Finding<f64> {
    /// The arithmetic mean of the valid values, if at least `needed` of `expected` are valid.
    #[must_use]
    pub fn mean(values: impl IntoIterator<Item = Option<f64>>, needed: usize, expected: usize) -> Self {
        let (mut valid, mut sum) = (0_usize, 0.0);
        for value in values.into_iter().flatten() {
            valid += 1;
            sum += value;
        }
        if valid == 0 || valid < needed {
            return Finding::Insufficient(Lack::Capture { valid, needed: needed.max(1), expected });
        }
        Finding::Value(sum / valid as f64)
    }
}

/// How much of a period must be valid.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Capture {
    /// A part of the period, 0 to 1.
    pub share: f64,
}

impl Capture {
    /// Three quarters: hour, eight hours, day, year.
    pub const USUAL: Capture = Capture { share: 0.75 };

    /// How many of `expected` are needed: rounded up, so that 23 hours need 18 and 25 need 19.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and expected")]
    pub fn needed(self, expected: usize) -> usize {
        // The product may lie a hair above a whole number, as 0.85 x 100 does.
        let exact = self.share.clamp(0.0, 1.0) * expected as f64;
        (exact - 1e-9).ceil().max(0.0) as usize
    }

    /// Whether `valid` of `expected` are enough.
    #[must_use]
    pub fn is_met(self, valid: usize, expected: usize) -> bool {
        expected > 0 && valid >= self.needed(expected)
    }

    /// The mean, if enough is valid.
    #[must_use]
    pub fn mean(self, values: impl IntoIterator<Item = Option<f64>>, expected: usize) -> Finding<f64> {
        Finding::mean(values, self.needed(expected), expected)
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lack::Capture { valid, needed, expected } => {
                write!(f, "insufficient data: {valid} of {expected} values are valid, {needed} are needed")
            }
            Lack::OneOf(inputs) => write!(f, "insufficient data: one of {} is needed", inputs.join(", ")),
            Lack::Resolution { needed } => write!(f, "insufficient data: values of {needed} are needed"),
            Lack::Unverified => f.write_str("not judged: the limit is not verified"),
        }
    }
}
