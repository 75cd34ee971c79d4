//! One connection, from CONNACK to its end: what came is offered, what is kept is acknowledged, the
//! link is kept alive. Deliberately absent: what happens between two connections.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytestring::ByteString;
use ports::Clock;
use rumqttc::{Packet, PubAck, PubComp, PubRec, Publish, QoS, StateError, mqttbytes};
use schemas::{Message, Provenance, Qos};
use tokio::time::{Instant, Interval, MissedTickBehavior, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::hold::Hold;
use super::ledger::{Ack, Bell, Due, Ledger};
use super::link::{Came, Link};
use super::settings::Plan;
use super::standing::Standing;
use super::subscription::Subscription;
use crate::source::{KeeperGone, NoTicket, Ticket};

/// A batch is offered at the latest when it has this many messages or bytes.
const BATCH: usize = 1024;
const BATCH_BYTES: usize = 1 << 20;
/// Bytes held aside while the journal is full. Beyond them, and beyond `window` messages, the socket is
/// not read: TCP holds the broker, and the broker holds the rest.
const ASIDE_BYTES: usize = 16 << 20;
/// A link that has lasted this long, or one keep-alive, was not broken by what broke the last one.
const STEADY: Duration = Duration::from_secs(10);
/// How long to listen for the broker's end of a connection that we close.
const PARTING: Duration = Duration::from_millis(500);

/// A signal of the program that is listened to over many connections.
pub(super) type Signal = Pin<Box<WaitForCancellationFutureOwned>>;

/// How a connection ended.
pub(super) enum End {
    /// As asked: nothing is owed any more, or there was no more time.
    Stopped,
    /// There is nobody to hand messages to.
    KeeperGone,
    /// In this way; and whether it had lasted.
    Broken { why: String, steady: bool },
}

impl From<KeeperGone> for End {
    fn from(_: KeeperGone) -> Self {
        Self::KeeperGone
    }
}

/// What woke us.
enum Turn {
    Stop,
    Deadline,
    Tick,
    /// Tickets were spent, or there is room to write.
    Pay,
    /// The parked batch is taken.
    Taken(Result<(), KeeperGone>),
    /// The socket was read.
    Read(Result<(), StateError>),
}

pub(super) struct Session<'a, 'b> {
    plan: &'a Plan,
    standing: &'a Standing,
    clock: &'a dyn Clock,
    hold: &'b mut Hold<'a>,
    stop: &'b mut Signal,
    deadline: &'b mut Signal,
    link: Link,
    ledger: Ledger,
    bell: Arc<Bell>,
    subscription: Subscription<'a>,
    /// Twice per keep-alive.
    tick: Interval,
    /// Until when the socket is left alone, so that one read finds many messages.
    rest: Pin<Box<Sleep>>,
    resting: bool,
    started: Instant,
    steady: bool,
    stopping: bool,
    /// Since the last tick: whether anything came.
    heard: bool,
    /// At the last tick: whether what was written had not left.
    stuck: bool,
}

impl<'a, 'b> Session<'a, 'b> {
    pub(super) fn new(
        plan: &'a Plan,
        standing: &'a Standing,
        clock: &'a dyn Clock,
        hold: &'b mut Hold<'a>,
        stop: &'b mut Signal,
        deadline: &'b mut Signal,
        link: Link,
    ) -> Self {
        let half = plan.keep_alive / 2;
        let started = Instant::now();
        let mut tick = tokio::time::interval_at(started + half, half);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let bell = Arc::new(Bell::default());
        Self {
            plan,
            standing,
            clock,
            hold,
            stop,
            deadline,
            link,
            ledger: Ledger::new(Arc::clone(&bell)),
            bell,
            subscription: Subscription::new(&plan.filters, plan.qos),
            tick,
            rest: Box::pin(tokio::time::sleep(Duration::ZERO)),
            resting: false,
            started,
            steady: false,
            stopping: false,
            heard: true,
            stuck: false,
        }
    }

    pub(super) async fn run(mut self) -> End {
        match self.last().await {
            Ok(never) => match never {},
            Err(end) => {
                if matches!(end, End::Stopped) {
                    self.part().await;
                }
                end
            }
        }
    }

    fn broken(&self, why: impl Into<String>) -> End {
        // A program that ends anyway has no use for another connection: the broker repeats the rest.
        if self.stopping { End::Stopped } else { End::Broken { why: why.into(), steady: self.steady } }
    }

    async fn last(&mut self) -> Result<std::convert::Infallible, End> {
        let ask = self.subscription.ask();
        self.send(ask)?;
        loop {
            self.pay()?;
            if self.stopping && self.ledger.is_settled() && self.hold.is_empty() && self.link.is_flushed() {
                return Err(End::Stopped);
            }
            match std::future::poll_fn(|cx| self.poll_turn(cx)).await {
                Turn::Stop => {
                    self.stopping = true;
                    self.hand_over()?;
                }
                Turn::Deadline => return Err(End::Stopped),
                Turn::Tick => self.keep_alive()?,
                Turn::Pay => {
                    self.pay()?;
                    // All that came is kept: a broker with a small window may be waiting for us alone.
                    self.resting &= self.ledger.owed() > 0;
                }
                Turn::Taken(taken) => {
                    taken?;
                    self.hand_over()?;
                }
                Turn::Read(read) => {
                    // Offered even if the link is broken: the ticket is dead then, and what the broker
                    // repeats is the same reading once more, which changes nothing.
                    self.hand_over()?;
                    read.map_err(|error| self.broken(self.in_words(&error)))?;
                }
            }
        }
    }

    /// In this order, so that no flood of messages keeps the rest from its turn. Every arm is stateless
    /// or keeps its state in `self`: nothing is lost when another one is ready first.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        if !self.stopping && self.stop.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Turn::Stop);
        }
        if self.stopping && self.deadline.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Turn::Deadline);
        }
        if self.tick.poll_tick(cx).is_ready() {
            return Poll::Ready(Turn::Tick);
        }
        if self.bell.poll(cx).is_ready() {
            return Poll::Ready(Turn::Pay);
        }
        if let Poll::Ready(taken) = self.hold.poll_parked(cx) {
            return Poll::Ready(Turn::Taken(taken));
        }
        if self.resting && self.rest.as_mut().poll(cx).is_ready() {
            self.resting = false;
        }
        self.poll_link(cx)
    }

    /// Reads until there is nothing more, or a batch is full.
    fn poll_link(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let before = self.hold.len();
        let mut now = None;
        let mut packets = 0;
        loop {
            let reading = !self.resting && self.may_read();
            match self.link.poll(reading, cx) {
                Poll::Ready(Ok(Came::Packet(packet))) => {
                    packets += 1;
                    if let Packet::Publish(publish) = packet {
                        let now = *now.get_or_insert_with(|| self.clock.now());
                        self.take(publish, now);
                    } else if let Err(error) = self.answer(packet) {
                        return Poll::Ready(Turn::Read(Err(error)));
                    }
                    if packets >= BATCH || self.hold.bytes() >= BATCH_BYTES && !self.hold.is_parked() {
                        break;
                    }
                }
                Poll::Ready(Ok(Came::Room)) if packets == 0 => return Poll::Ready(Turn::Pay),
                // What was read comes first; every turn pays.
                Poll::Ready(Ok(Came::Room)) => break,
                Poll::Ready(Err(error)) => return Poll::Ready(Turn::Read(Err(error))),
                Poll::Pending if packets == 0 => return Poll::Pending,
                Poll::Pending => {
                    // The socket is empty and the keeper will be busy for a while with what came. A broker
                    // that sends one message per system call would wake us for each: give it a moment.
                    if self.hold.len() > before && !self.plan.gather.is_zero() {
                        self.rest.as_mut().reset(Instant::now() + self.plan.gather);
                        self.resting = true;
                    }
                    break;
                }
            }
        }
        self.heard = true;
        Poll::Ready(Turn::Read(Ok(())))
    }

    /// Not while stopping; not while as much is unacknowledged, or held aside, as may be.
    const fn may_read(&self) -> bool {
        !self.stopping
            && self.ledger.owed() < self.plan.window
            && (!self.hold.is_parked() || (self.hold.len() < self.plan.window && self.hold.bytes() < ASIDE_BYTES))
    }

    fn take(&mut self, publish: Publish, received_at: schemas::Timestamp) {
        let qos = match publish.qos {
            QoS::AtMostOnce => Qos::AtMostOnce,
            QoS::AtLeastOnce => {
                self.ledger.owe(Ack::Once(publish.pkid));
                Qos::AtLeastOnce
            }
            QoS::ExactlyOnce => {
                self.ledger.owe(Ack::Exactly(publish.pkid));
                Qos::ExactlyOnce
            }
        };
        let bytes = publish.topic.len() + publish.payload.len();
        if bytes > self.plan.max_message {
            self.standing.refused(&publish.topic, bytes, self.plan.max_message);
            return;
        }
        self.hold.gather(Message {
            topic: ByteString::from(publish.topic),
            payload: publish.payload,
            received_at,
            // The broker does not say whether it speaks for a device that went silent.
            provenance: Provenance { qos, retain: publish.retain, dup: publish.dup, will: false },
        });
    }

    fn answer(&mut self, packet: Packet) -> Result<(), StateError> {
        match packet {
            Packet::SubAck(answer) => {
                if self.subscription.answered(&answer, self.standing) {
                    self.standing.up();
                }
                Ok(())
            }
            // Whether we remember the message or not: the broker does not repeat it any more.
            Packet::PubRel(release) => self.link.write(Packet::PubComp(PubComp::new(release.pkid))),
            // PINGRESP, and answers to what we never ask.
            _ => Ok(()),
        }
    }

    fn hand_over(&mut self) -> Result<(), KeeperGone> {
        if self.hold.is_parked() {
            return Ok(());
        }
        match (self.ledger.close(), self.hold.len()) {
            (None, 0) => Ok(()),
            (None, _) => self.hold.offer(Box::new(NoTicket)),
            // All of them were refused.
            (Some(ticket), 0) => {
                Box::new(ticket).spend();
                Ok(())
            }
            (Some(ticket), _) => self.hold.offer(Box::new(ticket)),
        }
    }

    /// Acknowledges what is kept, in the order in which it came, as far as the socket takes it.
    fn pay(&mut self) -> Result<(), End> {
        loop {
            while self.link.has_room() {
                let packet = match self.ledger.next() {
                    Due::Ack(Ack::Once(id)) => Packet::PubAck(PubAck::new(id)),
                    Due::Ack(Ack::Exactly(id)) => Packet::PubRec(PubRec::new(id)),
                    Due::Nothing => {
                        self.flush()?;
                        return Ok(());
                    }
                    Due::Lost => {
                        self.flush()?;
                        return Err(self.broken("messages were not kept; only on a new connection does the broker repeat them"));
                    }
                };
                self.send(packet)?;
            }
            if !self.flush()? {
                return Ok(());
            }
        }
    }

    fn send(&mut self, packet: Packet) -> Result<(), End> {
        self.link.write(packet).map_err(|error| self.broken(self.in_words(&error)))
    }

    fn flush(&mut self) -> Result<bool, End> {
        let flushed = self.link.flush();
        flushed.map(|done| done.is_ok()).map_err(|error| self.broken(self.in_words(&error)))
    }

    /// Twice per keep-alive: says that we are here, and asks whether the broker is.
    fn keep_alive(&mut self) -> Result<(), End> {
        // Any packet is a sign of life: an answer to a ping may be stuck behind a backlog of messages.
        // And where we do not read, silence is our own.
        if !self.heard && self.may_read() {
            return Err(self.broken(format!("nothing was heard for {:?}", self.plan.keep_alive)));
        }
        if self.stuck && !self.link.is_flushed() {
            return Err(self.broken(format!("the broker took nothing for {:?}", self.plan.keep_alive)));
        }
        self.heard = false;
        self.stuck = !self.link.is_flushed();
        if !self.steady && self.started.elapsed() >= STEADY.min(self.plan.keep_alive) {
            self.steady = true;
            self.standing.steady();
        }
        match self.subscription.tick() {
            Ok(Some(again)) => self.send(again)?,
            Ok(None) => {}
            Err(()) => return Err(self.broken("the broker does not answer a SUBSCRIBE")),
        }
        self.send(Packet::PingReq)
    }

    fn in_words(&self, error: &StateError) -> String {
        match error {
            StateError::Deserialization(mqttbytes::Error::TopicNotUtf8) => format!(
                "the broker sends a topic that is not UTF-8, which MQTT forbids, and will send it again: \
                 it must be taken out of the session {:?} at the broker",
                self.plan.client_id
            ),
            StateError::ConnectionAborted => format!(
                "the broker closed the connection (it may be stopping, or somebody else uses the client id {:?})",
                self.plan.client_id
            ),
            StateError::InvalidState => "the broker took nothing of what was written".to_owned(),
            StateError::Deserialization(mqttbytes::Error::Io(error)) | StateError::Io(error) => error.to_string(),
            other => other.to_string(),
        }
    }

    /// Says goodbye, and listens until the broker has hung up: to close a socket with unread data would
    /// take back the acknowledgements that are still under way.
    async fn part(&mut self) {
        if self.link.write(Packet::Disconnect).is_err() {
            return;
        }
        let gone = std::future::poll_fn(|cx| {
            loop {
                match self.link.poll(true, cx) {
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        });
        // Whoever does not hang up is left.
        let _ = tokio::time::timeout(PARTING, gone).await;
    }
}
