//! The bytes on disk, version 1. All numbers are little endian; all checksums are CRC-32C
//! (Castagnoli, RFC 3720 appendix B.4).
//!
//! ```text
//! segment `{first:020}.seg`     cursor `{name}.cursor`
//!   8  "JOURNAL\n"                8  "CURSOR\n\0"
//!   u32 version                   u32 version
//!   u32 checksum of the rest      u32 checksum of the rest
//!   u64 offset of its first       u64 offset
//!   u64 salt of the journal       ..  note, to the end of the file
//!   ..  blocks
//!
//! block, one a commit           record
//!   u32 "BLCK"                    u32 length of its body
//!   u32 checksum of the rest      u32 checksum of offset, length, body
//!       of this head              ..  body
//!   u64 offset of its first
//!   u32 bytes of its records
//!   u32 records, at least 1
//!   ..  records
//! ```
//!
//! Checksums of blocks and records begin with the salt. Nobody outside knows it, so no payload can
//! be made that looks like a block when the search for one runs over a torn tail. They cover the
//! offset, so a block or record that strayed to another place is seen. A run of zeros is never a
//! block (magic) and no record of one (the head of its block says how many there are and how long).

use crate::{JournalError, Offset};

/// The format that this crate writes.
pub(crate) const VERSION: u32 = 1;
/// Bytes before the first block of a segment.
pub(crate) const SEGMENT_HEAD: usize = 32;
/// Bytes before the first record of a block.
pub(crate) const BLOCK_HEAD: usize = 24;
/// Bytes before the body of a record.
pub(crate) const RECORD_HEAD: usize = 8;
/// Bytes before the note of a cursor.
const CURSOR_HEAD: usize = 24;
/// Bytes that one commit may have, framing included: 1 GiB. Far more than a caller should gather.
pub const MAX_BLOCK: usize = 1 << 30;
/// Bytes that a cursor's note may have: 64 KiB.
pub const MAX_NOTE: usize = 64 << 10;

const SEGMENT_MAGIC: &[u8; 8] = b"JOURNAL\n";
const CURSOR_MAGIC: &[u8; 8] = b"CURSOR\n\0";
/// The first bytes of every block.
pub(crate) const BLOCK_MAGIC: &[u8; 4] = b"BLCK";

const SEGMENT_SUFFIX: &str = ".seg";
const CURSOR_SUFFIX: &str = ".cursor";

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// The name of the segment that begins with this record.
pub(crate) fn segment_name(first: Offset) -> String {
    format!("{first:020}{SEGMENT_SUFFIX}")
}

/// The offset in a segment's name.
pub(crate) fn parse_segment_name(name: &str) -> Option<Offset> {
    let digits = name.strip_suffix(SEGMENT_SUFFIX)?;
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// The name of a cursor's file.
pub(crate) fn cursor_file(name: &str) -> String {
    format!("{name}{CURSOR_SUFFIX}")
}

/// The cursor whose file this is.
pub(crate) fn parse_cursor_file(file: &str) -> Option<&str> {
    file.strip_suffix(CURSOR_SUFFIX)
}

/// The salt of a journal, as the state in which its checksums begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Salt {
    pub(crate) value: u64,
    state: u32,
}

impl Salt {
    pub(crate) fn new(value: u64) -> Self {
        Self { value, state: crc32c::crc32c(&value.to_le_bytes()) }
    }

    fn record(self, offset: Offset, length: u32, body: &[u8]) -> u32 {
        let mut head = [0; 12];
        head[..8].copy_from_slice(&offset.to_le_bytes());
        head[8..].copy_from_slice(&length.to_le_bytes());
        crc32c::crc32c_append(crc32c::crc32c_append(self.state, &head), body)
    }

    /// The eight bytes before a record's body.
    pub(crate) fn record_head(self, offset: Offset, length: u32, body: &[u8]) -> [u8; RECORD_HEAD] {
        let mut head = [0; RECORD_HEAD];
        head[..4].copy_from_slice(&length.to_le_bytes());
        head[4..].copy_from_slice(&self.record(offset, length, body).to_le_bytes());
        head
    }

    /// Whether this body is the one for which this head was made.
    pub(crate) fn is_record(self, head: &[u8; RECORD_HEAD], offset: Offset, body: &[u8]) -> bool {
        u32_at(head, 4) == self.record(offset, u32_at(head, 0), body)
    }
}

/// The length that a record's head says.
pub(crate) fn record_length(head: &[u8; RECORD_HEAD]) -> u32 {
    u32_at(head, 0)
}

/// The head of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BlockHead {
    pub(crate) first: Offset,
    /// Bytes of its records, their heads included.
    pub(crate) length: u32,
    pub(crate) count: u32,
}

impl BlockHead {
    pub(crate) fn encode(self, salt: Salt) -> [u8; BLOCK_HEAD] {
        let mut head = [0; BLOCK_HEAD];
        head[..4].copy_from_slice(BLOCK_MAGIC);
        head[8..16].copy_from_slice(&self.first.to_le_bytes());
        head[16..20].copy_from_slice(&self.length.to_le_bytes());
        head[20..].copy_from_slice(&self.count.to_le_bytes());
        let check = crc32c::crc32c_append(salt.state, &head[8..]);
        head[4..8].copy_from_slice(&check.to_le_bytes());
        head
    }

    /// None when these bytes are not the head of a block of this journal.
    pub(crate) fn decode(head: &[u8; BLOCK_HEAD], salt: Salt) -> Option<Self> {
        let whole = head.starts_with(BLOCK_MAGIC) && u32_at(head, 4) == crc32c::crc32c_append(salt.state, &head[8..]);
        let block = Self { first: u64_at(head, 8), length: u32_at(head, 16), count: u32_at(head, 20) };
        (whole && block.count > 0).then_some(block)
    }
}

/// What the head of a segment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SegmentHead {
    Whole { first: Offset, salt: Salt },
    Version(u32),
    Torn,
}

/// The head of a segment.
pub(crate) fn encode_segment_head(first: Offset, salt: Salt) -> [u8; SEGMENT_HEAD] {
    let mut head = [0; SEGMENT_HEAD];
    head[..8].copy_from_slice(SEGMENT_MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    head[16..24].copy_from_slice(&first.to_le_bytes());
    head[24..].copy_from_slice(&salt.value.to_le_bytes());
    let check = crc32c::crc32c(&head[16..]);
    head[12..16].copy_from_slice(&check.to_le_bytes());
    head
}

/// Reads the head of a segment; `head` may be shorter than one.
pub(crate) fn decode_segment_head(head: &[u8]) -> SegmentHead {
    if head.len() < SEGMENT_HEAD || !head.starts_with(SEGMENT_MAGIC) {
        return SegmentHead::Torn;
    }
    match u32_at(head, 8) {
        VERSION if u32_at(head, 12) == crc32c::crc32c(&head[16..SEGMENT_HEAD]) => {
            SegmentHead::Whole { first: u64_at(head, 16), salt: Salt::new(u64_at(head, 24)) }
        }
        // No version has been 0: these bytes did not reach the disk.
        VERSION | 0 => SegmentHead::Torn,
        other => SegmentHead::Version(other),
    }
}

/// A cursor's file.
pub(crate) fn encode_cursor(offset: Offset, note: &[u8]) -> Vec<u8> {
    let mut file = Vec::with_capacity(CURSOR_HEAD + note.len());
    file.extend_from_slice(CURSOR_MAGIC);
    file.extend_from_slice(&VERSION.to_le_bytes());
    file.extend_from_slice(&[0; 4]);
    file.extend_from_slice(&offset.to_le_bytes());
    file.extend_from_slice(note);
    let check = crc32c::crc32c(&file[16..]);
    file[12..16].copy_from_slice(&check.to_le_bytes());
    file
}

/// Reads a cursor's file: the offset, and where the note begins.
pub(crate) fn decode_cursor(file: &str, bytes: &[u8]) -> Result<(Offset, usize), JournalError> {
    if bytes.len() < CURSOR_HEAD || !bytes.starts_with(CURSOR_MAGIC) {
        return Err(JournalError::damaged(file, 0, "this is not a cursor"));
    }
    match u32_at(bytes, 8) {
        VERSION if u32_at(bytes, 12) == crc32c::crc32c(&bytes[16..]) => Ok((u64_at(bytes, 16), CURSOR_HEAD)),
        VERSION => Err(JournalError::damaged(file, 12, "the checksum does not match")),
        found => Err(JournalError::Version { file: file.to_owned(), found, expected: VERSION }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_neither_a_block_nor_a_record_of_length_zero() {
        for salt in [0, 1, u64::MAX] {
            let salt = Salt::new(salt);
            assert_eq!(BlockHead::decode(&[0; BLOCK_HEAD], salt), None);
            assert!(!salt.is_record(&[0; RECORD_HEAD], 0, &[]));
        }
    }

    #[test]
    fn a_block_of_another_journal_or_with_a_flipped_bit_is_not_ours() {
        let ours = Salt::new(7);
        let block = BlockHead { first: 3, length: 20, count: 2 };
        let head = block.encode(ours);
        assert_eq!(BlockHead::decode(&head, ours), Some(block));
        assert_eq!(BlockHead::decode(&head, Salt::new(8)), None);
        for bit in 0..BLOCK_HEAD * 8 {
            let mut bad = head;
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(BlockHead::decode(&bad, ours), None, "bit {bit}");
        }
    }

    #[test]
    fn a_record_that_strayed_to_another_offset_is_seen() {
        let salt = Salt::new(7);
        let head = salt.record_head(5, 3, b"abc");
        assert!(salt.is_record(&head, 5, b"abc"));
        assert!(!salt.is_record(&head, 6, b"abc"));
    }

    #[test]
    fn only_twenty_digits_name_a_segment() {
        assert_eq!(parse_segment_name(&segment_name(42)), Some(42));
        assert_eq!(parse_segment_name(&segment_name(u64::MAX)), Some(u64::MAX));
        for name in ["42.seg", "+0000000000000000042.seg", "99999999999999999999.seg", "lock", "0000000000000000004x.seg"] {
            assert_eq!(parse_segment_name(name), None, "{name}");
        }
    }
}
