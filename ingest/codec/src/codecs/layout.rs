//! Layouts that are data: a field is a place in the bytes, a number format and a quantity. The
//! profile ([`crate::Profile`]) says them in TOML; here they are read.

use schemas::{Flaw, Quality, Quantity};

use crate::normalise::Sink;
use crate::reject::{Reason, Reject};
use crate::uplink::{Codec, PortBytes};

/// All frames of one make of device.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    /// Tried in this order; the first that fits reads the frame.
    pub(crate) frames: Vec<FrameLayout>,
    /// Frames that are understood and say nothing of the city.
    pub(crate) silent: Vec<(Condition, String)>,
}

/// When a layout fits.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) port: u8,
    /// Bytes that the frame has at least.
    pub(crate) at_least: usize,
    /// (offset, value): bytes that must be so.
    pub(crate) bytes: Vec<(usize, u8)>,
}

#[derive(Clone, Debug)]
pub(crate) struct FrameLayout {
    pub(crate) when: Condition,
    pub(crate) fields: Vec<Field>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endian {
    Big,
    Little,
}

/// One value in the bytes: `raw x multiply / divide + add`, or by step where the scale is not linear.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) quantity: Quantity,
    pub(crate) channel: u8,
    /// Offset of the first byte.
    pub(crate) at: usize,
    /// Bytes, 1 to 8.
    pub(crate) width: usize,
    pub(crate) endian: Endian,
    pub(crate) signed: bool,
    /// Lowest bit and number of bits within the bytes.
    pub(crate) bits: (u32, u32),
    pub(crate) multiply: f64,
    pub(crate) divide: f64,
    pub(crate) add: f64,
    /// Raw values that say "no value".
    pub(crate) absent: Vec<i64>,
    /// Raw values that mean something beside the number.
    pub(crate) flaws: Vec<(i64, Flaw)>,
    /// Ascending by `from`: below the first the linear scale holds.
    pub(crate) steps: Vec<Step>,
}

/// From raw value `from` on: `base + (raw - from) x step`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) from: i64,
    pub(crate) base: f64,
    pub(crate) step: f64,
}

impl Condition {
    fn fits(&self, frame: &PortBytes) -> bool {
        let bytes = frame.bytes();
        frame.port == self.port && bytes.len() >= self.at_least && self.bytes.iter().all(|&(at, is)| bytes.get(at) == Some(&is))
    }
}

impl Field {
    /// The number as it stands in the bytes; none where the frame ends before it.
    fn raw(&self, bytes: &[u8]) -> Option<i64> {
        let place = bytes.get(self.at..self.at.checked_add(self.width)?)?;
        let join = |all: u64, byte: &u8| all << 8 | u64::from(*byte);
        let all = match self.endian {
            Endian::Big => place.iter().fold(0, join),
            Endian::Little => place.iter().rev().fold(0, join),
        };
        let (lowest, count) = self.bits;
        // The wanted bits to the top, then down again: fills with zeros, or with the sign.
        let top = all.checked_shl(64 - lowest - count)?;
        Some(if self.signed { top.cast_signed() >> (64 - count) } else { (top >> (64 - count)).cast_signed() })
    }

    #[expect(clippy::cast_precision_loss, reason = "devices count to far less than 2^53; above, the value is rejected")]
    fn value(&self, raw: i64) -> f64 {
        match self.steps.iter().rev().find(|s| s.from <= raw) {
            Some(s) => s.base + (raw - s.from) as f64 * s.step,
            None => raw as f64 * self.multiply / self.divide + self.add,
        }
    }
}

impl Codec for Layout {
    fn decode(&self, frame: &PortBytes, out: &mut Sink<'_>) -> Result<(), Reject> {
        let Some(layout) = self.frames.iter().find(|l| l.when.fits(frame)) else {
            return Err(self.unread(frame));
        };
        for field in &layout.fields {
            let Some(raw) = field.raw(frame.bytes()) else { continue };
            if field.absent.contains(&raw) {
                continue;
            }
            let flaws = field.flaws.iter().filter(|(at, _)| *at == raw);
            let quality = flaws.fold(Quality::GOOD, |quality, (_, flaw)| quality.with(*flaw));
            out.push(field.quantity, field.channel, field.value(raw), quality)?;
        }
        Ok(())
    }
}

impl Layout {
    fn unread(&self, frame: &PortBytes) -> Reject {
        match self.silent.iter().find(|(when, _)| when.fits(frame)) {
            Some((_, why)) => Reject::new(Reason::NoReading, format!("the frame on port {} holds no reading: {why}", frame.port)),
            None => Reject::new(
                Reason::UnknownFrame,
                format!("no layout for a frame of {} bytes on port {}", frame.bytes().len(), frame.port),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(width: usize, endian: Endian, signed: bool, bits: (u32, u32)) -> Field {
        Field {
            quantity: Quantity::DEVICE_TEMPERATURE,
            channel: 0,
            at: 1,
            width,
            endian,
            signed,
            bits,
            multiply: 1.0,
            divide: 1.0,
            add: 0.0,
            absent: Vec::new(),
            flaws: Vec::new(),
            steps: Vec::new(),
        }
    }

    #[test]
    fn bits_are_cut_out_of_any_width_order_and_sign() {
        let bytes = [0xaa, 0xff, 0x85, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05];
        let cases = [
            (2, Endian::Big, false, (0, 16), Some(0xff85)),
            (2, Endian::Big, true, (0, 16), Some(-123)),
            (2, Endian::Little, false, (0, 16), Some(0x85ff)),
            (2, Endian::Big, false, (7, 1), Some(1)),
            (2, Endian::Big, false, (0, 7), Some(5)),
            (2, Endian::Big, true, (4, 4), Some(-8)),
            (8, Endian::Big, true, (0, 64), Some(i64::from_be_bytes([0xff, 0x85, 0, 1, 2, 3, 4, 5]))),
            (8, Endian::Big, false, (0, 8), Some(5)),
        ];
        for (width, endian, signed, bits, expected) in cases {
            assert_eq!(field(width, endian, signed, bits).raw(&bytes), expected, "{width} {endian:?} {signed} {bits:?}");
        }
        assert_eq!(field(8, Endian::Big, false, (0, 64)).raw(&bytes[..8]), None);
    }
}
