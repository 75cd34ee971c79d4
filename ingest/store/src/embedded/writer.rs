//! The one thread that writes the database: flushes, forgets, merges between them, and gives back what lies free.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};

use ports::{Selector, StoreError};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use schemas::Timestamp;
use tokio::sync::oneshot;

use super::builder::{Builder, Sealed};
use super::database;
use super::entry::week_of;
use super::forget::{Plan, Planner};
use super::merge::Merge;
use super::shelf::{PartitionKey, Run, Shelf};
use super::state::{Frozen, Shared};

/// Free pages of 8 KiB that are left alone. Few in this crate's own tests.
const SLACK: i64 = if cfg!(test) { 8 } else { 2048 };
/// Pages given back between two jobs: some milliseconds.
const SLICE: u32 = 256;

/// What the thread is asked for. Who asked may go away: the work is done all the same.
pub(crate) enum Job {
    /// Save everything appended before.
    Flush(oneshot::Sender<Result<(), StoreError>>),
    /// Remove what the selector takes in the range.
    Forget(Selector, Range<Timestamp>, oneshot::Sender<Result<u64, StoreError>>),
    /// Lets a test turn the disk bad.
    #[cfg(test)]
    Run(Box<dyn FnOnce(&Connection) + Send>),
}

pub(crate) struct Writer {
    pub(crate) db: Connection,
    pub(crate) shared: Arc<Shared>,
    /// Contents that no shelf names any more; the next transaction deletes them.
    pub(crate) dead: Vec<i64>,
    pub(crate) merge: Option<Merge>,
    /// Free pages could not be given back.
    pub(crate) stuck: bool,
}

impl Writer {
    /// Works until nobody can ask any more.
    pub(crate) fn run(mut self, jobs: &Receiver<Job>) {
        self.choose_merge();
        loop {
            let job = if self.merge.is_some() || self.has_slack() {
                match jobs.try_recv() {
                    Ok(job) => Some(job),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => return,
                }
            } else {
                match jobs.recv() {
                    Ok(job) => Some(job),
                    Err(_) => return,
                }
            };
            match job {
                Some(Job::Flush(reply)) => {
                    let result = self.flush();
                    // Nobody waits: the asker was cancelled.
                    let _ = reply.send(result);
                    self.choose_merge();
                }
                Some(Job::Forget(select, range, reply)) => {
                    let result = self.forget(&select, &range);
                    let _ = reply.send(result);
                    self.choose_merge();
                }
                #[cfg(test)]
                Some(Job::Run(work)) => work(&self.db),
                None if self.merge.is_some() => self.go_on_merging(),
                None => self.give_back(),
            }
        }
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        // What a failed flush left aside, then what came since.
        let left = self.shared.state().frozen.is_some();
        self.write()?;
        if left { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), StoreError> {
        let frozen = self.shared.state().freeze();
        let Some(frozen) = frozen else { return Ok(()) };
        let runs = self.encode(&frozen);
        let number = self.shared.next_run();
        self.commit(|tx| {
            for stream in &frozen.streams {
                database::put_stream(tx, stream.id, stream.series, &stream.key, stream.kind, &stream.zone)?;
            }
            for (chunk, data) in &frozen.chunks {
                database::put_latest(tx, *chunk, data)?;
            }
            for (key, sealed) in &runs {
                put_run(tx, *key, number, 0, sealed)?;
            }
            Ok(())
        })?;
        let mut state = self.shared.state();
        let mut shelf = Shelf::clone(&state.shelf);
        for (key, sealed) in runs {
            let blocks = sealed.into_iter().map(|s| s.meta).collect();
            shelf.insert(key, Run { number, level: 0, blocks });
        }
        state.shelf = Arc::new(shelf);
        state.frozen = None;
        Ok(())
    }

    fn encode(&self, frozen: &Frozen) -> BTreeMap<PartitionKey, Vec<Sealed>> {
        let mut builders: BTreeMap<PartitionKey, (Builder, Vec<Sealed>)> = BTreeMap::new();
        let mut entries = Vec::new();
        for (stream, kind) in &frozen.touched {
            entries.clear();
            if let Some(column) = frozen.table.column(*stream) {
                column.read(i64::MIN, i64::MAX, &mut entries);
            }
            for week in entries.chunk_by(|a, b| week_of(a.observed) == week_of(b.observed)) {
                let key = PartitionKey { week: week_of(week[0].observed), kind: *kind };
                let (builder, sealed) =
                    builders.entry(key).or_insert_with(|| (Builder::new(key.week, &self.shared.next_block), Vec::new()));
                builder.push(*stream, week, sealed);
            }
        }
        let sealed = builders.into_iter().map(|(key, (mut builder, mut sealed))| {
            sealed.extend(builder.seal());
            (key, sealed)
        });
        sealed.collect()
    }

    /// One transaction, which also deletes dead contents.
    fn commit(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>) -> Result<(), StoreError> {
        let done = self.db.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|tx| {
            work(&tx)?;
            for id in &self.dead {
                database::drop_content(&tx, *id)?;
            }
            tx.commit()
        });
        done.map_err(|e| database::fault(&self.shared.path, &e))?;
        self.dead.clear();
        if let Ok(bytes) = database::size(&self.db) {
            self.shared.bytes.store(bytes, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether so much of the file lies free that the disk should have it back: what merges leave is used again soon,
    /// what was forgotten is not.
    fn has_slack(&self) -> bool {
        !self.stuck && database::free_pages(&self.db).is_ok_and(|(free, all)| free > SLACK && free > all / 4)
    }

    fn give_back(&mut self) {
        if let Err(error) = database::shrink(&self.db, SLICE) {
            // What lies free is used again all the same. Tried again after a restart.
            self.stuck = true;
            tracing::warn!(%error, "the store's file cannot be made smaller");
        } else if let Ok(bytes) = database::size(&self.db) {
            self.shared.bytes.store(bytes, std::sync::atomic::Ordering::Relaxed);
        }
    }

    fn choose_merge(&mut self) {
        if self.merge.is_none() {
            let mut state = self.shared.state();
            let ranks = state.directory.ranks();
            self.merge = Merge::choose(&state.shelf, &self.shared.next_block, &ranks);
        }
    }

    fn go_on_merging(&mut self) {
        let Some(merge) = &mut self.merge else { return };
        let done = match merge.step(&self.db, &self.shared.path) {
            Ok(false) => return,
            Ok(true) => self.publish_merge(),
            Err(e) => Err(e),
        };
        self.merge = None;
        match done {
            Ok(()) => self.choose_merge(),
            // The runs stay as they were; the next flush chooses again.
            Err(error) => tracing::warn!(%error, "runs of blocks could not be merged: reading is slower until they are"),
        }
    }

    fn publish_merge(&mut self) -> Result<(), StoreError> {
        let Some(merge) = self.merge.take() else { return Ok(()) };
        let (number, level) = merge.result();
        let old: Vec<i64> = merge.inputs.iter().flat_map(|r| &r.blocks).map(|b| b.id).collect();
        self.commit(|tx| {
            for id in &old {
                database::drop_block(tx, *id)?;
            }
            put_run(tx, merge.key, number, level, &merge.sealed)
        })?;
        let numbers: Vec<i64> = merge.inputs.iter().map(|r| r.number).collect();
        let mut state = self.shared.state();
        let mut shelf = Shelf::clone(&state.shelf);
        shelf.remove(merge.key, &numbers);
        let blocks: Vec<_> = merge.sealed.into_iter().map(|s| s.meta).collect();
        if !blocks.is_empty() {
            shelf.insert(merge.key, Run { number, level, blocks });
        }
        state.shelf = Arc::new(shelf);
        drop(state);
        self.dead.extend(old);
        Ok(())
    }

    fn forget(&mut self, select: &Selector, range: &Range<Timestamp>) -> Result<u64, StoreError> {
        self.flush()?;
        self.merge = None;
        let plan = Planner::new(&self.shared, &self.db, select, range).plan()?;
        let removed = plan.removed;
        if plan.dropped.is_empty() {
            return Ok(removed);
        }
        let erased: Vec<u32> = {
            let state = self.shared.state();
            plan.bare.iter().flat_map(|series| state.directory.series(*series).streams.clone()).collect()
        };
        self.commit(|tx| {
            for id in &plan.dropped {
                database::drop_block(tx, *id)?;
            }
            for new in &plan.rewritten {
                database::put_block(tx, new.key, new.run, new.level, new.place, &new.sealed.meta, &new.sealed.data)?;
            }
            for (chunk, data) in &plan.chunks {
                database::put_latest(tx, *chunk, data)?;
            }
            erased.iter().try_for_each(|id| database::drop_stream(tx, *id))
        })?;
        self.publish_forgetting(plan);
        // Forgotten bytes go at once, not with the next transaction.
        self.commit(|_| Ok(()))?;
        Ok(removed)
    }

    fn publish_forgetting(&mut self, plan: Plan) {
        let mut state = self.shared.state();
        state.shelf = Arc::new(plan.shelf);
        for (series, remaining) in plan.latest {
            let streams = state.directory.series(series).streams.clone();
            // What was appended meanwhile is unflushed and stays.
            let since = streams.iter().filter_map(|id| {
                let entry = state.active.column(*id).and_then(super::memtable::Column::last)?;
                Some(super::directory::Latest { stream: *id, entry })
            });
            let latest = remaining.into_iter().chain(since).max_by_key(|l| l.entry.observed);
            state.directory.set_latest(series, latest);
            if plan.bare.contains(&series) {
                if streams.iter().any(|id| state.active.column(*id).is_some()) {
                    state.directory.unsave(series);
                } else {
                    state.directory.erase(series);
                }
            }
        }
        drop(state);
        self.dead.extend(plan.dropped);
    }
}

fn put_run(tx: &Transaction<'_>, key: PartitionKey, number: i64, level: u8, sealed: &[Sealed]) -> rusqlite::Result<()> {
    for (place, sealed) in (0..).zip(sealed) {
        database::put_block(tx, key, number, level, place, &sealed.meta, &sealed.data)?;
    }
    Ok(())
}
