//! What is not flushed yet. The journal is its write-ahead log: after a crash the historian appends
//! the same readings again.

use std::collections::BTreeMap;

use super::entry::{Entry, settle};

/// The unflushed entries of one stream. Punctual entries are pushed; a late one costs a logarithm,
/// whatever the order of arrival.
#[derive(Debug, Default)]
pub(crate) struct Column {
    punctual: Vec<Entry>,
    late: BTreeMap<i64, Entry>,
}

impl Column {
    /// Puts an entry in; true where nothing stood at its instant.
    fn put(&mut self, entry: Entry) -> bool {
        if self.punctual.last().is_none_or(|last| last.observed < entry.observed) {
            self.punctual.push(entry);
            return true;
        }
        match self.punctual.binary_search_by_key(&entry.observed, |e| e.observed) {
            Ok(at) => {
                self.punctual[at] = entry;
                false
            }
            Err(_) => self.late.insert(entry.observed, entry).is_none(),
        }
    }

    fn at(&self, observed: i64) -> Option<Entry> {
        let punctual = self.punctual.binary_search_by_key(&observed, |e| e.observed).ok().map(|at| self.punctual[at]);
        // Where a punctual entry passed a late one, both are there only at different instants.
        punctual.or_else(|| self.late.get(&observed).copied())
    }

    /// The entries observed in `[from, to)`, in order of time, to the end of `out`.
    pub(crate) fn read(&self, from: i64, to: i64, out: &mut Vec<Entry>) {
        let begin = self.punctual.partition_point(|e| e.observed < from);
        let end = self.punctual.partition_point(|e| e.observed < to);
        if self.late.is_empty() {
            out.extend_from_slice(&self.punctual[begin..end.max(begin)]);
            return;
        }
        let mut own = self.punctual[begin..end.max(begin)].to_vec();
        own.extend(self.late.range(from..to.max(from)).map(|(_, e)| *e));
        settle(&mut own);
        out.append(&mut own);
    }

    /// The last entry that is a reading.
    pub(crate) fn last(&self) -> Option<Entry> {
        let punctual = self.punctual.iter().rev().find(|e| !e.is_gone());
        let late = self.late.values().rev().find(|e| !e.is_gone());
        punctual.into_iter().chain(late).max_by_key(|e| e.observed).copied()
    }
}

/// The unflushed entries of all streams.
#[derive(Debug, Default)]
pub(crate) struct Memtable {
    /// By stream: the place of its column, counted from 1; 0 where it has none. Of millions of streams few are touched between
    /// two flushes.
    places: Vec<u32>,
    columns: Vec<Column>,
    /// Whose the columns are.
    touched: Vec<u32>,
    count: usize,
}

impl Memtable {
    pub(crate) fn put(&mut self, stream: u32, entry: Entry) {
        let at = stream as usize;
        if at >= self.places.len() {
            self.places.resize(at + 1, 0);
        }
        if self.places[at] == 0 {
            self.columns.push(Column::default());
            self.touched.push(stream);
            self.places[at] = u32::try_from(self.columns.len()).expect("no more columns than streams");
        }
        self.count += usize::from(self.columns[self.places[at] as usize - 1].put(entry));
    }

    pub(crate) fn at(&self, stream: u32, observed: i64) -> Option<Entry> {
        self.column(stream).and_then(|c| c.at(observed))
    }

    pub(crate) fn column(&self, stream: u32) -> Option<&Column> {
        let place = self.places.get(stream as usize)?.checked_sub(1)?;
        self.columns.get(place as usize)
    }

    /// Streams with entries, in no order.
    pub(crate) fn touched(&self) -> &[u32] {
        &self.touched
    }

    /// Entries.
    pub(crate) fn count(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_column_reads_like_a_sorted_map(puts in prop::collection::vec((0i64..50, 0u8..4), 0..100), from in 0i64..50, to in 0i64..60) {
            let mut table = Memtable::default();
            let mut map = BTreeMap::new();
            for (observed, value) in puts {
                let entry = Entry { observed, received: observed, value: f64::from(value), flaws: 0 };
                table.put(3, entry);
                map.insert(observed, entry);
                prop_assert_eq!(table.at(3, observed), Some(entry));
                prop_assert_eq!(table.count(), map.len());
            }
            let mut read = Vec::new();
            if let Some(column) = table.column(3) {
                column.read(from, to, &mut read);
                prop_assert_eq!(column.last(), map.values().next_back().copied());
            }
            let expected: Vec<_> = if from < to { map.range(from..to).map(|(_, e)| *e).collect() } else { Vec::new() };
            prop_assert_eq!(read, expected);
        }
    }
}
