//! The number formats of EN 13757-3, annex A: BCD (type A), integers (B, D), real (H) and text. Each has
//! its own way to say "no value", and none of them is ever read as 0.

use super::date::Local;
use super::vif::{Measure, Scale};

/// What a record holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// In the record's unit.
    Number(f64),
    /// Flags, as they stand.
    Bits(u64),
    /// Date or date and time, local.
    Time(Local),
    /// Text, or digits of a number that is not counted with.
    Text(Box<str>),
    /// Data without a common meaning.
    Bytes(Box<[u8]>),
    /// The meter has no value to give.
    Invalid,
    /// The record has no data.
    Nothing,
}

/// How the bytes of a record are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Nothing,
    Integer,
    Real,
    Bcd,
    /// Binary-coded digits with the sign told apart, from a record of variable length.
    NegativeBcd,
    Text,
    Bytes,
}

/// Bytes as content of this scale.
pub(super) fn content(format: Format, bytes: &[u8], scale: &Scale) -> Content {
    match (scale.measure, format) {
        (_, Format::Nothing) => Content::Nothing,
        (Measure::Date | Measure::DateTime, _) => time(bytes),
        (Measure::ErrorFlags | Measure::DigitalInput | Measure::DigitalOutput | Measure::Manufacturer, Format::Integer) => {
            unsigned(bytes).map_or_else(|| Content::Bytes(bytes.into()), Content::Bits)
        }
        (Measure::FabricationNumber, Format::Bcd) => Content::Text(digits(bytes).into()),
        (_, Format::Bytes) => Content::Bytes(bytes.into()),
        (_, Format::Text) => text(bytes).map_or_else(|| Content::Bytes(bytes.into()), |text| Content::Text(text.into())),
        (_, Format::Integer) => number(integer(bytes), scale),
        (_, Format::Real) => number(real(bytes), scale),
        (_, Format::Bcd) => number(bcd(bytes), scale),
        (_, Format::NegativeBcd) => number(bcd(bytes).map(|value| -value), scale),
    }
}

fn number(raw: Option<f64>, scale: &Scale) -> Content {
    raw.map(|raw| scale.value(raw)).filter(|value| value.is_finite()).map_or(Content::Invalid, Content::Number)
}

fn time(bytes: &[u8]) -> Content {
    let local = match *bytes {
        [a, b] => Local::date([a, b]),
        [a, b, c, d] => Local::minute([a, b, c, d]),
        [a, b, c, d, e, f] => Local::second([a, b, c, d, e, f]),
        // A time of day, or something new.
        _ => return Content::Bytes(bytes.into()),
    };
    local.map_or(Content::Invalid, Content::Time)
}

/// Little endian, at most 8 bytes.
fn unsigned(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().rev().fold(0, |all, byte| all << 8 | u64::from(*byte)))
}

/// Type B: two's complement, the lowest value means "invalid".
#[expect(clippy::cast_precision_loss, reason = "a meter counts to far less than 2^53")]
pub(super) fn integer(bytes: &[u8]) -> Option<f64> {
    let width = 8 * u32::try_from(bytes.len()).ok().filter(|n| (1..=8).contains(n))?;
    let raw = unsigned(bytes)?;
    let unused = 64 - width;
    let value = (raw << unused).cast_signed() >> unused;
    (raw != 1 << (width - 1)).then_some(value as f64)
}

/// Type H: IEEE 754, single precision.
fn real(bytes: &[u8]) -> Option<f64> {
    bytes.first_chunk().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).filter(|value| value.is_finite())
}

/// Type A: two digits a byte, the least significant byte first. F as the leading digit is a minus; any
/// other hexadecimal digit means "invalid". So does 8 followed by zeros alone: makes that fill a
/// register with the invalid value of an integer do so whatever its format.
pub(super) fn bcd(bytes: &[u8]) -> Option<f64> {
    let (top, lower) = bytes.split_last()?;
    if *top == 0x80 && !lower.is_empty() && lower.iter().all(|byte| *byte == 0) {
        return None;
    }
    let negative = *top >= 0xf0;
    let top = if negative { top & 0x0f } else { *top };
    let digits = std::iter::once(top).chain(lower.iter().rev().copied()).flat_map(|byte| [byte >> 4, byte & 0x0f]);
    let mut value = 0.0;
    for digit in digits {
        if digit > 9 {
            return None;
        }
        value = value * 10.0 + f64::from(digit);
    }
    Some(if negative { -value } else { value })
}

/// Digits as they are read, the most significant first; hexadecimal where they are not decimal.
pub(super) fn digits(bytes: &[u8]) -> String {
    bytes.iter().rev().map(|byte| format!("{byte:02x}")).collect()
}

/// ISO 8859-1, the last character first. None where it cannot be printed.
fn text(bytes: &[u8]) -> Option<String> {
    bytes.iter().rev().map(|byte| char::from(*byte)).map(|c| (!c.is_control()).then_some(c)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_minus_stands_in_the_leading_digit() {
        assert_eq!(bcd(&[0x64, 0x39, 0x04, 0x00]), Some(43_964.0));
        assert_eq!(bcd(&[0x01, 0x00, 0xf0]), Some(-1.0));
        assert_eq!(bcd(&[0x23, 0xf1]), Some(-123.0));
    }

    #[test]
    fn no_value_is_never_a_number() {
        assert_eq!(bcd(&[0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(bcd(&[0x1a, 0x00]), None);
        assert_eq!(bcd(&[0x00, 0x00, 0x00, 0x80]), None);
        assert_eq!(bcd(&[]), None);
        assert_eq!(integer(&[0x80]), None);
        assert_eq!(integer(&[0x00, 0x00, 0x80]), None);
        assert_eq!(integer(&[0; 7]), Some(0.0));
        assert_eq!(integer(&[0; 9]), None);
        assert_eq!(real(&f32::NAN.to_le_bytes()), None);
    }

    proptest! {
        #[test]
        fn digits_come_back_as_the_number_that_was_written(value in -9_999_999_i64..=9_999_999) {
            let mut digits = format!("{:08}", value.unsigned_abs()).into_bytes();
            if let (true, Some(lead)) = (value < 0, digits.first_mut()) {
                *lead = b'0' + 15;
            }
            let bytes: Vec<u8> = digits.rchunks(2).map(|d| d.iter().fold(0, |all, digit| all << 4 | (digit - b'0'))).collect();
            prop_assert_eq!(bcd(&bytes), Some(value as f64));
        }

        #[test]
        fn an_integer_comes_back_from_any_width_that_holds_it(value: i64, width in 1_usize..=8) {
            let bits = 64 - 8 * width;
            let value = value << bits >> bits;
            let bytes = value.to_le_bytes();
            let expected = (value != i64::MIN >> bits).then_some(value as f64);
            prop_assert_eq!(integer(&bytes[..width]), expected);
        }

        #[test]
        fn any_bytes_are_digits_or_no_value(bytes in prop::collection::vec(any::<u8>(), 0..16)) {
            prop_assert!(bcd(&bytes).is_none_or(f64::is_finite));
        }
    }
}
