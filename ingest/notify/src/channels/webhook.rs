//! `webhook`: a POST of JSON to the receiver's address, signed. `docs/reference/webhook.md` is the
//! contract with the receiver.
//!
//! Deliberately absent: redirects (a receiver that moved is the settings' business), proxies taken
//! from the environment, and answers longer than an excerpt for people.

mod answer;
mod body;
mod signature;
mod tls;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ports::{BoxFuture, Clock, DeliveryError, Notification, Notifier};
use reqwest::header::{CONTENT_TYPE, HeaderName};
use reqwest::{Client, Url, redirect};
use serde::Deserialize;
use serde_json::{Map, Value};

pub use self::body::webhook_schema;
use self::signature::Secret;
use super::{ChannelType, Context};

pub(crate) const TYPE: ChannelType =
    ChannelType { name: "webhook", about: "a signed POST of JSON to a receiver's address (docs/reference/webhook.md)", make };

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TIMESTAMP: HeaderName = HeaderName::from_static("x-marsad-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("x-marsad-signature");

/// The keys of a channel of type `webhook`.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookKeys {
    /// Where it goes: `http://` or `https://`.
    pub url: String,
    /// Signs what is sent; at least 16 bytes.
    pub secret: Option<String>,
    /// A file that holds the secret; white space at its end is cut.
    pub secret_file: Option<PathBuf>,
    /// PEM certificates that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// A proxy to go through: `http://host:port`.
    pub proxy: Option<String>,
    /// How long one delivery may take; not more than `notify.timeout`.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub timeout: Option<Duration>,
}

/// Why a webhook cannot be made of its keys.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The address is not one.
    #[error("url: {0}")]
    Url(String),
    /// The secret cannot be used.
    #[error("{0}")]
    Secret(String),
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

fn make(context: &Context<'_>, keys: Map<String, Value>) -> Result<Arc<dyn Notifier>, String> {
    let keys: WebhookKeys = super::keys(keys)?;
    let webhook = Webhook::new(&keys, context.timeout, Arc::clone(context.clock)).map_err(|error| error.to_string())?;
    Ok(Arc::new(webhook))
}

/// Posts notifications to one receiver.
pub struct Webhook {
    client: Client,
    url: Url,
    secret: Option<Secret>,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Webhook {
    /// Only the host: an address may hold a token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl Webhook {
    /// A webhook of these keys, each delivery within `limit`. Reads the files that the keys name;
    /// connects to nothing.
    ///
    /// # Errors
    /// The first key that cannot be used.
    pub fn new(keys: &WebhookKeys, limit: Duration, clock: Arc<dyn Clock>) -> Result<Self, WebhookError> {
        let url = address(&keys.url)?;
        let timeout = keys.timeout.unwrap_or(limit);
        if timeout > limit {
            return Err(WebhookError::Timeout { asked: timeout, limit });
        }
        let secret = Secret::of(keys.secret.as_deref(), keys.secret_file.as_deref()).map_err(WebhookError::Secret)?;
        let mut client = Client::builder()
            .tls_backend_preconfigured(tls::client(&url, keys.ca_file.as_deref()).map_err(WebhookError::Certificates)?)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(timeout)
            // One dispatcher sends one at a time.
            .pool_max_idle_per_host(1)
            .user_agent(concat!("marsad/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = &keys.proxy {
            client = client.proxy(reqwest::Proxy::all(proxy).map_err(|_| WebhookError::Proxy)?);
        }
        let client = client.build().map_err(|error| WebhookError::Client(answer::chain(&error)))?;
        Ok(Self { client, url, secret, clock })
    }

    async fn post(&self, notification: &Notification) -> Result<(), DeliveryError> {
        let body = body::json(notification).map_err(|error| DeliveryError::Refused(format!("not sent: {error}")))?;
        let seconds = (self.clock.now().millis() / 1000).to_string();
        let mut request =
            self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json").header(KEY, notification.key());
        if let Some(secret) = &self.secret {
            request = request.header(SIGNATURE, secret.sign(&seconds, &body));
        }
        let answer = request.header(TIMESTAMP, seconds).body(body).send().await.map_err(|e| answer::unsent(&e))?;
        answer::judge(answer, self.clock.now()).await
    }
}

impl Notifier for Webhook {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(self.post(notification))
    }
}

/// Never repeats the address in an error: it may hold a token.
fn address(text: &str) -> Result<Url, WebhookError> {
    let wrong = |reason: &str| Err(WebhookError::Url(reason.to_owned()));
    let Ok(url) = Url::parse(text) else { return wrong("expected an address such as https://receiver.example/alerts") };
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return wrong("expected http:// or https:// and a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("user and password do not belong into an address, sign with `secret` instead");
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
