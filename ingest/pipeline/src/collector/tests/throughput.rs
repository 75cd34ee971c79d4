//! What the loop costs beside a bare subscriber of the same library. Not a test of this machine: run by
//! hand, in release, and read: `cargo test --release -p pipeline collector_cost -- --ignored --nocapture`.

use std::time::Instant;

use bytes::BytesMut;
use rumqttc::mqttbytes::v4::Packet;
use rumqttc::{Event, EventLoop, MqttOptions, Request};
use tokio::io::AsyncWriteExt;

use super::rig::{Broker, Rig, publish, settings};

const MESSAGES: usize = 1_000_000;
const WINDOW: u16 = 10_000;
/// Bytes of a PUBACK.
const ACK: usize = 4;

/// CPU seconds of this thread.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    stat.split_whitespace().next().and_then(|nanos| nanos.parse::<f64>().ok()).unwrap_or_default() / 1e9
}

/// Sends messages as fast as they are acknowledged, from a thread of its own.
fn hose(address: std::net::SocketAddr, listener: std::net::TcpListener, size: usize) -> std::thread::JoinHandle<()> {
    assert_eq!(listener.local_addr().unwrap(), address);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            listener.set_nonblocking(true).unwrap();
            let broker = Broker::over(listener);
            let mut peer = broker.accept(false).await;
            let mut round = BytesMut::new();
            for id in 1..=WINDOW {
                publish(id, "marsad/ain-chock/waste/bin-00417/up", vec![b'x'; size]).write(&mut round, usize::MAX).unwrap();
            }
            let rounds = MESSAGES / usize::from(WINDOW);
            // Two windows are under way at most; acknowledgements are counted by their bytes, not parsed.
            let window = usize::from(WINDOW) * ACK;
            let mut acked = 0;
            for sent in 1..=rounds {
                peer.stream().write_all(&round).await.unwrap();
                while acked + 2 * window <= sent * window {
                    acked += peer.drain().await;
                }
            }
            while acked < MESSAGES * ACK {
                acked += peer.drain().await;
            }
        });
    })
}

fn listener() -> (std::net::SocketAddr, std::net::TcpListener) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    (listener.local_addr().unwrap(), listener)
}

fn report(what: &str, size: usize, wall: f64, cpu: f64) {
    #[expect(clippy::cast_precision_loss, reason = "a report")]
    let messages = MESSAGES as f64;
    println!("{what:>12} {size:>4} B: {:>9.0} msg/s, {:.3} us CPU a message", messages / wall, cpu * 1e6 / messages);
}

fn bare(size: usize) {
    let (address, listener) = listener();
    let broker = hose(address, listener, size);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (wall, spent) = runtime.block_on(async {
        let mut options = MqttOptions::new("bare", address.ip().to_string(), address.port());
        options.set_clean_session(false).set_max_packet_size(1 << 20, 1 << 20);
        let mut events = EventLoop::new(options, 10);
        events.poll().await.unwrap();
        let subscribe = rumqttc::Subscribe::new("city/#", rumqttc::QoS::AtLeastOnce);
        let subscribe = events.state.handle_outgoing_packet(Request::Subscribe(subscribe)).unwrap().unwrap();
        let network = events.network.as_mut().unwrap();
        network.write(subscribe).await.unwrap();
        network.flush().await.unwrap();
        let (begun, before) = (Instant::now(), cpu());
        let mut seen = 0;
        while seen < MESSAGES {
            if let Event::Incoming(Packet::Publish(_)) = events.poll().await.unwrap() {
                seen += 1;
            }
        }
        let measured = (begun.elapsed().as_secs_f64(), cpu() - before);
        // The last acknowledgements leave with the next poll.
        let _ = tokio::time::timeout(std::time::Duration::from_millis(200), events.poll()).await;
        measured
    });
    report("bare rumqttc", size, wall, spent);
    drop(runtime);
    broker.join().unwrap();
}

fn ours(size: usize) {
    let (address, listener) = listener();
    let broker = hose(address, listener, size);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (wall, spent) = runtime.block_on(async {
        let mut rig = Rig::start(&settings(address));
        let mut seen = 0;
        let (begun, before) = (Instant::now(), cpu());
        while seen < MESSAGES {
            let arrivals = rig.arrivals().await;
            seen += arrivals.messages.len();
            arrivals.ticket.spend();
        }
        let measured = (begun.elapsed().as_secs_f64(), cpu() - before);
        rig.end().await.unwrap();
        measured
    });
    report("collector", size, wall, spent);
    broker.join().unwrap();
}

#[test]
#[ignore = "a measurement, not a test"]
fn collector_cost_beside_a_bare_subscriber() {
    for size in [100, 500] {
        for _ in 0..2 {
            bare(size);
            ours(size);
        }
    }
}
