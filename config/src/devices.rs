//! Files that list devices: TOML (`[[device]]` tables) or CSV (a head and a row each), by the file's
//! ending. Everything that is wrong is told at once, with file and line.

mod csv;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use schemas::{Catalogue, Device, DeviceId};
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use crate::SettingsError;
use crate::locate::Lines;

/// A part of the earth, WGS 84, in degrees: where a city's devices can be.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "RawBounds")]
pub struct Bounds {
    south: f64,
    west: f64,
    north: f64,
    east: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBounds {
    south: f64,
    west: f64,
    north: f64,
    east: f64,
}

impl TryFrom<RawBounds> for Bounds {
    type Error = String;
    fn try_from(RawBounds { south, west, north, east }: RawBounds) -> Result<Self, String> {
        let on_earth = (-90.0..=90.0).contains(&south) && north <= 90.0 && (-180.0..=180.0).contains(&west) && east <= 180.0;
        if on_earth && south < north && west < east {
            Ok(Self { south, west, north, east })
        } else {
            Err(format!(
                "south {south}, west {west}, north {north}, east {east}: expected degrees with south < north and west < east"
            ))
        }
    }
}

impl Bounds {
    /// Why a device cannot stand where it is said to; none where it can, or has no place.
    #[must_use]
    pub fn objection(&self, device: &Device) -> Option<String> {
        let place = device.place?;
        let inside = (self.south..=self.north).contains(&place.lat()) && (self.west..=self.east).contains(&place.lon());
        let Self { south, west, north, east } = self;
        (!inside).then(|| {
            let (id, lat, lon) = (&device.id, place.lat(), place.lon());
            format!(
                "device `{id}` stands at {lat}, {lon}, outside city.bounds: expected latitude {south} to {north}, longitude {west} to {east}"
            )
        })
    }
}

/// A device and the line that lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The device.
    pub device: Device,
    /// `file:line`.
    pub place: String,
}

/// Reads one file of devices: CSV where its name ends in `.csv`, else TOML.
///
/// # Errors
/// A file that cannot be read, and every row that is not a device, with file and line, in CSV also the
/// column.
pub fn read_devices(path: &Path) -> Result<Vec<Listed>, Vec<SettingsError>> {
    let bytes = std::fs::read(path).map_err(|cause| vec![SettingsError::unreadable(path, &cause)])?;
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        return csv::read(path, &bytes);
    }
    let text = String::from_utf8(bytes).map_err(|cause| {
        let line = cause.as_bytes().iter().take(cause.utf8_error().valid_up_to()).filter(|b| **b == b'\n').count() + 1;
        vec![SettingsError { place: format!("{}:{line}", path.display()), message: "not UTF-8, expected text".to_owned() }]
    })?;
    tables(path, &text)
}

fn tables(path: &Path, text: &str) -> Result<Vec<Listed>, Vec<SettingsError>> {
    let file = DeTable::parse(text).map_err(|cause| vec![SettingsError::syntax(path, text, &cause)])?;
    let (mut listed, mut errors, mut lines) = (Vec::new(), Vec::new(), Lines::of(text));
    for (key, value) in file.into_inner() {
        let at = key.span().start;
        match value.into_inner() {
            DeValue::Array(rows) if key.get_ref() == "device" => {
                for row in rows {
                    match table(path, text, row, &mut lines) {
                        Ok(device) => listed.push(device),
                        Err(error) => errors.push(error),
                    }
                }
            }
            _ => {
                let message = format!("unknown key `{}`, expected [[device]] tables", key.get_ref());
                errors.push(SettingsError::at(path, text, at, message));
            }
        }
    }
    if errors.is_empty() { Ok(listed) } else { Err(errors) }
}

fn table(path: &Path, text: &str, row: Spanned<DeValue<'_>>, lines: &mut Lines<'_>) -> Result<Listed, SettingsError> {
    let at = row.span().start;
    let device = Device::deserialize(ValueDeserializer::from(row)).map_err(|cause| {
        let place = cause.span().map_or(at, |span| span.start);
        SettingsError::at(path, text, place, cause.message().to_owned())
    })?;
    Ok(Listed { device, place: format!("{}:{}", path.display(), lines.line(at)) })
}

/// The devices of all files.
#[derive(Clone, Debug, Default)]
pub struct DeviceList {
    /// In the order of the files.
    pub catalogue: Catalogue,
    places: BTreeMap<DeviceId, String>,
}

impl DeviceList {
    /// `file:line` of a device.
    #[must_use]
    pub fn place(&self, device: &DeviceId) -> &str {
        self.places.get(device).map_or("devices", String::as_str)
    }
}

/// Reads all files of devices.
///
/// # Errors
/// As [`read_devices`] says, of every file; and a device that is listed twice.
pub fn devices(files: &[PathBuf]) -> Result<DeviceList, Vec<SettingsError>> {
    let (mut list, mut errors) = (DeviceList::default(), Vec::new());
    for path in files {
        match read_devices(path) {
            Ok(listed) => {
                for Listed { device, place } in listed {
                    if let Some(first) = list.places.get(&device.id) {
                        let message = format!("device `{}` is listed twice, first at {first}", device.id);
                        errors.push(SettingsError { place, message });
                    } else {
                        list.places.insert(device.id.clone(), place);
                        list.catalogue.insert(device);
                    }
                }
            }
            Err(wrong) => errors.extend(wrong),
        }
    }
    if errors.is_empty() { Ok(list) } else { Err(errors) }
}

#[cfg(test)]
mod tests;
