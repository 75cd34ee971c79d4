//! A payload, or its beginning, as JSON can carry it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use schemas::{Message, Timestamp};
use serde::Serialize;

/// As text where it is text, else in base64.
#[derive(Serialize, JsonSchema)]
enum Payload {
    #[serde(rename = "payload_text")]
    Text(String),
    #[serde(rename = "payload_base64")]
    Bytes(String),
}

impl Payload {
    /// At most so many bytes of it.
    fn of(bytes: &[u8], most: usize) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
                Self::Text(text.get(..end).unwrap_or_default().to_owned())
            }
            Err(_) => Self::Bytes(STANDARD.encode(bytes.get(..most).unwrap_or(bytes))),
        }
    }
}

/// A message as it came.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MessageRow<'a> {
    offset: u64,
    topic: &'a str,
    received_at: Timestamp,
    qos: u8,
    retain: bool,
    dup: bool,
    will: bool,
    /// Bytes of the payload.
    size: usize,
    #[serde(flatten)]
    payload: Payload,
}

impl<'a> MessageRow<'a> {
    /// With so many bytes of the payload at most.
    pub(crate) fn of(offset: u64, message: &'a Message, most: usize) -> Self {
        let Message { topic, payload, received_at, provenance } = message;
        Self {
            offset,
            topic,
            received_at: *received_at,
            qos: provenance.qos as u8,
            retain: provenance.retain,
            dup: provenance.dup,
            will: provenance.will,
            size: payload.len(),
            payload: Payload::of(payload, most),
        }
    }
}
