//! Entries in the order of (stream's name, time) to blocks of about [`BLOCK`] entries.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::block::{self, BLOCK};
use super::entry::{Entry, WEEK};
use super::hours;
use super::shelf::BlockMeta;

/// A block that waits for its transaction.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) meta: BlockMeta,
    pub(crate) data: Vec<u8>,
    /// What its hours come to, where that is kept.
    pub(crate) hours: Option<Vec<u8>>,
}

/// Blocks of one run in one week.
pub(crate) struct Builder {
    week: u32,
    ids: Arc<AtomicI64>,
    lengths: Vec<(u32, usize)>,
    entries: Vec<Entry>,
}

impl Builder {
    /// `ids` gives the id of the next block.
    pub(crate) fn new(week: u32, ids: &Arc<AtomicI64>) -> Self {
        Self { week, ids: Arc::clone(ids), lengths: Vec::new(), entries: Vec::new() }
    }

    /// Takes the next entries of a stream, and ends blocks where that is best.
    pub(crate) fn push(&mut self, stream: u32, mut entries: &[Entry], sealed: &mut Vec<Sealed>) {
        if self.entries.len() >= BLOCK / 2 && !self.shares(entries) {
            sealed.extend(self.seal());
        }
        while self.entries.len() + entries.len() > 2 * BLOCK {
            let (now, later) = entries.split_at(2 * BLOCK - self.entries.len());
            self.add(stream, now);
            sealed.extend(self.seal());
            entries = later;
        }
        self.add(stream, entries);
    }

    /// Takes the next entries of a stream, and ends no block.
    pub(crate) fn add(&mut self, stream: u32, entries: &[Entry]) {
        if entries.is_empty() {
            return;
        }
        self.entries.extend_from_slice(entries);
        match self.lengths.last_mut() {
            Some((last, length)) if *last == stream => *length += entries.len(),
            _ => self.lengths.push((stream, entries.len())),
        }
    }

    /// Whether the entries have the instants of the part before them.
    fn shares(&self, entries: &[Entry]) -> bool {
        self.lengths.last().is_some_and(|(_, length)| block::same_clock(&self.entries[self.entries.len() - length..], entries))
    }

    /// Makes a block of what was taken since the last; none of nothing.
    pub(crate) fn seal(&mut self) -> Option<Sealed> {
        let (first, last) = (self.lengths.first()?.0, self.lengths.last()?.0);
        let times = || self.entries.iter().map(|e| e.observed);
        let start = i64::from(self.week) * WEEK;
        let hours = hours::pack(start, &self.lengths, &self.entries);
        let meta = BlockMeta {
            id: self.ids.fetch_add(1, Ordering::Relaxed),
            first,
            last,
            from: times().min()?,
            to: times().max()?,
            count: u32::try_from(self.entries.len()).expect("a block is small"),
            hours: hours.is_some(),
        };
        let data = block::encode(start, &self.lengths, &self.entries);
        self.lengths.clear();
        self.entries.clear();
        Some(Sealed { meta, data, hours })
    }
}
