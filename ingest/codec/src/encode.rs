//! The other direction, for simulators, tests and load: what a device or a network server would send.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemas::{DeviceId, Firmware, Kind, Quantity, Timestamp, Zone};

use crate::codecs::marsad_json::VERSION;
use crate::envelope::MARSAD_UP;

/// The topic of a device that speaks Marsad's own JSON: `marsad/{zone}/{kind}/{device}/up`.
#[must_use]
pub fn marsad_topic(zone: &Zone, kind: Kind, device: &DeviceId) -> String {
    format!("marsad/{zone}/{kind}/{device}/{MARSAD_UP}")
}

/// Appends Marsad's own JSON: values in canonical units, by (quantity, channel). States are written
/// as `true` and `false`; numbers in the shortest form that reads back as the same number. `firmware` is the version of the
/// device's program, where it says it.
///
/// # Panics
/// Never: writing to memory does not fail.
pub fn write_marsad(
    out: &mut Vec<u8>,
    time: Option<Timestamp>,
    seq: Option<u64>,
    firmware: Option<&Firmware>,
    values: &[(Quantity, u8, f64)],
) {
    let written = (|| {
        write!(out, "{{\"v\":{VERSION}")?;
        if let Some(time) = time {
            write!(out, ",\"time\":\"{time}\"")?;
        }
        if let Some(seq) = seq {
            write!(out, ",\"seq\":{seq}")?;
        }
        if let Some(firmware) = firmware {
            write!(out, ",\"firmware\":{}", serde_json::Value::from(firmware.as_str()))?;
        }
        out.write_all(b",\"values\":{")?;
        for (i, (quantity, channel, value)) in values.iter().enumerate() {
            write!(out, "{}\"{quantity}", if i == 0 { "" } else { "," })?;
            if *channel != 0 {
                write!(out, "#{channel}")?;
            }
            out.write_all(b"\":")?;
            write_value(out, *quantity, *value)?;
        }
        out.write_all(b"}}")
    })();
    written.expect("writing to memory does not fail");
}

fn write_value(out: &mut Vec<u8>, quantity: Quantity, value: f64) -> std::io::Result<()> {
    let row = quantity.row();
    let boolean = row.class == schemas::ValueClass::State && (row.min, row.max) == (0.0, 1.0);
    match value {
        1.0 if boolean => out.write_all(b"true"),
        0.0 if boolean => out.write_all(b"false"),
        _ => write!(out, "{value}"),
    }
}

/// An uplink as ChirpStack v4 publishes it.
#[derive(Clone, Copy, Debug)]
pub struct ChirpStackUp<'a> {
    /// The application's id: part of the topic.
    pub application: &'a str,
    /// 16 hexadecimal digits.
    pub dev_eui: &'a DeviceId,
    /// LoRaWAN port.
    pub f_port: u8,
    /// Uplink counter of the session.
    pub f_cnt: u32,
    /// The device's bytes.
    pub data: &'a [u8],
    /// When the network server heard it.
    pub time: Timestamp,
    /// 16 hexadecimal digits.
    pub gateway: &'a str,
    /// dB\[mW\]
    pub rssi: i32,
    /// dB
    pub snr: f64,
}

impl ChirpStackUp<'_> {
    /// `application/{application}/device/{DevEUI}/event/up`
    #[must_use]
    pub fn topic(&self) -> String {
        format!("application/{}/device/{}/event/up", self.application, self.dev_eui)
    }

    /// Appends the event's JSON. As the server does, `fPort` and `fCnt` of 0 are left out.
    ///
    /// # Panics
    /// Never: writing to memory does not fail.
    pub fn write(&self, out: &mut Vec<u8>) {
        let Self { application, dev_eui, f_port, f_cnt, data, time, gateway, rssi, snr } = *self;
        let written = (|| {
            write!(out, "{{\"time\":\"{time}\",\"deviceInfo\":{{\"applicationId\":\"{application}\",\"devEui\":\"{dev_eui}\"}}")?;
            write!(out, ",\"adr\":true,\"dr\":5")?;
            if f_cnt != 0 {
                write!(out, ",\"fCnt\":{f_cnt}")?;
            }
            if f_port != 0 {
                write!(out, ",\"fPort\":{f_port}")?;
            }
            write!(out, ",\"data\":\"{}\"", STANDARD.encode(data))?;
            write!(out, ",\"rxInfo\":[{{\"gatewayId\":\"{gateway}\",\"rssi\":{rssi},\"snr\":{snr}}}]}}")
        })();
        written.expect("writing to memory does not fail");
    }
}
