//! Which records are quantities of the vocabulary.
//!
//! A record says more than a quantity: a register of last month, the highest flow of a day, a limit, a
//! tariff. Only what is plainly the quantity is taken; the rest stays in the records for whoever knows
//! the make. A register of the past is taken where a date of its own says when it was kept.

use schemas::{Flaw, Quantity};

use super::Local;
use super::record::{Function, Record};
use super::value::Content;
use super::vif::{Direction, Measure};

/// A record as a quantity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Meant {
    /// Of the vocabulary.
    pub quantity: Quantity,
    /// The meter's input; 0 is the meter itself.
    pub channel: u8,
    /// In the quantity's unit; none where the meter has no value to give, and `flaw` says why.
    pub value: Option<f64>,
    /// Why there is no value.
    pub flaw: Option<Flaw>,
    /// When it was so, by the meter's own clock; none is now.
    pub observed: Option<Local>,
}

/// What one record means; none where it is not a quantity of the vocabulary. `observed` is left empty:
/// when a register was kept is said by another record ([`readings`]).
#[must_use]
pub fn meaning(record: &Record) -> Option<Meant> {
    if record.modified || record.tariff != 0 {
        return None;
    }
    let quantity = match (record.measure, record.function, record.direction) {
        (Measure::Volume, Function::Instantaneous, Direction::Net | Direction::Forward) => Quantity::WATER_VOLUME,
        (Measure::Volume, Function::Instantaneous, Direction::Backward) => Quantity::WATER_VOLUME_REVERSE,
        (Measure::VolumeFlow, Function::Instantaneous, Direction::Net) => Quantity::WATER_FLOW,
        (Measure::VolumeFlow, Function::Maximum, Direction::Net) => Quantity::named("water.flow_max")?,
        (Measure::VolumeFlow, Function::Minimum, Direction::Net) => Quantity::named("water.flow_min")?,
        (Measure::FlowTemperature, Function::Instantaneous, _) => Quantity::WATER_TEMPERATURE,
        (Measure::FlowTemperature, Function::Maximum, _) => Quantity::named("water.temperature_max")?,
        (Measure::FlowTemperature, Function::Minimum, _) => Quantity::named("water.temperature_min")?,
        (Measure::ExternalTemperature, Function::Instantaneous, _) => Quantity::DEVICE_TEMPERATURE,
        (Measure::Voltage, Function::Instantaneous, _) => Quantity::BATTERY_VOLTAGE,
        _ => return None,
    };
    let (value, flaw) = match record.content {
        Content::Number(value) => (Some(value), None),
        Content::Invalid => (None, Some(Flaw::Invalid)),
        _ => return None,
    };
    let channel = u8::try_from(record.subunit).ok()?;
    Some(Meant { quantity, channel, value, flaw, observed: None })
}

/// What records mean, in their order: those of now, and those of a register with a date of its own. What
/// went forward alone stands for the volume only where no net volume of the same moment is there.
#[must_use]
pub fn readings(records: &[Record]) -> Vec<Meant> {
    let net = |forward: &Record| {
        records.iter().any(|r| {
            (r.measure, r.direction, r.modified) == (Measure::Volume, Direction::Net, false)
                && (r.function, r.storage, r.tariff, r.subunit)
                    == (forward.function, forward.storage, forward.tariff, forward.subunit)
        })
    };
    records
        .iter()
        .filter(|record| record.direction != Direction::Forward || !net(record))
        .filter_map(|record| {
            let meant = meaning(record)?;
            match record.storage {
                0 => Some(meant),
                storage => Some(Meant { observed: Some(kept(records, storage)?), ..meant }),
            }
        })
        .collect()
}

/// The meter's own clock, where it says it to the minute. A date alone is none: it would put a reading of
/// now at midnight.
#[must_use]
pub fn clock(records: &[Record]) -> Option<Local> {
    kept(records, 0).filter(|local| local.time.is_some())
}

/// The date of a register.
fn kept(records: &[Record], storage: u64) -> Option<Local> {
    records.iter().find_map(|record| match record.content {
        Content::Time(local)
            if record.storage == storage
                && record.tariff == 0
                && record.subunit == 0
                && !record.modified
                && record.function != Function::Faulty =>
        {
            Some(local)
        }
        _ => None,
    })
}
