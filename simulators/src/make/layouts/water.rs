//! The frames of water meters, pulse counters and leak detectors.

use super::{ANY, Field, Layout, MILLI};
use crate::make::log;

/// Litres, a leak as 3 and none as 2, the battery in steps of 8 mV from 1,800, never so low that the maker calls it low, and three
/// temperatures.
pub(in crate::make) static QUANDIFY_CUBICMETER: &[Layout] = &[Layout {
    bytes: &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 72, 76, 80],
    fields: &[
        Field::long("water.volume", 6).little().in_unit(MILLI),
        Field::byte("water.leak", 22).linear(1.0, -2.0).within(2.0, 3.0),
        Field::always("water.backflow", 0.0),
        Field::always("device.fault", 0.0),
        Field::always("water.temperature_min", 16.0),
        Field::always("water.temperature_max", 18.0),
        Field::always("device.temperature", 20.0),
        Field::byte("battery.voltage", 24).linear(8.0, 1800.0).in_unit(MILLI).within(163.0, 255.0),
        Field::always("battery.low", 0.0),
    ],
    ..ANY
}];

/// Records: the register in litres as eight digits, the flow in litres an hour, the temperature of the water.
pub(in crate::make) static M_BUS_RECORDS: &[Layout] = &[Layout {
    bytes: &[0x0c, 0x13, 0, 0, 0, 0, 0x02, 0x3b, 0, 0, 0x02, 0x5b, 0, 0],
    fields: &[
        Field::digits("water.volume", 2).in_unit(MILLI),
        Field::word("water.flow", 8).little().signed().in_unit(MILLI),
        Field::word("water.temperature", 12).little().signed(),
    ],
    ..ANY
}];

/// The enhanced frame: version, log time, status, the register then, and what each of 23 hours took. Bit 4 comes with each alarm of
/// which the three highest bits are the number.
pub(in crate::make) static AXIOMA_QALCOSONIC_W1: &[Layout] = &[Layout {
    port: 100,
    bytes: &[
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ],
    fields: &[
        Field::code("water.leak", 5, 0x30),
        Field::always("water.burst", 0.0),
        Field::always("water.backflow", 0.0),
        Field::always("water.dry", 0.0),
        Field::always("water.frost", 0.0),
        Field::bit("battery.low", 5, 2),
        Field::always("device.fault", 0.0),
    ],
    log: Some(&log::AXIOMA),
    ..ANY
}];

/// From the CI field on: date and register of the last hour, then the information code: bit 2 is a leak, 3 a burst.
pub(in crate::make) static KAMSTRUP: &[Layout] = &[Layout {
    bytes: &[0x78, 0x44, 0x6d, 0, 0, 0, 0, 0x44, 0x13, 0, 0, 0, 0, 0x52, 0xff, 0x25, 0, 0],
    fields: &[
        Field::bit("water.tamper", 16, 4),
        Field::always("water.dry", 0.0),
        Field::always("water.backflow", 0.0),
        Field::bit("water.leak", 16, 2),
        Field::bit("water.burst", 16, 3),
    ],
    log: Some(&log::KAMSTRUP),
    ..ANY
}];

/// Code 0x44, register, what flowed back, K, cold water, litres, alarms, temperature.
pub(in crate::make) static B_METERS_IWM: &[Layout] = &[Layout {
    bytes: &[0x44, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x07, 0x13, 0, 0, 0],
    fields: &[
        Field::long("water.volume", 1).little().in_unit(MILLI),
        Field::always("water.volume_reverse", 0.0),
        Field::always("water.tamper", 0.0),
        Field::bit("water.leak", 12, 3),
        Field::always("water.backflow", 0.0),
        Field::bit("battery.low", 12, 5),
        Field::word("device.temperature", 13).signed().divided(10.0),
    ],
    ..ANY
}];

/// Version 2, the device's number; pulses of ten minutes, the count, battery.
pub(in crate::make) static DECENTLAB_DL_DLR2_002: &[Layout] = &[Layout {
    bytes: &[2, 0x19, 0x9e, 0, 3, 0, 9, 0x02, 0x58, 0, 0, 0, 0, 0, 0],
    fields: &[Field::words("water.pulse_count", 9), Field::word("battery.voltage", 13).in_unit(MILLI)],
    ..ANY
}];

/// The first of two inputs.
pub(in crate::make) static DECENTLAB_DL_DLR2_010: &[Layout] = &[Layout {
    bytes: &[2, 0x19, 0x8f, 0, 5, 0, 9, 0x02, 0x58, 0, 0, 0, 0, 0, 0],
    fields: &[Field::words("water.pulse_count", 9), Field::word("battery.voltage", 13).in_unit(MILLI)],
    ..ANY
}];

/// Flags, of which bit 1 says that water flows without end, pulses since it was installed (mode 0), the time.
pub(in crate::make) static DRAGINO_SW3L: &[Layout] = &[Layout {
    port: 2,
    bytes: &[0x04, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    fields: &[Field::long("water.pulse_count", 1), Field::bit("water.leak", 0, 1)],
    clock: Some(7),
    ..ANY
}];

pub(in crate::make) static MILESIGHT_EM300_DI: &[Layout] = &[Layout {
    port: 85,
    bytes: &[0x01, 0x75, 0, 0x05, 0xc8, 0, 0, 0, 0],
    fields: &[Field::byte("battery.level", 2).within(0.0, 100.0), Field::long("water.pulse_count", 5).little()],
    ..ANY
}];

/// Battery, temperature and humidity where it stands, leak.
pub(in crate::make) static MILESIGHT_EM300_ZLD: &[Layout] = &[Layout {
    port: 85,
    bytes: &[0x01, 0x75, 0, 0x03, 0x67, 0, 0, 0x04, 0x68, 0, 0x05, 0x00, 0],
    fields: &[
        Field::byte("battery.level", 2).within(0.0, 100.0),
        Field::word("device.temperature", 5).little().signed().divided(10.0),
        Field::byte("device.humidity", 9).divided(2.0).within(0.0, 200.0),
        Field::byte("water.leak", 12).within(0.0, 1.0),
    ],
    ..ANY
}];

/// R718WA: version, type 0x32, measurement, battery, leak.
pub(in crate::make) static NETVOX_WATER_LEAK: &[Layout] = &[Layout {
    port: 6,
    bytes: &[0x01, 0x32, 0x01, 0, 0, 0, 0, 0, 0, 0, 0],
    fields: &[
        Field::byte("battery.voltage", 3).divided(10.0).within(0.0, 127.0),
        Field::bit("battery.low", 3, 7),
        Field::byte("water.leak", 4).within(0.0, 1.0),
    ],
    ..ANY
}];
