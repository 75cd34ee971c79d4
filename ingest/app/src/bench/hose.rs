//! A generator that costs next to nothing: packets encoded before the clock starts, written as fast as
//! acknowledgements allow, over several connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use simulators::Load;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

/// A steady load is written so often.
const BEAT: Duration = Duration::from_millis(5);

/// Publishes written at once.
const CHUNK: u64 = 64;

/// Encoded publishes for one connection.
pub(crate) struct Reel {
    bytes: Vec<u8>,
    /// Where each chunk ends.
    ends: Vec<usize>,
    messages: u64,
    qos: u8,
}

impl Reel {
    /// Encodes `messages` publishes of the load: number `first` and every `step`th after it, so that over
    /// all connections the devices speak in order of time.
    pub(crate) fn new(load: &Load, first: u64, step: u64, messages: u64, qos: u8) -> Self {
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        let (mut topic, mut payload) = (String::new(), Vec::new());
        for n in 0..messages {
            topic.clear();
            payload.clear();
            load.publish(first + n * step, &mut topic, &mut payload);
            publish(&mut bytes, &topic, &payload, qos, u16::try_from(n % 65_535 + 1).expect("at most 65,535"));
            if (n + 1) % CHUNK == 0 || n + 1 == messages {
                ends.push(bytes.len());
            }
        }
        Self { bytes, ends, messages, qos }
    }
}

/// MQTT 3.1.1 PUBLISH (section 3.3).
pub(super) fn publish(out: &mut Vec<u8>, topic: &str, payload: &[u8], qos: u8, id: u16) {
    let id_len = if qos > 0 { 2 } else { 0 };
    out.push(0x30 | qos << 1);
    remaining(out, 2 + topic.len() + id_len + payload.len());
    out.extend_from_slice(&u16::try_from(topic.len()).expect("topics of the load are short").to_be_bytes());
    out.extend_from_slice(topic.as_bytes());
    if qos > 0 {
        out.extend_from_slice(&id.to_be_bytes());
    }
    out.extend_from_slice(payload);
}

fn remaining(out: &mut Vec<u8>, mut length: usize) {
    loop {
        let low = u8::try_from(length % 128).expect("below 128");
        length /= 128;
        out.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            return;
        }
    }
}

/// MQTT 3.1.1 CONNECT (section 3.1), clean session, no keep-alive; with user name and password where there are some.
fn connect(client: &str, login: Option<&Login>) -> Vec<u8> {
    let texts: Vec<&str> =
        std::iter::once(client).chain(login.into_iter().flat_map(|l| [l.user.as_str(), &l.password])).collect();
    let mut out = vec![0x10];
    remaining(&mut out, 10 + texts.iter().map(|text| 2 + text.len()).sum::<usize>());
    let flags = if login.is_some() { 0b1100_0010 } else { 0b10 };
    out.extend_from_slice(&[0, 4, b'M', b'Q', b'T', b'T', 4, flags, 0, 0]);
    for text in texts {
        out.extend_from_slice(&u16::try_from(text.len()).expect("names of the bench are short").to_be_bytes());
        out.extend_from_slice(text.as_bytes());
    }
    out
}

/// A credential of a device.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// Where publishes go, and how one gets in.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    /// Spoken over TLS by this.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    pub(crate) login: Option<Login>,
}

impl Door {
    /// One that is open to everybody.
    pub(crate) const fn open_to_all(address: SocketAddr) -> Self {
        Self { address, tls: None, login: None }
    }
}

/// Connects and waits for the CONNACK.
pub(crate) async fn open(address: SocketAddr, client: &str) -> io::Result<TcpStream> {
    let mut socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    greet(&mut socket, client, None).await?;
    Ok(socket)
}

async fn greet(socket: &mut (impl AsyncRead + AsyncWrite + Unpin), client: &str, login: Option<&Login>) -> io::Result<()> {
    socket.write_all(&connect(client, login)).await?;
    let mut answer = [0; 4];
    socket.read_exact(&mut answer).await?;
    if answer == [0x20, 2, 0, 0] { Ok(()) } else { Err(io::Error::other(format!("CONNACK {answer:?}"))) }
}

/// A connection whose acknowledgements are read and not looked at.
pub(crate) async fn deaf(address: SocketAddr, client: &str) -> io::Result<OwnedWriteHalf> {
    let (mut read, write) = open(address, client).await?.into_split();
    tokio::spawn(async move {
        let mut buffer = vec![0; 16 << 10];
        while read.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
    });
    Ok(write)
}

/// What writes the topic and the payload of a message that has this number.
pub(crate) type Make<'a> = dyn FnMut(u64, &mut String, &mut Vec<u8>) + Send + 'a;

/// Publishes by QoS 1 at a steady rate until `until`; how many messages were written.
pub(crate) async fn steady(socket: &mut OwnedWriteHalf, rate: u32, until: Instant, make: &mut Make<'_>) -> io::Result<u64> {
    let (began, mut beat) = (Instant::now(), tokio::time::interval(BEAT));
    let (mut sent, mut bytes, mut topic, mut payload) = (0u64, Vec::new(), String::new(), Vec::new());
    while Instant::now() < until {
        beat.tick().await;
        let due = u64::from(rate) * u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX) / 1_000_000;
        bytes.clear();
        for n in sent..due {
            topic.clear();
            payload.clear();
            make(n, &mut topic, &mut payload);
            publish(&mut bytes, &topic, &payload, 1, u16::try_from(n % 65_535 + 1).unwrap_or(1));
        }
        socket.write_all(&bytes).await?;
        sent = sent.max(due);
    }
    Ok(sent)
}

/// Publishes all reels, each over its own connection, at most `window` unacknowledged on each. With
/// QoS 1 it returns when everything is acknowledged.
pub(crate) async fn run(door: &Door, reels: Vec<Reel>, window: u64) -> io::Result<()> {
    let mut connections = JoinSet::new();
    for (number, reel) in reels.into_iter().enumerate() {
        let client = format!("marsad-bench-hose-{number}");
        let mut socket = TcpStream::connect(door.address).await?;
        socket.set_nodelay(true)?;
        match &door.tls {
            None => {
                greet(&mut socket, &client, door.login.as_ref()).await?;
                let (read, write) = socket.into_split();
                connections.spawn(pour(read, write, reel, window));
            }
            Some(config) => {
                let name = ServerName::from(door.address.ip());
                let mut socket = TlsConnector::from(Arc::clone(config)).connect(name, socket).await?;
                greet(&mut socket, &client, door.login.as_ref()).await?;
                let (read, write) = tokio::io::split(socket);
                connections.spawn(pour(read, write, reel, window));
            }
        }
    }
    while let Some(ended) = connections.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    Ok(())
}

async fn pour<R, W>(mut read: R, mut write: W, reel: Reel, window: u64) -> io::Result<()>
where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin,
{
    let (acked, moved) = (Arc::new(AtomicU64::new(0)), Arc::new(Notify::new()));
    let expected = if reel.qos > 0 { reel.messages } else { 0 };
    let listener = tokio::spawn({
        let (acked, moved) = (Arc::clone(&acked), Arc::clone(&moved));
        async move {
            let (mut buffer, mut bytes) = (vec![0; 64 << 10], 0u64);
            while bytes / 4 < expected {
                let count = read.read(&mut buffer).await?;
                if count == 0 {
                    return Err(io::Error::other("the server closed the connection"));
                }
                bytes += count as u64;
                // A PUBACK of MQTT 3.1.1 has four bytes.
                acked.store(bytes / 4, Ordering::Release);
                moved.notify_one();
            }
            Ok(read)
        }
    });
    let (mut begin, mut sent) = (0, 0);
    for end in &reel.ends {
        while expected > 0 && sent >= acked.load(Ordering::Acquire) + window {
            // `notify_one` leaves a permit: a wake between the look and the wait is not lost.
            moved.notified().await;
        }
        write.write_all(&reel.bytes[begin..*end]).await?;
        // What is encrypted and not yet on its way would wait for an acknowledgement of itself.
        write.flush().await?;
        begin = *end;
        sent = (sent + CHUNK).min(reel.messages);
    }
    let read = listener.await.map_err(io::Error::other)??;
    write.write_all(&[0xE0, 0]).await?;
    write.flush().await?;
    drop(read);
    Ok(())
}
