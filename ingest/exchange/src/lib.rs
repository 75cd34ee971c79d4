//! Readings as files: CSV, NDJSON and Parquet, which the program writes and reads, and InfluxDB's line protocol and
//! annotated CSV, which cities come with.
//!
//! Everything goes row by row: no file is in memory whole. Whatever is no reading is [`Rejected`], with its place, its reason
//! and its text, so that whoever reads a file can put it aside.
//!
//! Deliberately absent: writing CSV and NDJSON, whose rows the API writes (`dashboards`); stores; the names of files.

mod csv;
mod influx;
mod ndjson;
pub mod parquet;
mod row;

pub use csv::csv;
pub use influx::{Counts, Mapping, MappingError, annotated_csv, line_protocol};
pub use ndjson::{line, ndjson};
pub use row::{Defaults, Row};

use std::io;

use schemas::Reading;

/// The longest line of text that is read, bytes.
pub const LINE_LIMIT: usize = 1 << 20;

/// What is no reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// The line of a text, or the row of a table; from 1.
    pub place: u64,
    /// Which field, and what was expected of it.
    pub why: String,
    /// As it stood there.
    pub text: String,
}

/// The readings of a file in its order, and what is none between them. An error ends it: the rest cannot be read.
pub type Readings<'a> = Box<dyn Iterator<Item = io::Result<Result<Reading, Rejected>>> + 'a>;
