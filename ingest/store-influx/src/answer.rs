//! How answers are read: a stream of JSON objects, one a line, each with a part of the rows.
//!
//! Not CSV, which the server offers too: there a statement that failed half-way looks like one that found nothing.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use ports::StoreError;
use schemas::{DeviceId, Kind, Partial, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use store_http::{Content, Hour, Sums, chain};

/// A line of an answer at most: the server sends parts of 5,000 rows.
const LINE: usize = 16 << 20;

/// What one object of the answer says.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
struct Part<R> {
    #[serde(default)]
    results: Vec<Statement<R>>,
    error: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
struct Statement<R> {
    #[serde(default = "Vec::new")]
    series: Vec<Group<R>>,
    error: Option<String>,
}

/// Rows that have a measurement and the tags of GROUP BY in common.
#[derive(Debug, Deserialize)]
#[serde(bound = "R: DeserializeOwned")]
pub(crate) struct Group<R> {
    name: String,
    #[serde(default)]
    tags: Tags,
    values: Vec<R>,
}

#[derive(Debug, Default, Deserialize)]
struct Tags {
    #[serde(default)]
    device: String,
    #[serde(default)]
    quantity: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    zone: String,
}

/// time, value, flaws, `received_at`, device, quantity, channel, zone.
pub(crate) type RawRow = (i64, f64, Option<u32>, Option<i64>, Option<String>, Option<String>, Option<String>, Option<String>);
/// time, count, sum, min, max, first, last.
pub(crate) type HourRow = (i64, u64, f64, f64, f64, f64, f64);
/// time, value, flaws, `received_at`, zone.
pub(crate) type LastRow = (i64, f64, Option<u32>, Option<i64>, Option<String>);
/// time, count.
pub(crate) type CountRow = (i64, u64);
/// time, count (or what stands for it), sum, min, max, first, last.
pub(crate) type KeptRow = (i64, i64, f64, f64, f64, f64, f64);
/// time, a value of whatever type.
pub(crate) type FirstRow = (i64, f64);
/// time, a whole number.
pub(crate) type CursorRow = (i64, i64);

fn broken(why: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("its answer cannot be read: {why}"))
}

/// Gives every group of rows of an answer to `take`, as they come.
pub(crate) async fn read<R, S, E>(mut body: S, mut take: impl FnMut(Group<R>)) -> Result<(), StoreError>
where
    R: DeserializeOwned,
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::error::Error,
{
    let mut rest = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|cause| StoreError::Unavailable(format!("its answer broke off: {}", chain(&cause))))?;
        let searched = rest.len();
        rest.extend_from_slice(&chunk);
        let mut from = searched;
        while let Some(end) = rest.get(from..).and_then(|new| new.iter().position(|byte| *byte == b'\n')) {
            let line = rest.split_to(from + end + 1);
            groups(&line, &mut take)?;
            from = 0;
        }
        if rest.len() > LINE {
            return Err(broken(format!("a line is longer than {LINE} bytes")));
        }
    }
    groups(&rest, &mut take)
}

fn groups<R: DeserializeOwned>(line: &[u8], take: &mut impl FnMut(Group<R>)) -> Result<(), StoreError> {
    if line.trim_ascii().is_empty() {
        return Ok(());
    }
    let part: Part<R> = serde_json::from_slice(line).map_err(broken)?;
    let failed = |why: String| {
        // A bucket goes by the name of a database here.
        if why.starts_with("database not found") {
            return StoreError::Denied(why);
        }
        StoreError::Unavailable(format!("it could not answer: {why}"))
    };
    if let Some(why) = part.error {
        return Err(failed(why));
    }
    for statement in part.results {
        if let Some(why) = statement.error {
            return Err(failed(why));
        }
        statement.series.into_iter().for_each(&mut *take);
    }
    Ok(())
}

fn key(device: &str, quantity: &str, channel: &str) -> Option<SeriesKey> {
    let (device, quantity) = (DeviceId::new(device).ok()?, Quantity::named(quantity)?);
    Some(SeriesKey { device, quantity, channel: channel.parse().ok()? })
}

/// What others wrote into the bucket, under names that are none of ours, is left out.
fn reading(
    kind: &str,
    series: Option<SeriesKey>,
    (at, value, flaws, received): (i64, f64, Option<u32>, Option<i64>),
    zone: Option<Cow<'_, str>>,
) -> Option<Reading> {
    let observed_at = Timestamp::from_millis(at).ok()?;
    Some(Reading {
        series: series?,
        kind: Kind::named(kind)?,
        zone: Zone::new(&zone?).ok()?,
        value,
        observed_at,
        received_at: received.map_or(observed_at, Timestamp::clamped),
        quality: Quality::from_bits(flaws.unwrap_or_default()),
    })
}

impl Group<RawRow> {
    /// The readings of the group.
    pub(crate) fn readings(self) -> impl Iterator<Item = Reading> {
        let name = self.name;
        self.values.into_iter().filter_map(move |(at, value, flaws, received, device, quantity, channel, zone)| {
            let series = key(&device?, &quantity?, &channel?);
            reading(&name, series, (at, value, flaws, received), zone.map(Cow::Owned))
        })
    }
}

impl Group<LastRow> {
    /// The latest reading of the group's series in its kind.
    pub(crate) fn readings(self) -> impl Iterator<Item = Reading> {
        let series = key(&self.tags.device, &self.tags.quantity, &self.tags.channel);
        let name = self.name;
        self.values.into_iter().filter_map(move |(at, value, flaws, received, zone)| {
            reading(&name, series.clone(), (at, value, flaws, received), zone.map(Cow::Owned))
        })
    }
}

impl Group<HourRow> {
    /// The partials of the group's series in its kind.
    pub(crate) fn partials(self) -> impl Iterator<Item = Partial> {
        let known = Kind::named(&self.name).and_then(|_| key(&self.tags.device, &self.tags.quantity, &self.tags.channel));
        self.values.into_iter().filter_map(move |(start, count, sum, min, max, first, last)| {
            let (series, start) = (known.clone()?, Timestamp::from_millis(start).ok()?);
            Some(Partial { series, start, count, sum, min, max, first, last })
        })
    }
}

impl Group<KeptRow> {
    /// The hours of the group's series in its kind and zone.
    pub(crate) fn hours(self) -> impl Iterator<Item = Hour> {
        let Tags { device, quantity, channel, zone } = &self.tags;
        let place = Kind::named(&self.name).zip(Zone::new(zone).ok()).zip(key(device, quantity, channel));
        self.values.into_iter().filter_map(move |(start, count, sum, min, max, first, last)| {
            let ((kind, zone), series) = place.clone()?;
            let content = match u64::try_from(count) {
                Err(_) => Content::Readings,
                Ok(0) => Content::Nothing,
                Ok(count) => Content::Sums(Sums { count, sum, min, max, first, last }),
            };
            Some(Hour { series, kind, zone, start, content, revision: 0 })
        })
    }
}

impl Group<FirstRow> {
    /// The earliest time.
    pub(crate) fn earliest(&self) -> Option<i64> {
        self.values.iter().map(|(at, _)| *at).min()
    }
}

impl Group<CursorRow> {
    /// The one row.
    pub(crate) fn row(&self) -> Option<CursorRow> {
        self.values.first().copied()
    }
}

impl Group<CountRow> {
    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.values.iter().map(|(_, count)| *count).sum()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    const ANSWER: &str = concat!(
        r#"{"results":[{"statement_id":0,"series":[{"name":"waste","columns":["time","value","flaws","received_at","device","quantity","channel","zone"],"values":[[1795280400000,72.5,4,1795280400250,"a","waste.fill","0","anfa"],[1795280400001,5,null,null,"b","waste.fill","1","anfa"]],"partial":true}],"partial":true}]}"#,
        "\n",
        r#"{"results":[{"statement_id":0,"series":[{"name":"waste","columns":[],"values":[[1795280400002,1e-7,0,1795280400250,"not a device","waste.fill","0","anfa"],[1795280400002,-0.25,0,1795280400250,"c","waste.fill","0","anfa"]]}]}]}"#,
        "\n"
    );

    fn read_in_pieces(text: &str, size: usize) -> Result<Vec<Reading>, StoreError> {
        let pieces: Vec<Result<Bytes, std::io::Error>> =
            text.as_bytes().chunks(size).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let mut all = Vec::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(read(stream::iter(pieces), |group: Group<RawRow>| all.extend(group.readings())))?;
        Ok(all)
    }

    #[test]
    fn an_answer_reads_the_same_however_it_is_cut() {
        for size in [1, 7, 100, 100_000] {
            let readings = read_in_pieces(ANSWER, size).unwrap();
            let values: Vec<_> = readings.iter().map(|r| (r.series.device.as_str().to_owned(), r.value)).collect();
            assert_eq!(values, [("a".to_owned(), 72.5), ("b".to_owned(), 5.0), ("c".to_owned(), -0.25)]);
            assert_eq!(readings[1].received_at, readings[1].observed_at);
        }
    }

    #[test]
    fn an_error_in_the_middle_and_an_answer_that_breaks_off_are_no_answer() {
        let failed = format!("{ANSWER}{{\"results\":[{{\"statement_id\":0,\"error\":\"out of memory\"}}]}}\n");
        assert!(read_in_pieces(&failed, 50).unwrap_err().to_string().contains("out of memory"));
        assert!(read_in_pieces(&ANSWER[..ANSWER.len() - 20], 50).is_err());
        assert!(read_in_pieces("{\"error\":\"no\"}", 50).is_err());
        assert!(read_in_pieces("<html>", 50).is_err());
        assert_eq!(read_in_pieces("", 50).unwrap(), []);
    }
}
