//! Milesight gateways with their built-in network server, JSON. The operator sets the topic.
//!
//! `data` is base64 unless the gateway is set to write hexadecimal: what can only be hexadecimal is read as that, and what
//! could be both is base64 under the name `milesight` and hexadecimal under `milesight-hex`. Where the gateway has a codec
//! for the device, what that made stands at the top level: a profile that asks for it gets all fields but the gateway's own.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::parts::{Gateway, Strongest, dev_eui, network_time, not_json, whole};
use crate::reject::{Reason, Reject};
use crate::route::Arrival;
use crate::uplink::{Body, Envelope, Frame, Open, Tree, Uplink};

pub(super) struct Milesight {
    /// The gateway is set to write hexadecimal.
    pub(super) hex: bool,
}

/// What the gateway says; every other field is its codec's.
static OWN: &[&str] = &[
    "adr",
    "applicationID",
    "applicationName",
    "codeRate",
    "data",
    "devEUI",
    "deviceName",
    "deviceProfileName",
    "fCnt",
    "fPort",
    "gatewayTime",
    "metadata",
    "rxInfo",
    "tags",
    "time",
    "txInfo",
];

#[derive(Deserialize)]
struct Event<'m> {
    #[serde(borrow, default, rename = "devEUI")]
    eui: Cow<'m, str>,
    #[serde(borrow, default)]
    time: Cow<'m, str>,
    #[serde(default, rename = "fPort", deserialize_with = "whole")]
    port: u8,
    #[serde(default, rename = "fCnt", deserialize_with = "whole")]
    counter: u32,
    #[serde(borrow, default)]
    data: Cow<'m, str>,
    #[serde(borrow, default, rename = "rxInfo")]
    radio: Strongest<Gateway<'m>>,
}

impl Envelope for Milesight {
    fn name(&self) -> &'static str {
        if self.hex { "milesight-hex" } else { "milesight" }
    }

    fn aliases(&self) -> &'static [&'static str] {
        if self.hex { &["milesight-gateway-hex"] } else { &["milesight-gateway", "milesight-base64"] }
    }

    fn about(&self) -> &'static str {
        if self.hex {
            "Milesight gateways that are set to write `data` as hexadecimal; the rest is as with `milesight`."
        } else {
            "Milesight gateways, JSON: `data` carries the device's bytes as base64 at the gateway's `time`; what a codec in \
             the gateway made for profiles that ask. The operator sets the topic."
        }
    }

    fn is_json(&self) -> bool {
        true
    }

    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject> {
        let strange = |e: serde_json::Error| not_json(&e, "a message of a Milesight gateway");
        let event: Event<'m> = serde_json::from_slice(arrival.payload()).map_err(strange)?;
        let mut fields: BTreeMap<Cow<'m, str>, &'m RawValue> = serde_json::from_slice(arrival.payload()).map_err(strange)?;
        fields.retain(|name, _| !OWN.contains(&&**name));
        let made = if fields.is_empty() { None } else { Some(serde_json::value::to_raw_value(&fields).map_err(strange)?) };
        let device = dev_eui(&event.eui, "devEUI")?;
        let body = match (&*event.data, &made) {
            ("", None) => return Err(Reject::new(Reason::NoReading, "the message has neither `data` nor decoded fields")),
            ("", Some(made)) => {
                Body::Trees(vec![Tree { time: None, fields: serde_json::from_str(made.get()).map_err(strange)? }])
            }
            (text, _) => Body::Frame(self.frame(text)?),
        };
        out(Uplink {
            network_time: network_time(&mended(&event.time), "time")?,
            port: Some(event.port),
            counter: Some(event.counter),
            radio: event.radio.radio(),
            gateways: event.radio.gateways(),
            object: made.map(Cow::Owned),
            ..Uplink::new(device, body)
        })
    }
}

impl Milesight {
    fn frame(&self, text: &str) -> Result<Frame<'static>, Reject> {
        if self.hex {
            return Frame::from_hex(text, "data");
        }
        Frame::from_base64(text, "data").or_else(|not_base64| Frame::from_hex(text, "data").map_err(|_| not_base64))
    }
}

/// Some firmware leaves out the second dash of the date, as the maker's own example does: `2020-0327T12:39:05.547336Z`.
fn mended(time: &str) -> Cow<'_, str> {
    match time.split_at_checked(7) {
        Some((month, rest)) if rest.as_bytes().get(2) == Some(&b'T') => format!("{month}-{rest}").into(),
        _ => Cow::Borrowed(time),
    }
}
