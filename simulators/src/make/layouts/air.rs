//! The frames of air monitors.

use super::{ANY, Field, HECTO, Layout, MILLI};

/// Version 2, the device's number, battery and particles follow; the typical size, 0.6 um, is not taken.
pub(in crate::make) static DECENTLAB_DL_PM: &[Layout] = &[Layout {
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
    ..ANY
}];

pub(in crate::make) static MILESIGHT_AM308: &[Layout] = &[Layout {
    port: 85,
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
    ..ANY
}];

/// Message 1 of the PLUS: bytes 27 to 30 name the model. Formaldehyde still warms up.
pub(in crate::make) static INBIOT_PLUS: &[Layout] = &[Layout {
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
    ..ANY
}];

/// Version 2, the device's number, all seven sensors: battery, temperature and humidity, pressure, light (four bytes), CO2 with the
/// state of its sensor (four bytes), activity (two bytes), VOC.
pub(in crate::make) static DECENTLAB_DL_IAM: &[Layout] = &[Layout {
    bytes: &[2, 0x0b, 0xbd, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x62, 0, 0x69, 0, 0, 0, 0, 0x93, 0xd4, 0, 0x0b, 0, 0],
    fields: &[
        Field::word("battery.voltage", 5).in_unit(MILLI),
        Field::word("air.temperature", 7).linear(175.0, -45.0).divided(65_535.0),
        Field::word("air.humidity", 9).linear(100.0, 0.0).divided(65_535.0),
        Field::word("air.pressure", 11).linear(2.0, 0.0).in_unit(HECTO),
        Field::word("air.co2", 17).linear(1.0, -32_768.0),
        Field::word("air.tvoc", 25),
    ],
    ..ANY
}];

/// Version 2, the device's number, all four sensors: temperature and humidity, the barometer's temperature and pressure, CO2 with what is
/// behind it (fourteen bytes), battery.
pub(in crate::make) static DECENTLAB_DL_LP8P: &[Layout] = &[Layout {
    bytes: &[
        2, 0x05, 0x78, 0, 0x0f, 0, 0, 0, 0, 0x1c, 0xed, 0, 0, 0, 0, 0x81, 0xa4, 0x89, 0x5b, 0x0b, 0xd8, 0x0b, 0xb5, 0, 0, 0x95,
        0x98, 0x95, 0x39, 0, 0,
    ],
    fields: &[
        Field::word("air.temperature", 5).linear(175.72, -46.85).divided(65_536.0),
        Field::word("air.humidity", 7).linear(125.0, -6.0).divided(65_536.0).within(3146.0, 55_574.0),
        Field::word("air.pressure", 11).linear(2.0, 0.0).in_unit(HECTO),
        Field::word("air.co2", 13).linear(1.0, -32_768.0),
        Field::word("battery.voltage", 29).in_unit(MILLI),
    ],
    ..ANY
}];

/// Behind a byte of type each: temperature, humidity, motion, CO2, battery.
pub(in crate::make) static ELSYS_ERS_CO2: &[Layout] = &[Layout {
    port: 5,
    bytes: &[0x01, 0, 0, 0x02, 0, 0x05, 0, 0x06, 0, 0, 0x07, 0, 0],
    fields: &[
        Field::word("air.temperature", 1).signed().divided(10.0),
        Field::byte("air.humidity", 4).within(0.0, 100.0),
        Field::word("air.co2", 8),
        Field::word("battery.voltage", 11).in_unit(MILLI),
    ],
    ..ANY
}];

/// Channel and type each: temperature (103), humidity (104), pressure (115).
pub(in crate::make) static CAYENNE_LPP: &[Layout] = &[Layout {
    bytes: &[1, 0x67, 0, 0, 2, 0x68, 0, 3, 0x73, 0, 0],
    fields: &[
        Field::word("air.temperature", 2).signed().divided(10.0),
        Field::byte("air.humidity", 6).divided(2.0).within(0.0, 200.0),
        Field::word("air.pressure", 9).divided(10.0),
    ],
    ..ANY
}];

/// Battery, temperature, humidity.
pub(in crate::make) static MILESIGHT_AM102: &[Layout] = &[Layout {
    port: 85,
    bytes: &[0x01, 0x75, 0, 0x03, 0x67, 0, 0, 0x04, 0x68, 0],
    fields: &[
        Field::byte("battery.level", 2).within(0.0, 100.0),
        Field::word("air.temperature", 5).little().signed().divided(10.0),
        Field::byte("air.humidity", 9).divided(2.0).within(0.0, 200.0),
    ],
    ..ANY
}];

/// And CO2.
pub(in crate::make) static MILESIGHT_AM103: &[Layout] = &[Layout {
    port: 85,
    bytes: &[0x01, 0x75, 0, 0x03, 0x67, 0, 0, 0x04, 0x68, 0, 0x07, 0x7d, 0, 0],
    fields: &[
        Field::byte("battery.level", 2).within(0.0, 100.0),
        Field::word("air.temperature", 5).little().signed().divided(10.0),
        Field::byte("air.humidity", 9).divided(2.0).within(0.0, 200.0),
        Field::word("air.co2", 12).little(),
    ],
    ..ANY
}];

/// And activity, VOC in ppb, pressure.
pub(in crate::make) static MILESIGHT_AM107: &[Layout] = &[Layout {
    port: 85,
    bytes: &[
        0x01, 0x75, 0, 0x03, 0x67, 0, 0, 0x04, 0x68, 0, 0x05, 0x6a, 0, 0, 0x07, 0x7d, 0, 0, 0x08, 0x7d, 0, 0, 0x09, 0x73, 0, 0,
    ],
    fields: &[
        Field::byte("battery.level", 2).within(0.0, 100.0),
        Field::word("air.temperature", 5).little().signed().divided(10.0),
        Field::byte("air.humidity", 9).divided(2.0).within(0.0, 200.0),
        Field::word("air.co2", 16).little(),
        Field::word("air.tvoc", 20).little(),
        Field::word("air.pressure", 24).little().divided(10.0),
    ],
    ..ANY
}];

/// Motion and steps of light instead, and VOC as a rating.
pub(in crate::make) static MILESIGHT_AM307: &[Layout] = &[Layout {
    port: 85,
    bytes: &[
        0x01, 0x75, 0, 0x03, 0x67, 0, 0, 0x04, 0x68, 0, 0x05, 0x00, 0, 0x06, 0xcb, 0, 0x07, 0x7d, 0, 0, 0x08, 0x7d, 0, 0, 0x09,
        0x73, 0, 0,
    ],
    fields: &[
        Field::byte("battery.level", 2).within(0.0, 100.0),
        Field::word("air.temperature", 5).little().signed().divided(10.0),
        Field::byte("air.humidity", 9).divided(2.0).within(0.0, 200.0),
        Field::word("air.co2", 18).little(),
        Field::word("air.voc_rating", 22).little().divided(100.0),
        Field::word("air.pressure", 26).little().divided(10.0),
    ],
    ..ANY
}];

/// And formaldehyde in hundredths of a mg/m3, and particles.
pub(in crate::make) static MILESIGHT_AM319: &[Layout] = &[Layout {
    port: 85,
    bytes: &[
        0x01, 0x75, 0, 0x03, 0x67, 0, 0, 0x04, 0x68, 0, 0x05, 0x00, 0, 0x06, 0xcb, 0, 0x07, 0x7d, 0, 0, 0x08, 0x7d, 0, 0, 0x09,
        0x73, 0, 0, 0x0a, 0x7d, 0, 0, 0x0b, 0x7d, 0, 0, 0x0c, 0x7d, 0, 0,
    ],
    fields: &[
        Field::byte("battery.level", 2).within(0.0, 100.0),
        Field::word("air.temperature", 5).little().signed().divided(10.0),
        Field::byte("air.humidity", 9).divided(2.0).within(0.0, 200.0),
        Field::word("air.co2", 18).little(),
        Field::word("air.voc_rating", 22).little().divided(100.0),
        Field::word("air.pressure", 26).little().divided(10.0),
        Field::word("air.hcho", 30).little().linear(10.0, 0.0),
        Field::word("air.pm2_5", 34).little(),
        Field::word("air.pm10", 38).little(),
    ],
    ..ANY
}];

/// Battery, temperature, humidity, CO2, pressure.
pub(in crate::make) static MILESIGHT_EM500_CO2: &[Layout] = &[Layout {
    port: 85,
    bytes: &[0x01, 0x75, 0, 0x03, 0x67, 0, 0, 0x04, 0x68, 0, 0x05, 0x7d, 0, 0, 0x06, 0x73, 0, 0],
    fields: &[
        Field::byte("battery.level", 2).within(0.0, 100.0),
        Field::word("air.temperature", 5).little().signed().divided(10.0),
        Field::byte("air.humidity", 9).divided(2.0).within(0.0, 200.0),
        Field::word("air.co2", 12).little(),
        Field::word("air.pressure", 16).little().divided(10.0),
    ],
    ..ANY
}];

/// Device, hardware and software; temperature, pressure above 65,535 Pa, humidity, resistance, sound; formaldehyde and ozone in ppb.
/// The last byte is a checksum, which readers pass over.
pub(in crate::make) static URADMONITOR_A3: &[Layout] = &[Layout {
    bytes: &[0x82, 0, 0, 1, 0x6c, 0x4e, 0, 0, 2, 0x58, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    fields: &[
        Field::magnitude("air.temperature", 10).divided(100.0),
        Field::word("air.pressure", 12).linear(1.0, 65_535.0).in_unit(HECTO),
        Field::byte("air.humidity", 14).divided(2.0).within(0.0, 200.0),
        Field::triple("air.gas_resistance", 15),
        Field::byte("air.noise", 18).divided(2.0),
        Field::word("air.co2", 19),
        Field::word("air.hcho", 21).linear(12_482.0, 0.0).divided(TEN_THOUSAND),
        Field::word("air.o3", 23).linear(O3, 0.0).divided(TEN_THOUSAND),
        Field::word("air.pm1", 25),
        Field::word("air.pm2_5", 27),
        Field::word("air.pm10", 29),
    ],
    ..ANY
}];

/// The same, four gases in thousandths of a ppm, each behind its number, and PM1 and PM10 by how far they are from PM2.5.
pub(in crate::make) static URADMONITOR_INDUSTRIAL: &[Layout] = &[Layout {
    bytes: &[
        0x14, 0, 0, 0x8e, 0x06, 0x4e, 0, 0, 0x1c, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x2a, 0, 0, 0,
        0x2c, 0, 0, 0, 0x2b, 0, 0, 0, 0x04, 0, 0, 0, 0, 0, 0, 0, 0,
    ],
    fields: &[
        Field::magnitude("air.temperature", 20).divided(100.0),
        Field::word("air.pressure", 22).linear(1.0, 65_535.0).in_unit(HECTO),
        Field::byte("air.humidity", 24).divided(2.0).within(0.0, 200.0),
        Field::triple("air.gas_resistance", 25),
        Field::byte("air.noise", 28).divided(2.0),
        Field::word("air.pm2_5", 46),
        Field::byte("air.pm1", 45).linear(-1.0, 0.0).from("air.pm2_5"),
        Field::byte("air.pm10", 48).from("air.pm2_5"),
        Field::triple("air.o3", 30).linear(O3, 0.0).divided(TEN_THOUSAND),
        Field::triple("air.no2", 34).linear(19_125.0, 0.0).divided(TEN_THOUSAND),
        Field::triple("air.so2", 38).linear(26_632.0, 0.0).divided(TEN_THOUSAND),
        Field::triple("air.co", 42).linear(11_644.0, 0.0).divided(TEN_THOUSAND),
    ],
    ..ANY
}];

/// Ten-thousandths of a ug/m3 in a ppb of ozone at 20 Cel (Directive 2008/50/EC).
const O3: f64 = 19_953.0;
const TEN_THOUSAND: f64 = 10_000.0;
