//! The frames of each make, from the makers' documents: [codec's profiles](../../../ingest/codec/profiles/netvox-r718x.toml) name them.

use schemas::Quantity;

use super::layout::{Field, Layout};

/// Millimetres in a metre, millivolts in a volt, pascals in a hectopascal.
const MILLI: f64 = 1000.0;

/// Version 1, type 0x34, measurement, battery, status on, then words.
pub(super) static NETVOX_R718X: &[Layout] = &[Layout {
    port: 6,
    when: None,
    bytes: &[0x01, 0x34, 0x01, 0, 0x01, 0, 0, 0, 0, 0, 0],
    fields: &[
        Field::byte("battery.voltage", 3).divided(10.0).within(0.0, 127.0),
        Field::word("waste.distance", 5).in_unit(MILLI),
        Field::byte("waste.fill", 9).within(0.0, 100.0),
        Field::word("device.temperature", 7).signed().divided(10.0),
        Field::byte("device.tilt", 10),
    ],
}];

/// Port 1: the state has changed, and for how many minutes the one before had lasted. Port 2: it still holds.
pub(super) static NWAVE_NPS405: &[Layout] = &[
    Layout {
        port: 1,
        when: Some(Quantity::PARKING_PREV_STATE_DURATION),
        bytes: &[0],
        fields: &[Field::bit("parking.occupied", 0, 0), Field::minutes("parking.prev_state_duration", 0)],
    },
    Layout {
        port: 2,
        when: None,
        bytes: &[0, 0, 0],
        fields: &[
            Field::bit("parking.occupied", 0, 0),
            Field::byte("battery.voltage", 1).linear(4.0, 2500.0).in_unit(MILLI),
            Field::byte("device.temperature", 2).signed().divided(2.0).linear(1.0, 10.0),
        ],
    },
];

pub(super) static BOSCH_TPS110: &[Layout] = &[
    Layout {
        port: 2,
        when: Some(Quantity::DEVICE_TEMPERATURE),
        bytes: &[0, 0],
        fields: &[Field::bit("parking.occupied", 0, 0), Field::byte("device.temperature", 1).signed()],
    },
    Layout { port: 1, when: None, bytes: &[0], fields: &[Field::bit("parking.occupied", 0, 0)] },
];

/// Bit 5: the battery is good.
pub(super) static TEKZITEL_TEKZIPARK: &[Layout] = &[Layout {
    port: 1,
    when: None,
    bytes: &[0x20, 0, 0],
    fields: &[
        Field::bit("parking.occupied", 0, 7),
        Field::always("battery.low", 0.0),
        Field::byte("device.temperature", 1).signed(),
        Field::bit("parking.sensor_obstructed", 0, 4),
    ],
}];

pub(super) static PNI_PLACEPOD: &[Layout] = &[
    Layout {
        port: 1,
        when: Some(Quantity::DEVICE_TEMPERATURE),
        bytes: &[0x03, 0x02, 0, 0, 0x02, 0x67, 0, 0, 0x37, 0x66, 0],
        fields: &[
            Field::word("battery.voltage", 2).signed().divided(100.0),
            Field::word("device.temperature", 6).signed().divided(10.0),
            Field::byte("parking.occupied", 10).within(0.0, 1.0),
        ],
    },
    Layout { port: 1, when: None, bytes: &[0x15, 0x66, 0], fields: &[Field::byte("parking.occupied", 2).within(0.0, 1.0)] },
];

/// Version 2, the device's number, battery and particles follow; the typical size, 0.6 um, is not taken.
pub(super) static DECENTLAB_DL_PM: &[Layout] = &[Layout {
    port: 1,
    when: None,
    bytes: &[2, 0x1b, 0x50, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x58, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    fields: &[
        Field::word("battery.voltage", 5).in_unit(MILLI),
        Field::word("air.pm1", 7).divided(10.0),
        Field::word("air.pm2_5", 9).divided(10.0),
        Field::word("air.pm4", 11).divided(10.0),
        Field::word("air.pm10", 13).divided(10.0),
        Field::word("air.number_pm0_5", 17).divided(10.0),
        Field::word("air.number_pm1", 19).divided(10.0),
        Field::word("air.number_pm2_5", 21).divided(10.0),
        Field::word("air.number_pm4", 23).divided(10.0),
        Field::word("air.number_pm10", 25).divided(10.0),
    ],
}];

pub(super) static MILESIGHT_AM308: &[Layout] = &[Layout {
    port: 85,
    when: None,
    bytes: &[
        0x01, 0x75, 0, 0x03, 0x67, 0, 0, 0x04, 0x68, 0, 0x07, 0x7d, 0, 0, 0x09, 0x73, 0, 0, 0x0b, 0x7d, 0, 0, 0x0c, 0x7d, 0, 0,
    ],
    fields: &[
        Field::byte("battery.level", 2).within(0.0, 100.0),
        Field::word("air.temperature", 5).little().signed().divided(10.0),
        Field::byte("air.humidity", 9).divided(2.0).within(0.0, 200.0),
        Field::word("air.co2", 12).little(),
        Field::word("air.pressure", 16).little().divided(10.0),
        Field::word("air.pm2_5", 20).little(),
        Field::word("air.pm10", 24).little(),
    ],
}];

/// Message 1 of the PLUS: bytes 27 to 30 name the model. Formaldehyde still warms up.
pub(super) static INBIOT_PLUS: &[Layout] = &[Layout {
    port: 1,
    when: None,
    bytes: &[
        1, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 3, b'P', b'L',
        b'U', b'S', 0x4c, 0, 0x34, 0x40, 0x31,
    ],
    fields: &[
        Field::word("air.temperature", 1).signed().divided(10.0),
        Field::word("air.humidity", 3).divided(10.0).within(0.0, 1000.0),
        Field::word("air.co2", 5),
        Field::word("air.tvoc", 9),
        Field::word("air.pm1", 11),
        Field::word("air.pm2_5", 13),
        Field::word("air.pm4", 15),
        Field::word("air.pm10", 17),
    ],
}];

pub(super) static MILESIGHT_EM310_UDL: &[Layout] = &[Layout {
    port: 85,
    when: None,
    bytes: &[0x01, 0x75, 0, 0x03, 0x82, 0, 0, 0x04, 0x00, 0],
    fields: &[
        Field::byte("battery.level", 2).within(0.0, 100.0),
        Field::word("waste.distance", 5).little().in_unit(MILLI),
        Field::byte("device.tilt_alarm", 9).within(0.0, 1.0),
    ],
}];

pub(super) static MILESIGHT_EM400_TLD: &[Layout] = &[Layout {
    port: 85,
    when: None,
    bytes: &[0x01, 0x75, 0, 0x03, 0x67, 0, 0, 0x04, 0x82, 0, 0, 0x05, 0x00, 0],
    fields: &[
        Field::byte("battery.level", 2).within(0.0, 100.0),
        Field::word("device.temperature", 5).little().signed().divided(10.0),
        Field::word("waste.distance", 9).little().in_unit(MILLI),
        Field::byte("device.tilt_alarm", 13).within(0.0, 1.0),
    ],
}];

/// A report of seventeen bytes. The temperature has no sign.
pub(super) static DINGTEK_DF702: &[Layout] = &[Layout {
    port: 3,
    when: None,
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
}];

/// Packet 2: status good, a float in metres (HART unit 45), battery, temperature, angle.
pub(super) static VEGAPULS_AIR: &[Layout] = &[Layout {
    port: 1,
    when: None,
    bytes: &[2, 0, 0, 0, 0, 0, 45, 0, 0, 0, 0],
    fields: &[
        Field::float("waste.distance", 2),
        Field::byte("battery.level", 7).within(0.0, 100.0),
        Field::word("device.temperature", 8).signed().divided(10.0),
        Field::byte("device.tilt", 10),
    ],
}];

/// Litres, a leak as 3 and none as 2, the battery in steps of 8 mV from 1,800, never so low that the maker calls it low, and three
/// temperatures.
pub(super) static QUANDIFY_CUBICMETER: &[Layout] = &[Layout {
    port: 1,
    when: None,
    bytes: &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 72, 76, 80],
    fields: &[
        Field::long("water.volume", 6).in_unit(MILLI),
        Field::byte("water.leak", 22).linear(1.0, -2.0).within(2.0, 3.0),
        Field::always("water.backflow", 0.0),
        Field::always("device.fault", 0.0),
        Field::always("water.temperature_min", 16.0),
        Field::always("water.temperature_max", 18.0),
        Field::always("device.temperature", 20.0),
        Field::byte("battery.voltage", 24).linear(8.0, 1800.0).in_unit(MILLI).within(163.0, 255.0),
        Field::always("battery.low", 0.0),
    ],
}];

/// Records: the register in litres as eight digits, the flow in litres an hour, the temperature of the water.
pub(super) static M_BUS_RECORDS: &[Layout] = &[Layout {
    port: 1,
    when: None,
    bytes: &[0x0c, 0x13, 0, 0, 0, 0, 0x02, 0x3b, 0, 0, 0x02, 0x5b, 0, 0],
    fields: &[
        Field::digits("water.volume", 2).in_unit(MILLI),
        Field::word("water.flow", 8).little().signed().in_unit(MILLI),
        Field::word("water.temperature", 12).little().signed(),
    ],
}];
