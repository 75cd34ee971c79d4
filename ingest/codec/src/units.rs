//! Units: from a value in a stated UCUM code to the same in the quantity's own. Whatever does not convert
//! exactly, or by a factor that the vocabulary has fixed, is refused: a unit is never guessed.
//!
//! A conversion is arithmetic in whole numbers: the result is the double nearest to what the written
//! decimal comes to, so that 71.6 `[degF]` is 22 `Cel` and not 21.999999999999996.
//!
//! Gases: between volume fraction and mass concentration by the factors of the quantity's row, and from a
//! mass at 25 Cel to one at 20 Cel by the ratio of the temperatures (Directive 2008/50/EC, Annex VI C).
//!
//! Deliberately absent: levels (`dB`) other than to themselves, pressures and temperatures of a gas as
//! they were when it was measured, and what other standards call the units (`alias`).

mod alias;
mod exact;
mod ucum;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemas::{Quantity, QuantityRow, Vocabulary};

use crate::reject::excerpt;
use exact::{Ratio, decimal};
use ucum::{Dimension, Scale, Unit};

pub(crate) use alias::vendor_unit;
pub use alias::{senml_unit, uncefact_unit};
pub use exact::Conversion;
pub use {alias::unit_tables, ucum::unit_symbols};

/// The temperature at which a device states the mass concentration of a gas, at 1013.25 hPa. Without
/// effect on what is not a gas, and on volume fractions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reference {
    /// 20 Cel: that of the law, and of what is stored.
    #[default]
    Cel20,
    /// 25 Cel: its profile says so.
    Cel25,
}

/// Why a unit does not convert.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// Not a code, or none of those that this program knows.
    #[error("`{unit}` is not a UCUM code that this program knows: {why}")]
    Unknown {
        /// As it was stated, shortened.
        unit: String,
        /// What cannot be read.
        why: String,
    },
    /// A unit of something else.
    #[error("`{unit}` does not convert to {canonical}, expected a unit of the same dimension (UCUM)")]
    Dimension {
        /// As it was stated, shortened.
        unit: String,
        /// The quantity's own unit.
        canonical: String,
    },
}

/// Whether `unit` is a UCUM code that this program converts: for a city's own rows.
///
/// # Errors
/// [`UnitError::Unknown`], with what cannot be read.
pub fn check_unit(unit: &str) -> Result<(), UnitError> {
    read(unit).map(|_| ())
}

fn read(unit: &str) -> Result<Unit, UnitError> {
    ucum::parse(unit).map_err(|why| UnitError::Unknown { unit: excerpt(unit), why })
}

/// Codes that messages state so often that they are not read anew each time.
static USUAL: [&str; 20] = [
    "mm", "cm", "L", "L/h", "L/min", "m3/s", "g", "Pa", "kPa", "mbar", "K", "[degF]", "mV", "min", "h", "1", "%", "[ppb]",
    "[ppm]", "mg/m3",
];

/// Where they lead, a gas at 20 Cel; made once, some thousand rows.
static TABLE: LazyLock<BTreeMap<(Quantity, &str), Conversion>> = LazyLock::new(|| {
    let usual = |quantity| USUAL.iter().filter_map(move |unit| Some(((quantity, *unit), between_codes(quantity, unit)?)));
    Vocabulary::current().quantities().flat_map(usual).collect()
});

fn between_codes(quantity: Quantity, unit: &str) -> Option<Conversion> {
    let row = quantity.row();
    between(row, &read(unit).ok()?, &read(&row.unit).ok()?, Reference::Cel20)
}

/// From `unit` to the unit of `quantity`. Cheap where they are the same and for the usual ones; worth
/// keeping where not.
///
/// # Errors
/// `unit` is not a UCUM code, or one of another dimension.
pub(crate) fn conversion(quantity: Quantity, unit: &str, reference: Reference) -> Result<Conversion, UnitError> {
    let row = quantity.row();
    if unit == row.unit && (row.gas.is_none() || reference == Reference::Cel20) {
        return Ok(Conversion::IDENTITY);
    }
    if reference == Reference::Cel20
        && let Some(usual) = TABLE.get(&(quantity, unit))
    {
        return Ok(*usual);
    }
    between(row, &read(unit)?, &read(&row.unit)?, reference)
        .ok_or_else(|| UnitError::Dimension { unit: excerpt(unit), canonical: row.unit.clone() })
}

/// From `unit` to the unit of `quantity`, for what no device sent: a gas is taken to be stated at 20 Cel. Worth keeping.
///
/// # Errors
/// `unit` is not a UCUM code, or one of another dimension.
pub fn conversion_from(quantity: Quantity, unit: &str) -> Result<Conversion, UnitError> {
    conversion(quantity, unit, Reference::Cel20)
}

/// `value` in the quantity's own unit; none if the stated unit is not one that converts. A gas is taken
/// to be stated at 20 Cel.
pub(crate) fn to_canonical(quantity: Quantity, unit: &str, value: f64) -> Option<f64> {
    conversion(quantity, unit, Reference::Cel20).ok().map(|conversion| conversion.apply(value))
}

fn between(row: &QuantityRow, stated: &Unit, own: &Unit, reference: Reference) -> Option<Conversion> {
    match (stated.scale, own.scale) {
        // Makers and SenML have no code for the reference of a sound level, and sound has no other.
        (Scale::Level(from), Scale::Level(to)) => (from == to || (from, to) == ("dB", "dB[SPL]")).then_some(Conversion::IDENTITY),
        (Scale::From(from), Scale::From(to)) => {
            let ratio = stated.ratio.over(own.ratio)?.times(gas(row, stated.dimension, own.dimension, reference)?)?;
            Conversion::new(ratio, from, to)
        }
        _ => None,
    }
}

/// What the ratio of the units is multiplied by: 1 but for a gas. None where the dimensions differ.
fn gas(row: &QuantityRow, stated: Dimension, own: Dimension, reference: Reference) -> Option<Ratio> {
    let Some(gas) = row.gas else { return (stated == own).then_some(Ratio::ONE) };
    // g/m3 in a volume fraction of 1: a ppb is 1e-9 of it and weighs so many 1e-6 g.
    let weight = |factor: f64| decimal(factor).and_then(|(digits, ten)| Ratio::new(digits, 1, ten + 3));
    match (stated, own) {
        (Dimension::ONE, Dimension::DENSITY) => weight(gas.cel20),
        (Dimension::DENSITY, Dimension::ONE) => Ratio::ONE.over(weight(match reference {
            Reference::Cel20 => gas.cel20,
            Reference::Cel25 => gas.cel25,
        })?),
        // A gas that cools shrinks: 298.15 K / 293.15 K.
        (Dimension::DENSITY, Dimension::DENSITY) if reference == Reference::Cel25 => Ratio::new(29_815, 29_315, 0),
        (stated, own) => (stated == own).then_some(Ratio::ONE),
    }
}

#[cfg(test)]
mod tests;
