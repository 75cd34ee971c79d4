//! `mqtt`: each step as JSON on a topic of a broker, QoS 1.
//!
//! Every delivery is a connection of its own: connect, publish, wait for each PUBACK, disconnect. Alerts are
//! rare, and what is not held open cannot be lost unnoticed.
//!
//! | what happens | fate |
//! |---|---|
//! | every PUBACK came | the broker has it |
//! | no connection, no PUBACK in time, refused as busy | sent again later |
//! | refused because of user, password or client id | sent again later: the settings are wrong, not the alert |

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ports::{BoxFuture, DeliveryError, Notification, Notifier};
use reqwest::Url;
use rumqttc::{AsyncClient, Event, MqttOptions, NetworkOptions, Outgoing, Packet, QoS, Transport};
use schemas::{ChannelName, Transition};
use serde::Deserialize;
use serde_json::{Map, Value};
use trust::Files;

use super::http;
use super::secret::{Hidden, Place};
use super::{Address, ChannelType, Context, webhook};

pub(crate) const TYPE: ChannelType =
    ChannelType { name: "mqtt", about: "each step as JSON on a topic of an MQTT broker, QoS 1", address: Address::Own, make };

/// What a topic may be made of.
const PARTS: &str = "{receiver}, {kind}, {zone}, {rule}, {device}, {severity}, {phase}";
/// Publishes on their way at one time.
const WINDOW: u16 = 16;
/// The largest packet, bytes: a step is about 1 kB.
const PACKET: usize = 1 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MqttKeys {
    url: String,
    topic: String,
    #[serde(default)]
    retain: bool,
    client_id: Option<String>,
    user: Option<String>,
    password: Option<String>,
    password_file: Option<PathBuf>,
    password_env: Option<String>,
    ca_file: Option<PathBuf>,
    client_cert_file: Option<PathBuf>,
    client_key_file: Option<PathBuf>,
}

fn make(context: &Context<'_>, keys: Map<String, Value>) -> Result<Arc<dyn Notifier>, String> {
    Ok(Arc::new(Mqtt::new(&super::keys(keys)?, context.timeout)?))
}

struct Mqtt {
    id: String,
    host: String,
    port: u16,
    transport: Transport,
    credentials: Option<(String, Option<Hidden>)>,
    limit: Duration,
    topic: String,
    retain: bool,
}

impl Mqtt {
    fn new(keys: &MqttKeys, limit: Duration) -> Result<Self, String> {
        let wrong = || "url: expected an address such as mqtt://broker.example:1883 or mqtts://broker.example".to_owned();
        let url = Url::parse(&keys.url).map_err(|_| wrong())?;
        let (encrypted, port) = match url.scheme() {
            "mqtt" => (false, 1883),
            "mqtts" => (true, 8883),
            _ => return Err(wrong()),
        };
        let host = url.host_str().ok_or_else(wrong)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("url: user and password do not belong into an address, say `user` and `password_file`".to_owned());
        }
        let files = Files::new(keys.ca_file.as_ref(), keys.client_cert_file.as_ref(), keys.client_key_file.as_ref());
        let transport = match encrypted {
            true => Transport::tls_with_config(http::client(true, files)?.into()),
            false => Transport::Tcp,
        };
        let password = Place::new(keys.password.as_ref(), keys.password_file.as_ref(), keys.password_env.as_ref());
        let credentials = match (&keys.user, password.read("password")?) {
            (Some(user), password) => Some((user.clone(), password)),
            (None, None) => None,
            (None, Some(_)) => return Err("password: expected a user too".to_owned()),
        };
        check_topic(&keys.topic)?;
        Ok(Self {
            id: keys.client_id.clone().unwrap_or_else(|| "marsad-notify".to_owned()),
            host: host.to_owned(),
            port: url.port().unwrap_or(port),
            transport,
            credentials,
            limit,
            topic: keys.topic.clone(),
            retain: keys.retain,
        })
    }

    /// A client id for each receiver: two lines over one channel must not throw each other out.
    fn options(&self, receiver: &ChannelName) -> MqttOptions {
        let mut options = MqttOptions::new(format!("{}-{receiver}", self.id), &self.host, self.port);
        options.set_clean_session(true).set_max_packet_size(PACKET, PACKET).set_inflight(WINDOW);
        options.set_transport(self.transport.clone());
        if let Some((user, password)) = &self.credentials {
            options.set_credentials(user, password.as_ref().map_or("", Hidden::show));
        }
        options
    }

    fn topic(&self, n: &Notification, t: &Transition) -> String {
        self.topic
            .replace("{receiver}", n.receiver.as_str())
            .replace("{kind}", t.kind.name())
            .replace("{zone}", t.zone.as_str())
            .replace("{rule}", t.rule.as_str())
            .replace("{device}", t.series.device.as_str())
            .replace("{severity}", t.severity.code())
            .replace("{phase}", t.to.code())
    }

    async fn publish(&self, n: &Notification) -> Result<(), DeliveryError> {
        let away = |reason: String| DeliveryError::Unavailable { reason, after: None };
        let (client, mut events) = AsyncClient::new(self.options(&n.receiver), n.steps.len() + 1);
        let mut network = NetworkOptions::new();
        network.set_connection_timeout(self.limit.as_secs().max(1));
        events.set_network_options(network);
        for step in &n.steps {
            let t = &step.transition;
            let payload = webhook::json_of_step(step).map_err(|error| DeliveryError::Refused(format!("not sent: {error}")))?;
            let queued = client.try_publish(self.topic(n, t), QoS::AtLeastOnce, self.retain, payload);
            queued.map_err(|error| away(error.to_string()))?;
        }
        let mut open = n.steps.len();
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Packet::PubAck(_))) => {
                    open = open.saturating_sub(1);
                    // The broker has it all; whether it hears our farewell changes nothing.
                    if open == 0 && client.try_disconnect().is_err() {
                        return Ok(());
                    }
                }
                Ok(Event::Outgoing(Outgoing::Disconnect)) => return Ok(()),
                Ok(_) => {}
                Err(_) if open == 0 => return Ok(()),
                Err(error) => return Err(away(error.to_string())),
            }
        }
    }
}

/// Placeholders are known, and nothing is a wildcard: names have no `/`, `+` or `#` in them.
fn check_topic(topic: &str) -> Result<(), String> {
    let mut bare = topic.to_owned();
    for part in PARTS.split(", ") {
        bare = bare.replace(part, "x");
    }
    if bare.is_empty() || bare.len() > 1024 || bare.contains(['+', '#', '{', '}', '\0']) || bare.starts_with('$') {
        return Err(format!("topic: expected a topic such as city/alerts/{{zone}}/{{device}}, of names and {PARTS}"));
    }
    Ok(())
}

impl Notifier for Mqtt {
    fn deliver<'a>(&'a self, notification: &'a Notification) -> BoxFuture<'a, Result<(), DeliveryError>> {
        Box::pin(self.publish(notification))
    }
}

#[cfg(test)]
mod tests {
    use super::check_topic;

    #[test]
    fn a_topic_is_made_of_names_and_known_parts() {
        assert!(check_topic("city/alerts/{zone}/{kind}/{rule}/{device}").is_ok());
        for bad in ["", "a/+/b", "a/#", "$SYS/x", "a/{city}"] {
            assert!(check_topic(bad).is_err(), "{bad}");
        }
    }
}
