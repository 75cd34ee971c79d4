//! How samples come back: a stream of JSON objects, one a line, each with a part of the samples of one series; put
//! together again into readings.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use ports::StoreError;
use rustc_hash::FxBuildHasher;
use schemas::{DeviceId, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};
use serde::Deserialize;
use store_http::chain;

use crate::question::SUMS;

/// A line of an answer at most.
const LINE: usize = 64 << 20;

/// One series of an answer, or a part of it.
#[derive(Debug, Deserialize)]
pub(crate) struct Samples {
    metric: Labels,
    values: Vec<Option<f64>>,
    timestamps: Vec<i64>,
}

/// The labels of a series, as the server knows them.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Labels {
    #[serde(default)]
    __name__: String,
    #[serde(default)]
    device: String,
    #[serde(default)]
    quantity: String,
    #[serde(default)]
    channel: String,
    #[serde(default)]
    zone: String,
    #[serde(default)]
    rev: String,
}

/// Where a sample belongs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Source {
    pub(crate) series: SeriesKey,
    pub(crate) kind: Kind,
    pub(crate) zone: Zone,
    pub(crate) revision: u32,
}

/// Which of a reading's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    Value,
    Flaws,
    Delay,
}

/// What of ours a metric is a part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Reading(Field),
    /// By its place in [`crate::question::SUMS`].
    Hour(usize),
}

impl Part {
    /// With the kind's name.
    fn named(name: &str) -> Option<(&str, Self)> {
        let (kind, field) = name.rsplit_once('_')?;
        let field = match field {
            "value" => Field::Value,
            "flaws" => Field::Flaws,
            "delay" => Field::Delay,
            other => {
                let at = SUMS.iter().position(|sum| *sum == other)?;
                return Some((kind.strip_suffix("_hour")?, Self::Hour(at)));
            }
        };
        Some((kind, Self::Reading(field)))
    }
}

impl Samples {
    /// Where they belong, and what of it they are.
    pub(crate) fn part(&self) -> Option<(Source, Part)> {
        self.metric.part()
    }

    /// Each with its instant.
    pub(crate) fn values(self) -> impl Iterator<Item = (i64, f64)> {
        self.timestamps.into_iter().zip(self.values).filter_map(|(at, value)| Some((at, value?)))
    }
}

impl Labels {
    /// Of a reading.
    pub(crate) fn source(&self) -> Option<(Source, Field)> {
        match self.part()? {
            (source, Part::Reading(field)) => Some((source, field)),
            (_, Part::Hour(_)) => None,
        }
    }

    /// What others wrote, under names that are none of ours, is left out.
    fn part(&self) -> Option<(Source, Part)> {
        let (kind, part) = Part::named(&self.__name__)?;
        let (device, quantity) = (DeviceId::new(&self.device).ok()?, Quantity::named(&self.quantity)?);
        let series = SeriesKey { device, quantity, channel: self.channel.parse().ok()? };
        let (kind, zone) = (Kind::named(kind)?, Zone::new(&self.zone).ok()?);
        Some((Source { series, kind, zone, revision: self.rev.parse().ok()? }, part))
    }
}

/// A reading and the revision that it stands under.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Revised {
    pub(crate) reading: Reading,
    pub(crate) revision: u32,
}

/// The fields of one reading, as far as they came.
#[derive(Clone, Copy, Debug, Default)]
struct Pieces {
    value: Option<f64>,
    flaws: Option<u32>,
    delay: Option<i64>,
}

/// Samples put together.
#[derive(Debug, Default)]
pub(crate) struct Assembly(HashMap<Source, HashMap<i64, Pieces, FxBuildHasher>, FxBuildHasher>);

#[expect(clippy::cast_possible_truncation, reason = "what we wrote were whole numbers; `as` keeps others in range")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}

impl Assembly {
    /// Takes samples of a series.
    pub(crate) fn take(&mut self, samples: Samples) {
        let Some((source, field)) = samples.metric.source() else { return };
        let instants = self.0.entry(source).or_default();
        for (at, value) in samples.values() {
            let pieces = instants.entry(at).or_default();
            match field {
                Field::Value => pieces.value = Some(value),
                Field::Flaws => pieces.flaws = u32::try_from(whole(value)).ok(),
                Field::Delay => pieces.delay = Some(whole(value)),
            }
        }
    }

    /// Takes one sample.
    pub(crate) fn put(&mut self, labels: &Labels, at: i64, value: f64) {
        self.take(Samples { metric: labels.clone(), values: vec![Some(value)], timestamps: vec![at] });
    }

    /// The readings that are whole. Of a line whose samples are not all to be seen yet there is none: it is young.
    pub(crate) fn readings(self) -> impl Iterator<Item = Revised> {
        self.0.into_iter().flat_map(|(source, instants)| {
            instants.into_iter().filter_map(move |(at, pieces)| {
                let (value, flaws, delay) = (pieces.value?, pieces.flaws?, pieces.delay?);
                let observed_at = Timestamp::from_millis(at).ok()?;
                let reading = Reading {
                    series: source.series.clone(),
                    kind: source.kind,
                    zone: source.zone.clone(),
                    value: ports::quantised(value),
                    observed_at,
                    received_at: Timestamp::clamped(at.saturating_add(delay)),
                    quality: Quality::from_bits(flaws),
                };
                Some(Revised { reading, revision: source.revision })
            })
        })
    }
}

fn broken(why: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("its answer cannot be read: {why}"))
}

/// Gives the samples of an answer to `take`, as they come.
pub(crate) async fn read<S, E>(mut body: S, mut take: impl FnMut(Samples)) -> Result<(), StoreError>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
    E: std::error::Error,
{
    let mut rest = BytesMut::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|cause| StoreError::Unavailable(format!("its answer broke off: {}", chain(&cause))))?;
        let mut from = rest.len();
        rest.extend_from_slice(&chunk);
        while let Some(end) = rest.get(from..).and_then(|new| new.iter().position(|byte| *byte == b'\n')) {
            let line = rest.split_to(from + end + 1);
            take(serde_json::from_slice(&line).map_err(broken)?);
            from = 0;
        }
        if rest.len() > LINE {
            return Err(broken(format!("a line is longer than {LINE} bytes")));
        }
    }
    if rest.trim_ascii().is_empty() { Ok(()) } else { serde_json::from_slice(&rest).map(take).map_err(broken) }
}
