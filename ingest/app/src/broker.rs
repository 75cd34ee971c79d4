//! A broker to publish to or to listen at, as `simulate`, `replay` and `record` name it; and publishing at a pace.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use pipeline::collector;
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Outgoing, Packet, QoS};
use schemas::Timestamp;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::failure::{Code, Failure};

/// Unacknowledged messages of a connection.
const WINDOW: u16 = 512;
/// Messages of a connection that wait to be sent: while it is full, the sender waits.
const WAITING: usize = 1024;
/// How long a broker may leave everything unacknowledged before it counts as gone.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug, Args)]
#[group(required = false)]
pub(crate) struct Broker {
    /// A broker, or the endpoint of a Marsad: mqtt://HOST:PORT or mqtts://HOST:PORT
    #[arg(long = "broker", value_name = "URL", required = false)]
    pub(crate) url: String,
    /// Log in under this name
    #[arg(long, value_name = "NAME", requires = "url")]
    pub(crate) username: Option<String>,
    /// The password is the first line of this file
    #[arg(long, value_name = "FILE", requires = "username")]
    pub(crate) password_file: Option<PathBuf>,
    /// Whom to believe, PEM; the system's authorities where none is given
    #[arg(long, value_name = "FILE", requires = "url")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Quality of service
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(0..=2))]
    pub(crate) qos: u8,
    /// Connections
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) connections: u16,
}

impl Broker {
    pub(crate) fn qos(&self) -> QoS {
        match self.qos {
            0 => QoS::AtMostOnce,
            1 => QoS::AtLeastOnce,
            _ => QoS::ExactlyOnce,
        }
    }

    /// Options of a client with a clean session.
    pub(crate) fn client(&self, name: &str) -> Result<MqttOptions, Failure> {
        let settings = collector::Settings {
            name: name.to_owned(),
            url: self.url.clone(),
            filters: vec!["#".to_owned()],
            client_id: Some(format!("marsad-{name}-{}", std::process::id())),
            username: self.username.clone(),
            password_file: self.password_file.clone(),
            password_env: None,
            qos: None,
            keep_alive: None,
            connect_timeout: None,
            max_message: None,
            window: None,
            gather: None,
            ca_file: self.ca_file.clone(),
            client_cert_file: None,
            client_key_file: None,
            alpn: None,
        };
        let mut mqtt = settings.client().map_err(|wrong| Failure::new(Code::Usage, wrong.to_string()))?;
        mqtt.set_clean_session(true).set_manual_acks(false).set_inflight(WINDOW);
        Ok(mqtt)
    }

    pub(crate) fn gone(&self, cause: impl std::fmt::Display) -> Failure {
        Failure::new(Code::Unavailable, format!("the broker at {}: {cause}", self.url))
    }
}

/// How fast the city's time goes against ours.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Speed(Option<f64>);

impl Speed {
    /// As it was.
    pub(crate) const REAL: Speed = Speed(Some(1.0));
    /// As fast as it goes.
    pub(crate) const MAX: Speed = Speed(None);
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::MAX);
        }
        let read = text.parse().ok().filter(|speed: &f64| speed.is_finite() && *speed > 0.0);
        read.map(|speed| Self(Some(speed))).ok_or_else(|| "expected a number above 0, or max".to_owned())
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Pace {
    /// So many times as fast as it was, or `max` [default: 1; max where a platform is verified]
    #[arg(long, value_name = "N|max")]
    pub(crate) speed: Option<Speed>,
    /// At most so many messages a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rate: Option<u32>,
    /// With --rate: so many at once before the rate holds
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) burst: u32,
}

#[derive(Default)]
struct Acknowledged {
    count: AtomicU64,
    moved: Notify,
}

/// Publishes over several connections, each device over one of them, at a pace.
pub(crate) struct Publisher {
    broker: Broker,
    clients: Vec<AsyncClient>,
    connections: JoinSet<()>,
    acknowledged: Arc<Acknowledged>,
    sent: u64,
    began: Instant,
    start: Timestamp,
    speed: Speed,
    rate: Option<u32>,
    burst: u32,
}

impl Publisher {
    /// Connects. What is published with time `start` goes out at once.
    pub(crate) async fn connect(broker: &Broker, pace: &Pace, start: Timestamp, default: Speed) -> Result<Self, Failure> {
        let (mut clients, mut connections) = (Vec::new(), JoinSet::new());
        let acknowledged = Arc::new(Acknowledged::default());
        for number in 0..broker.connections {
            let (client, mut events) = AsyncClient::new(broker.client(&format!("simulator-{number}"))?, WAITING);
            // The first answer is awaited: a wrong address or password is an answer of ours and no silence.
            let first = tokio::time::timeout(PATIENCE, events.poll()).await;
            first.map_err(|_| broker.gone("no answer"))?.map_err(|cause| broker.gone(cause))?;
            connections.spawn(keep(events, broker.qos(), Arc::clone(&acknowledged)));
            clients.push(client);
        }
        Ok(Self {
            broker: broker.clone(),
            clients,
            connections,
            acknowledged,
            sent: 0,
            began: Instant::now(),
            start,
            speed: pace.speed.unwrap_or(default),
            rate: pace.rate,
            burst: pace.burst,
        })
    }

    /// Publishes when it is time to.
    pub(crate) async fn publish(&mut self, who: u64, topic: String, payload: Vec<u8>, at: Timestamp) -> Result<(), Failure> {
        if let Some(due) = self.due(at) {
            tokio::time::sleep_until(due).await;
        }
        let of = self.clients.len() as u64;
        let client = usize::try_from(who % of).ok().and_then(|n| self.clients.get(n));
        if let Some(client) = client {
            let published = client.publish(topic, self.broker.qos(), false, payload).await;
            published.map_err(|_| self.broker.gone("the connection was lost"))?;
            self.sent += 1;
        }
        Ok(())
    }

    fn due(&self, at: Timestamp) -> Option<Instant> {
        let by_time = self.speed.0.map(|speed| self.began + at.since(self.start).div_f64(speed));
        let by_rate = self.rate.map(|rate| {
            let ahead = self.sent.saturating_sub(u64::from(self.burst - 1));
            self.began + Duration::from_secs(1).mul_f64(u32::try_from(ahead).map_or(f64::MAX, f64::from) / f64::from(rate))
        });
        by_time.max(by_rate)
    }

    /// Waits until everything is acknowledged, and ends the connections.
    pub(crate) async fn finish(mut self) -> Result<u64, Failure> {
        while self.acknowledged.count.load(Ordering::Acquire) < self.sent {
            // `notify_one` leaves a permit: a wake between the look and the wait is not lost.
            let moved = tokio::time::timeout(PATIENCE, self.acknowledged.moved.notified()).await;
            if moved.is_err() || self.connections.is_empty() {
                let missing = self.sent - self.acknowledged.count.load(Ordering::Acquire);
                return Err(self.broker.gone(format!("{missing} of {} messages were not acknowledged", self.sent)));
            }
        }
        for client in &self.clients {
            // A broker that has gone meanwhile has everything.
            let _ = client.disconnect().await;
        }
        self.connections.shutdown().await;
        Ok(self.sent)
    }
}

/// Keeps a connection and counts what is acknowledged, or with QoS 0 what left.
async fn keep(mut events: EventLoop, qos: QoS, acknowledged: Arc<Acknowledged>) {
    loop {
        let done = match events.poll().await {
            Ok(Event::Incoming(Packet::PubAck(_))) => qos == QoS::AtLeastOnce,
            Ok(Event::Incoming(Packet::PubComp(_))) => qos == QoS::ExactlyOnce,
            Ok(Event::Outgoing(Outgoing::Publish(_))) => qos == QoS::AtMostOnce,
            Ok(Event::Outgoing(Outgoing::Disconnect)) => return,
            Ok(_) => false,
            Err(error) => {
                tracing::debug!(%error, "a connection of the simulation was lost");
                tokio::time::sleep(Duration::from_secs(1)).await;
                false
            }
        };
        if done {
            acknowledged.count.fetch_add(1, Ordering::AcqRel);
            acknowledged.moved.notify_one();
        }
    }
}
