//! Parameters as data: each number with its status and its source, so that whoever is shown a result can
//! be shown what it rests on.
//!
//! ```toml
//! [quality]
//! stuck_hours = { value = 6, status = "design", source = "house rule" }
//! ```
//!
//! The shipped files stand in `config/domains`, `config/limits` and `config/calendar` and are compiled in;
//! a city may read others of the same shape. Deliberately absent: opening files.

use std::num::NonZeroU32;
use std::ops::Range;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A file of parameters is at most this large, bytes.
const FILE_LIMIT: usize = 1 << 20;
/// Tables are followed this deep for a listing.
const DEPTH_LIMIT: usize = 8;

/// How well a number is known. Shown wherever the number is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ParameterStatus")]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Read in the named source.
    Verified,
    /// Remembered, not read again: right as far as is known.
    Memory,
    /// Decided by this house; no outside source.
    Design,
    /// Not known: it stands here so that it can be filled in. Never used for a legal claim.
    Unverified,
}

impl Status {
    /// `verified`, `memory`, `design` or `unverified`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Status::Verified => "verified",
            Status::Memory => "memory",
            Status::Design => "design",
            Status::Unverified => "unverified",
        }
    }
}

/// A number with what is known about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sourced<T> {
    value: T,
    /// How well it is known.
    pub status: Status,
    /// Where it is from: decree, standard, study, or the house.
    pub source: String,
}

impl<T: Copy> Sourced<T> {
    /// What was chosen, of a parameter that chooses one of several forms and is no number.
    #[must_use]
    pub fn chosen(&self) -> T {
        self.value
    }

    /// The same with another choice, whose status and source are as before.
    #[must_use]
    pub fn choosing(self, value: T) -> Self {
        Self { value, ..self }
    }
}

/// A number that is checked when it is read.
pub trait Number: Copy {
    /// The number that formulas take.
    type Plain;
    /// It.
    fn plain(self) -> Self::Plain;
}

impl<T: Number> Sourced<T> {
    /// The number.
    #[must_use]
    pub fn get(&self) -> T::Plain {
        self.value.plain()
    }
}

/// Any finite number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
pub struct Real(f64);

/// A finite number above 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
pub struct Positive(pub(crate) f64);

/// A part of a whole, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "f64", into = "f64")]
pub struct Share(f64);

/// A count of at least 1.
pub type Count = NonZeroU32;

/// A number outside what its parameter may be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("found {found}, expected {expected}")]
pub struct NumberError {
    found: f64,
    expected: &'static str,
}

macro_rules! checked {
    ($($name:ident: $fits:expr, $expected:literal;)*) => {$(
        impl TryFrom<f64> for $name {
            type Error = NumberError;
            fn try_from(found: f64) -> Result<Self, NumberError> {
                let fits: fn(f64) -> bool = $fits;
                if fits(found) { Ok(Self(found)) } else { Err(NumberError { found, expected: $expected }) }
            }
        }
        impl From<$name> for f64 {
            fn from(number: $name) -> f64 {
                number.0
            }
        }
        impl Number for $name {
            type Plain = f64;
            fn plain(self) -> f64 {
                self.0
            }
        }
    )*};
}

checked! {
    Real: f64::is_finite, "a finite number";
    Positive: |v| v.is_finite() && v > 0.0, "a finite number above 0";
    Share: |v| (0.0..=1.0).contains(&v), "a part of a whole, 0 to 1";
}

impl Number for Count {
    type Plain = u32;
    fn plain(self) -> u32 {
        self.get()
    }
}

/// Why a file of parameters cannot be used. Prints as `file:line: message`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct ParameterError {
    /// As it was named by the caller.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// What is there and what was expected.
    pub message: String,
}

impl ParameterError {
    pub(crate) fn at(file: &str, text: &str, span: Option<Range<usize>>, message: impl Into<String>) -> Self {
        let start = span.map_or(0, |s| s.start).min(text.len());
        let line = 1 + text.as_bytes().get(..start).unwrap_or_default().iter().filter(|b| **b == b'\n').count();
        Self { file: file.to_owned(), line, message: message.into() }
    }
}

/// Reads a file of parameters.
pub(crate) fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, ParameterError> {
    if text.len() > FILE_LIMIT {
        let message = format!("the file has {} bytes, expected at most {FILE_LIMIT}", text.len());
        return Err(ParameterError::at(file, text, None, message));
    }
    toml::from_str(text).map_err(|e| ParameterError::at(file, text, e.span(), e.message()))
}

/// One parameter, for a listing.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
#[schemars(rename = "Parameter")]
pub struct Row {
    /// Its place in the file: `quality.stuck_hours`.
    pub key: String,
    /// As it is written.
    pub value: String,
    /// How well it is known.
    pub status: Status,
    /// Where it is from.
    pub source: String,
}

/// Every number of a file that has a status, in the order of keys.
///
/// # Errors
/// Not TOML, or larger than a file of parameters may be.
pub fn rows(file: &str, text: &str) -> Result<Vec<Row>, ParameterError> {
    let table: toml::Table = read(file, text)?;
    let mut found = Vec::new();
    walk(&table, "", 0, &mut found);
    Ok(found)
}

fn walk(table: &toml::Table, place: &str, depth: usize, found: &mut Vec<Row>) {
    if depth == DEPTH_LIMIT {
        return;
    }
    // A table may say once what holds for all in it: hours, days.
    let common = Row::known(table);
    for (name, value) in table {
        let key = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
        // Of a list of tables each is a place of its own, from 1.
        let tables: Vec<&toml::Table> = value.as_array().into_iter().flatten().filter_map(toml::Value::as_table).collect();
        if !tables.is_empty() {
            tables.iter().zip(1..).for_each(|(inner, n)| walk(inner, &format!("{key}.{n}"), depth + 1, found));
            continue;
        }
        let Some(inner) = value.as_table() else {
            let said = common.clone().filter(|_| name != "status" && name != "source");
            found.extend(said.map(|(status, source)| Row { key, value: plain(value), status, source }));
            continue;
        };
        match (inner.get("value"), Row::known(inner)) {
            (Some(value), Some((status, source))) => found.push(Row { key, value: value.to_string(), status, source }),
            _ => walk(inner, &key, depth + 1, found),
        }
    }
}

/// As it is read, without the quotes of the file.
fn plain(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

impl Row {
    fn known(table: &toml::Table) -> Option<(Status, String)> {
        let status = Status::deserialize(table.get("status")?.clone()).ok()?;
        Some((status, table.get("source")?.as_str()?.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Two {
        floor: Sourced<Real>,
        count: Sourced<Count>,
    }

    #[test]
    fn a_number_outside_its_range_is_refused_with_its_line() {
        let text = "floor = { value = -1, status = \"design\", source = \"house\" }\n\
                    count = { value = 0, status = \"design\", source = \"house\" }\n";
        let error = read::<Two>("x.toml", text).unwrap_err();
        assert_eq!((error.line, error.file.as_str()), (2, "x.toml"));
        let good = text.replace("value = 0", "value = 3");
        let two: Two = read("x.toml", &good).unwrap();
        assert_eq!((two.floor.get(), two.count.get()), (-1.0, 3));
        let rows = rows("x.toml", &good).unwrap();
        assert_eq!(rows.iter().map(|r| r.key.as_str()).collect::<Vec<_>>(), ["count", "floor"]);
    }
}
