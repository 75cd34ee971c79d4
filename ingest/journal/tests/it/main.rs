//! The journal as its users see it, on disks that stop, tear, fill up, fail and lie.

mod crash;
mod faults;
mod files;
mod model;
mod reading;

use std::sync::Arc;

use bytes::Bytes;
use bytesize::ByteSize;
use journal::testing::FaultyDisk;
use journal::{Cursor, Disk, Journal, JournalError, Kind, Recovered, Settings, View};

/// Sizes in bytes, small enough that a few commits roll.
pub(crate) fn settings(segment: u64, limit: u64, keep: u64) -> Settings {
    Settings { segment: ByteSize::b(segment), limit: ByteSize::b(limit), keep: ByteSize::b(keep) }
}

pub(crate) fn small() -> Settings {
    settings(512, 1 << 20, 0)
}

pub(crate) fn open(disk: &FaultyDisk) -> Result<(Journal, Recovered), JournalError> {
    Journal::open(Arc::new(disk.clone()), &small())
}

/// All records from the oldest on.
pub(crate) fn read_all(view: &View) -> Vec<Bytes> {
    let mut reader = view.reader(view.first()).expect("the oldest record is there");
    let mut all = Vec::new();
    while let Some(batch) = reader.next(7, 300).expect("committed records are whole") {
        assert_eq!(batch.first, view.first() + all.len() as u64, "offsets are in a row");
        assert_eq!(batch.next(), reader.offset());
        all.extend(batch.records);
    }
    assert_eq!(view.first() + all.len() as u64, view.next());
    all
}

/// The `n`th record of a test: none is like another, some are empty but for their number.
pub(crate) fn record(n: u64, length: usize) -> Vec<u8> {
    let mut bytes = n.to_le_bytes().to_vec();
    bytes.extend((0..length as u64).map(|i| (n.wrapping_mul(31).wrapping_add(i * 7) % 251) as u8));
    bytes
}

pub(crate) const READER: &str = "historian";

/// A journal on a faulty disk, beside what it has promised so far.
pub(crate) struct World {
    pub(crate) disk: FaultyDisk,
    pub(crate) journal: Journal,
    /// Every record whose commit succeeded, from the first ever.
    pub(crate) kept: Vec<Vec<u8>>,
    pub(crate) pending: Vec<Vec<u8>>,
    pub(crate) cursor: Option<Cursor>,
    pub(crate) released: u64,
    made: u64,
}

/// What was under way when the disk failed.
#[derive(Debug, Default)]
pub(crate) struct UnderWay {
    pub(crate) commit: bool,
    pub(crate) cursor: Option<Cursor>,
}

impl World {
    pub(crate) fn new() -> Self {
        let disk = FaultyDisk::new();
        let (journal, _) = open(&disk).expect("an empty disk takes a journal");
        Self { disk, journal, kept: Vec::new(), pending: Vec::new(), cursor: None, released: 0, made: 0 }
    }

    pub(crate) fn append(&mut self, length: usize) {
        let bytes = record(self.made, length);
        self.made += 1;
        let offset = self.journal.append(&bytes);
        assert_eq!(offset, (self.kept.len() + self.pending.len()) as u64);
        self.pending.push(bytes);
    }

    /// Error: the disk failed. A full disk is none.
    pub(crate) fn commit(&mut self) -> Result<(), UnderWay> {
        match self.journal.commit() {
            Ok(next) => {
                self.kept.append(&mut self.pending);
                assert_eq!(next, self.kept.len() as u64);
                Ok(())
            }
            Err(error) if error.kind() == Kind::Full => Ok(()),
            Err(_) => Err(UnderWay { commit: true, cursor: None }),
        }
    }

    pub(crate) fn abandon(&mut self) {
        self.journal.abandon();
        self.pending.clear();
        assert_eq!(self.journal.pending_bytes(), 0);
    }

    /// The cursor moves to a place between the oldest record (0) and the end (255).
    pub(crate) fn set_cursor(&mut self, place: u8) -> Result<(), UnderWay> {
        let view = self.journal.view();
        let offset = view.first() + (view.next() - view.first()) * u64::from(place) / 255;
        let cursor = Cursor { offset, note: Bytes::from(record(offset, usize::from(place))) };
        match view.set_cursor(READER, &cursor) {
            Ok(()) => {
                self.cursor = Some(cursor);
                Ok(())
            }
            Err(error) if error.kind() == Kind::Full => Ok(()),
            Err(_) => Err(UnderWay { commit: false, cursor: Some(cursor) }),
        }
    }

    pub(crate) fn release(&mut self) -> Result<(), UnderWay> {
        let released = self.journal.release();
        let first = self.journal.view().first();
        let slowest = self.cursor.as_ref().map_or(0, |cursor| cursor.offset);
        assert!(first <= slowest, "released up to {first}, past the slowest cursor at {slowest}");
        released.map_err(|_| UnderWay::default())?;
        self.released = first;
        Ok(())
    }

    /// Power fails, comes back, and the journal is opened: all that was promised is there.
    pub(crate) fn crash(&mut self, seed: u64, under_way: &UnderWay) -> Recovered {
        self.disk.crash(seed);
        self.reopen(under_way)
    }

    pub(crate) fn reopen(&mut self, under_way: &UnderWay) -> Recovered {
        let opened = open(&self.disk).or_else(|error| {
            // It stopped once more while the journal was opened, or it is full: neither does harm.
            if self.disk.is_stopped() {
                self.disk.crash(self.made);
            } else {
                assert_eq!(error.kind(), Kind::Full, "{error}");
            }
            self.disk.set_room(None);
            open(&self.disk)
        });
        let (journal, recovered) = opened.expect("a crash damages nothing");
        self.journal = journal;
        let view = self.journal.view();
        assert_eq!((recovered.first, recovered.next, recovered.bytes), (view.first(), view.next(), view.bytes()));
        if under_way.commit && view.next() > self.kept.len() as u64 {
            // All of the interrupted commit, for a part of it is never whole.
            self.kept.append(&mut self.pending);
        }
        self.pending.clear();
        assert_eq!(view.next(), self.kept.len() as u64, "nothing kept is lost and nothing is invented");
        assert!(view.first() >= self.released, "what was released stays so");
        self.released = view.first();
        let first = usize::try_from(view.first()).expect("a test's journal is small");
        assert_eq!(read_all(&view), self.kept[first..]);
        let cursor = view.cursor(READER).expect("a good name");
        if under_way.cursor.is_some() && cursor == under_way.cursor {
            self.cursor = cursor;
        } else {
            assert_eq!(cursor, self.cursor, "the cursor is the old one or the new one");
        }
        let leftover = self.disk.list().expect("it lists").into_iter().find(|name| name.ends_with(".new"));
        assert_eq!(leftover, None);
        recovered
    }
}
