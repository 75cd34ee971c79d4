//! Opening a journal: everything is checked first, and only then is anything changed.
//!
//! Deliberately absent: repair. What cannot be explained by a crash is for a person to look at.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use crate::disk::{Disk, File};
use crate::format::{
    BLOCK_HEAD, BLOCK_MAGIC, BlockHead, SEGMENT_HEAD, Salt, SegmentHead, VERSION, decode_segment_head, parse_segment_name,
};
use crate::journal::{Journal, create_segment, empty_block};
use crate::scan::{Scan, Step};
use crate::view::{Index, Segment, Shared};
use crate::{JournalError, Offset, Settings, cursor};

/// Bytes read or written at once, beside records.
const PIECE: usize = 1 << 20;

/// What was there when the journal was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The oldest record that is there.
    pub first: Offset,
    /// One past the newest; there are `next - first` records.
    pub next: Offset,
    /// Bytes that the segments have on disk, all of them checked.
    pub bytes: u64,
    /// Files of records.
    pub segments: usize,
    /// The commit that a crash interrupted, if one did. Nobody was told that it was kept.
    pub torn: Option<Torn>,
    /// The segment that a crash kept from being made, if one did. No record was in it.
    pub unfinished: Option<String>,
}

/// A torn tail that was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The file.
    pub segment: String,
    /// Its length now.
    pub at: u64,
    /// How many bytes were cut.
    pub bytes: u64,
    /// What was wrong with them.
    pub reason: &'static str,
}

/// A segment whose head is whole.
struct Found {
    name: String,
    first: Offset,
    salt: Salt,
    file: Arc<dyn File>,
    length: u64,
}

/// A segment whose records are whole, up to `end`.
struct Checked {
    end: u64,
    next: Offset,
    /// Where the last block begins, or the head if there is none.
    last_block: u64,
    torn: Option<Torn>,
}

pub(crate) fn open(disk: Arc<dyn Disk>, settings: &Settings) -> Result<(Journal, Recovered), JournalError> {
    let names = disk.list().map_err(|error| JournalError::io("list", "the journal's directory", error))?;
    let (found, unfinished) = find(disk.as_ref(), &names)?;
    let checked = check(&found, unfinished.is_none())?;
    let first = found.first().map_or(0, |segment| segment.first);
    let next = checked.last().map_or(0, |segment| segment.next);
    let cursors = cursor::load(disk.as_ref(), &names, first, next)?;

    // Nothing was changed so far; from here on nothing can be damaged.
    for name in unfinished.iter().chain(names.iter().filter(|name| cursor::is_beside(name))) {
        disk.remove(name).map_err(|error| JournalError::io("remove", name, error))?;
    }
    let mut recovered = Recovered { first, next, unfinished, segments: found.len().max(1), ..Recovered::default() };
    let mut index = Index { cursors: cursors.into_iter().collect(), ..Index::default() };
    for (segment, whole) in found.iter().zip(&checked) {
        recovered.bytes += whole.end;
        index.segments.push_back(Segment::new(segment.name.clone(), segment.first, whole.end));
    }
    let last = match (found.last(), checked.last(), index.segments.back()) {
        (Some(segment), Some(whole), Some(last)) => {
            settle(segment, whole)?;
            disk.sync_dir().map_err(|error| JournalError::Broken(format!("cannot sync the directory: {error}")))?;
            recovered.torn.clone_from(&whole.torn);
            Some((Arc::clone(last), Arc::clone(&segment.file)))
        }
        _ => None,
    };
    let shared = Shared {
        salt: found.first().map_or_else(|| Salt::new(disk.nonce()), |segment| segment.salt),
        disk,
        limit: settings.limit.as_u64(),
        next: AtomicU64::new(next),
        bytes: AtomicU64::new(recovered.bytes),
        syncs: AtomicU64::new(0),
        broken: OnceLock::new(),
        index: Mutex::new(index),
        replacing: Mutex::new(()),
    };
    let (segment, file) = match last {
        Some(last) => last,
        None => {
            let made = create_segment(&shared, 0)?;
            recovered.bytes = SEGMENT_HEAD as u64;
            shared.bytes.store(recovered.bytes, Ordering::Relaxed);
            crate::view::lock(&shared.index).segments.push_back(Arc::clone(&made.0));
            made
        }
    };
    let journal = Journal {
        shared: Arc::new(shared),
        segment_limit: settings.segment.as_u64(),
        keep: settings.keep.as_u64(),
        segment,
        file,
        buffer: empty_block(),
        pending: 0,
    };
    Ok((journal, recovered))
}

/// The segments in order, and the name of the last one when it was never finished.
fn find(disk: &dyn Disk, names: &[String]) -> Result<(Vec<Found>, Option<String>), JournalError> {
    let mut named: Vec<(Offset, &String)> = names.iter().filter_map(|name| Some((parse_segment_name(name)?, name))).collect();
    named.sort_unstable();
    let count = named.len();
    let mut found: Vec<Found> = Vec::with_capacity(count);
    for (at, (first, name)) in named.into_iter().enumerate() {
        let world = |error| JournalError::io("read", name, error);
        let file = disk.open(name).map_err(world)?;
        let length = file.length().map_err(world)?;
        let mut head = vec![0; SEGMENT_HEAD.min(usize::try_from(length).unwrap_or(SEGMENT_HEAD))];
        file.read_at(&mut head, 0).map_err(world)?;
        match decode_segment_head(&head) {
            SegmentHead::Whole { first: said, salt } => {
                if said != first {
                    return Err(JournalError::damaged(name, 16, format!("its head says that it begins at {said}")));
                }
                if found.last().is_some_and(|before| before.salt != salt) {
                    return Err(JournalError::damaged(name, 24, "it belongs to another journal"));
                }
                found.push(Found { name: name.clone(), first, salt, file, length });
            }
            SegmentHead::Version(version) => {
                return Err(JournalError::Version { file: name.clone(), found: version, expected: VERSION });
            }
            // Its head is synced before a block is written, so a crash leaves no more than that. And
            // the segment before it is removed only after that, so only the very first can be alone.
            SegmentHead::Torn if at + 1 == count && length <= SEGMENT_HEAD as u64 && (at > 0 || first == 0) => {
                return Ok((found, Some(name.clone())));
            }
            SegmentHead::Torn => return Err(JournalError::damaged(name, 0, "this is not the head of a segment")),
        }
    }
    Ok((found, None))
}

/// Every record of every segment. Only the last may be torn, and only if no later one was begun.
fn check(found: &[Found], may_tear: bool) -> Result<Vec<Checked>, JournalError> {
    let mut all = Vec::with_capacity(found.len());
    for (at, segment) in found.iter().enumerate() {
        let after = found.get(at + 1);
        let checked = check_segment(segment, may_tear && after.is_none())?;
        if let Some(after) = after.filter(|after| after.first != checked.next) {
            let reason = format!("its records end at {}, and the next segment begins at {}", checked.next, after.first);
            return Err(JournalError::damaged(&segment.name, checked.end, reason));
        }
        all.push(checked);
    }
    Ok(all)
}

fn check_segment(segment: &Found, may_tear: bool) -> Result<Checked, JournalError> {
    let world = |error| JournalError::io("read", &segment.name, error);
    let mut scan = Scan::new(Arc::clone(&segment.file), segment.salt, segment.first);
    let mut last_block = 0;
    loop {
        let step = scan.step(segment.length).map_err(world)?;
        let (block, first) = scan.block();
        match step {
            Step::Record(_) => last_block = block,
            Step::End => return Ok(Checked { end: segment.length, next: scan.next(), last_block, torn: None }),
            Step::Bad(reason) => {
                if !may_tear {
                    return Err(JournalError::damaged(&segment.name, scan.at(), reason));
                }
                if let Some(later) = later_block(segment, block + 1, first).map_err(world)? {
                    let reason = format!("{reason}, and a block that was kept after it stands at byte {later}");
                    return Err(JournalError::damaged(&segment.name, scan.at(), reason));
                }
                let torn = Torn { segment: segment.name.clone(), at: block, bytes: segment.length - block, reason };
                // Records of the torn block passed so far made it the last block: it is not.
                let last_block = if last_block == block { 0 } else { last_block };
                return Ok(Checked { end: block, next: first, last_block, torn: Some(torn) });
            }
        }
    }
}

/// Where the head of a block stands that was written after the one that begins with `torn`: then
/// that one had been synced, and it is not torn but damaged.
fn later_block(segment: &Found, from: u64, torn: Offset) -> io::Result<Option<u64>> {
    let mut at = from;
    let mut piece = Vec::new();
    while at + BLOCK_HEAD as u64 <= segment.length {
        let length = usize::try_from(segment.length - at).unwrap_or(PIECE).min(PIECE);
        piece.resize(length, 0);
        segment.file.read_at(&mut piece, at)?;
        let later = |head: &[u8]| {
            head.starts_with(BLOCK_MAGIC)
                && head
                    .first_chunk()
                    .and_then(|head| BlockHead::decode(head, segment.salt))
                    .is_some_and(|block| block.first > torn)
        };
        if let Some(found) = piece.windows(BLOCK_HEAD).position(later) {
            return Ok(Some(at + found as u64));
        }
        at += (length + 1 - BLOCK_HEAD) as u64;
    }
    Ok(None)
}

/// Cuts the torn tail, and makes the last block durable: it may have come to the page cache only, and
/// a sync of it may have failed, after which the kernel takes its pages for clean. So it is written
/// anew before it is synced.
fn settle(segment: &Found, checked: &Checked) -> Result<(), JournalError> {
    let world = |error| JournalError::io("make durable", &segment.name, error);
    if checked.torn.is_some() {
        segment.file.truncate(checked.end).map_err(world)?;
    }
    let mut at = checked.last_block;
    let mut piece = Vec::new();
    while at < checked.end {
        let length = usize::try_from(checked.end - at).unwrap_or(PIECE).min(PIECE);
        piece.resize(length, 0);
        segment.file.read_at(&mut piece, at).map_err(world)?;
        segment.file.write_at(&piece, at).map_err(world)?;
        at += length as u64;
    }
    segment.file.sync_data().map_err(|error| JournalError::Broken(format!("cannot sync {}: {error}", segment.name)))
}
