//! Apache Parquet: columns, compressed with zstd, in the order device, time, quantity, channel. What others compressed
//! otherwise is read too.
//!
//! The columns are those of the CSV. `value` is a double; times are milliseconds of UTC; the rest is text and one small
//! number. The file says of itself whose readings it holds, under which licence, and in which unit each quantity is.

mod read;
mod write;

pub use read::parquet;
pub use write::Writer;

use std::fmt;

/// The version of these columns.
pub const FORMAT: &str = "1";

/// What a file says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// Whose readings these are.
    pub source: String,
    /// Under which licence they may be used; nothing is said where it is empty.
    pub licence: String,
}

/// The columns, in their order; all are required.
pub(crate) const SCHEMA: &str = "
message readings {
    REQUIRED BYTE_ARRAY device (STRING);
    REQUIRED BYTE_ARRAY quantity (STRING);
    REQUIRED BYTE_ARRAY unit (STRING);
    REQUIRED INT32 channel (INTEGER(32, true));
    REQUIRED BYTE_ARRAY kind (STRING);
    REQUIRED BYTE_ARRAY zone (STRING);
    REQUIRED DOUBLE value;
    REQUIRED INT64 observed_at (TIMESTAMP(MILLIS, true));
    REQUIRED INT64 received_at (TIMESTAMP(MILLIS, true));
    REQUIRED BYTE_ARRAY quality (STRING);
    REQUIRED BYTE_ARRAY grade (STRING);
}";

/// A file that cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ParquetError(String);

impl From<::parquet::errors::ParquetError> for ParquetError {
    fn from(error: ::parquet::errors::ParquetError) -> Self {
        Self(error.to_string())
    }
}

impl ParquetError {
    fn new(text: impl fmt::Display) -> Self {
        Self(text.to_string())
    }
}
