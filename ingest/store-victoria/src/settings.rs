//! Section `[victoria]`.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use store_http::Secret;

/// Section `[victoria]`; `config/default.toml` has the defaults and says what each key does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where lines go: the single node, or a `vminsert` of the cluster.
    pub write_url: String,
    /// Where questions go: the single node, or a `vmselect` of the cluster.
    pub read_url: String,
    /// The tenant of a cluster, `account` or `account:project`; none for a single node.
    #[serde(default)]
    pub tenant: Option<String>,
    /// The bearer token of whoever guards the servers, if somebody does.
    #[serde(default)]
    pub token: Option<Secret>,
    /// A file with the token, instead.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// PEM authorities to trust over https instead of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// PEM file with a certificate of our own and its chain, over https.
    #[serde(default)]
    pub client_cert_file: Option<PathBuf>,
    /// PEM file with the key of our own certificate.
    #[serde(default)]
    pub client_key_file: Option<PathBuf>,
    /// How long a write may take.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub timeout: Duration,
    /// How long a question may take, to the last byte of its answer.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub query_timeout: Duration,
    /// How long after an append the servers may lose it.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub trail: Duration,
    /// How far back the latest reading of a series is looked for at the start.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub look_back: Duration,
    /// Lines in one request at most.
    pub lines: usize,
}
