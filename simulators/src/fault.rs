//! The table of all that can happen and go wrong: one line each, with its label in the ground truth.
//!
//! Deliberately absent: to whom and when it happens (`scenario`), and how it is brought about (`play`).

use serde::Deserialize;

/// Where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It truly happens in the city.
    Event,
    /// The sensor says what is not so.
    Sensor,
    /// Something on the way to the platform.
    Way,
}

impl Class {
    /// `event`, `sensor` or `way`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Class::Event => "event",
            Class::Sensor => "sensor",
            Class::Way => "way",
        }
    }
}

/// How it is brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    /// Temperature of a bin.
    Burn,
    /// Level of a bin.
    Fill,
    /// Tilt of a bin.
    Tilt,
    /// Where a bin stands.
    Carry,
    /// PM10, and PM2.5 with it.
    Dust,
    /// Nitrogen dioxide.
    Fumes,
    /// Ozone.
    Smog,
    /// Water that runs: litres an hour.
    Flow,
    /// Charge of a battery.
    Drain,
    Stuck,
    Drift,
    Spike,
    Noise,
    Offset,
    Blind,
    Heaped,
    LostZero,
    WrongUnit,
    CounterReset,
    Rollover,
    FullRegister,
    Replacement,
    ReverseFlow,
    SensorSwap,
    ClockSkew,
    Reboot,
    Drop,
    Gap,
    GatewayOutage,
    Delay,
    Reorder,
    BacklogDump,
    Partition,
    Duplicate,
    Retain,
    Corrupt,
    Truncate,
    Oversize,
    Stranger,
    Hostile,
}

/// A line of the table.
#[derive(Debug)]
pub struct Fault {
    /// As scenarios name it, and as the ground truth labels it.
    pub name: &'static str,
    /// Where it comes from.
    pub class: Class,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// How much, where a scenario does not say.
    pub amount: f64,
    /// Of what.
    pub unit: &'static str,
    pub(crate) deed: Deed,
}

const fn line(name: &'static str, class: Class, deed: Deed, amount: f64, unit: &'static str, about: &'static str) -> Fault {
    Fault { name, class, about, amount, unit, deed }
}

/// Every event and every fault.
pub static FAULTS: [Fault; 41] = [
    line("fire", Class::Event, Deed::Burn, 75.0, "Cel", "A bin burns: its sensor is so hot."),
    line("full", Class::Event, Deed::Fill, 97.0, "%", "A bin is so full."),
    line("overturned", Class::Event, Deed::Tilt, 90.0, "deg", "A bin that feels how it hangs lies so far on its side."),
    line("carried", Class::Event, Deed::Carry, 300.0, "m", "A bin that says where it stands is so far north of its place."),
    line("dust", Class::Event, Deed::Dust, 180.0, "ug/m3", "Desert dust: so much more PM10, and 28 % of it as PM2.5."),
    line("fumes", Class::Event, Deed::Fumes, 250.0, "ug/m3", "So much more nitrogen dioxide."),
    line("smog", Class::Event, Deed::Smog, 250.0, "ug/m3", "So much more ozone."),
    line("leak", Class::Event, Deed::Flow, 40.0, "L/h", "Water that never stops behind a meter."),
    line("burst", Class::Event, Deed::Flow, 1800.0, "L/h", "A pipe behind a meter breaks."),
    line("battery", Class::Event, Deed::Drain, 8.0, "%", "A battery is nearly empty."),
    line("stuck", Class::Sensor, Deed::Stuck, 0.0, "", "The sensor repeats what it said first, with new times."),
    line("drift", Class::Sensor, Deed::Drift, 1.0, "units/h", "The main value runs away, so much an hour."),
    line("spike", Class::Sensor, Deed::Spike, 200.0, "units", "Single main values are so much too high."),
    line("noise", Class::Sensor, Deed::Noise, 10.0, "units", "The main value has so much noise (standard deviation)."),
    line("offset", Class::Sensor, Deed::Offset, 20.0, "units", "The main value is so much too high."),
    line("blind", Class::Sensor, Deed::Blind, 0.0, "", "The sensor of a bay says itself that it does not see."),
    line(
        "heaped",
        Class::Sensor,
        Deed::Heaped,
        0.15,
        "m",
        "Contents so near to a sensor that sees distances alone: nearer than it can see.",
    ),
    line(
        "lost_zero",
        Class::Sensor,
        Deed::LostZero,
        40.0,
        "ug/m3",
        "The cell for nitrogen dioxide has lost its zero: it is so much too low.",
    ),
    line(
        "wrong_unit",
        Class::Sensor,
        Deed::WrongUnit,
        1000.0,
        "times",
        "The main value is so many times too large: another unit.",
    ),
    line("counter_reset", Class::Sensor, Deed::CounterReset, 0.0, "", "The meter's register begins again at 0."),
    line("rollover", Class::Sensor, Deed::Rollover, 10.0, "m3", "The meter's register begins again whenever it is full."),
    line(
        "full_register",
        Class::Sensor,
        Deed::FullRegister,
        0.02,
        "m3",
        "The meter's register of eight digits of litres stands so little before its end, and begins again at 0.",
    ),
    line(
        "replacement",
        Class::Sensor,
        Deed::Replacement,
        0.0,
        "",
        "A new device under the old name: register, battery and count begin anew.",
    ),
    line("reverse_flow", Class::Sensor, Deed::ReverseFlow, 30.0, "L/h", "Water runs back through the meter."),
    line("sensor_swap", Class::Sensor, Deed::SensorSwap, 0.0, "", "The device says what another one of its kind measures."),
    line("clock_skew", Class::Sensor, Deed::ClockSkew, 3600.0, "s", "The device's clock is so far ahead; behind where negative."),
    line("reboot", Class::Sensor, Deed::Reboot, 3.0, "messages", "So many messages are missing, then the device counts from 0."),
    line("drop", Class::Way, Deed::Drop, 0.0, "", "Messages are lost."),
    line("gap", Class::Way, Deed::Gap, 0.0, "", "The device says nothing."),
    line("gateway_outage", Class::Way, Deed::GatewayOutage, 0.0, "", "What is sent by LoRaWAN is lost."),
    line("delay", Class::Way, Deed::Delay, 48.0, "h", "Messages come up to so much later, an hour at least."),
    line("reorder", Class::Way, Deed::Reorder, 600.0, "s", "Messages overtake one another: up to so late."),
    line(
        "backlog_dump",
        Class::Way,
        Deed::BacklogDump,
        0.0,
        "",
        "The device keeps what it has to say and says it at the end at once.",
    ),
    line(
        "partition",
        Class::Way,
        Deed::Partition,
        0.0,
        "",
        "A network or broker holds everything, and gives it at the end at once.",
    ),
    line("duplicate", Class::Way, Deed::Duplicate, 30.0, "s", "Messages come twice, the second time up to so much later."),
    line(
        "retained",
        Class::Way,
        Deed::Retain,
        300.0,
        "s",
        "The broker has kept a message and gives it again, marked so, up to so much later.",
    ),
    line("corrupt", Class::Way, Deed::Corrupt, 0.0, "", "The first byte is another one."),
    line("truncated", Class::Way, Deed::Truncate, 0.0, "", "Half of the payload is missing."),
    line("oversize", Class::Way, Deed::Oversize, 300.0, "KiB", "The payload is followed by so much of nothing."),
    line("unknown_device", Class::Way, Deed::Stranger, 0.0, "", "A LoRaWAN device that nobody knows speaks too."),
    line(
        "hostile",
        Class::Way,
        Deed::Hostile,
        0.0,
        "",
        "Somebody sends what should break a reader: depth, numbers, bytes, topics.",
    ),
];

/// The name of a line of the table.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct FaultName(&'static Fault);

impl FaultName {
    /// Its line.
    #[must_use]
    pub const fn row(self) -> &'static Fault {
        self.0
    }
}

impl TryFrom<String> for FaultName {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let known = || FAULTS.iter().map(|f| f.name).collect::<Vec<_>>().join(", ");
        FAULTS
            .iter()
            .find(|f| f.name == name)
            .map(FaultName)
            .ok_or_else(|| format!("`{name}` is no event or fault; there are {}", known()))
    }
}
