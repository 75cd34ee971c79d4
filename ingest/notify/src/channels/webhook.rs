//! `webhook`: a POST of JSON to the receiver's address, signed. `docs/reference/webhook.md` is the
//! contract with the receiver.

mod body;
mod signature;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ports::{BoxFuture, Clock, DeliveryError, Notification, Notifier};
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderName};
use serde::Deserialize;
use serde_json::{Map, Value};

pub(crate) use self::body::json_of_step;
pub use self::body::{webhook_group_schema, webhook_schema};
use self::signature::Secret;
use super::http::{HttpError, Peer, Way};
use super::secret::Place;
use super::{Address, ChannelType, Context};

pub(crate) const TYPE: ChannelType = ChannelType {
    name: "webhook",
    about: "a signed POST of JSON to a receiver's address (docs/reference/webhook.md)",
    address: Address::Own,
    make,
};

pub(super) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const TIMESTAMP: HeaderName = HeaderName::from_static("x-marsad-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("x-signature");
/// The same signature under the name that receivers of the first release look for.
const OLD_SIGNATURE: HeaderName = HeaderName::from_static("x-marsad-signature");

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
    /// A variable of the environment that holds the secret.
    pub secret_env: Option<String>,
    /// PEM certificates that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// A PEM file with a certificate of our own, for a receiver that asks for one.
    pub client_cert_file: Option<PathBuf>,
    /// A PEM file with its key.
    pub client_key_file: Option<PathBuf>,
    /// A proxy to go through: `http://host:port`.
    pub proxy: Option<String>,
    /// How long one delivery may take; not more than `notify.timeout`.
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    pub timeout: Option<Duration>,
}

/// Why a webhook cannot be made of its keys.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// The receiver cannot be reached as the keys say.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The secret cannot be used.
    #[error("{0}")]
    Secret(String),
}

fn make(context: &Context<'_>, keys: Map<String, Value>) -> Result<Arc<dyn Notifier>, String> {
    let keys: WebhookKeys = super::keys(keys)?;
    let webhook = Webhook::new(&keys, context.timeout, Arc::clone(context.clock)).map_err(|error| error.to_string())?;
    Ok(Arc::new(webhook))
}

/// Posts notifications to one receiver.
#[derive(Debug)]
pub struct Webhook {
    peer: Peer,
    secret: Option<Secret>,
}

impl Webhook {
    /// A webhook of these keys, each delivery within `limit`. Reads the files that the keys name;
    /// connects to nothing.
    ///
    /// # Errors
    /// The first key that cannot be used.
    pub fn new(keys: &WebhookKeys, limit: Duration, clock: Arc<dyn Clock>) -> Result<Self, WebhookError> {
        let place = Place::new(keys.secret.as_ref(), keys.secret_file.as_ref(), keys.secret_env.as_ref());
        let way = Way::new(
            &keys.url,
            [&keys.ca_file, &keys.client_cert_file, &keys.client_key_file].map(Option::as_ref),
            keys.proxy.as_ref(),
            keys.timeout,
        );
        let peer = Peer::new(&way, limit, clock)?;
        Ok(Self { peer, secret: Secret::of(place).map_err(WebhookError::Secret)? })
    }

    async fn post(&self, notification: &Notification) -> Result<(), DeliveryError> {
        let body = body::json(notification).map_err(|error| DeliveryError::Refused(format!("not sent: {error}")))?;
        let seconds = self.peer.seconds();
        let mut request =
            self.peer.request(Method::POST).header(CONTENT_TYPE, "application/json").header(KEY, notification.key());
        if let Some(secret) = &self.secret {
            let signature = secret.sign(&seconds, &body);
            request = request.header(OLD_SIGNATURE, &signature).header(SIGNATURE, signature);
        }
        self.peer.send(request.header(TIMESTAMP, seconds).body(body)).await
    }
}

impl Notifier for Webhook {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(self.post(notification))
    }
}
