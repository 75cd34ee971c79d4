//! Codes of six digits that change every half minute (RFC 6238, over RFC 4226), as every authenticator computes them. Pure.

use ring::hmac;
use schemas::Timestamp;

/// Seconds of one step.
const STEP: i64 = 30;
/// Six digits.
const MODULUS: u32 = 1_000_000;
/// Steps that a clock may be off, in either direction.
const DRIFT: u64 = 1;

/// The step in which an instant lies.
fn step_at(now: Timestamp) -> u64 {
    u64::try_from(now.millis() / 1000 / STEP).unwrap_or(0)
}

/// The code of a step (RFC 4226, section 5.3). SHA-1, since authenticators compute no other by default; what is asked of it
/// here is not what it was broken in.
fn code(secret: &[u8], step: u64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let bytes = tag.as_ref();
    let at = usize::from(bytes.last().map_or(0, |last| last & 0x0F));
    let four = bytes.iter().skip(at).take(4).fold(0, |number: u32, byte| number << 8 | u32::from(*byte));
    (four & 0x7FFF_FFFF) % MODULUS
}

/// The step, behind `after`, of which somebody typed the code around `now`; none where it is no such code.
pub(crate) fn step_of(secret: &[u8], typed: &str, now: Timestamp, after: u64) -> Option<u64> {
    let digits: String = typed.chars().filter(|c| *c != ' ').take(7).collect();
    let typed: u32 = digits.parse().ok().filter(|_| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit()))?;
    let now = step_at(now);
    let near = now.saturating_sub(DRIFT)..=now + DRIFT;
    // Every step is computed, whichever fits: the time of the answer tells nothing.
    let fits = near.filter(|step| code(secret, *step) == typed).collect::<Vec<_>>();
    fits.into_iter().find(|step| *step > after)
}

/// What an authenticator shows at an instant.
#[cfg(test)]
pub(crate) fn shown(secret: &[u8], now: Timestamp) -> String {
    format!("{:06}", code(secret, step_at(now)))
}

/// RFC 4648, without the padding, which authenticators do not want.
pub(crate) fn base32(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for chunk in bytes.chunks(5) {
        let bits = (0..5).fold(0_u64, |bits, at| bits << 8 | u64::from(chunk.get(at).copied().unwrap_or(0)));
        let signs = (chunk.len() * 8).div_ceil(5);
        text.extend((0..signs).map(|at| char::from(SIGNS[(bits >> (35 - at * 5) & 31) as usize])));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B: the last six of the eight digits.
    #[test]
    fn codes_are_those_of_rfc_6238() {
        let secret = b"12345678901234567890";
        for (seconds, digits) in
            [(59, 287_082), (1_111_111_109, 81_804), (1_111_111_111, 50_471), (1_234_567_890, 5_924), (2_000_000_000, 279_037)]
        {
            let now = Timestamp::clamped(seconds * 1000);
            assert_eq!(code(secret, step_at(now)), digits, "{seconds}");
            assert_eq!(step_of(secret, &format!("{digits:06}"), now, 0), Some(step_at(now)));
        }
    }

    #[test]
    fn a_clock_may_be_half_a_minute_off_and_a_code_is_taken_once() {
        let (secret, now) = (b"12345678901234567890", Timestamp::clamped(1_111_111_111_000));
        let step = step_at(now);
        let typed = |step: u64| format!("{:06}", code(secret, step));
        for near in [step - 1, step, step + 1] {
            assert_eq!(step_of(secret, &typed(near), now, 0), Some(near));
        }
        for far in [step - 2, step + 2] {
            assert_eq!(step_of(secret, &typed(far), now, 0), None);
        }
        assert_eq!(step_of(secret, &typed(step), now, step), None, "again");
        for odd in ["", "050 47", "0504711", "+50471", "٠٥٠٤٧١"] {
            assert_eq!(step_of(secret, odd, now, 0), None, "{odd}");
        }
        assert_eq!(step_of(secret, "050 471", now, 0), Some(step), "as authenticators show it");
    }

    /// RFC 4648, section 10.
    #[test]
    fn base32_is_that_of_rfc_4648() {
        for (bytes, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
    }
}
