//! M-Bus: what water meters say on the wire, on the air (wireless M-Bus, OMS) and inside LoRaWAN payloads.
//!
//! [`telegram`] reads a whole telegram through its layers: link (`link`), extended link, authentication
//! and transport (`layers`), encryption (`security`), frames without heads (`compact`), Diehl's own
//! (`prios`) and what other makes pack their own way (`makes`). [`message`] reads the same without a link
//! layer, [`records`] bare data records (`record`, `vif`, `value`, `date`). [`readings`] says which of
//! them are quantities of the vocabulary (`meaning`).
//!
//! Why this is read here and not by a library, and how much of real traffic it reads:
//! `docs/decisions/m-bus.md`.
//!
//! Deliberately absent: asking a meter (only what it says is read), messages in several telegrams, the
//! formats of single makes that hold no records (Apator, Techem), and the zone of local times.

mod bytes;
mod compact;
mod crc;
mod date;
mod error;
mod layers;
mod link;
mod makes;
mod meaning;
mod prios;
mod record;
mod security;
mod value;
mod vif;

use std::fmt;

pub use date::Local;
pub use error::MBusError;
pub use meaning::{Meant, clock, meaning, readings};
pub use record::{Function, Record, records};
pub use value::Content;
pub use vif::{Direction, Measure};

/// Bytes of the longest telegram that is read: the longest frame has 290 with all its CRCs (format A).
pub const LIMIT: usize = 512;
/// Records of one telegram, at most.
pub const RECORDS_LIMIT: usize = 256;

/// A 128-bit key of a meter.
pub type Key = [u8; 16];

/// What one meter said at once.
#[derive(Clone, Debug, PartialEq)]
pub struct Telegram {
    /// Whose values they are. None in a frame of the wire without a header.
    pub meter: Option<Address>,
    /// The status byte of the header.
    pub status: Option<u8>,
    /// How it was protected.
    pub protection: Protection,
    /// In their order.
    pub records: Vec<Record>,
    /// What was not as it should be, and was read all the same.
    pub notes: Vec<Note>,
}

impl Telegram {
    /// The meter says that its battery is low (bit 2 of the status byte, EN 13757-7).
    #[must_use]
    pub fn battery_low(&self) -> Option<bool> {
        self.status.map(|status| status & 4 != 0)
    }

    /// What it says in quantities of the vocabulary: nothing where the meter measures another thing than
    /// water.
    #[must_use]
    pub fn readings(&self) -> Vec<Meant> {
        if self.meter.is_some_and(|meter| meter.measures_other_than_water()) { Vec::new() } else { readings(&self.records) }
    }
}

/// How a telegram was protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// By nothing.
    None,
    /// Its header says encrypted, its content is plain: whoever handed it on has decrypted it.
    Removed(Mode),
    /// Decrypted here.
    Decrypted(Mode),
    /// Decrypted here, and its authentication code fits.
    Authenticated(Mode),
}

/// A way to encrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// AES-128-CBC, the initial vector from address and access number (EN 13757-7, security mode 5).
    Five,
    /// AES-128-CBC with a key for each message, authenticated (EN 13757-7, security mode 7).
    Seven,
    /// AES-128-CTR of the extended link layer (EN 13757-4).
    LinkLayer,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mode::Five => "mode 5",
            Mode::Seven => "mode 7",
            Mode::LinkLayer => "extended link layer",
        })
    }
}

/// What was not as it should be in a telegram, and was read all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// More bytes came than the length field says; what follows was left.
    LengthField {
        /// Length of the whole frame by its own field.
        said: usize,
        /// Bytes that came.
        have: usize,
    },
    /// The compact frame is not the full frame of its CRC: a value has changed since that was sent.
    FullFrameCrc,
    /// The frame ends inside a record; those before it were read.
    Truncated(MBusError),
}

/// Three letters, 5 bits each (IEC 62056-21; the FLAG association keeps the list).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manufacturer(pub u16);

impl fmt::Display for Manufacturer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        [10, 5, 0].into_iter().try_for_each(|shift| {
            let letter = u8::try_from(self.0 >> shift & 0x1f).unwrap_or_default();
            write!(f, "{}", char::from(b'@' + letter))
        })
    }
}

/// Which meter, or which radio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// Serial number, two digits a byte, the last two first.
    id: [u8; 4],
    /// Who made it.
    pub manufacturer: Manufacturer,
    /// Generation, by the manufacturer's count.
    pub version: u8,
    /// Device type (EN 13757-7): 6 and 7 warm and cold water, 0x16 drinking water.
    pub kind: u8,
}

impl Address {
    /// As the link layer has it.
    fn manufacturer_first([m0, m1, a, b, c, d, version, kind]: [u8; 8]) -> Self {
        Self { id: [a, b, c, d], manufacturer: Manufacturer(u16::from_le_bytes([m0, m1])), version, kind }
    }

    /// As the long header has it.
    fn number_first([a, b, c, d, m0, m1, version, kind]: [u8; 8]) -> Self {
        Self::manufacturer_first([m0, m1, a, b, c, d, version, kind])
    }

    /// The eight bytes that begin an initial vector.
    fn vector(&self) -> [u8; 8] {
        let [m0, m1] = self.manufacturer.0.to_le_bytes();
        let [a, b, c, d] = self.id;
        [m0, m1, a, b, c, d, self.version, self.kind]
    }

    /// The serial number, 8 digits.
    #[must_use]
    pub fn id(&self) -> String {
        value::digits(&self.id)
    }

    /// Whether the device type is one whose volumes are not of water: heat, gas, steam, air, garbage.
    /// Radio modules and types that say nothing are given the benefit of the doubt.
    #[must_use]
    pub fn measures_other_than_water(&self) -> bool {
        matches!(self.kind, 0x01..=0x05 | 0x08..=0x0d | 0x12..=0x14 | 0x18..=0x1d | 0x29)
    }
}

/// Reads a telegram, with the meter's key where it is encrypted.
///
/// # Errors
/// It is not one, it is damaged, it is encrypted and the key is missing or another, or its content is a
/// manufacturer's own format.
pub fn telegram(bytes: &[u8], key: Option<&Key>) -> Result<Telegram, MBusError> {
    if bytes.len() > LIMIT {
        return Err(MBusError::TooLong { len: bytes.len() });
    }
    let content = |link: link::Link<'_>| read(layers::open(&link.body, link.address, key)?, link.note);
    content(link::open(bytes)?).or_else(|error| link::without_crcs(bytes).and_then(|link| content(link).ok()).ok_or(error))
}

/// Whose telegram it is: the meter, where its header says that in the open, else whoever sent it.
#[must_use]
pub fn address(bytes: &[u8]) -> Option<Address> {
    telegram(bytes, None).ok().and_then(|telegram| telegram.meter).or_else(|| link::open(bytes).ok()?.address)
}

/// Reads what stands behind a link layer, from the CI field on, as some makes send it in a LoRaWAN
/// payload. Where no header names the meter, what is encrypted cannot be opened: its address is needed.
///
/// # Errors
/// As [`telegram`].
pub fn message(bytes: &[u8], key: Option<&Key>) -> Result<Telegram, MBusError> {
    if bytes.len() > LIMIT {
        return Err(MBusError::TooLong { len: bytes.len() });
    }
    read(layers::open(bytes, None, key)?, None)
}

fn read(content: layers::Content, cut: Option<Note>) -> Result<Telegram, MBusError> {
    let (mut records, error) = record::read(&content.records);
    let ends_early = match error {
        None => None,
        // A wrong length field cuts inside the last record; what came before it is whole.
        Some(error @ MBusError::Short { .. }) if cut.is_some() => Some(Note::Truncated(error)),
        Some(error) => return Err(error),
    };
    if let Some(meter) = content.meter {
        makes::unpack(meter.manufacturer, &mut records);
    }
    let notes = cut.into_iter().chain(content.note).chain(ends_early).collect();
    Ok(Telegram { meter: content.meter, status: content.status, protection: content.protection, records, notes })
}

#[cfg(test)]
mod tests;
