//! The one writer: append to memory, commit by one write and one sync, roll, release.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::disk::{Disk, File};
use crate::error::is_full;
use crate::format::{BLOCK_HEAD, BlockHead, MAX_BLOCK, RECORD_HEAD, SEGMENT_HEAD, encode_segment_head, segment_name};
use crate::recover::{self, Recovered};
use crate::view::{Index, Segment, Shared, View, lock};
use crate::{JournalError, Offset, Settings};

/// Memory that the commit buffer keeps from one commit to the next.
const KEPT_BUFFER: usize = 8 << 20;

/// The one writer of a journal. Its operations block; it belongs on a thread of its own.
#[derive(Debug)]
pub struct Journal {
    pub(crate) shared: Arc<Shared>,
    pub(crate) segment_limit: u64,
    pub(crate) keep: u64,
    pub(crate) segment: Arc<Segment>,
    pub(crate) file: Arc<dyn File>,
    /// The block of the next commit: room for its head, then records.
    pub(crate) buffer: Vec<u8>,
    pub(crate) pending: u32,
}

/// An empty block.
pub(crate) fn empty_block() -> Vec<u8> {
    vec![0; BLOCK_HEAD]
}

/// Makes a segment that is on disk with its name before anything is written to it.
pub(crate) fn create_segment(shared: &Shared, first: Offset) -> Result<(Arc<Segment>, Arc<dyn File>), JournalError> {
    let name = segment_name(first);
    let written =
        shared.disk.create(&name).and_then(|file| file.write_at(&encode_segment_head(first, shared.salt), 0).map(|()| file));
    let file = match written {
        Ok(file) => file,
        Err(error) => {
            // Best effort: without a head it counts as not made when the journal is opened.
            let _ = shared.disk.remove(&name);
            return Err(JournalError::io("create", &name, error));
        }
    };
    file.sync_data().map_err(|error| shared.break_down(&format!("cannot sync {name}"), &error))?;
    shared.disk.sync_dir().map_err(|error| shared.break_down("cannot sync the directory", &error))?;
    Ok((Segment::new(name, first, SEGMENT_HEAD as u64), file))
}

impl Journal {
    /// Opens the journal on this disk, or makes one: checks every record, cuts a torn tail, makes
    /// durable what is left, and says what it found.
    ///
    /// # Errors
    /// Damage, with file and byte, and nothing is changed on disk; sizes that do not fit; the world's.
    pub fn open(disk: Arc<dyn Disk>, settings: &Settings) -> Result<(Self, Recovered), JournalError> {
        settings.check()?;
        recover::open(disk, settings)
    }

    /// Appends a record to the next commit and says what its offset will be. `write` appends the
    /// body to the buffer that it is given and touches nothing else of it; `length` is how many
    /// bytes to expect, and need not be exact. No disk operation.
    pub fn append_with(&mut self, length: usize, write: impl FnOnce(&mut Vec<u8>)) -> Offset {
        self.buffer.reserve(RECORD_HEAD + length);
        let offset = self.shared.next.load(Ordering::Relaxed) + u64::from(self.pending);
        let head = self.buffer.len();
        self.buffer.extend_from_slice(&[0; RECORD_HEAD]);
        write(&mut self.buffer);
        let (before, body) = self.buffer.split_at_mut(head + RECORD_HEAD);
        // A body that does not fit 32 bits makes a block that commit refuses.
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        before[head..].copy_from_slice(&self.shared.salt.record_head(offset, length, body));
        self.pending += 1;
        offset
    }

    /// Appends a record to the next commit and says what its offset will be. No disk operation.
    pub fn append(&mut self, record: &[u8]) -> Offset {
        self.append_with(record.len(), |out| out.extend_from_slice(record))
    }

    /// Bytes that the next commit will write.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        if self.pending == 0 { 0 } else { self.buffer.len() }
    }

    /// Whether records of so many bytes can still be appended within the limit. The limit is kept by
    /// asking: [`Journal::commit`] writes what was appended, and the heads of records (8 bytes each)
    /// are counted once they are appended.
    #[must_use]
    pub fn has_room(&self, bytes: u64) -> bool {
        let taken = self.shared.bytes.load(Ordering::Relaxed) + self.buffer.len() as u64;
        taken.saturating_add(bytes).saturating_add((RECORD_HEAD + SEGMENT_HEAD) as u64) <= self.shared.limit
    }

    /// Bytes from which on a segment is followed by another. A commit is never split: one that is larger stands in a
    /// segment of its own, and that is freed only when another follows it.
    #[must_use]
    pub fn segment_limit(&self) -> u64 {
        self.segment_limit
    }

    /// Makes all that was appended durable, by one write and one sync, and shows it to readers.
    /// Gives the offset after the last record. Without anything appended it does nothing. Begins
    /// a new segment when this commit does not fit the present one (three more syncs).
    ///
    /// # Errors
    /// [`JournalError::Full`]: nothing is committed, what was appended is still there, and this can
    /// be called again. [`JournalError::Broken`]: whether it is on disk is not known, and the journal
    /// takes nothing any more. [`JournalError::TooLarge`]: only [`Journal::abandon`] helps.
    pub fn commit(&mut self) -> Result<Offset, JournalError> {
        self.shared.check_trust()?;
        let first = self.shared.next.load(Ordering::Relaxed);
        if self.pending == 0 {
            return Ok(first);
        }
        if self.buffer.len() > MAX_BLOCK {
            return Err(JournalError::TooLarge { bytes: self.buffer.len() as u64, limit: MAX_BLOCK as u64 });
        }
        let written = self.buffer.len() as u64;
        let at = self.segment.committed();
        if at > SEGMENT_HEAD as u64 && at + written > self.segment_limit {
            self.roll(first)?;
        }
        let length = u32::try_from(self.buffer.len() - BLOCK_HEAD).expect("MAX_BLOCK fits 32 bits");
        let head = BlockHead { first, length, count: self.pending };
        self.buffer[..BLOCK_HEAD].copy_from_slice(&head.encode(self.shared.salt));
        let at = self.segment.committed();
        self.file.write_at(&self.buffer, at).map_err(|error| self.undo(at, error))?;
        self.file.sync_data().map_err(|error| self.shared.break_down(&format!("cannot sync {}", self.segment.name), &error))?;

        let next = first + u64::from(self.pending);
        self.shared.syncs.fetch_add(1, Ordering::Relaxed);
        self.shared.bytes.fetch_add(written, Ordering::Relaxed);
        self.segment.committed.store(at + written, Ordering::Release);
        self.shared.next.store(next, Ordering::Release);
        self.abandon();
        Ok(next)
    }

    /// Forgets what was appended since the last commit. Their offsets are given again.
    pub fn abandon(&mut self) {
        self.pending = 0;
        self.buffer.truncate(BLOCK_HEAD);
        // One large commit must not hold its memory for ever.
        self.buffer.shrink_to(KEPT_BUFFER);
    }

    /// Takes a half-written block away, so that it is not taken for a torn tail.
    fn undo(&self, at: u64, error: io::Error) -> JournalError {
        let name = &self.segment.name;
        if !is_full(&error) {
            return self.shared.break_down(&format!("cannot write {name}"), &error);
        }
        // Synced too, for the next commit may begin a new segment, and only the last may have a torn tail.
        match self.file.truncate(at).and_then(|()| self.file.sync_data()) {
            Ok(()) => JournalError::Full { file: name.clone(), source: error },
            Err(again) => self.shared.break_down(&format!("cannot take back a block half written to {name}"), &again),
        }
    }

    fn roll(&mut self, first: Offset) -> Result<(), JournalError> {
        let (segment, file) = create_segment(&self.shared, first)?;
        self.shared.bytes.fetch_add(SEGMENT_HEAD as u64, Ordering::Relaxed);
        lock(&self.shared.index).segments.push_back(Arc::clone(&segment));
        (self.segment, self.file) = (segment, file);
        Ok(())
    }

    /// Removes the oldest segments that every cursor has passed, as long as `keep` bytes stay behind
    /// the slowest one. Says how many bytes it freed. Without any cursor nothing was read, and nothing
    /// is removed.
    ///
    /// # Errors
    /// The world's; a failed sync.
    pub fn release(&mut self) -> Result<u64, JournalError> {
        self.shared.check_trust()?;
        let mut freed = 0;
        // Oldest first, and each removal durable before the next: after a crash there is no gap.
        loop {
            let passed = pop_passed(&mut lock(&self.shared.index), self.keep);
            let Some(segment) = passed else {
                return Ok(freed);
            };
            if let Err(error) = self.shared.disk.remove(&segment.name) {
                let failed = JournalError::io("remove", &segment.name, error);
                lock(&self.shared.index).segments.push_front(segment);
                return Err(failed);
            }
            let bytes = segment.committed();
            self.shared.bytes.fetch_sub(bytes, Ordering::Relaxed);
            freed += bytes;
            self.shared.disk.sync_dir().map_err(|error| self.shared.break_down("cannot sync the directory", &error))?;
        }
    }

    /// What readers and gauges use.
    #[must_use]
    pub fn view(&self) -> View {
        View { shared: Arc::clone(&self.shared) }
    }
}

/// Takes the oldest segment out of the index if all cursors have passed it and enough stays.
fn pop_passed(index: &mut Index, keep: u64) -> Option<Arc<Segment>> {
    let slowest = index.cursors.values().map(|held| held.floor).min()?;
    let passed = |at: usize| index.segments.get(at + 1).is_some_and(|after| after.first <= slowest);
    let behind: u64 = (0..index.segments.len()).take_while(|at| passed(*at)).map(|at| index.segments[at].committed()).sum();
    let oldest = index.segments.front().filter(|_| passed(0))?.committed();
    if behind - oldest < keep {
        return None;
    }
    index.segments.pop_front()
}
