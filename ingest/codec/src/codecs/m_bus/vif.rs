//! What a record measures and by which power of ten: the VIF tables of EN 13757-3 (the main
//! table, the extensions FB and FD) and the combinable VIFEs, which change a meaning.
//!
//! Deliberately absent: rows that no meter of water, of the air around it or of its battery sends. They
//! come out as [`Measure::Other`], with their head.

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Measure {
    /// m3
    Volume,
    /// m3/h
    VolumeFlow,
    /// kg
    Mass,
    /// kg/h
    MassFlow,
    /// W.h or J, as the unit says.
    Energy,
    /// W or J/h, as the unit says.
    Power,
    /// Cel: of what flows in; in a water meter, of the water.
    FlowTemperature,
    /// Cel
    ReturnTemperature,
    /// K
    TemperatureDifference,
    /// Cel: of the air around the meter.
    ExternalTemperature,
    /// bar
    Pressure,
    /// %
    Humidity,
    /// A date alone.
    Date,
    /// Date and time.
    DateTime,
    /// s
    OnTime,
    /// s
    OperatingTime,
    /// s: over how long a value is averaged.
    AveragingDuration,
    /// s: how old the values are.
    ActualityDuration,
    /// 1: units of a heat cost allocator.
    HeatCostUnits,
    /// Digits of the serial number.
    FabricationNumber,
    /// 1: a count without a unit, such as pulses.
    Count,
    /// Bits.
    ErrorFlags,
    /// Bits.
    DigitalInput,
    /// Bits.
    DigitalOutput,
    /// V
    Voltage,
    /// A
    Current,
    /// Of the battery; h, d, mo or a, as the unit says.
    BatteryOperatingTime,
    /// d
    BatteryRemaining,
    /// By the manufacturer's own code.
    Manufacturer,
    /// Anything else; the record's head says what.
    Other,
}

/// A measure, its unit and `raw x multiply / divide` to come to it. The division is kept apart so that
/// 44206 litres are exactly the number 44.206.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    pub(super) measure: Measure,
    /// UCUM.
    pub(super) unit: &'static str,
    pub(super) multiply: f64,
    pub(super) divide: f64,
}

const POWERS: [f64; 13] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];

fn power(exponent: i8) -> f64 {
    POWERS.get(usize::from(exponent.unsigned_abs())).copied().unwrap_or(1.0)
}

impl Scale {
    const OTHER: Scale = plain(Measure::Other, "1");

    /// Times ten to the power of `low bits + add`.
    fn decimal(measure: Measure, unit: &'static str, low_bits: u8, add: i8) -> Self {
        let exponent = add.saturating_add_unsigned(low_bits);
        Self { measure, unit, multiply: 1.0, divide: 1.0 }.shifted(exponent)
    }

    fn times(self, factor: f64) -> Self {
        Self { multiply: self.multiply * factor, ..self }
    }

    /// Times ten to the power of `exponent`.
    pub(super) fn shifted(self, exponent: i8) -> Self {
        if exponent < 0 {
            Self { divide: self.divide * power(exponent), ..self }
        } else {
            Self { multiply: self.multiply * power(exponent), ..self }
        }
    }

    pub(super) fn value(&self, raw: f64) -> f64 {
        raw * self.multiply / self.divide
    }
}

const fn plain(measure: Measure, unit: &'static str) -> Scale {
    Scale { measure, unit, multiply: 1.0, divide: 1.0 }
}

/// Seconds, minutes, hours or days, as seconds.
fn duration(measure: Measure, low_bits: u8) -> Scale {
    let seconds = match low_bits {
        0 => 1.0,
        1 => 60.0,
        2 => 3600.0,
        _ => 86_400.0,
    };
    plain(measure, "s").times(seconds)
}

/// The main table; `code` without its extension bit.
pub(super) fn main(code: u8) -> Scale {
    let (two, three) = (code & 3, code & 7);
    match code {
        0x00..=0x07 => Scale::decimal(Measure::Energy, "W.h", three, -3),
        0x08..=0x0f => Scale::decimal(Measure::Energy, "J", three, 0),
        0x10..=0x17 => Scale::decimal(Measure::Volume, "m3", three, -6),
        0x18..=0x1f => Scale::decimal(Measure::Mass, "kg", three, -3),
        0x20..=0x23 => duration(Measure::OnTime, two),
        0x24..=0x27 => duration(Measure::OperatingTime, two),
        0x28..=0x2f => Scale::decimal(Measure::Power, "W", three, -3),
        0x30..=0x37 => Scale::decimal(Measure::Power, "J/h", three, 0),
        0x38..=0x3f => Scale::decimal(Measure::VolumeFlow, "m3/h", three, -6),
        // Per minute and per second.
        0x40..=0x47 => Scale::decimal(Measure::VolumeFlow, "m3/h", three, -7).times(60.0),
        0x48..=0x4f => Scale::decimal(Measure::VolumeFlow, "m3/h", three, -9).times(3600.0),
        0x50..=0x57 => Scale::decimal(Measure::MassFlow, "kg/h", three, -3),
        0x58..=0x5b => Scale::decimal(Measure::FlowTemperature, "Cel", two, -3),
        0x5c..=0x5f => Scale::decimal(Measure::ReturnTemperature, "Cel", two, -3),
        0x60..=0x63 => Scale::decimal(Measure::TemperatureDifference, "K", two, -3),
        0x64..=0x67 => Scale::decimal(Measure::ExternalTemperature, "Cel", two, -3),
        0x68..=0x6b => Scale::decimal(Measure::Pressure, "bar", two, -3),
        0x6c => plain(Measure::Date, "1"),
        0x6d => plain(Measure::DateTime, "1"),
        0x6e => plain(Measure::HeatCostUnits, "1"),
        0x70..=0x73 => duration(Measure::AveragingDuration, two),
        0x74..=0x77 => duration(Measure::ActualityDuration, two),
        0x78 => plain(Measure::FabricationNumber, "1"),
        0x7f => plain(Measure::Manufacturer, "1"),
        _ => Scale::OTHER,
    }
}

/// The extension after FB.
pub(super) fn extension_fb(code: u8) -> Scale {
    match code {
        0x00 | 0x01 => Scale::decimal(Measure::Energy, "W.h", code, 5),
        0x08 | 0x09 => Scale::decimal(Measure::Energy, "J", code & 1, 8),
        0x10 | 0x11 => Scale::decimal(Measure::Volume, "m3", code & 1, 2),
        0x18 | 0x19 => Scale::decimal(Measure::Mass, "kg", code & 1, 5),
        0x1a | 0x1b => Scale::decimal(Measure::Humidity, "%", code & 1, -1),
        0x28 | 0x29 => Scale::decimal(Measure::Power, "W", code & 1, 5),
        _ => Scale::OTHER,
    }
}

/// The extension after FD.
pub(super) fn extension_fd(code: u8) -> Scale {
    match code {
        0x17 => plain(Measure::ErrorFlags, "1"),
        0x1a => plain(Measure::DigitalOutput, "1"),
        0x1b => plain(Measure::DigitalInput, "1"),
        0x3a => plain(Measure::Count, "1"),
        0x40..=0x4f => Scale::decimal(Measure::Voltage, "V", code & 15, -9),
        0x50..=0x5f => Scale::decimal(Measure::Current, "A", code & 15, -12),
        0x6c => plain(Measure::BatteryOperatingTime, "h"),
        0x6d => plain(Measure::BatteryOperatingTime, "d"),
        0x6e => plain(Measure::BatteryOperatingTime, "mo"),
        0x6f => plain(Measure::BatteryOperatingTime, "a"),
        0x74 => plain(Measure::BatteryRemaining, "d"),
        _ => Scale::OTHER,
    }
}

/// Which way the water went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Forward less backward, or not said.
    Net,
    /// What went forward alone (VIFE 3B).
    Forward,
    /// What went backward alone, as a positive number (VIFE 3C).
    Backward,
}

/// What the VIFEs of a record do to its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Qualifier {
    pub(super) direction: Direction,
    /// The record says that it has no value (VIFE 01 to 18).
    pub(super) error: bool,
    /// Something else than the measure itself: a limit, a rate per pulse, a profile, a maker's code.
    pub(super) modified: bool,
    /// Power of ten to multiply by.
    pub(super) shift: i8,
}

impl Qualifier {
    pub(super) const NONE: Qualifier = Qualifier { direction: Direction::Net, error: false, modified: false, shift: 0 };

    /// With one more VIFE, without its extension bit.
    pub(super) fn with(self, vife: u8) -> Self {
        match vife {
            0x00 => self,
            // No data, overflow, underflow, data error, and the refusals of a command.
            0x01..=0x11 | 0x15..=0x18 => Self { error: true, ..self },
            0x3b => Self { direction: Direction::Forward, ..self },
            0x3c => Self { direction: Direction::Backward, ..self },
            // Uncorrected, and at base conditions: water is not corrected.
            0x3a | 0x3e => self,
            0x70..=0x77 => Self { shift: self.shift.saturating_add_unsigned(vife & 7).saturating_sub(6), ..self },
            0x7d => Self { shift: self.shift.saturating_add(3), ..self },
            _ => Self { modified: true, ..self },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_volume_in_any_of_its_units_comes_to_cubic_metres() {
        let raw = 44_206.0;
        let expected = [(0x12, 4.4206), (0x13, 44.206), (0x14, 442.06), (0x15, 4420.6), (0x16, 44_206.0)];
        for (code, value) in expected {
            let scale = main(code);
            assert_eq!((scale.measure, scale.unit, scale.value(raw)), (Measure::Volume, "m3", value), "{code:#x}");
        }
        assert_eq!(extension_fb(0x11).value(3.0), 3000.0);
    }

    #[test]
    fn a_flow_per_minute_and_per_second_comes_to_hours() {
        assert_eq!(main(0x3b).value(819.0), 0.819);
        assert_eq!(main(0x44).value(1.0), 0.06);
        assert_eq!(main(0x4c).value(1.0), 0.036);
    }

    #[test]
    fn vifes_say_direction_errors_and_powers_of_ten() {
        assert_eq!(Qualifier::NONE.with(0x3c).direction, Direction::Backward);
        assert!(Qualifier::NONE.with(0x15).error);
        assert!(Qualifier::NONE.with(0x48).modified, "an upper limit is not the value");
        assert_eq!(Qualifier::NONE.with(0x73).shift, -3);
        assert_eq!(Qualifier::NONE.with(0x7d).with(0x7d).shift, 6);
    }
}
