//! Cases of rules: what a device says, and what a rule says to that. Files of them stand beside the rules and are run by
//! `marsad rule test` and by the tests.
//!
//! ```toml
//! [[case]]
//! name = "a bin overflows after half an hour"
//! rule = "waste.overflow"
//! every = "15m"                                   # between readings
//! readings = { "waste.fill" = "60 96x3 - !99 84x2" }
//! until = "3h"                                    # time goes on until then
//! expect = ["45m firing 96", "1h45m resolved 84"]
//! ```
//!
//! A reading is a number; `95x3` three of them, `10..90/5` five on a line, `-` none, `!95` a bad one, `95@6h` one that is
//! heard six hours late. What is expected is when after the start, what, and, where it matters, the value; a correction
//! is named with what it corrects: `30m withdrawn firing`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::{TimeZone, TimeZoneDatabase};
use schemas::{
    Device, DeviceId, Fitting, Flaw, Kind, Note, Quality, Quantity, Reading, SeriesKey, Tag, Timestamp, Transition, Zone,
};
use serde::Deserialize;
use toml::Spanned;

use crate::engine::Engine;
use crate::parse::{RuleError, duration, said};
use crate::rule::RuleSet;

/// The most readings of a case.
const READINGS_LIMIT: usize = 100_000;
/// The longest time between two readings, and until the end: a year.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    case: Vec<Spanned<Raw>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    rule: String,
    kind: Option<String>,
    #[serde(default = "device")]
    device: DeviceId,
    #[serde(default = "zone")]
    zone: Zone,
    #[serde(default)]
    tags: Vec<Tag>,
    #[serde(default = "start")]
    start: Timestamp,
    #[serde(default = "time_zone")]
    time_zone: String,
    every: Spanned<String>,
    readings: BTreeMap<String, Spanned<String>>,
    until: Option<Spanned<String>>,
    expect: Vec<Spanned<String>>,
}

fn device() -> DeviceId {
    DeviceId::new("dev-1").expect("it is an id")
}

fn zone() -> Zone {
    Zone::new("anfa").expect("it is a zone")
}

/// A Monday, at noon in Casablanca.
fn start() -> Timestamp {
    Timestamp::clamped(1_793_620_800_000)
}

fn time_zone() -> String {
    "Africa/Casablanca".to_owned()
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// A sentence about behaviour.
    pub name: String,
    /// The rule that is tested.
    pub rule: String,
    /// File and line (from 1).
    pub origin: (String, usize),
    start: Timestamp,
    zone_of_time: TimeZone,
    /// What the catalogue says of the device.
    tags: Vec<Tag>,
    /// In the order in which they are heard.
    readings: Vec<Reading>,
    until: Timestamp,
    expect: Vec<String>,
}

/// What a case came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// What the case expects, a transition each.
    pub expected: Vec<String>,
    /// What the rule said.
    pub found: Vec<String>,
}

impl Outcome {
    /// Whether the rule said what is expected, no more and no less.
    #[must_use]
    pub fn is_right(&self) -> bool {
        // A value is compared where the case names one.
        let fits = |(expected, found): (&String, &String)| {
            found == expected
                || found.rsplit_once(' ').is_some_and(|(without, value)| without == expected && value.parse::<f64>().is_ok())
        };
        self.expected.len() == self.found.len() && self.expected.iter().zip(&self.found).all(fits)
    }
}

/// Reads a file of cases.
///
/// # Errors
/// All that is wrong, with file and line.
pub fn parse(file: &str, text: &str) -> Result<Vec<Case>, Vec<RuleError>> {
    let line =
        |at: usize| 1 + text.as_bytes().get(..at.min(text.len())).unwrap_or_default().iter().filter(|b| **b == b'\n').count();
    let error = |at: usize, message: String| RuleError { file: file.to_owned(), line: line(at), message };
    let read: File = toml::from_str(text).map_err(|e| vec![error(e.span().map_or(0, |s| s.start), e.message().to_owned())])?;
    let (mut cases, mut errors) = (Vec::new(), Vec::new());
    for raw in read.case {
        let at = raw.span().start;
        match case(raw.into_inner()) {
            Ok(case) => cases.push(Case { origin: (file.to_owned(), line(at)), ..case }),
            Err((place, message)) => errors.push(error(place.unwrap_or(at), message)),
        }
    }
    if errors.is_empty() { Ok(cases) } else { Err(errors) }
}

/// Where, if not at the case itself, and what is wrong.
type Wrong = (Option<usize>, String);

fn case(raw: Raw) -> Result<Case, Wrong> {
    let time = |key: &str, text: &Spanned<String>| {
        duration(key, text, Duration::from_secs(1), LONGEST).map_err(|f| (Some(text.span().start), f.message))
    };
    let every = time("every", &raw.every)?;
    let zone_of_time = TimeZoneDatabase::bundled()
        .get(&raw.time_zone)
        .map_err(|_| (None, format!("time_zone: `{}` is not an IANA time zone", raw.time_zone)))?;
    let mut readings = Vec::new();
    for (name, text) in &raw.readings {
        let wrong = |message: String| (Some(text.span().start), message);
        let (name, channel) = name.split_once('#').map_or((name.as_str(), Ok(0)), |(name, channel)| (name, channel.parse()));
        let channel: u8 =
            channel.map_err(|_| wrong(format!("readings: `{name}` has a channel that is none, expected 0 to 255")))?;
        let quantity: Quantity = name.parse().map_err(|e| wrong(format!("readings: {e}")))?;
        let kind = match &raw.kind {
            Some(kind) => kind.parse().map_err(|e| wrong(format!("kind: {e}")))?,
            None => name.split('.').next().and_then(Kind::named).unwrap_or(Kind::WASTE),
        };
        let series = SeriesKey { device: raw.device.clone(), quantity, channel };
        for (place, point) in points(text.as_ref()).map_err(wrong)? {
            let observed_at = raw.start.plus(every.saturating_mul(u32::try_from(place).unwrap_or(u32::MAX)));
            let quality = if point.bad { Quality::from(Flaw::SensorFault) } else { Quality::GOOD };
            let received_at = observed_at.plus(point.late);
            let (series, zone) = (series.clone(), raw.zone.clone());
            readings.push(Reading { series, kind, zone, value: point.value, observed_at, received_at, quality });
        }
    }
    readings.sort_by_key(|r| (r.received_at, r.observed_at));
    let last = readings.last().map_or(raw.start, |r| r.received_at);
    let until = raw.until.as_ref().map(|text| time("until", text)).transpose()?.map_or(last, |after| raw.start.plus(after));
    let expect = raw.expect.into_iter().map(Spanned::into_inner).collect();
    let Raw { name, rule, start, tags, .. } = raw;
    Ok(Case { name, rule, origin: (String::new(), 0), start, zone_of_time, tags, readings, until, expect })
}

#[derive(Clone, Copy)]
struct Point {
    value: f64,
    bad: bool,
    late: Duration,
}

/// The readings of a series with their places, from the notation.
fn points(text: &str) -> Result<Vec<(usize, Point)>, String> {
    let (mut all, mut place) = (Vec::new(), 0usize);
    for word in text.split_ascii_whitespace() {
        let wrong = || format!("readings: `{word}` is not a reading, expected such as 95, 95x3, 10..90/5, !95, 95@6h or -");
        let (word_left, times) = match word.split_once('x') {
            Some((left, times)) => (left, times.parse().map_err(|_| wrong())?),
            None => (word, 1),
        };
        if all.len().saturating_add(times) > READINGS_LIMIT {
            return Err(format!("readings: more than {READINGS_LIMIT}"));
        }
        if word_left == "-" {
            place = place.saturating_add(times);
            continue;
        }
        let (word_left, late) = match word_left.split_once('@') {
            Some((left, late)) => {
                let late = jiff::fmt::friendly::SpanParser::new().parse_unsigned_duration(late).map_err(|_| wrong())?;
                (left, late)
            }
            None => (word_left, Duration::ZERO),
        };
        let (word_left, bad) = word_left.strip_prefix('!').map_or((word_left, false), |left| (left, true));
        let values = line(word_left).ok_or_else(wrong)?;
        for _ in 0..times {
            for value in &values {
                all.push((place, Point { value: *value, bad, late }));
                place += 1;
            }
        }
    }
    Ok(all)
}

/// One number, or so many on a line from one to another.
fn line(text: &str) -> Option<Vec<f64>> {
    let number = |text: &str| text.parse::<f64>().ok().filter(|v| v.is_finite());
    let Some((from, rest)) = text.split_once("..") else { return number(text).map(|value| vec![value]) };
    let (to, count) = rest.split_once('/')?;
    let (from, to, count) = (number(from)?, number(to)?, count.parse::<u16>().ok().filter(|n| *n >= 2)?);
    let steps = f64::from(count - 1);
    Some((0..count).map(|i| ((from + (to - from) * f64::from(i) / steps) * 1e6).round() / 1e6).collect())
}

impl Case {
    /// Plays the case under these rules, as live: time goes with the readings as they are heard.
    #[must_use]
    pub fn run(&self, rules: &Arc<RuleSet>) -> Outcome {
        let said = self.play(rules, Reading::clone);
        let found = said.iter().filter(|t| t.rule.as_str() == self.rule).map(|t| self.told(t)).collect();
        Outcome { expected: self.expect.clone(), found }
    }

    /// All that is said of the readings, each as `change` makes it: another device, another zone.
    pub fn play(&self, rules: &Arc<RuleSet>, change: impl Fn(&Reading) -> Reading) -> Vec<Transition> {
        let mut engine = Engine::new(Arc::clone(rules));
        engine.set_time_zone(self.zone_of_time.clone());
        let readings: Vec<Reading> = self.readings.iter().map(change).collect();
        engine.set_catalogue(Arc::new(readings.iter().map(|reading| self.listed(reading)).collect()));
        let mut out = Vec::new();
        for reading in &readings {
            engine.hear(reading, &mut out);
        }
        engine.advance(self.until, &mut out);
        out
    }

    fn listed(&self, reading: &Reading) -> Device {
        let fitting = Fitting { tags: self.tags.clone(), ..Fitting::default() };
        Device { fitting, ..Device::new(reading.series.device.clone(), reading.kind, reading.zone.clone()) }
    }

    fn told(&self, t: &Transition) -> String {
        let when = said(t.at.since(self.start));
        let value = t.value.map_or_else(String::new, |v| format!(" {}", (v * 1e6).round() / 1e6));
        match &t.note {
            Some(Note::Withdrawn { .. }) => format!("{when} withdrawn {}{value}", t.from.code()),
            Some(note) if note.corrects().is_some() => format!("{when} {} {}{value}", note.code(), t.to.code()),
            _ => format!("{when} {}{value}", t.to.code()),
        }
    }
}
