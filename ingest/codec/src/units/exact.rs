//! Conversions as exact arithmetic: `(v x num x 10^ten + offset) / den` in whole numbers, rounded once.

use std::fmt::{self, Write};

/// Largest numerator and denominator: the products below then fit in 128 bits.
const NUM_LIMIT: u128 = 1_000_000_000_000_000_000;
const DEN_LIMIT: u128 = 1_000_000_000_000_000;
/// Whole numbers up to here are doubles.
const EXACT: u128 = 1 << 53;
/// 10^37: the largest power of ten below the ends of an `i128`.
const DIGITS: u32 = 37;

/// A positive number, `num / den x 10^ten` in lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ratio {
    num: u64,
    den: u64,
    ten: i32,
}

impl Ratio {
    pub(super) const ONE: Ratio = Ratio { num: 1, den: 1, ten: 0 };

    /// None for zero, and for what has too many digits to be exact.
    pub(super) fn new(num: u64, den: u64, ten: i32) -> Option<Self> {
        Self::lowest(num.into(), den.into(), ten)
    }

    fn lowest(mut num: u128, mut den: u128, mut ten: i32) -> Option<Self> {
        if num == 0 || den == 0 {
            return None;
        }
        let common = gcd(num, den);
        (num, den) = (num / common, den / common);
        // Only powers of ten may go into `ten`: the denominator keeps nothing of 2 and 5.
        for (factor, other) in [(2, 5), (5, 2)] {
            while den.is_multiple_of(factor) {
                (num, den, ten) = (num.checked_mul(other)?, den / factor, ten.checked_sub(1)?);
            }
        }
        while num.is_multiple_of(10) {
            (num, ten) = (num / 10, ten.checked_add(1)?);
        }
        if num > NUM_LIMIT || den > DEN_LIMIT || ten.abs() > 300 {
            return None;
        }
        Some(Self { num: u64::try_from(num).ok()?, den: u64::try_from(den).ok()?, ten })
    }

    pub(super) fn times(self, other: Self) -> Option<Self> {
        let wide = |a: u64, b: u64| u128::from(a).checked_mul(b.into());
        Self::lowest(wide(self.num, other.num)?, wide(self.den, other.den)?, self.ten.checked_add(other.ten)?)
    }

    pub(super) fn over(self, other: Self) -> Option<Self> {
        self.times(Self { num: other.den, den: other.num, ten: other.ten.checked_neg()? })
    }

    pub(super) fn power(self, exponent: i8) -> Option<Self> {
        let mut power = Self::ONE;
        for _ in 0..exponent.unsigned_abs() {
            power = if exponent > 0 { power.times(self)? } else { power.over(self)? };
        }
        Some(power)
    }
}

fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// How a value in one unit becomes one in another. Two units apart: made once, applied often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conversion {
    ratio: Ratio,
    /// Added before the division by the denominator, in units of `10^offset_ten`.
    offset: i64,
    offset_ten: i32,
}

impl Conversion {
    /// Leaves a value as it is, bit by bit.
    pub const IDENTITY: Conversion = Conversion { ratio: Ratio::ONE, offset: 0, offset_ten: 0 };

    /// `(v + from) x ratio - to`, where `from` and `to` are hundredths.
    pub(super) fn new(ratio: Ratio, from: i64, to: i64) -> Option<Self> {
        let ten = ratio.ten.min(0);
        let add = i128::from(from).checked_mul(ratio.num.into())?.checked_mul(power_of_ten(ratio.ten - ten)?)?;
        let take = i128::from(to).checked_mul(ratio.den.into())?.checked_mul(power_of_ten(-ten)?)?;
        let offset = i64::try_from(add.checked_sub(take)?).ok()?;
        Some(Self { ratio, offset, offset_ten: if offset == 0 { 0 } else { ten - 2 } })
    }

    /// The double nearest to the exact result for the decimal that `value` prints as. What is not finite
    /// stays so.
    #[must_use]
    pub fn apply(&self, value: f64) -> f64 {
        if *self == Self::IDENTITY || !value.is_finite() || (value == 0.0 && self.offset == 0) {
            return value;
        }
        self.whole(value).or_else(|| self.written(value)).unwrap_or_else(|| self.floating(value))
    }

    #[cfg(test)]
    pub(super) fn ways(&self, value: f64) -> (Option<f64>, Option<f64>) {
        (self.whole(value), self.written(value))
    }

    /// Whole numbers, as most devices send: both sides of the division are doubles, so it rounds once.
    #[expect(clippy::cast_precision_loss, reason = "both are at most 2^53")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, and at most 2^53")]
    fn whole(&self, value: f64) -> Option<f64> {
        let Ratio { num, den, ten } = self.ratio;
        if self.offset != 0 || value.fract() != 0.0 || value.abs() > EXACT as f64 {
            return None;
        }
        let mut above = u128::from(value.abs() as u64).checked_mul(num.into())?;
        let mut below = u128::from(den);
        let scale = u128::try_from(power_of_ten(i32::try_from(ten.unsigned_abs()).ok()?)?).ok()?;
        if ten < 0 {
            below = below.checked_mul(scale)?;
        } else {
            above = above.checked_mul(scale)?;
        }
        (above <= EXACT && below <= EXACT).then(|| (above as f64 / below as f64).copysign(value))
    }

    /// From the digits as written.
    fn written(&self, value: f64) -> Option<f64> {
        let Ratio { num, den, ten } = self.ratio;
        let (digits, exponent) = decimal(value.abs())?;
        let sign = if value < 0.0 { -1 } else { 1 };
        let mut above = i128::from(digits).checked_mul(num.into())?.checked_mul(sign)?;
        let mut exponent = exponent.checked_add(ten)?;
        if self.offset != 0 {
            let least = exponent.min(self.offset_ten);
            let offset = i128::from(self.offset).checked_mul(power_of_ten(self.offset_ten - least)?)?;
            above = above.checked_mul(power_of_ten(exponent - least)?)?.checked_add(offset)?;
            exponent = least;
        }
        divided(above, den.into(), exponent)
    }

    /// Magnitudes that nothing on earth has; good to three roundings.
    #[expect(clippy::cast_precision_loss, reason = "said so")]
    fn floating(&self, value: f64) -> f64 {
        let Ratio { num, den, ten } = self.ratio;
        (value * num as f64 * 10f64.powi(ten) + self.offset as f64 * 10f64.powi(self.offset_ten)) / den as f64
    }
}

fn power_of_ten(exponent: i32) -> Option<i128> {
    10i128.checked_pow(u32::try_from(exponent).ok()?)
}

/// The double nearest to `above / below x 10^exponent`: long division to more digits than a double can
/// tell apart, a last digit that says whether anything is left, and the standard library's reading of it.
fn divided(above: i128, below: i128, exponent: i32) -> Option<f64> {
    let size = above.unsigned_abs().checked_ilog10().unwrap_or(0);
    let more = if below == 1 { 0 } else { DIGITS.checked_sub(size + 1)? };
    let above = above.checked_mul(10i128.checked_pow(more)?)?;
    let rest = u8::from(above % below != 0);
    let mut text = Text::default();
    write!(text, "{}{rest}e{}", above / below, exponent - i32::try_from(more).ok()? - 1).ok()?;
    text.as_str()?.parse().ok()
}

/// The shortest decimal that reads as this number, `digits x 10^ten`. None if it is below zero or not finite.
pub(super) fn decimal(value: f64) -> Option<(u64, i32)> {
    let mut text = Text::default();
    write!(text, "{value:e}").ok()?;
    let (mantissa, exponent) = text.as_str()?.split_once('e')?;
    let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let digits = mantissa
        .bytes()
        .filter(u8::is_ascii_digit)
        .try_fold(0u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))?;
    (value >= 0.0).then_some((digits, exponent.parse::<i32>().ok()? - i32::try_from(fraction).ok()?))
}

/// Room for a number's text without the heap.
struct Text {
    bytes: [u8; 64],
    len: usize,
}

impl Default for Text {
    fn default() -> Self {
        Self { bytes: [0; 64], len: 0 }
    }
}

impl Text {
    fn as_str(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes.get(..self.len)?).ok()
    }
}

impl Write for Text {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.len + text.len();
        self.bytes.get_mut(self.len..end).ok_or(fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}
