//! Messages on their way to the keeper: gathered, offered, and held aside while there is no room.

use std::task::{Context, Poll, ready};

use ports::BoxFuture;
use schemas::{Message, Qos};

use super::standing::Standing;
use crate::source::{Arrivals, Intake, KeeperGone, NotTaken, Ticket};

pub(super) struct Hold<'a> {
    intake: Intake,
    standing: &'a Standing,
    gathered: Vec<Message>,
    bytes: usize,
    /// One batch that waits for room, and how many messages it has. It keeps its place in the queue of
    /// all sources, and the connection is polled beside it.
    parked: Option<(u64, BoxFuture<'static, Result<(), KeeperGone>>)>,
}

impl<'a> Hold<'a> {
    pub(super) const fn new(intake: Intake, standing: &'a Standing) -> Self {
        Self { intake, standing, gathered: Vec::new(), bytes: 0, parked: None }
    }

    pub(super) fn gather(&mut self, message: Message) {
        self.bytes += message.encoded_len();
        self.gathered.push(message);
    }

    /// Messages gathered, not offered.
    pub(super) const fn len(&self) -> usize {
        self.gathered.len()
    }

    /// Their bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) const fn is_parked(&self) -> bool {
        self.parked.is_some()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.gathered.is_empty() && self.parked.is_none()
    }

    /// Offers what is gathered; parks it where there is no room. Only when nothing is parked.
    pub(super) fn offer(&mut self, ticket: Box<dyn Ticket>) -> Result<(), KeeperGone> {
        debug_assert!(self.parked.is_none(), "one batch is parked at most");
        let next = Vec::with_capacity(self.gathered.len());
        let messages = std::mem::replace(&mut self.gathered, next);
        self.bytes = 0;
        let count = messages.len() as u64;
        match self.intake.try_offer(Arrivals { messages, ticket }) {
            Ok(()) => self.standing.received(count),
            Err(NotTaken::Gone) => return Err(KeeperGone),
            Err(NotTaken::Full(arrivals)) => {
                let intake = self.intake.clone();
                self.parked = Some((count, Box::pin(async move { intake.offer(arrivals).await })));
            }
        }
        Ok(())
    }

    /// Ready when the parked batch is taken, or the keeper is gone. Pending where none is parked.
    pub(super) fn poll_parked(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), KeeperGone>> {
        let Some((count, parked)) = &mut self.parked else {
            return Poll::Pending;
        };
        let taken = ready!(parked.as_mut().poll(cx));
        if taken.is_ok() {
            self.standing.received(*count);
        }
        self.parked = None;
        Poll::Ready(taken)
    }

    /// The broker has kept the session and will repeat what it sent with QoS 1 and 2: what of it still
    /// lies here need not be kept twice. What came with QoS 0 is nowhere else.
    pub(super) fn forget_what_will_be_repeated(&mut self) {
        self.gathered.retain(|message| message.provenance.qos == Qos::AtMostOnce);
        self.bytes = self.gathered.iter().map(Message::encoded_len).sum();
    }
}
