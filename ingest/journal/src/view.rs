//! What readers and gauges see of the journal, from any thread.
//!
//! Deliberately absent: waiting for new records. Whoever commits tells.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::cursor::{self, Cursor};
use crate::disk::Disk;
use crate::format::Salt;
use crate::{JournalError, Offset, Reader};

/// A file of records.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) name: String,
    pub(crate) first: Offset,
    /// Bytes that are committed. Readers go no further.
    pub(crate) committed: AtomicU64,
}

impl Segment {
    pub(crate) fn new(name: String, first: Offset, committed: u64) -> Arc<Self> {
        Arc::new(Self { name, first, committed: AtomicU64::new(committed) })
    }

    pub(crate) fn committed(&self) -> u64 {
        self.committed.load(Ordering::Acquire)
    }
}

/// A cursor as it is known to be on disk.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) cursor: Cursor,
    /// Where it may stand if power fails now: the lower of old and new while it is being replaced.
    pub(crate) floor: Offset,
}

/// What changes when segments come and go. Locked for moments, never over a disk operation.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Oldest first, without gaps; the last is being written. Never empty.
    pub(crate) segments: VecDeque<Arc<Segment>>,
    pub(crate) cursors: BTreeMap<String, Held>,
}

impl Index {
    pub(crate) fn first(&self) -> Offset {
        self.segments.front().map_or(0, |segment| segment.first)
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) salt: Salt,
    pub(crate) limit: u64,
    pub(crate) next: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) syncs: AtomicU64,
    /// Why the disk cannot be trusted any more.
    pub(crate) broken: OnceLock<String>,
    pub(crate) index: Mutex<Index>,
    /// Held while a cursor's file is replaced: two would share the temporary name.
    pub(crate) replacing: Mutex<()>,
}

/// A panic elsewhere leaves nothing half done under these locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Notes that a sync failed, for good.
    pub(crate) fn break_down(&self, what: &str, source: &std::io::Error) -> JournalError {
        JournalError::Broken(self.broken.get_or_init(|| format!("{what}: {source}")).clone())
    }

    /// # Errors
    /// A sync failed before.
    pub(crate) fn check_trust(&self) -> Result<(), JournalError> {
        self.broken.get().map_or(Ok(()), |why| Err(JournalError::Broken(why.clone())))
    }

    pub(crate) fn out_of_range(&self, offset: Offset) -> JournalError {
        let first = lock(&self.index).first();
        JournalError::OutOfRange { offset, first, next: self.next.load(Ordering::Acquire) }
    }
}

/// A way to read the journal and to keep cursors in it; cheap to clone, used from any thread. It
/// goes on working when the [`crate::Journal`] is dropped.
#[derive(Clone, Debug)]
pub struct View {
    pub(crate) shared: Arc<Shared>,
}

impl View {
    /// The oldest record that is there; equal to [`View::next`] when there is none.
    #[must_use]
    pub fn first(&self) -> Offset {
        lock(&self.shared.index).first()
    }

    /// One past the newest committed record.
    #[must_use]
    pub fn next(&self) -> Offset {
        self.shared.next.load(Ordering::Acquire)
    }

    /// The first record of each segment, in order: whoever looks for a record by something else than its offset begins there.
    #[must_use]
    pub fn segments(&self) -> Vec<Offset> {
        lock(&self.shared.index).segments.iter().map(|segment| segment.first).collect()
    }

    /// Bytes that the segments have on disk.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// Bytes beyond which the journal has no room.
    #[must_use]
    pub fn limit(&self) -> u64 {
        self.shared.limit
    }

    /// Commits since the journal was opened: one `fdatasync` each.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.shared.syncs.load(Ordering::Relaxed)
    }

    /// Why the disk cannot be trusted, if it cannot.
    #[must_use]
    pub fn broken(&self) -> Option<&str> {
        self.shared.broken.get().map(String::as_str)
    }

    /// Reads from this record on; from [`View::next`] it waits for what comes.
    ///
    /// # Errors
    /// [`JournalError::OutOfRange`]; damage on the way there; the world's.
    pub fn reader(&self, from: Offset) -> Result<Reader, JournalError> {
        Reader::open(&self.shared, from)
    }

    /// The cursor of this name, as it is on disk.
    ///
    /// # Errors
    /// The name cannot be a cursor's.
    pub fn cursor(&self, name: &str) -> Result<Option<Cursor>, JournalError> {
        cursor::check_name(name)?;
        Ok(lock(&self.shared.index).cursors.get(name).map(|held| held.cursor.clone()))
    }

    /// All cursors, by name.
    #[must_use]
    pub fn cursors(&self) -> Vec<(String, Cursor)> {
        lock(&self.shared.index).cursors.iter().map(|(name, held)| (name.clone(), held.cursor.clone())).collect()
    }

    /// Replaces a cursor, offset and note at once, or makes it. When this returns, the new one is on
    /// disk; after a crash before, it is the old one or the new one. Blocks for two syncs. It may
    /// move back, to read again. As long as a cursor exists, nothing from it on is released.
    ///
    /// # Errors
    /// [`JournalError::OutOfRange`] for a place that is not in the journal;
    /// [`JournalError::Cursor`] for a name that is not 1 to 64 of `a-z0-9_-`, or a note larger than
    /// [`crate::MAX_NOTE`]; [`JournalError::Full`], and the old cursor stands; a failed sync.
    pub fn set_cursor(&self, name: &str, cursor: &Cursor) -> Result<(), JournalError> {
        cursor::set(&self.shared, name, cursor)
    }

    /// Takes a cursor away, so that it holds nothing back any more. False: there was none.
    ///
    /// # Errors
    /// As [`View::set_cursor`].
    pub fn remove_cursor(&self, name: &str) -> Result<bool, JournalError> {
        cursor::remove(&self.shared, name)
    }
}
