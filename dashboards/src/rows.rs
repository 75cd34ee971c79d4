//! How a reading and an hour stand in JSON, NDJSON and CSV: the same through the server and, by these
//! functions, from a stopped data directory.
//!
//! Times are RFC 3339 in UTC. Numbers are written so that they read back exactly.

use std::fmt::Write;

use domains::time::LocalDay;
use schemars::JsonSchema;
use schemas::{Grade, HOUR, Partial, Quality, Reading, Timestamp};
use serde::Serialize;

/// A reading, for people and programs.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct ReadingRow<'a> {
    device: &'a str,
    quantity: &'static str,
    unit: &'static str,
    channel: u8,
    kind: &'static str,
    zone: &'a str,
    value: f64,
    observed_at: Timestamp,
    received_at: Timestamp,
    quality: Quality,
    grade: Grade,
}

impl<'a> From<&'a Reading> for ReadingRow<'a> {
    fn from(reading: &'a Reading) -> Self {
        Self {
            device: reading.series.device.as_str(),
            quantity: reading.series.quantity.name(),
            unit: reading.series.quantity.unit(),
            channel: reading.series.channel,
            kind: reading.kind.name(),
            zone: reading.zone.as_str(),
            value: reading.value,
            observed_at: reading.observed_at,
            received_at: reading.received_at,
            quality: reading.quality,
            grade: reading.quality.grade(),
        }
    }
}

impl ReadingRow<'_> {
    /// The first line of the CSV.
    pub const CSV_HEAD: &'static str = "device,quantity,unit,channel,kind,zone,value,observed_at,received_at,quality,grade\r\n";

    /// Appends the CSV line. Flaws are joined by `;`. No field needs quotes: names and units of the
    /// vocabulary hold neither comma nor quote, which a test holds.
    pub fn csv(&self, out: &mut String) {
        let flaws: Vec<_> = self.quality.flaws().map(schemas::Flaw::code).collect();
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "{},{},{},{},{},{},{},{},{},{},{}\r\n",
            self.device,
            self.quantity,
            self.unit,
            self.channel,
            self.kind,
            self.zone,
            self.value,
            self.observed_at,
            self.received_at,
            flaws.join(";"),
            self.grade.code()
        );
    }
}

/// An hour of a series, for people and programs. Bad readings are not counted.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct HourRow<'a> {
    device: &'a str,
    quantity: &'static str,
    unit: &'static str,
    channel: u8,
    start: Timestamp,
    end: Timestamp,
    count: u64,
    mean: f64,
    min: f64,
    max: f64,
    sum: f64,
    first: f64,
    last: f64,
}

impl<'a> From<&'a Partial> for HourRow<'a> {
    fn from(partial: &'a Partial) -> Self {
        Self {
            device: partial.series.device.as_str(),
            quantity: partial.series.quantity.name(),
            unit: partial.series.quantity.unit(),
            channel: partial.series.channel,
            start: partial.start,
            end: Timestamp::clamped(partial.start.millis().saturating_add(HOUR)),
            count: partial.count,
            mean: partial.mean(),
            min: partial.min,
            max: partial.max,
            sum: partial.sum,
            first: partial.first,
            last: partial.last,
        }
    }
}

impl HourRow<'_> {
    /// The first line of the CSV.
    pub const CSV_HEAD: &'static str = "device,quantity,unit,channel,start,end,count,mean,min,max,sum,first,last\r\n";

    /// Appends the CSV line.
    pub fn csv(&self, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "{},{},{},{},{},{},{},{},{},{},{},{},{}\r\n",
            self.device,
            self.quantity,
            self.unit,
            self.channel,
            self.start,
            self.end,
            self.count,
            self.mean,
            self.min,
            self.max,
            self.sum,
            self.first,
            self.last
        );
    }
}

/// A local day of a series. Bad readings are not counted.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "LocalDay")]
pub struct DayRow<'a> {
    /// The civil date in the city.
    day: String,
    #[serde(flatten)]
    all: HourRow<'a>,
}

impl<'a> DayRow<'a> {
    /// Of what the hours of the day come to.
    #[must_use]
    pub fn of(partial: &'a Partial, day: &LocalDay) -> Self {
        Self { day: day.date.to_string(), all: HourRow { start: day.start, end: day.end, ..HourRow::from(partial) } }
    }

    /// The first line of the CSV.
    pub const CSV_HEAD: &'static str = "day,device,quantity,unit,channel,start,end,count,mean,min,max,sum,first,last\r\n";

    /// Appends the CSV line.
    pub fn csv(&self, out: &mut String) {
        out.push_str(&self.day);
        out.push(',');
        self.all.csv(out);
    }
}

#[cfg(test)]
mod tests {
    use schemas::Vocabulary;

    #[test]
    fn no_name_or_unit_of_the_vocabulary_needs_quotes_in_csv() {
        for quantity in Vocabulary::current().quantities() {
            let clean = |text: &str| !text.contains([',', '"', '\r', '\n', ';']);
            assert!(clean(quantity.name()) && clean(quantity.unit()), "{quantity}");
        }
    }
}
