//! Finding packets in a stream of bytes, and reading all but CONNECT.
//!
//! Deliberately absent: state. What a packet means depends on what came before; that is `session`.

use bytes::{Buf, Bytes};
use bytestring::ByteString;

use crate::connect::Version;
use crate::fault::Fault;
use crate::fields::{self, Fields, TOPIC_ALIAS, allow};

/// The first bytes of a packet: type, flags, size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// 1 to 15 (MQTT 5 table 2-1); 0 is malformed.
    pub(crate) kind: u8,
    /// The low four bits.
    pub(crate) flags: u8,
    /// Bytes before the body.
    pub(crate) start: usize,
    /// Bytes of the whole packet.
    pub(crate) size: usize,
}

pub(crate) const CONNECT: u8 = 1;
pub(crate) const PUBLISH: u8 = 3;
pub(crate) const PUBREL: u8 = 6;
pub(crate) const SUBSCRIBE: u8 = 8;
pub(crate) const UNSUBSCRIBE: u8 = 10;
pub(crate) const PINGREQ: u8 = 12;
pub(crate) const DISCONNECT: u8 = 14;
pub(crate) const AUTH: u8 = 15;

/// The header at the front of `input`; none if it is not all there. The size is known before the body is:
/// a packet over `limit` bytes is refused without being read.
pub(crate) fn header(input: &[u8], limit: usize) -> Result<Option<Header>, Fault> {
    let Some((first, rest)) = input.split_first() else { return Ok(None) };
    let (kind, flags) = (first >> 4, first & 0x0F);
    let flags_fit = match kind {
        0 => return Err(Fault::Malformed("packet type 0")),
        PUBLISH => flags & 0b0110 != 0b0110 && flags & 0b1110 != 0b1000,
        PUBREL | SUBSCRIBE | UNSUBSCRIBE => flags == 0b0010,
        _ => flags == 0,
    };
    if !flags_fit {
        return Err(Fault::Malformed("reserved bits in the first byte"));
    }
    let Some((length, bytes)) = fields::variable(rest)? else { return Ok(None) };
    let start = 1 + bytes;
    let size = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(start);
    if size > limit {
        return Err(Fault::TooLarge { size, limit });
    }
    Ok(Some(Header { kind, flags, start, size }))
}

/// A PUBLISH before its alias is resolved.
#[derive(Debug)]
pub(crate) struct Incoming {
    /// Empty if only the alias is given.
    pub(crate) topic: ByteString,
    pub(crate) payload: Bytes,
    pub(crate) qos: u8,
    /// 0 for QoS 0.
    pub(crate) id: u16,
    pub(crate) alias: Option<u16>,
}

const PUBLISH_PROPERTIES: u64 = allow(&[0x01, 0x02, 0x03, 0x08, 0x09, TOPIC_ALIAS, 0x26]);

/// Reads a PUBLISH without copying: topic and payload are slices of `packet`.
pub(crate) fn publish(header: Header, mut packet: Bytes, version: Version) -> Result<Incoming, Fault> {
    let qos = header.flags >> 1 & 3;
    let mut rest = Fields(packet.get(header.start..).unwrap_or_default());
    let length = rest.binary()?.len();
    let topic_at = header.start + 2;
    let id = if qos > 0 { rest.identifier()? } else { 0 };
    let mut alias = None;
    if version == Version::V5 {
        rest.properties(PUBLISH_PROPERTIES, |id, value| {
            match id {
                TOPIC_ALIAS => alias = u16::try_from(value).ok(),
                0x01 if value > 1 => return Err(Fault::Protocol("payload format indicator is neither 0 nor 1")),
                _ => {}
            }
            Ok(())
        })?;
    }
    let payload_at = packet.len() - rest.0.len();
    let topic = if length == 0 && alias.is_some() {
        ByteString::new()
    } else {
        let topic = packet.slice(topic_at..topic_at + length);
        fields::check_topic(&topic)?;
        ByteString::try_from(topic).map_err(|_| Fault::Malformed("topic is not UTF-8"))?
    };
    packet.advance(payload_at);
    Ok(Incoming { topic, payload: packet, qos, id, alias })
}

/// The identifier of a PUBREL.
pub(crate) fn release(body: &[u8], version: Version) -> Result<u16, Fault> {
    let mut rest = Fields(body);
    let id = rest.identifier()?;
    if version == Version::V5 && !rest.is_empty() {
        if !matches!(rest.byte()?, 0 | 0x92) {
            return Err(Fault::Protocol("PUBREL with an unknown reason"));
        }
        if !rest.is_empty() {
            rest.properties(allow(&[0x1F, 0x26]), |_, _| Ok(()))?;
        }
    }
    end(rest)?;
    Ok(id)
}

/// Identifier and number of filters of a SUBSCRIBE.
pub(crate) fn subscribe(body: &[u8], version: Version) -> Result<(u16, usize), Fault> {
    let mut rest = Fields(body);
    let id = rest.identifier()?;
    if version == Version::V5 {
        rest.properties(allow(&[0x0B, 0x26]), |id, value| {
            if id == 0x0B && value == 0 { Err(Fault::Protocol("subscription identifier 0")) } else { Ok(()) }
        })?;
    }
    let reserved = if version == Version::V5 { 0b1100_0000 } else { 0b1111_1100 };
    let mut filters = 0;
    while !rest.is_empty() {
        filter(&mut rest)?;
        let options = rest.byte()?;
        if options & reserved != 0 || options & 3 == 3 || options >> 4 & 3 == 3 {
            return Err(Fault::Malformed("reserved bits in the subscription options"));
        }
        filters += 1;
    }
    at_least_one(id, filters)
}

/// Identifier and number of filters of an UNSUBSCRIBE.
pub(crate) fn unsubscribe(body: &[u8], version: Version) -> Result<(u16, usize), Fault> {
    let mut rest = Fields(body);
    let id = rest.identifier()?;
    if version == Version::V5 {
        rest.properties(allow(&[0x26]), |_, _| Ok(()))?;
    }
    let mut filters = 0;
    while !rest.is_empty() {
        filter(&mut rest)?;
        filters += 1;
    }
    at_least_one(id, filters)
}

fn filter(rest: &mut Fields<'_>) -> Result<(), Fault> {
    if rest.string()?.is_empty() { Err(Fault::Malformed("empty topic filter")) } else { Ok(()) }
}

fn at_least_one(id: u16, filters: usize) -> Result<(u16, usize), Fault> {
    if filters == 0 { Err(Fault::Protocol("no topic filter")) } else { Ok((id, filters)) }
}

/// The reason of a DISCONNECT.
pub(crate) fn disconnect(body: &[u8], version: Version) -> Result<u8, Fault> {
    let mut rest = Fields(body);
    let mut reason = 0;
    if version == Version::V5 && !rest.is_empty() {
        reason = rest.byte()?;
        if !rest.is_empty() {
            rest.properties(allow(&[0x11, 0x1F, 0x26]), |_, _| Ok(()))?;
        }
    }
    end(rest)?;
    Ok(reason)
}

/// That nothing is left over.
pub(crate) fn end(rest: Fields<'_>) -> Result<(), Fault> {
    if rest.is_empty() { Ok(()) } else { Err(Fault::Malformed("bytes after the last field")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_known_before_its_body() {
        assert_eq!(header(&[], 100), Ok(None));
        assert_eq!(header(&[0x30], 100), Ok(None));
        assert_eq!(header(&[0x30, 98], 100), Ok(Some(Header { kind: 3, flags: 0, start: 2, size: 100 })));
        assert_eq!(header(&[0x30, 99], 100), Err(Fault::TooLarge { size: 101, limit: 100 }));
    }

    #[test]
    fn reserved_bits_and_qos_3_are_malformed() {
        for first in [0x00, 0x36, 0x38, 0x60, 0x80, 0xA0, 0xC1, 0xE1, 0x11, 0xF3] {
            assert!(matches!(header(&[first, 0], 100), Err(Fault::Malformed(_))), "{first:#x}");
        }
        for first in [0x10, 0x30, 0x31, 0x32, 0x3A, 0x3B, 0x3C, 0x34, 0x62, 0x82, 0xA2, 0xC0, 0xE0, 0xF0] {
            assert!(header(&[first, 0], 100).is_ok(), "{first:#x}");
        }
    }

    #[test]
    fn topic_and_payload_are_slices_of_the_packet() {
        let packet = Bytes::from_static(b"\x32\x08\x00\x03a/b\x00\x07!");
        let range = packet.as_ptr_range();
        let header = header(&packet, 100).unwrap().unwrap();
        let got = publish(header, packet, Version::V4).unwrap();
        assert_eq!((&*got.topic, &got.payload[..], got.qos, got.id), ("a/b", &b"!"[..], 1, 7));
        assert!(range.contains(&got.payload.as_ptr()) && range.contains(&got.topic.as_bytes().as_ptr()));
    }
}
