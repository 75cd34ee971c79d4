//! ChirpStack v4, JSON: `application/{application}/device/{DevEUI}/event/{event}`.
//!
//! `up` carries the device's bytes, `status` its battery; every other event (join, ack, txack, log,
//! location, integration) is understood and holds nothing to store. Absent `fPort` is 0: the server
//! leaves out zeros. `time` is the network server's. `object`, what a codec inside ChirpStack made,
//! is not read: one device, one reader.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemas::{DeviceId, Message};
use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};

use crate::instant;
use crate::reject::{Reason, Reject, excerpt};
use crate::uplink::{Envelope, FRAME_LIMIT, Frame, PortBytes, Radio, Uplink};

pub(super) struct ChirpStack;

/// What of an event is read; the rest is skipped without being built.
#[derive(Deserialize)]
struct Event<'m> {
    #[serde(borrow, default)]
    time: Cow<'m, str>,
    #[serde(borrow, default, rename = "deviceInfo")]
    device: DeviceInfo<'m>,
    #[serde(default, rename = "fPort")]
    port: u8,
    #[serde(borrow, default)]
    data: Cow<'m, str>,
    #[serde(default, rename = "rxInfo")]
    radio: Radio,
    #[serde(default, rename = "batteryLevelUnavailable")]
    battery_unknown: bool,
    #[serde(default, rename = "batteryLevel")]
    battery: Option<f64>,
}

#[derive(Deserialize, Default)]
struct DeviceInfo<'m> {
    #[serde(borrow, default, rename = "devEui")]
    eui: Cow<'m, str>,
}

#[derive(Deserialize)]
struct Gateway {
    #[serde(default)]
    rssi: Option<f64>,
    #[serde(default)]
    snr: Option<f64>,
}

impl<'de> Deserialize<'de> for Radio {
    /// The strongest gateway of the list; no list is built.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Strongest;
        impl<'de> Visitor<'de> for Strongest {
            type Value = Radio;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of gateways")
            }
            fn visit_unit<E>(self) -> Result<Radio, E> {
                Ok(Radio::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Radio, A::Error> {
                let mut best: Option<Gateway> = None;
                while let Some(gateway) = list.next_element::<Gateway>()? {
                    if best.as_ref().is_none_or(|b| gateway.rssi > b.rssi) {
                        best = Some(gateway);
                    }
                }
                Ok(best.map_or_else(Radio::default, |g| Radio { rssi: g.rssi, snr: g.snr }))
            }
        }
        deserializer.deserialize_any(Strongest)
    }
}

impl Envelope for ChirpStack {
    fn name(&self) -> &'static str {
        "chirpstack-v4"
    }

    fn takes(&self, topic: &str) -> bool {
        topic.starts_with("application/")
    }

    fn open<'m>(&self, message: &'m Message) -> Result<Uplink<'m>, Reject> {
        let (topic_eui, event) = levels(&message.topic)?;
        if event != "up" && event != "status" {
            return Err(Reject::new(Reason::NoReading, format!("a `{}` event holds nothing to store", excerpt(event))));
        }
        let read: Event<'m> = serde_json::from_slice(&message.payload).map_err(|e| not_an_event(&e))?;
        let device = dev_eui(topic_eui)?;
        let inside = &read.device.eui;
        if !inside.is_empty() && !inside.eq_ignore_ascii_case(device.as_str()) {
            return Err(Reject::new(
                Reason::DeviceMismatch,
                format!("the topic says {device}, `deviceInfo.devEui` says `{}`", excerpt(inside)),
            ));
        }
        let time = (!read.time.is_empty()).then(|| instant::parse(&read.time)).transpose();
        let network_time = time.map_err(|e| Reject::new(Reason::BadTime, format!("`time`: {e}")))?;
        let frame = if event == "up" { bytes(read.port, &read.data)? } else { battery(&read)? };
        Ok(Uplink { device, claim: None, network_time, radio: read.radio, frame })
    }
}

/// DevEUI and event of `application/{application}/device/{DevEUI}/event/{event}`.
fn levels(topic: &str) -> Result<(&str, &str), Reject> {
    let mut levels = topic.split('/').skip(2);
    match (levels.next(), levels.next(), levels.next(), levels.next(), levels.next()) {
        (Some("device"), Some(eui), Some("event"), Some(event), None) => Ok((eui, event)),
        _ => Err(Reject::new(
            Reason::NotATopic,
            format!("`{}` is not application/{{application}}/device/{{DevEUI}}/event/{{event}}", excerpt(topic)),
        )),
    }
}

/// 16 hexadecimal digits, made lower case.
fn dev_eui(text: &str) -> Result<DeviceId, Reject> {
    let bad = || Reject::new(Reason::BadName, format!("`{}` is not a DevEUI: 16 hexadecimal digits", excerpt(text)));
    let mut digits: [u8; 16] = text.as_bytes().try_into().map_err(|_| bad())?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(bad());
    }
    digits.make_ascii_lowercase();
    std::str::from_utf8(&digits).ok().and_then(|lower| DeviceId::new(lower).ok()).ok_or_else(bad)
}

fn bytes(port: u8, data: &str) -> Result<Frame<'static>, Reject> {
    if data.is_empty() {
        return Err(Reject::new(Reason::NoReading, "`data` is empty: the frame carries no bytes of the device"));
    }
    let mut frame = PortBytes { port, len: 0, buffer: [0; FRAME_LIMIT] };
    frame.len = STANDARD
        .decode_slice(data, &mut frame.buffer)
        .map_err(|e| Reject::new(Reason::BadBytes, format!("`data` is not base64 of at most {FRAME_LIMIT} bytes: {e}")))?;
    Ok(Frame::Bytes(frame))
}

fn battery(status: &Event<'_>) -> Result<Frame<'static>, Reject> {
    match status.battery {
        Some(level) if !status.battery_unknown => Ok(Frame::Battery(level)),
        _ => Err(Reject::new(Reason::NoReading, "the status has no battery level")),
    }
}

fn not_an_event(error: &serde_json::Error) -> Reject {
    let reason = if error.is_data() { Reason::BadShape } else { Reason::NotJson };
    Reject::new(reason, format!("not a ChirpStack event: {error}"))
}
