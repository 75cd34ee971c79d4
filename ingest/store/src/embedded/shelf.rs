//! Which blocks there are: small enough to live in memory. A shelf is never changed in place: a scan
//! keeps the one it began with.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemas::Kind;

/// What is known of a block without reading it.
#[derive(Clone, Debug)]
pub(crate) struct BlockMeta {
    pub(crate) id: i64,
    /// Streams of its first and last part.
    pub(crate) first: u32,
    pub(crate) last: u32,
    /// The earliest and latest instant, milliseconds, both inside.
    pub(crate) from: i64,
    pub(crate) to: i64,
    pub(crate) count: u32,
    /// Whether what its hours come to is kept beside it.
    pub(crate) hours: bool,
}

/// Blocks that lie end to end in the order of (stream's name, time), written at once.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// Of two runs that hold the same instant of a stream, the one with the higher number is right.
    pub(crate) number: i64,
    /// How many merges it went through.
    pub(crate) level: u8,
    pub(crate) blocks: Vec<BlockMeta>,
}

impl Run {
    /// The blocks that may hold a stream, by its rank.
    pub(crate) fn holding<'a>(&'a self, rank: u32, ranks: &'a [u32]) -> impl Iterator<Item = &'a BlockMeta> {
        let begin = self.blocks.partition_point(|b| ranks[b.last as usize] < rank);
        self.blocks[begin..].iter().take_while(move |b| ranks[b.first as usize] <= rank)
    }

    pub(crate) fn count(&self) -> u64 {
        self.blocks.iter().map(|b| u64::from(b.count)).sum()
    }
}

/// A kind and a week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PartitionKey {
    pub(crate) week: u32,
    pub(crate) kind: Kind,
}

/// All partitions; the runs of each from the oldest to the newest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf {
    pub(crate) partitions: BTreeMap<PartitionKey, Vec<Arc<Run>>>,
}

impl Shelf {
    /// The runs of a partition, oldest first.
    pub(crate) fn runs(&self, key: PartitionKey) -> &[Arc<Run>] {
        self.partitions.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Puts a run in its place.
    pub(crate) fn insert(&mut self, key: PartitionKey, run: Run) {
        let runs = self.partitions.entry(key).or_default();
        let at = runs.partition_point(|r| r.number < run.number);
        runs.insert(at, Arc::new(run));
    }

    /// Takes runs out.
    pub(crate) fn remove(&mut self, key: PartitionKey, numbers: &[i64]) {
        if let Some(runs) = self.partitions.get_mut(&key) {
            runs.retain(|r| !numbers.contains(&r.number));
            if runs.is_empty() {
                self.partitions.remove(&key);
            }
        }
    }

    /// Entries in all blocks: readings, those superseded by a later run, and marks.
    pub(crate) fn count(&self) -> u64 {
        self.partitions.values().flatten().map(|r| r.count()).sum()
    }
}
