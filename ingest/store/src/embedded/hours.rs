//! What the hours of a block come to, beside it on disk: a question by the hour then unpacks no readings.
//!
//! ```text
//! 0  4  CRC-32C of all that follows, little endian
//! 4     varints: parts; per part: the step from the stream before it (zigzag), bytes of its hours, none where it has few
//!       readings an hour
//! ..    per part its decimals (0..=9, or 255: floats), and per hour that has an entry, varints: twice the hours left out
//!       before it, and one more where its count is another than that of the hour before it; its count in that case; then,
//!       unless that is 0, the step of its smallest from the hour before it (zigzag), its largest, first and last above
//!       that, and its sum above count times the smallest, all scaled. Of floats: smallest, largest, first, last, sum (f64)
//! ```
//!
//! An hour of which nothing counts stands there too: its bad readings or marks may take the place of older ones.

use ports::StoreError;
use schemas::HOUR;

use super::block::{RAW, damaged, decimals, power, scaled};
use super::entry::Entry;
use super::wire::{self, Reader};

/// Entries an hour from which hours are kept: with fewer, unpacking readings is as quick, and hours are as large as they.
const WORTH: usize = if cfg!(test) { 2 } else { 16 };

/// What the readings of one hour that count come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sums {
    pub(crate) count: u64,
    pub(crate) sum: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) first: f64,
    pub(crate) last: f64,
}

impl Sums {
    /// Of entries in order of time; none where no one counts.
    pub(crate) fn of<'a>(entries: impl Iterator<Item = &'a Entry>) -> Option<Self> {
        let mut judged = entries.filter(|e| !e.is_gone() && !e.is_bad()).map(|e| e.value);
        let first = judged.next()?;
        let mut sums = Self { count: 1, sum: first, min: first, max: first, first, last: first };
        for value in judged {
            sums.count += 1;
            sums.sum += value;
            sums.min = sums.min.min(value);
            sums.max = sums.max.max(value);
            sums.last = value;
        }
        Some(sums)
    }
}

/// An hour of a week, 0 to 167, that has entries, and what they come to.
pub(crate) type Hour = (usize, Option<Sums>);

/// Packs the hours of a block's parts, which lie end to end over `entries`; none where no part is worth it.
pub(crate) fn pack(start: i64, lengths: &[(u32, usize)], entries: &[Entry]) -> Option<Vec<u8>> {
    let (mut head, mut body) = (vec![0; 4], Vec::new());
    wire::put(&mut head, lengths.len() as u64);
    let (mut before, mut rest) = (0, entries);
    for (stream, length) in lengths {
        let (own, after) = rest.split_at(*length);
        rest = after;
        wire::put_signed(&mut head, i64::from(*stream) - before);
        before = i64::from(*stream);
        let begin = body.len();
        if pack_part(start, own, &mut body).is_none() {
            body.truncate(begin);
        }
        wire::put(&mut head, (body.len() - begin) as u64);
    }
    if body.is_empty() {
        return None;
    }
    head.append(&mut body);
    let sum = crc32c::crc32c(&head[4..]);
    head[..4].copy_from_slice(&sum.to_le_bytes());
    Some(head)
}

/// None where the hours of a part are not worth it, or a sum is too large.
fn pack_part(start: i64, own: &[Entry], out: &mut Vec<u8>) -> Option<()> {
    let hours = || own.chunk_by(|a, b| a.observed / HOUR == b.observed / HOUR);
    if own.len() < hours().count() * WORTH {
        return None;
    }
    let places = decimals(own);
    out.push(places);
    let (mut next, mut count, mut low) = (0, 0, 0);
    for entries in hours() {
        let hour = usize::try_from((entries[0].observed - start) / HOUR).ok()?;
        let sums = Sums::of(entries.iter());
        let own_count = sums.map_or(0, |s| s.count);
        wire::put(out, ((hour - next) as u64) << 1 | u64::from(own_count != count));
        next = hour + 1;
        if own_count != count {
            wire::put(out, own_count);
            count = own_count;
        }
        let Some(sums) = sums else { continue };
        if places == RAW {
            [sums.min, sums.max, sums.first, sums.last, sums.sum].iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
            continue;
        }
        let whole = |value| scaled(value, places);
        let min = whole(sums.min)?;
        wire::put_signed(out, min.checked_sub(low)?);
        low = min;
        for value in [sums.max, sums.first, sums.last] {
            wire::put(out, u64::try_from(whole(value)?.checked_sub(min)?).ok()?);
        }
        let counted = entries.iter().filter(|e| !e.is_gone() && !e.is_bad());
        let mut above = counted.map(|e| whole(e.value).and_then(|v| v.checked_sub(min)));
        wire::put(out, above.try_fold(0u64, |sum, v| sum.checked_add(u64::try_from(v?).ok()?))?);
    }
    Some(())
}

/// The hours of a block in memory, still packed: unpacking takes about ten nanoseconds an hour.
#[derive(Debug)]
pub(crate) struct Hours {
    id: i64,
    /// Streams and where their hours end, in the order of their names.
    parts: Vec<(u32, usize)>,
    packed: Box<[u8]>,
}

impl Hours {
    /// Reads what [`pack`] wrote; `id` is the block's.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub(crate) fn decode(id: i64, bytes: &[u8]) -> Result<Self, StoreError> {
        let (sum, body) = bytes.split_first_chunk::<4>().ok_or_else(|| damaged(id, "its hours are shorter than their head"))?;
        if crc32c::crc32c(body) != u32::from_le_bytes(*sum) {
            return Err(damaged(id, "the checksum of its hours does not fit"));
        }
        Self::head(id, body).ok_or_else(|| damaged(id, "the lengths of its hours do not fit together"))
    }

    fn head(id: i64, body: &[u8]) -> Option<Self> {
        let mut reader = Reader(body);
        let (mut parts, mut stream, mut end) = (Vec::new(), 0i64, 0);
        for _ in 0..reader.small()? {
            stream = stream.checked_add(reader.signed()?)?;
            end += reader.small()? as usize;
            parts.push((u32::try_from(stream).ok()?, end));
        }
        (reader.0.len() == end).then(|| Self { id, parts, packed: reader.0.into() })
    }

    /// The hours of a stream, by its rank among names; none where only its readings are kept.
    ///
    /// # Errors
    /// [`StoreError::Damaged`].
    pub(crate) fn of(&self, rank: u32, ranks: &[u32], out: &mut Vec<Hour>) -> Result<bool, StoreError> {
        let Ok(part) = self.parts.binary_search_by_key(&rank, |(stream, _)| ranks[*stream as usize]) else { return Ok(true) };
        let begin = part.checked_sub(1).map_or(0, |before| self.parts[before].1);
        let own = &self.packed[begin..self.parts[part].1];
        if own.is_empty() {
            return Ok(false);
        }
        unpack(own, out).ok_or_else(|| damaged(self.id, "its hours do not end where they should"))?;
        Ok(true)
    }

    /// Bytes in memory, about.
    pub(crate) fn weight(&self) -> u64 {
        (self.parts.len() * 16 + self.packed.len() + 128) as u64
    }
}

fn unpack(own: &[u8], out: &mut Vec<Hour>) -> Option<()> {
    let mut reader = Reader(own);
    let power = power(reader.bytes(1)?[0]);
    let (mut next, mut count, mut low) = (0, 0, 0i64);
    while !reader.0.is_empty() {
        let head = reader.number()?;
        let hour = next + usize::try_from(head >> 1).ok()?;
        next = hour + 1;
        if head & 1 == 1 {
            count = reader.number()?;
        }
        if hour >= 168 {
            return None;
        }
        let sums = match (count, power) {
            (0, _) => None,
            (_, None) => Some(floats(count, &mut reader)?),
            (_, Some(power)) => Some(wholes(count, &mut low, power, &mut reader)?),
        };
        out.push((hour, sums));
    }
    Some(())
}

fn floats(count: u64, reader: &mut Reader<'_>) -> Option<Sums> {
    let mut next = || Some(f64::from_le_bytes(*reader.bytes(8)?.first_chunk()?));
    let (min, max, first, last, sum) = (next()?, next()?, next()?, next()?, next()?);
    Some(Sums { count, sum, min, max, first, last })
}

#[expect(clippy::cast_precision_loss, reason = "each is a value that the division gives back; the sum is rounded once")]
fn wholes(count: u64, low: &mut i64, power: f64, reader: &mut Reader<'_>) -> Option<Sums> {
    *low = low.checked_add(reader.signed()?)?;
    let value = |above: u64| Some(low.checked_add_unsigned(above)? as f64 / power);
    let (max, first, last) = (value(reader.number()?)?, value(reader.number()?)?, value(reader.number()?)?);
    let sum = (i128::from(*low) * i128::from(count) + i128::from(reader.number()?)) as f64 / power;
    Some(Sums { count, sum, min: value(0)?, max, first, last })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn hours_are_what_their_entries_come_to(
            steps in prop::collection::vec((1i64..2_000_000, 0u8..12, any::<i16>()), 1..200),
            raw: bool,
        ) {
            let mut observed = 0;
            let entries: Vec<Entry> = steps.iter().map(|(step, fate, value)| {
                observed += step;
                let value = if raw { f64::from(*value).sin() } else { f64::from(*value) / 100.0 };
                let flaws = match fate { 0 => Entry::GONE, 1 => schemas::Quality::from(schemas::Flaw::SensorFault).bits(), _ => 0 };
                Entry { observed, received: observed, value, flaws }
            }).collect();
            let packed = pack(0, &[(7, entries.len())], &entries);
            let hours: Vec<&[Entry]> = entries.chunk_by(|a, b| a.observed / HOUR == b.observed / HOUR).collect();
            prop_assert_eq!(packed.is_some(), entries.len() >= hours.len() * WORTH);
            if let Some(packed) = packed {
                let read = Hours::decode(1, &packed).expect("just packed");
                let mut out = Vec::new();
                let ranks = [u32::MAX, 0, 0, 0, 0, 0, 0, 3];
                prop_assert!(read.of(3, &ranks, &mut out).expect("just packed"));
                prop_assert_eq!(out.len(), hours.len());
                for ((hour, sums), own) in out.iter().zip(hours) {
                    prop_assert_eq!(*hour as i64, own[0].observed / HOUR);
                    match (sums, Sums::of(own.iter())) {
                        (Some(a), Some(b)) => {
                            prop_assert!((a.sum - b.sum).abs() <= 1e-9 * b.sum.abs().max(1.0));
                            prop_assert_eq!(Sums { sum: 0.0, ..*a }, Sums { sum: 0.0, ..b });
                        }
                        (a, b) => prop_assert_eq!(*a, b),
                    }
                }
                out.clear();
                prop_assert!(read.of(2, &ranks, &mut out).expect("another stream"));
                prop_assert!(out.is_empty());
            }
        }
    }
}
