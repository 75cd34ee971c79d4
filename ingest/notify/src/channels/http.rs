//! One receiver that is reached by HTTP: its address, its certificates, and what its answers mean. What the
//! webhook, the SMS gateway, the CAP receiver and the Open311 server have in common.
//!
//! Deliberately absent: redirects (a receiver that moved is the settings' business), proxies taken from the
//! environment, and answers longer than an excerpt for people.

mod answer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ports::{Clock, DeliveryError};
use reqwest::{Client, Method, RequestBuilder, Url, redirect};
use trust::{Files, Outward};

pub(super) use answer::chain;

/// Why a receiver cannot be reached by HTTP as its keys say.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address is not one.
    #[error("url: {0}")]
    Url(String),
    /// The certificates cannot be used.
    #[error("{0}")]
    Certificates(String),
    /// The proxy's address is not one.
    #[error("proxy: expected an address such as http://proxy.example:3128")]
    Proxy,
    /// Longer than every delivery may take.
    #[error("timeout: {asked:?} is longer than notify.timeout, {limit:?}, which ends every delivery")]
    Timeout {
        /// What stands there.
        asked: Duration,
        /// The limit.
        limit: Duration,
    },
    /// The HTTP client cannot be made.
    #[error("cannot make an HTTP client: {0}")]
    Client(String),
}

/// The keys that every such channel has.
pub(super) struct Way<'a> {
    pub(super) url: &'a str,
    pub(super) files: Files,
    pub(super) proxy: Option<&'a str>,
    pub(super) timeout: Option<Duration>,
}

impl<'a> Way<'a> {
    pub(super) fn new(url: &'a str, tls: [Option<&PathBuf>; 3], proxy: Option<&'a String>, timeout: Option<Duration>) -> Self {
        let [ca, certificate, key] = tls;
        Self { url, files: Files::new(ca, certificate, key), proxy: proxy.map(String::as_str), timeout }
    }
}

/// A receiver at an address.
pub(super) struct Peer {
    client: Client,
    url: Url,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Peer {
    /// Only the host: an address may hold a token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peer").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl Peer {
    /// Each request within `limit`. Reads the files that the keys name; connects to nothing.
    pub(super) fn new(way: &Way<'_>, limit: Duration, clock: Arc<dyn Clock>) -> Result<Self, HttpError> {
        let url = address(way.url)?;
        let timeout = way.timeout.unwrap_or(limit);
        if timeout > limit {
            return Err(HttpError::Timeout { asked: timeout, limit });
        }
        let tls = client(url.scheme() == "https", way.files.clone()).map_err(HttpError::Certificates)?;
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(timeout)
            .pool_max_idle_per_host(1)
            .user_agent(concat!("marsad/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = way.proxy {
            client = client.proxy(reqwest::Proxy::all(proxy).map_err(|_| HttpError::Proxy)?);
        }
        let client = client.build().map_err(|error| HttpError::Client(chain(&error)))?;
        Ok(Self { client, url, clock })
    }

    /// A request to the address.
    pub(super) fn request(&self, method: Method) -> RequestBuilder {
        self.client.request(method, self.url.clone())
    }

    /// Now, in seconds since the epoch.
    pub(super) fn seconds(&self) -> String {
        (self.clock.now().millis() / 1000).to_string()
    }

    /// Sends, and says what the answer means.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<(), DeliveryError> {
        let answer = request.send().await.map_err(|error| answer::unsent(&error))?;
        answer::judge(answer, self.clock.now()).await
    }
}

/// How a channel connects. Its files are read with its keys; a reload makes every channel anew.
pub(super) fn client(encrypted: bool, files: Files) -> Result<rustls::ClientConfig, String> {
    if !encrypted && files.named().is_none() {
        return Ok(trust::nobody());
    }
    Ok(Outward::read(files).map_err(|error| error.to_string())?.client(&[]))
}

/// Never repeats the address in an error: it may hold a token.
fn address(text: &str) -> Result<Url, HttpError> {
    let wrong = |reason: &str| Err(HttpError::Url(reason.to_owned()));
    let Ok(url) = Url::parse(text) else { return wrong("expected an address such as https://receiver.example/alerts") };
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return wrong("expected http:// or https:// and a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("user and password do not belong into an address, use a secret or a header file instead");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_cannot_be_posted_to_is_refused_without_being_repeated() {
        for bad in ["", "receiver", "ftp://receiver/token", "file:///token", "https://user:token@receiver/", "http://"] {
            let refused = address(bad).unwrap_err().to_string();
            assert!(refused.starts_with("url: ") && !refused.contains("token"), "{refused}");
        }
        assert!(address("http://127.0.0.1:9000/alerts?key=1").is_ok());
    }
}
