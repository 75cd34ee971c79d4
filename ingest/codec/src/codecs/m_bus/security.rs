//! Decryption and authentication: security modes 5 and 7 (EN 13757-7, OMS volume 2)
//! and the counter mode of the extended link layer (EN 13757-4).
//!
//! Every way has a check of its own that the key fits: the two fillers that begin what is encrypted in
//! blocks, the CRC inside what the link layer encrypts. Nothing is read without it.

use std::borrow::Cow;

use aes::Aes128;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit, StreamCipher};
use cmac::{Cmac, KeyInit, Mac};

use super::record::FILLER;
use super::{Address, Key, MBusError, Mode, Protection};

/// What the authentication layer says of a message.
pub(super) struct Authentication<'a> {
    /// Those of its fields that the code covers.
    pub(super) covered: Vec<u8>,
    /// The message's number, of which its keys are made.
    pub(super) counter: Option<[u8; 4]>,
    /// Truncated; empty where there is none.
    pub(super) mac: &'a [u8],
    /// From the transport layer's CI field to the end, as it was sent.
    pub(super) message: &'a [u8],
}

/// Data behind a header that says encrypted.
pub(super) struct Sealed<'a> {
    pub(super) mode: Mode,
    pub(super) meter: Option<Address>,
    pub(super) access: u8,
    /// Bytes from the front that are encrypted, by the header.
    pub(super) encrypted: usize,
    pub(super) data: &'a [u8],
}

impl<'a> Sealed<'a> {
    /// The data in plain. Where the key is missing or does not fit, and the data begin as decrypted data
    /// do, somebody has decrypted them and left the header as it was: the chance that encrypted data
    /// look so is 1 in 65,536.
    pub(super) fn open(
        &self,
        key: Option<&Key>,
        authentication: Option<&Authentication<'_>>,
    ) -> Result<(Protection, Cow<'a, [u8]>), MBusError> {
        let mode = self.mode;
        let opened = match key {
            None => Err(MBusError::Encrypted { mode }),
            Some(key) => self.decrypted(key, authentication),
        };
        match opened {
            Err(MBusError::Encrypted { .. } | MBusError::WrongKey { .. }) if begins_plain(self.data) => {
                Ok((Protection::Removed(mode), Cow::Borrowed(self.data)))
            }
            opened => opened.map(|(protection, data)| (protection, Cow::Owned(data))),
        }
    }

    fn decrypted(&self, key: &Key, authentication: Option<&Authentication<'_>>) -> Result<(Protection, Vec<u8>), MBusError> {
        let mode = self.mode;
        let meter = self.meter.ok_or(MBusError::Encrypted { mode })?;
        let data = self.plain(key, &meter, authentication)?;
        let fits = authentication.filter(|_| mode == Mode::Seven).and_then(|a| a.fits(key, &meter));
        match fits {
            None => Ok((Protection::Decrypted(mode), data)),
            Some(true) => Ok((Protection::Authenticated(mode), data)),
            Some(false) => Err(MBusError::BadMac),
        }
    }

    fn plain(&self, key: &Key, meter: &Address, authentication: Option<&Authentication<'_>>) -> Result<Vec<u8>, MBusError> {
        let mode = self.mode;
        let (key, vector) = match mode {
            Mode::Seven => {
                let counter = authentication.and_then(|a| a.counter).ok_or(MBusError::NoCounter)?;
                (derived(key, ENCRYPTION, counter, meter), [0; 16])
            }
            Mode::Five | Mode::LinkLayer => {
                let [a, b, c, d, e, f, g, h] = meter.vector();
                let n = self.access;
                (*key, [a, b, c, d, e, f, g, h, n, n, n, n, n, n, n, n])
            }
        };
        let mut data = self.data.to_vec();
        let have = data.len();
        let short = MBusError::Short { what: "encrypted data", at: 0, need: self.encrypted, have };
        let blocks = data.get_mut(..self.encrypted).ok_or(short)?;
        cbc::Decryptor::<Aes128>::new(&key.into(), &vector.into())
            .decrypt_padded::<NoPadding>(blocks)
            .map_err(|_| MBusError::WrongKey { mode })?;
        if begins_plain(&data) { Ok(data) } else { Err(MBusError::WrongKey { mode }) }
    }
}

impl Authentication<'_> {
    /// Whether the authentication code fits; none where there is none.
    fn fits(&self, key: &Key, meter: &Address) -> Option<bool> {
        let mac_key = derived(key, AUTHENTICATION, self.counter?, meter);
        let mut mac = Cmac::<Aes128>::new(&mac_key.into());
        mac.update(&self.covered);
        mac.update(self.message);
        let long_enough = self.mac.len() >= MAC_LEAST;
        (!self.mac.is_empty()).then(|| long_enough && mac.verify_truncated_left(self.mac).is_ok())
    }
}

/// What is encrypted in blocks begins with two fillers (OMS volume 2).
fn begins_plain(data: &[u8]) -> bool {
    data.starts_with(&[FILLER, FILLER])
}

/// Bytes of a code that is taken: a shorter one can be guessed. OMS asks for 8.
const MAC_LEAST: usize = 8;

/// The constants of the key derivation: what a meter's key is derived for.
const ENCRYPTION: u8 = 0x00;
const AUTHENTICATION: u8 = 0x01;

/// The key of one message (key derivation function A of OMS volume 2): CMAC over constant, counter, serial number and
/// padding of 7.
fn derived(key: &Key, constant: u8, counter: [u8; 4], meter: &Address) -> Key {
    let mut mac = Cmac::<Aes128>::new(&(*key).into());
    mac.update(&[constant]);
    mac.update(&counter);
    mac.update(&meter.id);
    mac.update(&[7; 7]);
    mac.finalize().into_bytes().into()
}

/// Encrypts and decrypts what the extended link layer guards: address, control field and session number
/// begin the counter, frame number and block number are 0.
pub(super) fn counter_mode(key: &Key, sender: &Address, control: u8, session: [u8; 4], data: &mut [u8]) {
    let [a, b, c, d, e, f, g, h] = sender.vector();
    let [s0, s1, s2, s3] = session;
    let vector = [a, b, c, d, e, f, g, h, control, s0, s1, s2, s3, 0, 0, 0];
    ctr::Ctr128BE::<Aes128>::new(&(*key).into(), &vector.into()).apply_keystream(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_of_a_message_are_those_of_the_specification() {
        // The example of OMS volume 2: key 00 01 .. 0f, message counter b3 0a 00 00, meter 12345678.
        let key = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        let meter = Address::number_first([0x78, 0x56, 0x34, 0x12, 0x93, 0x15, 0x33, 0x03]);
        let counter = [0xb3, 0x0a, 0, 0];
        let hex = |key: Key| key.map(|byte| format!("{byte:02x}")).concat();
        assert_eq!(hex(derived(&key, ENCRYPTION, counter, &meter)), "eccf39d475d730b8284fdfdc1995d52f");
        assert_eq!(hex(derived(&key, AUTHENTICATION, counter, &meter)), "c9cd19ff5a9aad5a6bbda13bd2c4c7ad");
    }
}
