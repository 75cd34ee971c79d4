//! What stands between the steps: an envelope opens a message into an [`Uplink`], a codec reads the
//! uplink's frame into samples, and the [`Sink`](crate::normalise::Sink) makes readings of them.

use schemas::{DeviceId, Kind, Message, Timestamp, Zone};

use crate::normalise::Sink;
use crate::reject::Reject;

/// The longest LoRaWAN application payload is 242 bytes (RP002-1.0.4, dwell time off).
pub(crate) const FRAME_LIMIT: usize = 256;

/// What a device sent, out of its wrapping.
#[derive(Debug)]
pub(crate) struct Uplink<'m> {
    pub(crate) device: DeviceId,
    /// What the topic says of a device that enrols itself; the catalogue wins over it.
    pub(crate) claim: Option<(Kind, Zone)>,
    /// When the network server heard it.
    pub(crate) network_time: Option<Timestamp>,
    pub(crate) radio: Radio,
    pub(crate) frame: Frame<'m>,
}

/// The strongest of the gateways that heard it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Radio {
    /// dB[mW]
    pub(crate) rssi: Option<f64>,
    /// dB
    pub(crate) snr: Option<f64>,
}

#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "lives on the stack for the time of one message: cheaper than an allocation")]
pub(crate) enum Frame<'m> {
    /// Marsad's own JSON.
    Marsad(&'m [u8]),
    /// Bytes of a device, read by its profile.
    Bytes(PortBytes),
    /// The network server's own knowledge: battery, %.
    Battery(f64),
}

/// A LoRaWAN application payload, on the stack.
#[derive(Debug)]
pub(crate) struct PortBytes {
    pub(crate) port: u8,
    pub(crate) len: usize,
    pub(crate) buffer: [u8; FRAME_LIMIT],
}

impl PortBytes {
    pub(crate) fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }
}

/// One way of wrapping: a network server, a gateway, or none. A new one is a file beside this and a
/// line in [`crate::envelope::ENVELOPES`].
pub(crate) trait Envelope: Sync {
    /// For listings.
    fn name(&self) -> &'static str;
    /// Whether this topic is one of its own; the first of the table that says yes opens the message.
    fn takes(&self, topic: &str) -> bool;
    /// Takes the wrapping off.
    fn open<'m>(&self, message: &'m Message) -> Result<Uplink<'m>, Reject>;
}

/// One way of reading a device's bytes.
pub(crate) trait Codec: Send + Sync {
    /// Pushes what the frame says.
    fn decode(&self, frame: &PortBytes, out: &mut Sink<'_>) -> Result<(), Reject>;
}
