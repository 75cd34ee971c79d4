//! The two sides that a test plays: a broker, packet by packet over a real socket, and the keeper.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use ports::{Clock, SourceStatus};
use rumqttc::mqttbytes::v4::{
    ConnAck, Connect, ConnectReturnCode, Packet, PubAck, Publish, SubAck, Subscribe, SubscribeReasonCode,
};
use rumqttc::mqttbytes::{Error, QoS};
use schemas::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::collector::{Collector, Settings};
use crate::source::{Arrivals, Intake, Source, SourceError, SourceWatch, Waiting};

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited {PATIENCE:?} for {what}"))
}

#[derive(Debug)]
pub(super) struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000).unwrap()
    }
}

pub(super) fn settings(address: SocketAddr) -> Settings {
    Settings {
        name: "broker".into(),
        url: format!("mqtt://{address}"),
        filters: vec!["city/#".into()],
        client_id: Some("marsad-test".into()),
        username: None,
        password_file: None,
        password_env: None,
        qos: None,
        keep_alive: None,
        connect_timeout: Some(Duration::from_secs(2)),
        max_message: None,
        window: None,
        gather: None,
        ca_file: None,
        client_cert_file: None,
        client_key_file: None,
        alpn: None,
    }
}

/// A running collector, and the keeper's end of it.
pub(super) struct Rig {
    pub(super) end: mpsc::Receiver<Waiting>,
    pub(super) watch: SourceWatch,
    pub(super) stop: CancellationToken,
    pub(super) deadline: CancellationToken,
    pub(super) task: JoinHandle<Result<(), SourceError>>,
}

impl Rig {
    pub(super) fn start(settings: &Settings) -> Self {
        let (intake, end) = Intake::new();
        Self::start_with(settings, intake, end)
    }

    pub(super) fn start_with(settings: &Settings, intake: Intake, end: mpsc::Receiver<Waiting>) -> Self {
        Self::run(Collector::new(settings, Arc::new(Noon)).unwrap(), intake, end)
    }

    /// With a socket that holds next to nothing that the broker has not taken.
    pub(super) fn start_narrow(settings: &Settings) -> Self {
        let (intake, end) = Intake::new();
        let mut collector = Collector::new(settings, Arc::new(Noon)).unwrap();
        collector.plan.network.set_tcp_send_buffer_size(4096);
        Self::run(collector, intake, end)
    }

    fn run(collector: Collector, intake: Intake, end: mpsc::Receiver<Waiting>) -> Self {
        let collector = Box::new(collector);
        let (stop, deadline) = (CancellationToken::new(), CancellationToken::new());
        let watch = collector.watch();
        let task = tokio::spawn(collector.run(intake, stop.clone(), deadline.clone()));
        Self { end, watch, stop, deadline, task }
    }

    pub(super) async fn arrivals(&mut self) -> Arrivals {
        within("arrivals", self.end.recv()).await.expect("the collector runs").arrivals
    }

    /// Arrivals until there are `count` messages. Tickets are held.
    pub(super) async fn messages(&mut self, count: usize) -> Vec<Arrivals> {
        let mut all = Vec::new();
        let mut seen = 0;
        while seen < count {
            let arrivals = self.arrivals().await;
            seen += arrivals.messages.len();
            all.push(arrivals);
        }
        assert_eq!(seen, count);
        all
    }

    pub(super) async fn status(&self, what: &str, mut is: impl FnMut(&SourceStatus) -> bool) -> SourceStatus {
        within(what, async {
            loop {
                let status = (self.watch)();
                if is(&status) {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
    }

    pub(super) async fn end(self) -> Result<(), SourceError> {
        self.stop.cancel();
        within("the end", self.task).await.unwrap()
    }
}

pub(super) fn payloads<'a>(arrivals: impl IntoIterator<Item = &'a Arrivals>) -> Vec<String> {
    arrivals
        .into_iter()
        .flat_map(|arrivals| &arrivals.messages)
        .map(|message| String::from_utf8_lossy(&message.payload).into_owned())
        .collect()
}

pub(super) struct Broker {
    listener: TcpListener,
}

impl Broker {
    pub(super) async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    /// A broker whose sockets hold next to nothing that it has not read.
    pub(super) fn narrow() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self { listener: socket.listen(8).unwrap() }
    }

    pub(super) fn over(listener: std::net::TcpListener) -> Self {
        Self { listener: TcpListener::from_std(listener).unwrap() }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }

    /// A connection, before CONNACK.
    pub(super) async fn knock(&self) -> (Peer, Connect) {
        let (stream, _) = within("a connection", self.listener.accept()).await.unwrap();
        let mut peer = Peer::over(stream);
        let Packet::Connect(connect) = peer.packet().await else { panic!("expected CONNECT first") };
        (peer, connect)
    }

    /// A connection whose filters are all granted.
    pub(super) async fn accept(&self, session_present: bool) -> Peer {
        let (mut peer, _) = self.knock().await;
        peer.welcome(session_present).await;
        let subscribe = peer.subscribe().await;
        let granted = subscribe.filters.iter().map(|filter| SubscribeReasonCode::Success(filter.qos)).collect();
        peer.send(Packet::SubAck(SubAck::new(subscribe.pkid, granted))).await;
        peer
    }
}

/// One end of an MQTT connection, by hand.
pub(super) struct Peer {
    stream: TcpStream,
    read: BytesMut,
}

impl Peer {
    pub(super) fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { stream, read: BytesMut::new() }
    }

    pub(super) const fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Reads whatever there is, and says how much.
    pub(super) async fn drain(&mut self) -> usize {
        self.read.clear();
        let read = self.stream.read_buf(&mut self.read).await.unwrap();
        assert!(read > 0, "the connection stays");
        read
    }

    pub(super) async fn welcome(&mut self, session_present: bool) {
        self.send(Packet::ConnAck(ConnAck::new(ConnectReturnCode::Success, session_present))).await;
    }

    pub(super) async fn subscribe(&mut self) -> Subscribe {
        let Packet::Subscribe(subscribe) = self.packet().await else { panic!("expected SUBSCRIBE") };
        subscribe
    }

    /// The next packet; `None` where the other side has hung up.
    pub(super) async fn next(&mut self) -> Option<Packet> {
        within("a packet", async {
            loop {
                match Packet::read(&mut self.read, 1 << 20) {
                    Ok(packet) => return Some(packet),
                    Err(Error::InsufficientBytes(_)) => {}
                    Err(error) => panic!("the collector sends what is no MQTT: {error}"),
                }
                if self.stream.read_buf(&mut self.read).await.unwrap_or(0) == 0 {
                    return None;
                }
            }
        })
        .await
    }

    pub(super) async fn packet(&mut self) -> Packet {
        self.next().await.expect("the connection stays")
    }

    /// The ids of the next PUBACKs; pings are answered.
    pub(super) async fn acks(&mut self, count: usize) -> Vec<u16> {
        let mut ids = Vec::new();
        while ids.len() < count {
            match self.packet().await {
                Packet::PubAck(ack) => ids.push(ack.pkid),
                Packet::PingReq => self.send(Packet::PingResp).await,
                other => panic!("expected PUBACK, not {other:?}"),
            }
        }
        ids
    }

    pub(super) async fn send(&mut self, packet: Packet) {
        let mut bytes = BytesMut::new();
        packet.write(&mut bytes, usize::MAX).unwrap();
        self.send_bytes(&bytes).await;
    }

    pub(super) async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Sends messages of QoS 1 with these ids, and the ids as payload.
    pub(super) async fn publish(&mut self, ids: impl IntoIterator<Item = u16>) {
        let mut bytes = BytesMut::new();
        for id in ids {
            publish(id, "city/bin", id.to_string()).write(&mut bytes, usize::MAX).unwrap();
        }
        self.send_bytes(&bytes).await;
    }

    /// Sends a message as a device does, and waits until the broker has it.
    pub(super) async fn publish_acknowledged(&mut self, topic: &str, payload: String) {
        self.send(publish(1, topic, payload)).await;
        assert_eq!(self.packet().await, Packet::PubAck(PubAck::new(1)));
    }

    /// Connects as a device does.
    pub(super) async fn device(port: u16) -> Self {
        let mut peer = Self::over(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
        peer.send(Packet::Connect(Connect::new("device"))).await;
        assert!(matches!(peer.packet().await, Packet::ConnAck(ack) if ack.code == ConnectReturnCode::Success));
        peer
    }
}

pub(super) fn publish(id: u16, topic: &str, payload: impl Into<Bytes>) -> Packet {
    let mut publish = Publish::from_bytes(topic, QoS::AtLeastOnce, payload.into());
    publish.pkid = id;
    Packet::Publish(publish)
}

pub(super) fn ids(range: std::ops::RangeInclusive<u16>) -> Vec<String> {
    range.map(|id| id.to_string()).collect()
}
