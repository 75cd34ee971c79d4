//! Reading CONNECT (MQTT 3.1.1 and 5, sections 3.1).

use bytes::Bytes;
use bytestring::ByteString;

use crate::Publish;
use crate::fault::Fault;
use crate::fields::{self, Fields, allow};
use crate::packet;

/// The two versions that are spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// 3.1.1, protocol level 4.
    V4,
    /// 5.
    V5,
}

/// A CONNECT. Nothing in it borrows from the read buffer: it lives as long as the connection.
#[derive(Debug)]
pub(crate) struct Connect {
    /// 3.1.1: clean session; 5: clean start.
    pub(crate) clean: bool,
    /// Seconds; 0 is none.
    pub(crate) keep_alive: u16,
    /// May be empty.
    pub(crate) client: ByteString,
    pub(crate) user: Option<ByteString>,
    pub(crate) password: Option<Bytes>,
    pub(crate) will: Option<Publish>,
    /// MQTT 5: seconds that the client would like its session kept.
    pub(crate) session_expiry: u32,
    /// MQTT 5: the largest packet that the client takes.
    pub(crate) max_packet: u32,
    /// MQTT 5: whether reason strings are welcome.
    pub(crate) reasons: bool,
}

/// Client identifiers are kept for each connection: a limit of their own.
const LONGEST_CLIENT: usize = 512;

const CONNECT_PROPERTIES: u64 = allow(&[0x11, 0x15, 0x16, 0x17, 0x19, 0x21, 0x22, 0x26, 0x27]);
const WILL_PROPERTIES: u64 = allow(&[0x01, 0x02, 0x03, 0x08, 0x09, 0x18, 0x26]);

/// The version that a CONNECT asks for, read first: it decides how everything else is answered.
pub(crate) fn version(body: &[u8]) -> Result<Version, Fault> {
    let mut rest = Fields(body);
    let name = rest.string()?;
    let level = rest.byte()?;
    match (name, level) {
        ("MQTT", 4) => Ok(Version::V4),
        ("MQTT", 5) => Ok(Version::V5),
        ("MQTT" | "MQIsdp", _) => Err(Fault::Version),
        _ => Err(Fault::Malformed("protocol name is not MQTT")),
    }
}

/// Reads the whole body, whose [`version`] is known.
pub(crate) fn read(body: &[u8], version: Version) -> Result<Connect, Fault> {
    let mut rest = Fields(body);
    rest.string()?;
    rest.byte()?;
    let flags = rest.byte()?;
    check_flags(flags, version)?;
    let mut connect = Connect {
        clean: flags & 0x02 != 0,
        keep_alive: rest.two()?,
        client: ByteString::new(),
        user: None,
        password: None,
        will: None,
        session_expiry: 0,
        max_packet: u32::MAX,
        reasons: true,
    };
    if version == Version::V5 {
        connect_properties(&mut rest, &mut connect)?;
    }
    connect.client = ByteString::from(rest.string()?);
    if flags & 0x04 != 0 {
        connect.will = Some(will(&mut rest, flags, version)?);
    }
    if flags & 0x80 != 0 {
        connect.user = Some(ByteString::from(rest.string()?));
    }
    if flags & 0x40 != 0 {
        connect.password = Some(Bytes::copy_from_slice(rest.binary()?));
    }
    packet::end(rest)?;
    if connect.client.len() > LONGEST_CLIENT {
        return Err(Fault::ClientId("longer than 512 bytes"));
    }
    Ok(connect)
}

fn check_flags(flags: u8, version: Version) -> Result<(), Fault> {
    if flags & 0x01 != 0 {
        return Err(Fault::Malformed("reserved connect flag"));
    }
    let (will, will_rest) = (flags & 0x04 != 0, flags & 0x38);
    if !will && will_rest != 0 || flags & 0x18 == 0x18 {
        return Err(Fault::Malformed("will flags contradict each other"));
    }
    if version == Version::V4 && flags & 0xC0 == 0x40 {
        return Err(Fault::Malformed("password without user name"));
    }
    Ok(())
}

fn connect_properties(rest: &mut Fields<'_>, connect: &mut Connect) -> Result<(), Fault> {
    rest.properties(CONNECT_PROPERTIES, |id, value| {
        match (id, value) {
            (0x11, seconds) => connect.session_expiry = seconds,
            (0x21 | 0x27, 0) => return Err(Fault::Protocol("receive maximum and maximum packet size are at least 1")),
            (0x27, bytes) => connect.max_packet = bytes,
            (0x17 | 0x19, 2..) => return Err(Fault::Protocol("request information is 0 or 1")),
            (0x17, wanted) => connect.reasons = wanted == 1,
            (0x15 | 0x16, _) => return Err(Fault::AuthMethod),
            _ => {}
        }
        Ok(())
    })
}

fn will(rest: &mut Fields<'_>, flags: u8, version: Version) -> Result<Publish, Fault> {
    if version == Version::V5 {
        rest.properties(WILL_PROPERTIES, |id, value| {
            if id == 0x01 && value > 1 {
                return Err(Fault::Protocol("payload format indicator is neither 0 nor 1"));
            }
            Ok(())
        })?;
    }
    let topic = rest.string()?;
    fields::check_topic(topic.as_bytes())?;
    let payload = rest.binary()?;
    Ok(Publish {
        topic: ByteString::from(topic),
        payload: Bytes::copy_from_slice(payload),
        qos: flags >> 3 & 3,
        retain: flags & 0x20 != 0,
        dup: false,
        will: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(level: u8, flags: u8, tail: &[u8]) -> Vec<u8> {
        [b"\x00\x04MQTT", &[level, flags, 0, 30][..], tail].concat()
    }

    #[test]
    fn a_connect_of_311_with_everything_is_read() {
        let bytes = body(4, 0b1110_1110, b"\x00\x01c\x00\x01w\x00\x02xy\x00\x01u\x00\x01p");
        assert_eq!(version(&bytes), Ok(Version::V4));
        let got = read(&bytes, Version::V4).unwrap();
        assert_eq!((&*got.client, got.keep_alive, got.clean), ("c", 30, true));
        assert_eq!((got.user.as_deref(), got.password.as_deref()), (Some("u"), Some(&b"p"[..])));
        let will = got.will.unwrap();
        assert_eq!((&*will.topic, &will.payload[..], will.qos, will.retain, will.will), ("w", &b"xy"[..], 1, true, true));
    }

    #[test]
    fn contradicting_flags_are_malformed() {
        for flags in [0b0000_0001, 0b0000_1000, 0b0010_0000, 0b0001_1100, 0b0100_0000] {
            let bytes = body(4, flags, b"\x00\x01c\x00\x01w\x00\x00\x00\x01p");
            assert!(matches!(read(&bytes, Version::V4), Err(Fault::Malformed(_))), "{flags:#b}");
        }
    }

    #[test]
    fn other_versions_and_names_are_told_apart() {
        assert_eq!(version(&body(3, 2, b"")), Err(Fault::Version));
        assert_eq!(version(b"\x00\x06MQIsdp\x03"), Err(Fault::Version));
        assert!(matches!(version(b"\x00\x04HTTP\x04"), Err(Fault::Malformed(_))));
    }

    #[test]
    fn properties_of_5_are_read_and_enhanced_authentication_refused() {
        let got = read(&body(5, 2, b"\x0c\x11\0\0\0\x05\x27\0\0\x01\0\x17\0\x00\x01c"), Version::V5).unwrap();
        assert_eq!((got.session_expiry, got.max_packet, got.reasons), (5, 256, false));
        let auth = read(&body(5, 2, b"\x06\x15\0\x03abc\x00\x01c"), Version::V5);
        assert_eq!(auth.unwrap_err(), Fault::AuthMethod);
        let zero = read(&body(5, 2, b"\x03\x21\0\0\x00\x01c"), Version::V5);
        assert!(matches!(zero, Err(Fault::Protocol(_))));
    }
}
