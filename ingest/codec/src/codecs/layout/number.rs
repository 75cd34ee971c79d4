//! Numbers as they stand in bytes, cut out bit by bit.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endian {
    Big,
    Little,
    /// Words of 16 bits, the lowest first, each with its high byte first: as Modbus registers are joined.
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
    /// 1 if any of the bits is set.
    Flag,
}

impl Number {
    /// The number as it stands in the bytes, of which the bits count that begin at the lowest one named; none where they
    /// are not digits, or not a number.
    #[expect(clippy::cast_precision_loss, reason = "devices count to far less than 2^53; above, the value is rejected")]
    pub(super) fn cut(self, place: &[u8], endian: Endian, (lowest, count): (u32, u32)) -> Option<f64> {
        let join = |all: u64, byte: &u8| all << 8 | u64::from(*byte);
        let all = match endian {
            Endian::Big => place.iter().fold(0, join),
            Endian::Little => place.iter().rev().fold(0, join),
            Endian::LowWordFirst => place.chunks(2).rev().flatten().fold(0, join),
        };
        // The wanted bits to the top, then down again: fills with zeros, or with the sign.
        let top = all.checked_shl(64 - lowest - count)?;
        let value = top >> (64 - count);
        match self {
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
            Number::Flag => Some(f64::from(u8::from(value != 0))),
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

/// The number `turn` of numbers of `bits` bits, the first in the lowest bits of the first byte.
pub(super) fn packed(bytes: &[u8], turn: usize, bits: u32) -> f64 {
    let width = usize::try_from(bits).unwrap_or(0);
    let bit = |i: usize| bytes.get(i / 8).is_some_and(|byte| byte >> (i % 8) & 1 == 1);
    let number = (0..width).rev().fold(0u32, |all, i| all << 1 | u32::from(bit(turn * width + i)));
    f64::from(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(width: usize, endian: Endian, number: Number, bits: (u32, u32), bytes: &[u8]) -> Option<f64> {
        number.cut(&bytes[..width], endian, bits)
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
            (4, Endian::LowWordFirst, Unsigned, (0, 32), 130_949.0),
            (2, Big, Unsigned, (7, 1), 1.0),
            (2, Big, Unsigned, (0, 7), 5.0),
            (2, Big, Signed, (4, 4), -8.0),
            (8, Big, Unsigned, (0, 8), 5.0),
            (1, Big, Number::SignMagnitude, (0, 8), -127.0),
            (1, Big, Number::Flag, (4, 4), 1.0),
            (2, Big, Number::Flag, (3, 4), 0.0),
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
