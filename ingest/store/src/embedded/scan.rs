//! Answers: memtables and blocks merged, the newest run first in right.
//!
//! A scan walks weeks in order of time and, in a week, series in order of names. It keeps the
//! `limit + 1` earliest points that it has seen, so that its memory is bounded by the limit and by one
//! week of one series, and it passes over blocks that begin after the last of those; it stops after
//! the week that fills the limit.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Weak};

use ports::{Points, Query, Shape, StoreError};
use rustc_hash::FxBuildHasher;
use schemas::{HOUR, Partial, Timestamp};

use super::block::Block;
use super::directory::Pick;
use super::entry::{Entry, WEEK, settle, week_of};
use super::shelf::{PartitionKey, Shelf};
use super::state::{Frozen, NoBlock, Shared};

/// What a scan sees, unchanged by what happens meanwhile.
pub(crate) struct View {
    shelf: Arc<Shelf>,
    frozen: Option<Arc<Frozen>>,
    unflushed: HashMap<u32, Vec<Entry>, FxBuildHasher>,
    ranks: Arc<[u32]>,
    picks: Vec<Pick>,
}

impl View {
    /// The streams that the query asks for, with their unflushed entries in `[from, to)`.
    fn new(shared: &Shared, query: &Query, from: i64, to: i64) -> Self {
        let mut state = shared.state();
        let picks = state.directory.picks(&query.select);
        let ranks = state.directory.ranks();
        let mut unflushed = HashMap::default();
        for pick in &picks {
            if let Some(column) = state.active.column(pick.stream) {
                let mut entries = Vec::new();
                column.read(from, to, &mut entries);
                if !entries.is_empty() {
                    unflushed.insert(pick.stream, entries);
                }
            }
        }
        Self { shelf: Arc::clone(&state.shelf), frozen: state.frozen.clone(), unflushed, ranks, picks }
    }

    /// Weeks that may hold something in `[from, to)`.
    fn weeks(&self, from: i64, to: i64) -> BTreeSet<u32> {
        let (first, last) = (week_of(from), week_of(to - 1));
        let begin = PartitionKey { week: first, kind: schemas::Kind::WASTE };
        let mut weeks: BTreeSet<u32> =
            self.shelf.partitions.range(begin..).map(|(key, _)| key.week).take_while(|week| *week <= last).collect();
        let mut own = Vec::new();
        for pick in &self.picks {
            if let Some(column) = self.frozen.as_ref().and_then(|f| f.table.column(pick.stream)) {
                own.clear();
                column.read(from, to, &mut own);
                weeks.extend(own.iter().map(|e| week_of(e.observed)));
            }
        }
        weeks.extend(self.unflushed.values().flatten().map(|e| week_of(e.observed)));
        weeks
    }

    /// The entries of a stream in `[from, to)`, which lies in one week: marks too, in order of time.
    fn gather(&self, reader: &mut Reader<'_>, pick: &Pick, (from, to): (i64, i64), out: &mut Vec<Entry>) -> Result<(), NoBlock> {
        let key = PartitionKey { week: week_of(from), kind: pick.kind };
        for (at, run) in self.shelf.runs(key).iter().enumerate() {
            for meta in run.holding(pick.rank, &self.ranks).filter(|b| b.from < to && from <= b.to) {
                let block = reader.block(at, pick.kind, key.week, meta.id)?;
                if let Some(part) = block.part(pick.rank, &self.ranks) {
                    block.read(part, from, to, reader.heard, out)?;
                }
            }
        }
        if let Some(column) = self.frozen.as_ref().and_then(|f| f.table.column(pick.stream)) {
            column.read(from, to, out);
        }
        if let Some(own) = self.unflushed.get(&pick.stream) {
            let begin = own.partition_point(|e| e.observed < from);
            let end = own.partition_point(|e| e.observed < to);
            out.extend_from_slice(&own[begin..end]);
        }
        settle(out);
        Ok(())
    }
}

/// Blocks through the cache; the block last read in each run is at hand for the next stream.
struct Reader<'a> {
    shared: &'a Shared,
    heard: bool,
    at_hand: HashMap<(usize, schemas::Kind), (i64, Arc<Block>), FxBuildHasher>,
}

impl Reader<'_> {
    fn block(&mut self, run: usize, kind: schemas::Kind, week: u32, id: i64) -> Result<Arc<Block>, NoBlock> {
        if let Some((have, block)) = self.at_hand.get(&(run, kind))
            && *have == id
        {
            return Ok(Arc::clone(block));
        }
        let block = self.shared.block(week, id)?;
        self.at_hand.insert((run, kind), (id, Arc::clone(&block)));
        Ok(block)
    }
}

/// A point with its place in the answer.
struct Found<T> {
    at: i64,
    rank: u32,
    pick: u32,
    point: T,
}

/// The earliest points seen.
struct Earliest<T> {
    found: Vec<Found<T>>,
    keep: usize,
    /// Points after this instant are of no use any more.
    until: i64,
}

impl<T> Earliest<T> {
    fn new(limit: usize) -> Self {
        Self { found: Vec::new(), keep: limit.saturating_add(1), until: i64::MAX }
    }

    fn push(&mut self, at: i64, rank: u32, pick: u32, point: T) {
        if at > self.until {
            return;
        }
        self.found.push(Found { at, rank, pick, point });
        if self.found.len() >= self.keep.saturating_mul(2).saturating_add(1024) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.found.len() > self.keep {
            self.found.select_nth_unstable_by_key(self.keep - 1, |f| (f.at, f.rank));
            self.found.truncate(self.keep);
            self.until = self.found[self.keep - 1].at;
        }
    }

    fn full(&self) -> bool {
        self.found.len() >= self.keep
    }

    /// In order, and whether the limit cut it.
    fn finish(mut self, limit: usize) -> (Vec<Found<T>>, bool) {
        self.found.sort_unstable_by_key(|f| (f.at, f.rank));
        let more = self.found.len() > limit;
        self.found.truncate(limit);
        (self.found, more)
    }
}

/// Answers a query, as long as anybody holds `asked`.
pub(crate) fn scan(shared: &Shared, query: &Query, asked: &Weak<()>) -> Result<Points, StoreError> {
    // A merge replaces blocks at most every few seconds: a scan that meets two begins again twice.
    for _ in 0..16 {
        match attempt(shared, query, asked) {
            Ok(points) => return Ok(points),
            Err(NoBlock::Fault(e)) => return Err(e),
            Err(NoBlock::Replaced) => {}
        }
    }
    Err(StoreError::Unavailable("its blocks are being rewritten faster than they can be read".to_owned()))
}

fn attempt(shared: &Shared, query: &Query, asked: &Weak<()>) -> Result<Points, NoBlock> {
    let (from, to) = (query.range.start.millis(), query.range.end.millis());
    match query.shape {
        Shape::Raw => {
            let mut earliest = Earliest::new(query.limit);
            let picks = walk(shared, query, asked, (from, to), true, &mut earliest, |earliest, entries, picks| {
                for (entry, pick) in entries {
                    earliest.push(entry.observed, picks[*pick as usize].rank, *pick, *entry);
                }
            })?;
            let (found, more) = earliest.finish(query.limit);
            let readings = found.iter().map(|f| {
                let pick = &picks[f.pick as usize];
                f.point.reading(&pick.key, pick.kind, &pick.zone)
            });
            Ok(Points::Raw { readings: readings.collect(), more })
        }
        Shape::Hourly => {
            let mut earliest = Earliest::new(query.limit);
            let picks = walk(shared, query, asked, (from, to), false, &mut earliest, |earliest, entries, picks| {
                for hour in entries.chunk_by(|a, b| a.0.observed / HOUR == b.0.observed / HOUR) {
                    let pick = hour[0].1;
                    if let Some(partial) = partial(hour) {
                        earliest.push(partial.0, picks[pick as usize].rank, pick, partial.1);
                    }
                }
            })?;
            let (found, more) = earliest.finish(query.limit);
            let partials = found.into_iter().map(|f| Partial {
                series: picks[f.pick as usize].key.clone(),
                start: Timestamp::clamped(f.at),
                count: f.point.count,
                sum: f.point.sum,
                min: f.point.min,
                max: f.point.max,
                first: f.point.first,
                last: f.point.last,
            });
            Ok(Points::Hourly { partials: partials.collect(), more })
        }
    }
}

/// Numbers of a partial.
struct Sums {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    first: f64,
    last: f64,
}

/// One hour of one series; none where every reading is bad.
fn partial(hour: &[(Entry, u32)]) -> Option<(i64, Sums)> {
    let mut judged = hour.iter().map(|(e, _)| e).filter(|e| !e.is_bad());
    let first = judged.next()?;
    let start = first.observed - first.observed % HOUR;
    let mut sums = Sums { count: 1, sum: first.value, min: first.value, max: first.value, first: first.value, last: first.value };
    for entry in judged {
        sums.count += 1;
        sums.sum += entry.value;
        sums.min = sums.min.min(entry.value);
        sums.max = sums.max.max(entry.value);
        sums.last = entry.value;
    }
    Some((start, sums))
}

/// Goes through weeks and series; `visit` gets the readings of one series in one week, in order of
/// time, with the index of their pick. Gives the picks back.
fn walk<T>(
    shared: &Shared,
    query: &Query,
    asked: &Weak<()>,
    (from, to): (i64, i64),
    heard: bool,
    earliest: &mut Earliest<T>,
    mut visit: impl FnMut(&mut Earliest<T>, &[(Entry, u32)], &[Pick]),
) -> Result<Vec<Pick>, NoBlock> {
    if from >= to {
        return Ok(Vec::new());
    }
    let view = View::new(shared, query, from, to);
    let mut reader = Reader { shared, heard, at_hand: HashMap::default() };
    let (mut own, mut series) = (Vec::new(), Vec::new());
    for week in view.weeks(from, to) {
        let start = i64::from(week) * WEEK;
        let mut index = 0u32;
        for streams in view.picks.chunk_by(|a, b| a.series == b.series) {
            if asked.strong_count() == 0 {
                return Err(NoBlock::Fault(StoreError::Unavailable("nobody waits for the answer any more".to_owned())));
            }
            // An hour that begins at `until` is whole only with all of its readings.
            let until = earliest.until.saturating_add(HOUR);
            let (begin, end) = (from.max(start), to.min(start + WEEK).min(until));
            series.clear();
            for pick in streams {
                own.clear();
                if begin < end {
                    view.gather(&mut reader, pick, (begin, end), &mut own)?;
                }
                series.extend(own.iter().filter(|e| !e.is_gone()).map(|e| (*e, index)));
                index += 1;
            }
            if streams.len() > 1 {
                series.sort_unstable_by_key(|(e, _)| e.observed);
            }
            visit(earliest, &series, &view.picks);
        }
        earliest.cut();
        if earliest.full() {
            break;
        }
    }
    Ok(view.picks)
}
