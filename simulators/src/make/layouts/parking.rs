//! The frames of parking detectors.

use schemas::Quantity;

use super::{ANY, Field, Layout, MILLI};

/// Port 1: the state has changed, and for how many minutes the one before had lasted. Port 2: it still holds.
pub(in crate::make) static NWAVE_NPS405: &[Layout] = &[
    Layout {
        when: Some(Quantity::PARKING_PREV_STATE_DURATION),
        bytes: &[0],
        fields: &[Field::bit("parking.occupied", 0, 0), Field::minutes("parking.prev_state_duration", 0)],
        ..ANY
    },
    Layout {
        port: 2,
        bytes: &[0, 0, 0],
        fields: &[
            Field::bit("parking.occupied", 0, 0),
            Field::byte("battery.voltage", 1).linear(4.0, 2500.0).in_unit(MILLI),
            Field::byte("device.temperature", 2).signed().divided(2.0).linear(1.0, 10.0),
        ],
        ..ANY
    },
];

pub(in crate::make) static BOSCH_TPS110: &[Layout] = &[
    Layout {
        port: 2,
        when: Some(Quantity::DEVICE_TEMPERATURE),
        bytes: &[0, 0],
        fields: &[Field::bit("parking.occupied", 0, 0), Field::byte("device.temperature", 1).signed()],
        ..ANY
    },
    Layout { bytes: &[0], fields: &[Field::bit("parking.occupied", 0, 0)], ..ANY },
];

/// Bit 5: the battery is good.
pub(in crate::make) static TEKZITEL_TEKZIPARK: &[Layout] = &[Layout {
    bytes: &[0x20, 0, 0],
    fields: &[
        Field::bit("parking.occupied", 0, 7),
        Field::always("battery.low", 0.0),
        Field::byte("device.temperature", 1).signed(),
        Field::bit("parking.sensor_obstructed", 0, 4),
    ],
    ..ANY
}];

pub(in crate::make) static PNI_PLACEPOD: &[Layout] = &[
    Layout {
        when: Some(Quantity::DEVICE_TEMPERATURE),
        bytes: &[0x03, 0x02, 0, 0, 0x02, 0x67, 0, 0, 0x37, 0x66, 0],
        fields: &[
            Field::word("battery.voltage", 2).signed().divided(100.0),
            Field::word("device.temperature", 6).signed().divided(10.0),
            Field::byte("parking.occupied", 10).within(0.0, 1.0),
        ],
        ..ANY
    },
    Layout { bytes: &[0x15, 0x66, 0], fields: &[Field::byte("parking.occupied", 2).within(0.0, 1.0)], ..ANY },
];

/// Bit 0, on port 1 where the state has changed and on port 2 where it still holds.
pub(in crate::make) static NWAVE_NPS310: &[Layout] = &[
    Layout {
        when: Some(Quantity::PARKING_PREV_STATE_DURATION),
        bytes: &[0],
        fields: &[Field::bit("parking.occupied", 0, 0)],
        ..ANY
    },
    Layout { port: 2, bytes: &[0], fields: &[Field::bit("parking.occupied", 0, 0)], ..ANY },
];

/// Port 2: the battery now and its mean of a day. Port 1: how many cars passed.
pub(in crate::make) static NWAVE_NCC405: &[Layout] = &[
    Layout {
        port: 2,
        when: Some(Quantity::BATTERY_VOLTAGE),
        bytes: &[0, 0, 0x7a],
        fields: &[Field::byte("battery.voltage", 1).linear(4.0, 2500.0).in_unit(MILLI)],
        ..ANY
    },
    Layout { bytes: &[0, 0], fields: &[Field::word("parking.passages", 0)], ..ANY },
];

/// A report of 23 bytes: distance to the car, state, battery, magnetic field, temperature, humidity, count.
pub(in crate::make) static DINGTEK_DO201: &[Layout] = &[Layout {
    port: 3,
    bytes: &[0x80, 0, 0x31, 0x02, 0x17, 0, 0x96, 0x01, 0, 0, 0, 0, 0x10, 0xff, 0xf6, 0xff, 0xf0, 0, 0, 0, 0x01, 0, 0x81],
    fields: &[
        Field::bit("parking.occupied", 7, 4),
        Field::word("battery.voltage", 9).divided(100.0),
        Field::bit("battery.low", 8, 0),
        Field::byte("device.temperature", 17).signed(),
        Field::byte("device.humidity", 18).within(0.0, 100.0),
    ],
    ..ANY
}];

/// Firmware 3. State, battery and frame type (0: it changed, 1: it holds), a count of frames, the sensor's error, temperature.
pub(in crate::make) static LIBELIUM: &[Layout] = &[
    Layout { when: Some(Quantity::PARKING_PREV_STATE_DURATION), bytes: &[0x00, 5, 0, 0, 0, 0x14, 0, 0, 0, 0, 0], ..LIBELIUM_3 },
    Layout { bytes: &[0x01, 6, 0, 0, 0, 0x14, 0, 0, 0, 0, 0], ..LIBELIUM_3 },
];

const LIBELIUM_3: Layout = Layout {
    fields: &[
        Field::bit("parking.occupied", 0, 7),
        Field::bit("battery.low", 0, 6),
        Field::byte("device.fault", 2),
        Field::byte("device.temperature", 3).signed(),
    ],
    ..ANY
};

/// Firmware 2, where hours and minutes stand before the temperature of what still holds.
pub(in crate::make) static LIBELIUM_V2: &[Layout] = &[
    Layout {
        when: Some(Quantity::PARKING_PREV_STATE_DURATION),
        bytes: &[0x00, 5, 0, 0, 0x14, 0, 0, 0xff, 0xe0, 0, 0x10],
        fields: &[
            Field::bit("parking.occupied", 0, 7),
            Field::bit("battery.low", 0, 6),
            Field::byte("device.temperature", 2).signed(),
        ],
        ..ANY
    },
    Layout {
        bytes: &[0x01, 6, 0x17, 0x3b, 0, 0, 0x14, 0, 0, 0xff, 0xe0],
        fields: &[
            Field::bit("parking.occupied", 0, 7),
            Field::bit("battery.low", 0, 6),
            Field::byte("device.temperature", 4).signed(),
        ],
        ..ANY
    },
];
