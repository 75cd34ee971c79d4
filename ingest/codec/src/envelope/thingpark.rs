//! ThingPark (Actility), JSON: `{"DevEUI_uplink": {..}}`. The operator sets the topic; `mqtt/things/{DevEUI}/uplink` is
//! the usual one.
//!
//! Other documents (DevEUI_downlink_Sent, DevEUI_location, DevEUI_notification, ..) are understood and hold nothing to
//! store. Older servers write numbers as text. `Time` is the network server's; a frame that a gateway kept and sent on
//! later (`Late`) has the time at which the gateway heard it, and is stored at that. What a driver of ThingPark X made
//! (`payload`, else `points`) is read only by a profile that asks for it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::parts::{Listener, Named, Strongest, dev_eui, made, name, network_time, not_json, number, whole};
use crate::reject::{Reason, Reject, excerpt};
use crate::route::Arrival;
use crate::uplink::{Body, Envelope, Frame, Open, Radio, Uplink};

const UPLINK: &str = "DevEUI_uplink";
/// A frame that wants an acknowledgement (LoRaWAN 1.0.4 section 4.2.1).
const CONFIRMED: u8 = 4;

pub(super) struct ThingPark;

#[derive(Deserialize)]
struct Document<'m> {
    #[serde(borrow, default, rename = "Time")]
    time: Cow<'m, str>,
    #[serde(borrow, default, rename = "DevEUI")]
    eui: Cow<'m, str>,
    #[serde(default, rename = "FPort", deserialize_with = "whole")]
    port: u8,
    #[serde(default, rename = "FCntUp", deserialize_with = "whole")]
    counter: u32,
    #[serde(default, rename = "MType", deserialize_with = "whole")]
    message_type: u8,
    #[serde(borrow, default)]
    payload_hex: Cow<'m, str>,
    #[serde(borrow, default)]
    payload: Option<&'m RawValue>,
    #[serde(borrow, default)]
    points: Option<&'m RawValue>,
    #[serde(default, rename = "LrrRSSI", deserialize_with = "number")]
    rssi: Option<f64>,
    #[serde(default, rename = "LrrSNR", deserialize_with = "number")]
    snr: Option<f64>,
    #[serde(borrow, default, rename = "Lrrs")]
    gateways: Gateways<'m>,
}

#[derive(Deserialize, Default)]
struct Gateways<'m> {
    #[serde(borrow, default, rename = "Lrr")]
    list: Strongest<Gateway<'m>>,
}

#[derive(Deserialize)]
struct Gateway<'m> {
    #[serde(borrow, default, rename = "Lrrid")]
    id: Named<'m>,
    #[serde(default, rename = "LrrRSSI", deserialize_with = "number")]
    rssi: Option<f64>,
    #[serde(default, rename = "LrrSNR", deserialize_with = "number")]
    snr: Option<f64>,
}

impl Listener for Gateway<'_> {
    fn radio(&self) -> Radio {
        Radio { rssi: self.rssi, snr: self.snr }
    }

    fn name(&self) -> Option<&str> {
        name(self.id)
    }
}

impl Envelope for ThingPark {
    fn name(&self) -> &'static str {
        "thingpark"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["actility", "thingpark-wireless", "thingpark-enterprise", "thingpark-x"]
    }

    fn about(&self) -> &'static str {
        "ThingPark of Actility, JSON: `DevEUI_uplink` carries the device's bytes (`payload_hex`) at the network server's \
         `Time`; `payload` or `points` for profiles that ask. The operator sets the topic."
    }

    fn topics(&self) -> &'static [&'static str] {
        &["mqtt/things/+/uplink"]
    }

    fn is_json(&self) -> bool {
        true
    }

    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject> {
        let documents: BTreeMap<Cow<'m, str>, &'m RawValue> =
            serde_json::from_slice(arrival.payload()).map_err(|e| not_json(&e, "a document of ThingPark"))?;
        let Some(document) = documents.get(UPLINK) else {
            return Err(match documents.keys().find(|name| name.starts_with("DevEUI_")) {
                Some(other) => Reject::new(Reason::NoReading, format!("`{}` holds nothing to store", excerpt(other))),
                None => Reject::new(Reason::BadShape, format!("the document has no `{UPLINK}`")),
            });
        };
        let up: Document<'m> = serde_json::from_str(document.get()).map_err(|e| not_json(&e, "a `DevEUI_uplink`"))?;
        let device = dev_eui(&up.eui, "DevEUI_uplink.DevEUI")?;
        if up.payload_hex.is_empty() {
            return Err(Reject::new(Reason::NoReading, "`payload_hex` is empty: the frame carries no bytes of the device"));
        }
        let best = up.gateways.list.radio();
        out(Uplink {
            network_time: network_time(&up.time, "DevEUI_uplink.Time")?,
            port: Some(up.port),
            counter: Some(up.counter),
            confirmed: up.message_type == CONFIRMED,
            radio: Radio { rssi: up.rssi.or(best.rssi), snr: up.snr.or(best.snr) },
            gateways: up.gateways.list.gateways(),
            object: made(up.payload).or_else(|| made(up.points)),
            ..Uplink::new(device, Body::Frame(Frame::from_hex(&up.payload_hex, "DevEUI_uplink.payload_hex")?))
        })
    }
}
