//! Measures the endpoint alone, with an intake that keeps nothing: `hose [messages] [payload bytes] [QoS] [idle connections]`.
//!
//! Prints messages per second, CPU time of the endpoint's thread per message, and resident memory per idle connection.
//! Linux only: the figures come from /proc.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use endpoint::{Arrivals, Closed, Endpoint, Intake, Open, Settings};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

/// Acknowledges at once, keeps nothing.
#[derive(Default)]
struct Sink(AtomicU64);

impl Intake for Sink {
    fn take(&self, arrivals: Arrivals) -> BoxFuture<'_, Result<(), Closed>> {
        self.0.fetch_add(arrivals.publishes.len() as u64, Ordering::Relaxed);
        arrivals.ticket.spend();
        async { Ok(()) }.boxed()
    }
}

const CONNECT: &[u8] = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01h";
const ANONYMOUS: &[u8] = b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00";
const TOPIC: &str = "marsad/maarif/air/air-00017/up";

fn settings() -> Settings {
    Settings {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        max_packet: bytesize::ByteSize::mib(1),
        max_connections: 100_000,
        max_connections_per_address: 100_000,
        window: std::num::NonZeroU16::MAX,
        rate: 0,
        device_rate: 0,
        device_burst: 0,
        plain: false,
        device_max_packet: bytesize::ByteSize::mib(1),
        address_rate: 0,
        connect_timeout: Duration::from_secs(10),
        packet_timeout: Duration::from_secs(60),
        topic_aliases: 32,
        tls_listen: None,
        client_ca: None,
        devices: endpoint::Devices::Open,
        max_connections_per_device: 1,
        certificate: None,
        key: None,
    }
}

/// Nanoseconds of CPU that this thread has used.
fn cpu() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    text.split_whitespace().next().and_then(|n| n.parse().ok()).expect("a number")
}

fn resident_kib() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = text.lines().find(|l| l.starts_with("VmRSS")).expect("VmRSS");
    line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).expect("a number")
}

fn publish(qos: u8, id: u16, payload: usize) -> Vec<u8> {
    let mut body = vec![0, u8::try_from(TOPIC.len()).expect("short")];
    body.extend_from_slice(TOPIC.as_bytes());
    if qos > 0 {
        body.extend_from_slice(&id.to_be_bytes());
    }
    body.resize(body.len() + payload, b'x');
    let length = u16::try_from(body.len()).expect("a small payload");
    let low = u8::try_from(length & 0x7F).expect("seven bits") | 0x80;
    let high = u8::try_from(length >> 7).expect("a small payload");
    [&[0x30 | qos << 1, low, high], &body[..]].concat()
}

fn main() {
    let mut arguments = std::env::args().skip(1).map(|a| a.parse::<usize>().expect("numbers"));
    let messages = arguments.next().unwrap_or(5_000_000);
    let payload = arguments.next().unwrap_or(100);
    let qos = u8::try_from(arguments.next().unwrap_or(1)).expect("0 or 1");
    let idle = arguments.next().unwrap_or(0);

    let stop = CancellationToken::new();
    let (ready, address) = mpsc::channel();
    let server = thread::spawn({
        let stop = stop.clone();
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let endpoint = Endpoint::bind(&settings(), Arc::new(Open)).await.expect("a free port");
                let sink = Arc::new(Sink::default());
                ready.send(endpoint.address()).expect("main waits");
                let before = cpu();
                endpoint.run(Arc::clone(&sink) as Arc<dyn Intake>, stop, CancellationToken::new()).await;
                (sink.0.load(Ordering::Relaxed), cpu() - before)
            })
        }
    });
    let address = address.recv().expect("the endpoint starts");

    if idle > 0 {
        let before = resident_kib();
        let mut clients = Vec::with_capacity(idle);
        for _ in 0..idle {
            let mut client = TcpStream::connect(address).expect("enough file descriptors");
            client.write_all(ANONYMOUS).expect("taken");
            client.read_exact(&mut [0; 4]).expect("CONNACK");
            client.write_all(&publish(1, 1, payload)).expect("taken");
            client.read_exact(&mut [0; 4]).expect("PUBACK");
            clients.push(client);
        }
        let grown = resident_kib() - before;
        println!("{idle} idle connections: {grown} KiB more, {:.2} KiB each", grown as f64 / idle as f64);
        drop(clients);
    } else {
        let mut client = TcpStream::connect(address).expect("the endpoint listens");
        client.write_all(CONNECT).expect("taken");
        client.read_exact(&mut [0; 4]).expect("CONNACK");
        let batch = 10_000_usize;
        let bytes: Vec<u8> = (1..=10_000).flat_map(|id| publish(qos, id, payload)).collect();
        let rounds = messages.div_ceil(batch);
        let mut acknowledgements = client.try_clone().expect("a handle");
        let start = Instant::now();
        let reader = thread::spawn(move || {
            let mut left = if qos > 0 { rounds * batch * 4 } else { 2 };
            let mut buffer = vec![0; 64 << 10];
            while left > 0 {
                let n = acknowledgements.read(&mut buffer).expect("the connection stands");
                assert!(n > 0, "the connection stands");
                left -= n.min(left);
            }
        });
        for _ in 0..rounds {
            client.write_all(&bytes).expect("the connection stands");
        }
        // For QoS 0: answered when all before it is read.
        client.write_all(&[0xC0, 0]).expect("the connection stands");
        reader.join().expect("all acknowledged");
        let seconds = start.elapsed().as_secs_f64();
        println!("{} messages of {payload} B, QoS {qos}: {:.0} a second", rounds * batch, (rounds * batch) as f64 / seconds);
        drop(client);
    }
    stop.cancel();
    let (taken, nanos) = server.join().expect("the endpoint ends");
    println!("endpoint thread: {taken} taken, {:.3} us of CPU a message", nanos as f64 / 1000.0 / taken.max(1) as f64);
}
