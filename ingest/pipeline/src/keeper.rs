//! The keeper: the one thread between the socket and safety. It takes all that waits, writes it as
//! one block, syncs once, and only then spends the tickets. *Group commit without a timer: what
//! arrives during one sync is committed by the next.*

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use journal::{Journal, JournalError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::doors::Doors;
use crate::inlet::Inlet;
use crate::lock;
use crate::source::Waiting;

/// Bytes that one sync commits, at most: bounds the wait of the first in the group.
const GROUP: u64 = 8 << 20;
/// How often a keeper that waits for room looks by itself.
const LOOK: Duration = Duration::from_millis(200);

/// How the keeper stands.
#[derive(Debug, Default)]
pub struct KeeperGauges {
    /// The journal is at its limit: tickets are held until a reader moves on.
    pub journal_full: AtomicBool,
    /// The disk took no more: tickets are held until it does.
    pub disk_full: AtomicBool,
    /// Messages whose tickets were spent or that needed none.
    pub kept: AtomicU64,
}

/// Rings when a cursor moved and there may be room again.
#[derive(Debug, Default)]
pub(crate) struct Room {
    moved: Mutex<bool>,
    bell: Condvar,
}

impl Room {
    pub(crate) fn ring(&self) {
        *lock(&self.moved) = true;
        self.bell.notify_all();
    }

    fn wait(&self) {
        let mut moved = lock(&self.moved);
        if !*moved {
            moved = self.bell.wait_timeout(moved, LOOK).unwrap_or_else(std::sync::PoisonError::into_inner).0;
        }
        *moved = false;
    }
}

pub(crate) struct Keeper {
    pub(crate) journal: Journal,
    pub(crate) inlet: Inlet,
    pub(crate) tail: watch::Sender<u64>,
    pub(crate) room: Arc<Room>,
    pub(crate) gauges: Arc<KeeperGauges>,
    /// Learns by which door each message came.
    pub(crate) doors: Arc<Doors>,
    /// Cancelled when waiting for room makes no sense any more.
    pub(crate) deadline: CancellationToken,
}

impl Keeper {
    /// Runs until every source is gone, or the journal cannot be trusted.
    pub(crate) fn run(mut self) -> Result<(), JournalError> {
        let mut group: Vec<Waiting> = Vec::new();
        let mut left = None;
        loop {
            let Some(first) = left.take().or_else(|| self.inlet.wait()) else {
                return Ok(());
            };
            left = self.gather(first, &mut group)?;
            if group.is_empty() {
                // Even alone it has no room: wait for the readers to pass.
                if !self.wait_for_room(left.as_ref())? {
                    return Ok(());
                }
                continue;
            }
            if !self.commit(&group)? {
                return Ok(());
            }
            for waiting in group.drain(..) {
                self.gauges.kept.fetch_add(waiting.arrivals.messages.len() as u64, Ordering::Relaxed);
                waiting.arrivals.ticket.spend();
            }
        }
    }

    /// Appends what waits, up to a group; what did not fit comes back.
    fn gather(&mut self, first: Waiting, group: &mut Vec<Waiting>) -> Result<Option<Waiting>, JournalError> {
        let mut next = Some(first);
        while let Some(waiting) = next.take() {
            if !self.journal.has_room(weight(&waiting)) {
                return Ok(Some(waiting));
            }
            append(&mut self.journal, &waiting);
            group.push(waiting);
            // A group that fills the journal would be one segment, with none behind it that could be freed.
            if (self.journal.pending_bytes() as u64) < self.journal.segment_limit().min(GROUP) {
                next = self.inlet.poll();
            }
        }
        Ok(None)
    }

    /// One write and one sync; while the disk is full, again. False: the deadline came first.
    fn commit(&mut self, group: &[Waiting]) -> Result<bool, JournalError> {
        loop {
            match self.journal.commit() {
                Ok(next) => {
                    if self.gauges.disk_full.swap(false, Ordering::Relaxed) {
                        tracing::info!("the journal's disk takes messages again");
                    }
                    // Before the readers can ask.
                    let mut first = next - group.iter().map(messages).sum::<u64>();
                    for waiting in group {
                        self.doors.note(first, &waiting.door);
                        first += messages(waiting);
                    }
                    self.tail.send_replace(next);
                    return Ok(true);
                }
                Err(error) if error.is_transient() => {
                    if !self.gauges.disk_full.swap(true, Ordering::Relaxed) {
                        tracing::error!(%error, "the journal's disk is full: nothing is acknowledged until there is room");
                    }
                    self.journal.abandon();
                    self.journal.release()?;
                    self.room.wait();
                    if self.deadline.is_cancelled() {
                        return Ok(false);
                    }
                    for waiting in group {
                        append(&mut self.journal, waiting);
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// False: the deadline came first.
    fn wait_for_room(&mut self, left: Option<&Waiting>) -> Result<bool, JournalError> {
        let needed = left.map_or(0, weight);
        loop {
            self.journal.release()?;
            if self.journal.has_room(needed) {
                if self.gauges.journal_full.swap(false, Ordering::Relaxed) {
                    tracing::info!("the journal has room again");
                }
                return Ok(true);
            }
            if !self.gauges.journal_full.swap(true, Ordering::Relaxed) {
                tracing::warn!("the journal is at its limit: nothing is acknowledged until its slowest reader moves on");
            }
            if self.deadline.is_cancelled() {
                return Ok(false);
            }
            self.room.wait();
        }
    }
}

fn messages(waiting: &Waiting) -> u64 {
    waiting.arrivals.messages.len() as u64
}

fn weight(waiting: &Waiting) -> u64 {
    waiting.arrivals.messages.iter().map(|m| m.encoded_len() as u64).sum()
}

fn append(journal: &mut Journal, waiting: &Waiting) {
    for message in &waiting.arrivals.messages {
        journal.append_with(message.encoded_len(), |out| message.encode(out));
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use bytesize::ByteSize;
    use bytestring::ByteString;
    use journal::{Cursor, RealDisk, Settings};
    use schemas::{Message, Provenance, Timestamp};

    use super::*;
    use crate::source::{Arrivals, Intake, NoTicket};

    /// One that filled the journal was one segment, with none behind it that could be freed.
    #[test]
    fn what_waits_together_and_is_more_than_the_journal_holds_is_kept_as_its_readers_pass() {
        const MESSAGES: u64 = 900;
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings { segment: ByteSize::kib(16), limit: ByteSize::kib(64), keep: ByteSize::b(0) };
        let (journal, _) = Journal::open(Arc::new(RealDisk::open(folder.path()).unwrap()), &settings).unwrap();
        let view = journal.view();
        let pass = |offset| view.set_cursor("reader", &Cursor { offset, note: Bytes::new() }).unwrap();
        pass(0);
        let (intake, reads) = Intake::new();
        for _ in 0..MESSAGES {
            let message = Message {
                topic: ByteString::from_static("a/topic"),
                payload: Bytes::from_static(&[b'x'; 100]),
                received_at: Timestamp::MIN,
                provenance: Provenance::default(),
            };
            intake.try_offer(Arrivals { messages: vec![message], ticket: Box::new(NoTicket) }).unwrap();
        }
        drop(intake);
        let (tail, seen) = watch::channel(0);
        let (room, deadline) = (Arc::new(Room::default()), CancellationToken::new());
        let gauges = Arc::<KeeperGauges>::default();
        let keeper = Keeper {
            journal,
            inlet: Inlet::new(reads, None),
            tail,
            room: Arc::clone(&room),
            gauges: Arc::clone(&gauges),
            doors: Arc::default(),
            deadline: deadline.clone(),
        };
        let keeper = std::thread::spawn(move || keeper.run());
        let began = std::time::Instant::now();
        while !keeper.is_finished() && began.elapsed() < Duration::from_secs(30) {
            pass(*seen.borrow());
            room.ring();
            std::thread::yield_now();
        }
        deadline.cancel();
        keeper.join().unwrap().unwrap();
        assert_eq!(gauges.kept.load(Ordering::Relaxed), MESSAGES);
    }
}
