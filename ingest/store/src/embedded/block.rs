//! A block on disk, format 1: a sorted, duplicate-free run of readings of neighbouring streams in one
//! week, as columns.
//!
//! ```text
//! 0  4  "MBK" and the version, 1
//! 4  4  CRC-32C of all that follows, little endian
//! 8     varints: streams, entries; per stream: its id, entries, first instant (ms after the start of
//!       the week), decimals (0..=9, or 255: its values stand in the column of floats);
//!       bytes of the four columns; flawed entries, and for each the step to its index and its bits
//! ..    four columns, each by pco: steps of time (u32 ms, none for a stream's first entry), values
//!       scaled by their decimals (i64), other values (f64), received minus observed (i64 ms)
//! ```
//!
//! Most sensors send short decimals: 21.4 is kept as 214 and one decimal, exactly, and integers
//! compress several times better than the binary fractions nearest to them.
//!
//! Deliberately absent: which week, which run. They stand in the database's row.

use std::sync::OnceLock;

use pco::{ChunkConfig, DeltaSpec, ModeSpec};
use ports::StoreError;

use super::entry::Entry;
use super::wire::{self, Reader};

/// Entries in a full block. Few in this crate's own tests, so that small histories fill many.
pub(crate) const BLOCK: usize = if cfg!(test) { 32 } else { 8192 };

const MAGIC: [u8; 4] = *b"MBK\x01";
/// Where the bytes under the checksum begin.
const BODY: usize = 8;
const RAW: u8 = 255;
const POWERS: [f64; 10] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// Part of a stream, inside a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Whose.
    pub(crate) stream: u32,
    /// Where its entries begin in the block.
    pub(crate) start: u32,
    /// Where they end.
    pub(crate) end: u32,
}

impl Part {
    pub(crate) fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// The fewest decimals that give every value back to the bit.
fn decimals(entries: &[Entry]) -> u8 {
    let mut places = 0u8;
    'next: for entry in entries {
        while usize::from(places) < POWERS.len() {
            if scaled(entry.value, places).is_some() {
                continue 'next;
            }
            places += 1;
        }
        return RAW;
    }
    // More places than some value needs may break another: 0.1 fits one place, 1e11 fits no nine.
    if entries.iter().all(|e| scaled(e.value, places).is_some()) { places } else { RAW }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "the comparison finds what was cut")]
fn scaled(value: f64, places: u8) -> Option<i64> {
    let power = POWERS[usize::from(places)];
    let whole = (value * power).round_ties_even() as i64;
    ((whole as f64 / power).to_bits() == value.to_bits()).then_some(whole)
}

fn column<T: pco::data_types::Number>(numbers: &[T], delta: DeltaSpec, mode: ModeSpec) -> Vec<u8> {
    if numbers.is_empty() {
        return Vec::new();
    }
    let config = ChunkConfig::default().with_compression_level(5).with_delta_spec(delta).with_mode_spec(mode);
    pco::standalone::simple_compress(numbers, &config).expect("the configuration is valid and memory takes every byte")
}

/// Writes a block. `parts` lie end to end over `entries`, each in order of time; `start` is the start
/// of the week in milliseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "steps inside a week fit u32, a block has few entries"
)]
pub(crate) fn encode(start: i64, parts: &[Part], entries: &[Entry]) -> Vec<u8> {
    let mut steps = Vec::with_capacity(entries.len());
    let mut wholes = Vec::with_capacity(entries.len());
    let mut floats = Vec::new();
    let mut out = Vec::with_capacity(entries.len() * 2);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&[0; 4]);
    wire::put(&mut out, parts.len() as u64);
    wire::put(&mut out, entries.len() as u64);
    for part in parts {
        let own = &entries[part.range()];
        let places = decimals(own);
        wire::put(&mut out, u64::from(part.stream));
        wire::put(&mut out, own.len() as u64);
        wire::put(&mut out, (own[0].observed - start) as u64);
        out.push(places);
        steps.extend(own.windows(2).map(|w| (w[1].observed - w[0].observed) as u32));
        if places == RAW {
            floats.extend(own.iter().map(|e| e.value));
        } else {
            wholes.extend(own.iter().map(|e| scaled(e.value, places).expect("decimals() tried every value")));
        }
    }
    let delays: Vec<i64> = entries.iter().map(|e| e.received - e.observed).collect();
    let columns = [
        column(&steps, DeltaSpec::NoOp, ModeSpec::Auto),
        column(&wholes, DeltaSpec::Auto, ModeSpec::Auto),
        column(&floats, DeltaSpec::Auto, ModeSpec::Auto),
        column(&delays, DeltaSpec::NoOp, ModeSpec::Classic),
    ];
    for column in &columns {
        wire::put(&mut out, column.len() as u64);
    }
    let flawed = || entries.iter().enumerate().filter(|(_, e)| e.flaws != 0);
    wire::put(&mut out, flawed().count() as u64);
    let mut before = 0;
    for (index, entry) in flawed() {
        wire::put(&mut out, (index - before) as u64);
        wire::put(&mut out, u64::from(entry.flaws));
        before = index;
    }
    for column in &columns {
        out.extend_from_slice(column);
    }
    let sum = crc32c::crc32c(&out[BODY..]);
    out[4..BODY].copy_from_slice(&sum.to_le_bytes());
    out
}

/// A block in memory.
#[derive(Debug)]
pub(crate) struct Block {
    id: i64,
    /// In the order of the streams' names.
    pub(crate) parts: Vec<Part>,
    times: Vec<i64>,
    values: Vec<f64>,
    flaws: Vec<(u32, u32)>,
    delays: OnceLock<Vec<i64>>,
    packed_delays: Box<[u8]>,
}

fn damaged(id: i64, what: &str) -> StoreError {
    StoreError::Damaged(format!("block {id}: {what}"))
}

fn unpack<T: pco::data_types::Number>(id: i64, bytes: &[u8], expected: usize) -> Result<Vec<T>, StoreError> {
    let numbers = if bytes.is_empty() {
        Vec::new()
    } else {
        pco::standalone::simple_decompress(bytes).map_err(|e| damaged(id, &format!("a column does not decompress: {e}")))?
    };
    if numbers.len() == expected {
        Ok(numbers)
    } else {
        Err(damaged(id, &format!("a column has {} entries, expected {expected}", numbers.len())))
    }
}

impl Block {
    /// Reads what [`encode`] wrote; `start` is the start of its week.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with the block's id.
    pub(crate) fn decode(id: i64, start: i64, bytes: &[u8]) -> Result<Self, StoreError> {
        let (head, body) = bytes.split_at_checked(BODY).ok_or_else(|| damaged(id, "shorter than its head"))?;
        if head[..4] != MAGIC {
            return Err(damaged(id, "not a block of format 1"));
        }
        let sum = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
        if crc32c::crc32c(body) != sum {
            return Err(damaged(id, "its checksum does not fit"));
        }
        Self::columns(id, start, body)?.ok_or_else(|| damaged(id, "its lengths do not fit together"))
    }

    /// `None` where lengths contradict each other.
    #[expect(clippy::cast_precision_loss, reason = "the writer made sure that the division gives the value back")]
    fn columns(id: i64, start: i64, body: &[u8]) -> Result<Option<Self>, StoreError> {
        let mut reader = Reader(body);
        let Some(Head { parts, firsts, places, lengths, flaws, count }) = Head::read(&mut reader) else { return Ok(None) };
        let mut packed = [&[][..]; 4];
        for (column, length) in packed.iter_mut().zip(lengths) {
            let Some(bytes) = reader.bytes(length) else { return Ok(None) };
            *column = bytes;
        }
        let raw: usize = parts.iter().zip(&places).filter(|(_, p)| **p == RAW).map(|(part, _)| part.range().len()).sum();
        let steps: Vec<u32> = unpack(id, packed[0], count - parts.len())?;
        let wholes: Vec<i64> = unpack(id, packed[1], count - raw)?;
        let floats: Vec<f64> = unpack(id, packed[2], raw)?;

        let mut times = Vec::with_capacity(count);
        let mut values = Vec::with_capacity(count);
        let (mut steps, mut wholes, mut floats) = (&steps[..], &wholes[..], &floats[..]);
        for ((part, first), places) in parts.iter().zip(firsts).zip(places) {
            let length = part.range().len();
            let (own, rest) = steps.split_at(length - 1);
            steps = rest;
            let mut at = start + i64::from(first);
            times.push(at);
            times.extend(own.iter().map(|step| {
                at += i64::from(*step);
                at
            }));
            if places == RAW {
                let (own, rest) = floats.split_at(length);
                floats = rest;
                values.extend_from_slice(own);
            } else {
                let (own, rest) = wholes.split_at(length);
                wholes = rest;
                let Some(power) = POWERS.get(usize::from(places)) else { return Ok(None) };
                values.extend(own.iter().map(|w| *w as f64 / power));
            }
        }
        Ok(Some(Self { id, parts, times, values, flaws, delays: OnceLock::new(), packed_delays: packed[3].into() }))
    }

    /// The part of a stream, by its rank among names.
    pub(crate) fn part(&self, rank: u32, ranks: &[u32]) -> Option<Part> {
        let at = self.parts.binary_search_by_key(&rank, |p| ranks[p.stream as usize]).ok()?;
        Some(self.parts[at])
    }

    /// The entries of a part observed in `[from, to)` milliseconds, to the end of `out`. Without
    /// `heard`, their `received` is not filled: the column is unpacked only for who asks.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub(crate) fn read(&self, part: Part, from: i64, to: i64, heard: bool, out: &mut Vec<Entry>) -> Result<(), StoreError> {
        let times = &self.times[part.range()];
        let begin = part.start as usize + times.partition_point(|t| *t < from);
        let end = part.start as usize + times.partition_point(|t| *t < to);
        if begin >= end {
            return Ok(());
        }
        let delays = if heard { self.delays()? } else { &[] };
        let laid = out.len();
        out.extend(self.times[begin..end].iter().zip(&self.values[begin..end]).enumerate().map(|(i, (t, v))| Entry {
            observed: *t,
            received: *t + delays.get(begin + i).copied().unwrap_or(0),
            value: *v,
            flaws: 0,
        }));
        let first = self.flaws.partition_point(|(index, _)| (*index as usize) < begin);
        for (index, bits) in self.flaws[first..].iter().take_while(|(index, _)| (*index as usize) < end) {
            out[laid + *index as usize - begin].flaws = *bits;
        }
        Ok(())
    }

    fn delays(&self) -> Result<&[i64], StoreError> {
        if let Some(delays) = self.delays.get() {
            return Ok(delays);
        }
        let delays = unpack(self.id, &self.packed_delays, self.times.len())?;
        Ok(self.delays.get_or_init(|| delays))
    }

    /// Bytes in memory, about, with every column unpacked.
    pub(crate) fn weight(&self) -> u64 {
        (self.times.len() * 24 + self.parts.len() * 12 + self.flaws.len() * 8 + self.packed_delays.len() + 128) as u64
    }
}

struct Head {
    parts: Vec<Part>,
    firsts: Vec<u32>,
    places: Vec<u8>,
    lengths: [usize; 4],
    flaws: Vec<(u32, u32)>,
    count: usize,
}

impl Head {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let streams = reader.small()? as usize;
        let count = reader.small()?;
        // Every stream takes at least four bytes: a false number cannot ask for much memory.
        let most = streams.min(reader.0.len() / 4);
        let (mut parts, mut firsts, mut places) = (Vec::with_capacity(most), Vec::with_capacity(most), Vec::with_capacity(most));
        let mut start = 0u32;
        for _ in 0..streams {
            let stream = reader.small()?;
            let length = reader.small().filter(|n| *n > 0)?;
            let end = start.checked_add(length)?;
            parts.push(Part { stream, start, end });
            firsts.push(reader.small()?);
            places.push(reader.bytes(1)?[0]);
            start = end;
        }
        let mut lengths = [0; 4];
        for length in &mut lengths {
            *length = reader.small()? as usize;
        }
        let mut flaws = Vec::new();
        let mut index = 0u32;
        for _ in 0..reader.small()? {
            index = index.checked_add(reader.small()?).filter(|i| *i < count)?;
            flaws.push((index, reader.small()?));
        }
        (start == count).then_some(Self { parts, firsts, places, lengths, flaws, count: count as usize })
    }
}
