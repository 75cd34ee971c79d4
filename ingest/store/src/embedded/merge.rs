//! Runs of one partition to one run: a scan then looks into few runs, and superseded entries go.
//!
//! A merge works block by block between the writer's other jobs. What its blocks hold is written as they come; one small
//! transaction at its end changes the books, and until then it is only work that may be thrown away. Runs of [`MOST`]
//! entries together stay as they are.
//!
//! Deliberately absent: a choice by what is read most.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use ports::StoreError;
use rusqlite::Connection;

use super::block::Block;
use super::builder::{Builder, Sealed};
use super::database;
use super::entry::{Entry, WEEK, settle};
use super::shelf::{BlockMeta, PartitionKey, Run, Shelf};

/// So many runs of one level make a run of the next. Few in this crate's own tests, so that short
/// histories merge.
pub(crate) const FAN_IN: usize = if cfg!(test) { 3 } else { 8 };
/// Entries that one merge takes at most: while it works, some tens of seconds, no other partition is merged.
const MOST: u64 = 128 << 20;
/// Flushes that pass a partition by until it is taken for settled, and all its runs are merged.
const QUIET: i64 = if cfg!(test) { 6 } else { 16 };
/// The runs of a settled partition are merged where all but the largest hold at least such a part of it.
const WORTH: u64 = 16;

/// Where a merge stands in one of its runs.
struct Place {
    run: Arc<Run>,
    block: usize,
    part: usize,
    open: Option<Block>,
}

impl Place {
    /// Opens the block that it stands in; false at the end of the run.
    fn open(&mut self, db: &Connection, path: &Path, week: u32) -> Result<bool, StoreError> {
        if self.open.is_none() {
            let Some(meta) = self.run.blocks.get(self.block) else { return Ok(false) };
            let content = database::content(db, path, meta.id)?;
            self.open = Some(Block::decode(meta.id, i64::from(week) * WEEK, &content)?);
        }
        Ok(true)
    }

    /// The stream that it stands at.
    fn stream(&self) -> Option<u32> {
        self.open.as_ref().and_then(|b| b.parts.get(self.part)).map(|p| p.stream)
    }

    /// Reads the part and goes to the next.
    fn take(&mut self, out: &mut Vec<Entry>) -> Result<(), StoreError> {
        let Some(block) = &self.open else { return Ok(()) };
        block.read(self.part, i64::MIN, i64::MAX, true, out)?;
        self.part += 1;
        if self.part == block.parts.len() {
            self.open = None;
            self.block += 1;
            self.part = 0;
        }
        Ok(())
    }
}

/// A merge under way.
pub(crate) struct Merge {
    pub(crate) key: PartitionKey,
    /// Numbers of the runs that it replaces.
    pub(crate) inputs: Vec<Arc<Run>>,
    places: Vec<Place>,
    /// Nothing older is in the partition: marks have nothing to hide.
    oldest: bool,
    ranks: Arc<[u32]>,
    builder: Builder,
    /// Blocks that are not written yet.
    pub(crate) sealed: Vec<Sealed>,
    /// Blocks whose content is written.
    pub(crate) staged: Vec<BlockMeta>,
}

impl Merge {
    /// The merge that is most due, if any: of runs of one level, or of all runs of a week that is over and settled.
    /// `ranks` gives the places of all streams; `next` is the number of the next run.
    pub(crate) fn choose(shelf: &Shelf, ids: &Arc<AtomicI64>, next: i64, ranks: &Arc<[u32]>) -> Option<Self> {
        let level = || shelf.partitions.iter().find_map(|(key, runs)| Some((key, level(runs)?)));
        let newest = shelf.partitions.keys().next_back()?.week;
        let over = || shelf.partitions.iter().take_while(|(key, _)| key.week < newest);
        let settled = || over().find_map(|(key, runs)| Some((key, settled(runs, next)?)));
        let (key, inputs) = level().or_else(settled)?;
        let oldest = shelf.runs(*key).first().map(|r| r.number) == inputs.first().map(|r| r.number);
        let places = inputs.iter().map(|r| Place { run: Arc::clone(r), block: 0, part: 0, open: None });
        Some(Self {
            key: *key,
            inputs: inputs.to_vec(),
            places: places.collect(),
            oldest,
            ranks: Arc::clone(ranks),
            builder: Builder::new(key.week, ids),
            sealed: Vec::new(),
            staged: Vec::new(),
        })
    }

    /// Number and level of the run that it makes.
    pub(crate) fn result(&self) -> (i64, u8) {
        let number = self.inputs.iter().map(|r| r.number).max().unwrap_or(0);
        let level = self.inputs.iter().map(|r| r.level).max().unwrap_or(0);
        (number, level.saturating_add(1))
    }

    /// Works until a block is full; true when everything is merged.
    ///
    /// # Errors
    /// Of the database or of a damaged block; the merge must be thrown away.
    pub(crate) fn step(&mut self, db: &Connection, path: &Path) -> Result<bool, StoreError> {
        let before = self.sealed.len();
        let mut entries = Vec::new();
        while self.sealed.len() == before {
            for place in &mut self.places {
                place.open(db, path, self.key.week)?;
            }
            let next = self.places.iter().filter_map(Place::stream).min_by_key(|s| self.ranks[*s as usize]);
            let Some(stream) = next else {
                self.sealed.extend(self.builder.seal());
                return Ok(true);
            };
            entries.clear();
            for place in &mut self.places {
                while place.stream() == Some(stream) {
                    place.take(&mut entries)?;
                    place.open(db, path, self.key.week)?;
                }
            }
            settle(&mut entries);
            if self.oldest {
                entries.retain(|e| !e.is_gone());
            }
            self.builder.push(stream, &entries, &mut self.sealed);
        }
        Ok(false)
    }
}

/// Runs of one level that are enough for the next. Levels fall from the oldest run to the newest, so that runs of one
/// level are neighbours in age and their merge stands in order between the others.
fn level(runs: &[Arc<Run>]) -> Option<&[Arc<Run>]> {
    let enough = runs.chunk_by(|a, b| a.level == b.level).filter_map(|level| level.get(..FAN_IN));
    enough.into_iter().find(|inputs| total(inputs) <= MOST)
}

/// All runs, where no flush has touched the partition for long.
fn settled(runs: &[Arc<Run>], next: i64) -> Option<&[Arc<Run>]> {
    let (newest, all) = (runs.last()?.number, total(runs));
    let largest = runs.iter().map(|r| r.count()).max()?;
    let due = runs.len() > 1 && next - newest > QUIET && (all - largest) * WORTH >= largest;
    (due && all <= MOST).then_some(runs)
}

fn total(runs: &[Arc<Run>]) -> u64 {
    runs.iter().map(|r| r.count()).sum()
}
