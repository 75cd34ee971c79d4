//! Reading, some thousand rows at a time: files of this program, and of others with columns of the same names.
//!
//! Of others, columns may be optional, times may be micro- or nanoseconds, numbers may be of another width.

use std::borrow::Cow;
use std::fmt::Display;
use std::io;
use std::str::FromStr;

use parquet::basic::{LogicalType, TimeUnit, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType};
use parquet::file::reader::{ChunkReader, FileReader, RowGroupReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;
use schemas::{Reading, Timestamp};

use super::ParquetError;
use crate::csv::flaws;
use crate::row::{Defaults, Row};
use crate::{Readings, Rejected};

/// Rows in memory at a time.
const BATCH: usize = 8_192;

/// Column names, as [`Batch`] has them.
const NAMES: [&str; 10] =
    ["device", "quantity", "unit", "channel", "kind", "zone", "value", "observed_at", "received_at", "quality"];
const NEEDED: [&str; 4] = ["device", "quantity", "value", "observed_at"];

/// The readings of a file, and how many rows it says to have.
///
/// # Errors
/// It is no Parquet file, or has not the columns of readings.
pub fn parquet<'a, F: ChunkReader + 'static>(file: F, defaults: Defaults) -> Result<(Readings<'a>, u64), ParquetError> {
    let reader = SerializedFileReader::new(file)?;
    let columns = Columns::of(reader.metadata().file_metadata().schema_descr().columns())?;
    let rows = reader.metadata().file_metadata().num_rows();
    let groups = reader.num_row_groups();
    let rows = u64::try_from(rows).map_err(ParquetError::new)?;
    let file = File { reader, columns, groups, next: 0, open: Vec::new(), left: 0, place: 0 };
    Ok((Box::new(Rows { file, batch: Vec::new().into_iter(), defaults, ended: false }), rows))
}

/// What is read of a column.
#[derive(Clone, Copy)]
struct Column {
    at: usize,
    /// Values at this level are there; 0 where all are.
    level: i16,
    /// Of a time: how many of its units are a millisecond.
    per_milli: i64,
}

/// Where each of [`NAMES`] stands.
struct Columns([Option<Column>; NAMES.len()]);

impl Columns {
    fn of(all: &[parquet::schema::types::ColumnDescPtr]) -> Result<Self, ParquetError> {
        let mut found = [None; NAMES.len()];
        for (at, column) in all.iter().enumerate() {
            let Some(name) = NAMES.iter().position(|name| *name == column.path().string()) else { continue };
            found[name] = Some(Column::of(at, NAMES[name], column)?);
        }
        let lacking = NEEDED.iter().find(|needed| !NAMES.iter().zip(&found).any(|(name, is)| name == *needed && is.is_some()));
        match lacking {
            Some(name) => Err(ParquetError::new(format!("there is no column `{name}`, expected at least {}", NEEDED.join(", ")))),
            None => Ok(Self(found)),
        }
    }
}

impl Column {
    fn of(at: usize, name: &str, column: &ColumnDescriptor) -> Result<Self, ParquetError> {
        let stored = column.physical_type();
        let (fits, expected) = match name {
            "channel" => (matches!(stored, Type::INT32 | Type::INT64), "a whole number"),
            "value" => (matches!(stored, Type::DOUBLE | Type::FLOAT | Type::INT32 | Type::INT64), "a number"),
            "observed_at" | "received_at" => (stored == Type::INT64, "a timestamp of 64 bits"),
            _ => (stored == Type::BYTE_ARRAY, "text"),
        };
        if !fits || column.max_rep_level() > 0 {
            return Err(ParquetError::new(format!("the column `{name}` is {stored}, expected {expected}")));
        }
        let per_milli = match column.logical_type_ref() {
            Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::MICROS => 1_000,
            Some(LogicalType::Timestamp(time)) if time.unit == TimeUnit::NANOS => 1_000_000,
            _ => 1,
        };
        Ok(Self { at, level: column.max_def_level(), per_milli })
    }
}

/// A file under way, one group of rows after another.
struct File<F: ChunkReader + 'static> {
    reader: SerializedFileReader<F>,
    columns: Columns,
    groups: usize,
    next: usize,
    /// The columns of the present group, as [`NAMES`] has them.
    open: Vec<Option<(Column, ColumnReader)>>,
    /// Its rows that are not read yet.
    left: usize,
    /// Rows read so far.
    place: u64,
}

/// Rows by column; what is null is none.
#[derive(Default)]
struct Batch {
    text: [Vec<Option<ByteArray>>; NAMES.len()],
    whole: [Vec<Option<i64>>; NAMES.len()],
    number: Vec<Option<f64>>,
}

impl<F: ChunkReader + 'static> File<F> {
    /// The next rows; none at the end.
    fn batch(&mut self) -> Result<Option<(usize, Batch)>, ParquetError> {
        while self.left == 0 {
            if self.next == self.groups {
                return Ok(None);
            }
            let group = self.reader.get_row_group(self.next)?;
            self.left = usize::try_from(group.metadata().num_rows()).map_err(ParquetError::new)?;
            self.open = open(&*group, &self.columns)?;
            self.next += 1;
        }
        let rows = self.left.min(BATCH);
        let mut batch = Batch::default();
        for (name, open) in self.open.iter_mut().enumerate() {
            if let Some((column, reader)) = open {
                batch.fill(name, *column, reader, rows)?;
            }
        }
        self.left -= rows;
        Ok(Some((rows, batch)))
    }
}

fn open(group: &dyn RowGroupReader, columns: &Columns) -> Result<Vec<Option<(Column, ColumnReader)>>, ParquetError> {
    let one = |column: &Option<Column>| {
        let Some(column) = *column else { return Ok(None) };
        Ok(Some((column, group.get_column_reader(column.at)?)))
    };
    columns.0.iter().map(one).collect()
}

impl Batch {
    fn fill(&mut self, name: usize, column: Column, reader: &mut ColumnReader, rows: usize) -> Result<(), ParquetError> {
        match (NAMES[name], reader) {
            ("value", ColumnReader::DoubleColumnReader(reader)) => self.number = cells(reader, rows, column, |v| v)?,
            ("value", ColumnReader::FloatColumnReader(reader)) => self.number = cells(reader, rows, column, shortest)?,
            ("value", ColumnReader::Int32ColumnReader(reader)) => self.number = cells(reader, rows, column, f64::from)?,
            #[expect(clippy::cast_precision_loss, reason = "what is beyond 1e12 is refused as no value of a sensor")]
            ("value", ColumnReader::Int64ColumnReader(reader)) => self.number = cells(reader, rows, column, |v| v as f64)?,
            (_, ColumnReader::Int32ColumnReader(reader)) => self.whole[name] = cells(reader, rows, column, i64::from)?,
            (_, ColumnReader::Int64ColumnReader(reader)) => {
                self.whole[name] = cells(reader, rows, column, |v| v.div_euclid(column.per_milli))?;
            }
            (_, ColumnReader::ByteArrayColumnReader(reader)) => self.text[name] = cells(reader, rows, column, |v| v)?,
            (name, _) => return Err(ParquetError::new(format!("the column `{name}` changes its type"))),
        }
        Ok(())
    }

    fn row(&self, at: usize) -> Result<Row<'_>, String> {
        Ok(Row {
            device: needed("device", self.name("device", at)?)?,
            quantity: needed("quantity", self.name("quantity", at)?)?,
            unit: self.cell("unit", at)?.map(Cow::Borrowed),
            value: needed("value", self.number.get(at).copied().flatten())?,
            observed_at: needed("observed_at", self.time("observed_at", at)?)?,
            received_at: self.time("received_at", at)?,
            quality: self.cell("quality", at)?.map(flaws).transpose()?,
            kind: self.name("kind", at)?,
            zone: self.name("zone", at)?,
            channel: match self.whole("channel", at) {
                None => 0,
                Some(channel) => u8::try_from(channel).map_err(|_| format!("channel: {channel}, expected 0 to 255"))?,
            },
        })
    }

    fn whole(&self, name: &str, at: usize) -> Option<i64> {
        self.whole[place(name)?].get(at).copied().flatten()
    }

    fn time(&self, name: &str, at: usize) -> Result<Option<Timestamp>, String> {
        self.whole(name, at).map(|millis| Timestamp::from_millis(millis).map_err(|e| format!("{name}: {e}"))).transpose()
    }

    fn cell(&self, name: &str, at: usize) -> Result<Option<&str>, String> {
        let cell = place(name).and_then(|column| self.text[column].get(at)).and_then(Option::as_ref);
        cell.map(|bytes| bytes.as_utf8().map_err(|_| format!("{name}: it is not UTF-8"))).transpose()
    }

    fn name<T: FromStr<Err: Display>>(&self, name: &str, at: usize) -> Result<Option<T>, String> {
        self.cell(name, at)?.map(|text| text.parse().map_err(|e: T::Err| format!("{name}: `{text}`: {e}"))).transpose()
    }

    /// A row that was refused, for whoever mends it.
    fn told(&self, at: usize) -> String {
        let texts = NAMES.iter().filter_map(|name| Some((name, self.cell(name, at).ok()??.to_owned())));
        let wholes = NAMES.iter().filter_map(|name| Some((name, self.whole(name, at)?.to_string())));
        let value = self.number.get(at).copied().flatten().map(|value| (&"value", value.to_string()));
        texts.chain(wholes).chain(value).map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join(" ")
    }
}

fn place(name: &str) -> Option<usize> {
    NAMES.iter().position(|known| *known == name)
}

fn needed<T>(name: &str, cell: Option<T>) -> Result<T, String> {
    cell.ok_or_else(|| format!("{name}: null, expected one"))
}

/// The double that prints as the float does: 21.7 and not 21.700000762939453.
fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

fn cells<T: DataType, V>(
    reader: &mut ColumnReaderImpl<T>,
    rows: usize,
    column: Column,
    value: impl Fn(T::T) -> V,
) -> Result<Vec<Option<V>>, ParquetError> {
    let (mut values, mut levels) = (Vec::with_capacity(rows), Vec::new());
    let defined = (column.level > 0).then_some(&mut levels);
    let (read, ..) = reader.read_records(rows, defined, None, &mut values)?;
    if read != rows {
        return Err(ParquetError::new(format!("a column ends {} rows before its group", rows - read)));
    }
    let mut values = values.into_iter().map(value);
    if column.level == 0 {
        return Ok(values.map(Some).collect());
    }
    Ok(levels.into_iter().map(|level| if level == column.level { values.next() } else { None }).collect())
}

/// See [`parquet`].
struct Rows<F: ChunkReader + 'static> {
    file: File<F>,
    batch: std::vec::IntoIter<Result<Reading, Rejected>>,
    defaults: Defaults,
    ended: bool,
}

impl<F: ChunkReader + 'static> Iterator for Rows<F> {
    type Item = io::Result<Result<Reading, Rejected>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(reading) = self.batch.next() {
                return Some(Ok(reading));
            }
            if self.ended {
                return None;
            }
            let (rows, batch) = match self.file.batch() {
                Ok(Some(batch)) => batch,
                Ok(None) => return None,
                Err(error) => {
                    self.ended = true;
                    return Some(Err(io::Error::other(error)));
                }
            };
            let first = self.file.place;
            self.file.place += rows as u64;
            let read = |at: usize| {
                let reading = batch.row(at).and_then(|row| row.reading(&self.defaults));
                reading.map_err(|why| Rejected { place: first + at as u64 + 1, why, text: batch.told(at) })
            };
            self.batch = (0..rows).map(read).collect::<Vec<_>>().into_iter();
        }
    }
}
