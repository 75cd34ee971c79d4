//! The vocabulary's words as columns, and back.

use std::str::FromStr;

use ports::{Form, RecordError};
use rusqlite::types::Type;
use rusqlite::{Error, Row};
use schemas::{AlertId, ChannelName, Phase, Place, SeriesKey, Severity, Texts, Timestamp, Transition, TransitionId};
use serde::de::DeserializeOwned;

/// A whole number as SQLite keeps it. Offsets and counts stay far below 2^63.
pub(crate) fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A limit of rows.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

fn unfit(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::FromSqlConversionFailure(column, Type::Null, Box::new(error))
}

/// Why a column is not what we write.
#[derive(Debug)]
struct Odd(&'static str);

impl std::fmt::Display for Odd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not a {}", self.0)
    }
}

impl std::error::Error for Odd {}

/// A name or a word of the vocabulary.
pub(crate) fn word<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|error| unfit(column, error))
}

/// A word that may be absent.
pub(crate) fn word_if_any<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<T>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    text.map(str::parse).transpose().map_err(|error| unfit(column, error))
}

/// Two columns in a row: latitude and longitude. None where either is absent or not on the earth.
pub(crate) fn place_if_any(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Place>> {
    let point = row.get::<_, Option<f64>>(column)?.zip(row.get::<_, Option<f64>>(column + 1)?);
    Ok(point.and_then(|(lat, lon)| Place::new(lat, lon).ok()))
}

/// An offset or a number.
pub(crate) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|error| unfit(column, error))
}

/// A small number: a channel, attempts, flags.
pub(crate) fn small<T: TryFrom<i64, Error: std::error::Error + Send + Sync + 'static>>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<T> {
    T::try_from(row.get::<_, i64>(column)?).map_err(|error| unfit(column, error))
}

/// An instant.
pub(crate) fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millis(row.get(column)?).map_err(|error| unfit(column, error))
}

/// An instant that may be absent.
pub(crate) fn instant_if_any(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(Timestamp::from_millis).transpose().map_err(|error| unfit(column, error))
}

/// A phase.
pub(crate) fn phase(row: &Row<'_>, column: usize) -> rusqlite::Result<Phase> {
    Phase::from_code(row.get_ref(column)?.as_str()?).ok_or_else(|| unfit(column, Odd("phase")))
}

/// A form of message.
pub(crate) fn form(row: &Row<'_>, column: usize) -> rusqlite::Result<Form> {
    Form::from_code(row.get_ref(column)?.as_str()?).ok_or_else(|| unfit(column, Odd("form of message")))
}

/// What is kept as JSON.
pub(crate) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    serde_json::from_str(row.get_ref(column)?.as_str()?).map_err(|error| unfit(column, error))
}

/// What is kept as JSON and may be absent.
pub(crate) fn json_if_any<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    text.map(serde_json::from_str).transpose().map_err(|error| unfit(column, error))
}

/// A severity, by its place from mild to grave.
pub(crate) fn severity(row: &Row<'_>, column: usize) -> rusqlite::Result<Severity> {
    let place: usize = small(row, column)?;
    Severity::ALL.get(place).copied().ok_or_else(|| unfit(column, Odd("severity")))
}

/// The place of a severity, from mild to grave.
pub(crate) fn rank(severity: Severity) -> i64 {
    match severity {
        Severity::Info => 0,
        Severity::Warning => 1,
        Severity::Critical => 2,
        Severity::Emergency => 3,
    }
}

/// Three columns in a row: French, Arabic, English.
pub(crate) fn texts(row: &Row<'_>, column: usize) -> rusqlite::Result<Texts> {
    Ok(Texts { fr: row.get(column)?, ar: row.get(column + 1)?, en: row.get(column + 2)? })
}

/// Three columns in a row: device, quantity, channel.
pub(crate) fn series(row: &Row<'_>, column: usize) -> rusqlite::Result<SeriesKey> {
    Ok(SeriesKey { device: word(row, column)?, quantity: word(row, column + 1)?, channel: small(row, column + 2)? })
}

/// The columns that [`transition`] reads, of a table or alias `t`.
pub(crate) const TRANSITION: &str = "t.id, t.alert, t.rule, t.device, t.quantity, t.channel, t.kind, t.zone, t.severity, \
     t.from_phase, t.to_phase, t.at, t.since, t.value, t.fr, t.ar, t.en, t.notify, t.note";

/// A transition, from the first of its columns on.
pub(crate) fn transition(row: &Row<'_>, column: usize) -> rusqlite::Result<Transition> {
    let at = |n: usize| column + n;
    let notify = row.get_ref(at(17))?.as_str()?;
    let notify = notify.split_ascii_whitespace().map(ChannelName::new).collect::<Result<_, _>>();
    Ok(Transition {
        id: TransitionId(row.get(at(0))?),
        alert: AlertId(row.get(at(1))?),
        rule: word(row, at(2))?,
        series: series(row, at(3))?,
        kind: word(row, at(6))?,
        zone: word(row, at(7))?,
        severity: severity(row, at(8))?,
        from: phase(row, at(9))?,
        to: phase(row, at(10))?,
        at: instant(row, at(11))?,
        since: instant(row, at(12))?,
        value: row.get(at(13))?,
        texts: texts(row, at(14))?,
        notify: notify.map_err(|error| unfit(at(17), error))?,
        note: json_if_any(row, at(18))?,
    })
}

/// The channels of a transition, as its column keeps them. A name has no space in it.
pub(crate) fn channels(names: &[ChannelName]) -> String {
    names.iter().map(ChannelName::as_str).collect::<Vec<_>>().join(" ")
}

/// A row that is there, or nothing.
pub(crate) fn if_any<T>(found: rusqlite::Result<T>) -> rusqlite::Result<Option<T>> {
    match found {
        Err(Error::QueryReturnedNoRows) => Ok(None),
        other => other.map(Some),
    }
}

/// For the few places where a whole answer is gathered.
pub(crate) fn gather<T>(
    rows: rusqlite::Result<impl Iterator<Item = rusqlite::Result<T>>>,
    doing: &str,
) -> Result<Vec<T>, RecordError> {
    use crate::trouble::While;
    rows.and_then(Iterator::collect).while_(doing)
}
