//! One connection to a broker: packets out, packets in, never waiting for one of the two.
//!
//! rumqttc brings the connection about (name, TCP, TLS, CONNECT, CONNACK) and frames the packets. Its
//! event loop is not used beyond that: it copies every message into a queue that outlives the
//! connection (what was read before an error is delivered after the next CONNACK and would be
//! acknowledged in the wrong session), it calls an unknown PUBREL a reason to hang up, and it takes a
//! PINGRESP that is stuck behind data for a dead broker. A new one is made for every connection, so
//! nothing of one can be found in the next.

use std::pin::pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use rumqttc::{ConnectionError, Event, EventLoop, Packet, StateError};

use super::settings::Plan;

/// Packets that may be written before all of them have left: they stay far below the 8 KiB at which
/// rumqttc's writer would wait instead of taking one more.
const UNFLUSHED: usize = 1024;

/// A connection that the broker has accepted.
pub(super) struct Link {
    events: EventLoop,
    unflushed: usize,
}

/// What happened on a connection.
pub(super) enum Came {
    /// A packet of the broker.
    Packet(Packet),
    /// All that was written has left; there is room for more.
    Room,
}

/// The writer has no room: wait for [`Came::Room`].
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Crowded;

impl Link {
    /// Connects; says whether the broker has kept our session.
    pub(super) async fn connect(plan: &Plan) -> Result<(Self, bool), ConnectionError> {
        let mut events = EventLoop::new(plan.mqtt.clone(), 1);
        events.network_options = plan.network.clone();
        match events.poll().await? {
            Event::Incoming(Packet::ConnAck(answer)) => Ok((Self { events, unflushed: 0 }, answer.session_present)),
            Event::Incoming(other) => Err(ConnectionError::NotConnAck(other)),
            Event::Outgoing(_) => Err(ConnectionError::RequestsDone),
        }
    }

    /// Whether everything written has left.
    pub(super) const fn is_flushed(&self) -> bool {
        self.unflushed == 0
    }

    /// Whether [`Link::write`] has room for a packet that can wait.
    pub(super) const fn has_room(&self) -> bool {
        self.unflushed < UNFLUSHED
    }

    /// Puts a packet behind those that wait. It leaves with [`Link::flush`] or while polling.
    pub(super) fn write(&mut self, packet: Packet) -> Result<(), StateError> {
        let network = self.events.network.as_mut().ok_or(StateError::ConnectionAborted)?;
        self.unflushed += 1;
        // Ready at once below the writer's limit; beyond, the broker takes nothing of what we say.
        network.write(packet).now_or_never().unwrap_or(Err(StateError::InvalidState))
    }

    /// Sends what is written, as far as the socket takes it now.
    pub(super) fn flush(&mut self) -> Result<Result<(), Crowded>, StateError> {
        let network = self.events.network.as_mut().ok_or(StateError::ConnectionAborted)?;
        if self.unflushed > 0 {
            match network.flush().now_or_never() {
                Some(flushed) => flushed?,
                None => return Ok(Err(Crowded)),
            }
            self.unflushed = 0;
        }
        Ok(Ok(()))
    }

    /// Goes on sending what is written, and reads one packet if `reading`. Both halves in one task
    /// and neither waiting for the other: a broker that is blocked on writing to us is read.
    pub(super) fn poll(&mut self, reading: bool, cx: &mut Context<'_>) -> Poll<Result<Came, StateError>> {
        let Some(network) = self.events.network.as_mut() else {
            return Poll::Ready(Err(StateError::ConnectionAborted));
        };
        // Futures that are made, polled once and dropped: all that lasts is in the connection's buffers.
        if self.unflushed > 0 {
            match pin!(network.flush()).poll(cx) {
                Poll::Ready(Ok(())) => {
                    self.unflushed = 0;
                    return Poll::Ready(Ok(Came::Room));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {}
            }
        }
        if !reading {
            return Poll::Pending;
        }
        pin!(network.read()).poll(cx).map(|read| read.map(Came::Packet))
    }
}
