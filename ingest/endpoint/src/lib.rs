//! The built-in MQTT endpoint: devices publish by MQTT 3.1.1 or 5 straight into whatever stands behind
//! an [`Intake`], and are acknowledged when the [`Ticket`] of their messages is spent, not before.
//!
//! It takes QoS 0, 1 and 2, and a last will as a message. Everything has a limit, and reaching one costs
//! only the connection that reached it. Its pressure on devices is the window of unacknowledged messages
//! and, behind that, TCP: a full intake means that sockets are not read.
//!
//! Inside, `session` is the protocol without input and output (bytes in, messages and bytes out), `link` the way back for acknowledgements, `connection` the thin shell that owns a socket, and
//! `listener` what accepts them.
//!
//! Deliberately absent: fan-out. There are no subscriptions, no retained messages and no sessions that
//! outlive their connection: a SUBSCRIBE is refused with a reason, `session present` is always 0, and a
//! QoS 2 message that is repeated on a new connection is delivered again (at least once). A will delay is
//! taken as 0. Enhanced authentication (AUTH), MQTT 3.1 and WebSockets are absent too.

mod access;
mod answers;
mod bucket;
mod certificates;
mod clients;
mod connect;
mod connection;
mod fault;
mod fields;
pub mod fuzz;
mod gauges;
mod link;
mod listener;
mod pace;
mod packet;
mod session;
mod settings;
mod stream;

pub use access::{Access, Credentials, Identity, Open, Refusal};
pub use certificates::{Certificates, TlsError};
pub use clients::Dismissal;
pub use gauges::Gauges;
pub use link::Ticket;
pub use listener::{Endpoint, EndpointError};
pub use settings::{Devices, Settings};

use bytes::Bytes;
use bytestring::ByteString;
use futures_util::future::BoxFuture;

/// One publish, exactly as it came. Topic and payload are slices of the buffer that the socket was read
/// into: keeping one keeps that buffer (2 KiB to 128 KiB, more for larger packets).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publish {
    /// The topic, never empty, without wildcards or NUL; topic aliases are resolved.
    pub topic: ByteString,
    /// Untouched.
    pub payload: Bytes,
    /// 0, 1 or 2.
    pub qos: u8,
    /// The RETAIN flag. It is reported, nothing is retained.
    pub retain: bool,
    /// The DUP flag: the sender has sent it before.
    pub dup: bool,
    /// It is the last will of a client that went without DISCONNECT.
    pub will: bool,
}

/// What one read of a socket gave.
#[derive(Debug)]
pub struct Arrivals {
    /// In the order in which they came; never empty.
    pub publishes: Vec<Publish>,
    /// Acknowledges exactly these.
    pub ticket: Ticket,
}

/// Nothing more is taken: the program is ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the intake is closed")]
pub struct Closed;

/// Where publishes go.
pub trait Intake: Send + Sync + 'static {
    /// Takes what one read gave. It waits while there is no room, and meanwhile the socket is not read.
    /// The ticket may be spent at any later time, from any thread.
    ///
    /// # Errors
    /// [`Closed`]: the connection ends, and the client repeats what was not acknowledged.
    fn take(&self, arrivals: Arrivals) -> BoxFuture<'_, Result<(), Closed>>;
}
