//! Netmore, JSON: a list of events, of several devices perhaps, with numbers written as text. The operator sets the topic.

use std::borrow::Cow;

use serde::Deserialize;

use super::parts::{Bounded, dev_eui, is_list, network_time, not_json, number, whole};
use crate::reject::Reject;
use crate::route::Arrival;
use crate::uplink::{Body, Envelope, Frame, Open, Radio, Uplink};

pub(super) struct Netmore;

#[derive(Deserialize)]
struct Event<'m> {
    #[serde(borrow, default, rename = "devEui")]
    eui: Cow<'m, str>,
    /// Absent is `payload`: older servers do not say.
    #[serde(borrow, default, rename = "messageType")]
    kind: Cow<'m, str>,
    #[serde(borrow, default)]
    timestamp: Cow<'m, str>,
    #[serde(borrow, default)]
    payload: Cow<'m, str>,
    #[serde(default, rename = "fPort", deserialize_with = "whole")]
    port: u8,
    #[serde(default, rename = "fCntUp", alias = "fCnt", deserialize_with = "whole")]
    counter: u32,
    #[serde(default, deserialize_with = "number")]
    rssi: Option<f64>,
    #[serde(default, deserialize_with = "number")]
    snr: Option<f64>,
}

impl Envelope for Netmore {
    fn name(&self) -> &'static str {
        "netmore"
    }

    fn about(&self) -> &'static str {
        "Netmore, JSON: a list of events that carry the bytes of devices (`payload`, hexadecimal) at the network server's \
         `timestamp`. The operator sets the topic."
    }

    fn is_json(&self) -> bool {
        true
    }

    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject> {
        let payload = arrival.payload();
        let strange = |e: serde_json::Error| not_json(&e, "a list of Netmore events");
        let events = if is_list(payload) {
            serde_json::from_slice::<Bounded<Event<'m>>>(payload).map_err(strange)?.all("events")?
        } else {
            vec![serde_json::from_slice(payload).map_err(strange)?]
        };
        for event in events {
            let device = dev_eui(&event.eui, "devEui")?;
            if event.payload.is_empty() || !matches!(&*event.kind, "" | "payload") {
                continue;
            }
            out(Uplink {
                network_time: network_time(&event.timestamp, "timestamp")?,
                port: Some(event.port),
                counter: Some(event.counter),
                radio: Radio { rssi: event.rssi, snr: event.snr },
                ..Uplink::new(device, Body::Frame(Frame::from_hex(&event.payload, "payload")?))
            })?;
        }
        Ok(())
    }
}
