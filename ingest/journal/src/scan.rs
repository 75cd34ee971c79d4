//! One segment's records in order, read in large pieces, each checked. Used to recover and to read.
//!
//! Deliberately absent: what a bad record means. A torn tail to one caller is damage to the other.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::Offset;
use crate::disk::File;
use crate::format::{BLOCK_HEAD, BlockHead, RECORD_HEAD, SEGMENT_HEAD, Salt, record_length};

/// Bytes read at once; more when a record is larger.
const PIECE: u64 = 256 << 10;

/// What came next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A whole record; a slice of the piece that was read.
    Record(Bytes),
    /// The place is the given end.
    End,
    /// No record, though the end is further on.
    Bad(&'static str),
}

/// A place in a segment.
#[derive(Debug)]
pub(crate) struct Scan {
    file: Arc<dyn File>,
    salt: Salt,
    piece: Bytes,
    piece_at: u64,
    /// Byte of the next head.
    at: u64,
    /// The next record's offset.
    next: Offset,
    /// Records left in the block.
    left: u32,
    block_end: u64,
    block_at: u64,
    block_first: Offset,
}

impl Scan {
    /// At the first block of the segment that begins with `first`.
    pub(crate) fn new(file: Arc<dyn File>, salt: Salt, first: Offset) -> Self {
        let at = SEGMENT_HEAD as u64;
        Self {
            file,
            salt,
            piece: Bytes::new(),
            piece_at: 0,
            at,
            next: first,
            left: 0,
            block_end: at,
            block_at: at,
            block_first: first,
        }
    }

    /// The next record's offset.
    pub(crate) const fn next(&self) -> Offset {
        self.next
    }

    /// Where the next head stands.
    pub(crate) const fn at(&self) -> u64 {
        self.at
    }

    /// Where the block begun last stands, and its first record's offset.
    pub(crate) const fn block(&self) -> (u64, Offset) {
        (self.block_at, self.block_first)
    }

    /// The length of the next record if it is here already, as far as can be told before it is
    /// checked.
    pub(crate) fn buffered(&self) -> Option<usize> {
        let skip = if self.left == 0 { BLOCK_HEAD } else { 0 };
        let record = self.ahead().get(skip..)?;
        let length = record_length(record.first_chunk()?) as usize;
        (record.len() - RECORD_HEAD >= length).then_some(length)
    }

    fn ahead(&self) -> &[u8] {
        let skip = usize::try_from(self.at - self.piece_at).unwrap_or(usize::MAX);
        self.piece.get(skip..).unwrap_or_default()
    }

    /// The next `length` bytes, without passing them. The caller knows that `end` leaves them.
    fn peek(&mut self, length: usize, end: u64) -> io::Result<&[u8]> {
        if self.ahead().len() < length {
            let wanted = (end - self.at).min(PIECE.max(length as u64));
            let mut piece = vec![0; usize::try_from(wanted).expect("a block fits the memory")];
            self.file.read_at(&mut piece, self.at)?;
            self.piece = piece.into();
            self.piece_at = self.at;
        }
        Ok(&self.ahead()[..length])
    }

    /// Passes the head of a block, unless one is open. `end` is the segment's.
    fn enter(&mut self, end: u64) -> io::Result<Option<Step>> {
        if self.left > 0 {
            return Ok(None);
        }
        if self.at >= end {
            return Ok(Some(Step::End));
        }
        (self.block_at, self.block_first) = (self.at, self.next);
        let body = self.at + BLOCK_HEAD as u64;
        if body > end {
            return Ok(Some(Step::Bad("the head of a block is cut off")));
        }
        let salt = self.salt;
        let head = self.peek(BLOCK_HEAD, end)?.first_chunk().expect("as many bytes as asked for");
        let Some(block) = BlockHead::decode(head, salt) else {
            return Ok(Some(Step::Bad("this is not the head of a block")));
        };
        if block.first != self.next {
            return Ok(Some(Step::Bad("the block belongs to another place")));
        }
        if body + u64::from(block.length) > end {
            return Ok(Some(Step::Bad("the block is cut off")));
        }
        self.at = body;
        self.left = block.count;
        self.block_end = body + u64::from(block.length);
        Ok(None)
    }

    /// Passes the next record. After [`Step::Bad`] the scan must not be used any further.
    pub(crate) fn step(&mut self, end: u64) -> io::Result<Step> {
        if let Some(step) = self.enter(end)? {
            return Ok(step);
        }
        let room = self.block_end - self.at;
        if room < RECORD_HEAD as u64 {
            return Ok(Step::Bad("the block has fewer records than its head says"));
        }
        let head: [u8; RECORD_HEAD] = *self.peek(RECORD_HEAD, end)?.first_chunk().expect("as many bytes as asked for");
        let length = RECORD_HEAD + record_length(&head) as usize;
        if length as u64 > room {
            return Ok(Step::Bad("the record is longer than its block"));
        }
        self.peek(length, end)?;
        let start = usize::try_from(self.at - self.piece_at).expect("within the piece");
        let body = self.piece.slice(start + RECORD_HEAD..start + length);
        if !self.salt.is_record(&head, self.next, &body) {
            return Ok(Step::Bad("the record's checksum does not match"));
        }
        self.at += length as u64;
        self.next += 1;
        self.left -= 1;
        if self.left == 0 && self.at != self.block_end {
            return Ok(Step::Bad("the block is longer than its records"));
        }
        Ok(Step::Record(body))
    }

    /// Goes to a record ahead, passing whole blocks by their heads. Anything but None means that it
    /// is not there.
    pub(crate) fn skip_to(&mut self, offset: Offset, end: u64) -> io::Result<Option<Step>> {
        while self.next < offset {
            if let Some(step) = self.enter(end)? {
                return Ok(Some(step));
            }
            if self.next + u64::from(self.left) <= offset {
                self.next += u64::from(self.left);
                self.left = 0;
                self.at = self.block_end;
                continue;
            }
            match self.step(end)? {
                Step::Record(_) => {}
                other => return Ok(Some(other)),
            }
        }
        Ok(None)
    }
}
