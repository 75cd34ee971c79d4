//! A streamed answer: what the store gives, page by page, as rows of a format.

use std::io;

use axum::body::{Body, Bytes};
use domains::time::CityTime;
use exchange::parquet::{About, ParquetError, Writer};
use ports::Points;
use serde::Serialize;
use tokio::sync::OwnedSemaphorePermit;

use super::{Every, Format};
use crate::house::City;
use crate::problem::Problem;
use crate::rows::{DayRow, HourRow, ReadingRow};
use crate::walk::Walk;

/// What rows are written with.
pub(super) enum Ink {
    /// The head, until it is written.
    Csv(&'static str),
    Ndjson,
    /// The same by the local day.
    CsvDays(&'static str, CityTime),
    NdjsonDays(CityTime),
    Parquet(Box<Writer<Vec<u8>>>),
}

impl Ink {
    pub(super) fn new(format: Format, every: Every, city: &City) -> Result<Self, Problem> {
        match (format, every) {
            (Format::Csv, Every::Reading) => Ok(Ink::Csv(ReadingRow::CSV_HEAD)),
            (Format::Csv, Every::Hour) => Ok(Ink::Csv(HourRow::CSV_HEAD)),
            (Format::Csv, Every::Day) => Ok(Ink::CsvDays(DayRow::CSV_HEAD, city.time().clone())),
            (Format::Json | Format::Ndjson, Every::Day) => Ok(Ink::NdjsonDays(city.time().clone())),
            (Format::Json | Format::Ndjson, _) => Ok(Ink::Ndjson),
            (Format::Parquet, Every::Hour | Every::Day) => {
                let detail = "hours and days are not written as Parquet".to_owned();
                Err(Problem::parameter("format", detail, "json, csv or ndjson, or no `every`"))
            }
            (Format::Parquet, Every::Reading) => {
                let about = About { source: city.source(), licence: city.licence().to_owned() };
                let writer = Writer::new(Vec::new(), &about).expect("memory takes the head of a file");
                Ok(Ink::Parquet(Box::new(writer)))
            }
        }
    }

    /// The bytes of some points; perhaps none yet.
    fn write(&mut self, points: &Points) -> Result<Vec<u8>, ParquetError> {
        let csv = match self {
            Ink::Parquet(writer) => {
                if let Points::Raw { readings, .. } = points {
                    readings.iter().try_for_each(|reading| writer.push(reading))?;
                }
                return Ok(std::mem::take(writer.out()));
            }
            Ink::Csv(_) | Ink::CsvDays(..) => true,
            Ink::Ndjson | Ink::NdjsonDays(_) => false,
        };
        let mut text = self.head();
        let days = match self {
            Ink::CsvDays(_, time) | Ink::NdjsonDays(time) => Some(&*time),
            Ink::Csv(_) | Ink::Ndjson | Ink::Parquet(_) => None,
        };
        match (points, days) {
            (Points::Raw { readings, .. }, _) => readings.iter().for_each(|r| line(csv, &ReadingRow::from(r), &mut text)),
            (Points::Hourly { partials, .. }, Some(time)) => {
                partials.iter().for_each(|p| line(csv, &DayRow::of(p, &time.day_of(p.start)), &mut text));
            }
            (Points::Hourly { partials, .. }, None) => partials.iter().for_each(|p| line(csv, &HourRow::from(p), &mut text)),
        }
        Ok(text.into_bytes())
    }

    /// What is left to say when all points are told.
    fn end(mut self) -> Result<Vec<u8>, ParquetError> {
        match self {
            Ink::Parquet(writer) => Ok(writer.finish()?.0),
            Ink::Csv(_) | Ink::Ndjson | Ink::CsvDays(..) | Ink::NdjsonDays(_) => Ok(self.head().into_bytes()),
        }
    }

    fn head(&mut self) -> String {
        match self {
            Ink::Csv(head) | Ink::CsvDays(head, _) => std::mem::take(head).to_owned(),
            Ink::Ndjson | Ink::NdjsonDays(_) | Ink::Parquet(_) => String::new(),
        }
    }
}

/// A streamed answer under way. One page of the store is in memory at a time, and one group of rows of a table.
pub(super) struct Stream {
    pub(super) walk: Walk,
    /// The first page, already asked for; inside, none where there is nothing to tell.
    pub(super) next: Option<Option<Points>>,
    /// None when all is told.
    pub(super) ink: Option<Ink>,
    pub(super) left: usize,
    pub(super) chunk: usize,
    pub(super) _permit: OwnedSemaphorePermit,
}

impl Stream {
    pub(super) fn body(self) -> Body {
        Body::from_stream(futures_util::stream::try_unfold(self, Stream::step))
    }

    async fn step(mut self) -> io::Result<Option<(Bytes, Self)>> {
        // The answer has begun: all that is left to say of an error is to break it off, so that nobody takes a part for
        // the whole.
        let told = self.bytes().await.inspect_err(|error| tracing::warn!(%error, "a stream of readings was broken off"))?;
        Ok(told.map(|bytes| (Bytes::from(bytes), self)))
    }

    /// The next bytes; none at the end.
    async fn bytes(&mut self) -> io::Result<Option<Vec<u8>>> {
        while let Some(mut ink) = self.ink.take() {
            let points = match self.next.take() {
                Some(points) => points,
                None if self.left == 0 => None,
                None => self.walk.page(self.left.min(self.chunk)).await.map_err(io::Error::other)?,
            };
            let bytes = match points {
                Some(points) => {
                    self.left = self.left.saturating_sub(points.len());
                    let bytes = ink.write(&points).map_err(io::Error::other)?;
                    self.ink = Some(ink);
                    bytes
                }
                None => ink.end().map_err(io::Error::other)?,
            };
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }
}

pub(super) trait Line: Serialize {
    fn csv(&self, out: &mut String);
}

impl Line for ReadingRow<'_> {
    fn csv(&self, out: &mut String) {
        ReadingRow::csv(self, out);
    }
}

impl Line for HourRow<'_> {
    fn csv(&self, out: &mut String) {
        HourRow::csv(self, out);
    }
}

impl Line for DayRow<'_> {
    fn csv(&self, out: &mut String) {
        DayRow::csv(self, out);
    }
}

/// A row of CSV, else of NDJSON.
pub(super) fn line(csv: bool, row: &impl Line, out: &mut String) {
    if csv {
        row.csv(out);
    } else {
        out.push_str(&serde_json::to_string(row).expect("a row is text and finite numbers"));
        out.push('\n');
    }
}
