//! The account of messages: what came in equals what became of it, at every moment and across
//! restarts.
//!
//! `received` is the journal's length and what the doors refused; the outcomes are counted by the
//! historian, and stand in the note of its journal cursor, so that both move in one atomic write. What
//! was brought back from the quarantine is counted by the register, in the transaction that takes the
//! messages out; the two are added where the account is read, so that no crash comes between them.

use std::sync::Mutex;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use ports::{Departed, Identity};

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

    /// The identity, where the historian stands at `done`, the journal ends at `next`, and of what was
    /// put aside so much was brought back. What was dropped or forgotten stays quarantined here: it
    /// gave nothing.
    #[must_use]
    pub fn identity(&self, departed: &Departed, done: u64, next: u64) -> Identity {
        Identity {
            received: next + self.refused,
            stored: self.stored + departed.stored,
            duplicate: self.duplicate + departed.duplicate,
            // Only what is counted here can be brought back; were it otherwise, the identity would say so.
            quarantined: self.quarantined.saturating_sub(departed.stored + departed.duplicate),
            refused: self.refused,
            waiting: next.saturating_sub(done),
        }
    }
}

/// How the account stands at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counted {
    /// Everything before this offset is counted in the tallies.
    pub done: u64,
    /// What became of messages when they were first read.
    pub tallies: Tallies,
    /// What was brought back since.
    pub departed: Departed,
}

/// The running account: the historian writes it, anyone reads it.
#[derive(Debug, Default)]
pub struct Account(Mutex<Counted>);

impl Account {
    /// Begins where the cursor stands.
    #[must_use]
    pub fn new(counted: Counted) -> Self {
        Self(Mutex::new(counted))
    }

    /// How it stands.
    #[must_use]
    pub fn read(&self) -> Counted {
        *lock(&self.0)
    }

    pub(crate) fn write(&self, done: u64, tallies: Tallies) {
        let mut counted = lock(&self.0);
        (counted.done, counted.tallies) = (done, tallies);
    }

    pub(crate) fn departed(&self, departed: Departed) {
        lock(&self.0).departed = departed;
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
        let identity = tallies.identity(&Departed::default(), 8, 11);
        assert!(identity.balances());
        assert_eq!((identity.received, identity.waiting), (18, 3));
    }

    #[test]
    fn what_is_brought_back_moves_within_the_account_and_what_is_dropped_does_not() {
        let tallies = Tallies { stored: 5, duplicate: 2, quarantined: 9, refused: 0 };
        let departed = Departed { stored: 3, duplicate: 1, dropped: 2, forgotten: 1 };
        let identity = tallies.identity(&departed, 16, 16);
        assert!(identity.balances());
        assert_eq!((identity.stored, identity.duplicate, identity.quarantined), (8, 3, 5));
    }
}
