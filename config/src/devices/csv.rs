//! Devices as rows of a table: RFC 4180 with a head. Columns may stand in any order; `;` separates them
//! where the head holds one and no comma, as spreadsheets of French and Arabic offices write it.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use csv::{ReaderBuilder, StringRecord, Trim};
use schemas::{Container, Device, DeviceId, DeviceKey, Fitting, Kind, Place, ProfileName, PulseMeter, Tag, Zone};

use super::Listed;
use crate::SettingsError;

/// The columns there are; `id`, `kind` and `zone` must be there and filled.
const COLUMNS: [&str; 14] = [
    "id",
    "kind",
    "zone",
    "profile",
    "lat",
    "lon",
    "label",
    "empty",
    "full",
    "dead_zone",
    "litres_per_pulse",
    "index_offset",
    "key",
    "tags",
];
const NEEDED: [&str; 3] = ["id", "kind", "zone"];

pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Vec<Listed>, Vec<SettingsError>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let head = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let delimiter = if head.contains(&b';') && !head.contains(&b',') { b';' } else { b',' };
    let mut reader = ReaderBuilder::new().delimiter(delimiter).flexible(true).trim(Trim::All).from_reader(bytes);
    let head = reader.headers().cloned().map_err(|cause| vec![broken(path, &cause)])?;
    let mut table = Table { path, bytes, columns: columns(path, &head)?, errors: Vec::new() };
    let mut listed = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) => listed.extend(table.row(&record)),
            Err(cause) => table.errors.push(broken(path, &cause)),
        }
    }
    if table.errors.is_empty() { Ok(listed) } else { Err(table.errors) }
}

fn broken(path: &Path, cause: &csv::Error) -> SettingsError {
    let line = cause.position().map_or(1, csv::Position::line);
    let message = match cause.kind() {
        csv::ErrorKind::Utf8 { .. } => "not UTF-8, expected text".to_owned(),
        _ => cause.to_string(),
    };
    SettingsError { place: format!("{}:{line}", path.display()), message }
}

/// Which column stands where.
fn columns(path: &Path, head: &StringRecord) -> Result<Vec<&'static str>, Vec<SettingsError>> {
    let (mut columns, mut errors) = (Vec::new(), Vec::new());
    let mut say = |column: usize, message: String| {
        errors.push(SettingsError { place: format!("{}:1:{column}", path.display()), message });
    };
    for (at, name) in head.iter().enumerate() {
        match COLUMNS.iter().find(|known| known.eq_ignore_ascii_case(name)) {
            Some(known) if columns.contains(known) => say(at + 1, format!("column `{known}` is there twice")),
            Some(known) => columns.push(*known),
            None => say(at + 1, format!("unknown column `{name}`, expected one of {}", COLUMNS.join(", "))),
        }
    }
    // A column that is misspelt is missing too; that is said once.
    if columns.len() == head.len() {
        for missing in NEEDED.iter().filter(|needed| !columns.contains(needed)) {
            say(head.len() + 1, format!("column `{missing}` is missing"));
        }
    }
    if errors.is_empty() { Ok(columns) } else { Err(errors) }
}

struct Table<'p> {
    path: &'p Path,
    bytes: &'p [u8],
    columns: Vec<&'static str>,
    errors: Vec<SettingsError>,
}

impl Table<'_> {
    /// On which line a row stands. The reader says where it began to look for it: before empty lines.
    fn line(&self, record: &StringRecord) -> u64 {
        let Some(from) = record.position() else { return 0 };
        let ahead = usize::try_from(from.byte()).ok().and_then(|at| self.bytes.get(at..)).unwrap_or_default();
        let empty = ahead.iter().take_while(|b| matches!(b, b'\r' | b'\n')).filter(|b| **b == b'\n').count();
        from.line() + empty as u64
    }

    fn say(&mut self, record: &StringRecord, column: usize, message: String) {
        let line = self.line(record);
        self.errors.push(SettingsError { place: format!("{}:{line}:{column}", self.path.display()), message });
    }

    /// A cell that is filled, and its column counted from 1.
    fn cell<'r>(&self, record: &'r StringRecord, name: &str) -> Option<(&'r str, usize)> {
        let at = self.columns.iter().position(|column| *column == name)?;
        record.get(at).filter(|text| !text.is_empty()).map(|text| (text, at + 1))
    }

    fn parsed<T: FromStr<Err: Display>>(&mut self, record: &StringRecord, name: &str, expected: &str) -> Option<T> {
        let (text, column) = self.cell(record, name)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(cause) => {
                let expected = if expected.is_empty() { String::new() } else { format!(", expected {expected}") };
                self.say(record, column, format!("{name} `{text}`: {cause}{expected}"));
                None
            }
        }
    }

    /// A number that a row can only have together with another.
    fn number(&mut self, record: &StringRecord, name: &str, expected: &str) -> Option<f64> {
        self.parsed::<f64>(record, name, expected)
    }

    fn row(&mut self, record: &StringRecord) -> Option<Listed> {
        let before = self.errors.len();
        if record.len() > self.columns.len() {
            let (found, expected) = (record.len(), self.columns.len());
            self.say(record, expected + 1, format!("{found} cells, expected {expected} as in the head"));
        }
        for name in NEEDED {
            if self.cell(record, name).is_none() {
                let at = self.columns.iter().position(|column| *column == name).map_or(0, |at| at + 1);
                self.say(record, at, format!("{name} is empty, expected one"));
            }
        }
        let id = self.parsed::<DeviceId>(record, "id", "");
        let kind = self.parsed::<Kind>(record, "kind", "");
        let zone = self.parsed::<Zone>(record, "zone", "");
        let profile = self.parsed::<ProfileName>(record, "profile", "");
        let place = self.place(record);
        let fitting = self.fitting(record);
        let label = self.cell(record, "label").map(|(text, _)| text.to_owned());
        let (id, kind, zone) = (id?, kind?, zone?);
        if self.errors.len() > before {
            return None;
        }
        let line = self.line(record);
        Some(Listed {
            device: Device { id, kind, zone, profile, place, label, fitting },
            place: format!("{}:{line}", self.path.display()),
        })
    }

    fn place(&mut self, record: &StringRecord) -> Option<Place> {
        const EXPECTED: &str = "degrees with a decimal point, such as 33.5943";
        let (lat, lon) = (self.number(record, "lat", EXPECTED), self.number(record, "lon", EXPECTED));
        let column = |table: &Self, name| table.cell(record, name).map(|(_, at)| at);
        match (column(self, "lat"), column(self, "lon")) {
            (Some(at), None) | (None, Some(at)) => {
                self.say(record, at, "lat and lon: expected both or none".to_owned());
                None
            }
            (Some(at), Some(_)) => self.made(record, at, Place::new(lat?, lon?)),
            (None, None) => None,
        }
    }

    fn fitting(&mut self, record: &StringRecord) -> Fitting {
        const METRES: &str = "metres with a decimal point, such as 1.2";
        let [empty, full, dead_zone] = ["empty", "full", "dead_zone"].map(|name| self.number(record, name, METRES));
        let container = match (self.cell(record, "empty"), self.cell(record, "full")) {
            (Some((_, at)), Some(_)) => {
                let container = empty.zip(full).map(|(empty, full)| Container::new(empty, full, dead_zone.unwrap_or(0.0)));
                container.and_then(|made| self.made(record, at, made))
            }
            (None, None) => {
                if let Some((_, at)) = self.cell(record, "dead_zone") {
                    self.say(record, at, "dead_zone: expected empty and full beside it".to_owned());
                }
                None
            }
            (Some((_, at)), None) | (None, Some((_, at))) => {
                self.say(record, at, "empty and full: expected both or none".to_owned());
                None
            }
        };
        let weight = self.number(record, "litres_per_pulse", "litres, such as 10");
        let offset = self.number(record, "index_offset", "cubic metres, such as 12.5");
        let meter = match (self.cell(record, "litres_per_pulse"), self.cell(record, "index_offset")) {
            (Some((_, at)), _) => {
                let meter = weight.map(|weight| PulseMeter::new(weight, offset.unwrap_or(0.0)));
                meter.and_then(|made| self.made(record, at, made))
            }
            (None, Some((_, at))) => {
                self.say(record, at, "index_offset: expected litres_per_pulse beside it".to_owned());
                None
            }
            (None, None) => None,
        };
        // The text of a key is not repeated.
        let key = self.cell(record, "key").and_then(|(text, at)| self.made(record, at, DeviceKey::from_hex(text)));
        Fitting { container, meter, key, tags: self.tags(record), ..Fitting::default() }
    }

    /// Several in one cell, with spaces between.
    fn tags(&mut self, record: &StringRecord) -> Vec<Tag> {
        let Some((text, at)) = self.cell(record, "tags") else { return Vec::new() };
        text.split_whitespace().filter_map(|tag| self.made(record, at, Tag::new(tag))).collect()
    }

    fn made<T, E: Display>(&mut self, record: &StringRecord, column: usize, made: Result<T, E>) -> Option<T> {
        made.map_err(|cause| self.say(record, column, cause.to_string())).ok()
    }
}
