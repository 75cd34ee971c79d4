//! Files copied into a directory, each with its length and SHA-256.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use settings::Recipient;

use crate::sealed::{Identities, seal};

/// What the name of a sealed file ends with.
pub(crate) const SEALED: &str = ".age";

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digest {
    /// Below the directory, with `/` between parts.
    pub(crate) name: String,
    pub(crate) bytes: u64,
    /// 64 hexadecimal digits.
    pub(crate) sha256: String,
}

impl Digest {
    /// Whether the file below `directory` is this one.
    pub(crate) fn holds(&self, directory: &Path) -> io::Result<()> {
        let (bytes, sha256) = sum(&mut File::open(self.below(directory)?)?, &mut io::sink())?;
        let other = |what: &str| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        match (bytes == self.bytes, sha256 == self.sha256) {
            (false, _) => other(&format!("it has {bytes} bytes, expected {}", self.bytes)),
            (true, false) => other("its SHA-256 is another"),
            (true, true) => Ok(()),
        }
    }

    /// A list of files may come from anywhere: a name never leads out of its directory.
    fn below(&self, directory: &Path) -> io::Result<PathBuf> {
        let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\\');
        if self.name.split('/').all(plain) {
            Ok(directory.join(&self.name))
        } else {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "the name leads out of the backup"))
        }
    }
}

/// Copies `from` to `to`; bytes and SHA-256 of what went through.
fn sum(from: &mut impl Read, to: &mut impl Write) -> io::Result<(u64, String)> {
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 20]);
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        let part = &buffer[..read];
        hash.update(part);
        to.write_all(part)?;
        bytes += read as u64;
    }
    let digits: Vec<String> = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((bytes, digits.concat()))
}

/// A file that is open: it can be read even when its name has gone.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) name: String,
    file: File,
}

/// A directory that is filled, and what is in it.
#[derive(Debug)]
pub(crate) struct Ledger {
    to: PathBuf,
    pub(crate) files: Vec<Digest>,
}

impl Ledger {
    pub(crate) fn new(to: &Path) -> io::Result<Self> {
        fs::create_dir_all(to)?;
        Ok(Self { to: to.to_owned(), files: Vec::new() })
    }

    /// Opens the files of a directory whose names end in `.{extension}`, in the order of names. One that goes
    /// between being listed and being opened was not needed any more.
    pub(crate) fn open_all(&self, directory: &Path, extension: &str) -> io::Result<Vec<Open>> {
        let mut opened = Vec::new();
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
            if path.extension().is_none_or(|e| e != extension) {
                continue;
            }
            match File::open(&path) {
                Ok(file) => opened.push(Open { name: name.to_owned(), file }),
                Err(gone) if gone.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        opened.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(opened)
    }

    /// Makes the directories above a file.
    pub(crate) fn room_for(&self, name: &str) -> io::Result<()> {
        self.to.join(name).parent().map_or(Ok(()), fs::create_dir_all)
    }

    /// Copies an open file into `folder`, durably.
    pub(crate) fn copy(&mut self, folder: &str, mut open: Open) -> io::Result<()> {
        let name = format!("{folder}/{}", open.name);
        self.keep(name, &mut open.file)
    }

    /// Copies a file of another such directory, durably.
    pub(crate) fn take(&mut self, from: &Path, digest: &Digest) -> io::Result<()> {
        self.keep(digest.name.clone(), &mut File::open(digest.below(from)?)?)
    }

    /// Copies a file of the directory `from` into this one, durably, sealed and under a name that says so.
    pub(crate) fn seal(&mut self, from: &Path, name: &str, recipients: &[Recipient]) -> io::Result<()> {
        let sealed = format!("{name}{SEALED}");
        self.room_for(&sealed)?;
        let to = self.to.join(&sealed);
        let mut out = BufWriter::with_capacity(1 << 20, File::create_new(&to)?);
        seal(&mut File::open(from.join(name))?, &mut out, recipients)?;
        out.into_inner()?.sync_all()?;
        self.note(&sealed)
    }

    /// Opens a sealed file of the directory `from` into this one, durably.
    pub(crate) fn unseal(&mut self, from: &Path, sealed: &Digest, identities: &Identities) -> io::Result<()> {
        let name = sealed.name.strip_suffix(SEALED).ok_or_else(|| io::Error::other("it is not sealed"))?;
        self.keep(name.to_owned(), &mut identities.open(BufReader::new(File::open(sealed.below(from)?)?))?)
    }

    fn keep(&mut self, name: String, from: &mut impl Read) -> io::Result<()> {
        self.room_for(&name)?;
        let mut to = File::create_new(self.to.join(&name))?;
        let (bytes, sha256) = sum(from, &mut to)?;
        to.sync_all()?;
        self.files.push(Digest { name, bytes, sha256 });
        Ok(())
    }

    /// Takes a file into the list that somebody else has put there.
    pub(crate) fn note(&mut self, name: &str) -> io::Result<()> {
        let (bytes, sha256) = sum(&mut File::open(self.to.join(name))?, &mut io::sink())?;
        self.files.push(Digest { name: name.to_owned(), bytes, sha256 });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_out_of_the_backup() {
        for name in ["../etc/passwd", "/etc/passwd", "a/../../b", "", "a//b", "."] {
            let digest = Digest { name: name.to_owned(), bytes: 0, sha256: String::new() };
            assert!(digest.below(Path::new("/backup")).is_err(), "{name}");
        }
    }

    #[test]
    fn what_is_copied_is_what_was_open_even_if_its_name_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir(&from).unwrap();
        fs::write(from.join("1.seg"), "one").unwrap();
        fs::write(from.join("1.cursor"), "here").unwrap();
        let mut ledger = Ledger::new(&to).unwrap();
        let open = ledger.open_all(&from, "seg").unwrap();
        fs::remove_file(from.join("1.seg")).unwrap();
        for open in open {
            ledger.copy("journal", open).unwrap();
        }
        let expected = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
        assert_eq!(ledger.files, [Digest { name: "journal/1.seg".into(), bytes: 3, sha256: expected.into() }]);
        ledger.files[0].holds(&to).unwrap();
        fs::write(to.join("journal/1.seg"), "two").unwrap();
        assert_eq!(ledger.files[0].holds(&to).unwrap_err().to_string(), "its SHA-256 is another");
    }
}
