//! The readings of a device that can still be joined by late ones, in the order in which they are judged.
//!
//! A few bytes each: instants as differences, decimal values as the whole numbers that they are. The newest stand
//! unpacked, because what comes late mostly comes a little late; one that belongs further back costs unpacking all.

use schemas::{Quantity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::sample::Sample;

/// Unpacked samples, at most.
const TAIL: usize = 24;
/// Unpacked samples where more than [`TAIL`] are of one instant, at most.
const TAIL_LIMIT: usize = 256;
/// So many of them are packed when the tail is full.
const PACKED_AT_ONCE: usize = 16;
/// A device has at most so many series in its history.
const SERIES_LIMIT: usize = 1 << 14;

const BAD: u8 = 1;
const STALE: u8 = 2;
/// Received before it was observed: the clocks differ.
const EARLY: u8 = 4;
/// The lowest bit of the form of a value: 0 to 3 say how many decimals, 4 that it stands as it is.
const FORM: u32 = 3;
const RAW: u8 = 4;
/// What its group had said follows the value.
const PEERS: u8 = 1 << 6;
const SCALES: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];

/// See the module.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct History {
    packed: Vec<u8>,
    /// Where the first packed sample begins.
    start: usize,
    count: usize,
    /// The instant from which the first packed sample counts, and that of the last packed one; milliseconds.
    before: i64,
    last: i64,
    tail: Vec<Sample>,
    series: Vec<(Quantity, u8)>,
}

/// A history as it is written down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Packed {
    pub(crate) before: i64,
    pub(crate) count: u32,
    pub(crate) bytes: Vec<u8>,
}

impl History {
    pub(crate) fn len(&self) -> usize {
        self.count + self.tail.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The last sample in order.
    pub(crate) fn last(&self) -> Option<Sample> {
        self.tail.last().copied().or_else(|| self.iter().last())
    }

    /// When the first was observed.
    pub(crate) fn first_at(&self) -> Option<Timestamp> {
        if self.count == 0 {
            return self.tail.first().map(|s| s.observed);
        }
        // Asked with each reading: no more is unpacked than the instant.
        let (_, at) = varint(&self.packed, self.start + 1)?;
        let (passed, _) = varint(&self.packed, at)?;
        Some(Timestamp::clamped(self.before.checked_add(i64::try_from(passed).ok()?)?))
    }

    /// Bytes that it takes besides itself.
    pub(crate) fn bytes(&self) -> usize {
        self.packed.capacity() + self.tail.capacity() * size_of::<Sample>() + self.series.capacity() * 4
    }

    /// All of them in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Sample> + '_ {
        let (mut at, mut before) = (self.start, self.before);
        let packed = (0..self.count).map_while(move |_| {
            let (sample, next) = unpack(&self.packed, at, before, &self.series)?;
            (at, before) = (next, sample.observed.millis());
            Some(sample)
        });
        packed.chain(self.tail.iter().copied())
    }

    /// Whether there is a sample of this series and instant.
    pub(crate) fn holds(&self, key: &(Timestamp, Quantity, u8)) -> bool {
        if self.tail.first().is_some_and(|first| first.key() <= *key) {
            self.tail.binary_search_by_key(key, Sample::key).is_ok()
        } else {
            self.iter().any(|s| s.key() == *key)
        }
    }

    /// Puts a sample in its place; false where the one that is there already stands.
    pub(crate) fn place(&mut self, sample: Sample) -> bool {
        if self.tail.last().is_none_or(|last| last.key() < sample.key()) && (self.count == 0 || !self.tail.is_empty()) {
            self.tail.push(sample);
            self.pack_old();
            return true;
        }
        if self.count > 0 && self.tail.first().is_none_or(|first| sample.key() < first.key()) {
            let mut all: Vec<Sample> = self.iter().collect();
            let placed = settle(&mut all, sample);
            if placed {
                *self = Self::of(all);
            }
            return placed;
        }
        settle(&mut self.tail, sample)
    }

    /// Packs the older half of a full tail. The readings of one message come in any order: what was observed at the
    /// newest instant stays, so that those that are still to come find their place in the tail.
    fn pack_old(&mut self) {
        if self.tail.len() <= TAIL {
            return;
        }
        let newest = self.tail.last().map(|s| s.observed);
        let whole = self.tail.partition_point(|s| Some(s.observed) < newest);
        let many = if self.tail.len() > TAIL_LIMIT { PACKED_AT_ONCE } else { whole.min(self.tail.len() - TAIL + PACKED_AT_ONCE) };
        for place in 0..many {
            let Some(old) = self.tail.get(place).copied() else { break };
            self.pack(&old);
        }
        self.tail.drain(..many);
    }

    /// Takes out the first.
    pub(crate) fn pop(&mut self) -> Option<Sample> {
        if self.count == 0 {
            return (!self.tail.is_empty()).then(|| self.tail.remove(0));
        }
        let (sample, next) = unpack(&self.packed, self.start, self.before, &self.series)?;
        self.start = next;
        self.count -= 1;
        self.before = sample.observed.millis();
        // Now and then, so that a sample is moved once for each time that as many have gone.
        if self.start > 64 && self.start * 2 > self.packed.len() {
            self.packed.drain(..self.start);
            self.start = 0;
        }
        Some(sample)
    }

    /// Whether it is later than all that is packed: it has its place among the newest.
    pub(crate) fn ends_before(&self, at: Timestamp) -> bool {
        self.count == 0 || self.tail.first().is_some_and(|first| first.observed < at)
    }

    /// Of samples in order.
    pub(crate) fn of(samples: Vec<Sample>) -> Self {
        let mut made = Self { before: samples.first().map_or(0, |s| s.observed.millis()), ..Self::default() };
        made.last = made.before;
        let keep = samples.len().saturating_sub(TAIL - PACKED_AT_ONCE);
        for (place, sample) in samples.into_iter().enumerate() {
            if place < keep { made.pack(&sample) } else { made.tail.push(sample) }
        }
        made
    }

    fn pack(&mut self, sample: &Sample) {
        if self.count == 0 {
            // What is packed counts from here.
            (self.packed, self.start) = (Vec::new(), 0);
            (self.before, self.last) = (sample.observed.millis(), sample.observed.millis());
        }
        pack(&mut self.packed, sample, self.last, &mut self.series);
        self.last = sample.observed.millis();
        self.count += 1;
    }

    /// For the state: the bytes, and the series that they count.
    pub(crate) fn kept(&self) -> (Packed, Vec<(Quantity, u8)>) {
        let mut series = Vec::new();
        let mut bytes = Vec::with_capacity(self.packed.len() + self.tail.len() * 10);
        let first = self.first_at().map_or(0, Timestamp::millis);
        let mut before = first;
        for sample in self.iter() {
            pack(&mut bytes, &sample, before, &mut series);
            before = sample.observed.millis();
        }
        (Packed { before: first, count: u32::try_from(self.len()).unwrap_or(u32::MAX), bytes }, series)
    }

    /// What [`History::kept`] gave; none where it is damaged. Samples of series that are `None` are left out.
    pub(crate) fn restored(kept: &Packed, series: &[Option<(Quantity, u8)>]) -> Option<Self> {
        let known: Vec<(Quantity, u8)> = series.iter().map(|s| s.unwrap_or((Quantity::WASTE_FILL, 0))).collect();
        let (mut at, mut before, mut all) = (0, kept.before, Vec::new());
        for _ in 0..kept.count {
            let place = kept.bytes.get(at + 1..).and_then(|rest| varint(rest, 0)).map(|(n, _)| n)?;
            let (sample, next) = unpack(&kept.bytes, at, before, &known)?;
            (at, before) = (next, sample.observed.millis());
            if series.get(usize::try_from(place).ok()?)?.is_some() {
                all.push(sample);
            }
        }
        (at == kept.bytes.len()).then(|| Self::of(all))
    }
}

/// Into samples in order.
fn settle(samples: &mut Vec<Sample>, sample: Sample) -> bool {
    match samples.binary_search_by_key(&sample.key(), Sample::key) {
        Err(place) => samples.insert(place, sample),
        Ok(place) => match samples.get_mut(place) {
            Some(there) if sample.supersedes(there) => *there = sample,
            _ => return false,
        },
    }
    true
}

fn pack(out: &mut Vec<u8>, sample: &Sample, before: i64, series: &mut Vec<(Quantity, u8)>) {
    let name = (sample.quantity, sample.channel);
    let place = series.iter().position(|s| *s == name).unwrap_or_else(|| {
        if series.len() < SERIES_LIMIT {
            series.push(name);
        }
        series.len() - 1
    });
    let delay = sample.received.millis() - sample.observed.millis();
    #[expect(clippy::cast_possible_truncation, reason = "only what is below 2^52 in size is taken")]
    let whole = |scale: f64| {
        // Rounded by hand: most processors' least common instructions have no rounding, and this is asked of each reading.
        let n = (sample.value * scale + 0.5f64.copysign(sample.value)) as i64;
        let same = n.unsigned_abs() < 1 << 52 && n as f64 / scale == sample.value;
        (same && (n != 0 || sample.value.is_sign_positive())).then_some(n)
    };
    let decimal = (0u8..).zip(SCALES).find_map(|(form, scale)| Some((form, whole(scale)?)));
    let flags = (u8::from(sample.bad) * BAD) | (u8::from(sample.stale) * STALE) | (u8::from(delay < 0) * EARLY);
    let flags = flags | if sample.peers.is_some() { PEERS } else { 0 };
    out.push(flags | decimal.map_or(RAW, |(form, _)| form) << FORM);
    push_varint(out, place as u64);
    push_varint(out, (sample.observed.millis() - before).unsigned_abs());
    push_varint(out, delay.unsigned_abs());
    match decimal {
        Some((_, n)) => push_varint(out, ((n << 1) ^ (n >> 63)).cast_unsigned()),
        None => out.extend_from_slice(&sample.value.to_le_bytes()),
    }
    if let Some(peers) = sample.peers {
        out.extend_from_slice(&peers.to_le_bytes());
    }
}

/// A sample and where the next one begins.
fn unpack(bytes: &[u8], at: usize, before: i64, series: &[(Quantity, u8)]) -> Option<(Sample, usize)> {
    let flags = *bytes.get(at)?;
    let (place, at) = varint(bytes, at + 1)?;
    let (passed, at) = varint(bytes, at)?;
    let (delay, at) = varint(bytes, at)?;
    let raw = |at: usize| Some((f64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?), at + 8));
    let form = (flags & !PEERS) >> FORM;
    let (value, at) = if form == RAW {
        raw(at)?
    } else {
        let (n, next) = varint(bytes, at)?;
        let n = (n >> 1).cast_signed() ^ -((n & 1).cast_signed());
        (n as f64 / SCALES.get(usize::from(form))?, next)
    };
    let (peers, at) = if flags & PEERS == 0 { (None, at) } else { raw(at).map(|(peers, next)| (Some(peers), next))? };
    let &(quantity, channel) = series.get(usize::try_from(place).ok()?)?;
    let observed = Timestamp::clamped(before.checked_add(i64::try_from(passed).ok()?)?);
    let delay = i64::try_from(delay).ok()?;
    let delay = if flags & EARLY == 0 { delay } else { -delay };
    let received = Timestamp::clamped(observed.millis().checked_add(delay)?);
    let (bad, stale) = (flags & BAD != 0, flags & STALE != 0);
    Some((Sample { observed, received, value, quantity, channel, bad, stale, peers }, at))
}

#[expect(clippy::cast_possible_truncation, reason = "seven bits at a time")]
fn push_varint(out: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        out.push(n as u8 | 0x80);
        n >>= 7;
    }
    out.push(n as u8);
}

fn varint(bytes: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let (mut n, mut shift) = (0u64, 0u32);
    loop {
        let byte = *bytes.get(at)?;
        at += 1;
        n |= u64::from(byte & 0x7f).checked_shl(shift).filter(|_| shift < 64)?;
        if byte & 0x80 == 0 {
            return Some((n, at));
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample(at: i64, channel: u8, value: f64, delay: i64) -> Sample {
        let observed = Timestamp::clamped(1_790_000_000_000 + at);
        let received = Timestamp::clamped(observed.millis() + delay);
        let peers = (channel == 1).then_some(value / 3.0);
        Sample { observed, received, value, quantity: Quantity::WASTE_FILL, channel, bad: at % 7 == 0, stale: false, peers }
    }

    /// Else each reading of a long message would unpack the whole past of its device.
    #[test]
    fn the_readings_of_the_newest_message_find_their_places_unpacked_in_any_order() {
        let mut history = History::default();
        for message in 0..20 {
            let channels: Vec<u8> = if message % 2 == 0 { (0..40).collect() } else { (0..40).rev().collect() };
            for channel in channels {
                let before = history.count;
                assert!(history.place(sample(message * 60_000, channel, 1.0, 5)));
                assert!(
                    history
                        .tail
                        .iter()
                        .any(|s| s.observed.millis() == 1_790_000_000_000 + message * 60_000 && s.channel == channel)
                );
                assert!(history.count >= before, "nothing is unpacked");
            }
        }
        assert!(history.count >= 18 * 40, "what is older is packed: {}", history.count);
    }

    proptest! {
        #[test]
        fn whatever_the_order_in_which_samples_come_they_stand_in_order_and_are_what_they_were(
            all in prop::collection::vec((0..5_000i64, 0..3u8, prop_oneof![Just(80.1), Just(-0.0), -1e9..1e9f64], -5..9_000i64), 0..120),
            pops in 0..40usize,
        ) {
            let mut history = History::default();
            let mut model: Vec<Sample> = Vec::new();
            for (at, channel, value, delay) in all {
                let sample = sample(at, channel, value, delay);
                let placed = history.place(sample);
                prop_assert_eq!(placed, settle(&mut model, sample));
            }
            for _ in 0..pops {
                prop_assert_eq!(history.pop(), (!model.is_empty()).then(|| model.remove(0)));
            }
            prop_assert_eq!(history.iter().collect::<Vec<_>>(), model.clone());
            prop_assert_eq!(history.last(), model.last().copied());
            let (kept, series) = history.kept();
            let series: Vec<_> = series.into_iter().map(Some).collect();
            let read = History::restored(&kept, &series).unwrap();
            prop_assert_eq!(read.iter().collect::<Vec<_>>(), model);
        }
    }
}
