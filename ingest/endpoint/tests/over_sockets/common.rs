//! An endpoint on a free port with an intake that the test empties, and a client that speaks in bytes.
#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure is a failed test")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use endpoint::{Access, Arrivals, Closed, Endpoint, Gauges, Intake, Open, Publish, Settings};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Nothing here takes this long unless it never comes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(8);

/// The defaults, as the settings page has them, on a free port.
pub(crate) fn settings() -> Settings {
    #[derive(serde::Deserialize)]
    struct Page {
        endpoint: Settings,
    }
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/default.toml")).unwrap();
    // Only this section: the others belong to other crates.
    let start = text.find("[endpoint]").expect("the section is there");
    let rest = &text[start + 1..];
    let end = rest.find("\n[").unwrap_or(rest.len());
    let page: Page = toml::from_str(&text[start..=start + end]).unwrap();
    Settings { listen: "127.0.0.1:0".parse().unwrap(), ..page.endpoint }
}

struct Queue(mpsc::Sender<Arrivals>);

impl Intake for Queue {
    fn take(&self, arrivals: Arrivals) -> BoxFuture<'_, Result<(), Closed>> {
        async move { self.0.send(arrivals).await.map_err(|_| Closed) }.boxed()
    }
}

/// A running endpoint.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<SocketAddr>,
    pub(crate) gauges: Arc<Gauges>,
    pub(crate) stop: CancellationToken,
    pub(crate) deadline: CancellationToken,
    pub(crate) done: JoinHandle<()>,
    arrivals: mpsc::Receiver<Arrivals>,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(settings(), Arc::new(Open)).await
    }

    pub(crate) async fn with(settings: Settings, access: Arc<dyn Access>) -> Self {
        Self::with_room(settings, access, 1000).await
    }

    pub(crate) async fn with_room(settings: Settings, access: Arc<dyn Access>, room: usize) -> Self {
        let endpoint = Endpoint::bind(&settings, access).await.unwrap();
        let (address, tls, gauges) = (endpoint.address(), endpoint.tls_address(), endpoint.gauges());
        let (sender, arrivals) = mpsc::channel(room);
        let (stop, deadline) = (CancellationToken::new(), CancellationToken::new());
        let done = tokio::spawn(endpoint.run(Arc::new(Queue(sender)), stop.clone(), deadline.clone()));
        Self { address, tls, gauges, stop, deadline, done, arrivals }
    }

    /// The next arrivals, ticket unspent.
    pub(crate) async fn next(&mut self) -> Arrivals {
        timeout(PATIENCE, self.arrivals.recv()).await.expect("arrivals in time").expect("the endpoint runs")
    }

    /// The next publishes, acknowledged.
    pub(crate) async fn keep(&mut self) -> Vec<Publish> {
        let arrivals = self.next().await;
        arrivals.ticket.spend();
        arrivals.publishes
    }

    /// Acknowledged publishes until there are `n`.
    pub(crate) async fn keep_many(&mut self, n: usize) -> Vec<Publish> {
        let mut all = Vec::new();
        while all.len() < n {
            all.extend(self.keep().await);
        }
        assert_eq!(all.len(), n, "{all:?}");
        all
    }

    /// What has arrived by now.
    pub(crate) fn arrived(&mut self) -> Option<Arrivals> {
        self.arrivals.try_recv().ok()
    }

    pub(crate) async fn raw(&self) -> Raw {
        Raw(TcpStream::connect(self.address).await.unwrap())
    }

    /// A connected client.
    pub(crate) async fn client(&self, version: u8, id: &str) -> Raw {
        let mut raw = self.raw().await;
        raw.hello(&connect(version, id, 0)).await;
        raw
    }

    pub(crate) async fn wait_for_connections(&self, n: u64) {
        eventually(|| self.gauges.connections() == n).await;
    }
}

/// Waits until it is so.
pub(crate) async fn eventually(mut so: impl FnMut() -> bool) {
    let all = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(PATIENCE, all).await.expect("becomes true in time");
}

/// A client that speaks in bytes.
pub(crate) struct Raw(pub TcpStream);

impl Raw {
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Sends a CONNECT that is taken.
    pub(crate) async fn hello(&mut self, connect: &[u8]) -> Vec<u8> {
        self.send(connect).await;
        let answer = self.packet().await;
        assert_eq!((answer[0], answer[3]), (0x20, 0), "CONNACK that takes us in: {answer:x?}");
        answer
    }

    /// The next packet (of less than 128 bytes); none at the end of the stream.
    pub(crate) async fn try_packet(&mut self) -> Option<Vec<u8>> {
        let read = async {
            let mut head = [0; 2];
            self.0.read_exact(&mut head).await.ok()?;
            let mut packet = vec![0; 2 + usize::from(head[1])];
            packet[..2].copy_from_slice(&head);
            self.0.read_exact(&mut packet[2..]).await.ok()?;
            Some(packet)
        };
        timeout(PATIENCE, read).await.expect("a packet in time")
    }

    pub(crate) async fn packet(&mut self) -> Vec<u8> {
        self.try_packet().await.expect("a packet, not the end")
    }

    /// Sends a PING and takes its answer: nothing else was waiting to be read.
    pub(crate) async fn ping(&mut self) {
        self.send(&[0xC0, 0]).await;
        assert_eq!(self.packet().await, [0xD0, 0], "PINGRESP and nothing before it");
    }

    /// Waits for the end of the stream; the reason of the DISCONNECT or CONNACK before it, if any.
    pub(crate) async fn ended(&mut self) -> Option<u8> {
        let mut reason = None;
        while let Some(packet) = self.try_packet().await {
            match packet[0] {
                0xE0 => reason = Some(packet[2]),
                0x20 => reason = Some(packet[3]),
                other => panic!("unexpected packet {other:#x}"),
            }
        }
        reason
    }
}

fn string(text: &str) -> Vec<u8> {
    [&u16::try_from(text.len()).unwrap().to_be_bytes(), text.as_bytes()].concat()
}

/// A packet with its length.
pub(crate) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    let mut length = body.len();
    loop {
        let low = u8::try_from(length & 0x7F).unwrap();
        length >>= 7;
        out.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            break;
        }
    }
    out.extend_from_slice(body);
    out
}

/// CONNECT with a clean session and nothing else.
pub(crate) fn connect(version: u8, id: &str, keep_alive: u16) -> Vec<u8> {
    connect_with(version, 0x02, keep_alive, &string(id))
}

/// CONNECT with flags, and what follows the properties (of which there are none).
pub(crate) fn connect_with(version: u8, flags: u8, keep_alive: u16, tail: &[u8]) -> Vec<u8> {
    let mut body = [b"\x00\x04MQTT", &[version, flags][..], &keep_alive.to_be_bytes()].concat();
    if version == 5 {
        body.push(0);
    }
    body.extend_from_slice(tail);
    packet(0x10, &body)
}

/// CONNECT with a last will of QoS 1 on `gone/ID`.
pub(crate) fn connect_with_will(version: u8, id: &str, keep_alive: u16) -> Vec<u8> {
    let properties: &[u8] = if version == 5 { &[0] } else { &[] };
    let tail = [&string(id), properties, &string(&format!("gone/{id}")), &string("farewell")].concat();
    connect_with(version, 0x0E, keep_alive, &tail)
}

/// CONNECT with user and password.
pub(crate) fn connect_as(version: u8, id: &str, user: &str, password: &str) -> Vec<u8> {
    connect_with(version, 0xC2, 0, &[string(id), string(user), string(password)].concat())
}

/// PUBLISH; `id` is ignored for QoS 0.
pub(crate) fn publish(version: u8, topic: &str, qos: u8, id: u16, payload: &[u8]) -> Vec<u8> {
    let mut body = string(topic);
    if qos > 0 {
        body.extend_from_slice(&id.to_be_bytes());
    }
    if version == 5 {
        body.push(0);
    }
    body.extend_from_slice(payload);
    packet(0x30 | qos << 1, &body)
}
