//! The seam to the disk: what the journal asks of a directory, and the real one. The one that tests
//! break is in [`crate::testing`].
//!
//! Deliberately absent: memory maps (a failing disk would kill the process) and direct I/O.

use std::fmt::Debug;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, flock};

use crate::JournalError;

/// A flat directory that this process has for itself.
///
/// Nothing is durable before [`File::sync_data`] (bytes) and [`Disk::sync_dir`] (names) said so.
/// A failure says `ErrorKind::StorageFull` or `QuotaExceeded` when it is for lack of room.
pub trait Disk: Debug + Send + Sync + 'static {
    /// The names in the directory, in any order.
    ///
    /// # Errors
    /// The world's.
    fn list(&self) -> io::Result<Vec<String>>;
    /// A new empty file, in place of one that had the name.
    ///
    /// # Errors
    /// The world's.
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>>;
    /// A file that exists, to read and write. It stays readable when it is removed.
    ///
    /// # Errors
    /// The world's.
    fn open(&self, name: &str) -> io::Result<Arc<dyn File>>;
    /// Takes the name away.
    ///
    /// # Errors
    /// The world's.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Gives a file another name, at once replacing the file that had it.
    ///
    /// # Errors
    /// The world's.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Makes all names durable.
    ///
    /// # Errors
    /// The world's; then the names cannot be trusted.
    fn sync_dir(&self) -> io::Result<()>;
    /// A number that nobody can guess. It salts the checksums of a new journal, so that a record
    /// cannot be made to look like a block.
    fn nonce(&self) -> u64;
}

/// A file on a [`Disk`].
pub trait File: Debug + Send + Sync {
    /// Writes all of `bytes` at byte `at`.
    ///
    /// # Errors
    /// The world's; then any part of them may be written.
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()>;
    /// Fills all of `bytes` from byte `at`.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file is shorter, or the world's.
    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()>;
    /// Makes the bytes durable, and the length.
    ///
    /// # Errors
    /// The world's; then what was written since the last sync may be lost even when a later sync
    /// succeeds.
    fn sync_data(&self) -> io::Result<()>;
    /// Sets the length.
    ///
    /// # Errors
    /// The world's.
    fn truncate(&self, length: u64) -> io::Result<()>;
    /// Bytes in the file.
    ///
    /// # Errors
    /// The world's.
    fn length(&self) -> io::Result<u64>;
}

/// The file that is locked. It is never removed: that would race with another process's lock.
const LOCK: &str = "lock";

/// A directory of the file system, locked for this process while this lives.
#[derive(Debug)]
pub struct RealDisk {
    path: PathBuf,
    dir: std::fs::File,
    _lock: std::fs::File,
}

impl RealDisk {
    /// Makes the directory if it is not there, and locks it.
    ///
    /// # Errors
    /// [`JournalError::Held`] when another process has it; the world's.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let io = |action| move |source| JournalError::io(action, &path.display().to_string(), source);
        make_durably(path).map_err(io("make"))?;
        let dir = std::fs::File::open(path).map_err(io("open"))?;
        let lock = lock_file(path).map_err(io("open the lock in"))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self { path: path.to_owned(), dir, _lock: lock }),
            Err(rustix::io::Errno::WOULDBLOCK) => Err(JournalError::Held { dir: path.to_owned() }),
            Err(errno) => Err(io("lock")(errno.into())),
        }
    }

    /// Whether a process, this one included, has the journal in this directory now.
    #[must_use]
    pub fn is_held(path: &Path) -> bool {
        std::fs::File::open(path.join(LOCK))
            .is_ok_and(|lock| flock(&lock, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK))
    }
}

/// Makes a directory that is still there after power fails: each new name is synced where it stands.
fn make_durably(path: &Path) -> io::Result<()> {
    let new = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
    let made: Vec<&Path> = path.ancestors().take_while(new).collect();
    std::fs::create_dir_all(path)?;
    for name in made {
        let parent = name.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::File::open(parent)?.sync_all()?;
    }
    Ok(())
}

fn lock_file(path: &Path) -> io::Result<std::fs::File> {
    std::fs::File::options().read(true).write(true).create(true).truncate(false).open(path.join(LOCK))
}

impl Disk for RealDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path)? {
            // A name that is not UTF-8 is none of ours.
            names.extend(entry?.file_name().into_string().ok());
        }
        Ok(names)
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let file = std::fs::File::options().read(true).write(true).create(true).truncate(true).open(self.path.join(name))?;
        Ok(Arc::new(file))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(std::fs::File::options().read(true).write(true).open(self.path.join(name))?))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        std::fs::remove_file(self.path.join(name))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.path.join(from), self.path.join(to))
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.dir.sync_all()
    }

    fn nonce(&self) -> u64 {
        // The standard library's hash keys come from the system's random source.
        RandomState::new().build_hasher().finish()
    }
}

impl File for std::fs::File {
    fn write_at(&self, bytes: &[u8], at: u64) -> io::Result<()> {
        self.write_all_at(bytes, at)
    }

    fn read_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        self.read_exact_at(bytes, at)
    }

    fn sync_data(&self) -> io::Result<()> {
        std::fs::File::sync_data(self)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}
