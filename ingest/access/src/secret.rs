//! Secrets that the program makes: 256 bits of chance, kept as their SHA-256.
//!
//! A slow hash is for passwords that people choose; 256 bits cannot be guessed however fast the hash is.

use std::fmt::Write as _;

use ports::RecordError;
use sha2::{Digest, Sha256};

/// Bytes of chance in a secret.
const BYTES: usize = 32;

/// What is kept of a secret. Two are compared in full, whatever their first bytes are.
#[derive(Clone, Copy, Debug)]
pub struct Secret([u8; 32]);

impl Secret {
    /// Of this text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }

    /// Of the password of a device.
    pub(crate) fn of_password(password: &[u8]) -> Self {
        Self::marked(b'p', password)
    }

    /// Of the certificate of a device, in DER. Everybody may know a certificate: what is kept of it must never be what is
    /// kept of a password.
    pub(crate) fn of_certificate(der: &[u8]) -> Self {
        Self::marked(b'c', &Sha256::digest(der))
    }

    fn marked(mark: u8, bytes: &[u8]) -> Self {
        Self(Sha256::new().chain_update([mark]).chain_update(bytes).finalize().into())
    }

    /// Of the certificate whose SHA-256 is this: 64 hexadecimal digits.
    pub(crate) fn of_fingerprint(text: &str) -> Option<Self> {
        let digits = text.as_bytes();
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        (digits.len() == 64 && digits.iter().all(u8::is_ascii_hexdigit)).then(|| Self::marked(b'c', &hash))
    }

    pub(crate) const fn from_hash(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    pub(crate) const fn hash(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether it is the same secret. Takes as long for every pair.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).fold(0, |odd, (a, b)| odd | (a ^ b)) == 0
    }
}

/// A secret that nobody has had before: 64 hexadecimal digits.
///
/// # Errors
/// The system gives no chance.
pub fn fresh() -> Result<String, RecordError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|e| RecordError::Unavailable(format!("the system gives no random bytes: {e}")))?;
    Ok(hex(&bytes))
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
