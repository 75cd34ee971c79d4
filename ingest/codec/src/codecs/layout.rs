//! Layouts that are data: fields one after another or at fixed places, groups that repeat, and lists of tagged items. The
//! profile says them in TOML; here they are read.
//!
//! A layout has no loops of its own and no arithmetic but the scale: reading a frame takes time in proportion to its
//! length and to the fields of its profile, both bounded.

use std::time::Duration;

use schemas::{Quantity, Timestamp};

use crate::codecs::scale::Meaning;
use crate::normalise::Sink;
use crate::reject::{Reason, Reject};
use crate::uplink::{Codec, Uplink};

/// All frames of one make of device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    /// Tried in this order; the first that fits reads the frame.
    pub(crate) frames: Vec<FrameLayout>,
    /// Frames that are understood and say nothing of the city.
    pub(crate) silent: Vec<(Fit, String)>,
}

#[derive(Clone, Debug)]
pub(crate) struct FrameLayout {
    pub(crate) fit: Fit,
    pub(crate) content: Content,
}

/// Which frames a layout is for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fit {
    /// Any of these; empty: any at all, also none.
    pub(crate) ports: Vec<u8>,
    /// Bytes: so many at least, and at most.
    pub(crate) length: (usize, usize),
    pub(crate) bytes: Vec<ByteTest>,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Group(Group),
    Tagged(Tagged),
}

/// Fields, then groups that repeat.
#[derive(Clone, Debug, Default)]
pub(crate) struct Group {
    pub(crate) fields: Vec<Field>,
    pub(crate) repeats: Vec<Repeat>,
}

/// Items that each begin with a key: Milesight, Watteco and many others.
#[derive(Clone, Debug)]
pub(crate) struct Tagged {
    /// Where the first item begins.
    pub(crate) from: usize,
    /// Bytes of the key.
    pub(crate) key: usize,
    pub(crate) items: Vec<Item>,
    /// What to do at a key that no item has: refuse the frame, or be content with what came before.
    pub(crate) stop_at_unknown: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// The bytes of the key; none fits any byte.
    pub(crate) key: Vec<Option<u8>>,
    pub(crate) length: Length,
    pub(crate) content: Group,
}

/// How long the value of an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Fixed(usize),
    /// To the end of the frame.
    Rest,
    /// The first byte of the value says how many follow it.
    Prefixed,
}

/// A byte that must be so.
#[derive(Clone, Debug)]
pub(crate) struct ByteTest {
    pub(crate) at: Place,
    pub(crate) mask: u8,
    /// One of these, after the mask; empty: any, if it is there at all.
    pub(crate) is: Vec<u8>,
    /// None of these.
    pub(crate) not: Vec<u8>,
}

/// Where something stands: from the beginning, or back from the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Front(usize),
    Back(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endian {
    Big,
    Little,
    /// Words of two bytes, each big-endian, the lowest word first: how Modbus registers are often joined.
    LowWordFirst,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    Unsigned,
    Signed,
    /// The highest bit is the sign of the others.
    SignMagnitude,
    /// Two decimal digits a byte.
    Bcd,
    /// IEEE 754, 4 or 8 bytes.
    Float,
}

/// One value in the bytes.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    /// None: right behind the field read before.
    pub(crate) at: Option<Place>,
    /// Bytes, 1 to 8.
    pub(crate) width: usize,
    pub(crate) endian: Endian,
    pub(crate) number: Number,
    /// Lowest bit and number of bits within the bytes.
    pub(crate) bits: (u32, u32),
    /// Read only where these hold; a field that is not read takes no room.
    pub(crate) when: Vec<ByteTest>,
    pub(crate) says: Says,
}

/// What a field is for.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    Value(Box<Meaning>),
    /// When the values that follow were so.
    Time(TimeFormat),
    /// Room that is passed over.
    Nothing,
}

/// A number that is an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    /// Seconds since 1970-01-01T00:00:00Z.
    Unix,
    /// Milliseconds since then.
    UnixMillis,
    /// Seconds since 2000-01-01T00:00:00Z.
    Since2000,
    /// Seconds before the frame was heard.
    Ago,
    /// Minutes before the frame was heard.
    AgoMinutes,
}

impl TimeFormat {
    #[expect(clippy::cast_possible_truncation, reason = "saturates, and what is no instant is no time")]
    pub(crate) fn instant(self, raw: f64, heard: Timestamp) -> Option<Timestamp> {
        let millis = |seconds: f64| (seconds * 1000.0) as i64;
        let millis = match self {
            TimeFormat::Unix => millis(raw),
            TimeFormat::UnixMillis => raw as i64,
            TimeFormat::Since2000 => millis(raw + 946_684_800.0),
            TimeFormat::Ago => heard.millis().saturating_sub(millis(raw)),
            TimeFormat::AgoMinutes => heard.millis().saturating_sub(millis(raw * 60.0)),
        };
        Timestamp::from_millis(millis).ok()
    }
}

/// A group that comes again and again.
#[derive(Clone, Debug)]
pub(crate) struct Repeat {
    pub(crate) at: Option<Place>,
    /// At most so many times; none: to the end.
    pub(crate) count: Option<usize>,
    pub(crate) each: Each,
    /// From one to the next: later, or earlier.
    pub(crate) step: Option<(bool, Duration)>,
    /// The first one is already a step away from the time before.
    pub(crate) step_first: bool,
}

#[derive(Clone, Debug)]
pub(crate) enum Each {
    /// So many bytes, read as a group of their own.
    Bytes(usize, Group),
    /// So many bits, packed from the lowest bit of the first byte on: one number.
    Packed {
        bits: u32,
        meaning: Box<Meaning>,
        /// The number is added to the value of the same series before it.
        delta: bool,
    },
}

impl Place {
    fn offset(self, len: usize) -> Option<usize> {
        match self {
            Place::Front(at) => Some(at),
            Place::Back(back) => len.checked_sub(back),
        }
    }
}

impl ByteTest {
    fn holds(&self, bytes: &[u8]) -> bool {
        let byte = self.at.offset(bytes.len()).and_then(|at| bytes.get(at)).map(|b| b & self.mask);
        byte.is_some_and(|b| (self.is.is_empty() || self.is.contains(&b)) && !self.not.contains(&b))
    }
}

impl Fit {
    fn fits(&self, port: Option<u8>, bytes: &[u8]) -> bool {
        (self.ports.is_empty() || port.is_some_and(|p| self.ports.contains(&p)))
            && (self.length.0..=self.length.1).contains(&bytes.len())
            && self.bytes.iter().all(|test| test.holds(bytes))
    }
}

impl Field {
    /// The number as it stands in the bytes; none where they are not digits, or not a number.
    #[expect(clippy::cast_precision_loss, reason = "devices count to far less than 2^53; above, the value is rejected")]
    fn raw(&self, place: &[u8]) -> Option<f64> {
        let join = |all: u64, byte: &u8| all << 8 | u64::from(*byte);
        let all = match self.endian {
            Endian::Big => place.iter().fold(0, join),
            Endian::Little => place.iter().rev().fold(0, join),
            Endian::LowWordFirst => place.chunks(2).rev().flatten().fold(0, join),
        };
        let (lowest, count) = self.bits;
        // The wanted bits to the top, then down again: fills with zeros, or with the sign.
        let top = all.checked_shl(64 - lowest - count)?;
        let value = top >> (64 - count);
        match self.number {
            Number::Unsigned => Some(value as f64),
            Number::Signed => Some((top.cast_signed() >> (64 - count)) as f64),
            Number::SignMagnitude => {
                let sign = 1u64.checked_shl(count - 1)?;
                let magnitude = (value & !sign) as f64;
                Some(if value & sign == 0 { magnitude } else { -magnitude })
            }
            Number::Bcd => digits(value),
            Number::Float => match place.len() {
                4 => Some(f64::from(f32::from_bits(u32::try_from(all).ok()?))),
                _ => Some(f64::from_bits(all)),
            }
            .filter(|v| v.is_finite()),
        }
    }
}

/// The number that two decimal digits a byte are; none where one of them is not decimal.
fn digits(packed: u64) -> Option<f64> {
    let nibbles = (0..16).rev().map(|i| packed >> (4 * i) & 15);
    nibbles.into_iter().try_fold(0.0, |all, digit| {
        #[expect(clippy::cast_precision_loss, reason = "one digit")]
        let digit = (digit <= 9).then_some(digit as f64)?;
        Some(all * 10.0 + digit)
    })
}

/// A frame, or the value of an item in it, while it is read.
struct Reader<'b> {
    bytes: &'b [u8],
    /// Behind the field read last.
    cursor: usize,
    /// The time that the device said last.
    time: Option<Timestamp>,
}

impl Group {
    fn read(&self, reader: &mut Reader<'_>, out: &mut Sink<'_>) -> Result<(), Reject> {
        for field in self.fields.iter().filter(|f| f.when.iter().all(|test| test.holds(reader.bytes))) {
            let at = field.at.map_or(Some(reader.cursor), |place| place.offset(reader.bytes.len()));
            let Some((at, place)) = at.and_then(|at| Some((at, reader.bytes.get(at..at.checked_add(field.width)?)?))) else {
                continue;
            };
            reader.cursor = at + field.width;
            let raw = match &field.says {
                Says::Nothing => continue,
                Says::Value(_) | Says::Time(_) => field.raw(place),
            };
            match (&field.says, raw) {
                (Says::Value(meaning), Some(raw)) => meaning.push(raw, None, out)?,
                (Says::Value(meaning), None) => out.miss(meaning.quantity, meaning.channel, schemas::Flaw::Invalid),
                (Says::Time(format), raw) => {
                    reader.time = raw.and_then(|raw| format.instant(raw, out.heard_at()));
                    out.at(reader.time);
                }
                (Says::Nothing, _) => {}
            }
        }
        self.repeats.iter().try_for_each(|repeat| repeat.read(reader, out))
    }
}

impl Repeat {
    fn read(&self, reader: &mut Reader<'_>, out: &mut Sink<'_>) -> Result<(), Reject> {
        let Some(start) = self.at.map_or(Some(reader.cursor), |place| place.offset(reader.bytes.len())) else {
            return Ok(());
        };
        let rest = reader.bytes.get(start..).unwrap_or_default();
        let mut time = reader.time;
        if self.step.is_some() && time.is_none() {
            time = Some(out.heard_at());
        }
        let fit = match &self.each {
            Each::Bytes(size, _) => rest.len() / (*size).max(1),
            Each::Packed { bits, .. } => usize::try_from(rest.len() as u64 * 8 / u64::from(*bits).max(1)).unwrap_or(0),
        };
        let count = self.count.map_or(fit, |most| most.min(fit));
        let mut sum = None;
        for turn in 0..count {
            if let (Some((later, step)), Some(before)) = (self.step, time)
                && (turn > 0 || self.step_first)
            {
                time = Some(if later { before.plus(step) } else { before.minus(step) });
            }
            if self.step.is_some() {
                out.at(time);
            }
            match &self.each {
                Each::Bytes(size, group) => {
                    let bytes = rest.get(turn * size..(turn + 1) * size).unwrap_or_default();
                    group.read(&mut Reader { bytes, cursor: 0, time }, out)?;
                }
                Each::Packed { bits, meaning, delta } => {
                    let raw = packed(rest, turn, *bits);
                    if *delta {
                        let before = sum.or_else(|| last_value(out, meaning.quantity, meaning.channel));
                        let Some(before) = before else { continue };
                        let next = before + meaning.scale.conversion.apply(raw * meaning.scale.multiply / meaning.scale.divide);
                        let next = round_to(next, meaning.quantity.row().resolution);
                        out.push(meaning.quantity, meaning.channel, next, schemas::Quality::GOOD)?;
                        sum = Some(next);
                    } else {
                        meaning.push(raw, None, out)?;
                    }
                }
            }
        }
        let taken = match &self.each {
            Each::Bytes(size, _) => count * size,
            Each::Packed { bits, .. } => (count * usize::try_from(*bits).unwrap_or(0)).div_ceil(8),
        };
        reader.cursor = start + taken;
        out.at(reader.time);
        Ok(())
    }
}

/// The number `turn` of numbers of `bits` bits, the first in the lowest bits of the first byte.
fn packed(bytes: &[u8], turn: usize, bits: u32) -> f64 {
    let width = usize::try_from(bits).unwrap_or(0);
    let bit = |i: usize| bytes.get(i / 8).is_some_and(|byte| byte >> (i % 8) & 1 == 1);
    let number = (0..width).rev().fold(0u32, |all, i| all << 1 | u32::from(bit(turn * width + i)));
    f64::from(number)
}

fn last_value(out: &mut Sink<'_>, quantity: Quantity, channel: u8) -> Option<f64> {
    let same = |r: &&mut schemas::Reading| (r.series.quantity, r.series.channel) == (quantity, channel);
    out.readings().iter_mut().rev().find(same).map(|r| r.value)
}

/// Sums of decimal steps would gather binary dust: a sum is a multiple of the resolution.
fn round_to(value: f64, resolution: f64) -> f64 {
    // Divided by its inverse where that is whole: 6054 / 1000 is the nearest double, 6054 x 0.001 is not.
    let inverse = (1.0 / resolution).round();
    if inverse >= 1.0 { (value * inverse).round() / inverse } else { (value / resolution).round() * resolution }
}

impl Tagged {
    fn read(&self, bytes: &[u8], out: &mut Sink<'_>) -> Result<(), Reject> {
        let mut at = self.from;
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let Some((key, value)) = rest.split_at_checked(self.key) else {
                return Err(self.cut(rest));
            };
            let fits = |item: &&Item| item.key.iter().zip(key).all(|(expected, byte)| expected.is_none_or(|e| e == *byte));
            let Some(item) = self.items.iter().find(fits) else {
                if self.stop_at_unknown && !out.is_empty() {
                    return Ok(());
                }
                return Err(Reject::new(Reason::UnknownFrame, format!("the profile has no item {} (at byte {at})", hex(key))));
            };
            let (skip, length) = match item.length {
                Length::Fixed(length) => (0, length),
                Length::Rest => (0, value.len()),
                Length::Prefixed => (1, usize::from(value.first().copied().unwrap_or(0))),
            };
            let Some(value) = value.get(skip..skip + length) else {
                return Err(self.cut(rest));
            };
            out.at(None);
            item.content.read(&mut Reader { bytes: value, cursor: 0, time: None }, out)?;
            at += self.key + skip + length;
        }
        out.at(None);
        Ok(())
    }

    fn cut(&self, rest: &[u8]) -> Reject {
        Reject::new(Reason::UnknownFrame, format!("the frame ends within an item: {}", hex(rest)))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(16).map(|b| format!("{b:02x}")).collect()
}

impl Codec for Layout {
    fn decode(&self, uplink: &Uplink<'_>, out: &mut Sink<'_>) -> Result<(), Reject> {
        let bytes = uplink.bytes()?;
        let Some(layout) = self.frames.iter().find(|l| l.fit.fits(uplink.port, bytes)) else {
            return Err(self.unread(uplink.port, bytes));
        };
        match &layout.content {
            Content::Group(group) => group.read(&mut Reader { bytes, cursor: 0, time: None }, out)?,
            Content::Tagged(tagged) => tagged.read(bytes, out)?,
        }
        out.at(None);
        Ok(())
    }
}

impl Layout {
    fn unread(&self, port: Option<u8>, bytes: &[u8]) -> Reject {
        let place = port.map_or_else(|| "without a port".to_owned(), |p| format!("on port {p}"));
        match self.silent.iter().find(|(fit, _)| fit.fits(port, bytes)) {
            Some((_, why)) => Reject::new(Reason::NoReading, format!("the frame {place} holds no reading: {why}")),
            None => Reject::new(Reason::UnknownFrame, format!("no layout for a frame of {} bytes {place}", bytes.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(width: usize, endian: Endian, number: Number, bits: (u32, u32), bytes: &[u8]) -> Option<f64> {
        let field = Field { at: None, width, endian, number, bits, when: Vec::new(), says: Says::Nothing };
        field.raw(&bytes[..width])
    }

    #[test]
    fn bits_are_cut_out_of_any_width_order_and_sign() {
        use Endian::{Big, Little};
        use Number::{Signed, Unsigned};
        let bytes = [0xff, 0x85, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05];
        let cases = [
            (2, Big, Unsigned, (0, 16), 65413.0),
            (2, Big, Signed, (0, 16), -123.0),
            (2, Little, Unsigned, (0, 16), 34303.0),
            (2, Big, Unsigned, (7, 1), 1.0),
            (2, Big, Unsigned, (0, 7), 5.0),
            (2, Big, Signed, (4, 4), -8.0),
            (8, Big, Unsigned, (0, 8), 5.0),
            (2, Endian::LowWordFirst, Unsigned, (0, 16), 65413.0),
            (4, Endian::LowWordFirst, Unsigned, (0, 32), 130_949.0),
            (4, Endian::LowWordFirst, Unsigned, (16, 16), 1.0),
            (1, Big, Number::SignMagnitude, (0, 8), -127.0),
        ];
        for (width, endian, number, bits, expected) in cases {
            assert_eq!(raw(width, endian, number, bits, &bytes), Some(expected), "{width} {endian:?} {number:?} {bits:?}");
        }
    }

    #[test]
    fn digits_and_floats_are_read_or_not_valid() {
        let bits = |bytes: &[u8]| u32::try_from(8 * bytes.len()).unwrap();
        let bcd = |bytes: &[u8]| raw(bytes.len(), Endian::Little, Number::Bcd, (0, bits(bytes)), bytes);
        assert_eq!(bcd(&[0x64, 0x39, 0x04, 0x00]), Some(43964.0));
        assert_eq!(bcd(&[0x6a, 0x39]), None);
        let float = |bytes: &[u8]| raw(bytes.len(), Endian::Big, Number::Float, (0, bits(bytes)), bytes);
        assert_eq!(float(&1.5f32.to_be_bytes()), Some(1.5));
        assert_eq!(float(&(-2.25f64).to_be_bytes()), Some(-2.25));
        assert_eq!(float(&f32::NAN.to_be_bytes()), None);
    }

    #[test]
    fn packed_numbers_begin_in_the_lowest_bit() {
        assert_eq!(packed(&[0b1010_0101, 0b0000_0011], 0, 4), 5.0);
        assert_eq!(packed(&[0b1010_0101, 0b0000_0011], 1, 4), 10.0);
        assert_eq!(packed(&[0xff, 0x3f, 0x01], 0, 14), 16383.0);
        assert_eq!(packed(&[0x00, 0x80, 0x03], 1, 14), 14.0);
    }
}
