//! ChirpStack v4 and v3, JSON: `application/{application}/device/{DevEUI}/event/{event}`.
//!
//! `up` carries the device's bytes, `status` its battery, `join` that it joined; every other event (ack, txack, log,
//! location, integration) is understood and holds nothing to store. Absent `fPort` is 0: the server
//! leaves out zeros. `time` is the network server's. `object`, what a codec inside ChirpStack made, is read
//! only by a profile that asks for it.
//!
//! Version 3 writes the same with other names: `devEUI` (base64 or hexadecimal), `objectJSON` (JSON in text), `loRaSNR`.
//! It gives no time of its own but `publishedAt`; that of a gateway alone is not taken.

use std::borrow::Cow;

use schemas::Quantity;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::parts::{Gateway, Strongest, dev_eui, hexadecimal, made, network_time, not_json};
use crate::reject::{Reason, Reject, excerpt};
use crate::route::Arrival;
use crate::uplink::{Body, Envelope, Frame, Open, Uplink};

pub(super) struct ChirpStack;

/// What of an event is read; the rest is skipped without being built.
#[derive(Deserialize)]
struct Event<'m> {
    #[serde(borrow, default, alias = "publishedAt")]
    time: Cow<'m, str>,
    #[serde(borrow, default, rename = "deviceInfo")]
    device: DeviceInfo<'m>,
    /// Version 3.
    #[serde(borrow, default, rename = "devEUI")]
    eui: Cow<'m, str>,
    #[serde(default, rename = "fPort")]
    port: u8,
    #[serde(default, rename = "fCnt")]
    counter: u32,
    #[serde(default)]
    confirmed: bool,
    #[serde(borrow, default)]
    data: Cow<'m, str>,
    #[serde(borrow, default)]
    object: Option<&'m RawValue>,
    /// Version 3.
    #[serde(borrow, default, rename = "objectJSON")]
    object_text: Cow<'m, str>,
    #[serde(borrow, default, rename = "rxInfo")]
    radio: Strongest<Gateway<'m>>,
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

impl Envelope for ChirpStack {
    fn name(&self) -> &'static str {
        "chirpstack"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["chirpstack-v4", "chirpstack-v3"]
    }

    fn about(&self) -> &'static str {
        "ChirpStack v4, JSON: `up` carries the device's bytes, `status` its battery, `join` that it joined; `time` is the network server's. \
         Version 3 too, whose messages have no time but `publishedAt`."
    }

    fn topics(&self) -> &'static [&'static str] {
        &["application/#"]
    }

    fn is_json(&self) -> bool {
        true
    }

    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject> {
        let (topic_eui, event) = levels(&arrival.message.topic)?;
        if let Some(event) = event.filter(|event| !matches!(*event, "up" | "rx" | "status" | "join")) {
            return Err(Reject::new(Reason::NoReading, format!("a `{}` event holds nothing to store", excerpt(event))));
        }
        let read: Event<'m> = serde_json::from_slice(arrival.payload()).map_err(|e| not_an_event(&e))?;
        let inside = if read.eui.is_empty() { Cow::Borrowed(&*read.device.eui) } else { hexadecimal(&read.eui) };
        let device = dev_eui(topic_eui.unwrap_or(&inside), "deviceInfo.devEui")?;
        if !inside.is_empty() && !inside.eq_ignore_ascii_case(device.as_str()) {
            return Err(Reject::new(
                Reason::DeviceMismatch,
                format!("the topic says {device}, the payload says `{}`", excerpt(&inside)),
            ));
        }
        let status = event.map_or(read.data.is_empty() && read.battery.is_some(), |event| event == "status");
        let body = match event {
            Some("join") => Body::Told(Quantity::DEVICE_JOINED, 1.0),
            _ if status => battery(&read)?,
            _ => body(&read)?,
        };
        out(Uplink {
            network_time: network_time(&read.time, "time")?,
            port: Some(read.port),
            counter: Some(read.counter),
            confirmed: read.confirmed,
            radio: read.radio.radio(),
            gateways: read.radio.gateways(),
            object: made(read.object).or_else(|| RawValue::from_string(read.object_text.into_owned()).ok().map(Cow::Owned)),
            ..Uplink::new(device, body)
        })
    }
}

/// DevEUI and event of `application/{application}/device/{DevEUI}/event/{event}`; the first versions of ChirpStack v3 had
/// no `event` level, and said `rx` for `up`. A topic of another shape, which a route of the settings has given us, says
/// neither.
fn levels(topic: &str) -> Result<(Option<&str>, Option<&str>), Reject> {
    if !topic.starts_with("application/") {
        return Ok((None, None));
    }
    let mut levels = topic.split('/').skip(2);
    match (levels.next(), levels.next(), levels.next(), levels.next(), levels.next()) {
        (Some("device"), Some(eui), Some("event"), Some(event), None) => Ok((Some(eui), Some(event))),
        (Some("device"), Some(eui), Some(event), None, None) if event != "event" => Ok((Some(eui), Some(event))),
        _ => Err(Reject::new(
            Reason::NotATopic,
            format!("`{}` is not application/{{application}}/device/{{DevEUI}}/event/{{event}}", excerpt(topic)),
        )),
    }
}

fn body(event: &Event<'_>) -> Result<Body<'static>, Reject> {
    if event.data.is_empty() {
        return Err(Reject::new(Reason::NoReading, "`data` is empty: the frame carries no bytes of the device"));
    }
    Ok(Body::Frame(Frame::from_base64(&event.data, "data")?))
}

fn battery(status: &Event<'_>) -> Result<Body<'static>, Reject> {
    match status.battery {
        Some(level) if !status.battery_unknown => Ok(Body::Told(Quantity::BATTERY_LEVEL, level)),
        _ => Err(Reject::new(Reason::NoReading, "the status has no battery level")),
    }
}

fn not_an_event(error: &serde_json::Error) -> Reject {
    not_json(error, "a ChirpStack event")
}
