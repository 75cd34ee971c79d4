//! A database file looked at as a whole: whether every byte is as it was written, and a copy of it. Both work
//! beside a program that writes to the file, and hold it up by nothing.
//!
//! Deliberately absent: mending. What is damaged is named, so that a person can take it from a backup.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use ports::StoreError;
use rusqlite::{Connection, OpenFlags, Transaction, params};
use rustc_hash::FxBuildHasher;
use serde::Serialize;

use super::block::Block;
use super::database::{self, fault};
use super::entry::WEEK;
use super::format;
use super::hours;

/// Faults that are told at most; more are only counted.
const TOLD: usize = 1000;

/// What was looked at, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Blocks that were unpacked whole.
    pub blocks: u64,
    /// Entries in them: readings, those that a later run supersedes, and marks of what was forgotten.
    pub entries: u64,
    /// Series that are known.
    pub series: u64,
    /// What is not as it was written, at most a thousand.
    pub faults: Vec<String>,
    /// How many there are.
    pub damaged: u64,
}

impl Verified {
    fn add(&mut self, fault: String) {
        self.damaged += 1;
        if self.faults.len() < TOLD {
            self.faults.push(fault);
        }
    }
}

/// Reads the whole file: SQLite's own structure, every block with its checksum, columns and order, and whether it
/// holds what the books say; the latest readings. `progress` hears blocks done and blocks in all.
///
/// # Errors
/// [`StoreError::Unavailable`] where the file cannot be read, [`StoreError::Damaged`] where it is no store of this
/// format. What is damaged inside is in [`Verified::faults`].
pub fn verify(path: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified, StoreError> {
    let path = format::file_of(path);
    let (db, format) = open(&path)?;
    let cannot = |e: rusqlite::Error| fault(&path, &e);
    let mut verified = Verified::default();
    structure(&db, &mut verified).map_err(cannot)?;
    let number = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs).map_err(cannot);
    let total = number("SELECT count(*) FROM block")?;
    verified.series = number("SELECT count(DISTINCT series) FROM stream")?;
    let partitions: Vec<(u32, String)> = db
        .prepare("SELECT DISTINCT week, kind FROM block ORDER BY week, kind")
        .and_then(|mut all| all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
        .map_err(cannot)?;
    let mut names = Names { hours: format > 1, ..Names::default() };
    for (week, kind) in partitions {
        let done = db.unchecked_transaction().and_then(|tx| partition(&tx, week, &kind, &mut names, &mut verified));
        if let Err(error) = done {
            verified.add(format!("{kind}, week {week}: {error}"));
        }
        progress(verified.blocks, total.max(verified.blocks));
    }
    if let Err(error) = latest(&db, &mut verified) {
        verified.add(format!("the latest readings: {error}"));
    }
    Ok(verified)
}

/// Copies the store at `from`, as its last transaction left it, into the new file `to`, without free pages; durable
/// when it returns.
///
/// # Errors
/// [`StoreError::Unavailable`] where one cannot be read or the other not written, [`StoreError::Damaged`] where `from`
/// is no store of this format.
pub fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let from = format::file_of(from);
    let (db, _) = open(&from)?;
    let name = to.to_str().ok_or_else(|| StoreError::Unavailable(format!("{} is not Unicode", to.display())))?;
    db.execute("VACUUM INTO ?1", params![name]).map_err(|e| fault(to, &e))?;
    let synced = File::open(to).and_then(|file| file.sync_all());
    synced.map_err(|e| StoreError::Unavailable(format!("{}: {e}", to.display())))
}

/// Neither made nor changed: who reads a file in WAL mode must be able to write its index.
fn open(path: &Path) -> Result<(Connection, i32), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags).map_err(|e| fault(path, &e))?;
    db.busy_timeout(Duration::from_secs(10)).map_err(|e| fault(path, &e))?;
    let format = format::check_format(&db, path)?;
    Ok((db, format))
}

fn structure(db: &Connection, verified: &mut Verified) -> rusqlite::Result<()> {
    let mut check = db.prepare("PRAGMA quick_check")?;
    let mut rows = check.query([])?;
    while let Some(row) = rows.next()? {
        let said: String = row.get(0)?;
        if said != "ok" {
            verified.add(said);
        }
    }
    Ok(())
}

/// Device, quantity and channel of each stream, in whose order blocks lie.
#[derive(Default)]
struct Names {
    of: HashMap<u32, (String, String, u8), FxBuildHasher>,
    /// Streams with lower ids are known.
    next: i64,
    /// Whether the file keeps hours: since format 2.
    hours: bool,
}

impl Names {
    /// Learns of streams that came since.
    fn learn(&mut self, tx: &Transaction<'_>) -> rusqlite::Result<()> {
        let mut rows = tx.prepare_cached("SELECT id, device, quantity, channel FROM stream WHERE id >= ? ORDER BY id")?;
        let mut rows = rows.query([self.next])?;
        while let Some(row) = rows.next()? {
            self.next = row.get::<_, i64>(0)? + 1;
            self.of.insert(row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?));
        }
        Ok(())
    }

    fn place(&self, stream: u32) -> Option<(&(String, String, u8), u32)> {
        self.of.get(&stream).map(|name| (name, stream))
    }
}

/// What the books say of a block.
struct Booked {
    id: i64,
    run: i64,
    first: u32,
    last: u32,
    earliest: i64,
    latest: i64,
    count: u32,
    hours: bool,
}

/// One partition, as one snapshot has it.
fn partition(tx: &Transaction<'_>, week: u32, kind: &str, names: &mut Names, verified: &mut Verified) -> rusqlite::Result<()> {
    names.learn(tx)?;
    let mut rows = tx.prepare_cached(if names.hours {
        "SELECT b.id, b.run, b.first, b.last, b.earliest, b.latest, b.count, c.data, b.hours, h.data FROM block b
             LEFT JOIN content c ON c.id = b.id LEFT JOIN hours h ON h.id = b.id
             WHERE b.week = ? AND b.kind = ? ORDER BY b.run, b.place"
    } else {
        "SELECT b.id, b.run, b.first, b.last, b.earliest, b.latest, b.count, c.data, 0, NULL FROM block b
             LEFT JOIN content c ON c.id = b.id WHERE b.week = ? AND b.kind = ? ORDER BY b.run, b.place"
    })?;
    let mut rows = rows.query(params![week, kind])?;
    let mut before: Option<(i64, u32, i64)> = None;
    while let Some(row) = rows.next()? {
        let booked = Booked {
            id: row.get(0)?,
            run: row.get(1)?,
            first: row.get(2)?,
            last: row.get(3)?,
            earliest: row.get(4)?,
            latest: row.get(5)?,
            count: row.get(6)?,
            hours: row.get(8)?,
        };
        let (data, hours): (Option<Vec<u8>>, Option<Vec<u8>>) = (row.get(7)?, row.get(9)?);
        verified.blocks += 1;
        let kept = (data.as_deref(), hours.as_deref());
        match examine(&booked, week, kept, names, before.filter(|(run, ..)| *run == booked.run)) {
            Ok((count, at)) => {
                verified.entries += count;
                before = Some((booked.run, booked.last, at));
            }
            Err(why) => {
                before = None;
                verified.add(format!("{kind}, week {week}: block {}: {why}", booked.id));
            }
        }
    }
    Ok(())
}

/// Entries of a block and the instant of its last one, or what is wrong with it. `before` is run, stream and instant
/// of the last entry of the block before it in its run.
fn examine(
    booked: &Booked,
    week: u32,
    (data, hours): (Option<&[u8]>, Option<&[u8]>),
    names: &Names,
    before: Option<(i64, u32, i64)>,
) -> Result<(u64, i64), String> {
    let data = data.ok_or("its content is missing")?;
    let block = Block::decode(booked.id, i64::from(week) * WEEK, data).map_err(|e| e.to_string())?;
    let ends = (block.parts.first().map(|p| p.stream), block.parts.last().map(|p| p.stream));
    if ends != (Some(booked.first), Some(booked.last)) {
        return Err("it holds other series than the books say".to_owned());
    }
    let (mut entries, mut count) = (Vec::new(), 0u64);
    let (mut lengths, mut all) = (Vec::new(), Vec::new());
    let mut last = before.map(|(_, stream, at)| (stream, at));
    for (at, part) in block.parts.iter().enumerate() {
        entries.clear();
        block.read(at, i64::MIN, i64::MAX, true, &mut entries).map_err(|e| e.to_string())?;
        count += entries.len() as u64;
        let own = names.place(part.stream).ok_or_else(|| format!("nobody knows stream {}", part.stream))?;
        if let Some((stream, at)) = last {
            let after = if stream == part.stream {
                entries.first().is_none_or(|first| first.observed > at)
            } else {
                names.place(stream).is_none_or(|before| before < own)
            };
            if !after {
                return Err(format!("stream {} is out of order", part.stream));
            }
        }
        if !entries.is_sorted_by(|a, b| a.observed < b.observed) {
            return Err(format!("the instants of stream {} are out of order", part.stream));
        }
        let within = |e: &super::entry::Entry| (booked.earliest..=booked.latest).contains(&e.observed);
        if !entries.iter().all(within) {
            return Err(format!("stream {} has instants beyond those in the books", part.stream));
        }
        last = entries.last().map(|e| (part.stream, e.observed));
        lengths.push((part.stream, entries.len()));
        all.append(&mut entries);
    }
    if count != u64::from(booked.count) {
        return Err(format!("it has {count} entries, the books say {}", booked.count));
    }
    let right = if booked.hours { hours::pack(i64::from(week) * WEEK, &lengths, &all) } else { None };
    if booked.hours != hours.is_some() || hours != right.as_deref() {
        return Err("its hours are not what its readings come to".to_owned());
    }
    Ok((count, last.map_or(i64::MIN, |(_, at)| at)))
}

fn latest(db: &Connection, verified: &mut Verified) -> rusqlite::Result<()> {
    let mut rows = db.prepare("SELECT chunk, data FROM latest ORDER BY chunk")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let (chunk, data): (u32, Vec<u8>) = (row.get(0)?, row.get(1)?);
        if database::unpack_latest(&data).is_none() {
            verified.add(format!("the latest readings in chunk {chunk} are damaged"));
        }
    }
    Ok(())
}
