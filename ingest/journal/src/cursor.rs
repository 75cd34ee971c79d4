//! Places of readers, each in a file of its own that is replaced whole: written beside, synced,
//! renamed over, and the directory synced.

use bytes::Bytes;

use crate::disk::Disk;
use crate::error::is_full;
use crate::format::{MAX_NOTE, cursor_file, decode_cursor, encode_cursor, parse_cursor_file};
use crate::view::{Held, Shared, lock};
use crate::{JournalError, Offset};

/// Where a reader stands, and what it wants to remember of that place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Everything before this record is done.
    pub offset: Offset,
    /// The reader's own, at most [`crate::MAX_NOTE`] bytes, kept together with the offset.
    pub note: Bytes,
}

/// The end of a name under which a cursor is written before it replaces the old one.
const BESIDE: &str = ".new";

pub(crate) fn check_name(name: &str) -> Result<(), JournalError> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if (1..=64).contains(&name.len()) && name.bytes().all(plain) {
        Ok(())
    } else {
        Err(JournalError::Cursor { name: name.to_owned(), reason: "expected a name of 1 to 64 of a-z, 0-9, - and _" })
    }
}

pub(crate) fn set(shared: &Shared, name: &str, cursor: &Cursor) -> Result<(), JournalError> {
    check_name(name)?;
    if cursor.note.len() > MAX_NOTE {
        return Err(JournalError::Cursor { name: name.to_owned(), reason: "expected a note of at most 64 KiB" });
    }
    let _alone = lock(&shared.replacing);
    shared.check_trust()?;
    // From here on nothing behind the lower of the two places is released.
    let known = {
        let mut index = lock(&shared.index);
        let first = index.first();
        let next = shared.next.load(std::sync::atomic::Ordering::Acquire);
        if !(first..=next).contains(&cursor.offset) {
            return Err(JournalError::OutOfRange { offset: cursor.offset, first, next });
        }
        if let Some(held) = index.cursors.get_mut(name) {
            if held.cursor == *cursor && held.floor == cursor.offset {
                return Ok(());
            }
            held.floor = held.floor.min(cursor.offset);
            true
        } else {
            index.cursors.insert(name.to_owned(), Held { cursor: cursor.clone(), floor: cursor.offset });
            false
        }
    };
    if let Err(error) = replace(shared, &cursor_file(name), &encode_cursor(cursor.offset, &cursor.note)) {
        if !known {
            lock(&shared.index).cursors.remove(name);
        }
        return Err(error);
    }
    let kept = Held { cursor: cursor.clone(), floor: cursor.offset };
    lock(&shared.index).cursors.insert(name.to_owned(), kept);
    Ok(())
}

fn replace(shared: &Shared, file: &str, bytes: &[u8]) -> Result<(), JournalError> {
    let disk = &shared.disk;
    let beside = format!("{file}{BESIDE}");
    let written = disk.create(&beside).and_then(|new| new.write_at(bytes, 0).map(|()| new));
    let new = match written {
        Ok(new) => new,
        Err(error) => {
            if is_full(&error) {
                // Best effort: an empty file beside is cleared away when the journal is opened.
                let _ = disk.remove(&beside);
            }
            return Err(JournalError::io("write", file, error));
        }
    };
    new.sync_data().map_err(|error| shared.break_down(&format!("cannot sync {file}"), &error))?;
    disk.rename(&beside, file).map_err(|error| JournalError::io("replace", file, error))?;
    disk.sync_dir().map_err(|error| shared.break_down("cannot sync the directory", &error))
}

pub(crate) fn remove(shared: &Shared, name: &str) -> Result<bool, JournalError> {
    check_name(name)?;
    let _alone = lock(&shared.replacing);
    shared.check_trust()?;
    if !lock(&shared.index).cursors.contains_key(name) {
        return Ok(false);
    }
    let file = cursor_file(name);
    shared.disk.remove(&file).map_err(|error| JournalError::io("remove", &file, error))?;
    shared.disk.sync_dir().map_err(|error| shared.break_down("cannot sync the directory", &error))?;
    lock(&shared.index).cursors.remove(name);
    Ok(true)
}

/// Whether this is a cursor half written when the program ended.
pub(crate) fn is_beside(file: &str) -> bool {
    file.strip_suffix(BESIDE).and_then(parse_cursor_file).is_some()
}

/// All cursors on the disk.
pub(crate) fn load(disk: &dyn Disk, names: &[String], first: Offset, next: Offset) -> Result<Vec<(String, Held)>, JournalError> {
    let mut cursors = Vec::new();
    for file in names {
        let Some(name) = parse_cursor_file(file).filter(|name| check_name(name).is_ok()) else {
            continue;
        };
        let read = || {
            let open = disk.open(file)?;
            let length = usize::try_from(open.length()?).unwrap_or(usize::MAX).min(2 * MAX_NOTE);
            let mut bytes = vec![0; length];
            open.read_at(&mut bytes, 0).map(|()| Bytes::from(bytes))
        };
        let bytes = read().map_err(|error| JournalError::io("read", file, error))?;
        let (offset, note_at) = decode_cursor(file, &bytes)?;
        if !(first..=next).contains(&offset) {
            // A cursor stands only where records were on disk before it was: the disk lost them.
            let reason = format!("it stands at {offset}, and the journal has {first} to {next}: records that were kept are gone");
            return Err(JournalError::damaged(file, 16, reason));
        }
        cursors.push((name.to_owned(), Held { cursor: Cursor { offset, note: bytes.slice(note_at..) }, floor: offset }));
    }
    Ok(cursors)
}
