//! A QoS 1 publisher that knows what was acknowledged: a plain socket, packets written by hand, so that
//! nothing between the test and the wire can be wrong in its favour.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Unacknowledged messages at most.
const WINDOW: usize = 2000;

/// What a publisher has done.
#[derive(Debug, Default)]
pub struct Tally {
    /// Messages that were acknowledged: all numbers below it.
    pub acknowledged: AtomicU64,
    /// Connections made.
    pub connections: AtomicU64,
    stop: AtomicBool,
}

/// Publishes messages 0, 1, 2 and so on until told to stop; after a lost connection it connects again and
/// repeats what was not acknowledged, as a device does.
#[derive(Debug)]
pub struct Publisher {
    tally: Arc<Tally>,
    thread: JoinHandle<()>,
}

/// Writes topic and payload of a message into the buffers given.
pub type Script = Box<dyn Fn(u64, &mut String, &mut Vec<u8>) + Send>;

impl Publisher {
    /// Starts publishing, at most `rate` new messages per second.
    #[must_use]
    pub fn start(address: SocketAddr, rate: f64, script: Script) -> Self {
        let tally = Arc::new(Tally::default());
        let own = Arc::clone(&tally);
        let thread = std::thread::spawn(move || {
            let mut open = Open { script, next: 0, waiting: BTreeSet::new(), rate, began: Instant::now() };
            while !(own.stop.load(Ordering::Relaxed) && open.waiting.is_empty()) {
                // Whatever breaks, the server is away: the next connection repeats what it did not confirm.
                if open.converse(address, &own).is_err() {
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        });
        Self { tally, thread }
    }

    /// What was done so far.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Publishes nothing new, waits until all that was published is acknowledged, and says how many that
    /// are.
    ///
    /// # Panics
    /// If the publisher's thread did.
    #[must_use]
    pub fn finish(self) -> u64 {
        self.tally.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the publisher ends well");
        self.tally.acknowledged.load(Ordering::Relaxed)
    }
}

struct Open {
    script: Script,
    next: u64,
    /// Numbers of messages sent and not acknowledged.
    waiting: BTreeSet<u64>,
    rate: f64,
    began: Instant,
}

impl Open {
    fn converse(&mut self, address: SocketAddr, tally: &Tally) -> io::Result<()> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(Duration::from_millis(500)))?;
        // CONNECT, MQTT 3.1.1, clean session, no keep-alive, client "publisher".
        socket.write_all(b"\x10\x15\x00\x04MQTT\x04\x02\x00\x00\x00\x09publisher")?;
        let mut connack = [0; 4];
        socket.read_exact(&mut connack)?;
        if connack != [0x20, 2, 0, 0] {
            return Err(io::Error::other("not accepted"));
        }
        tally.connections.fetch_add(1, Ordering::Relaxed);
        let mut packets = Vec::new();
        for number in &self.waiting {
            self.encode(*number, true, &mut packets);
        }
        let mut acks = Vec::new();
        let mut buffer = [0; 16 << 10];
        loop {
            let stop = tally.stop.load(Ordering::Relaxed);
            let due = self.due();
            while !stop && self.next < due && self.waiting.len() < WINDOW && packets.len() < 32 << 10 {
                self.encode(self.next, false, &mut packets);
                self.waiting.insert(self.next);
                self.next += 1;
            }
            socket.write_all(&packets)?;
            packets.clear();
            if self.waiting.is_empty() {
                if stop {
                    return Ok(());
                }
                // Ahead of its rate, and nothing to hear.
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            let count = socket.read(&mut buffer)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            acks.extend_from_slice(&buffer[..count]);
            let whole = acks.len() / 4 * 4;
            for ack in acks.drain(..whole).collect::<Vec<u8>>().chunks(4) {
                self.acknowledged(ack)?;
            }
            let confirmed = self.waiting.first().copied().unwrap_or(self.next);
            tally.acknowledged.store(confirmed, Ordering::Relaxed);
        }
    }

    /// How many messages the rate allows by now.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count far below 2^53")]
    fn due(&self) -> u64 {
        (self.began.elapsed().as_secs_f64() * self.rate) as u64
    }

    fn acknowledged(&mut self, packet: &[u8]) -> io::Result<()> {
        let [0x40, 2, high, low] = *packet else { return Err(io::Error::other(format!("not a PUBACK: {packet:?}"))) };
        let id = u64::from(u16::from_be_bytes([high, low]));
        let number = self.waiting.iter().find(|n| packet_id(**n) == id).copied();
        let number = number.ok_or_else(|| io::Error::other(format!("PUBACK {id} for nothing")))?;
        self.waiting.remove(&number);
        Ok(())
    }

    fn encode(&self, number: u64, again: bool, out: &mut Vec<u8>) {
        let (mut topic, mut payload) = (String::new(), Vec::new());
        (self.script)(number, &mut topic, &mut payload);
        let length = 2 + topic.len() + 2 + payload.len();
        assert!((128..16_384).contains(&length), "two bytes of length");
        out.push(if again { 0x3A } else { 0x32 });
        out.push(u8::try_from(length % 128).expect("below 128") | 0x80);
        out.push(u8::try_from(length / 128).expect("below 128"));
        out.extend_from_slice(&u16::try_from(topic.len()).expect("short").to_be_bytes());
        out.extend_from_slice(topic.as_bytes());
        out.extend_from_slice(&u16::try_from(packet_id(number)).expect("16 bits").to_be_bytes());
        out.extend_from_slice(&payload);
    }
}

/// 1 to 65,535, far more than the window.
fn packet_id(number: u64) -> u64 {
    number % 65_535 + 1
}
