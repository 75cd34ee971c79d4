//! A row of readings, as texts and tables have it, and the reading that it comes to.

use std::borrow::Cow;

use schemas::{DeviceId, Flaw, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};
use serde::Deserialize;

/// What a row is taken to say where it does not.
#[derive(Clone, Debug)]
pub struct Defaults {
    /// Where the device was.
    pub zone: Zone,
    /// What the device is for, where the quantity does not tell: that of `air.pm10` is `air`.
    pub kind: Option<Kind>,
}

/// A row. What else stands in it is not looked at: a grade follows from the quality.
#[derive(Debug, Deserialize)]
pub struct Row<'a> {
    /// The device.
    pub device: DeviceId,
    /// What it measured.
    pub quantity: Quantity,
    /// In which unit; it must be the quantity's own.
    #[serde(borrow)]
    pub unit: Option<Cow<'a, str>>,
    /// In that unit.
    pub value: f64,
    /// When it was so.
    pub observed_at: Timestamp,
    /// When it was heard; when it was so, without it.
    pub received_at: Option<Timestamp>,
    /// Its flaws; without them the range of the quantity decides.
    pub quality: Option<Quality>,
    /// What the device is for.
    pub kind: Option<Kind>,
    /// Where it was.
    pub zone: Option<Zone>,
    /// Which of several sensors.
    #[serde(default)]
    pub channel: u8,
}

impl Row<'_> {
    /// The reading.
    ///
    /// # Errors
    /// The field, and what was expected of it.
    pub fn reading(self, defaults: &Defaults) -> Result<Reading, String> {
        if let Some(unit) = self.unit.filter(|unit| unit != self.quantity.unit()) {
            let own = self.quantity.unit();
            return Err(format!("unit: `{unit}`, expected `{own}`, the unit of {}", self.quantity));
        }
        Ok(Reading {
            series: SeriesKey { device: self.device, quantity: self.quantity, channel: self.channel },
            kind: kind(self.kind, self.quantity, defaults.kind)?,
            zone: self.zone.unwrap_or_else(|| defaults.zone.clone()),
            value: storable(self.value)?,
            observed_at: self.observed_at,
            received_at: self.received_at.unwrap_or(self.observed_at),
            quality: self.quality.unwrap_or_else(|| in_range(self.quantity, self.value)),
        })
    }
}

/// The stated kind, the one that the quantity's name begins with, or the default.
pub(crate) fn kind(stated: Option<Kind>, quantity: Quantity, default: Option<Kind>) -> Result<Kind, String> {
    let told = || quantity.name().split('.').next().and_then(Kind::named);
    stated.or_else(told).or(default).ok_or_else(|| format!("kind: none, and {quantity} does not tell it, expected one"))
}

pub(crate) fn storable(value: f64) -> Result<f64, String> {
    if value.is_finite() && value.abs() < Reading::VALUE_LIMIT {
        return Ok(value);
    }
    Err(format!("value: {value}, expected a number below {:e}", Reading::VALUE_LIMIT))
}

/// As the platform flags what a device sends.
pub(crate) fn in_range(quantity: Quantity, value: f64) -> Quality {
    let row = quantity.row();
    if (row.min..=row.max).contains(&value) { Quality::GOOD } else { Quality::from(Flaw::OutOfRange) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn nowhere() -> Defaults {
        Defaults { zone: Zone::new("nowhere").expect("a name"), kind: None }
    }

    fn read(text: &str) -> Result<Reading, String> {
        serde_json::from_str::<Row<'_>>(text).map_err(|e| e.to_string())?.reading(&nowhere())
    }

    #[test]
    fn a_row_says_little_and_the_rest_follows_from_it() {
        let reading =
            read(r#"{"device":"bin-1","quantity":"waste.fill","value":191,"observed_at":"2026-11-21T08:00:00Z"}"#).unwrap();
        assert_eq!(reading.kind, Kind::WASTE);
        assert_eq!(reading.received_at, reading.observed_at);
        assert_eq!(reading.quality, Quality::from(Flaw::OutOfRange));
    }

    #[test]
    fn neither_a_unit_nor_a_kind_nor_a_value_is_guessed() {
        let row = |rest: &str| read(&format!(r#"{{"device":"a","observed_at":"2026-11-21T08:00:00Z",{rest}}}"#)).unwrap_err();
        assert_eq!(
            row(r#""quantity":"air.temperature","value":71.6,"unit":"[degF]""#),
            "unit: `[degF]`, expected `Cel`, the unit of air.temperature"
        );
        assert_eq!(
            row(r#""quantity":"battery.voltage","value":3.6"#),
            "kind: none, and battery.voltage does not tell it, expected one"
        );
        assert_eq!(row(r#""quantity":"air.pm10","value":1e12"#), "value: 1000000000000, expected a number below 1e12");
    }
}
