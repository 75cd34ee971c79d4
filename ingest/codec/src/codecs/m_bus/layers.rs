//! What stands between the link layer and the records: extended link layer (CI 8C to 8F), authentication
//! and fragmentation (CI 90), transport layer (CI 72, 73, 78 to 7B). EN 13757-4 and -7, OMS volume 2.

use std::borrow::Cow;

use super::bytes::Bytes;
use super::crc::crc;
use super::security::{self, Authentication};
use super::{Address, Key, MBusError, Mode, Note, Protection, compact, prios};

/// What the layers held.
pub(super) struct Content {
    pub(super) meter: Option<Address>,
    pub(super) status: Option<u8>,
    pub(super) protection: Protection,
    /// Data records.
    pub(super) records: Vec<u8>,
    /// What was not as it should be.
    pub(super) note: Option<Note>,
}

/// Opens the layers one after the other, from the CI field behind the link layer.
pub(super) fn open(body: &[u8], sender: Option<Address>, key: Option<&Key>) -> Result<Content, MBusError> {
    let (body, link_protection) = extended_link(body, sender.as_ref(), key)?;
    let (body, authentication) = authentication(&body)?;
    let mut content = transport(body, sender, authentication.as_ref(), key)?;
    if content.protection == Protection::None {
        content.protection = link_protection;
    }
    Ok(content)
}

/// Takes the extended link layer off, if there is one.
fn extended_link<'a>(
    body: &'a [u8],
    sender: Option<&Address>,
    key: Option<&Key>,
) -> Result<(Cow<'a, [u8]>, Protection), MBusError> {
    let mut rest = Bytes::new(body);
    let (receiver, session) = match rest.peek() {
        Some(0x8c) => (false, false),
        Some(0x8d) => (false, true),
        Some(0x8e) => (true, false),
        Some(0x8f) => (true, true),
        _ => return Ok((Cow::Borrowed(body), Protection::None)),
    };
    let [_ci, control, _access] = rest.array("extended link layer")?;
    if receiver {
        rest.take(8, "receiver's address")?;
    }
    if !session {
        return Ok((Cow::Borrowed(rest.rest()), Protection::None));
    }
    let session: [u8; 4] = rest.array("session number")?;
    let guarded = rest.rest();
    let plain = payload(guarded)?;
    // The three highest bits say how it is encrypted: 1 is AES-CTR.
    let [.., top] = session;
    let encrypted = top >> 5 != 0;
    if let Some(plain) = plain {
        let protection = if encrypted { Protection::Removed(Mode::LinkLayer) } else { Protection::None };
        return Ok((Cow::Borrowed(plain), protection));
    }
    if !encrypted {
        return Err(MBusError::PayloadCrc);
    }
    let mode = Mode::LinkLayer;
    let (Some(key), Some(sender)) = (key, sender) else { return Err(MBusError::Encrypted { mode }) };
    let mut decrypted = guarded.to_vec();
    security::counter_mode(key, sender, control, session, &mut decrypted);
    match payload(&decrypted)? {
        Some(plain) => Ok((Cow::Owned(plain.to_vec()), Protection::Decrypted(mode))),
        None => Err(MBusError::WrongKey { mode }),
    }
}

/// What a CRC, least significant byte first, stands before; none where it does not fit.
fn payload(guarded: &[u8]) -> Result<Option<&[u8]>, MBusError> {
    let mut rest = Bytes::new(guarded);
    let sent = u16::from_le_bytes(rest.array("CRC of the extended link layer")?);
    Ok((crc(rest.rest()) == sent).then_some(rest.rest()))
}

/// Takes the authentication and fragmentation layer off, if there is one.
fn authentication(body: &[u8]) -> Result<(&[u8], Option<Authentication<'_>>), MBusError> {
    let mut rest = Bytes::new(body);
    if rest.peek() != Some(0x90) {
        return Ok((body, None));
    }
    let [_ci, len] = rest.array("authentication layer")?;
    let mut layer = Bytes::new(rest.take(usize::from(len), "authentication layer")?);
    let control = u16::from_le_bytes(layer.array("fragmentation control")?);
    let has = |bit: u16| control & 1 << bit != 0;
    let [fragment, _] = control.to_le_bytes();
    // More fragments follow, or this is not the first.
    if has(14) || fragment > 1 {
        return Err(MBusError::Fragment { fragment });
    }
    let mut authentication = Authentication { covered: Vec::new(), counter: None, mac: &[], message: rest.rest() };
    if has(13) {
        authentication.covered.push(layer.byte("message control")?);
    }
    if has(9) {
        layer.take(2, "key information")?;
    }
    if has(11) {
        let counter = layer.array("message counter")?;
        authentication.counter = Some(counter);
        authentication.covered.extend(counter);
    }
    let behind = if has(12) { 2 } else { 0 };
    if has(10) {
        authentication.mac = layer.take(layer.rest().len().saturating_sub(behind), "authentication code")?;
    }
    authentication.covered.extend(layer.take(behind, "message length")?);
    Ok((rest.rest(), Some(authentication)))
}

/// Reads the transport layer's header and opens what stands behind it.
fn transport(
    body: &[u8],
    sender: Option<Address>,
    authentication: Option<&Authentication<'_>>,
    key: Option<&Key>,
) -> Result<Content, MBusError> {
    let mut rest = Bytes::new(body);
    let ci = rest.byte("CI field")?;
    let meter = match ci {
        0x72 | 0x73 => Some(Address::number_first(rest.array("long header")?)),
        0x78..=0x7b => sender,
        0xa0..=0xb7 => return proprietary(ci, body, &sender.ok_or(MBusError::UnknownCi { ci })?),
        _ => return Err(MBusError::UnknownCi { ci }),
    };
    if matches!(ci, 0x78 | 0x79) {
        let (records, note) = unfolded(ci, rest.rest())?;
        return Ok(Content { meter, status: None, protection: Protection::None, records, note });
    }
    let [access, status, low, high] = rest.array("header")?;
    let mode = match high & 0x1f {
        0 => None,
        5 => Some(Mode::Five),
        7 => {
            rest.byte("configuration field extension")?;
            Some(Mode::Seven)
        }
        other => return Err(MBusError::UnknownMode(other)),
    };
    // The upper half of the low byte counts the encrypted blocks, in the two modes alike.
    let encrypted = 16 * usize::from(low >> 4);
    let (protection, data) = match mode.filter(|_| encrypted > 0) {
        None => (Protection::None, Cow::Borrowed(rest.rest())),
        Some(mode) => {
            let sealed = security::Sealed { mode, meter, access, encrypted, data: rest.rest() };
            sealed.open(key, authentication)?
        }
    };
    let (records, note) = unfolded(ci, &data)?;
    Ok(Content { meter, status: Some(status), protection, records, note })
}

/// Reads what stands behind a CI field of the manufacturers' own.
fn proprietary(ci: u8, body: &[u8], sender: &Address) -> Result<Content, MBusError> {
    let (meter, records) = prios::open(sender, body).ok_or(MBusError::Proprietary { ci, manufacturer: sender.manufacturer })?;
    Ok(Content { meter: Some(meter), status: None, protection: Protection::None, records, note: None })
}

/// Records, unfolded where the CI field says that their heads were left out.
fn unfolded(ci: u8, data: &[u8]) -> Result<(Vec<u8>, Option<Note>), MBusError> {
    match ci {
        0x73 | 0x79 | 0x7b => compact::unfold(data),
        _ => Ok((data.to_vec(), None)),
    }
}
