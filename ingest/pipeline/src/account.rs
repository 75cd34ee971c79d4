//! The account of messages: what came in equals what became of it, at every moment and across
//! restarts.
//!
//! `received` is the journal's length and what the doors refused; the outcomes are counted by the
//! historian, and stand in the note of its journal cursor, so that both move in one atomic write.

use std::sync::Mutex;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use ports::Identity;

use crate::lock;

const VERSION: u8 = 1;

/// What became of messages, since the data directory was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tallies {
    /// Gave at least one reading that was new or a correction.
    pub stored: u64,
    /// Gave only readings that were there already.
    pub duplicate: u64,
    /// Put aside with a reason.
    pub quarantined: u64,
    /// Turned away at a door; never in the journal.
    pub refused: u64,
}

/// The note of a cursor is not one of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the note of the historian's cursor is not in format {VERSION}")]
pub struct StrangeNote;

impl Tallies {
    /// The note of the historian's cursor: format 1 is a version byte and four u64, little endian.
    #[must_use]
    pub fn note(&self) -> Bytes {
        let mut note = BytesMut::with_capacity(33);
        note.put_u8(VERSION);
        for count in [self.stored, self.duplicate, self.quarantined, self.refused] {
            note.put_u64_le(count);
        }
        note.freeze()
    }

    /// Reads a note back.
    ///
    /// # Errors
    /// [`StrangeNote`]: damaged, or written by another version.
    pub fn from_note(mut note: &[u8]) -> Result<Self, StrangeNote> {
        if note.len() != 33 || note.get_u8() != VERSION {
            return Err(StrangeNote);
        }
        Ok(Self {
            stored: note.get_u64_le(),
            duplicate: note.get_u64_le(),
            quarantined: note.get_u64_le(),
            refused: note.get_u64_le(),
        })
    }

    /// The identity, where the historian stands at `done` and the journal ends at `next`.
    #[must_use]
    pub fn identity(&self, done: u64, next: u64) -> Identity {
        Identity {
            received: next + self.refused,
            stored: self.stored,
            duplicate: self.duplicate,
            quarantined: self.quarantined,
            refused: self.refused,
            waiting: next.saturating_sub(done),
        }
    }
}

/// The running account: the historian writes it, anyone reads it.
#[derive(Debug, Default)]
pub struct Account(Mutex<(u64, Tallies)>);

impl Account {
    /// Begins where the cursor stands.
    #[must_use]
    pub fn new(done: u64, tallies: Tallies) -> Self {
        Self(Mutex::new((done, tallies)))
    }

    /// Everything before `done` is counted in the tallies.
    #[must_use]
    pub fn read(&self) -> (u64, Tallies) {
        *lock(&self.0)
    }

    pub(crate) fn write(&self, done: u64, tallies: Tallies) {
        *lock(&self.0) = (done, tallies);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tallies_survive_in_the_note_of_a_cursor() {
        let tallies = Tallies { stored: 1, duplicate: u64::MAX, quarantined: 3, refused: 4 };
        assert_eq!(Tallies::from_note(&tallies.note()), Ok(tallies));
        assert_eq!(Tallies::from_note(b"?"), Err(StrangeNote));
        assert_eq!(Tallies::from_note(&[2; 33]), Err(StrangeNote));
    }

    #[test]
    fn the_identity_balances_while_messages_wait() {
        let tallies = Tallies { stored: 5, duplicate: 2, quarantined: 1, refused: 7 };
        let identity = tallies.identity(8, 11);
        assert!(identity.balances());
        assert_eq!((identity.received, identity.waiting), (18, 3));
    }
}
