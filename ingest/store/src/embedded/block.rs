//! A block on disk, format 2: a sorted, duplicate-free run of readings of neighbouring streams in one week, as columns.
//!
//! ```text
//! 0  4  "MBK" and the version, 2
//! 4  4  CRC-32C of all that follows, little endian
//! 8     the head, which says what lies where
//! ..    sheets of clocks: steps of time (u32 ms, none for a clock's first instant), received minus observed (i64 ms)
//! ..    sheets of values: scaled by their decimals (i64), and those that have none (f64)
//! ```
//!
//! The quantities of a device come in one message, observed and heard together: their instants are kept once, as a
//! **clock** that neighbouring streams share. A **sheet** is some hundred values, or a few thousand instants, that are
//! compressed together, so that who asks for one stream unpacks little more. Most sensors send short decimals: 21.4 is kept as 214 and one decimal,
//! exactly, and integers compress several times better than the binary fractions nearest to them.
//!
//! Deliberately absent: which week, which run. They stand in the database's row.

mod columns;
mod head;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::OnceLock;

use pco::{DeltaSpec, ModeSpec};
use ports::StoreError;

pub(crate) use columns::{RAW, damaged, decimals, power, scaled};
use columns::{pack, unpack};
use head::{Head, Span};

use super::entry::Entry;
use super::wire::Reader;

/// Entries of a block, about: from half as many on, it ends where a device ends, and with twice as many anywhere. Few in
/// this crate's own tests, so that small histories fill many.
pub(crate) const BLOCK: usize = if cfg!(test) { 32 } else { 65_536 };
/// Entries from which a sheet of clocks is full.
const SHEET: usize = if cfg!(test) { 12 } else { 8192 };
/// Entries from which a sheet of values is: a week of a quarter of an hour stands alone, so that who asks for one quantity of a
/// device does not unpack the others.
const VALUES: usize = if cfg!(test) { 12 } else { 512 };

const MAGIC: [u8; 3] = *b"MBK";
/// Where the bytes under the checksum begin.
const BODY: usize = 8;

/// Part of a stream, inside a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Whose.
    pub(crate) stream: u32,
    /// Where its entries begin in the block.
    pub(crate) start: u32,
    /// Where they end.
    pub(crate) end: u32,
    /// Decimals, or [`RAW`].
    pub(crate) places: u8,
    clock: u32,
}

impl Part {
    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// Instants that parts share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Clock {
    /// Milliseconds after the start of the week.
    first: u32,
    length: u32,
}

/// Whether two parts were observed and heard at the same instants.
pub(crate) fn same_clock(a: &[Entry], b: &[Entry]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.observed == b.observed && a.received == b.received)
}

/// Writes a block. `lengths` are streams and how many entries each has, end to end over `entries`, each in order of time;
/// `start` is the start of the week in milliseconds.
pub(crate) fn encode(start: i64, lengths: &[(u32, usize)], entries: &[Entry]) -> Vec<u8> {
    let mut head = Head { count: entries.len(), ..Head::default() };
    let (mut packed, mut rest) = (Vec::new(), entries);
    let mut owns: Vec<&[Entry]> = Vec::with_capacity(lengths.len());
    let mut clocks: Vec<&[Entry]> = Vec::new();
    for (stream, length) in lengths {
        let (own, after) = rest.split_at(*length);
        rest = after;
        if !clocks.last().is_some_and(|clock| same_clock(clock, own)) {
            head.clocks.push(Clock { first: small(own[0].observed - start), length: small(own.len()) });
            clocks.push(own);
        }
        let begin = head.parts.last().map_or(0, |p| p.end);
        let clock = small(clocks.len() - 1);
        head.parts.push(Part { stream: *stream, start: begin, end: begin + small(own.len()), places: decimals(own), clock });
        owns.push(own);
    }
    for items in sheets(SHEET, clocks.iter().map(|c| c.len())) {
        let own = &clocks[items.clone()];
        let steps: Vec<u32> = own.iter().flat_map(|c| c.windows(2)).map(|w| small(w[1].observed - w[0].observed)).collect();
        let delays: Vec<i64> = own.iter().flat_map(|c| c.iter()).map(|e| e.received - e.observed).collect();
        let columns = [pack(&steps, DeltaSpec::NoOp, ModeSpec::Auto), pack(&delays, DeltaSpec::NoOp, ModeSpec::Auto)];
        head.times.push(laid(&mut packed, items, delays.len(), &columns));
    }
    for items in sheets(VALUES, owns.iter().map(|own| own.len())) {
        let (mut wholes, mut floats) = (Vec::new(), Vec::new());
        for (part, own) in head.parts[items.clone()].iter().zip(&owns[items.clone()]) {
            if part.places == RAW {
                floats.extend(own.iter().map(|e| e.value));
            } else {
                wholes.extend(own.iter().map(|e| scaled(e.value, part.places).expect("decimals() tried every value")));
            }
        }
        let columns = [pack(&wholes, DeltaSpec::Auto, ModeSpec::Auto), pack(&floats, DeltaSpec::Auto, ModeSpec::Auto)];
        head.values.push(laid(&mut packed, items, wholes.len() + floats.len(), &columns));
    }
    head.flaws = (0u32..).zip(entries).filter(|(_, e)| e.flaws != 0).map(|(index, e)| (index, e.flaws)).collect();
    let mut out = Vec::with_capacity(packed.len() + head.parts.len() * 12 + 64);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[2, 0, 0, 0, 0]);
    head.write(&mut out);
    out.extend_from_slice(&packed);
    let sum = crc32c::crc32c(&out[BODY..]);
    out[4..BODY].copy_from_slice(&sum.to_le_bytes());
    out
}

fn small<T: TryInto<u32, Error: std::fmt::Debug>>(number: T) -> u32 {
    number.try_into().expect("milliseconds of a week and entries of a block fit")
}

/// Neighbours together until a sheet is full.
fn sheets(full: usize, lengths: impl Iterator<Item = usize>) -> Vec<Range<usize>> {
    let (mut sheets, mut begin, mut entries, mut end) = (Vec::new(), 0, 0, 0);
    for length in lengths {
        entries += length;
        end += 1;
        if entries >= full {
            sheets.push(begin..end);
            (begin, entries) = (end, 0);
        }
    }
    if begin < end {
        sheets.push(begin..end);
    }
    sheets
}

fn laid(packed: &mut Vec<u8>, items: Range<usize>, entries: usize, columns: &[Vec<u8>; 2]) -> Span {
    let columns = columns.each_ref().map(|column| {
        let begin = packed.len();
        packed.extend_from_slice(column);
        begin..packed.len()
    });
    Span { items, entries, columns }
}

/// A block in memory, unpacked as far as anybody asked.
#[derive(Debug)]
pub(crate) struct Block {
    id: i64,
    start: i64,
    /// In the order of the streams' names.
    pub(crate) parts: Vec<Part>,
    clocks: Vec<Clock>,
    times: Vec<Sheet<i64>>,
    delays: Vec<OnceLock<Box<[i64]>>>,
    values: Vec<Sheet<f64>>,
    flaws: Vec<(u32, u32)>,
    packed: Box<[u8]>,
}

#[derive(Debug)]
struct Sheet<T> {
    span: Span,
    unpacked: OnceLock<Box<[T]>>,
}

fn folded<T>(spans: Vec<Span>) -> Vec<Sheet<T>> {
    spans.into_iter().map(|span| Sheet { span, unpacked: OnceLock::new() }).collect()
}

/// What `make` gives, once; two may make it at once, and one of them in vain.
fn once<T>(cell: &OnceLock<Box<[T]>>, make: impl FnOnce() -> Result<Vec<T>, StoreError>) -> Result<&[T], StoreError> {
    if let Some(made) = cell.get() {
        return Ok(made);
    }
    let made = make()?.into_boxed_slice();
    Ok(cell.get_or_init(|| made))
}

/// The sheet that holds an item.
fn sheet_of<T>(sheets: &[Sheet<T>], item: usize) -> usize {
    sheets.partition_point(|s| s.span.items.end <= item)
}

impl Block {
    /// Reads what [`encode`] wrote, or format 1; `start` is the start of its week. Columns are looked at when they are
    /// read.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the block's id.
    pub(crate) fn decode(id: i64, start: i64, bytes: &[u8]) -> Result<Self, StoreError> {
        let (head, body) = bytes.split_at_checked(BODY).ok_or_else(|| damaged(id, "shorter than its head"))?;
        if head[..3] != MAGIC || !(1..=2).contains(&head[3]) {
            return Err(damaged(id, "not a block of format 1 or 2"));
        }
        let sum = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        if crc32c::crc32c(body) != sum {
            return Err(damaged(id, "its checksum does not fit"));
        }
        let mut reader = Reader(body);
        let read = if head[3] == 1 { Head::read_first(&mut reader) } else { Head::read(&mut reader) };
        let head = read.ok_or_else(|| damaged(id, "its lengths do not fit together"))?;
        Ok(Self {
            id,
            start,
            parts: head.parts,
            clocks: head.clocks,
            delays: head.times.iter().map(|_| OnceLock::new()).collect(),
            times: folded(head.times),
            values: folded(head.values),
            flaws: head.flaws,
            packed: reader.0.into(),
        })
    }

    /// The index of a stream's part, by its rank among names.
    pub(crate) fn part(&self, rank: u32, ranks: &[u32]) -> Option<usize> {
        self.parts.binary_search_by_key(&rank, |p| ranks[p.stream as usize]).ok()
    }

    /// The entries of a part observed in `[from, to)` milliseconds, to the end of `out`. Without `heard`, their `received`
    /// is not filled: the column is unpacked only for who asks.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub(crate) fn read(&self, part: usize, from: i64, to: i64, heard: bool, out: &mut Vec<Entry>) -> Result<(), StoreError> {
        let own = self.parts[part];
        let (sheet, ticks) = self.ticks(own);
        let times = &self.times(sheet)?[ticks.clone()];
        let begin = times.partition_point(|t| *t < from);
        let end = times.partition_point(|t| *t < to);
        if begin >= end {
            return Ok(());
        }
        let delays = if heard { &self.delays(sheet)?[ticks][begin..end] } else { &[] };
        let values = &self.values(part)?[begin..end];
        let laid = out.len();
        out.extend(times[begin..end].iter().zip(values).enumerate().map(|(i, (t, v))| Entry {
            observed: *t,
            received: *t + delays.get(i).copied().unwrap_or(0),
            value: *v,
            flaws: 0,
        }));
        let (begin, end) = (own.start as usize + begin, own.start as usize + end);
        let first = self.flaws.partition_point(|(index, _)| (*index as usize) < begin);
        for (index, bits) in self.flaws[first..].iter().take_while(|(index, _)| (*index as usize) < end) {
            out[laid + *index as usize - begin].flaws = *bits;
        }
        Ok(())
    }

    /// The sheet of a part's clock, and where its instants stand in it.
    fn ticks(&self, part: Part) -> (usize, Range<usize>) {
        let clock = part.clock as usize;
        let sheet = sheet_of(&self.times, clock);
        let before = &self.clocks[self.times[sheet].span.items.start..clock];
        let begin: usize = before.iter().map(|c| c.length as usize).sum();
        (sheet, begin..begin + part.range().len())
    }

    fn times(&self, sheet: usize) -> Result<&[i64], StoreError> {
        let Sheet { span, unpacked } = &self.times[sheet];
        once(unpacked, || {
            let steps: Vec<u32> = unpack(self.id, &self.packed[span.columns[0].clone()], span.entries - span.items.len())?;
            let mut steps = steps.into_iter();
            let mut times = Vec::with_capacity(span.entries);
            for clock in &self.clocks[span.items.clone()] {
                let mut at = self.start + i64::from(clock.first);
                times.push(at);
                times.extend(steps.by_ref().take(clock.length as usize - 1).map(|step| {
                    at += i64::from(step);
                    at
                }));
            }
            Ok(times)
        })
    }

    fn delays(&self, sheet: usize) -> Result<&[i64], StoreError> {
        let span = &self.times[sheet].span;
        once(&self.delays[sheet], || unpack(self.id, &self.packed[span.columns[1].clone()], span.entries))
    }

    /// The values of a part.
    fn values(&self, part: usize) -> Result<&[f64], StoreError> {
        let Sheet { span, unpacked } = &self.values[sheet_of(&self.values, part)];
        let begin = self.parts[span.items.start].start as usize;
        let all = once(unpacked, || self.unscaled(span))?;
        let own = self.parts[part].range();
        Ok(&all[own.start - begin..own.end - begin])
    }

    #[expect(clippy::cast_precision_loss, reason = "the writer made sure that the division gives the value back")]
    fn unscaled(&self, span: &Span) -> Result<Vec<f64>, StoreError> {
        let parts = &self.parts[span.items.clone()];
        let raw: usize = parts.iter().filter(|p| p.places == RAW).map(|p| p.range().len()).sum();
        let wholes: Vec<i64> = unpack(self.id, &self.packed[span.columns[0].clone()], span.entries - raw)?;
        let floats: Vec<f64> = unpack(self.id, &self.packed[span.columns[1].clone()], raw)?;
        let (mut wholes, mut floats) = (wholes.into_iter(), floats.into_iter());
        let mut values = Vec::with_capacity(span.entries);
        for part in parts {
            let length = part.range().len();
            match power(part.places) {
                Some(power) => values.extend(wholes.by_ref().take(length).map(|w| w as f64 / power)),
                None => values.extend(floats.by_ref().take(length)),
            }
        }
        Ok(values)
    }

    /// Bytes in memory now, about.
    pub(crate) fn weight(&self) -> u64 {
        fn words<T>(cell: &OnceLock<Box<[T]>>) -> usize {
            cell.get().map_or(0, |unpacked| unpacked.len())
        }
        let unpacked: usize = self.times.iter().map(|s| words(&s.unpacked)).sum::<usize>()
            + self.delays.iter().map(words).sum::<usize>()
            + self.values.iter().map(|s| words(&s.unpacked)).sum::<usize>();
        let sheets = self.times.len() * 2 + self.values.len();
        (unpacked * 8 + self.parts.len() * 28 + self.flaws.len() * 8 + sheets * 72 + self.packed.len() + 256) as u64
    }
}
