//! The signature: HMAC-SHA256 (RFC 2104, FIPS 180-4) over the timestamp, a dot and the body, so that
//! neither can be changed nor an old message be sent again later.

use std::fmt::Write;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Shorter ones can be guessed.
const SHORTEST: usize = 16;

/// A shared secret, ready to sign. Never printed.
#[derive(Clone)]
pub(super) struct Secret(Hmac<Sha256>);

impl Secret {
    /// Of one of the two keys; none of none.
    pub(super) fn of(secret: Option<&str>, file: Option<&Path>) -> Result<Option<Self>, String> {
        let (key, bytes) = match (secret, file) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err("expected secret or secret_file, found both".to_owned()),
            (Some(secret), None) => ("secret", secret.as_bytes().to_vec()),
            (None, Some(path)) => {
                let read = std::fs::read(path).map_err(|error| format!("secret_file {}: {error}", path.display()))?;
                ("secret_file", read.trim_ascii_end().to_vec())
            }
        };
        if bytes.len() < SHORTEST {
            return Err(format!("{key}: expected a secret of at least {SHORTEST} bytes, found {}", bytes.len()));
        }
        let mac = Hmac::new_from_slice(&bytes).map_err(|error| format!("{key}: {error}"))?;
        Ok(Some(Self(mac)))
    }

    /// `sha256=` and 64 lower-case hexadecimal digits.
    pub(super) fn sign(&self, timestamp: &str, body: &[u8]) -> String {
        let mut mac = self.0.clone();
        mac.update(timestamp.as_bytes());
        mac.update(b".");
        mac.update(body);
        let mut text = "sha256=".to_owned();
        for byte in mac.finalize().into_bytes() {
            write!(text, "{byte:02x}").expect("a String takes what is written");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_documented_one() {
        // printf '1795000000.{"version":1}' | openssl dgst -sha256 -hmac 'correct horse battery staple'
        let secret = Secret::of(Some("correct horse battery staple"), None).unwrap().unwrap();
        assert_eq!(
            secret.sign("1795000000", br#"{"version":1}"#),
            "sha256=b1ad8a4957c6f372c7e4f8f9a2638f3e0b26f2a050a153ce7ba537411838dc1d"
        );
    }

    #[test]
    fn a_secret_comes_from_one_place_and_is_long_enough() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("secret");
        std::fs::write(&file, "correct horse battery staple\n").unwrap();
        let from_file = Secret::of(None, Some(&file)).unwrap().unwrap();
        let stated = Secret::of(Some("correct horse battery staple"), None).unwrap().unwrap();
        assert_eq!(from_file.sign("1", b"x"), stated.sign("1", b"x"));

        assert!(Secret::of(None, None).unwrap().is_none());
        let refused = |secret, file: Option<&Path>| Secret::of(secret, file).map(drop).unwrap_err();
        assert!(refused(Some("correct horse battery staple"), Some(&file)).contains("both"));
        assert!(refused(Some("too short"), None).contains("at least 16 bytes, found 9"));
        assert!(!refused(Some("too short"), None).contains("too short"));
        assert!(refused(None, Some(&directory.path().join("nowhere"))).contains("nowhere"));
    }
}
