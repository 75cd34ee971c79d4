//! The frame on the wire or on the air: lengths, check sums, block CRCs, the sender's address. EN 13757-2
//! (wired, 68 .. 16) and EN 13757-4 (wireless, formats A and B, or with the CRCs already taken off, as most
//! gateways hand them on).

use std::borrow::Cow;

use super::bytes::Bytes;
use super::crc::ends_with_crc;
use super::{Address, MBusError, Note};

/// A frame without what the link layer put around it.
pub(super) struct Link<'a> {
    /// Who sent; none on the wire, where the address stands in the header.
    pub(super) address: Option<Address>,
    /// From the CI field on.
    pub(super) body: Cow<'a, [u8]>,
    /// What was not as it should be.
    pub(super) note: Option<Note>,
}

/// Takes the link layer off.
pub(super) fn open(frame: &[u8]) -> Result<Link<'_>, MBusError> {
    if let [0x68, a, b, 0x68, rest @ ..] = frame
        && a == b
        && rest.len() == usize::from(*a) + 2
    {
        return wired(rest);
    }
    let (data, note) = wireless(frame)?;
    addressed(&data, note)
}

/// The frame read as one without CRCs, where its last bytes happen to look like a CRC of format B (one
/// frame in 65,536): for a frame that cannot be read otherwise.
pub(super) fn without_crcs(frame: &[u8]) -> Option<Link<'_>> {
    let whole = frame.first().is_some_and(|length| frame.len() == usize::from(*length) + 1);
    let stripped = whole && matches!(format_b(frame), Cow::Owned(_));
    stripped.then(|| addressed(&Cow::Borrowed(frame), None).ok()).flatten()
}

/// Takes length, control and the sender's address off.
fn addressed<'a>(data: &Cow<'a, [u8]>, note: Option<Note>) -> Result<Link<'a>, MBusError> {
    let mut head = Bytes::new(data);
    let [_length, _control] = head.array("link header")?;
    let address = Address::manufacturer_first(head.array("sender's address")?);
    let body = match data {
        Cow::Borrowed(data) => Cow::Borrowed(data.get(head.at..).unwrap_or_default()),
        Cow::Owned(_) => Cow::Owned(head.rest().to_vec()),
    };
    Ok(Link { address: Some(address), body, note })
}

/// `C A CI .. sum 16`: what stands behind the second 68.
fn wired(rest: &[u8]) -> Result<Link<'_>, MBusError> {
    let (content, [sum, end]) =
        rest.split_last_chunk::<2>().ok_or(MBusError::Short { what: "wired frame", at: 0, need: 2, have: rest.len() })?;
    let expected = content.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    if *sum != expected || *end != 0x16 {
        return Err(MBusError::CheckSum { is: *sum, expected });
    }
    let mut head = Bytes::new(content);
    let [_control, _primary] = head.array("wired header")?;
    Ok(Link { address: None, body: Cow::Borrowed(head.rest()), note: None })
}

/// The frame from its length field on, without CRCs. The length field does not count itself.
fn wireless(frame: &[u8]) -> Result<(Cow<'_, [u8]>, Option<Note>), MBusError> {
    let length = Bytes::new(frame).byte("length field")?;
    let said = usize::from(length) + 1;
    if frame.len() == format_a_length(said) && said > FIRST {
        return format_a(frame).map(|data| (Cow::Owned(data), None));
    }
    if frame.len() < said {
        return Err(MBusError::CutOff { said, have: frame.len() });
    }
    if frame.len() == said {
        // Format B counts its CRCs: only they tell it from a frame without any.
        return Ok((format_b(frame), None));
    }
    // Bytes that the gateway put behind: signal strength, a CRC that it left, or a frame whose length
    // it shortened. What the length covers is the telegram.
    let note = Note::LengthField { said, have: frame.len() };
    Ok((Cow::Borrowed(frame.get(..said).unwrap_or(frame)), Some(note)))
}

/// The first block holds length, control and address; those behind it 16 bytes each (format A).
const FIRST: usize = 10;
const BLOCK: usize = 16;
/// The first two blocks of format B together, with their one CRC.
const FORMAT_B_HEAD: usize = 128;

fn format_a_length(said: usize) -> usize {
    said + 2 * (1 + said.saturating_sub(FIRST).div_ceil(BLOCK))
}

fn format_a(frame: &[u8]) -> Result<Vec<u8>, MBusError> {
    let (first, rest) = frame.split_at_checked(FIRST + 2).unwrap_or((frame, &[]));
    let mut data = Vec::with_capacity(frame.len());
    for (i, block) in std::iter::once(first).chain(rest.chunks(BLOCK + 2)).enumerate() {
        if !ends_with_crc(block) {
            return Err(MBusError::LinkCrc { block: i + 1 });
        }
        data.extend_from_slice(block.get(..block.len().saturating_sub(2)).unwrap_or_default());
    }
    Ok(data)
}

fn format_b(frame: &[u8]) -> Cow<'_, [u8]> {
    let (head, tail) = frame.split_at_checked(FORMAT_B_HEAD).unwrap_or((frame, &[]));
    if !ends_with_crc(head) || !(tail.is_empty() || ends_with_crc(tail)) {
        return Cow::Borrowed(frame);
    }
    let without = |block: &[u8]| block.get(..block.len().saturating_sub(2)).unwrap_or_default().to_vec();
    let mut data = without(head);
    data.extend(without(tail));
    Cow::Owned(data)
}
