//! `open311`: a request to a city's ticket desk by Open311 GeoReport v2. Off unless the settings name a
//! service for a rule.
//!
//! The standard has no way to close a request from outside: an alert that ends is not told. Nothing that
//! identifies a person is ever sent.
//!
//! | the server says | fate |
//! |---|---|
//! | 2xx | it has it |
//! | 400 or 409 about a duplicate | it has it already |
//! | 408, 425, 429, 5xx, nothing | sent again later |
//! | 403, 404, any other 4xx | a dead letter |

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ports::{BoxFuture, DeliveryError, Form, Notification, Notifier};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use schemas::{Catalogue, Phase, Transition};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::http::{Peer, Way};
use super::secret::{Hidden, Place};
use super::sms::form_encode;
use super::webhook::KEY;
use super::{Address, ChannelType, Context};

pub(crate) const TYPE: ChannelType = ChannelType {
    name: "open311",
    about: "a request to a ticket desk by Open311 GeoReport v2, for the rules that name a service",
    address: Address::Own,
    make,
};

/// The longest description that the standard lets one count on, characters.
const DESCRIPTION: usize = 4000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open311Keys {
    url: String,
    api_key: Option<String>,
    api_key_file: Option<PathBuf>,
    api_key_env: Option<String>,
    jurisdiction_id: Option<String>,
    service: Vec<Service>,
    ca_file: Option<PathBuf>,
    client_cert_file: Option<PathBuf>,
    client_key_file: Option<PathBuf>,
    proxy: Option<String>,
    #[serde(default, with = "jiff::fmt::serde::unsigned_duration::friendly::compact::optional")]
    timeout: Option<Duration>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    /// A rule, or the beginning of several with a star.
    rule: String,
    code: String,
}

fn make(context: &Context<'_>, keys: Map<String, Value>) -> Result<Arc<dyn Notifier>, String> {
    let keys: Open311Keys = super::keys(keys)?;
    if keys.service.is_empty() {
        return Err("service: expected at least one rule with its code, such as WASTE_OVERFLOW".to_owned());
    }
    let key = Place::new(keys.api_key.as_ref(), keys.api_key_file.as_ref(), keys.api_key_env.as_ref()).read("api_key")?;
    let way = Way::new(
        &keys.url,
        [&keys.ca_file, &keys.client_cert_file, &keys.client_key_file].map(Option::as_ref),
        keys.proxy.as_ref(),
        keys.timeout,
    );
    let peer = Peer::new(&way, context.timeout, Arc::clone(context.clock)).map_err(|error| error.to_string())?;
    Ok(Arc::new(Open311 {
        peer,
        key,
        jurisdiction: keys.jurisdiction_id,
        services: keys.service,
        catalogue: Arc::clone(context.catalogue),
    }))
}

struct Open311 {
    peer: Peer,
    key: Option<Hidden>,
    jurisdiction: Option<String>,
    services: Vec<Service>,
    catalogue: Arc<Catalogue>,
}

impl Open311 {
    fn service(&self, t: &Transition) -> Option<&str> {
        let takes = |service: &&Service| match service.rule.strip_suffix('*') {
            Some(beginning) => t.rule.as_str().starts_with(beginning),
            None => t.rule.as_str() == service.rule,
        };
        self.services.iter().find(takes).map(|service| service.code.as_str())
    }

    fn body(&self, code: &str, n: &Notification, t: &Transition) -> String {
        let mut fields: Vec<(&str, String)> = Vec::new();
        if let Some(key) = &self.key {
            fields.push(("api_key", key.show().to_owned()));
        }
        if let Some(jurisdiction) = &self.jurisdiction {
            fields.push(("jurisdiction_id", jurisdiction.clone()));
        }
        fields.push(("service_code", code.to_owned()));
        match self.catalogue.device(&t.series.device).and_then(|device| device.place) {
            Some(place) => {
                fields.push(("lat", place.lat().to_string()));
                fields.push(("long", place.lon().to_string()));
            }
            None => fields.push(("address_string", format!("{}, {}", t.series.device, t.zone))),
        }
        let text: String = n.language.of(&t.texts).chars().take(DESCRIPTION).collect();
        fields.push(("description", text));
        fields.push(("device_id", t.series.device.as_str().to_owned()));
        fields.push(("attribute[alert_id]", t.alert.0.clone()));
        let encoded: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", form_encode(name), form_encode(value))).collect();
        encoded.join("&")
    }

    async fn tell(&self, n: &Notification) -> Result<(), DeliveryError> {
        if n.form == Form::Reminder {
            // The desk has the request.
            return Ok(());
        }
        for t in n.transitions().filter(|t| t.to == Phase::Firing) {
            let Some(code) = self.service(t) else { continue };
            let request = self.peer.request(Method::POST).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
            let sent = self.peer.send(request.header(KEY, &t.alert.0).body(self.body(code, n, t))).await;
            match sent {
                Err(DeliveryError::Refused(reason)) if is_duplicate(&reason) => {}
                other => other?,
            }
        }
        Ok(())
    }
}

/// Servers answer a repetition by 400 or 409 and say so in words.
pub(crate) fn is_duplicate(reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    (reason.contains("400") || reason.contains("409")) && (reason.contains("duplicate") || reason.contains("already"))
}

impl Notifier for Open311 {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(self.tell(notification))
    }
}
