//! The head of a block: what lies where in it. Read in both formats, written in the second.
//!
//! ```text
//! format 2, varints:
//!   parts, entries
//!   per part     the step from the stream before it (zigzag), entries, decimals (0..=9, or 255: floats), and its
//!                clock: 0 where it keeps the instants of the part before it, else 1 + its first instant (ms after
//!                the start of the week)
//!   per sheet    its clocks, bytes of its steps, bytes of its delays; 0 after the last
//!   per sheet    its parts, bytes of its whole values, bytes of its floats; 0 after the last
//!   flawed entries, and for each the step to its index and its bits
//! format 1, varints: streams, entries; per stream its id, entries, first instant, decimals; bytes of steps, whole values,
//!   floats and delays; flawed entries. One sheet of each, and a clock for each stream.
//! ```

use std::ops::Range;

use super::columns::RAW;
use super::{Clock, Part};
use crate::embedded::wire::{self, Reader};

/// A sheet of clocks, or of values: which, their entries, and where its two columns lie among the packed bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    /// Clocks, or parts.
    pub(crate) items: Range<usize>,
    /// Entries of all of them.
    pub(crate) entries: usize,
    pub(crate) columns: [Range<usize>; 2],
}

/// What lies where.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Head {
    pub(crate) parts: Vec<Part>,
    pub(crate) clocks: Vec<Clock>,
    /// Sheets of clocks.
    pub(crate) times: Vec<Span>,
    /// Sheets of values.
    pub(crate) values: Vec<Span>,
    /// Index and bits of flawed entries.
    pub(crate) flaws: Vec<(u32, u32)>,
    pub(crate) count: usize,
}

impl Head {
    /// Writes the second format; the columns follow in the order of the sheets.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        wire::put(out, self.parts.len() as u64);
        wire::put(out, self.count as u64);
        let (mut before, mut clock) = (0i64, None);
        for part in &self.parts {
            wire::put_signed(out, i64::from(part.stream) - before);
            before = i64::from(part.stream);
            wire::put(out, part.range().len() as u64);
            out.push(part.places);
            if clock == Some(part.clock) {
                wire::put(out, 0);
            } else {
                wire::put(out, u64::from(self.clocks[part.clock as usize].first) + 1);
                clock = Some(part.clock);
            }
        }
        for spans in [&self.times, &self.values] {
            for span in spans {
                wire::put(out, span.items.len() as u64);
                span.columns.iter().for_each(|c| wire::put(out, c.len() as u64));
            }
            wire::put(out, 0);
        }
        wire::put(out, self.flaws.len() as u64);
        let mut before = 0;
        for (index, bits) in &self.flaws {
            wire::put(out, u64::from(index - before));
            wire::put(out, u64::from(*bits));
            before = *index;
        }
    }

    /// Reads the second format; `None` where it contradicts itself or the bytes that follow.
    pub(crate) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let parts = reader.small()?;
        let mut head = Self { count: reader.small()? as usize, ..Self::default() };
        let mut stream = 0i64;
        for _ in 0..parts {
            stream = stream.checked_add(reader.signed()?)?;
            let (length, places) = (reader.small()?, reader.bytes(1)?[0]);
            let first = match reader.number()? {
                0 => None,
                first => Some(u32::try_from(first - 1).ok()?),
            };
            head.part(u32::try_from(stream).ok()?, length, places, first)?;
        }
        let mut at = 0;
        head.times = spans(reader, &mut at, head.clocks.iter().map(|c| c.length as usize))?;
        head.values = spans(reader, &mut at, head.parts.iter().map(|p| p.range().len()))?;
        head.finish(reader, at)
    }

    /// Reads the first format.
    pub(crate) fn read_first(reader: &mut Reader<'_>) -> Option<Self> {
        let parts = reader.small()?;
        let mut head = Self { count: reader.small()? as usize, ..Self::default() };
        for _ in 0..parts {
            let (stream, length, first) = (reader.small()?, reader.small()?, reader.small()?);
            let places = reader.bytes(1)?[0];
            head.part(stream, length, places, Some(first))?;
        }
        let mut at = 0;
        let mut column = || {
            let begin = at;
            at += reader.small()? as usize;
            Some(begin..at)
        };
        let (steps, wholes, floats, delays) = (column()?, column()?, column()?, column()?);
        let items = 0..head.parts.len();
        head.times = vec![Span { items: items.clone(), entries: head.count, columns: [steps, delays] }];
        head.values = vec![Span { items, entries: head.count, columns: [wholes, floats] }];
        head.finish(reader, at)
    }

    fn part(&mut self, stream: u32, length: u32, places: u8, first: Option<u32>) -> Option<()> {
        let start = self.parts.last().map_or(0, |p| p.end);
        let end = start.checked_add(length).filter(|_| length > 0 && (places < 10 || places == RAW))?;
        if let Some(first) = first {
            self.clocks.push(Clock { first, length });
        }
        let clock = u32::try_from(self.clocks.len()).ok()?.checked_sub(1)?;
        if self.clocks.last()?.length != length {
            return None;
        }
        self.parts.push(Part { stream, start, end, places, clock });
        Some(())
    }

    /// The flaws, and whether all lengths fit together; `packed` bytes of columns must be left.
    fn finish(mut self, reader: &mut Reader<'_>, packed: usize) -> Option<Self> {
        let mut index = 0usize;
        for _ in 0..reader.small()? {
            index = index.checked_add(reader.small()? as usize).filter(|i| *i < self.count)?;
            self.flaws.push((u32::try_from(index).ok()?, reader.small()?));
        }
        let entries = self.parts.last().map_or(0, |p| p.end as usize);
        (entries == self.count && reader.0.len() == packed).then_some(self)
    }
}

/// Sheets over items of these lengths, which they must cover.
fn spans(reader: &mut Reader<'_>, at: &mut usize, mut lengths: impl ExactSizeIterator<Item = usize>) -> Option<Vec<Span>> {
    let (mut spans, mut begin) = (Vec::new(), 0);
    loop {
        let items = reader.small()? as usize;
        if items == 0 {
            return (lengths.len() == 0).then_some(spans);
        }
        if lengths.len() < items {
            return None;
        }
        let entries = lengths.by_ref().take(items).sum();
        let end = begin + items;
        let mut column = || {
            let begin = *at;
            *at += reader.small()? as usize;
            Some(begin..*at)
        };
        spans.push(Span { items: begin..end, entries, columns: [column()?, column()?] });
        begin = end;
    }
}
