//! What may be acknowledged on one connection, in the order in which it came (MQTT 3.1.1, 4.6.0-2).
//!
//! A ledger lives exactly as long as its connection. A ticket holds only the mark that its batch will
//! be looked up by: when the connection is gone, so is the ledger, and spending the ticket changes
//! nothing anywhere. That no acknowledgement can reach another session needs no check at run time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

use crate::source::Ticket;

/// Rung by the keeper's thread when a ticket has met its fate.
#[derive(Debug, Default)]
pub(super) struct Bell {
    rung: AtomicBool,
    waker: AtomicWaker,
}

impl Bell {
    fn ring(&self) {
        self.rung.store(true, Ordering::Release);
        self.waker.wake();
    }

    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<()> {
        self.waker.register(cx.waker());
        if self.rung.swap(false, Ordering::AcqRel) { Poll::Ready(()) } else { Poll::Pending }
    }
}

const WAITING: u8 = 0;
const KEPT: u8 = 1;
const DROPPED: u8 = 2;

#[derive(Debug)]
struct Mark {
    fate: AtomicU8,
    bell: Arc<Bell>,
}

/// The right to acknowledge one batch.
#[derive(Debug)]
pub(super) struct BatchTicket(Arc<Mark>);

impl Ticket for BatchTicket {
    fn spend(self: Box<Self>) {
        self.0.fate.store(KEPT, Ordering::Release);
        // Dropped here, which rings.
    }
}

impl Drop for BatchTicket {
    fn drop(&mut self) {
        let _ = self.0.fate.compare_exchange(WAITING, DROPPED, Ordering::AcqRel, Ordering::Acquire);
        self.0.bell.ring();
    }
}

/// One acknowledgement that we owe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ack {
    /// PUBACK.
    Once(u16),
    /// PUBREC: the broker sends with QoS 2, by a subscription that an earlier client of this name made.
    Exactly(u16),
}

impl Ack {
    const fn id(self) -> u16 {
        match self {
            Self::Once(id) | Self::Exactly(id) => id,
        }
    }
}

/// What may be written next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// This acknowledgement.
    Ack(Ack),
    /// Nothing: the oldest batch is not kept yet, or there is none.
    Nothing,
    /// Nothing more on this connection: the oldest batch was dropped, and what came later must not
    /// overtake it.
    Lost,
}

#[derive(Debug)]
struct Batch {
    acks: std::vec::IntoIter<Ack>,
    mark: Arc<Mark>,
}

/// The batches whose acknowledgement is owed, oldest first.
#[derive(Debug)]
pub(super) struct Ledger {
    batches: VecDeque<Batch>,
    /// Received and not acknowledged, over `gathered` and `batches`.
    owed: usize,
    /// Received since the last batch was closed.
    gathered: Vec<Ack>,
    ids: Ids,
    bell: Arc<Bell>,
}

impl Ledger {
    pub(super) fn new(bell: Arc<Bell>) -> Self {
        Self { batches: VecDeque::new(), owed: 0, gathered: Vec::new(), ids: Ids::default(), bell }
    }

    /// Notes what a message will ask for. A broker that repeats a message on the same connection gets
    /// one acknowledgement, not two: by the time of the second, the id may name another message.
    pub(super) fn owe(&mut self, ack: Ack) {
        if self.ids.insert(ack.id()) {
            self.gathered.push(ack);
            self.owed += 1;
        }
    }

    /// Closes a batch: the ticket acknowledges all that was owed since the last one. `None`: nothing.
    pub(super) fn close(&mut self) -> Option<BatchTicket> {
        if self.gathered.is_empty() {
            return None;
        }
        let mark = Arc::new(Mark { fate: AtomicU8::new(WAITING), bell: Arc::clone(&self.bell) });
        let next = Vec::with_capacity(self.gathered.len());
        let acks = std::mem::replace(&mut self.gathered, next).into_iter();
        self.batches.push_back(Batch { acks, mark: Arc::clone(&mark) });
        Some(BatchTicket(mark))
    }

    /// The next acknowledgement that may be written, in the order in which the messages came.
    pub(super) fn next(&mut self) -> Due {
        while let Some(oldest) = self.batches.front_mut() {
            match oldest.mark.fate.load(Ordering::Acquire) {
                KEPT => {}
                DROPPED => return Due::Lost,
                _ => return Due::Nothing,
            }
            if let Some(ack) = oldest.acks.next() {
                self.ids.remove(ack.id());
                self.owed -= 1;
                return Due::Ack(ack);
            }
            self.batches.pop_front();
        }
        Due::Nothing
    }

    /// Messages received on this connection and not acknowledged.
    pub(super) const fn owed(&self) -> usize {
        self.owed
    }

    /// Whether no ticket of this connection is outstanding.
    pub(super) fn is_settled(&self) -> bool {
        self.batches.is_empty()
    }
}

/// Packet identifiers in use: one bit each, 8 KiB.
#[derive(Debug)]
struct Ids(Box<[u64; 1024]>);

impl Default for Ids {
    fn default() -> Self {
        Self(Box::new([0; 1024]))
    }
}

impl Ids {
    fn word(&mut self, id: u16) -> (&mut u64, u64) {
        (&mut self.0[usize::from(id >> 6)], 1 << (id & 63))
    }

    /// Whether it was not in use.
    fn insert(&mut self, id: u16) -> bool {
        let (word, bit) = self.word(id);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }

    fn remove(&mut self, id: u16) {
        let (word, bit) = self.word(id);
        *word &= !bit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(ledger: &mut Ledger) -> Vec<u16> {
        std::iter::from_fn(|| match ledger.next() {
            Due::Ack(ack) => Some(ack.id()),
            Due::Nothing | Due::Lost => None,
        })
        .collect()
    }

    proptest! {
        #[test]
        fn acknowledgements_come_in_the_order_of_receipt_whatever_the_order_of_spending(
            sizes in proptest::collection::vec(1..5u16, 1..12), order: u64,
        ) {
            let mut ledger = Ledger::new(Arc::default());
            let mut tickets = Vec::new();
            let mut id = 0;
            for size in sizes {
                for _ in 0..size {
                    id += 1;
                    ledger.owe(Ack::Once(id));
                }
                tickets.push(Box::new(ledger.close().unwrap()));
            }
            let mut written = Vec::new();
            let mut order = order;
            while !tickets.is_empty() {
                let at = usize::try_from(order % tickets.len() as u64).unwrap();
                order = order.rotate_left(7).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                tickets.swap_remove(at).spend();
                written.extend(all(&mut ledger));
            }
            prop_assert_eq!(written, (1..=id).collect::<Vec<_>>());
            prop_assert_eq!(ledger.owed(), 0);
            prop_assert!(ledger.is_settled());
        }
    }

    #[test]
    fn nothing_overtakes_a_batch_that_was_dropped() {
        let mut ledger = Ledger::new(Arc::default());
        ledger.owe(Ack::Once(1));
        let first = ledger.close().unwrap();
        ledger.owe(Ack::Once(2));
        let second = ledger.close().unwrap();
        Box::new(second).spend();
        assert_eq!(ledger.next(), Due::Nothing);
        drop(first);
        assert_eq!(ledger.next(), Due::Lost);
        assert_eq!(ledger.owed(), 2);
    }

    #[test]
    fn a_message_repeated_on_the_same_connection_is_acknowledged_once() {
        let mut ledger = Ledger::new(Arc::default());
        ledger.owe(Ack::Once(5));
        ledger.owe(Ack::Once(5));
        Box::new(ledger.close().unwrap()).spend();
        assert_eq!(all(&mut ledger), [5]);
        ledger.owe(Ack::Once(5));
        Box::new(ledger.close().unwrap()).spend();
        assert_eq!(all(&mut ledger), [5], "once acknowledged, the id is free for another message");
    }
}
