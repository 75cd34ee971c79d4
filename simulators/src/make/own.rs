//! Makes whose JSON is their own.

use std::time::Duration;

use schemas::{DeviceId, Quantity, Timestamp};

use super::facts::fact;
use super::{Logged, Values};
use crate::physics::rounded;

/// A make whose JSON is its own, published on a topic of its own.
#[derive(Debug)]
pub(super) struct Own {
    /// Before and after the device in its topic.
    topic: (&'static str, &'static str),
    /// Before and after what it says.
    around: (&'static str, &'static str),
    /// In the order in which they are read.
    members: &'static [Member],
    /// What stands behind each number.
    behind: &'static str,
    /// How strong its own radio is, dB\[mW\], where that stands in what is around.
    radio: Option<f64>,
    clock: Option<Clock>,
    /// It also says when it was emptied last, and how full it was then.
    pub(super) tells_collection: bool,
    /// How far back its times are believed.
    pub(super) believed: Duration,
}

/// How a device says what time it is.
#[derive(Clone, Copy, Debug)]
enum Clock {
    /// By ISO 8601, behind this.
    Iso(&'static str),
    /// The same with slashes in the date.
    Slashes(&'static str),
}

/// Says nothing.
const OWN: Own = Own {
    topic: ("", ""),
    around: ("{", "}"),
    members: &[],
    behind: "",
    radio: None,
    clock: None,
    tells_collection: false,
    believed: codec::OLDEST,
};

/// A member of the JSON object.
#[derive(Debug)]
struct Member {
    quantity: &'static str,
    /// What stands before its number, with the name.
    key: &'static str,
    decimals: i32,
    /// The maker's number is the quantity's by `multiply / divide + add`.
    multiply: f64,
    divide: f64,
    add: f64,
    /// Words for what is not so and for what is.
    words: Option<(&'static str, &'static str)>,
}

const fn member(quantity: &'static str, key: &'static str, decimals: i32, unit: f64) -> Member {
    Member { quantity, key, decimals, multiply: unit, divide: 1.0, add: 0.0, words: None }
}

const fn word(quantity: &'static str, key: &'static str, no: &'static str, yes: &'static str) -> Member {
    Member { words: Some((no, yes)), ..member(quantity, key, 0, 1.0) }
}

/// The firmware's own topic; `pm02` is PM2.5, `pm003Count` particles in 0.1 L. It says no time.
pub(super) static AIRGRADIENT: Own = Own {
    topic: ("airgradient/readings/", ""),
    around: ("{\"serialno\":\"84fce612f1a0\",\"wifi\":-61,", ",\"boot\":12}"),
    members: &[
        member("air.co2", "\"rco2\":", 0, 1.0),
        member("air.pm1", "\"pm01\":", 0, 1.0),
        member("air.pm2_5", "\"pm02\":", 0, 1.0),
        member("air.pm10", "\"pm10\":", 0, 1.0),
        member("air.number_pm0_3", "\"pm003Count\":", 0, 100.0),
        member("air.temperature", "\"atmp\":", 1, 1.0),
        member("air.humidity", "\"rhum\":", 0, 1.0),
    ],
    radio: Some(-61.0),
    ..OWN
};

/// A Plantower and a BME280 behind Tasmota, whose time has no offset.
pub(super) static TASMOTA: Own = Own {
    topic: ("tele/", "/SENSOR"),
    around: ("{", "},\"PressureUnit\":\"hPa\",\"TempUnit\":\"C\"}"),
    members: &[
        member("air.pm1", "\"PMS5003\":{\"PM1\":", 0, 1.0),
        member("air.pm2_5", "\"PM2.5\":", 0, 1.0),
        member("air.pm10", "\"PM10\":", 0, 1.0),
        member("air.number_pm0_3", "\"PB0.3\":", 0, 100.0),
        member("air.temperature", "\"TPS\":0},\"BME280\":{\"Temperature\":", 1, 1.0),
        member("air.humidity", "\"Humidity\":", 1, 1.0),
        member("air.pressure", "\"Pressure\":", 1, 1.0),
    ],
    ..OWN
};

/// The local interface of a PA-I, whose temperature is in whole degrees Fahrenheit.
pub(super) static PURPLEAIR: Own = Own {
    topic: ("purpleair/", ""),
    around: ("{\"SensorId\":\"10:52:1c:4c:ca:95\",\"place\":\"outside\",\"rssi\":-63,", "}"),
    members: &[
        member("air.pm1", "\"pm1_0_atm\":", 1, 1.0),
        member("air.pm2_5", "\"pm2_5_atm\":", 1, 1.0),
        member("air.pm10", "\"pm10_0_atm\":", 1, 1.0),
        member("air.number_pm0_3", "\"p_0_3_um\":", 0, 100.0),
        Member { multiply: 9.0, divide: 5.0, add: 32.0, ..member("air.temperature", "\"current_temp_f\":", 0, 1.0) },
        member("air.humidity", "\"current_humidity\":", 0, 1.0),
        member("air.pressure", "\"pressure\":", 2, 1.0),
    ],
    radio: Some(-63.0),
    clock: Some(Clock::Slashes("\"DateTime\":\"")),
    ..OWN
};

/// An airRohr with an SDS011 and a BME280: names and numbers as text, `P1` is PM10, pressure in Pa.
pub(super) static SENSOR_COMMUNITY: Own = Own {
    topic: ("sensor-community/", ""),
    around: ("{\"software_version\":\"NRZ-2020-133\",\"sensordatavalues\":[", ",{\"value_type\":\"signal\",\"value\":\"-67\"}]}"),
    members: &[
        member("air.pm10", "{\"value_type\":\"SDS_P1\",\"value\":\"", 2, 1.0),
        member("air.pm2_5", "{\"value_type\":\"SDS_P2\",\"value\":\"", 2, 1.0),
        member("air.temperature", "{\"value_type\":\"BME280_temperature\",\"value\":\"", 2, 1.0),
        member("air.humidity", "{\"value_type\":\"BME280_humidity\",\"value\":\"", 2, 1.0),
        member("air.pressure", "{\"value_type\":\"BME280_pressure\",\"value\":\"", 0, 100.0),
    ],
    behind: "\"}",
    radio: Some(-67.0),
    ..OWN
};

/// An asset of the CLEAN interface, passed on by a bridge.
pub(super) static BIGBELLY: Own = Own {
    topic: ("bigbelly/", ""),
    around: ("{\"serialNumber\":1512345,\"fullnessThreshold\":6,", ""),
    members: &[word("waste.full", "\"reason\":", "\"NOT_READY\"", "\"FULLNESS\"")],
    tells_collection: true,
    believed: Duration::from_secs(8784 * 3600),
    ..OWN
};

/// A measurement as Prague's open data hold it, passed on by a bridge.
pub(super) static SENSONEO: Own = Own {
    topic: ("golemio/", ""),
    around: ("{\"sensor_code\":\"S-1\",", "}"),
    members: &[
        member("waste.fill", "\"percent_calculated\":", 0, 1.0),
        member("waste.overturned", "\"upturned\":", 0, 1.0),
        member("waste.fire", "\"firealarm\":", 0, 1.0),
        member("device.temperature", "\"temperature\":", 0, 1.0),
        member("battery.voltage", "\"battery_status\":", 1, 1.0),
    ],
    clock: Some(Clock::Iso("\"measured_at_utc\":\"")),
    believed: Duration::from_secs(720 * 3600),
    ..OWN
};

/// A leak detector behind Zigbee2MQTT: voltage in mV, and a link quality that is no power.
pub(super) static ZIGBEE2MQTT: Own = Own {
    topic: ("zigbee2mqtt/", ""),
    around: ("{", ",\"linkquality\":99}"),
    members: &[
        word("water.leak", "\"water_leak\":", "false", "true"),
        word("device.tamper", "\"tamper\":", "false", "true"),
        member("battery.level", "\"battery\":", 0, 1.0),
        word("battery.low", "\"battery_low\":", "false", "true"),
        member("battery.voltage", "\"voltage\":", 0, 1000.0),
    ],
    ..OWN
};

impl Member {
    /// The number that it prints; whole ones count something, and below nothing there is none.
    fn printed(&self, value: f64) -> f64 {
        let number = rounded(value * self.multiply / self.divide + self.add, self.decimals);
        if self.decimals == 0 { number.max(0.0) } else { number }
    }

    /// The value that comes out where this one goes in.
    fn finest(&self, value: f64) -> f64 {
        (self.printed(value) - self.add) * self.divide / self.multiply
    }

    fn write(&self, value: f64, text: &mut String) {
        text.push_str(self.key);
        match self.words {
            Some((no, yes)) => text.push_str(if value >= 0.5 { yes } else { no }),
            None => text.push_str(&self.printed(value).to_string()),
        }
    }
}

impl Own {
    pub(super) fn pattern(&self) -> String {
        format!("{}{{device}}{}", self.topic.0, self.topic.1)
    }

    pub(super) fn topic(&self, device: &DeviceId) -> String {
        format!("{}{device}{}", self.topic.0, self.topic.1)
    }

    /// Whether it says what time it is, to the second.
    pub(super) const fn has_clock(&self) -> bool {
        self.clock.is_some()
    }

    pub(super) fn carries(&self, all: &Values) -> Values {
        let said = |member: &Member| {
            let quantity = Quantity::named(member.quantity)?;
            Some((quantity, 0, member.finest(fact(all, quantity)?)))
        };
        let radio = self.radio.map(|strength| (Quantity::RADIO_RSSI, 0, strength));
        self.members.iter().filter_map(said).chain(radio).collect()
    }

    pub(super) fn finest(&self, quantity: Quantity, value: f64) -> f64 {
        let member = self.members.iter().find(|member| member.quantity == quantity.name());
        member.map_or(value, |member| member.finest(value))
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, values: &Values, log: &[Logged], time: Timestamp) {
        let mut text = String::from(self.around.0);
        match self.clock {
            Some(Clock::Iso(key)) => text.push_str(&format!("{key}{time}\",")),
            Some(Clock::Slashes(key)) => {
                let written = time.to_string().replace('-', "/").replace('Z', "z");
                text.push_str(&format!("{key}{written}\","));
            }
            None => {}
        }
        for (n, member) in self.members.iter().enumerate() {
            if n > 0 {
                text.push(',');
            }
            let value = values.iter().find(|(quantity, _, _)| quantity.name() == member.quantity);
            member.write(value.map_or(0.0, |(_, _, value)| *value), &mut text);
            text.push_str(self.behind);
        }
        if self.tells_collection {
            let last = log.last().map(|last| format!("{{\"percentFull\":{},\"timestamp\":{}}}", last.value, last.at.millis()));
            text.push_str(&format!(",\"lastCollection\":{}}}", last.as_deref().unwrap_or("null")));
        }
        text.push_str(self.around.1);
        out.extend_from_slice(text.as_bytes());
    }
}
