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
use super::hourly::Hourly;
use super::hours::{Hours, Sums};
use super::shelf::{BlockMeta, PartitionKey, Shelf};
use super::state::{Frozen, NoBlock, Shared};

/// What a scan sees, unchanged by what happens meanwhile.
pub(crate) struct View {
    shelf: Arc<Shelf>,
    frozen: Option<Arc<Frozen>>,
    unflushed: HashMap<u32, Vec<Entry>, FxBuildHasher>,
    pub(crate) ranks: Arc<[u32]>,
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

    /// Blocks of a week that may hold entries of a stream in `[from, to)`, the oldest run first, with the run's place.
    pub(crate) fn blocks<'a>(&'a self, pick: &'a Pick, (from, to): (i64, i64)) -> impl Iterator<Item = (usize, &'a BlockMeta)> {
        let runs = self.shelf.runs(PartitionKey { week: week_of(from), kind: pick.kind }).iter().enumerate();
        let holding = runs.flat_map(|(at, run)| run.holding(pick.rank, &self.ranks).map(move |meta| (at, meta)));
        holding.filter(move |(_, b)| b.from < to && from <= b.to)
    }

    /// The entries of a stream in `[from, to)` that are not on disk, the frozen ones before the active.
    pub(crate) fn unwritten(&self, pick: &Pick, (from, to): (i64, i64), out: &mut Vec<Entry>) {
        if let Some(column) = self.frozen.as_ref().and_then(|f| f.table.column(pick.stream)) {
            column.read(from, to, out);
        }
        if let Some(own) = self.unflushed.get(&pick.stream) {
            let begin = own.partition_point(|e| e.observed < from);
            let end = own.partition_point(|e| e.observed < to);
            out.extend_from_slice(&own[begin..end.max(begin)]);
        }
    }

    /// The readings of one series, whose streams these are, in `[from, to)`, which lies in one week; in order of time,
    /// each with the place of its stream.
    pub(crate) fn gather(
        &self,
        reader: &mut Reader<'_>,
        streams: &[Pick],
        (from, to): (i64, i64),
        out: &mut Vec<(Entry, u32)>,
    ) -> Result<(), NoBlock> {
        out.clear();
        let mut own = Vec::new();
        for (place, pick) in (0u32..).zip(streams) {
            own.clear();
            for (run, meta) in self.blocks(pick, (from, to)) {
                reader.read(run, pick, meta, &self.ranks, (from, to), &mut own)?;
            }
            self.unwritten(pick, (from, to), &mut own);
            settle(&mut own);
            out.extend(own.iter().filter(|e| !e.is_gone()).map(|e| (*e, place)));
        }
        if streams.len() > 1 {
            out.sort_unstable_by_key(|(e, _)| e.observed);
        }
        Ok(())
    }
}

/// Blocks through the cache; the block last read in each run is at hand for the next stream.
pub(crate) struct Reader<'a> {
    shared: &'a Shared,
    heard: bool,
    at_hand: HashMap<(usize, schemas::Kind), (i64, Arc<Block>), FxBuildHasher>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(shared: &'a Shared, heard: bool) -> Self {
        Self { shared, heard, at_hand: HashMap::default() }
    }

    /// The entries of a stream in `[from, to)` that a block holds, to the end of `out`.
    pub(crate) fn read(
        &mut self,
        run: usize,
        pick: &Pick,
        meta: &BlockMeta,
        ranks: &[u32],
        (from, to): (i64, i64),
        out: &mut Vec<Entry>,
    ) -> Result<(), NoBlock> {
        let block = match self.at_hand.get(&(run, pick.kind)) {
            Some((have, block)) if *have == meta.id => Arc::clone(block),
            _ => {
                let block = self.shared.block(week_of(from), meta.id)?;
                self.at_hand.insert((run, pick.kind), (meta.id, Arc::clone(&block)));
                block
            }
        };
        if let Some(part) = block.part(pick.rank, ranks) {
            block.read(part, from, to, self.heard, out)?;
            self.shared.weigh(meta.id, &block);
        }
        Ok(())
    }

    pub(crate) fn hours(&self, meta: &BlockMeta) -> Result<Arc<Hours>, NoBlock> {
        self.shared.hours(meta.id)
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
    let range @ (from, to) = (query.range.start.millis(), query.range.end.millis());
    if from >= to {
        return Ok(match query.shape {
            Shape::Raw => Points::Raw { readings: Vec::new(), more: false },
            Shape::Hourly => Points::Hourly { partials: Vec::new(), more: false },
        });
    }
    let view = View::new(shared, query, from, to);
    match query.shape {
        Shape::Raw => raw(shared, &view, asked, range, query.limit),
        Shape::Hourly => hourly(shared, &view, asked, range, query.limit),
    }
}

fn raw(shared: &Shared, view: &View, asked: &Weak<()>, range: (i64, i64), limit: usize) -> Result<Points, NoBlock> {
    let mut earliest = Earliest::new(limit);
    let (mut reader, mut series) = (Reader::new(shared, true), Vec::new());
    walk(view, asked, range, &mut earliest, |earliest, first, streams, range| {
        view.gather(&mut reader, streams, range, &mut series)?;
        for (entry, place) in &series {
            earliest.push(entry.observed, streams[*place as usize].rank, first + place, *entry);
        }
        Ok(())
    })?;
    let (found, more) = earliest.finish(limit);
    let readings = found.iter().map(|f| {
        let pick = &view.picks[f.pick as usize];
        f.point.reading(&pick.key, pick.kind, &pick.zone)
    });
    Ok(Points::Raw { readings: readings.collect(), more })
}

fn hourly(shared: &Shared, view: &View, asked: &Weak<()>, range: (i64, i64), limit: usize) -> Result<Points, NoBlock> {
    let mut earliest: Earliest<Sums> = Earliest::new(limit);
    let mut hourly = Hourly::new(view, Reader::new(shared, false));
    walk(view, asked, range, &mut earliest, |earliest, first, streams, range| {
        hourly.series(streams, range, |at, sums| earliest.push(at, streams[0].rank, first, sums))
    })?;
    let (found, more) = earliest.finish(limit);
    let partials = found.into_iter().map(|f| Partial {
        series: view.picks[f.pick as usize].key.clone(),
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

/// Goes through weeks and series; `visit` gets the index of a series' first stream, its streams, and what of `[from, to)`
/// lies in the week and may still be of use.
fn walk<T>(
    view: &View,
    asked: &Weak<()>,
    (from, to): (i64, i64),
    earliest: &mut Earliest<T>,
    mut visit: impl FnMut(&mut Earliest<T>, u32, &[Pick], (i64, i64)) -> Result<(), NoBlock>,
) -> Result<(), NoBlock> {
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
            if begin < end {
                visit(earliest, index, streams, (begin, end))?;
            }
            index += u32::try_from(streams.len()).expect("streams are counted by u32");
        }
        earliest.cut();
        if earliest.full() {
            break;
        }
    }
    Ok(())
}
