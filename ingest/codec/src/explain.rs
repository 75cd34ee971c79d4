//! How a message was read, step by step: for `marsad decode`, and for whoever asks where a number comes from.

use schemas::{DeviceId, Message, Reading, Timestamp};
use serde_json::Value;

use crate::normalise::Missing;
use crate::reject::Reject;
use crate::uplink::{Body, Radio, Uplink};
use crate::{Decoded, Decoder};

/// Who watches while a message is read. The pipeline watches nothing.
pub(crate) trait Witness {
    fn saw(&mut self, uplink: &Uplink<'_>);
    fn missed(&mut self, missing: Vec<Missing>);
}

pub(crate) struct Nobody;

impl Witness for Nobody {
    fn saw(&mut self, _: &Uplink<'_>) {}
    fn missed(&mut self, _: Vec<Missing>) {}
}

/// An uplink as its envelope gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct UplinkView {
    /// Whose it is.
    pub device: DeviceId,
    /// LoRaWAN port, where there is one.
    pub port: Option<u8>,
    /// Uplink counter of the session, where there is one.
    pub counter: Option<u32>,
    /// Whether the device asked for a confirmation.
    pub confirmed: bool,
    /// When the network server heard it.
    pub network_time: Option<Timestamp>,
    /// How it was heard.
    pub radio: Radio,
    /// The device's bytes, where the envelope carries bytes.
    pub bytes: Option<Vec<u8>>,
    /// The device's own times and fields, where the envelope carries fields.
    pub fields: Vec<(Option<Timestamp>, Value)>,
}

/// Everything that became of a message.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The name of the envelope that opened it; none where no route takes its topic.
    pub envelope: Option<&'static str>,
    /// What was in it, as far as it could be opened.
    pub uplinks: Vec<UplinkView>,
    /// What was read.
    pub readings: Vec<Reading>,
    /// What is named and not there.
    pub missing: Vec<Missing>,
    /// Whose it was, or why it cannot be read.
    pub result: Result<Decoded, Reject>,
}

#[derive(Default)]
struct Notes {
    uplinks: Vec<UplinkView>,
    missing: Vec<Missing>,
}

impl Witness for Notes {
    fn saw(&mut self, uplink: &Uplink<'_>) {
        let (bytes, fields) = match &uplink.body {
            Body::Marsad(bytes) => (Some(bytes.to_vec()), Vec::new()),
            Body::Frame(frame) => (Some(frame.bytes().to_vec()), Vec::new()),
            Body::Trees(trees) => (None, trees.iter().map(|t| (t.time, t.fields.clone())).collect()),
            Body::Told(quantity, value) => (None, vec![(None, serde_json::json!({ quantity.name(): value }))]),
        };
        self.uplinks.push(UplinkView {
            device: uplink.device.clone(),
            port: uplink.port,
            counter: uplink.counter,
            confirmed: uplink.confirmed,
            network_time: uplink.network_time,
            radio: uplink.radio,
            bytes,
            fields,
        });
    }

    fn missed(&mut self, missing: Vec<Missing>) {
        self.missing.extend(missing);
    }
}

impl Decoder {
    /// Reads a message as [`Decoder::decode`] does, and keeps what it saw on the way.
    #[must_use]
    pub fn explain(&self, message: &Message) -> Explained {
        let envelope = self.routes.find(message, &self.births).ok().map(|(route, _)| route.envelope.name());
        let (mut notes, mut readings) = (Notes::default(), Vec::new());
        let result = self.read(message, &mut readings, &mut notes);
        if result.is_err() {
            readings.clear();
        }
        Explained { envelope, uplinks: notes.uplinks, readings, missing: notes.missing, result }
    }
}
