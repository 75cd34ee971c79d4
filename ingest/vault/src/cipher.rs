//! ChaCha20-Poly1305 and HMAC-SHA256: sealing bytes under a name, and keys made of keys.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// Bytes of a key.
pub(crate) const KEY: usize = 32;
const NONCE: usize = 12;
/// The first byte of what is sealed.
const VERSION: u8 = 1;
/// Version and nonce before the text, tag behind it.
const MORE: usize = 1 + NONCE + 16;

/// Bytes that nobody can guess; none where the system gives no chance.
pub(crate) fn chance<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(bytes)
}

/// A key that was made of another for one use: HMAC-SHA256(key, use || 0 || what).
pub(crate) fn derived(key: &hmac::Key, purpose: &str, what: &[u8]) -> Key {
    let mut mac = hmac::Context::with_key(key);
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(what);
    let mut bytes = [0; KEY];
    bytes.copy_from_slice(mac.sign().as_ref());
    Key(bytes)
}

/// Seals and opens. Never printed.
pub(crate) struct Key([u8; KEY]);

impl Key {
    fn aead(&self) -> Option<LessSafeKey> {
        UnboundKey::new(&CHACHA20_POLY1305, &self.0).ok().map(LessSafeKey::new)
    }

    /// Sealed bytes that open only under this key and name: version, nonce, text, tag. None where the system gives no chance.
    pub(crate) fn seal(&self, name: &str, text: &[u8]) -> Option<Vec<u8>> {
        let nonce = chance::<NONCE>()?;
        let mut sealed = Vec::with_capacity(text.len() + MORE);
        sealed.push(VERSION);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(text);
        let own = sealed.get_mut(1 + NONCE..)?;
        let tag = self.aead()?.seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name), own).ok()?;
        sealed.extend_from_slice(tag.as_ref());
        Some(sealed)
    }

    /// What was sealed under this key and name.
    pub(crate) fn open(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (version, rest) = sealed.split_first()?;
        let (nonce, text) = rest.split_first_chunk::<NONCE>()?;
        if *version != VERSION {
            return None;
        }
        let mut text = text.to_vec();
        let opened = self.aead()?.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(name), &mut text).ok()?.len();
        text.truncate(opened);
        Some(text)
    }
}
