//! Writing what the endpoint says: CONNACK, the acknowledgements, SUBACK, UNSUBACK, PINGRESP, DISCONNECT.

use bytes::{BufMut, BytesMut};

use crate::access::Refusal;
use crate::connect::Version;

/// What a client is told of our limits at CONNECT.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Announced {
    pub(crate) window: u16,
    pub(crate) max_packet: u32,
    pub(crate) topic_aliases: u16,
}

/// Why SUBSCRIBE is refused.
const NO_SUBSCRIPTIONS: &str = "this endpoint only takes publishes: subscribe at a broker";

pub(crate) fn pong(out: &mut BytesMut) {
    out.put_slice(&[0xD0, 0]);
}

pub(crate) const PUBACK: u8 = 0x40;
pub(crate) const PUBREC: u8 = 0x50;
pub(crate) const PUBCOMP: u8 = 0x70;
pub(crate) const NOT_AUTHORIZED: u8 = 0x87;

/// PUBACK, PUBREC or PUBCOMP that says success: the same four bytes in both versions.
pub(crate) fn acknowledge(out: &mut Vec<u8>, kind: u8, id: u16) {
    let [high, low] = id.to_be_bytes();
    out.extend_from_slice(&[kind, 2, high, low]);
}

/// The same with a reason, MQTT 5 only.
pub(crate) fn acknowledge_with(out: &mut Vec<u8>, kind: u8, id: u16, reason: u8) {
    let [high, low] = id.to_be_bytes();
    out.extend_from_slice(&[kind, 3, high, low, reason]);
}

/// CONNACK that takes the client in. `assigned` is the identifier made up for it.
pub(crate) fn welcome(out: &mut BytesMut, version: Version, limits: Announced, assigned: Option<&str>, expires_now: bool) {
    if version == Version::V4 {
        out.put_slice(&[0x20, 2, 0, 0]);
        return;
    }
    let mut properties = Vec::with_capacity(64);
    properties.put_u8(0x21);
    properties.put_u16(limits.window);
    properties.put_u8(0x27);
    properties.put_u32(limits.max_packet);
    properties.put_u8(0x22);
    properties.put_u16(limits.topic_aliases);
    // Wildcard subscriptions, subscription identifiers, shared subscriptions: none of them.
    properties.put_slice(&[0x28, 0, 0x29, 0, 0x2A, 0]);
    if expires_now {
        // The client asked for a session that outlives the connection; it gets none.
        properties.put_u8(0x11);
        properties.put_u32(0);
    }
    if let Some(name) = assigned {
        properties.put_u8(0x12);
        string(&mut properties, name);
    }
    let length = 2 + variable_size(properties.len()) + properties.len();
    out.put_u8(0x20);
    variable(out, length);
    out.put_slice(&[0, 0]);
    variable(out, properties.len());
    out.put_slice(&properties);
}

/// CONNACK that refuses, by the access check's reason.
pub(crate) fn refuse(out: &mut BytesMut, version: Version, refusal: Refusal) {
    let (v4, v5) = match refusal {
        Refusal::BadCredentials => (4, 0x86),
        Refusal::NotAuthorized => (5, 0x87),
        Refusal::ClientId => (2, 0x85),
        Refusal::Unavailable => (3, 0x88),
    };
    match version {
        Version::V4 => refuse_v4(out, v4),
        Version::V5 => refuse_v5(out, v5),
    }
}

pub(crate) fn refuse_v4(out: &mut BytesMut, code: u8) {
    out.put_slice(&[0x20, 2, 0, code]);
}

pub(crate) fn refuse_v5(out: &mut BytesMut, reason: u8) {
    out.put_slice(&[0x20, 3, 0, reason, 0]);
}

/// SUBACK that refuses every filter.
pub(crate) fn no_subscriptions(out: &mut BytesMut, version: Version, id: u16, filters: usize, longest: usize, reasons: bool) {
    match version {
        Version::V4 => {
            out.put_u8(0x90);
            variable(out, 2 + filters);
            out.put_u16(id);
            out.put_bytes(0x80, filters);
        }
        Version::V5 => {
            let text = reason_string(NO_SUBSCRIPTIONS, reasons && filters + NO_SUBSCRIPTIONS.len() + 16 <= longest);
            out.put_u8(0x90);
            variable(out, 3 + text.len() + filters);
            out.put_u16(id);
            // Our texts are far shorter than 128 bytes.
            variable(out, text.len());
            out.put_slice(&text);
            out.put_bytes(NOT_AUTHORIZED, filters);
        }
    }
}

/// UNSUBACK: there was no such subscription (which 3.1.1 cannot say).
pub(crate) fn no_such_subscriptions(out: &mut BytesMut, version: Version, id: u16, filters: usize) {
    out.put_u8(0xB0);
    match version {
        Version::V4 => {
            out.put_u8(2);
            out.put_u16(id);
        }
        Version::V5 => {
            variable(out, 3 + filters);
            out.put_u16(id);
            out.put_u8(0);
            out.put_bytes(0x11, filters);
        }
    }
}

/// DISCONNECT, which only MQTT 5 servers send.
pub(crate) fn disconnect(out: &mut BytesMut, reason: u8, text: &str, longest: usize) {
    let text = reason_string(text, text.len() + 16 <= longest);
    if text.is_empty() {
        out.put_slice(&[0xE0, 1, reason]);
        return;
    }
    out.put_u8(0xE0);
    variable(out, 1 + variable_size(text.len()) + text.len());
    out.put_u8(reason);
    variable(out, text.len());
    out.put_slice(&text);
}

/// The property, or nothing if it is not wanted or does not fit what the client takes.
fn reason_string(text: &str, wanted: bool) -> Vec<u8> {
    let mut property = Vec::new();
    if wanted {
        property.put_u8(0x1F);
        string(&mut property, text);
    }
    property
}

fn string(out: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).expect("client identifiers and our own texts are short");
    out.put_u16(length);
    out.put_slice(text.as_bytes());
}

fn variable_size(value: usize) -> usize {
    match value {
        0..0x80 => 1,
        0x80..0x4000 => 2,
        0x4000..0x20_0000 => 3,
        _ => 4,
    }
}

fn variable(out: &mut BytesMut, mut value: usize) {
    loop {
        let low = u8::try_from(value & 0x7F).expect("seven bits");
        value >>= 7;
        out.put_u8(if value > 0 { low | 0x80 } else { low });
        if value == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use rumqttc::v5::mqttbytes::v5 as theirs;

    use super::*;

    fn read(mut out: BytesMut) -> theirs::Packet {
        let packet = theirs::Packet::read(&mut out, None).expect("a packet that another implementation reads");
        assert!(out.is_empty());
        packet
    }

    #[test]
    fn a_welcome_of_5_announces_the_limits() {
        let mut out = BytesMut::new();
        let limits = Announced { window: 77, max_packet: 4096, topic_aliases: 8 };
        welcome(&mut out, Version::V5, limits, Some("auto-1"), true);
        let theirs::Packet::ConnAck(got) = read(out) else { panic!("not a CONNACK") };
        let properties = got.properties.unwrap();
        assert!(!got.session_present);
        assert_eq!(properties.receive_max, Some(77));
        assert_eq!(properties.max_packet_size, Some(4096));
        assert_eq!(properties.topic_alias_max, Some(8));
        assert_eq!(properties.wildcard_subscription_available, Some(0));
        assert_eq!(properties.subscription_identifiers_available, Some(0));
        assert_eq!(properties.shared_subscription_available, Some(0));
        assert_eq!(properties.session_expiry_interval, Some(0));
        assert_eq!(properties.assigned_client_identifier.as_deref(), Some("auto-1"));
        assert_eq!(properties.max_qos, None, "absent means 2");
    }

    #[test]
    fn a_refused_subscription_says_why() {
        let mut out = BytesMut::new();
        no_subscriptions(&mut out, Version::V5, 9, 3, usize::MAX, true);
        let theirs::Packet::SubAck(got) = read(out) else { panic!("not a SUBACK") };
        assert_eq!((got.pkid, got.return_codes.len()), (9, 3));
        assert_eq!(got.properties.unwrap().reason_string.as_deref(), Some(NO_SUBSCRIPTIONS));
    }

    #[test]
    fn a_disconnect_never_exceeds_what_the_client_takes() {
        let mut long = BytesMut::new();
        disconnect(&mut long, 0x82, &"x".repeat(200), 1000);
        let theirs::Packet::Disconnect(got) = read(long) else { panic!("not a DISCONNECT") };
        assert_eq!(got.properties.unwrap().reason_string.map(|s| s.len()), Some(200));
        let mut short = BytesMut::new();
        disconnect(&mut short, 0x82, &"x".repeat(200), 20);
        assert_eq!(&short[..], &[0xE0, 1, 0x82]);
    }
}
