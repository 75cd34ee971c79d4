//! The keeper's end of the way in: what waits is drawn some at once and sealed where it may tell of people, in the keeper's thread,
//! before the journal sees it.
//!
//! A new subject costs a commit of the vault: here it is paid once for all who came together, and by a thread that waits for disks
//! anyway, not by one that serves sockets. Deliberately absent: what is sealed, and how.

use std::collections::VecDeque;

use schemas::Message;
use tokio::sync::mpsc;

use crate::source::Waiting;

/// Messages as they may be kept, as many as came and in their order. May block for a disk.
pub(crate) type Seal = Box<dyn Fn(Vec<Message>) -> Vec<Message> + Send>;

/// Messages drawn at once, or those of one read where it has more.
const DRAWN: usize = 4_096;

pub(crate) struct Inlet {
    reads: mpsc::Receiver<Waiting>,
    /// None: nothing is hidden.
    seal: Option<Seal>,
    drawn: VecDeque<Waiting>,
}

impl Inlet {
    pub(crate) fn new(reads: mpsc::Receiver<Waiting>, seal: Option<Seal>) -> Self {
        Self { reads, seal, drawn: VecDeque::new() }
    }

    /// The next in the order in which it came; blocks until there is one. None: every source is gone.
    pub(crate) fn wait(&mut self) -> Option<Waiting> {
        if self.drawn.is_empty() {
            let first = self.reads.blocking_recv()?;
            self.draw(first);
        }
        self.drawn.pop_front()
    }

    /// The next, if one waits already.
    pub(crate) fn poll(&mut self) -> Option<Waiting> {
        if self.drawn.is_empty() {
            let first = self.reads.try_recv().ok()?;
            self.draw(first);
        }
        self.drawn.pop_front()
    }

    fn draw(&mut self, first: Waiting) {
        let Some(seal) = &self.seal else { return self.drawn.push_back(first) };
        let mut count = first.arrivals.messages.len();
        self.drawn.push_back(first);
        while count < DRAWN
            && let Ok(next) = self.reads.try_recv()
        {
            count += next.arrivals.messages.len();
            self.drawn.push_back(next);
        }
        let counts: Vec<usize> = self.drawn.iter().map(|waiting| waiting.arrivals.messages.len()).collect();
        let open = self.drawn.iter_mut().flat_map(|waiting| std::mem::take(&mut waiting.arrivals.messages)).collect();
        let mut sealed = seal(open).into_iter();
        for (waiting, count) in self.drawn.iter_mut().zip(counts) {
            waiting.arrivals.messages = sealed.by_ref().take(count).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;
    use bytestring::ByteString;
    use schemas::{Provenance, Timestamp};

    use super::*;
    use crate::source::{Arrivals, Intake, NoTicket};

    fn message(topic: String) -> Message {
        let payload = Bytes::from_static(b"in the open");
        Message { topic: topic.into(), payload, received_at: Timestamp::MIN, provenance: Provenance::default() }
    }

    #[test]
    fn what_came_together_is_sealed_at_once_and_stays_in_its_order_by_its_own_door() {
        let (intake, reads) = Intake::new();
        for read in 0..100_u32 {
            // No door waits for the vault: it does not know it.
            let messages = (0..read % 4).map(|n| message(format!("{read}/{n}"))).collect();
            let door = intake.of(&format!("door-{}", read % 3));
            door.try_offer(Arrivals { messages, ticket: Box::new(NoTicket) }).expect("there is room");
        }
        drop(intake);
        let sealings = Arc::new(AtomicUsize::new(0));
        let seal: Seal = Box::new({
            let sealings = Arc::clone(&sealings);
            move |messages| {
                sealings.fetch_add(1, Ordering::Relaxed);
                let sealed = |m: Message| Message { topic: ByteString::from(format!("sealed/{}", m.topic)), ..m };
                messages.into_iter().map(sealed).collect()
            }
        });
        let mut inlet = Inlet::new(reads, Some(seal));
        for read in 0..100_u32 {
            let waiting = if read % 2 == 0 { inlet.wait() } else { inlet.poll() }.expect("it waits");
            let topics: Vec<String> = waiting.arrivals.messages.iter().map(|m| m.topic.to_string()).collect();
            let expected: Vec<String> = (0..read % 4).map(|n| format!("sealed/{read}/{n}")).collect();
            assert_eq!((topics, waiting.door.to_string()), (expected, format!("door-{}", read % 3)));
        }
        assert!(inlet.wait().is_none());
        assert_eq!(sealings.load(Ordering::Relaxed), 1);
    }
}
