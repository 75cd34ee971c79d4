//! A whole conversation over bytes alone, for whoever throws bytes at it: no sockets, no time.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::BytesMut;

use crate::access::Open;
use crate::session::{Limits, Next, Session};
use crate::{Access, Publish};

const LIMITS: Limits = Limits { max_packet: 4096, device_max_packet: 4096, window: 8, topic_aliases: 4 };

/// What came of a conversation.
#[derive(Debug, Default)]
pub struct Heard {
    /// Messages that were taken.
    pub publishes: Vec<Publish>,
    /// Bytes that were answered, acknowledgements included.
    pub said: usize,
    /// It was ended by what the client said.
    pub ended: bool,
}

/// Lets a client say these bytes, in pieces of so many, and keeps each message at once.
#[must_use]
pub fn converse(bytes: &[u8], piece: usize) -> Heard {
    let from = SocketAddr::from((IpAddr::V4(Ipv4Addr::LOCALHOST), 9));
    let mut session = Session::new(LIMITS, from, None, Arc::new(Open) as Arc<dyn Access>);
    let (mut input, mut out, mut heard) = (BytesMut::new(), BytesMut::new(), Heard::default());
    for piece in bytes.chunks(piece.max(1)) {
        input.extend_from_slice(piece);
        loop {
            let before = input.len();
            let (taken, next) = session.feed(&mut input, &mut out, u32::MAX, "spare");
            if !taken.acks.is_empty() {
                let ticket = session.issue();
                session.settle(ticket + 1, taken.messages);
            }
            heard.said += taken.acks.len();
            heard.publishes.extend(taken.publishes);
            heard.ended = matches!(next, Next::End(_));
            if matches!(next, Next::Read(_) | Next::End(_)) || input.len() == before {
                break;
            }
        }
        if heard.ended {
            break;
        }
    }
    heard.said += out.len();
    heard
}
