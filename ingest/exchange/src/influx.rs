//! What others keep in InfluxDB: points of a measurement with tags, in line protocol or in annotated CSV, and the
//! [`Mapping`] that says which of their fields are which readings.
//!
//! Deliberately absent: extended annotated CSV (`#constant`), pivoted tables, and text fields, which are no readings.

mod annotated;
mod line;
mod mapping;

pub use annotated::annotated_csv;
pub use line::line_protocol;
pub use mapping::{Counts, Mapping, MappingError};

use std::borrow::Cow;

/// One field of a point.
#[derive(Debug)]
pub(crate) struct Point<'a> {
    measurement: Cow<'a, str>,
    tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    field: Cow<'a, str>,
    /// A boolean is 0 or 1; text is no value.
    value: Option<f64>,
    /// Milliseconds since the epoch.
    at: i64,
}

impl Point<'_> {
    fn tag(&self, name: &str) -> Option<&str> {
        self.tags.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref())
    }
}
