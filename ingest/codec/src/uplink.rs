//! What stands between the steps: an envelope opens a message into [`Uplink`]s, a codec reads an uplink into samples,
//! and the [`Sink`] makes readings of them.

use std::borrow::Cow;

use schemas::{DeviceId, DeviceKey, Kind, Message, ProfileName, Quantity, Timestamp, Zone};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::normalise::Sink;
use crate::reject::{Reason, Reject};
use crate::route::Arrival;

/// The longest LoRaWAN application payload is 242 bytes (RP002-1.0.4, dwell time off).
pub(crate) const FRAME_LIMIT: usize = 256;

/// What a device sent, out of its wrapping.
#[derive(Debug)]
pub struct Uplink<'m> {
    /// Whose it is.
    pub device: DeviceId,
    /// What topic or route say of a device that enrols itself; the catalogue wins over it.
    pub claim: Option<(Kind, Zone)>,
    /// How the route says that it is read; the catalogue wins over it.
    pub profile: Option<ProfileName>,
    /// When the network server heard it.
    pub network_time: Option<Timestamp>,
    /// LoRaWAN port; none where the network has no ports.
    pub port: Option<u8>,
    /// Uplink counter of the session, where the network has one.
    pub counter: Option<u32>,
    /// Whether the device asked for a confirmation.
    pub confirmed: bool,
    /// How it was heard.
    pub radio: Radio,
    /// By whom it was heard.
    pub gateways: Gateways,
    /// The version of the program inside, as the network server knows it. What the device itself says wins over it.
    pub firmware: Option<Cow<'m, str>>,
    /// With which the device encrypts; from the catalogue.
    pub key: Option<DeviceKey>,
    /// What a codec inside the network server made of the bytes. Read only by a profile that asks for it.
    pub object: Option<Cow<'m, RawValue>>,
    /// What the device said.
    pub body: Body<'m>,
}

impl<'m> Uplink<'m> {
    /// An uplink of which nothing else is known.
    pub(crate) fn new(device: DeviceId, body: Body<'m>) -> Self {
        Self {
            device,
            claim: None,
            profile: None,
            network_time: None,
            port: None,
            counter: None,
            confirmed: false,
            radio: Radio::default(),
            gateways: Gateways::default(),
            firmware: None,
            key: None,
            object: None,
            body,
        }
    }

    /// The device's bytes.
    ///
    /// # Errors
    /// The message carries fields, or what the network server knows, and no bytes.
    pub fn bytes(&self) -> Result<&[u8], Reject> {
        match &self.body {
            Body::Marsad(bytes) => Ok(bytes),
            Body::Frame(frame) => Ok(frame.bytes()),
            Body::Trees(_) | Body::Told(..) => {
                Err(Reject::new(Reason::WrongBody, "the envelope gives fields, and the profile reads the device's bytes"))
            }
        }
    }
}

/// How the strongest of the gateways heard it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Radio {
    /// dB\[mW\]
    pub rssi: Option<f64>,
    /// dB
    pub snr: Option<f64>,
}

/// More gateways than these are not named: a device that so many hear hangs on none of them.
const FEW: usize = 4;

/// The gateways that heard a frame; none where there are many, or one that has no name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gateways {
    names: [Option<DeviceId>; FEW],
    untold: bool,
}

impl Gateways {
    /// One more, by its name in lower case.
    pub(crate) fn add(&mut self, name: Option<&str>) {
        let name = name.and_then(|name| DeviceId::new(&name.to_ascii_lowercase()).ok());
        let free = self.names.iter_mut().find(|place| place.is_none() || **place == name);
        match (free, name) {
            (Some(place), Some(name)) => *place = Some(name),
            _ => self.untold = true,
        }
    }

    /// Those that have a name, however many heard it: each of them lives. At most four.
    pub fn heard(&self) -> impl Iterator<Item = &DeviceId> {
        self.names.iter().flatten()
    }

    /// Their names, each once.
    pub fn names(&self) -> impl Iterator<Item = &DeviceId> {
        self.names.iter().flatten().filter(|_| !self.untold)
    }
}

/// What is inside the wrapping.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "lives on the stack for the time of one message: cheaper than an allocation")]
pub enum Body<'m> {
    /// Marsad's own JSON.
    Marsad(&'m [u8]),
    /// Bytes of a device, read by its profile.
    Frame(Frame<'m>),
    /// Fields with names: mapped by a profile, or named as in the vocabulary.
    Trees(Vec<Tree>),
    /// What the network server itself knows of the device: its battery, that it joined.
    Told(Quantity, f64),
}

/// Fields that were so at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// The device's own time, if it says one.
    pub time: Option<Timestamp>,
    /// An object: a value by name, or `{"value": .., "unit": ..}` where a unit is stated (UCUM).
    pub fields: Value,
}

/// Bytes of a device: borrowed from the message, or taken out of base64 or hexadecimal onto the stack.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::large_enum_variant, reason = "lives on the stack for the time of one message: cheaper than an allocation")]
pub enum Frame<'m> {
    /// The payload itself.
    Plain(&'m [u8]),
    /// What stood encoded in it.
    Unwrapped {
        /// How many of the bytes.
        len: usize,
        /// The bytes.
        buffer: [u8; FRAME_LIMIT],
    },
}

impl Frame<'_> {
    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Frame::Plain(bytes) => bytes,
            Frame::Unwrapped { len, buffer } => buffer.get(..*len).unwrap_or_default(),
        }
    }

    /// Bytes written as base64, standard alphabet.
    ///
    /// # Errors
    /// Not base64 of at most 256 bytes; `field` names where it stood.
    pub(crate) fn from_base64(text: &str, field: &str) -> Result<Frame<'static>, Reject> {
        use base64::Engine;
        let mut buffer = [0; FRAME_LIMIT];
        let len = base64::engine::general_purpose::STANDARD
            .decode_slice(text, &mut buffer)
            .map_err(|e| Reject::new(Reason::BadBytes, format!("`{field}` is not base64 of at most {FRAME_LIMIT} bytes: {e}")))?;
        Ok(Frame::Unwrapped { len, buffer })
    }

    /// Bytes written as hexadecimal, in either case.
    ///
    /// # Errors
    /// Not pairs of hexadecimal digits, or more than 256 bytes; `field` names where they stood.
    pub(crate) fn from_hex(text: &str, field: &str) -> Result<Frame<'static>, Reject> {
        let bad = || Reject::new(Reason::BadBytes, format!("`{field}` is not hexadecimal of at most {FRAME_LIMIT} bytes"));
        let (pairs, odd) = text.as_bytes().as_chunks::<2>();
        let mut buffer = [0; FRAME_LIMIT];
        let room = buffer.get_mut(..pairs.len()).filter(|_| odd.is_empty()).ok_or_else(bad)?;
        for (byte, [high, low]) in room.iter_mut().zip(pairs) {
            *byte = hex_digit(*high).zip(hex_digit(*low)).map(|(high, low)| high << 4 | low).ok_or_else(bad)?;
        }
        Ok(Frame::Unwrapped { len: pairs.len(), buffer })
    }
}

/// Bytes that were handed on as text, hexadecimal digits in pairs with blanks between them at most; none where they are
/// not, or more than `limit`.
pub(crate) fn written_as_hex(text: &[u8], limit: usize) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.iter().copied().filter(|b| !b.is_ascii_whitespace()).take(2 * limit + 1).collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(hex_digit(*high)? << 4 | hex_digit(*low)?)).collect()
}

pub(crate) fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// What an envelope hands each uplink of a message to. An error ends the message.
pub(crate) type Open<'o, 'm> = dyn FnMut(Uplink<'m>) -> Result<(), Reject> + 'o;

/// One way of wrapping: a network server, a gateway, a protocol, or none. A new one is a file beside `envelope` and a
/// line in its table.
pub(crate) trait Envelope: Sync {
    /// The name that settings and commands use.
    fn name(&self) -> &'static str;
    /// Other names that people call it by.
    fn aliases(&self) -> &'static [&'static str] {
        &[]
    }
    /// What it is, in one sentence, and what it takes from the message.
    fn about(&self) -> &'static str;
    /// Topics that it reads without being told, as patterns of [`crate::route`].
    fn topics(&self) -> &'static [&'static str] {
        &[]
    }
    /// Whether it reads JSON, whose levels are then counted first. Not where the shape that is read allows few.
    fn is_json(&self) -> bool {
        false
    }
    /// Whether later messages may not be readable without this one (Sparkplug births).
    fn is_birth(&self, _message: &Message) -> bool {
        false
    }
    /// Takes from such a message what later ones need; false if there is nothing. [`Envelope::open`] does so too.
    fn learn(&self, _arrival: &Arrival<'_>) -> bool {
        false
    }
    /// Takes the wrapping off: calls `out` once for each uplink in the message.
    fn open<'m>(&self, arrival: &Arrival<'m>, out: &mut Open<'_, 'm>) -> Result<(), Reject>;
}

/// One way of reading what a device said.
pub trait Codec: Send + Sync {
    /// Pushes what the uplink says.
    ///
    /// # Errors
    /// A [`Reject`] that says why it cannot be read.
    fn decode(&self, uplink: &Uplink<'_>, out: &mut Sink<'_>) -> Result<(), Reject>;
}
