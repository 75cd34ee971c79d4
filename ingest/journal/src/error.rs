//! What can go wrong, and what a caller can do about it. Knows no policy: no backoff, no logging.

use std::io;
use std::path::PathBuf;

use crate::Offset;

/// What a caller can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The disk is full: try again when there is room. Nothing is lost and nothing is half done.
    Full,
    /// The world failed before anything was at stake (a directory that cannot be made, a file that
    /// cannot be opened or read): trying again may work.
    World,
    /// Another process has this journal.
    Held,
    /// What is on disk is not what was written: stop, and let a person look.
    Damaged,
    /// A sync failed, or a write failed for another reason than room: the disk cannot be trusted
    /// until the journal is opened anew.
    Broken,
    /// The caller asked for what cannot be.
    Refused,
}

/// Why the journal did not do as it was told.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// Another process has this journal.
    #[error("the journal in {} is in use by another process", dir.display())]
    Held {
        /// The journal's directory.
        dir: PathBuf,
    },
    /// No room on the disk.
    #[error("no room on the disk for {file}")]
    Full {
        /// What could not be written.
        file: String,
        /// The system's words.
        source: io::Error,
    },
    /// The world failed.
    #[error("cannot {action} {file}")]
    Io {
        /// A verb.
        action: &'static str,
        /// On what.
        file: String,
        /// The system's words.
        source: io::Error,
    },
    /// What is on disk is not what was written.
    #[error("{file} is damaged at byte {byte}: {reason}")]
    Damaged {
        /// The segment or cursor.
        file: String,
        /// Where, from the start of the file.
        byte: u64,
        /// What was found there.
        reason: String,
    },
    /// Written by another version of this crate.
    #[error("{file} has format version {found}, expected {expected}")]
    Version {
        /// The segment or cursor.
        file: String,
        /// What it says.
        found: u32,
        /// What this crate writes.
        expected: u32,
    },
    /// The disk cannot be trusted any more.
    #[error("the journal stopped, for its disk cannot be trusted: {0}")]
    Broken(String),
    /// The journal does not have this record: released, or not yet appended.
    #[error("offset {offset} is not in the journal, which has {first} to {next}")]
    OutOfRange {
        /// What was asked for.
        offset: Offset,
        /// The oldest record that is there.
        first: Offset,
        /// One past the newest.
        next: Offset,
    },
    /// A commit larger than a block can be.
    #[error("a commit of {bytes} bytes is larger than a block may be, {limit} bytes")]
    TooLarge {
        /// How large it is.
        bytes: u64,
        /// [`crate::MAX_BLOCK`].
        limit: u64,
    },
    /// A cursor that cannot be.
    #[error("cursor {name:?}: {reason}")]
    Cursor {
        /// The name given.
        name: String,
        /// What was expected.
        reason: &'static str,
    },
    /// Sizes that do not fit each other.
    #[error("journal settings: {0}")]
    Settings(String),
}

impl JournalError {
    /// What a caller can do.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Held { .. } => Kind::Held,
            Self::Full { .. } => Kind::Full,
            Self::Io { .. } => Kind::World,
            Self::Damaged { .. } | Self::Version { .. } => Kind::Damaged,
            Self::Broken(_) => Kind::Broken,
            Self::OutOfRange { .. } | Self::TooLarge { .. } | Self::Cursor { .. } | Self::Settings(_) => Kind::Refused,
        }
    }

    /// Whether trying again later can work.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.kind(), Kind::Full | Kind::World)
    }

    pub(crate) fn io(action: &'static str, file: &str, source: io::Error) -> Self {
        if is_full(&source) {
            Self::Full { file: file.to_owned(), source }
        } else {
            Self::Io { action, file: file.to_owned(), source }
        }
    }

    pub(crate) fn damaged(file: &str, byte: u64, reason: impl Into<String>) -> Self {
        Self::Damaged { file: file.to_owned(), byte, reason: reason.into() }
    }
}

/// Whether the disk, or this user's share of it, is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
