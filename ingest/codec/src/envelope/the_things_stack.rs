//! The Things Stack v3 (The Things Network, The Things Industries), JSON: `v3/{application}@{tenant}/devices/{device}/up`.
//!
//! `up` carries the device's bytes, `join` that it joined; every other event (down/.., service/data, location/solved,
//! up/normalized) is understood and holds nothing to store. The server leaves out 0, false and "": absent `f_port` and `f_cnt` are 0. The
//! time is the network server's (`uplink_message.received_at`), else the application server's; `settings.time` and
//! `rx_metadata[].time` are a gateway's clock and are not taken. `decoded_payload` is read only by a profile that asks
//! for it.
//!
//! `version_ids.firmware_version` is the version with which the device was registered there.
//!
//! An uplink without bytes that answers the server's question for the state gives the battery
//! (`last_battery_percentage`). One that was typed in the console (`simulated`) was sent by no device and is not stored.

use std::borrow::Cow;

use schemas::{DeviceId, Quantity, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::parts::{Gateway, Strongest, dev_eui, made, network_time, not_json, number, whole};
use crate::reject::{Reason, Reject, excerpt};
use crate::route::Arrival;
use crate::uplink::{Body, Envelope, Frame, Open, Uplink};

pub(super) struct TheThingsStack;

#[derive(Deserialize)]
struct Event<'m> {
    #[serde(borrow, rename = "end_device_ids")]
    ids: Ids<'m>,
    #[serde(borrow, default)]
    received_at: Cow<'m, str>,
    #[serde(borrow, default, rename = "uplink_message")]
    uplink: Option<Up<'m>>,
    #[serde(borrow, default, rename = "join_accept")]
    join: Option<Join<'m>>,
    #[serde(default)]
    simulated: bool,
}

#[derive(Deserialize)]
struct Ids<'m> {
    #[serde(borrow, default)]
    device_id: Cow<'m, str>,
    #[serde(borrow, default)]
    dev_eui: Cow<'m, str>,
}

#[derive(Deserialize)]
struct Join<'m> {
    #[serde(borrow, default)]
    received_at: Cow<'m, str>,
}

#[derive(Deserialize)]
struct Up<'m> {
    #[serde(default, deserialize_with = "whole")]
    f_port: u8,
    #[serde(default, deserialize_with = "whole")]
    f_cnt: u32,
    #[serde(borrow, default)]
    frm_payload: Cow<'m, str>,
    #[serde(borrow, default)]
    decoded_payload: Option<&'m RawValue>,
    #[serde(borrow, default)]
    rx_metadata: Strongest<Gateway<'m>>,
    #[serde(borrow, default)]
    received_at: Cow<'m, str>,
    #[serde(default)]
    confirmed: bool,
    #[serde(borrow, default)]
    last_battery_percentage: Option<Battery<'m>>,
    #[serde(borrow, default)]
    version_ids: Option<Versions<'m>>,
}

/// The make of the device as it was registered with the server.
#[derive(Deserialize)]
struct Versions<'m> {
    #[serde(borrow, default)]
    firmware_version: Option<Cow<'m, str>>,
}

#[derive(Deserialize)]
struct Battery<'m> {
    /// Of the uplink that told it; absent is 0.
    #[serde(default, deserialize_with = "whole")]
    f_cnt: u32,
    /// Percent; absent is 0.
    #[serde(default, deserialize_with = "number")]
    value: Option<f64>,
    #[serde(borrow, default)]
    received_at: Cow<'m, str>,
}

impl Envelope for TheThingsStack {
    fn name(&self) -> &'static str {
        "the-things-stack"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["tts", "ttn", "ttn-v3", "tts-v3", "the-things-network", "the-things-industries", "the-things-stack-v3"]
    }

    fn about(&self) -> &'static str {
        "The Things Stack v3 (The Things Network), JSON: `up` carries the device's bytes at the network server's time \
         (`uplink_message.received_at`), `join` that it joined; `decoded_payload` for profiles that ask; an uplink without bytes its \
         battery."
    }

    fn topics(&self) -> &'static [&'static str] {
        &["v3/#"]
    }

    fn is_json(&self) -> bool {
        true
    }

    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject> {
        let named = topic_device(&arrival.message.topic)?;
        let event: Event<'m> =
            serde_json::from_slice(arrival.payload()).map_err(|e| not_json(&e, "a message of The Things Stack"))?;
        let (ids, nothing) = (&event.ids, |text: &str| Err(Reject::new(Reason::NoReading, text)));
        if let Some(named) = named.filter(|named| !ids.device_id.is_empty() && *named != ids.device_id) {
            let text =
                format!("the topic says {}, `end_device_ids.device_id` says `{}`", excerpt(named), excerpt(&ids.device_id));
            return Err(Reject::new(Reason::DeviceMismatch, text));
        }
        let device = device(ids, named)?;
        let server = || network_time(&event.received_at, "received_at");
        if let Some(join) = event.join {
            let heard = network_time(&join.received_at, "join_accept.received_at")?;
            let network_time = if heard.is_some() { heard } else { server()? };
            return out(Uplink { network_time, ..Uplink::new(device, Body::Told(Quantity::DEVICE_JOINED, 1.0)) });
        }
        let Some(up) = event.uplink else {
            return nothing("the message has no `uplink_message`: a downlink, a location");
        };
        if event.simulated {
            return nothing("the uplink is `simulated`: no device sent it");
        }
        let heard = match network_time(&up.received_at, "uplink_message.received_at")? {
            Some(time) => Some(time),
            None => server()?,
        };
        let (time, body) = match (&*up.frm_payload, &up.last_battery_percentage) {
            ("", Some(battery)) if battery.f_cnt == up.f_cnt => self::battery(battery, heard)?,
            ("", _) => return nothing("`frm_payload` is empty: the frame carries no bytes of the device"),
            (bytes, _) => (heard, Body::Frame(Frame::from_base64(bytes, "uplink_message.frm_payload")?)),
        };
        out(Uplink {
            network_time: time,
            port: Some(up.f_port),
            counter: Some(up.f_cnt),
            confirmed: up.confirmed,
            radio: up.rx_metadata.radio(),
            gateways: up.rx_metadata.gateways(),
            firmware: up.version_ids.and_then(|versions| versions.firmware_version),
            object: made(up.decoded_payload),
            ..Uplink::new(device, body)
        })
    }
}

/// The device of `v3/{application}/devices/{device}/up`, or `join`; none on a topic of another shape, which a route of the settings
/// has given us. Any other event of a device ends here.
fn topic_device(topic: &str) -> Result<Option<&str>, Reject> {
    let Some(levels) = topic.strip_prefix("v3/") else { return Ok(None) };
    let mut levels = levels.splitn(4, '/').skip(1);
    match (levels.next(), levels.next(), levels.next()) {
        (Some("devices"), Some(device), Some("up" | "join")) => Ok(Some(device)),
        (Some("devices"), Some(_), Some(event)) => {
            Err(Reject::new(Reason::NoReading, format!("a `{}` event holds nothing to store", excerpt(event))))
        }
        _ => Err(Reject::new(
            Reason::NotATopic,
            format!("`{}` is not v3/{{application}}/devices/{{device}}/{{event}}", excerpt(topic)),
        )),
    }
}

/// The DevEUI; where the server knows none, the device id, which usually is `eui-` and the DevEUI.
fn device(ids: &Ids<'_>, topic: Option<&str>) -> Result<DeviceId, Reject> {
    if !ids.dev_eui.is_empty() {
        return dev_eui(&ids.dev_eui, "end_device_ids.dev_eui");
    }
    let id = if ids.device_id.is_empty() { topic.unwrap_or_default() } else { &ids.device_id };
    let id = id.strip_prefix("eui-").unwrap_or(id);
    dev_eui(id, "end_device_ids.device_id")
        .or_else(|_| DeviceId::new(id).map_err(|e| Reject::new(Reason::BadName, format!("`end_device_ids.device_id`: {e}"))))
}

fn battery(battery: &Battery<'_>, heard: Option<Timestamp>) -> Result<(Option<Timestamp>, Body<'static>), Reject> {
    let told = network_time(&battery.received_at, "last_battery_percentage.received_at")?;
    Ok((told.or(heard), Body::Told(Quantity::BATTERY_LEVEL, battery.value.unwrap_or(0.0))))
}
