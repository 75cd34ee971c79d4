//! On-call rotas: who stands in for the name `rota:NAME`, by a file of dated shifts.
//!
//! Deliberately absent: patterns that repeat. A plan that says each day by its date can be read by anybody and
//! disputed by nobody.

use std::path::PathBuf;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use schemas::{ChannelName, NameError, Timestamp};
use serde::Deserialize;
use toml::Spanned;

/// How a rota is named where a receiver may stand: `rota:night`.
pub const PREFIX: &str = "rota:";
/// Shifts in a file, and bytes of one, at most.
const SHIFTS: usize = 10_000;
const BYTES: usize = 4 << 20;

/// One `[[notify.rota]]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotaSettings {
    /// Its name, without `rota:`.
    pub name: String,
    /// The file of shifts.
    pub file: PathBuf,
    /// Who stands in where no shift does: a receiver or a channel.
    pub fallback: ChannelName,
}

impl RotaSettings {
    /// As routes, rules and escalations name it.
    ///
    /// # Errors
    /// The name has letters that it may not have, or is too long.
    pub fn receiver(&self) -> Result<ChannelName, NameError> {
        ChannelName::new(&format!("{PREFIX}{}", self.name))
    }
}

/// What is wrong in a file of shifts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct RotaError {
    /// `file:line`, or the file.
    pub place: String,
    /// What is wrong and what was expected.
    pub message: String,
}

/// Somebody's time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shift {
    /// From when on.
    pub from: Timestamp,
    /// Up to before when.
    pub to: Timestamp,
    /// Whose: a receiver or a channel.
    pub receiver: ChannelName,
    /// The line of the file, from 1.
    pub line: usize,
}

/// A time between two shifts that is nobody's: the fallback stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    /// From when on.
    pub from: Timestamp,
    /// Up to before when.
    pub to: Timestamp,
    /// The line of the shift after it.
    pub line: usize,
}

/// Who stands in at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duty<'a> {
    /// The receiver.
    pub receiver: &'a ChannelName,
    /// Up to before when; none: for good.
    pub until: Option<Timestamp>,
    /// Whether no shift covers it.
    pub fallback: bool,
}

/// A rota, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rota {
    name: ChannelName,
    fallback: ChannelName,
    /// In order, none over another.
    shifts: Vec<Shift>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    shift: Vec<Spanned<RawShift>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawShift {
    from: Spanned<String>,
    to: Spanned<String>,
    receiver: Spanned<String>,
}

impl Rota {
    /// Reads a file of shifts. Times are local to `zone`; `known` says whether there is such a receiver or channel.
    ///
    /// # Errors
    /// All that is wrong in it, in the order of the file.
    pub fn parse(
        (name, fallback): (ChannelName, ChannelName),
        file: &str,
        text: &str,
        zone: &TimeZone,
        known: impl Fn(&ChannelName) -> bool,
    ) -> Result<Self, Vec<RotaError>> {
        let at = |place: usize, message: String| RotaError { place: format!("{file}:{}", line_of(text, place)), message };
        if text.len() > BYTES {
            return Err(vec![RotaError { place: file.to_owned(), message: format!("expected at most {BYTES} bytes") }]);
        }
        let read: File = toml::from_str(text)
            .map_err(|error| vec![at(error.span().map_or(0, |span| span.start), error.message().to_owned())])?;
        if let Some(over) = read.shift.get(SHIFTS) {
            return Err(vec![at(over.span().start, format!("expected at most {SHIFTS} shifts"))]);
        }
        let (mut shifts, mut wrong) = (Vec::with_capacity(read.shift.len()), Vec::new());
        for raw in &read.shift {
            match shift(raw, text, zone, &known) {
                Ok(shift) => shifts.push(shift),
                Err((place, message)) => wrong.push(at(place, message)),
            }
        }
        shifts.sort_by_key(|shift| (shift.from, shift.line));
        for (one, next) in shifts.iter().zip(shifts.iter().skip(1)) {
            if next.from < one.to {
                let place = format!("{file}:{}", next.line);
                let message = format!("the shift overlaps the one of line {}, which ends {}", one.line, local(one.to, zone));
                wrong.push(RotaError { place, message });
            }
        }
        if wrong.is_empty() { Ok(Self { name, fallback, shifts }) } else { Err(wrong) }
    }

    /// `rota:NAME`.
    #[must_use]
    pub const fn name(&self) -> &ChannelName {
        &self.name
    }

    /// Who stands in where no shift does.
    #[must_use]
    pub const fn fallback(&self) -> &ChannelName {
        &self.fallback
    }

    /// In order.
    #[must_use]
    pub fn shifts(&self) -> &[Shift] {
        &self.shifts
    }

    /// Who stands in at `at`.
    #[must_use]
    pub fn on_duty(&self, at: Timestamp) -> Duty<'_> {
        let next = self.shifts.partition_point(|shift| shift.to <= at);
        match self.shifts.get(next) {
            Some(shift) if shift.from <= at => Duty { receiver: &shift.receiver, until: Some(shift.to), fallback: false },
            later => Duty { receiver: &self.fallback, until: later.map(|shift| shift.from), fallback: true },
        }
    }

    /// The times between two shifts that are nobody's.
    pub fn holes(&self) -> impl Iterator<Item = Hole> {
        let pairs = self.shifts.iter().zip(self.shifts.iter().skip(1));
        pairs.filter(|(one, next)| one.to < next.from).map(|(one, next)| Hole { from: one.to, to: next.from, line: next.line })
    }
}

type Wrong = (usize, String);

fn shift(raw: &Spanned<RawShift>, text: &str, zone: &TimeZone, known: &impl Fn(&ChannelName) -> bool) -> Result<Shift, Wrong> {
    let RawShift { from, to, receiver } = raw.get_ref();
    let name = ChannelName::new(receiver.get_ref()).map_err(|error| (receiver.span().start, format!("receiver: {error}")))?;
    if !known(&name) {
        return Err((receiver.span().start, format!("receiver: there is no receiver and no channel `{name}`")));
    }
    let (begins, ends) = (instant("from", from, zone)?, instant("to", to, zone)?);
    if ends <= begins {
        return Err((to.span().start, "to: expected a time after `from`".to_owned()));
    }
    Ok(Shift { from: begins, to: ends, receiver: name, line: line_of(text, raw.span().start) })
}

fn instant(key: &str, written: &Spanned<String>, zone: &TimeZone) -> Result<Timestamp, Wrong> {
    let wrong = || {
        (written.span().start, format!("{key}: expected a local time such as 2026-11-30T08:00, found `{}`", written.get_ref()))
    };
    let civil: DateTime = written.get_ref().parse().map_err(|_| wrong())?;
    // Where the clock is put forward an hour is not there, and where it is put back one is there twice: the later and
    // the earlier one count.
    let instant = civil.to_zoned(zone.clone()).map_err(|_| wrong())?;
    Ok(Timestamp::clamped(instant.timestamp().as_millisecond()))
}

/// An instant as people on the rota read it: `2026-11-30T08:00`.
#[must_use]
pub fn local(at: Timestamp, zone: &TimeZone) -> String {
    match jiff::Timestamp::from_millisecond(at.millis()) {
        Ok(instant) => instant.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M").to_string(),
        Err(_) => at.to_string(),
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}
