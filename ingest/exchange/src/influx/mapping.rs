//! Which field of which measurement is which quantity of which device.
//!
//! ```toml
//! precision = "ns"                  # of line protocol: "ns", "us", "ms" or "s"; "ns" without it
//!
//! [[map]]
//! measurement = "environment"
//! field = "temperature"
//! tags = { place = "roof" }         # only points with these tags
//! device = "{host}"                 # text, with values of tags in braces
//! quantity = "air.temperature"      # may have a tag in braces too
//! unit = "[degF]"                   # UCUM; the quantity's own without it
//! kind = "air"                      # what the quantity's name begins with, without it
//! zone = "{district}"               # "nowhere" without it
//! channel = "0"
//!
//! [[ignore]]                        # known, and not wanted: counted, not put aside
//! measurement = "cpu"
//! field = "usage_idle"              # all fields without it
//! ```
//!
//! The first `[[map]]` that fits a field is the one that counts.

use std::collections::BTreeMap;

use codec::{Conversion, conversion_from};
use schemas::{Kind, Quantity, Reading, SeriesKey, Timestamp, Zone};
use serde::Deserialize;
use toml::Spanned;

use super::Point;
use crate::row::{Defaults, in_range, kind, storable};

/// A mapping that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct MappingError {
    /// From 1.
    pub line: usize,
    /// Which key, and what was expected of it.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    precision: Precision,
    #[serde(default)]
    map: Vec<Map>,
    #[serde(default)]
    ignore: Vec<Ignore>,
}

/// The unit of times in line protocol.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Precision {
    #[default]
    Ns,
    Us,
    Ms,
    S,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Map {
    measurement: String,
    field: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    device: Spanned<String>,
    quantity: Spanned<String>,
    unit: Option<Spanned<String>>,
    kind: Option<Kind>,
    zone: Option<Spanned<String>>,
    channel: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ignore {
    measurement: String,
    field: Option<String>,
}

/// What became of points besides readings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Fields that the mapping says are not wanted.
    pub ignored: u64,
}

/// What the points of others mean.
#[derive(Debug)]
pub struct Mapping {
    precision: Precision,
    maps: Vec<Rule>,
    ignores: Vec<(String, Option<String>)>,
}

#[derive(Debug)]
struct Rule {
    measurement: String,
    field: String,
    tags: BTreeMap<String, String>,
    device: Template,
    quantity: Template,
    unit: Option<String>,
    /// Where the quantity is always the same one.
    known: Option<(Quantity, Conversion)>,
    kind: Option<Kind>,
    zone: Option<Template>,
    channel: Option<Template>,
}

impl Mapping {
    /// Reads one.
    ///
    /// # Errors
    /// The line and the key.
    pub fn read(text: &str) -> Result<Self, MappingError> {
        let wrong = |at: usize, message: String| {
            let line = text.get(..at).unwrap_or(text).matches('\n').count() + 1;
            MappingError { line, message }
        };
        let file: File = toml::from_str(text).map_err(|e| wrong(e.span().map_or(0, |s| s.start), e.message().to_owned()))?;
        if file.map.is_empty() {
            return Err(wrong(0, "there is no [[map]], expected one at least".to_owned()));
        }
        let maps = file.map.into_iter().map(|map| Rule::of(map).map_err(|(at, message)| wrong(at, message)));
        Ok(Self {
            precision: file.precision,
            maps: maps.collect::<Result<_, _>>()?,
            ignores: file.ignore.into_iter().map(|ignore| (ignore.measurement, ignore.field)).collect(),
        })
    }

    /// Milliseconds of a time in line protocol.
    pub(super) fn millis(&self, time: i64) -> Option<i64> {
        match self.precision {
            Precision::Ns => Some(time.div_euclid(1_000_000)),
            Precision::Us => Some(time.div_euclid(1_000)),
            Precision::Ms => Some(time),
            Precision::S => time.checked_mul(1_000),
        }
    }

    /// The reading of a field; none where it is not wanted.
    pub(super) fn reading(&self, point: &Point<'_>, defaults: &Defaults) -> Result<Option<Reading>, String> {
        if let Some(rule) = self.maps.iter().find(|rule| rule.takes(point)) {
            return rule.reading(point, defaults).map(Some);
        }
        let of = |(measurement, field): &&(String, Option<String>)| {
            *measurement == point.measurement && field.as_ref().is_none_or(|field| *field == point.field)
        };
        match self.ignores.iter().find(of) {
            Some(_) => Ok(None),
            None => Err(format!("no [[map]] takes field `{}` of `{}`", point.field, point.measurement)),
        }
    }
}

impl Rule {
    /// The place of what is wrong, and what.
    fn of(map: Map) -> Result<Self, (usize, String)> {
        let template = |key: &str, text: Spanned<String>| {
            let at = text.span().start;
            Template::read(text.get_ref()).map_err(|why| (at, format!("{key}: {why}")))
        };
        let at = map.quantity.span().start;
        let quantity = template("quantity", map.quantity)?;
        let unit_at = map.unit.as_ref().map_or(at, |unit| unit.span().start);
        let unit = map.unit.map(Spanned::into_inner);
        let known = match quantity.fixed() {
            None => None,
            Some(name) => {
                let quantity: Quantity = name.parse().map_err(|e| (at, format!("quantity: {e}")))?;
                Some((quantity, converts(quantity, unit.as_deref()).map_err(|why| (unit_at, why))?))
            }
        };
        Ok(Self {
            measurement: map.measurement,
            field: map.field,
            tags: map.tags,
            device: template("device", map.device)?,
            quantity,
            unit,
            known,
            kind: map.kind,
            zone: map.zone.map(|zone| template("zone", zone)).transpose()?,
            channel: map.channel.map(|channel| template("channel", channel)).transpose()?,
        })
    }

    fn takes(&self, point: &Point<'_>) -> bool {
        self.measurement == point.measurement
            && self.field == point.field
            && self.tags.iter().all(|(name, value)| point.tag(name) == Some(value))
    }

    fn reading(&self, point: &Point<'_>, defaults: &Defaults) -> Result<Reading, String> {
        let wrong = |key: &'static str| move |why: String| format!("{key}: {why}");
        let value = point.value.ok_or_else(|| format!("field `{}`: text, expected a number", point.field))?;
        let (quantity, conversion) = match &self.known {
            Some(known) => *known,
            None => {
                let quantity = self.quantity.parsed(point).map_err(wrong("quantity"))?;
                (quantity, converts(quantity, self.unit.as_deref())?)
            }
        };
        let value = storable(conversion.apply(value))?;
        let zone: Option<Zone> = self.zone.as_ref().map(|zone| zone.parsed(point)).transpose().map_err(wrong("zone"))?;
        let channel = self.channel.as_ref().map(|channel| channel.parsed(point)).transpose().map_err(wrong("channel"))?;
        let observed_at = Timestamp::from_millis(point.at).map_err(|e| format!("time: {e}"))?;
        Ok(Reading {
            series: SeriesKey {
                device: self.device.parsed(point).map_err(wrong("device"))?,
                quantity,
                channel: channel.unwrap_or_default(),
            },
            kind: kind(self.kind, quantity, defaults.kind)?,
            zone: zone.unwrap_or_else(|| defaults.zone.clone()),
            value,
            observed_at,
            received_at: observed_at,
            quality: in_range(quantity, value),
        })
    }
}

fn converts(quantity: Quantity, unit: Option<&str>) -> Result<Conversion, String> {
    unit.map_or(Ok(Conversion::IDENTITY), |unit| conversion_from(quantity, unit).map_err(|e| format!("unit: {e}")))
}

/// Text with tags in braces.
#[derive(Debug)]
struct Template(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    Tag(String),
}

impl Template {
    fn read(text: &str) -> Result<Self, String> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (tag, behind) = after.split_once('}').ok_or_else(|| format!("`{text}` opens a brace and does not close it"))?;
            if tag.is_empty() {
                return Err(format!("`{text}` has empty braces, expected the name of a tag in them"));
            }
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Tag(tag.to_owned()));
            rest = behind;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        if pieces.is_empty() { Err("empty, expected text or a tag in braces".to_owned()) } else { Ok(Self(pieces)) }
    }

    /// The text, where it has no tag.
    fn fixed(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&self, point: &Point<'_>) -> Result<T, String> {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => text += piece,
                Piece::Tag(name) => text += point.tag(name).ok_or_else(|| format!("the point has no tag `{name}`"))?,
            }
        }
        text.parse().map_err(|e: T::Err| format!("`{text}`: {e}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Mapping::read(text).err().map(|e| e.to_string()).unwrap_or_default()
    }

    const MAP: &str = "[[map]]\nmeasurement = \"m\"\nfield = \"f\"\ndevice = \"{host}\"\nquantity = \"air.temperature\"\n";

    #[test]
    fn what_is_wrong_in_a_mapping_is_named_with_its_line() {
        assert_eq!(refused(""), "line 1: there is no [[map]], expected one at least");
        assert!(refused(&format!("{MAP}colour = 1\n")).starts_with("line 6: unknown field `colour`"));
        assert!(refused(&MAP.replace("air.temperature", "air.heat")).starts_with("line 5: quantity: "));
        assert!(refused(&format!("{MAP}unit = \"m\"\n")).starts_with("line 6: unit: `m` does not convert to Cel"));
        assert_eq!(refused(&MAP.replace("{host}", "{host")), "line 4: device: `{host` opens a brace and does not close it");
        assert!(refused(&format!("precision = \"h\"\n{MAP}")).starts_with("line 1: unknown variant `h`"));
        assert!(Mapping::read(MAP).is_ok());
    }
}
