//! A device that publishes by QoS 1 and knows what was acknowledged, message by message: a plain socket,
//! packets written by hand. `Publisher` is for streams; this is for messages that are named.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// One connection of MQTT 3.1.1. It does not connect again: a lost connection fails the test.
#[derive(Debug)]
pub struct Device {
    socket: TcpStream,
    last: u16,
    waiting: BTreeSet<u16>,
    heard: Vec<u8>,
}

impl Device {
    /// Connects with a clean session.
    ///
    /// # Panics
    /// If nobody listens there or the connection is not accepted.
    #[must_use]
    pub fn connect(address: SocketAddr, client: &str) -> Self {
        let mut socket = TcpStream::connect(address).expect("somebody listens");
        let mut packet = vec![0x10, u8::try_from(12 + client.len()).expect("a short name")];
        packet.extend_from_slice(b"\x00\x04MQTT\x04\x02\x00\x00");
        text(client, &mut packet);
        socket.write_all(&packet).expect("a CONNECT");
        let mut answer = [0; 4];
        socket.read_exact(&mut answer).expect("a CONNACK");
        assert_eq!(answer, [0x20, 2, 0, 0], "the connection is accepted");
        Self { socket, last: 0, waiting: BTreeSet::new(), heard: Vec::new() }
    }

    /// Publishes without waiting for the acknowledgement. The number of the message, from 1 on.
    ///
    /// # Panics
    /// If the connection is lost, or with more than 65,535 messages.
    pub fn publish(&mut self, topic: &str, payload: &[u8]) -> u16 {
        self.last = self.last.checked_add(1).expect("at most 65,535 messages");
        self.waiting.insert(self.last);
        let mut packet = vec![0x32];
        length(4 + topic.len() + payload.len(), &mut packet);
        text(topic, &mut packet);
        packet.extend_from_slice(&self.last.to_be_bytes());
        packet.extend_from_slice(payload);
        self.socket.write_all(&packet).expect("a PUBLISH");
        self.last
    }

    /// Waits until all is acknowledged, at most `patience`. The numbers of messages that are not.
    ///
    /// # Panics
    /// If the connection is lost, or something else than a PUBACK of ours comes.
    pub fn unacknowledged(&mut self, patience: Duration) -> &BTreeSet<u16> {
        let end = Instant::now() + patience;
        let mut buffer = [0; 4096];
        while !self.waiting.is_empty() {
            let Some(left) = end.checked_duration_since(Instant::now()).filter(|d| !d.is_zero()) else { break };
            self.socket.set_read_timeout(Some(left)).expect("a timeout");
            match self.socket.read(&mut buffer) {
                Ok(0) => panic!("the connection was closed with {} messages unacknowledged", self.waiting.len()),
                Ok(count) => self.heard.extend_from_slice(&buffer[..count]),
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => break,
                Err(error) => panic!("the connection was lost: {error}"),
            }
            let whole = self.heard.len() / 4 * 4;
            for ack in self.heard.drain(..whole).collect::<Vec<u8>>().chunks(4) {
                let [0x40, 2, high, low] = *ack else { panic!("not a PUBACK: {ack:?}") };
                let number = u16::from_be_bytes([high, low]);
                assert!(self.waiting.remove(&number), "PUBACK {number} for nothing");
            }
        }
        &self.waiting
    }

    /// Waits until all is acknowledged.
    ///
    /// # Panics
    /// If that takes longer than 30 s.
    pub fn acknowledged(&mut self) {
        let left = self.unacknowledged(Duration::from_secs(30));
        assert!(left.is_empty(), "{} messages were not acknowledged within 30 s", left.len());
    }
}

fn text(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&u16::try_from(text.len()).expect("a short text").to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

/// MQTT's variable byte integer.
fn length(mut left: usize, out: &mut Vec<u8>) {
    while left >= 128 {
        out.push(u8::try_from(left % 128).expect("below 128") | 0x80);
        left /= 128;
    }
    out.push(u8::try_from(left).expect("below 128"));
}
