//! Helium's legacy Console, JSON: `helium/{id}/rx`. Newer Helium network servers are ChirpStack and speak its JSON.
//!
//! `reported_at` is not believed where it cannot be: the documented example is of the year 2472. `decoded.payload`, what a
//! function inside the Console made, is read only by a profile that asks for it.

use std::borrow::Cow;

use schemas::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::parts::{Gateway, Strongest, dev_eui, made, not_json, whole};
use crate::normalise::AHEAD;
use crate::reject::{Reason, Reject};
use crate::route::Arrival;
use crate::uplink::{Body, Envelope, Frame, Open, Uplink};

/// 2019-01-01T00:00:00Z: the Console carried nothing before.
const FIRST: i64 = 1_546_300_800_000;

pub(super) struct Helium;

#[derive(Deserialize)]
struct Event<'m> {
    #[serde(borrow, default)]
    dev_eui: Cow<'m, str>,
    #[serde(default, deserialize_with = "whole")]
    port: u8,
    #[serde(default, deserialize_with = "whole")]
    fcnt: u32,
    #[serde(borrow, default)]
    payload: Cow<'m, str>,
    #[serde(default, deserialize_with = "whole")]
    reported_at: i64,
    #[serde(borrow, default)]
    hotspots: Strongest<Gateway<'m>>,
    #[serde(borrow, default)]
    decoded: Option<Decoded<'m>>,
}

#[derive(Deserialize)]
struct Decoded<'m> {
    #[serde(borrow, default)]
    payload: Option<&'m RawValue>,
}

impl Envelope for Helium {
    fn name(&self) -> &'static str {
        "helium"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["helium-console"]
    }

    fn about(&self) -> &'static str {
        "Helium's legacy Console, JSON: `payload` carries the device's bytes at `reported_at`, if that can be. Newer Helium \
         servers are ChirpStack."
    }

    fn topics(&self) -> &'static [&'static str] {
        &["helium/+/rx"]
    }

    fn is_json(&self) -> bool {
        true
    }

    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject> {
        let event: Event<'m> = serde_json::from_slice(arrival.payload()).map_err(|e| not_json(&e, "a message of Helium"))?;
        let device = dev_eui(&event.dev_eui, "dev_eui")?;
        if event.payload.is_empty() {
            return Err(Reject::new(Reason::NoReading, "`payload` is empty: the frame carries no bytes of the device"));
        }
        let plausible = FIRST..=arrival.message.received_at.plus(AHEAD).millis();
        out(Uplink {
            network_time: Timestamp::from_millis(event.reported_at).ok().filter(|t| plausible.contains(&t.millis())),
            port: Some(event.port),
            counter: Some(event.fcnt),
            radio: event.hotspots.radio(),
            gateways: event.hotspots.gateways(),
            object: event.decoded.and_then(|decoded| made(decoded.payload)),
            ..Uplink::new(device, Body::Frame(Frame::from_base64(&event.payload, "payload")?))
        })
    }
}
