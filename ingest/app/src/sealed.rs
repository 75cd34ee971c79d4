//! Files sealed by age (age-encryption.org/v1): for recipients, whose keys lie elsewhere, and opened by such a key.
//!
//! Deliberately absent: making keys. They are made where they are kept, by `age-keygen`.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::Path;

use age::{Decryptor, Encryptor, Identity, IdentityFile};
use settings::Recipient;

use crate::failure::{Code, Failure};

/// Copies `from` to `to`, sealed: any one of the recipients, of whom there is one at least, can open it.
pub(crate) fn seal(from: &mut impl Read, to: impl Write, recipients: &[Recipient]) -> io::Result<()> {
    let sealing = Encryptor::with_recipients(recipients.iter().map(|one| one.key() as _)).map_err(io::Error::other)?;
    let mut to = sealing.wrap_output(to)?;
    io::copy(from, &mut to)?;
    to.finish()?.flush()
}

/// Keys that open what was sealed for one of them.
pub(crate) struct Identities(Vec<Box<dyn Identity>>);

impl Identities {
    /// Of a file as `age-keygen` writes it.
    pub(crate) fn read(file: &Path) -> Result<Self, Failure> {
        let odd = |why: &dyn std::fmt::Display| {
            Failure::new(Code::Failed, format!("{}: {why}", file.display()))
                .hint("expected a file of `age-keygen`, with a line AGE-SECRET-KEY-1...")
        };
        let text = File::open(file).map_err(|why| odd(&why))?;
        let keys = IdentityFile::from_buffer(BufReader::new(text)).map_err(|why| odd(&why))?;
        Ok(Self(keys.into_identities().map_err(|why| odd(&why))?))
    }

    /// What a sealed file says. What was changed on its way is an error where it is read.
    pub(crate) fn open<R: Read>(&self, sealed: R) -> io::Result<impl Read + use<R>> {
        let odd = |why| io::Error::new(io::ErrorKind::InvalidData, why);
        let found = Decryptor::new(sealed).map_err(|why| odd(why.to_string()))?;
        found.decrypt(self.0.iter().map(AsRef::as_ref)).map_err(|why| odd(why.to_string()))
    }
}
