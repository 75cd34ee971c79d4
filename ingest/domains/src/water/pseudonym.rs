//! Names that say nothing: a meter under a pseudonym, from a key that is kept elsewhere.
//!
//! lower(base32(HMAC-SHA256(key, "meter:" || id))), the first 20 characters (100 bits). A new key each year makes
//! the pseudonyms of two years strangers to each other; the map back is a table of its own, with a role of its own.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Characters of a pseudonym.
const LENGTH: usize = 20;
/// A key has at least this many bytes.
const KEY_LEAST: usize = 16;
/// RFC 4648, lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// A key that is too short to hide anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the key of pseudonyms has {0} bytes, expected at least {KEY_LEAST}")]
pub struct KeyError(usize);

/// Gives meters their pseudonyms.
#[derive(Clone)]
pub struct Pseudonyms(Hmac<Sha256>);

impl fmt::Debug for Pseudonyms {
    /// Never the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pseudonyms(..)")
    }
}

impl Pseudonyms {
    /// With the key of an epoch.
    ///
    /// # Errors
    /// Fewer than 16 bytes.
    pub fn new(key: &[u8]) -> Result<Self, KeyError> {
        if key.len() < KEY_LEAST {
            return Err(KeyError(key.len()));
        }
        Hmac::new_from_slice(key).map(Self).map_err(|_| KeyError(key.len()))
    }

    /// The pseudonym of a meter: 20 letters and digits.
    #[must_use]
    pub fn of(&self, meter: &str) -> String {
        let mut mac = self.0.clone();
        mac.update(b"meter:");
        mac.update(meter.as_bytes());
        let digest = mac.finalize().into_bytes();
        let bit = |i: usize| digest.get(i / 8).map_or(0, |byte| byte >> (7 - i % 8) & 1);
        let letter = |i: usize| (0..5).fold(0_usize, |five, b| five << 1 | usize::from(bit(5 * i + b)));
        (0..LENGTH).filter_map(|i| ALPHABET.get(letter(i))).map(|byte| char::from(*byte)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_key_is_refused_and_no_key_is_printed() {
        assert_eq!(Pseudonyms::new(b"short").unwrap_err(), KeyError(5));
        let names = Pseudonyms::new(&[7; 32]).unwrap();
        assert_eq!(format!("{names:?}"), "Pseudonyms(..)");
        assert_ne!(names.of("a"), names.of("b"));
    }
}
