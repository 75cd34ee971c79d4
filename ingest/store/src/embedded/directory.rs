//! Which series there are, the streams they are kept as, and the latest reading of each.
//!
//! A **series** is what others ask for: device, quantity, channel. A **stream** is a series while its
//! device has one kind and one zone, and the unit of everything below: a device that moves begins a
//! new stream, so that a zone's history stays the zone's.

use std::hash::BuildHasher as _;
use std::sync::Arc;

use hashbrown::HashTable;
use ports::Selector;
use rustc_hash::{FxBuildHasher, FxHashSet};
use schemas::{Kind, Reading, SeriesKey, Zone};

use super::entry::Entry;
use crate::order;

/// The latest reading of a series and the stream that has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Latest {
    pub(crate) stream: u32,
    pub(crate) entry: Entry,
}

#[derive(Debug)]
pub(crate) struct Series {
    pub(crate) key: SeriesKey,
    /// The stream appended to last.
    pub(crate) current: u32,
    /// All streams; nearly always one.
    pub(crate) streams: Vec<u32>,
    /// None where everything was forgotten.
    pub(crate) latest: Option<Latest>,
}

#[derive(Clone, Debug)]
pub(crate) struct Stream {
    pub(crate) series: u32,
    pub(crate) kind: Kind,
    pub(crate) zone: Zone,
}

/// A stream that a question asks for, with all that the answer needs.
#[derive(Clone, Debug)]
pub(crate) struct Pick {
    pub(crate) series: u32,
    pub(crate) stream: u32,
    pub(crate) rank: u32,
    pub(crate) key: SeriesKey,
    pub(crate) kind: Kind,
    pub(crate) zone: Zone,
}

/// Series of one chunk of saved latest readings.
pub(crate) const CHUNK: usize = 512;

/// Ids are places in the vectors; a place whose series was erased stays empty for the life of the
/// store, so that no id is ever used twice.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    /// The series by their keys, which stand there alone: a city of a million meters has five million.
    ids: HashTable<u32>,
    series: Vec<Option<Series>>,
    streams: Vec<Option<Stream>>,
    unsaved: Vec<u32>,
    changed: Vec<bool>,
    sorted: Vec<u32>,
    fresh: bool,
    ranks: Arc<[u32]>,
}

fn hash(key: &SeriesKey) -> u64 {
    FxBuildHasher.hash_one(key)
}

fn index(len: usize) -> u32 {
    u32::try_from(len).expect("memory ends long before four thousand million series")
}

impl Directory {
    /// The series of a reading; made if it is new. No clone where it is known.
    pub(crate) fn series_of(&mut self, key: &SeriesKey) -> u32 {
        if let Some(id) = self.known(key) {
            return id;
        }
        let id = index(self.series.len());
        self.series.push(Some(Series { key: key.clone(), current: u32::MAX, streams: Vec::new(), latest: None }));
        self.enter(id);
        id
    }

    fn known(&self, key: &SeriesKey) -> Option<u32> {
        self.ids.find(hash(key), |id| self.has(*id, key)).copied()
    }

    fn has(&self, id: u32, key: &SeriesKey) -> bool {
        self.series.get(id as usize).and_then(Option::as_ref).is_some_and(|series| series.key == *key)
    }

    /// Makes a series known by its key, which nobody has.
    fn enter(&mut self, id: u32) {
        let of = |id: &u32| self.series[*id as usize].as_ref().map_or(0, |series| hash(&series.key));
        self.ids.insert_unique(of(&id), id, of);
    }

    /// The stream of a series for a kind and a zone; made if it is new.
    pub(crate) fn stream_of(&mut self, series: u32, kind: Kind, zone: &Zone) -> u32 {
        let is =
            |stream: Option<&Option<Stream>>| stream.and_then(Option::as_ref).is_some_and(|s| s.kind == kind && s.zone == *zone);
        let own = self.series[series as usize].as_mut().expect("the caller has it from series_of");
        if is(self.streams.get(own.current as usize)) {
            return own.current;
        }
        if let Some(&known) = own.streams.iter().find(|id| is(self.streams.get(**id as usize))) {
            own.current = known;
            return known;
        }
        let id = index(self.streams.len());
        self.streams.push(Some(Stream { series, kind, zone: zone.clone() }));
        own.current = id;
        own.streams.push(id);
        self.unsaved.push(id);
        self.fresh = false;
        id
    }

    /// Puts back a stream that was saved. False where its place is taken.
    pub(crate) fn restore(&mut self, id: u32, series: u32, key: &SeriesKey, kind: Kind, zone: Zone) -> bool {
        let (at, s) = (id as usize, series as usize);
        if self.streams.len() <= at {
            self.streams.resize_with(at + 1, || None);
        }
        if self.series.len() <= s {
            self.series.resize_with(s + 1, || None);
        }
        let known = self.known(key);
        if known.is_some_and(|known| known != series) || self.streams[at].is_some() {
            return false;
        }
        let own =
            self.series[s].get_or_insert_with(|| Series { key: key.clone(), current: id, streams: Vec::new(), latest: None });
        if own.key != *key {
            return false;
        }
        own.streams.push(id);
        if known.is_none() {
            self.enter(series);
        }
        self.streams[at] = Some(Stream { series, kind, zone });
        self.fresh = false;
        true
    }

    /// Sets the latest reading as it was saved.
    pub(crate) fn restore_latest(&mut self, series: u32, latest: Latest) -> bool {
        let Some(Some(own)) = self.series.get_mut(series as usize) else { return false };
        if !own.streams.contains(&latest.stream) {
            return false;
        }
        own.current = latest.stream;
        own.latest = Some(latest);
        true
    }

    /// The series of this id, which was not erased.
    pub(crate) fn series(&self, id: u32) -> &Series {
        self.series[id as usize].as_ref().expect("ids come from the directory")
    }

    /// The stream of this id, which was not erased.
    pub(crate) fn stream(&self, id: u32) -> &Stream {
        self.streams[id as usize].as_ref().expect("ids come from the directory")
    }

    /// Changes the latest reading of a series.
    pub(crate) fn set_latest(&mut self, series: u32, latest: Option<Latest>) {
        let at = series as usize;
        self.series[at].as_mut().expect("ids come from the directory").latest = latest;
        let chunk = at / CHUNK;
        if chunk >= self.changed.len() {
            self.changed.resize(chunk + 1, false);
        }
        self.changed[chunk] = true;
    }

    /// Takes a series out with its streams, whose ids come back.
    pub(crate) fn erase(&mut self, series: u32) -> Vec<u32> {
        let key = self.series[series as usize].as_ref().map_or(0, |own| hash(&own.key));
        if let Ok(entry) = self.ids.find_entry(key, |id| *id == series) {
            entry.remove();
        }
        let Some(own) = self.series[series as usize].take() else { return Vec::new() };
        for stream in &own.streams {
            self.streams[*stream as usize] = None;
        }
        self.unsaved.retain(|id| !own.streams.contains(id));
        self.fresh = false;
        own.streams
    }

    /// Marks the streams of a series as not saved, after their rows went.
    pub(crate) fn unsave(&mut self, series: u32) {
        for stream in self.series(series).streams.clone() {
            if !self.unsaved.contains(&stream) {
                self.unsaved.push(stream);
            }
        }
    }

    /// Series known.
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The place of each stream in the order of names, by stream id. Places move when streams come,
    /// their order among themselves does not.
    pub(crate) fn ranks(&mut self) -> Arc<[u32]> {
        self.sort();
        Arc::clone(&self.ranks)
    }

    fn sort(&mut self) {
        if self.fresh {
            return;
        }
        // What was sorted stays a sorted stretch at the front: the sort then only merges.
        let mut seen = vec![false; self.streams.len()];
        let mut sorted = std::mem::take(&mut self.sorted);
        sorted.retain(|id| self.streams[*id as usize].is_some());
        for id in &sorted {
            seen[*id as usize] = true;
        }
        sorted.extend((0..index(self.streams.len())).filter(|id| !seen[*id as usize] && self.streams[*id as usize].is_some()));
        let name = |id: u32| order(&self.series(self.stream(id).series).key);
        sorted.sort_by(|a, b| name(*a).cmp(&name(*b)).then(a.cmp(b)));
        let mut ranks = vec![u32::MAX; self.streams.len()];
        for (rank, id) in (0u32..).zip(&sorted) {
            ranks[*id as usize] = rank;
        }
        self.sorted = sorted;
        self.ranks = ranks.into();
        self.fresh = true;
    }

    /// Ids of streams in the order of names: all, or those of the devices asked for.
    fn listed(&mut self, select: &Selector) -> Vec<u32> {
        self.sort();
        if select.devices.is_empty() {
            return self.sorted.clone();
        }
        let mut devices: Vec<_> = select.devices.iter().collect();
        devices.sort_unstable();
        devices.dedup();
        let device = |id: &u32| &self.series(self.stream(*id).series).key.device;
        let mut listed = Vec::new();
        for wanted in devices {
            let begin = self.sorted.partition_point(|id| device(id) < wanted);
            listed.extend(self.sorted[begin..].iter().take_while(|id| device(id) == wanted));
        }
        listed
    }

    /// The streams that a selector takes, in the order of names.
    pub(crate) fn picks(&mut self, select: &Selector) -> Vec<Pick> {
        let listed = self.listed(select);
        let quantities: FxHashSet<_> = select.quantities.iter().copied().collect();
        let mut picks = Vec::new();
        for id in listed {
            let stream = self.stream(id);
            let kept = select.kind.is_none_or(|k| k == stream.kind) && select.zone.as_ref().is_none_or(|z| *z == stream.zone);
            let key = &self.series(stream.series).key;
            if kept && (quantities.is_empty() || quantities.contains(&key.quantity)) {
                picks.push(Pick {
                    series: stream.series,
                    stream: id,
                    rank: self.ranks[id as usize],
                    key: key.clone(),
                    kind: stream.kind,
                    zone: stream.zone.clone(),
                });
            }
        }
        picks
    }

    /// The latest reading of each series, where the selector takes that reading.
    pub(crate) fn latest(&mut self, select: &Selector) -> Vec<Reading> {
        let listed = self.listed(select);
        let quantities: FxHashSet<_> = select.quantities.iter().copied().collect();
        let mut readings = Vec::new();
        for id in listed {
            let stream = self.stream(id);
            let series = self.series(stream.series);
            let Some(latest) = series.latest.filter(|l| l.stream == id) else { continue };
            let taken = select.kind.is_none_or(|k| k == stream.kind)
                && select.zone.as_ref().is_none_or(|z| *z == stream.zone)
                && (quantities.is_empty() || quantities.contains(&series.key.quantity));
            if taken {
                readings.push(latest.entry.reading(&series.key, stream.kind, &stream.zone));
            }
        }
        readings
    }

    /// Takes what the next transaction must save: new streams, and the numbers of changed chunks.
    pub(crate) fn take_unsaved(&mut self) -> (Vec<u32>, Vec<u32>) {
        let chunks = (0u32..).zip(&self.changed).filter(|(_, changed)| **changed).map(|(chunk, _)| chunk).collect();
        self.changed.fill(false);
        (std::mem::take(&mut self.unsaved), chunks)
    }

    /// The latest readings of a chunk, by place.
    pub(crate) fn chunk(&self, chunk: u32) -> impl Iterator<Item = Option<Latest>> {
        let begin = chunk as usize * CHUNK;
        let end = (begin + CHUNK).min(self.series.len());
        self.series[begin.min(end)..end].iter().map(|s| s.as_ref().and_then(|s| s.latest))
    }

    /// The first series of a chunk.
    pub(crate) fn first_of(chunk: u32) -> u32 {
        chunk.saturating_mul(index(CHUNK))
    }
}
