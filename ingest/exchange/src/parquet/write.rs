//! Writing, a group of rows at a time.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use schemas::{Flaw, Quality, Reading};

use super::{About, FORMAT, ParquetError, SCHEMA};

/// Rows of a group: some ten megabytes in memory.
const GROUP: usize = 1 << 16;

/// A file under way. It is whole only after [`Writer::finish`]: what is broken off before has no end, and no program reads it.
pub struct Writer<W: Write + Send> {
    file: SerializedFileWriter<W>,
    group: Group,
    units: BTreeMap<&'static str, &'static str>,
    rows: u64,
}

impl<W: Write + Send> std::fmt::Debug for Writer<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<W: Write + Send> Writer<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// `out` does not take it.
    pub fn new(out: W, about: &About) -> Result<Self, ParquetError> {
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let file = SerializedFileWriter::new(out, schema, Arc::new(properties(about)?))?;
        Ok(Self { file, group: Group::default(), units: BTreeMap::new(), rows: 0 })
    }

    /// Adds a reading. They come in the order device, time, quantity, channel.
    ///
    /// # Errors
    /// `out` does not take it.
    pub fn push(&mut self, reading: &Reading) -> Result<(), ParquetError> {
        let quantity = reading.series.quantity;
        self.units.entry(quantity.name()).or_insert_with(|| quantity.unit());
        self.group.push(reading);
        self.rows += 1;
        if self.group.value.len() >= GROUP { self.write() } else { Ok(()) }
    }

    /// Where the bytes go.
    pub fn out(&mut self) -> &mut W {
        self.file.inner_mut()
    }

    /// Ends the file and gives back where it went, and how many rows it has.
    ///
    /// # Errors
    /// `out` does not take it.
    pub fn finish(mut self) -> Result<(W, u64), ParquetError> {
        self.write()?;
        let units = serde_json::to_string(&self.units).map_err(ParquetError::new)?;
        self.file.append_key_value_metadata(KeyValue::new("marsad.units".to_owned(), units));
        Ok((self.file.into_inner()?, self.rows))
    }

    fn write(&mut self) -> Result<(), ParquetError> {
        if self.group.value.is_empty() {
            return Ok(());
        }
        let mut rows = self.file.next_row_group()?;
        self.group.write(&mut rows)?;
        rows.close()?;
        Ok(())
    }
}

fn properties(about: &About) -> Result<WriterProperties, ParquetError> {
    let said = [("marsad.format", FORMAT), ("marsad.source", &about.source), ("marsad.licence", &about.licence)];
    let said = said.iter().filter(|(_, value)| !value.is_empty());
    let said = said.map(|(key, value)| KeyValue::new((*key).to_owned(), (*value).to_owned())).collect();
    // device, observed_at, quantity, channel
    let order = [0, 7, 1, 3].map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: false });
    let time = |builder: parquet::file::properties::WriterPropertiesBuilder, name: &str| {
        // They grow by little from row to row.
        let column = ColumnPath::from(name);
        builder.set_column_dictionary_enabled(column.clone(), false).set_column_encoding(column, Encoding::DELTA_BINARY_PACKED)
    };
    let builder = WriterProperties::builder()
        .set_created_by(format!("Marsad {}", env!("CARGO_PKG_VERSION")))
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3)?))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        // Where values repeat too little for a dictionary.
        .set_column_encoding(ColumnPath::from("value"), Encoding::BYTE_STREAM_SPLIT)
        .set_key_value_metadata(Some(said))
        .set_sorting_columns(Some(order.to_vec()));
    Ok(time(time(builder, "observed_at"), "received_at").build())
}

/// Rows that wait to be written, by column.
#[derive(Default)]
struct Group {
    device: Vec<ByteArray>,
    quantity: Vec<ByteArray>,
    unit: Vec<ByteArray>,
    channel: Vec<i32>,
    kind: Vec<ByteArray>,
    zone: Vec<ByteArray>,
    value: Vec<f64>,
    observed_at: Vec<i64>,
    received_at: Vec<i64>,
    quality: Vec<ByteArray>,
    grade: Vec<ByteArray>,
}

impl Group {
    fn push(&mut self, reading: &Reading) {
        let Reading { series, kind, zone, value, observed_at, received_at, quality } = reading;
        again(&mut self.device, series.device.as_str());
        fixed(&mut self.quantity, series.quantity.name());
        fixed(&mut self.unit, series.quantity.unit());
        self.channel.push(series.channel.into());
        fixed(&mut self.kind, kind.name());
        again(&mut self.zone, zone.as_str());
        self.value.push(*value);
        self.observed_at.push(observed_at.millis());
        self.received_at.push(received_at.millis());
        if *quality == Quality::GOOD {
            fixed(&mut self.quality, "");
        } else {
            again(&mut self.quality, &quality.flaws().map(Flaw::code).collect::<Vec<_>>().join(";"));
        }
        fixed(&mut self.grade, quality.grade().code());
    }

    fn write<W: Write + Send>(&mut self, rows: &mut SerializedRowGroupWriter<'_, W>) -> Result<(), ParquetError> {
        column::<ByteArrayType, W>(rows, &mut self.device)?;
        column::<ByteArrayType, W>(rows, &mut self.quantity)?;
        column::<ByteArrayType, W>(rows, &mut self.unit)?;
        column::<Int32Type, W>(rows, &mut self.channel)?;
        column::<ByteArrayType, W>(rows, &mut self.kind)?;
        column::<ByteArrayType, W>(rows, &mut self.zone)?;
        column::<DoubleType, W>(rows, &mut self.value)?;
        column::<Int64Type, W>(rows, &mut self.observed_at)?;
        column::<Int64Type, W>(rows, &mut self.received_at)?;
        column::<ByteArrayType, W>(rows, &mut self.quality)?;
        column::<ByteArrayType, W>(rows, &mut self.grade)
    }
}

/// A text that lives as long as the program: not copied.
fn fixed(column: &mut Vec<ByteArray>, text: &'static str) {
    column.push(ByteArray::from(bytes::Bytes::from_static(text.as_bytes())));
}

/// A text that is most often that of the row before: then it is shared.
fn again(column: &mut Vec<ByteArray>, text: &str) {
    let same = column.last().filter(|last| last.data() == text.as_bytes()).cloned();
    column.push(same.unwrap_or_else(|| ByteArray::from(text)));
}

/// Writes the next column and empties it.
fn column<T: DataType, W: Write + Send>(
    rows: &mut SerializedRowGroupWriter<'_, W>,
    values: &mut Vec<T::T>,
) -> Result<(), ParquetError> {
    let next = rows.next_column()?;
    let mut column = next.ok_or_else(|| ParquetError::new("the schema has fewer columns than a reading"))?;
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()?;
    values.clear();
    Ok(())
}
