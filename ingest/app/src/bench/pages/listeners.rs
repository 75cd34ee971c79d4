//! Many listeners of live events, told once a second: the processor time of the program with them and without.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ports::{Clock, SystemClock};
use serde::Serialize;
use simulators::Load;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::bench::child::Marsad;
use crate::bench::hose;
use crate::bench::{raise_files, scratch};
use crate::failure::{Code, Failure};

/// Devices that speak once a second.
const DEVICES: u32 = 100;
/// Listeners whose events are counted; the others only take what comes, so that it is not the benchmark that is measured.
const COUNTING: u32 = 10;

#[derive(Debug, Serialize)]
pub(super) struct Told {
    pub(super) clients: u32,
    /// Share of a core, nobody listening.
    pub(super) without: f64,
    /// Share of a core, all listening.
    pub(super) with: f64,
    /// Events of readings, a second and listener.
    pub(super) heard: f64,
}

pub(super) async fn measure(clients: u32, seconds: u32) -> Result<Told, Failure> {
    raise_files(u64::from(clients) + 256);
    let failed = |cause: std::io::Error| Failure::new(Code::Failed, format!("listeners cannot be measured: {cause}"));
    let settings = format!("[http]\nconnections = {}\nevent_clients = {clients}\nevent_tick = \"1s\"\n", u64::from(clients) + 64);
    let scratch = scratch()?;
    let marsad = Marsad::start(scratch.path(), &settings).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(speak(marsad.mqtt));
    let span = Duration::from_secs(u64::from(seconds));
    let without = share(&marsad, span).await;
    let heard = Arc::new(AtomicU64::new(0));
    let counting = clients.min(COUNTING);
    for number in 0..clients {
        let socket = listen(marsad.http).await.map_err(failed)?;
        if number < counting {
            tasks.spawn(hear(socket, Arc::clone(&heard)));
        } else {
            tasks.spawn(take(socket));
        }
    }
    let before = heard.load(Ordering::Relaxed);
    let with = share(&marsad, span).await;
    let events = heard.load(Ordering::Relaxed) - before;
    #[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^53")]
    let heard = events as f64 / f64::from(counting) / span.as_secs_f64();
    if let Some(ended) = tasks.try_join_next() {
        let cause = ended.map_err(std::io::Error::other).and_then(|ended| ended).err();
        return Err(failed(cause.unwrap_or_else(|| std::io::Error::other("a connection ended"))));
    }
    Ok(Told { clients, without, with, heard })
}

/// The share of a core that the program takes.
async fn share(marsad: &Marsad, span: Duration) -> f64 {
    let (began, before) = (Instant::now(), marsad.process.cpu());
    tokio::time::sleep(span).await;
    (marsad.process.cpu() - before) / began.elapsed().as_secs_f64()
}

/// Devices of which each says something once a second.
async fn speak(mqtt: SocketAddr) -> std::io::Result<()> {
    let mut socket = hose::open(mqtt, "speakers").await?;
    let load = Load::new(1, DEVICES, 100).starting(SystemClock.now());
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    for first in (0..).step_by(DEVICES as usize) {
        seconds.tick().await;
        let (mut out, mut topic, mut payload) = (Vec::new(), String::new(), Vec::new());
        for number in first..first + u64::from(DEVICES) {
            topic.clear();
            payload.clear();
            load.publish(number, &mut topic, &mut payload);
            hose::publish(&mut out, &topic, &payload, 0, 0);
        }
        socket.write_all(&out).await?;
    }
    Ok(())
}

async fn listen(http: SocketAddr) -> std::io::Result<TcpStream> {
    let mut socket = TcpStream::connect(http).await?;
    socket.write_all(b"GET /api/v1/events HTTP/1.1\r\nHost: bench\r\n\r\n").await?;
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await?;
    if answer == *b"HTTP/1.1 200" { Ok(socket) } else { Err(std::io::Error::other("the program takes no more listeners")) }
}

/// Takes what comes until the program hangs up.
async fn take(mut socket: TcpStream) -> std::io::Result<()> {
    tokio::io::copy(&mut socket, &mut tokio::io::sink()).await?;
    Err(std::io::Error::other("the program hung up"))
}

/// Counts events of readings. Each is a frame that is written at once, and begins with its name once.
async fn hear(mut socket: TcpStream, heard: Arc<AtomicU64>) -> std::io::Result<()> {
    const NAME: &[u8] = b"event: readings";
    let (mut buffer, mut tail) = (vec![0; 64 << 10], Vec::new());
    loop {
        let count = socket.read(&mut buffer).await?;
        if count == 0 {
            return Err(std::io::Error::other("the program hung up"));
        }
        tail.extend_from_slice(&buffer[..count]);
        let found = tail.windows(NAME.len()).filter(|window| *window == NAME).count();
        heard.fetch_add(found as u64, Ordering::Relaxed);
        // A name that is cut in two is found with what comes next.
        let keep = tail.len().min(NAME.len() - 1);
        tail.drain(..tail.len() - keep);
    }
}
