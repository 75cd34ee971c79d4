//! LORIOT, JSON. The operator sets the topic.
//!
//! The server tells the same frame twice: `rx` at once, with the gateway that heard it best, then `gw` with all of them.
//! Both give the same readings, which are stored once. Every other `cmd` (downlinks, joins, MAC commands) holds nothing to
//! store. `ts` is the network server's time. `bat`, the device's answer to the server's question, is the battery of a
//! message that carries no bytes; beside bytes it would contradict what the device itself says, and is not read.

use std::borrow::Cow;

use schemas::Quantity;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::parts::{Gateway, Strongest, dev_eui, made, network_millis, not_json, number, whole};
use crate::reject::{Reason, Reject, excerpt};
use crate::route::Arrival;
use crate::uplink::{Body, Envelope, Frame, Open, Radio, Uplink};

pub(super) struct Loriot;

#[derive(Deserialize)]
struct Command<'m> {
    #[serde(borrow)]
    cmd: Cow<'m, str>,
    #[serde(borrow, default, rename = "EUI")]
    eui: Cow<'m, str>,
    #[serde(default, deserialize_with = "whole")]
    ts: i64,
    #[serde(default, deserialize_with = "whole")]
    port: u8,
    #[serde(default, deserialize_with = "whole")]
    fcnt: u32,
    #[serde(default)]
    ack: bool,
    #[serde(borrow, default)]
    data: Cow<'m, str>,
    /// Bytes that the server cannot decrypt.
    #[serde(borrow, default)]
    encdata: Cow<'m, str>,
    #[serde(default, deserialize_with = "number")]
    rssi: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    snr: Option<f64>,
    #[serde(borrow, default)]
    gws: Strongest<Gateway<'m>>,
    #[serde(default, deserialize_with = "whole")]
    bat: u8,
    #[serde(borrow, default)]
    decoded: Option<&'m RawValue>,
}

impl Envelope for Loriot {
    fn name(&self) -> &'static str {
        "loriot"
    }

    fn about(&self) -> &'static str {
        "LORIOT, JSON: `rx` and `gw` carry the device's bytes (`data`, hexadecimal) at the network server's `ts`; both tell \
         the same frame, which is stored once. The operator sets the topic."
    }

    fn is_json(&self) -> bool {
        true
    }

    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject> {
        let command: Command<'m> = serde_json::from_slice(arrival.payload()).map_err(|e| not_json(&e, "a message of LORIOT"))?;
        if !matches!(&*command.cmd, "rx" | "gw") {
            let text = format!("a `{}` message holds nothing to store", excerpt(&command.cmd));
            return Err(Reject::new(Reason::NoReading, text));
        }
        let device = dev_eui(&command.eui, "EUI")?;
        let (best, gateways, body) = (command.gws.radio(), command.gws.gateways(), body(&command)?);
        out(Uplink {
            network_time: network_millis(command.ts, "ts")?,
            port: Some(command.port),
            counter: Some(command.fcnt),
            confirmed: command.ack,
            radio: Radio { rssi: command.rssi.or(best.rssi), snr: command.snr.or(best.snr) },
            gateways,
            object: made(command.decoded),
            ..Uplink::new(device, body)
        })
    }
}

/// Battery of a DevStatusAns: 0 is external power, 255 is not known, 1 is empty and 254 full (LoRaWAN 1.0.4 section 5.5).
fn body(command: &Command<'_>) -> Result<Body<'static>, Reject> {
    match (&*command.data, &*command.encdata, command.bat) {
        ("", "", 0 | 255) => Err(Reject::new(Reason::NoReading, "`data` is empty: the frame carries no bytes of the device")),
        ("", "", level) => Ok(Body::Told(Quantity::BATTERY_LEVEL, f64::from(level - 1) / 2.53)),
        ("", _, _) => {
            Err(Reject::new(Reason::NeedsKey, "`encdata` is encrypted: the network server has no application key of the device"))
        }
        (bytes, _, _) => Ok(Body::Frame(Frame::from_hex(bytes, "data")?)),
    }
}
