//! The section `[http]`. Every default stands in `config/default.toml`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use cap::{SenderName, Status};
use schemas::RuleId;
use serde::Deserialize;

/// The section `[http]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where pages and API listen.
    pub listen: SocketAddr,
    /// A reverse proxy speaks TLS for it: cookies travel by TLS alone, and the last address of `X-Forwarded-For` is believed.
    pub proxy: bool,
    /// PEM file with the certificate chain, own certificate first: then TLS alone is spoken.
    pub certificate: Option<PathBuf>,
    /// PEM file with the private key of the certificate.
    pub key: Option<PathBuf>,
    /// Whom to tell of a weakness, as `/.well-known/security.txt` says: `mailto:` or `https:`.
    pub security_contact: Option<String>,
    /// Connections open at once; further ones wait to be accepted.
    pub connections: usize,
    /// A connection on which nothing moves for this long is closed. Longer than `heartbeat`.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub idle: Duration,
    /// How long an answer may take to begin.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub request_timeout: Duration,
    /// How long the store may search for one request, all its questions together; of a stream until it begins.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub query_budget: Duration,
    /// Requests to the API of one client a minute; 0 for no limit.
    pub client_requests: u32,
    /// How long the store may search for one client a minute; 0 for no limit.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub client_search: Duration,
    /// Rows of a JSON answer where the request does not say.
    pub default_rows: usize,
    /// Rows of a JSON answer at most, and rows asked of the store at once by a streamed one.
    pub most_rows: usize,
    /// Streams of readings at once.
    pub streams: usize,
    /// Clients of `/api/v1/events` at once.
    pub event_clients: usize,
    /// How often readings are told to them; of one series only the last of a tick is told.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub event_tick: Duration,
    /// Series in one tick; of the rest a gap is told.
    pub event_rows: usize,
    /// How often a silent stream shows that it is alive.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub heartbeat: Duration,
    /// How old what a page shows may be: pages asked within it share one look at the store.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub page_age: Duration,
    /// Devices drawn on the locator map.
    pub map_devices: usize,
    /// What everybody may see of alerts.
    pub public: Public,
}

/// The section `[http.public]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Public {
    /// The rules whose alerts everybody may see, once they fire.
    pub rules: Vec<RuleId>,
    /// Who speaks.
    pub sender: SenderName,
    /// How it is meant; of a simulated city nothing is `Actual`.
    pub status: Status,
    /// How long one that ended is listed, days.
    pub days: u16,
}
