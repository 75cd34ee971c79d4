//! The way back: from whoever spends a [`Ticket`], on any thread, to the connection by which its messages
//! came.
//!
//! Acknowledgements leave in the order in which the messages came (MQTT-4.6.0-2, -3), so tickets spent out of
//! order wait here for the earlier ones. What waits is bounded by the window of the connection.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::BytesMut;

/// The right to acknowledge the publishes of one read, on the connection by which they came.
///
/// Dropped means not acknowledged: the connection then acknowledges what else is spent, and ends, because a
/// client repeats a message only after it has connected again. (Publishes of QoS 0 need no acknowledgement;
/// dropping a ticket of only such publishes does nothing.)
pub struct Ticket {
    right: Option<Right>,
}

struct Right {
    link: Arc<Link>,
    sequence: u64,
    acks: Vec<u8>,
    messages: u32,
}

impl Ticket {
    /// For publishes that nobody waits for.
    pub(crate) fn nothing() -> Self {
        Self { right: None }
    }

    /// `sequence` counts the tickets of one link from 0 without gaps; `acks` are whole packets that
    /// acknowledge `messages` messages of the window.
    pub(crate) fn new(link: Arc<Link>, sequence: u64, acks: Vec<u8>, messages: u32) -> Self {
        Self { right: Some(Right { link, sequence, acks, messages }) }
    }

    /// Queues the acknowledgements and wakes the connection. It never blocks for longer than a short lock,
    /// and does nothing if the connection is gone.
    pub fn spend(mut self) {
        if let Some(Right { link, sequence, acks, messages }) = self.right.take() {
            link.settle(sequence, Some(acks), messages);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if let Some(right) = self.right.take() {
            right.link.settle(right.sequence, None, right.messages);
        }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("messages", &self.right.as_ref().map_or(0, |r| r.messages)).finish_non_exhaustive()
    }
}

/// What tickets and other connections leave for one connection.
#[derive(Debug, Default)]
pub(crate) struct Link {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The connection is over: nothing is kept for it any more.
    closed: bool,
    /// The first ticket that is not settled.
    next: u64,
    /// Settled out of order; dropped ones without acknowledgements.
    early: BTreeMap<u64, (Option<Vec<u8>>, u32)>,
    ready: Vec<u8>,
    freed: u32,
    dropped: bool,
    taken_over: bool,
    dismissed: bool,
    /// Something changed since the last [`Link::collect`].
    news: bool,
    waker: Option<Waker>,
}

/// What [`Link::collect`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// Tickets settled in order, since the beginning.
    pub(crate) settled: u64,
    /// Messages that left the window since the last time.
    pub(crate) freed: u32,
    /// A ticket was dropped.
    pub(crate) dropped: bool,
    /// Another connection has this client identifier now.
    pub(crate) taken_over: bool,
    /// Its credential holds no more.
    pub(crate) dismissed: bool,
}

impl State {
    fn apply(&mut self, acks: Option<Vec<u8>>, messages: u32) {
        self.next += 1;
        self.freed += messages;
        match acks {
            Some(acks) if self.ready.is_empty() => self.ready = acks,
            Some(acks) => self.ready.extend_from_slice(&acks),
            None => self.dropped = true,
        }
    }

    fn announce(&mut self) -> Option<Waker> {
        self.news = true;
        self.waker.take()
    }
}

impl Link {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing inside panics between two writes; a poisoned lock would only mean that a waker did.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn settle(&self, sequence: u64, acks: Option<Vec<u8>>, messages: u32) {
        let mut state = self.lock();
        if state.closed {
            return;
        }
        if sequence != state.next {
            state.early.insert(sequence, (acks, messages));
            return;
        }
        state.apply(acks, messages);
        while let Some(entry) = state.early.first_entry() {
            if *entry.key() != state.next {
                break;
            }
            let (acks, messages) = state.early.pop_first().expect("just seen").1;
            state.apply(acks, messages);
        }
        let waker = state.announce();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Tells the connection that another one has its client identifier.
    pub(crate) fn take_over(&self) {
        self.tell(|state| state.taken_over = true);
    }

    /// Tells the connection that it has to go.
    pub(crate) fn dismiss(&self) {
        self.tell(|state| state.dismissed = true);
    }

    fn tell(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let waker = state.announce();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Moves what may be written to `out`.
    pub(crate) fn collect(&self, out: &mut BytesMut) -> News {
        let mut state = self.lock();
        state.news = false;
        if !state.ready.is_empty() {
            out.extend_from_slice(&state.ready);
            state.ready = Vec::new();
        }
        let freed = std::mem::take(&mut state.freed);
        News { settled: state.next, freed, dropped: state.dropped, taken_over: state.taken_over, dismissed: state.dismissed }
    }

    /// Ready when there is something to [`Link::collect`].
    pub(crate) fn poll_news(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.news {
            return Poll::Ready(());
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// The connection is over: what is spent from now on is forgotten.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        *state = State { closed: true, ..State::default() };
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ticket(link: &Arc<Link>, n: u8) -> Ticket {
        Ticket::new(Arc::clone(link), u64::from(n), vec![n], 1)
    }

    proptest! {
        #[test]
        fn tickets_spent_in_any_order_acknowledge_in_the_order_of_arrival(
            order in Just((0..20_u8).collect::<Vec<_>>()).prop_shuffle()
        ) {
            let link = Arc::new(Link::default());
            let mut tickets: Vec<_> = (0..20).map(|n| Some(ticket(&link, n))).collect();
            let mut out = BytesMut::new();
            for n in order {
                tickets[usize::from(n)].take().unwrap().spend();
                link.collect(&mut out);
            }
            prop_assert_eq!(&out[..], &(0..20).collect::<Vec<u8>>()[..]);
        }
    }

    #[test]
    fn a_dropped_ticket_is_never_acknowledged_and_is_reported() {
        let link = Arc::new(Link::default());
        let (first, second, third) = (ticket(&link, 0), ticket(&link, 1), ticket(&link, 2));
        let mut out = BytesMut::new();
        third.spend();
        drop(second);
        assert_eq!(link.collect(&mut out), News::default(), "the first is still out");
        first.spend();
        let news = link.collect(&mut out);
        assert_eq!(news, News { settled: 3, freed: 3, dropped: true, ..News::default() });
        assert_eq!(&out[..], &[0, 2]);
    }

    #[test]
    fn a_ticket_of_a_connection_that_is_gone_is_spent_for_nothing() {
        let link = Arc::new(Link::default());
        let late = ticket(&link, 0);
        link.close();
        late.spend();
        let mut out = BytesMut::new();
        assert_eq!(link.collect(&mut out), News::default());
        assert!(out.is_empty());
    }
}
