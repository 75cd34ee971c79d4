//! The one thread that writes the database: flushes, forgets, merges between them, and gives back what lies free.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use ports::{Selector, StoreError};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use schemas::Timestamp;
use tokio::sync::oneshot;

use super::builder::{Builder, Sealed};
use super::database;
use super::entry::week_of;
use super::forget::{Plan, Planner};
use super::merge::Merge;
use super::shelf::{BlockMeta, PartitionKey, Run, Shelf};
use super::state::{Frozen, Shared};

/// Free pages of 4 KiB that are left alone. Few in this crate's own tests.
const SLACK: i64 = if cfg!(test) { 8 } else { 512 };
/// Pages given back between two jobs: some milliseconds.
const SLICE: u32 = 256;

/// After so long without a job nothing lies free any more, and the log is folded into the file.
pub(crate) const REST: Duration = if cfg!(test) { Duration::from_secs(1) } else { Duration::from_secs(5) };

/// Blocks of a merge that are written together: some megabytes, and one sync.
const STAGE: usize = 16;
/// Dead contents that one transaction deletes at most, so that none takes long.
const BURIED: usize = 64;

/// What the thread is asked for. Who asked may go away: the work is done all the same.
pub(crate) enum Job {
    /// Save everything appended before.
    Flush(oneshot::Sender<Result<(), StoreError>>),
    /// Remove what the selector takes in the range.
    Forget(Selector, Range<Timestamp>, oneshot::Sender<Result<Forgotten, StoreError>>),
    /// Cut off all pages that lie free, and the log with them: both still hold the names of series that are gone.
    CutOff(oneshot::Sender<Result<(), StoreError>>),
    /// Lets a test turn the disk bad.
    #[cfg(test)]
    Run(Box<dyn FnOnce(&Connection) + Send>),
}

/// What went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forgotten {
    /// Readings.
    pub(crate) readings: u64,
    /// Series of which nothing is left went with their names.
    pub(crate) names: bool,
}

pub(crate) struct Writer {
    pub(crate) db: Connection,
    pub(crate) shared: Arc<Shared>,
    /// Contents that no shelf names any more; the next transaction deletes them.
    pub(crate) dead: Vec<i64>,
    pub(crate) merge: Option<Merge>,
    /// Dead contents could not be deleted, or free pages not be given back: not tried again before something is written.
    pub(crate) stuck: bool,
}

impl Writer {
    /// Works until nobody can ask any more; then the file is folded into one.
    pub(crate) fn run(mut self, jobs: &Receiver<Job>) {
        self.work(jobs);
        if let Err(error) = database::fold(&self.db) {
            tracing::warn!(%error, "the store's log stays beside its file, and is read at the next start");
        }
    }

    fn work(&mut self, jobs: &Receiver<Job>) {
        self.choose_merge();
        let mut rested = true;
        loop {
            let busy = self.merge.is_some() || self.may_bury() || self.has_slack();
            let patience = match (busy, rested) {
                (true, _) => Duration::ZERO,
                (false, true) => Duration::MAX,
                (false, false) => REST,
            };
            let job = match jobs.recv_timeout(patience) {
                Ok(job) => Some(job),
                Err(RecvTimeoutError::Timeout) if busy => None,
                Err(RecvTimeoutError::Timeout) => {
                    self.rest();
                    rested = true;
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return,
            };
            rested = false;
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
                Some(Job::CutOff(reply)) => {
                    let _ = reply.send(self.cut_off());
                }
                #[cfg(test)]
                Some(Job::Run(work)) => work(&self.db),
                None if self.merge.is_some() => self.go_on_merging(),
                None if self.may_bury() => self.bury(),
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
                sealed.iter().try_for_each(|s| put_content(tx, s))?;
                let blocks: Vec<BlockMeta> = sealed.iter().map(|s| s.meta.clone()).collect();
                put_books(tx, *key, number, 0, &blocks)?;
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

    /// One transaction, which also deletes some dead contents.
    fn commit(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<()>) -> Result<(), StoreError> {
        let buried = self.dead.len().min(BURIED);
        let done = self.db.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|tx| {
            work(&tx)?;
            for id in &self.dead[..buried] {
                database::drop_content(&tx, *id)?;
            }
            tx.commit()
        });
        done.map_err(|e| database::fault(&self.shared.path, &e))?;
        self.dead.drain(..buried);
        self.stuck = false;
        if let Ok(bytes) = database::size(&self.db) {
            self.shared.bytes.store(bytes, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Whether so much of the file lies free that the disk should have it back: what merges leave is used again soon,
    /// what was forgotten is not.
    fn has_slack(&self) -> bool {
        !self.stuck && database::free_pages(&self.db).is_ok_and(|(free, all)| free > SLACK && free > all / 16)
    }

    fn may_bury(&self) -> bool {
        !self.stuck && !self.dead.is_empty()
    }

    fn bury(&mut self) {
        if let Err(error) = self.commit(|_| Ok(())) {
            self.stuck = true;
            tracing::warn!(%error, "what merges have replaced cannot be deleted: it takes room until something can be written");
        }
    }

    fn give_back(&mut self) {
        if let Err(error) = database::shrink(&self.db, SLICE) {
            // What lies free is used again all the same.
            self.stuck = true;
            tracing::warn!(%error, "the store's file cannot be made smaller");
        } else if let Ok(bytes) = database::size(&self.db) {
            self.shared.bytes.store(bytes, Ordering::Relaxed);
        }
    }

    /// Nothing has come for a while: the disk has back what is not needed until something does.
    fn rest(&mut self) {
        if let Err(error) = self.cut_off() {
            // Nothing is lost: what lies free is used again, and the log is read.
            tracing::warn!(%error, "the store's log stays beside its file");
        }
        if let Ok(bytes) = database::size(&self.db) {
            self.shared.bytes.store(bytes, Ordering::Relaxed);
        }
    }

    fn choose_merge(&mut self) {
        if self.merge.is_none() {
            let (shelf, ranks) = {
                let mut state = self.shared.state();
                (Arc::clone(&state.shelf), state.directory.ranks())
            };
            let next = self.shared.next_run.load(Ordering::Relaxed);
            self.merge = Merge::choose(&shelf, &self.shared.next_block, next, &ranks);
        }
    }

    /// Throws the merge away that is under way, with what it has written.
    fn drop_merge(&mut self) {
        if let Some(merge) = self.merge.take() {
            self.dead.extend(merge.staged.iter().map(|b| b.id));
        }
    }

    fn go_on_merging(&mut self) {
        let done = self.step();
        match done {
            Ok(false) => {}
            Ok(true) => self.choose_merge(),
            Err(error) => {
                self.drop_merge();
                // The runs stay as they were; the next flush chooses again.
                tracing::warn!(%error, "runs of blocks could not be merged: reading is slower until they are");
            }
        }
    }

    /// One block more of the merge; true when it is published.
    fn step(&mut self) -> Result<bool, StoreError> {
        let Some(merge) = &mut self.merge else { return Ok(true) };
        let done = merge.step(&self.db, &self.shared.path)?;
        if done || merge.sealed.len() >= STAGE {
            self.stage()?;
        }
        if done {
            self.publish_merge()?;
        }
        Ok(done)
    }

    /// Writes what the finished blocks of the merge hold; the books do not change.
    fn stage(&mut self) -> Result<(), StoreError> {
        let Some(mut merge) = self.merge.take() else { return Ok(()) };
        let sealed = std::mem::take(&mut merge.sealed);
        let written = self.commit(|tx| sealed.iter().try_for_each(|s| put_content(tx, s)));
        merge.staged.extend(sealed.into_iter().map(|s| s.meta));
        self.merge = Some(merge);
        written
    }

    fn publish_merge(&mut self) -> Result<(), StoreError> {
        let Some(mut merge) = self.merge.take() else { return Ok(()) };
        let (number, level) = merge.result();
        let old: Vec<i64> = merge.inputs.iter().flat_map(|r| &r.blocks).map(|b| b.id).collect();
        let blocks = std::mem::take(&mut merge.staged);
        let done = self.commit(|tx| {
            for id in &old {
                database::drop_block(tx, *id)?;
            }
            put_books(tx, merge.key, number, level, &blocks)
        });
        if let Err(error) = done {
            self.dead.extend(blocks.iter().map(|b| b.id));
            return Err(error);
        }
        let numbers: Vec<i64> = merge.inputs.iter().map(|r| r.number).collect();
        let mut state = self.shared.state();
        let mut shelf = Shelf::clone(&state.shelf);
        shelf.remove(merge.key, &numbers);
        if !blocks.is_empty() {
            shelf.insert(merge.key, Run { number, level, blocks });
        }
        state.shelf = Arc::new(shelf);
        drop(state);
        self.dead.extend(old);
        Ok(())
    }

    fn forget(&mut self, select: &Selector, range: &Range<Timestamp>) -> Result<Forgotten, StoreError> {
        self.flush()?;
        self.drop_merge();
        let plan = Planner::new(&self.shared, &self.db, select, range).plan()?;
        let removed = plan.removed;
        if plan.dropped.is_empty() {
            return Ok(Forgotten { readings: removed, names: false });
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
                put_content(tx, &new.sealed)?;
                database::put_block(tx, new.key, new.run, new.level, new.place, &new.sealed.meta)?;
            }
            for (chunk, data) in &plan.chunks {
                database::put_latest(tx, *chunk, data)?;
            }
            erased.iter().try_for_each(|id| database::drop_stream(tx, *id))
        })?;
        self.publish_forgetting(plan);
        // Forgotten bytes go at once, not with the next transaction.
        while !self.dead.is_empty() {
            self.commit(|_| Ok(()))?;
        }
        Ok(Forgotten { readings: removed, names: !erased.is_empty() })
    }

    fn cut_off(&self) -> Result<(), StoreError> {
        let cut = database::shrink(&self.db, 0).and_then(|()| database::fold(&self.db));
        cut.map_err(|e| database::fault(&self.shared.path, &e))
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

fn put_content(tx: &Transaction<'_>, sealed: &Sealed) -> rusqlite::Result<()> {
    database::put_content(tx, sealed.meta.id, &sealed.data, sealed.hours.as_deref())
}

fn put_books(tx: &Transaction<'_>, key: PartitionKey, number: i64, level: u8, blocks: &[BlockMeta]) -> rusqlite::Result<()> {
    (0..).zip(blocks).try_for_each(|(place, block)| database::put_block(tx, key, number, level, place, block))
}
