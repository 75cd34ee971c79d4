//! Units that convert exactly, or by a factor that the house has fixed. Everything else is refused:
//! a unit is never guessed.
//!
//! Gases: mass concentration at 20 Cel and 1013.25 hPa from volume fraction,
//! ug/m3 = ppb x M / Vm (Directive 2008/50/EC Annex VI; factors to four decimals).

use schemas::Quantity;

/// (stated, canonical, conversion). Divisions rather than factors below one: they round correctly.
type Row = (&'static str, &'static str, fn(f64) -> f64);

static ROWS: &[Row] = &[
    ("mm", "m", |v| v / 1e3),
    ("cm", "m", |v| v / 1e2),
    ("L", "m3", |v| v / 1e3),
    ("l", "m3", |v| v / 1e3),
    ("dm3", "m3", |v| v / 1e3),
    ("L/h", "m3/h", |v| v / 1e3),
    ("l/h", "m3/h", |v| v / 1e3),
    ("m3/s", "m3/h", |v| v * 3600.0),
    ("g", "kg", |v| v / 1e3),
    ("Pa", "hPa", |v| v / 1e2),
    ("kPa", "hPa", |v| v * 10.0),
    ("mbar", "hPa", |v| v),
    ("K", "Cel", |v| v - 273.15),
    ("[degF]", "Cel", |v| (v - 32.0) / 1.8),
    ("mV", "V", |v| v / 1e3),
    ("min", "s", |v| v * 60.0),
    ("h", "s", |v| v * 3600.0),
    ("mg/m3", "ug/m3", |v| v * 1e3),
    ("ng/m3", "ug/m3", |v| v / 1e3),
    ("[ppm]", "[ppb]", |v| v * 1e3),
    ("[ppb]", "[ppm]", |v| v / 1e3),
];

/// Micrograms per cubic metre in one part per billion, 20 Cel and 1013.25 hPa.
static GASES: &[(Quantity, f64)] = &[
    (Quantity::AIR_NO2, 1.9125),
    (Quantity::AIR_O3, 1.9953),
    (Quantity::AIR_SO2, 2.6632),
    (Quantity::AIR_CO, 1.1644),
    (Quantity::AIR_NO, 1.2474),
];

/// `value` in the quantity's canonical unit; none if the stated unit is not one that converts.
pub(crate) fn to_canonical(quantity: Quantity, unit: &str, value: f64) -> Option<f64> {
    let canonical = quantity.unit();
    if unit == canonical {
        return Some(value);
    }
    if let Some((_, _, convert)) = ROWS.iter().find(|(from, to, _)| *from == unit && *to == canonical) {
        return Some(convert(value));
    }
    let factor = GASES.iter().find(|(gas, _)| *gas == quantity)?.1;
    match unit {
        "[ppb]" => Some(value * factor),
        "[ppm]" => Some(value * 1e3 * factor),
        _ => None,
    }
}

/// At which temperature the mass concentration of a gas is stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Reference {
    /// 20 Cel, as the house stores it.
    #[default]
    Cel20,
    /// 25 Cel.
    Cel25,
}

/// From a stated unit to the canonical one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Conversion {
    quantity: Quantity,
    unit: &'static str,
}

/// A unit that does not convert.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` does not convert")]
pub(crate) struct UnitError(String);

impl Conversion {
    pub(crate) fn identity(quantity: Quantity) -> Self {
        Self { quantity, unit: quantity.unit() }
    }

    pub(crate) fn apply(self, value: f64) -> f64 {
        to_canonical(self.quantity, self.unit, value).unwrap_or(value)
    }
}

pub(crate) fn conversion(quantity: Quantity, unit: &str, _reference: Reference) -> Result<Conversion, UnitError> {
    to_canonical(quantity, unit, 1.0).ok_or_else(|| UnitError(unit.to_owned()))?;
    let known = ROWS.iter().map(|r| r.0).chain(["[ppb]", "[ppm]"]).find(|u| *u == unit);
    Ok(Conversion { quantity, unit: known.unwrap_or(quantity.unit()) })
}

/// The UCUM code of a unit as vendors write it.
pub(crate) fn vendor_unit(text: &str) -> Option<&'static str> {
    Some(match text {
        "mm" => "mm",
        "cm" => "cm",
        "m" => "m",
        "℃" | "°C" => "Cel",
        "°" => "deg",
        "%" => "%",
        "V" => "V",
        "hours" => "h",
        "minutes" => "min",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_convert_exactly_or_not_at_all() {
        let cases = [
            (Quantity::WASTE_DISTANCE, "mm", 300.0, Some(0.3)),
            (Quantity::WASTE_DISTANCE, "[in_i]", 12.0, None),
            (Quantity::WATER_VOLUME, "L", 5938.0, Some(5.938)),
            (Quantity::AIR_PRESSURE, "Pa", 96_800.0, Some(968.0)),
            (Quantity::AIR_TEMPERATURE, "[degF]", 212.0, Some(100.0)),
            (Quantity::AIR_TEMPERATURE, "Cel", -3.25, Some(-3.25)),
            (Quantity::AIR_NO2, "[ppb]", 100.0, Some(191.25)),
            (Quantity::AIR_O3, "[ppb]", 10.0, Some(19.953)),
            (Quantity::AIR_CO, "mg/m3", 4.0, Some(4000.0)),
            (Quantity::AIR_PM10, "[ppb]", 1.0, None),
            (Quantity::AIR_CO2, "[ppb]", 415_000.0, Some(415.0)),
            (Quantity::AIR_NO2, "ppb", 100.0, None),
            (Quantity::AIR_NO2, "", 100.0, None),
        ];
        for (quantity, unit, stated, canonical) in cases {
            assert_eq!(to_canonical(quantity, unit, stated), canonical, "{quantity} in `{unit}`");
        }
    }
}
