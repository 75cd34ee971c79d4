//! The frames of bin sensors.

use super::{ANY, Field, Layout, MILLI};

/// Version 1, type 0x34, measurement, battery, status on, then words.
pub(in crate::make) static NETVOX_R718X: &[Layout] = &[Layout {
    port: 6,
    bytes: &[0x01, 0x34, 0x01, 0, 0x01, 0, 0, 0, 0, 0, 0],
    fields: &[
        Field::byte("battery.voltage", 3).divided(10.0).within(0.0, 127.0),
        Field::word("waste.distance", 5).in_unit(MILLI),
        Field::byte("waste.fill", 9).within(0.0, 100.0),
        Field::word("device.temperature", 7).signed().divided(10.0),
        Field::byte("device.tilt", 10),
    ],
    ..ANY
}];

pub(in crate::make) static MILESIGHT_EM310_UDL: &[Layout] = &[Layout {
    port: 85,
    bytes: &[0x01, 0x75, 0, 0x03, 0x82, 0, 0, 0x04, 0x00, 0],
    fields: &[
        Field::byte("battery.level", 2).within(0.0, 100.0),
        Field::word("waste.distance", 5).little().in_unit(MILLI),
        Field::byte("device.tilt_alarm", 9).within(0.0, 1.0),
    ],
    ..ANY
}];

pub(in crate::make) static MILESIGHT_EM400_TLD: &[Layout] = &[Layout {
    port: 85,
    bytes: &[0x01, 0x75, 0, 0x03, 0x67, 0, 0, 0x04, 0x82, 0, 0, 0x05, 0x00, 0],
    fields: &[
        Field::byte("battery.level", 2).within(0.0, 100.0),
        Field::word("device.temperature", 5).little().signed().divided(10.0),
        Field::word("waste.distance", 9).little().in_unit(MILLI),
        Field::byte("device.tilt_alarm", 13).within(0.0, 1.0),
    ],
    ..ANY
}];

/// A report of seventeen bytes. The temperature has no sign.
pub(in crate::make) static DINGTEK_DF702: &[Layout] = &[Layout {
    port: 3,
    bytes: &[0x80, 0, 0x01, 0x01, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x81],
    fields: &[
        Field::word("waste.distance", 5).in_unit(MILLI),
        Field::bit("waste.full", 11, 4),
        Field::bit("waste.fire", 11, 0),
        Field::bit("device.tilt_alarm", 12, 4),
        Field::bit("battery.low", 12, 0),
        Field::byte("device.tilt", 10),
        Field::byte("device.temperature", 8),
    ],
    ..ANY
}];

/// Packet 2: status good, a float in metres (HART unit 45), battery, temperature, angle.
pub(in crate::make) static VEGAPULS_AIR: &[Layout] = &[Layout {
    bytes: &[2, 0, 0, 0, 0, 0, 45, 0, 0, 0, 0],
    fields: &[
        Field::float("waste.distance", 2),
        Field::byte("battery.level", 7).within(0.0, 100.0),
        Field::word("device.temperature", 8).signed().divided(10.0),
        Field::byte("device.tilt", 10),
    ],
    ..ANY
}];

/// Version 2, the device's number; the mean distance, other numbers of the same hundred samples, battery.
pub(in crate::make) static DECENTLAB_DL_LID: &[Layout] = &[Layout {
    bytes: &[2, 0x04, 0xd2, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x64, 0x01, 0x99, 0, 0],
    fields: &[Field::word("waste.distance", 5).in_unit(MILLI), Field::word("battery.voltage", 27).in_unit(MILLI)],
    ..ANY
}];

/// The distance of ten valid samples, battery.
pub(in crate::make) static DECENTLAB_DL_MBX: &[Layout] = &[Layout {
    bytes: &[2, 0x04, 0xd2, 0, 3, 0, 0, 0, 0x0a, 0, 0],
    fields: &[Field::word("waste.distance", 5).in_unit(MILLI), Field::word("battery.voltage", 9).in_unit(MILLI)],
    ..ANY
}];

/// Battery, distance from 280 mm on, no interrupt, no probe, sensor there.
pub(in crate::make) static DRAGINO_LDDS: &[Layout] = &[Layout {
    port: 2,
    bytes: &[0, 0, 0, 0, 0, 0, 0, 1],
    fields: &[
        Field::word("battery.voltage", 0).in_unit(MILLI).within(0.0, 16_383.0),
        Field::word("waste.distance", 2).in_unit(MILLI).within(280.0, 7500.0),
    ],
    ..ANY
}];

/// Frame 0x14 of type 1, a date, an analogue input; then the lowest byte first.
pub(in crate::make) static ENGINKO_LEVEL: &[Layout] = &[Layout {
    bytes: &[0x14, 0x01, 0x5b, 0x07, 0x75, 0x31, 0xb7, 0x0b, 0xe9, 0x01, 0, 0, 0, 0, 0, 0],
    fields: &[
        Field::word("waste.distance", 10).little().in_unit(MILLI),
        Field::byte("waste.fill", 12).within(0.0, 100.0),
        Field::word("device.temperature", 13).little().signed().divided(100.0),
        Field::byte("battery.level", 15).within(0.0, 100.0),
    ],
    ..ANY
}];

pub(in crate::make) static MILESIGHT_EM500_UDL: &[Layout] = &[Layout {
    port: 85,
    bytes: &[0x01, 0x75, 0, 0x03, 0x82, 0, 0],
    fields: &[Field::byte("battery.level", 2).within(0.0, 100.0), Field::word("waste.distance", 5).little().in_unit(MILLI)],
    ..ANY
}];

/// Length and type each: distance in millimetres, level, temperature, battery in tenths of a volt.
pub(in crate::make) static PEPPERL_FUCHS_WILSEN: &[Layout] = &[Layout {
    bytes: &[0x04, 0x0b, 0x02, 0, 0, 0x03, 0x0b, 0x06, 0, 0x06, 0x02, 0x01, 0, 0, 0, 0, 0x03, 0x51, 0x01, 0],
    fields: &[
        Field::word("waste.distance", 3).in_unit(MILLI),
        Field::byte("waste.fill", 8).within(0.0, 100.0),
        Field::float("device.temperature", 12),
        Field::byte("battery.voltage", 19).divided(10.0),
    ],
    ..ANY
}];
