//! Why the endpoint ends a connection, in words and in MQTT 5 reason codes (MQTT 5 section 2.4).

/// The client broke the protocol or a limit: only its connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    #[error("malformed packet: {0}")]
    Malformed(&'static str),
    #[error("protocol error: {0}")]
    Protocol(&'static str),
    #[error("topic name: {0}")]
    Topic(&'static str),
    #[error("packet of {size} bytes, at most {limit} are taken")]
    TooLarge { size: usize, limit: usize },
    #[error("topic alias {0} was not announced or is out of range")]
    Alias(u16),
    #[error("more unacknowledged messages than the receive maximum")]
    Window,
    #[error("nothing heard for one and a half times the keep-alive")]
    KeepAlive,
    #[error("no CONNECT within the time allowed")]
    ConnectTimeout,
    #[error("packet not completed within the time allowed")]
    PacketTimeout,
    #[error("protocol version is neither 3.1.1 nor 5")]
    Version,
    #[error("client identifier: {0}")]
    ClientId(&'static str),
    #[error("enhanced authentication is not supported")]
    AuthMethod,
}

impl Fault {
    /// For DISCONNECT and CONNACK of MQTT 5.
    pub(crate) fn reason(self) -> u8 {
        match self {
            Self::Malformed(_) => 0x81,
            Self::Protocol(_) => 0x82,
            Self::Topic(_) => 0x90,
            Self::TooLarge { .. } => 0x95,
            Self::Alias(_) => 0x94,
            Self::Window => 0x93,
            Self::KeepAlive => 0x8D,
            Self::ConnectTimeout | Self::PacketTimeout => 0xA0,
            Self::Version => 0x84,
            Self::ClientId(_) => 0x85,
            Self::AuthMethod => 0x8C,
        }
    }
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// DISCONNECT with reason 0: the will is discarded.
    Disconnected,
    /// DISCONNECT with another reason: the will is wanted.
    DisconnectedWithWill,
    /// The socket closed or broke.
    Gone,
    /// The client's fault.
    Fault(Fault),
    /// CONNECT was answered with a refusal.
    Refused,
    /// Another connection came with the same client identifier.
    TakenOver,
    /// Its credential holds no more.
    Dismissed,
    /// A ticket was dropped: the client must repeat, and clients repeat only after a reconnect.
    NotKept,
    /// The endpoint stops.
    Stopped,
}

impl End {
    /// The MQTT 5 reason and text that the client is told, if it still listens.
    pub(crate) fn farewell(self) -> Option<(u8, String)> {
        match self {
            Self::Disconnected | Self::DisconnectedWithWill | Self::Gone | Self::Refused => None,
            Self::Fault(fault) => Some((fault.reason(), fault.to_string())),
            Self::TakenOver => Some((0x8E, "another connection uses this client identifier".to_owned())),
            Self::Dismissed => Some((0x98, "the credential of this device holds no more".to_owned())),
            Self::NotKept => Some((0x83, "a message could not be kept: connect and send it again".to_owned())),
            Self::Stopped => Some((0x8B, "the endpoint is stopping".to_owned())),
        }
    }

    /// Whether the last will is due. Not when the endpoint stops: the devices are still there, we are not.
    pub(crate) fn wants_will(self) -> bool {
        match self {
            Self::Disconnected | Self::Refused | Self::Dismissed | Self::Stopped => false,
            Self::DisconnectedWithWill | Self::Gone | Self::Fault(_) | Self::TakenOver | Self::NotKept => true,
        }
    }
}
