//! What can be set. The defaults stand in `config/default.toml`.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use serde::Deserialize;

/// Who may publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Devices {
    /// Everybody on this machine where it listens on a loopback address, registered devices elsewhere.
    Auto,
    /// Everybody on this machine; only on a loopback address.
    Open,
    /// Devices with a credential, each under its own id.
    Registered,
}

impl Settings {
    /// Whether a device needs a credential.
    #[must_use]
    pub fn registered(&self) -> bool {
        match self.devices {
            Devices::Open => false,
            Devices::Registered => true,
            Devices::Auto => !self.is_private(),
        }
    }

    /// Whether nobody but this machine reaches it.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.listen.ip().is_loopback() && self.tls_listen.is_none_or(|at| at.ip().is_loopback())
    }

    /// Which key cannot be as it is set where others reach it, and why.
    #[must_use]
    pub fn objection(&self) -> Option<(&'static str, &'static str)> {
        if self.devices == Devices::Open && !self.is_private() {
            let why = "\"open\" is for a loopback address alone: expected \"auto\" or \"registered\" where others reach it";
            return Some(("devices", why));
        }
        let why = "plain MQTT would be spoken beyond this machine, passwords in the open: expected a loopback address, with tls_listen \
                   for others, or `plain = true`";
        (!self.listen.ip().is_loopback() && !self.plain).then_some(("listen", why))
    }
}

/// The section `[endpoint]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where plain MQTT is spoken. Port 0 takes any free port.
    pub listen: SocketAddr,
    /// Whether that may be an address that others reach.
    pub plain: bool,
    /// The largest packet taken, header included: 1 KiB to 256 MiB. A larger one ends its connection.
    pub max_packet: ByteSize,
    /// Connections at one time, over both listeners, at least 1. One more is closed at once.
    pub max_connections: usize,
    /// Connections at one time from one IP address, at least 1. One more is closed at once.
    pub max_connections_per_address: usize,
    /// Who may publish.
    pub devices: Devices,
    /// Connections of one registered device at one time, at least 1. One more ends the oldest.
    pub max_connections_per_device: usize,
    /// Messages of QoS 1 and 2 that one connection may have unacknowledged. MQTT 5 clients are told (receive
    /// maximum) and disconnected with 0x93 beyond it; from 3.1.1 clients no more is read until there is room.
    pub window: NonZeroU16,
    /// Publishes per second that are read from one connection, with bursts of one second's worth; 0 is no
    /// limit. Above it the socket is left unread; nothing is dropped.
    pub rate: u32,
    /// The same for all connections of one registered device together, with bursts of `device_burst`; 0 is no limit. Whoever
    /// has topics besides its own speaks for others and is not held to it.
    pub device_rate: u32,
    /// Publishes that one registered device may send at once, at least 1.
    pub device_burst: u32,
    /// The largest packet taken of one registered device, as `max_packet`; whoever speaks for others may send that.
    pub device_max_packet: ByteSize,
    /// Publishes per second that are read from all connections of one IP address together, with bursts of one second's
    /// worth; 0 is no limit. Whoever speaks for others is not held to it, nor this machine where nobody needs a credential.
    pub address_rate: u32,
    /// How long a new connection may take to complete TLS and CONNECT.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub connect_timeout: Duration,
    /// How long one packet may take from its first byte to its last.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub packet_timeout: Duration,
    /// MQTT 5 topic aliases per connection; 0 is none.
    pub topic_aliases: u16,
    /// Where MQTT over TLS is spoken, if anywhere. Needs `certificate` and `key`.
    pub tls_listen: Option<SocketAddr>,
    /// PEM file with the certificate chain, own certificate first.
    pub certificate: Option<PathBuf>,
    /// PEM file with the private key of the certificate.
    pub key: Option<PathBuf>,
    /// PEM file of the authorities that may have signed the certificates of devices; without it none is asked for.
    pub client_ca: Option<PathBuf>,
}
