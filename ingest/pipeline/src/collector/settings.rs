//! What may be set of a collector, and what it means: parsed once, so that nothing is found wrong
//! later. Deliberately absent: anything that speaks to a broker.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytesize::ByteSize;
use rumqttc::{MqttOptions, NetworkOptions, QoS, Transport, valid_filter};
use serde::Deserialize;
use trust::{Files, Outward};

/// One broker. The comments in `config/default.toml` are the long form, with ranges.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Its name in logs and status.
    pub name: String,
    /// `mqtt://host[:1883]` or `mqtts://host[:8883]`.
    pub url: String,
    /// Topic filters, `$share/group/filter` included.
    pub filters: Vec<String>,
    /// The name of the session at the broker; `marsad-{name}` where absent.
    pub client_id: Option<String>,
    /// User name, where the broker asks for one.
    pub username: Option<String>,
    /// File whose first line is the password.
    pub password_file: Option<PathBuf>,
    /// Name of the environment variable that holds the password.
    pub password_env: Option<String>,
    /// 0 or 1; 1 where absent.
    pub qos: Option<u8>,
    /// The longest silence between the two sides; 30 s where absent.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub keep_alive: Option<Duration>,
    /// How long a connection may take to come about; 10 s where absent.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub connect_timeout: Option<Duration>,
    /// The largest topic and payload that are taken; 16 MiB where absent.
    pub max_message: Option<ByteSize>,
    /// Messages that may be unacknowledged; 20,000 where absent.
    pub window: Option<u16>,
    /// How long messages are gathered while the broker is busy; 1 ms where absent.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub gather: Option<Duration>,
    /// PEM file of the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// PEM file with our own certificate and its chain.
    pub client_cert_file: Option<PathBuf>,
    /// PEM file with the key of our own certificate.
    pub client_key_file: Option<PathBuf>,
    /// The protocols offered inside TLS (ALPN), the best first; where absent nothing is said of them.
    pub alpn: Option<Vec<String>>,
}

impl Settings {
    /// A client's options for the same broker, for what is no collector: a simulation that publishes, a recording. They
    /// carry address, credentials, TLS and client id; session, window and acknowledgements are the caller's.
    ///
    /// # Errors
    /// As for a collector.
    pub fn client(&self) -> Result<MqttOptions, CollectorError> {
        Ok(Plan::new(self)?.mqtt)
    }
}

/// Why settings make no collector. Each names the collector and what was expected.
#[derive(Debug, thiserror::Error)]
pub enum CollectorError {
    /// The address cannot be read.
    #[error("collector {name}: url {url:?}: expected mqtt://host[:port] or mqtts://host[:port], {reason}")]
    Url {
        /// As the settings name it.
        name: String,
        /// As it stands there.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A topic filter is not one.
    #[error(
        "collector {name}: filter {filter:?}: expected an MQTT topic filter such as \"marsad/#\" or \"$share/marsad/marsad/#\""
    )]
    Filter {
        /// As the settings name it.
        name: String,
        /// As it stands there.
        filter: String,
    },
    /// A value is outside its range.
    #[error("collector {name}: {key}: expected {expected}")]
    Value {
        /// As the settings name it.
        name: String,
        /// Which one.
        key: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// A file cannot be read.
    #[error("collector {name}: {key}: {path}: {source}")]
    File {
        /// As the settings name it.
        name: String,
        /// Which setting.
        key: &'static str,
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Certificates or key are of no use.
    #[error("collector {name}: {key}: {reason}")]
    Tls {
        /// As the settings name it.
        name: String,
        /// Which setting.
        key: &'static str,
        /// Why.
        reason: String,
    },
}

/// Settings, understood.
pub(super) struct Plan {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) client_id: String,
    pub(super) filters: Vec<String>,
    pub(super) qos: QoS,
    pub(super) keep_alive: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) max_message: usize,
    pub(super) window: usize,
    pub(super) gather: Duration,
    pub(super) mqtt: MqttOptions,
    pub(super) network: NetworkOptions,
    /// None where the broker is spoken to in the open.
    pub(super) outward: Option<Arc<Outward>>,
}

/// The largest MQTT packet there can be (MQTT 3.1.1, section 2.2.3).
///
/// The connection takes every size, and `max_message` is judged on the whole message. Were the
/// connection itself to refuse a large one, the broker would send it again after every reconnect, for
/// ever: MQTT 3.1.1 has no way to say no. So it is read, counted as refused, and acknowledged. Memory
/// is bounded by one such message a collector; the broker's own limit (`message_size_limit`) is where
/// to keep them out.
const LARGEST_PACKET: usize = 268_435_455;
const LARGEST_MESSAGE: u64 = 64 << 20;

impl Plan {
    pub(super) fn new(settings: &Settings) -> Result<Self, CollectorError> {
        let name = settings.name.clone();
        let value = |key, expected| CollectorError::Value { name: name.clone(), key, expected };
        if name.is_empty() {
            return Err(value("name", "a name"));
        }
        let (secure, host, port) = address(&settings.url).map_err(|reason| CollectorError::Url {
            name: name.clone(),
            url: settings.url.clone(),
            reason,
        })?;
        if settings.filters.is_empty() {
            return Err(value("filters", "at least one topic filter"));
        }
        if let Some(filter) = settings.filters.iter().find(|filter| !is_filter(filter)) {
            return Err(CollectorError::Filter { name: name.clone(), filter: filter.clone() });
        }
        let qos = match settings.qos {
            None | Some(1) => QoS::AtLeastOnce,
            Some(0) => QoS::AtMostOnce,
            Some(_) => return Err(value("qos", "0 or 1 (a repeated message changes nothing here, so QoS 2 would only cost)")),
        };
        let keep_alive = settings.keep_alive.unwrap_or(Duration::from_secs(30));
        if keep_alive.subsec_nanos() != 0 || !(1..=65_535).contains(&keep_alive.as_secs()) {
            return Err(value("keep_alive", "whole seconds from 1s to 65535s"));
        }
        let connect_timeout = settings.connect_timeout.unwrap_or(Duration::from_secs(10));
        if connect_timeout.subsec_nanos() != 0 || !(1..=600).contains(&connect_timeout.as_secs()) {
            return Err(value("connect_timeout", "whole seconds from 1s to 10m"));
        }
        let max_message = settings.max_message.map_or(16 << 20, |size| size.0);
        if !(1..=LARGEST_MESSAGE).contains(&max_message) {
            return Err(value("max_message", "1 B to 64 MiB"));
        }
        let window = settings.window.unwrap_or(20_000);
        if window == 0 {
            return Err(value("window", "1 to 65535 messages"));
        }
        let gather = settings.gather.unwrap_or(Duration::from_millis(1));
        if gather > Duration::from_millis(100) {
            return Err(value("gather", "0ms to 100ms"));
        }
        let client_id = settings.client_id.clone().unwrap_or_else(|| format!("marsad-{name}"));
        if client_id.is_empty() || client_id.len() > 65_535 {
            return Err(value("client_id", "1 to 65535 bytes: the session is kept under this name"));
        }

        let mut mqtt = MqttOptions::new(client_id.clone(), host, port);
        mqtt.set_clean_session(false)
            .set_manual_acks(true)
            .set_keep_alive(keep_alive)
            .set_inflight(1)
            .set_max_packet_size(LARGEST_PACKET, LARGEST_PACKET);
        if let Some(login) = login(settings)? {
            mqtt.set_credentials(login.0, login.1);
        }
        let outward = outward(settings, secure)?;
        if let Some(outward) = &outward {
            let alpn: Vec<&str> = settings.alpn.iter().flatten().map(String::as_str).collect();
            mqtt.set_transport(Transport::tls_with_config(outward.client(&alpn).into()));
        }
        let mut network = NetworkOptions::new();
        network.set_tcp_nodelay(true);
        network.set_connection_timeout(connect_timeout.as_secs());

        Ok(Self {
            name,
            url: settings.url.clone(),
            client_id,
            filters: settings.filters.clone(),
            qos,
            keep_alive,
            connect_timeout,
            max_message: usize::try_from(max_message).expect("at most 64 MiB"),
            window: usize::from(window),
            gather,
            mqtt,
            network,
            outward,
        })
    }
}

fn outward(settings: &Settings, secure: bool) -> Result<Option<Arc<Outward>>, CollectorError> {
    let name = &settings.name;
    let value = |key, expected| CollectorError::Value { name: name.clone(), key, expected };
    let files = Files::new(settings.ca_file.as_ref(), settings.client_cert_file.as_ref(), settings.client_key_file.as_ref());
    if !secure {
        let named = files.named().or_else(|| settings.alpn.is_some().then_some("alpn"));
        let refused = named.map(|key| value(key, "nothing with mqtt://; for TLS the url begins with mqtts://"));
        return refused.map_or(Ok(None), Err);
    }
    // A name is told by its length, which is one byte (RFC 7301, section 3.1).
    if settings.alpn.iter().flatten().any(|protocol| !(1..=255).contains(&protocol.len())) {
        return Err(value("alpn", "names of 1 to 255 bytes, such as \"mqtt\""));
    }
    let read = Outward::read(files);
    read.map(Some).map_err(|trust::TrustError { key, why }| CollectorError::Tls { name: name.clone(), key, reason: why })
}

/// Whether TLS, which host, which port.
fn address(url: &str) -> Result<(bool, String, u16), &'static str> {
    let (scheme, rest) = url.split_once("://").ok_or("there is no ://")?;
    let (secure, default) = match scheme {
        "mqtt" => (false, 1883),
        "mqtts" => (true, 8883),
        _ => return Err("the scheme is another one"),
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains('@') {
        return Err("user and password stand in username and password_file");
    }
    if rest.contains(['/', '?', '#']) {
        return Err("there is more after the host");
    }
    // An IPv6 address keeps its brackets: the resolver reads host:port.
    let host_end = rest.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match rest.get(host_end..).and_then(|tail| tail.rfind(':')) {
        Some(colon) => {
            let (host, port) = rest.split_at(host_end + colon);
            let port = port.trim_start_matches(':').parse().ok().filter(|port| *port != 0);
            (host, port.ok_or("the port is not a number from 1 to 65535")?)
        }
        None => (rest, default),
    };
    if host.is_empty() {
        return Err("there is no host");
    }
    if host.contains(':') && !(host.starts_with('[') && host.ends_with(']')) {
        return Err("an IPv6 address stands in brackets");
    }
    if secure && host.starts_with('[') {
        // rumqttc passes one string to the resolver and to the check of the certificate's name.
        return Err("with mqtts the host is a name or an IPv4 address");
    }
    Ok((secure, host.to_owned(), port))
}

fn is_filter(filter: &str) -> bool {
    let plain = match filter.strip_prefix("$share/") {
        Some(shared) => match shared.split_once('/') {
            Some((group, plain)) if !group.is_empty() && !group.contains(['+', '#']) => plain,
            _ => return false,
        },
        None => filter,
    };
    valid_filter(plain) && filter.len() <= 65_535 && !filter.contains('\0')
}

fn login(settings: &Settings) -> Result<Option<(String, String)>, CollectorError> {
    let name = &settings.name;
    let value = |key, expected| CollectorError::Value { name: name.clone(), key, expected };
    let password = match (&settings.password_file, &settings.password_env) {
        (None, None) => None,
        (Some(_), Some(_)) => return Err(value("password_env", "only one of password_file and password_env")),
        (Some(file), None) => Some(first_line(name, file)?),
        (None, Some(variable)) => Some(
            std::env::var(variable).map_err(|_| value("password_env", "the name of an environment variable that holds text"))?,
        ),
    };
    match (&settings.username, password) {
        (Some(user), password) => Ok(Some((user.clone(), password.unwrap_or_default()))),
        (None, None) => Ok(None),
        (None, Some(_)) => Err(value("username", "a user name, as there is a password")),
    }
}

fn first_line(name: &str, path: &Path) -> Result<String, CollectorError> {
    let text = std::fs::read_to_string(path).map_err(|source| CollectorError::File {
        name: name.to_owned(),
        key: "password_file",
        path: path.to_owned(),
        source,
    })?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
