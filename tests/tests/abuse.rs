//! Who only wants to be in the way, over real sockets: connections that say next to nothing, and connections without end. What is
//! measured is what a well-behaved device gets while they are there.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tests::{Device, Marsad, until};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::sleep;

const PATIENCE: Duration = Duration::from_secs(60);
/// Where the attackers come from: one address, as a device has one.
const ATTACKER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 66);
/// Slow connections that are held open to each door, more than it gives to one address.
const SLOW: usize = 300;
/// Connections that each door is flooded by at one time.
const FLOOD: usize = 16;
/// Messages of one measurement.
const MESSAGES: u16 = 20_000;
/// The least that is left of the rate. Attackers, the device and the program share this machine's processors: most of what is lost
/// is lost to the attackers' own work.
const LEAST: f64 = 0.1;

const SETTINGS: &str = "[rules]\npacks = []\n[endpoint]\nmax_connections = 400\nmax_connections_per_address = 200\n\
                        connect_timeout = \"2s\"\n[http]\nconnections = 1024\n";

/// What the attackers did.
#[derive(Default)]
struct Tally {
    slow: AtomicUsize,
    floods: AtomicUsize,
}

/// Attackers of both doors; gone when dropped.
struct Attack {
    tally: Arc<Tally>,
    _runtime: tokio::runtime::Runtime,
}

impl Attack {
    fn start(mqtt: SocketAddr, http: SocketAddr) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let tally = Arc::<Tally>::default();
        // An MQTT CONNECT and a request that never end.
        for (door, begin) in
            [(mqtt, &b"\x10\xff\x7f\x00\x04MQTT\x04\x02"[..]), (http, b"GET / HTTP/1.1\r\nhost: city\r\nx-slow: ")]
        {
            for _ in 0..SLOW {
                runtime.spawn(drip(door, begin, Arc::clone(&tally)));
            }
            for _ in 0..FLOOD {
                runtime.spawn(flood(door, Arc::clone(&tally)));
            }
        }
        Self { tally, _runtime: runtime }
    }
}

async fn reach(door: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((ATTACKER, 0)))?;
    socket.connect(door).await
}

/// A byte now and then, and once more from the beginning when the door has had enough.
async fn drip(door: SocketAddr, begin: &'static [u8], tally: Arc<Tally>) {
    loop {
        if let Ok(mut socket) = reach(door).await
            && socket.write_all(begin).await.is_ok()
        {
            tally.slow.fetch_add(1, Ordering::Relaxed);
            while socket.write_all(b"a").await.is_ok() {
                sleep(Duration::from_millis(200)).await;
            }
            tally.slow.fetch_sub(1, Ordering::Relaxed);
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// A connection, some bytes of nothing, the next connection.
async fn flood(door: SocketAddr, tally: Arc<Tally>) {
    loop {
        if let Ok(mut socket) = reach(door).await {
            let _ = socket.write_all(&[0xff; 64]).await;
            tally.floods.fetch_add(1, Ordering::Relaxed);
        }
        tokio::task::yield_now().await;
    }
}

/// Messages per second that a device gets acknowledged, on a connection that it makes now.
fn rate(mqtt: SocketAddr, name: &str) -> f64 {
    let mut device = Device::connect(mqtt, name);
    let began = Instant::now();
    for n in 0..MESSAGES {
        let payload = format!(
            r#"{{"v":1,"time":"2026-11-21T{:02}:{:02}:{:02}Z","values":{{"waste.fill":{}}}}}"#,
            n / 3_600,
            n / 60 % 60,
            n % 60,
            n % 100
        );
        device.publish(&format!("marsad/anfa/waste/{name}/up"), payload.as_bytes());
    }
    device.acknowledged();
    f64::from(MESSAGES) / began.elapsed().as_secs_f64()
}

/// The middle one of three.
fn usual(mqtt: SocketAddr, name: &str) -> f64 {
    let mut rates: Vec<f64> = (0..3).map(|n| rate(mqtt, &format!("{name}-{n}"))).collect();
    rates.sort_by(f64::total_cmp);
    rates[1]
}

#[test]
fn sec_14_a_slow_loris_and_a_flood_of_connections_do_not_stop_devices_that_behave() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut marsad = Marsad::start(folder.path(), SETTINGS);
    // What is made at the first message is made before anything is measured.
    let _ = rate(marsad.mqtt, "first");
    let before = usual(marsad.mqtt, "before");
    let attack = Attack::start(marsad.mqtt, marsad.http);
    let Tally { slow, floods } = &*attack.tally;
    until("the attack to be under way", PATIENCE, || {
        (slow.load(Ordering::Relaxed) > SLOW && floods.load(Ordering::Relaxed) > 1_000).then_some(())
    });
    let flooded = floods.load(Ordering::Relaxed);
    let under = usual(marsad.mqtt, "under");
    let (held, flooded) = (slow.load(Ordering::Relaxed), floods.load(Ordering::Relaxed) - flooded);
    println!(
        "{before:.0} messages acknowledged per second before, {under:.0} under attack: {:.2} of it; {held} slow connections held, \
         {flooded} connections of the flood meanwhile",
        under / before
    );
    assert!(flooded > 0, "the flood went on");
    assert!(under > before * LEAST, "{under:.0} of {before:.0}");
    let status = until("an answer under attack", PATIENCE, || marsad.status());
    assert!(status.identity.balances(), "{:?}", status.identity);
    drop(attack);
    let status = marsad.settled(PATIENCE);
    assert_eq!(status.identity.stored, 7 * u64::from(MESSAGES), "{:?}", status.identity);
    assert!(marsad.stop().success());
}
