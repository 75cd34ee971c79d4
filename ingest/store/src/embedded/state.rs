//! What appends, scans and the writer share, and the append itself.
//!
//! One mutex: an append holds it for its batch, a scan while it copies what is unflushed, the writer
//! while it swaps the memtable or publishes what it has committed. Nobody holds it while anything is
//! written; an append reads a block under it only for a late reading that blocks may hold already.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ports::{Appended, StoreError};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use schemas::{Kind, Reading, SeriesKey, Zone};

use super::block::Block;
use super::database::{self, Loaded};
use super::directory::{Directory, Latest};
use super::entry::{Entry, WEEK, week_of};
use super::hours::Hours;
use super::memtable::Memtable;
use super::readers::Readers;
use super::shelf::{PartitionKey, Shelf};
use crate::settings::Shares;

/// A memtable that takes nothing more and is about to be written, with all that the same
/// transaction saves. Scans see it until it is committed.
#[derive(Debug)]
pub(crate) struct Frozen {
    pub(crate) table: Memtable,
    pub(crate) streams: Vec<NewStream>,
    /// Chunks of latest readings as they were at the swap.
    pub(crate) chunks: Vec<(u32, Vec<u8>)>,
    /// Kind of each touched stream, in the order of names.
    pub(crate) touched: Vec<(u32, Kind)>,
}

#[derive(Debug)]
pub(crate) struct NewStream {
    pub(crate) id: u32,
    pub(crate) series: u32,
    pub(crate) key: SeriesKey,
    pub(crate) kind: Kind,
    pub(crate) zone: Zone,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) directory: Directory,
    pub(crate) active: Memtable,
    pub(crate) frozen: Option<Arc<Frozen>>,
    pub(crate) shelf: Arc<Shelf>,
}

/// A block or its hours, as the cache holds it. A block grows as it is unpacked: it is weighed as it is put in, and put in
/// again when it has grown.
#[derive(Clone, Debug)]
pub(crate) enum Cached {
    Block(Arc<Block>, u64),
    Hours(Arc<Hours>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Block(i64),
    Hours(i64),
}

#[derive(Clone, Debug)]
pub(crate) struct Bytes;

impl Weighter<Place, Cached> for Bytes {
    fn weight(&self, _: &Place, cached: &Cached) -> u64 {
        match cached {
            Cached::Block(_, weight) => *weight,
            Cached::Hours(hours) => hours.weight(),
        }
    }
}

/// Why a block cannot be had.
#[derive(Debug)]
pub(crate) enum NoBlock {
    /// A merge or a forgetting replaced it: take the present shelf and begin again.
    Replaced,
    Fault(StoreError),
}

impl From<StoreError> for NoBlock {
    fn from(error: StoreError) -> Self {
        Self::Fault(error)
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) path: PathBuf,
    state: Mutex<State>,
    readers: Readers,
    pub(crate) cache: Cache<Place, Cached, Bytes>,
    /// Above so many unflushed readings nothing is appended.
    most: usize,
    pub(crate) next_block: Arc<AtomicI64>,
    pub(crate) next_run: AtomicI64,
    /// Bytes of the database file.
    pub(crate) bytes: AtomicU64,
}

impl Shared {
    pub(crate) fn new(path: &Path, loaded: Loaded, settings: &crate::Settings) -> Self {
        let Shares { unflushed, cache, pages } = settings.shares();
        // As many as there is room for where each is small.
        let items = usize::try_from(cache).unwrap_or(usize::MAX) / (16 << 10) + 16;
        Self {
            path: path.to_owned(),
            state: Mutex::new(State {
                directory: loaded.directory,
                active: Memtable::default(),
                frozen: None,
                shelf: Arc::new(loaded.shelf),
            }),
            readers: Readers::new(path, pages / 2),
            cache: Cache::with_weighter(items, cache, Bytes),
            most: unflushed,
            next_block: Arc::new(AtomicI64::new(loaded.next_block)),
            next_run: AtomicI64::new(loaded.next_run),
            bytes: AtomicU64::new(0),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // A panic under the lock cannot leave more than a batch half taken, which nobody was told
        // is kept; the historian appends it again.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A block, from the cache or from the file. Who has read from it says so by [`Shared::weigh`].
    pub(crate) fn block(&self, week: u32, id: i64) -> Result<Arc<Block>, NoBlock> {
        if let Some(Cached::Block(block, _)) = self.cache.get(&Place::Block(id)) {
            return Ok(block);
        }
        let content = self.readers.content(id)?.ok_or(NoBlock::Replaced)?;
        Ok(Arc::new(Block::decode(id, i64::from(week) * WEEK, &content)?))
    }

    /// Keeps a block in the cache, by what it weighs now.
    pub(crate) fn weigh(&self, id: i64, block: &Arc<Block>) {
        let weight = block.weight();
        let same = matches!(self.cache.peek(&Place::Block(id)), Some(Cached::Block(_, known)) if known == weight);
        if !same {
            self.cache.insert(Place::Block(id), Cached::Block(Arc::clone(block), weight));
        }
    }

    /// What the hours of a block come to, from the cache or from the file.
    pub(crate) fn hours(&self, id: i64) -> Result<Arc<Hours>, NoBlock> {
        if let Some(Cached::Hours(hours)) = self.cache.get(&Place::Hours(id)) {
            return Ok(hours);
        }
        let content = self.readers.hours(id)?.ok_or(NoBlock::Replaced)?;
        let hours = Arc::new(Hours::decode(id, &content)?);
        self.cache.insert(Place::Hours(id), Cached::Hours(Arc::clone(&hours)));
        Ok(hours)
    }

    pub(crate) fn next_run(&self) -> i64 {
        self.next_run.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes a batch. An `Err` of full memory comes before anything is taken.
    pub(crate) fn append(&self, batch: &[Reading]) -> Result<Appended, StoreError> {
        ports::storable(batch)?;
        let mut state = self.state();
        if state.unflushed() >= self.most {
            let count = state.unflushed();
            return Err(StoreError::Unavailable(format!("{count} readings wait to be flushed, and the limit is {}", self.most)));
        }
        let mut new = Vec::with_capacity(batch.len());
        for reading in batch {
            new.push(state.take(self, reading)?);
        }
        Ok(Appended { new })
    }
}

impl State {
    /// Readings that no transaction has saved.
    pub(crate) fn unflushed(&self) -> usize {
        self.active.count() + self.frozen.as_ref().map_or(0, |f| f.table.count())
    }

    /// Takes a reading; whether it was new or a correction.
    fn take(&mut self, shared: &Shared, reading: &Reading) -> Result<bool, StoreError> {
        let entry = Entry::of(reading);
        let series = self.directory.series_of(&reading.series);
        let latest = self.directory.series(series).latest.map(|l| l.entry.observed);
        if latest.is_some_and(|latest| entry.observed <= latest) {
            return self.take_late(shared, series, reading, entry);
        }
        let stream = self.directory.stream_of(series, reading.kind, &reading.zone);
        self.active.put(stream, entry);
        self.directory.set_latest(series, Some(Latest { stream, entry }));
        Ok(true)
    }

    /// A reading whose instant may be taken.
    fn take_late(&mut self, shared: &Shared, series: u32, reading: &Reading, entry: Entry) -> Result<bool, StoreError> {
        let old = self.standing(shared, series, entry.observed)?;
        if old.is_some_and(|(_, old)| old.value == entry.value && old.flaws == entry.flaws) {
            return Ok(false);
        }
        let stream = self.directory.stream_of(series, reading.kind, &reading.zone);
        if let Some((other, _)) = old.filter(|(other, _)| *other != stream) {
            self.active.put(other, Entry::gone(entry.observed));
        }
        self.active.put(stream, entry);
        if self.directory.series(series).latest.is_some_and(|l| l.entry.observed == entry.observed) {
            self.directory.set_latest(series, Some(Latest { stream, entry }));
        }
        Ok(true)
    }

    /// The reading of a series at an instant, and its stream; `received` may not be filled.
    fn standing(&mut self, shared: &Shared, series: u32, observed: i64) -> Result<Option<(u32, Entry)>, StoreError> {
        for at in 0..self.directory.series(series).streams.len() {
            let stream = self.directory.series(series).streams[at];
            let found = match self.active.at(stream, observed) {
                Some(entry) => Some(entry),
                None => match self.frozen.as_ref().and_then(|f| f.table.at(stream, observed)) {
                    Some(entry) => Some(entry),
                    None => self.on_disk(shared, stream, observed)?,
                },
            };
            if let Some(entry) = found.filter(|e| !e.is_gone()) {
                return Ok(Some((stream, entry)));
            }
        }
        Ok(None)
    }

    /// What the newest run has; `received` is not filled.
    fn on_disk(&mut self, shared: &Shared, stream: u32, observed: i64) -> Result<Option<Entry>, StoreError> {
        let key = PartitionKey { week: week_of(observed), kind: self.directory.stream(stream).kind };
        if self.shelf.runs(key).is_empty() {
            return Ok(None);
        }
        let ranks = self.directory.ranks();
        let rank = ranks[stream as usize];
        let mut found = Vec::new();
        for run in self.shelf.runs(key).iter().rev() {
            for meta in run.holding(rank, &ranks).filter(|b| b.from <= observed && observed <= b.to) {
                let block = shared.block(key.week, meta.id).map_err(|e| match e {
                    NoBlock::Fault(e) => e,
                    // Contents are deleted after the shelf without them is published, under this lock.
                    NoBlock::Replaced => StoreError::Damaged(format!("block {}: its content is missing", meta.id)),
                })?;
                if let Some(part) = block.part(rank, &ranks) {
                    block.read(part, observed, observed + 1, false, &mut found)?;
                    shared.weigh(meta.id, &block);
                }
                if let Some(entry) = found.pop() {
                    return Ok(Some(entry));
                }
            }
        }
        Ok(None)
    }

    /// Puts the memtable aside for the writer, unless one is aside already. None where nothing needs
    /// to be saved.
    pub(crate) fn freeze(&mut self) -> Option<Arc<Frozen>> {
        if let Some(frozen) = &self.frozen {
            return Some(Arc::clone(frozen));
        }
        let (streams, chunks) = self.directory.take_unsaved();
        if streams.is_empty() && chunks.is_empty() && self.active.count() == 0 {
            return None;
        }
        let streams = streams.into_iter().map(|id| {
            let stream = self.directory.stream(id);
            let key = self.directory.series(stream.series).key.clone();
            NewStream { id, series: stream.series, key, kind: stream.kind, zone: stream.zone.clone() }
        });
        let streams = streams.collect();
        let chunks = chunks.into_iter().map(|c| (c, database::pack_latest(self.directory.chunk(c)))).collect();
        let table = std::mem::take(&mut self.active);
        let ranks = self.directory.ranks();
        let mut touched: Vec<_> = table.touched().iter().map(|id| (*id, self.directory.stream(*id).kind)).collect();
        touched.sort_unstable_by_key(|(id, _)| ranks[*id as usize]);
        let frozen = Arc::new(Frozen { table, streams, chunks, touched });
        self.frozen = Some(Arc::clone(&frozen));
        Some(frozen)
    }
}
