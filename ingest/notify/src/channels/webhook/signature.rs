//! The signature: HMAC-SHA256 (RFC 2104, FIPS 180-4) over the timestamp, a dot and the body, so that
//! neither can be changed nor an old message be sent again later.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::channels::secret::Place;

/// Shorter ones can be guessed.
const SHORTEST: usize = 16;

/// A shared secret, ready to sign. Never printed.
#[derive(Clone)]
pub(super) struct Secret(Hmac<Sha256>);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Of the secret's place; none of none.
    pub(super) fn of(place: Place<'_>) -> Result<Option<Self>, String> {
        let Some(secret) = place.read("secret")? else { return Ok(None) };
        let bytes = secret.show().as_bytes();
        if bytes.len() < SHORTEST {
            return Err(format!("secret: expected at least {SHORTEST} bytes, found {}", bytes.len()));
        }
        let mac = Hmac::new_from_slice(bytes).map_err(|error| format!("secret: {error}"))?;
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

    const LONG: Place<'static> = Place { stated: Some("correct horse battery staple"), file: None, variable: None };

    #[test]
    fn the_signature_is_the_documented_one() {
        // printf '1795000000.{"version":1}' | openssl dgst -sha256 -hmac 'correct horse battery staple'
        let secret = Secret::of(LONG).unwrap().unwrap();
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
        let from_file = Secret::of(Place { file: Some(&file), ..Place::default() }).unwrap().unwrap();
        let stated = Secret::of(LONG).unwrap().unwrap();
        assert_eq!(from_file.sign("1", b"x"), stated.sign("1", b"x"));

        assert!(Secret::of(Place::default()).unwrap().is_none());
        let refused = |place: Place<'_>| Secret::of(place).map(drop).unwrap_err();
        assert!(refused(Place { file: Some(&file), ..LONG }).contains("found several"));
        let short = refused(Place { stated: Some("too short"), ..Place::default() });
        assert!(short.contains("at least 16 bytes, found 9") && !short.contains("too short"));
        assert!(refused(Place { file: Some(&directory.path().join("nowhere")), ..Place::default() }).contains("nowhere"));
        assert!(refused(Place { variable: Some("MARSAD_NO_SUCH_SECRET"), ..Place::default() }).contains("NO_SUCH_SECRET"));
    }
}
