//! Makes and formats that say it in JSON.

use std::fmt::Write as _;

use schemas::{DeviceId, Quantity, Timestamp};

use super::Values;
use super::facts::fact;
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
}

/// A member of the JSON object.
#[derive(Debug)]
struct Member {
    quantity: &'static str,
    /// What stands before its number, with the name.
    key: &'static str,
    decimals: i32,
    /// How many of the maker's unit are one of the quantity's.
    unit: f64,
}

const fn member(quantity: &'static str, key: &'static str, decimals: i32, unit: f64) -> Member {
    Member { quantity, key, decimals, unit }
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
};

impl Member {
    /// The number that it prints; whole ones count something, and below nothing there is none.
    fn printed(&self, value: f64) -> f64 {
        let number = rounded(value * self.unit, self.decimals);
        if self.decimals == 0 { number.max(0.0) } else { number }
    }
}

impl Own {
    pub(super) fn pattern(&self) -> String {
        format!("{}{{device}}{}", self.topic.0, self.topic.1)
    }

    pub(super) fn topic(&self, device: &DeviceId) -> String {
        format!("{}{device}{}", self.topic.0, self.topic.1)
    }

    pub(super) fn carries(&self, all: &Values) -> Values {
        let said = |member: &Member| {
            let quantity = Quantity::named(member.quantity)?;
            Some((quantity, 0, member.printed(fact(all, quantity)?) / member.unit))
        };
        // The strength of its radio stands in what is always said.
        let radio = self.around.0.contains("wifi").then_some((Quantity::RADIO_RSSI, 0, -61.0));
        self.members.iter().filter_map(said).chain(radio).collect()
    }

    pub(super) fn finest(&self, quantity: Quantity, value: f64) -> f64 {
        let member = self.members.iter().find(|member| member.quantity == quantity.name());
        member.map_or(value, |member| member.printed(value) / member.unit)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>, values: &Values) {
        let mut text = String::from(self.around.0);
        for (n, member) in self.members.iter().enumerate() {
            let value =
                values.iter().find(|(quantity, _, _)| quantity.name() == member.quantity).map_or(0.0, |(_, _, value)| *value);
            // Writing to a String cannot fail.
            let _ = write!(text, "{}{}{}", if n > 0 { "," } else { "" }, member.key, member.printed(value));
        }
        text.push_str(self.around.1);
        out.extend_from_slice(text.as_bytes());
    }
}

/// A pack of one instant: names of the vocabulary, and the units of RFC 8428 and RFC 8798 where they have one.
pub(super) fn senml(out: &mut Vec<u8>, values: &Values, time: Timestamp) {
    let seconds = (time.millis().div_euclid(1000), time.millis().rem_euclid(1000));
    let records = values.iter().enumerate().map(|(i, (quantity, _, value))| {
        let base = if i == 0 { format!("\"bt\":{}.{:03},", seconds.0, seconds.1) } else { String::new() };
        let unit = match quantity.unit() {
            "ug/m3" => "\"u\":\"ug/m3\",",
            "Cel" => "\"u\":\"Cel\",",
            _ => "",
        };
        format!("{{{base}\"n\":\"{}\",{unit}\"v\":{value}}}", quantity.name())
    });
    let pack = format!("[{}]", records.collect::<Vec<_>>().join(","));
    out.extend_from_slice(pack.as_bytes());
}

/// An object of measures, named as in the vocabulary, with their time.
pub(super) fn iot_agent(out: &mut Vec<u8>, values: &Values, time: Timestamp) {
    let measures: String = values.iter().map(|(quantity, _, value)| format!(",\"{}\":{value}", quantity.name())).collect();
    out.extend_from_slice(format!("{{\"TimeInstant\":\"{time}\"{measures}}}").as_bytes());
}
