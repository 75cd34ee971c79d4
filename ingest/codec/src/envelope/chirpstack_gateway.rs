//! What ChirpStack's gateway bridge says of a gateway itself, JSON: `{region}/gateway/{EUI}/event/stats`, each half minute
//! where it is not set otherwise, and `{region}/gateway/{EUI}/state/conn`, which the broker publishes in the bridge's name
//! when it is lost. Version 3 has no region and writes the EUI as base64.
//!
//! A gateway is a device as any other: it is taken only if the catalogue lists it. Deliberately absent: frames as the
//! gateway heard them (`event/up`, which the network server turns into uplinks of devices), acknowledgements, and the
//! bridge's other marshaler, Protobuf.

use std::borrow::Cow;

use schemas::{DeviceId, Quantity};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::parts::{dev_eui, hexadecimal, network_time, not_json};
use crate::reject::{Reason, Reject, excerpt};
use crate::route::Arrival;
use crate::uplink::{Body, Envelope, Open, Tree, Uplink};

pub(super) struct ChirpStackGateway;

/// What of either message is read.
#[derive(Deserialize)]
struct Said<'m> {
    #[serde(borrow, default, rename = "gatewayId", alias = "gatewayID")]
    eui: Cow<'m, str>,
    #[serde(borrow, default)]
    time: Cow<'m, str>,
    /// Of stats: frames heard since the last ones, with a right checksum.
    #[serde(default, rename = "rxPacketsReceivedOk", alias = "rxPacketsReceivedOK")]
    frames: u32,
    /// Of a state.
    #[serde(borrow, default)]
    state: Cow<'m, str>,
}

impl Envelope for ChirpStackGateway {
    fn name(&self) -> &'static str {
        "chirpstack-gateway"
    }

    fn about(&self) -> &'static str {
        "What ChirpStack's gateway bridge says of a gateway, JSON: `stats` that it lives and how many frames it heard, `conn` whether \
         it is connected. The gateway is a device of the catalogue, with its EUI as id."
    }

    fn topics(&self) -> &'static [&'static str] {
        &["+/gateway/+/event/stats", "+/gateway/+/state/conn", "gateway/+/event/stats", "gateway/+/state/conn"]
    }

    fn is_json(&self) -> bool {
        true
    }

    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject> {
        let read: Said<'m> = serde_json::from_slice(arrival.payload()).map_err(|e| not_json(&e, "what a gateway bridge says"))?;
        let gateway = gateway(&arrival.message.topic, &read.eui)?;
        let fields = if arrival.message.topic.ends_with("/conn") { connected(&read.state)? } else { stats(read.frames) };
        let tree = Tree { time: None, fields: Value::Object(fields) };
        out(Uplink { network_time: network_time(&read.time, "time")?, ..Uplink::new(gateway, Body::Trees(vec![tree])) })
    }
}

/// The topic's EUI, which the payload must not deny.
fn gateway(topic: &str, inside: &str) -> Result<DeviceId, Reject> {
    let of_topic = topic.rsplit('/').nth(2).unwrap_or_default();
    let gateway = dev_eui(of_topic, "the topic's gateway")?;
    let inside = hexadecimal(inside);
    if inside.is_empty() || inside.eq_ignore_ascii_case(gateway.as_str()) {
        return Ok(gateway);
    }
    let text = format!("the topic says {gateway}, the payload says `{}`", excerpt(&inside));
    Err(Reject::new(Reason::DeviceMismatch, text))
}

fn connected(state: &str) -> Result<Map<String, Value>, Reject> {
    let online = match state {
        "ONLINE" => 1,
        "OFFLINE" => 0,
        other => {
            let text = format!("`state` is `{}`, expected ONLINE or OFFLINE", excerpt(other));
            return Err(Reject::new(Reason::BadShape, text));
        }
    };
    Ok([(Quantity::GATEWAY_ONLINE.name().to_owned(), online.into())].into_iter().collect())
}

fn stats(frames: u32) -> Map<String, Value> {
    let said = [(Quantity::GATEWAY_HEARD, 1), (Quantity::GATEWAY_FRAMES, frames)];
    said.into_iter().map(|(quantity, value)| (quantity.name().to_owned(), value.into())).collect()
}
