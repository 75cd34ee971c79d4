//! What goes when something is forgotten: whole blocks where the selector and the range allow, else
//! blocks rewritten without it; then the latest reading of each series that lost its own.
//!
//! Everything is flushed before, so that only blocks matter; and all of it is one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use ports::{Selector, StoreError};
use rusqlite::Connection;
use rustc_hash::FxHashMap;
use schemas::Timestamp;

use super::block::Block;
use super::builder::Builder;
use super::builder::Sealed;
use super::database;
use super::directory::{CHUNK, Directory, Latest};
use super::entry::{Entry, WEEK, settle};
use super::shelf::{BlockMeta, PartitionKey, Run, Shelf};
use super::state::Shared;

/// A block that takes the place of another.
pub(crate) struct Rewritten {
    pub(crate) key: PartitionKey,
    pub(crate) run: i64,
    pub(crate) level: u8,
    pub(crate) place: i64,
    pub(crate) sealed: Sealed,
}

/// All that one transaction must do, and what memory must show after it.
#[derive(Default)]
pub(crate) struct Plan {
    pub(crate) removed: u64,
    pub(crate) shelf: Shelf,
    pub(crate) dropped: Vec<i64>,
    pub(crate) rewritten: Vec<Rewritten>,
    /// The latest reading that remains, of each series that lost its own.
    pub(crate) latest: BTreeMap<u32, Option<Latest>>,
    /// Series of which nothing remains, marks neither: they go themselves.
    pub(crate) bare: BTreeSet<u32>,
    /// Chunks of latest readings as they are to be saved.
    pub(crate) chunks: Vec<(u32, Vec<u8>)>,
}

/// Plans; `db` holds all that was appended before.
pub(crate) struct Planner<'a> {
    shared: &'a Shared,
    db: &'a Connection,
    range: (i64, i64),
    /// Whether the selector takes every stream of a kind.
    every: bool,
    /// Kind and rank of the streams taken; by id.
    taken: FxHashMap<u32, u32>,
    taken_kinds: BTreeSet<schemas::Kind>,
    taken_series: BTreeSet<u32>,
    taken_ranks: Vec<u32>,
    ranks: Arc<[u32]>,
    shelf: Arc<Shelf>,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(shared: &'a Shared, db: &'a Connection, select: &Selector, range: &Range<Timestamp>) -> Self {
        let mut state = shared.state();
        let picks = state.directory.picks(select);
        Self {
            shared,
            db,
            range: (range.start.millis(), range.end.millis()),
            every: select.zone.is_none() && select.devices.is_empty() && select.quantities.is_empty(),
            taken: picks.iter().map(|p| (p.stream, p.rank)).collect(),
            taken_kinds: picks.iter().map(|p| p.kind).collect(),
            taken_series: picks.iter().map(|p| p.series).collect(),
            taken_ranks: picks.iter().map(|p| p.rank).collect(),
            ranks: state.directory.ranks(),
            shelf: Arc::clone(&state.shelf),
        }
    }

    fn path(&self) -> &Path {
        &self.shared.path
    }

    fn in_range(&self, at: i64) -> bool {
        self.range.0 <= at && at < self.range.1
    }

    /// What must be done.
    ///
    /// # Errors
    /// Of the database or of a damaged block.
    pub(crate) fn plan(&self) -> Result<Plan, StoreError> {
        let mut plan = Plan { shelf: Shelf::clone(&self.shelf), ..Plan::default() };
        if self.range.0 < self.range.1 {
            for (key, runs) in &self.shelf.partitions {
                let start = i64::from(key.week) * WEEK;
                if self.taken_kinds.contains(&key.kind) && start < self.range.1 && self.range.0 < start + WEEK {
                    self.partition(*key, runs, &mut plan)?;
                }
            }
            self.latest(&mut plan)?;
        }
        Ok(plan)
    }

    fn partition(&self, key: PartitionKey, runs: &[Arc<Run>], plan: &mut Plan) -> Result<(), StoreError> {
        for run in runs {
            let mut blocks = Vec::with_capacity(run.blocks.len());
            let mut changed = false;
            for (place, meta) in (0..).zip(&run.blocks) {
                match self.block(key, meta, plan)? {
                    Kept::Whole => blocks.push(meta.clone()),
                    Kept::Part(sealed) => {
                        changed = true;
                        blocks.push(sealed.meta.clone());
                        plan.rewritten.push(Rewritten { key, run: run.number, level: run.level, place, sealed });
                    }
                    Kept::Nothing => changed = true,
                }
            }
            if changed {
                plan.shelf.remove(key, &[run.number]);
                if !blocks.is_empty() {
                    plan.shelf.insert(key, Run { number: run.number, level: run.level, blocks });
                }
            }
        }
        Ok(())
    }

    fn block(&self, key: PartitionKey, meta: &BlockMeta, plan: &mut Plan) -> Result<Kept, StoreError> {
        let (first, last) = (self.ranks[meta.first as usize], self.ranks[meta.last as usize]);
        let begin = self.taken_ranks.partition_point(|r| *r < first);
        let none = self.taken_ranks.get(begin).is_none_or(|r| *r > last);
        if none || meta.to < self.range.0 || self.range.1 <= meta.from {
            return Ok(Kept::Whole);
        }
        if self.every && self.in_range(meta.from) && self.in_range(meta.to) {
            plan.removed += u64::from(meta.count);
            plan.dropped.push(meta.id);
            return Ok(Kept::Nothing);
        }
        let start = i64::from(key.week) * WEEK;
        let block = Block::decode(meta.id, start, &database::content(self.db, self.path(), meta.id)?)?;
        let mut builder = Builder::new(key.week, &self.shared.next_block);
        let (mut entries, mut removed, mut marks) = (Vec::new(), 0, 0);
        for (at, part) in block.parts.iter().enumerate() {
            entries.clear();
            block.read(at, i64::MIN, i64::MAX, true, &mut entries)?;
            if self.taken.contains_key(&part.stream) {
                entries.retain(|e: &Entry| {
                    let goes = self.in_range(e.observed);
                    removed += u64::from(goes && !e.is_gone());
                    marks += u64::from(goes && e.is_gone());
                    !goes
                });
            }
            builder.add(part.stream, &entries);
        }
        if removed + marks == 0 {
            return Ok(Kept::Whole);
        }
        plan.removed += removed;
        plan.dropped.push(meta.id);
        Ok(builder.seal().map_or(Kept::Nothing, Kept::Part))
    }

    /// Series whose saved latest reading goes, with what remains.
    fn latest(&self, plan: &mut Plan) -> Result<(), StoreError> {
        let chunks: BTreeSet<u32> = self.taken_series.iter().map(|s| s / u32::try_from(CHUNK).unwrap_or(1)).collect();
        for chunk in chunks {
            let mut saved = database::saved_latest(self.db, self.path(), chunk)?;
            let mut changed = false;
            for (series, latest) in (Directory::first_of(chunk)..).zip(&mut saved) {
                let goes = |l: &Latest| self.taken.contains_key(&l.stream) && self.in_range(l.entry.observed);
                if latest.as_ref().is_some_and(goes) {
                    let (remaining, bare) = self.remaining(series)?;
                    *latest = remaining;
                    plan.latest.insert(series, remaining);
                    if bare {
                        plan.bare.insert(series);
                    }
                    changed = true;
                }
            }
            if changed {
                plan.chunks.push((chunk, database::pack_latest(saved.into_iter())));
            }
        }
        Ok(())
    }

    /// The latest reading of a series that remains, and whether nothing does, not even a mark: a
    /// block must never name a stream that is gone.
    fn remaining(&self, series: u32) -> Result<(Option<Latest>, bool), StoreError> {
        let streams: Vec<_> = {
            let state = self.shared.state();
            let ids = state.directory.series(series).streams.iter();
            // A stream that came after the plan began has no blocks.
            ids.filter(|id| (**id as usize) < self.ranks.len()).map(|id| (*id, state.directory.stream(*id).kind)).collect()
        };
        let all = streams.iter().all(|(id, _)| self.taken.contains_key(id));
        let weeks: BTreeSet<u32> = self.shelf.partitions.keys().map(|key| key.week).collect();
        let mut entries = Vec::new();
        let mut bare = true;
        for week in weeks.into_iter().rev() {
            let start = i64::from(week) * WEEK;
            if all && self.range.0 <= start && start + WEEK <= self.range.1 {
                continue;
            }
            let mut last: Option<Latest> = None;
            for (stream, kind) in &streams {
                entries.clear();
                self.gather(PartitionKey { week, kind: *kind }, *stream, &mut entries)?;
                let taken = self.taken.contains_key(stream);
                entries.retain(|e| !(taken && self.in_range(e.observed)));
                bare &= entries.is_empty();
                let own = entries.iter().rev().find(|e| !e.is_gone());
                last =
                    last.into_iter().chain(own.map(|e| Latest { stream: *stream, entry: *e })).max_by_key(|l| l.entry.observed);
            }
            if last.is_some() {
                return Ok((last, false));
            }
        }
        Ok((None, bare))
    }

    fn gather(&self, key: PartitionKey, stream: u32, out: &mut Vec<Entry>) -> Result<(), StoreError> {
        let rank = self.ranks[stream as usize];
        for run in self.shelf.runs(key) {
            for meta in run.holding(rank, &self.ranks) {
                let block = self.shared.block(key.week, meta.id).map_err(|e| match e {
                    super::state::NoBlock::Fault(e) => e,
                    // Only this thread deletes.
                    super::state::NoBlock::Replaced => StoreError::Damaged(format!("block {}: its content is missing", meta.id)),
                })?;
                if let Some(part) = block.part(rank, &self.ranks) {
                    block.read(part, i64::MIN, i64::MAX, true, out)?;
                    self.shared.weigh(meta.id, &block);
                }
            }
        }
        settle(out);
        Ok(())
    }
}

enum Kept {
    Whole,
    Part(Sealed),
    Nothing,
}
