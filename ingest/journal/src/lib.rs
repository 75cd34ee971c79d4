//! The log between the socket and safety: opaque records are appended, committed in groups by one
//! write and one `fdatasync`, read in order from anywhere, and released once every reader passed.
//!
//! One writer ([`Journal`]), any number of readers ([`View`], [`Reader`]), one directory behind the
//! [`Disk`] seam. What the promises rest on:
//!
//! * A commit is one block with its own checksummed head, written after the block before it is
//!   known to be on disk. So a crash can tear only the last block of the last segment, which nobody
//!   was told is kept: it is cut and reported. Damage anywhere else is [`Kind::Damaged`].
//! * A failed sync is never tried again: the kernel may have dropped the pages and call the next
//!   one a success ("fsyncgate", 2018). The journal answers [`Kind::Broken`] from then on, and the
//!   next [`Journal::open`] writes the last block anew before it trusts it.
//! * A full disk undoes the half-written block and is [`Kind::Full`]: retry when there is room.
//!
//! ```
//! use std::sync::Arc;
//! use journal::{Cursor, Journal, Settings, testing::FaultyDisk};
//! # use bytesize::ByteSize;
//! # let settings = Settings { segment: ByteSize::mib(1), limit: ByteSize::mib(8), keep: ByteSize::mib(1) };
//! let (mut journal, recovered) = Journal::open(Arc::new(FaultyDisk::new()), &settings)?;
//! assert_eq!(recovered.torn, None);
//! journal.append(b"one");
//! journal.append(b"two");
//! assert_eq!(journal.commit()?, 2); // now power may fail
//!
//! let view = journal.view();
//! let batch = view.reader(0)?.next(100, 1 << 20)?.expect("two records are committed");
//! assert_eq!(batch.records, ["one", "two"]);
//! view.set_cursor("historian", &Cursor { offset: batch.next(), note: "2 stored".into() })?;
//! assert_eq!(journal.release()?, 0); // less than a segment was read
//! # Ok::<(), journal::JournalError>(())
//! ```
//!
//! Deliberately absent: what a record means, compression, time, threads, async, and a lock on the
//! writer (it is `&mut`).

mod cursor;
mod disk;
mod error;
mod format;
mod journal;
mod reader;
mod recover;
mod scan;
pub mod testing;
mod view;

use bytesize::ByteSize;
use serde::Deserialize;

pub use crate::cursor::Cursor;
pub use crate::disk::{Disk, File, RealDisk};
pub use crate::error::{JournalError, Kind};
pub use crate::format::{MAX_BLOCK, MAX_NOTE};
pub use crate::journal::Journal;
pub use crate::reader::{Batch, Reader};
pub use crate::recover::{Recovered, Torn};
pub use crate::view::View;

/// The ordinal of a record since the journal was made: how many were appended before it.
pub type Offset = u64;

/// How large the journal is. The defaults stand in `config/default.toml`, section `[journal]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A new file is begun when the next commit would pass this size. A single larger commit makes
    /// a larger file.
    pub segment: ByteSize,
    /// [`Journal::has_room`] says no beyond this. At least `keep` and two segments.
    pub limit: ByteSize,
    /// How much is kept behind the slowest cursor, for replay.
    pub keep: ByteSize,
}

impl Settings {
    /// Whether the sizes fit each other.
    ///
    /// # Errors
    /// [`Kind::Refused`], in words.
    pub fn check(&self) -> Result<(), JournalError> {
        let floor = self.keep.as_u64().saturating_add(self.segment.as_u64().saturating_mul(2));
        if self.segment.as_u64() < 64 {
            return Err(JournalError::Settings(format!("segment is {}, expected at least 64 bytes", self.segment)));
        }
        if self.limit.as_u64() < floor {
            return Err(JournalError::Settings(format!(
                "limit is {}, expected at least keep and two segments, {}",
                self.limit,
                ByteSize::b(floor)
            )));
        }
        Ok(())
    }
}
