//! Entries in the order of (stream's name, time) to blocks of about [`BLOCK`] entries.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::block::{self, BLOCK, Part};
use super::entry::{Entry, WEEK};
use super::shelf::BlockMeta;

/// A block that waits for its transaction.
#[derive(Debug)]
pub(crate) struct Sealed {
    pub(crate) meta: BlockMeta,
    pub(crate) data: Vec<u8>,
}

/// Blocks of one run in one week.
pub(crate) struct Builder {
    week: u32,
    ids: Arc<AtomicI64>,
    parts: Vec<Part>,
    entries: Vec<Entry>,
}

impl Builder {
    /// `ids` gives the id of the next block.
    pub(crate) fn new(week: u32, ids: &Arc<AtomicI64>) -> Self {
        Self { week, ids: Arc::clone(ids), parts: Vec::new(), entries: Vec::with_capacity(BLOCK) }
    }

    /// Takes the next entries of a stream.
    pub(crate) fn push(&mut self, stream: u32, mut entries: &[Entry], sealed: &mut Vec<Sealed>) {
        while !entries.is_empty() {
            let room = BLOCK - self.entries.len();
            let (now, later) = entries.split_at(entries.len().min(room));
            let start = u32::try_from(self.entries.len()).expect("a block is small");
            self.entries.extend_from_slice(now);
            let end = u32::try_from(self.entries.len()).expect("a block is small");
            match self.parts.last_mut() {
                Some(last) if last.stream == stream => last.end = end,
                _ => self.parts.push(Part { stream, start, end }),
            }
            entries = later;
            if self.entries.len() == BLOCK {
                sealed.extend(self.seal());
            }
        }
    }

    /// Makes a block of what was taken since the last; none of nothing.
    pub(crate) fn seal(&mut self) -> Option<Sealed> {
        let (first, last) = (self.parts.first()?.stream, self.parts.last()?.stream);
        let times = || self.entries.iter().map(|e| e.observed);
        let meta = BlockMeta {
            id: self.ids.fetch_add(1, Ordering::Relaxed),
            first,
            last,
            from: times().min()?,
            to: times().max()?,
            count: u32::try_from(self.entries.len()).expect("a block is small"),
        };
        let data = block::encode(i64::from(self.week) * WEEK, &self.parts, &self.entries);
        self.parts.clear();
        self.entries.clear();
        Some(Sealed { meta, data })
    }
}
