//! The database file: tables, and what is read and written in them. One transaction makes a flush, a
//! merge or a forgetting whole or not at all.
//!
//! Deliberately absent: what the bytes of a block mean, and when anything is written.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ports::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, Transaction, params};
use schemas::{DeviceId, Kind, Quantity, SeriesKey, Zone};

use super::directory::{Directory, Latest};
use super::entry::Entry;
use super::shelf::{BlockMeta, PartitionKey, Run, Shelf};

/// The version of everything in the file, in SQLite's `user_version`.
pub(crate) const FORMAT: i32 = 1;
/// "Mrsd", in SQLite's `application_id`.
const APPLICATION: i32 = 0x4d72_7364;

const TABLES: &str = "
    CREATE TABLE stream (
        id INTEGER PRIMARY KEY, series INTEGER NOT NULL, device TEXT NOT NULL, quantity TEXT NOT NULL,
        channel INTEGER NOT NULL, kind TEXT NOT NULL, zone TEXT NOT NULL
    ) STRICT;
    CREATE TABLE latest (chunk INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
    CREATE TABLE block (
        id INTEGER PRIMARY KEY, kind TEXT NOT NULL, week INTEGER NOT NULL, run INTEGER NOT NULL, level INTEGER NOT NULL,
        place INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, earliest INTEGER NOT NULL, latest INTEGER NOT NULL,
        count INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE content (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
";

/// What went wrong in the database, as the house says it.
pub(crate) fn fault(path: &Path, error: &rusqlite::Error) -> StoreError {
    let place = path.display();
    let code = error.sqlite_error_code();
    match code {
        Some(ErrorCode::DiskFull) => StoreError::Unavailable(format!("the disk of {place} is full")),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(format!("{place}: {error}")),
        None if matches!(error, rusqlite::Error::SqliteFailure(..)) => StoreError::Unavailable(format!("{place}: {error}")),
        None => StoreError::Damaged(format!("{place}: {error}")),
        Some(_) => StoreError::Unavailable(format!("{place}: {error}")),
    }
}

/// The file of a store: a path that is no file and does not end in `.db` is a directory that holds it.
pub(crate) fn file_of(path: &Path) -> PathBuf {
    if path.is_file() || path.extension().is_some_and(|e| e == "db") { path.to_owned() } else { path.join("readings.db") }
}

/// Refuses a database of another program or of another format.
pub(crate) fn check_format(db: &Connection, path: &Path) -> Result<(), StoreError> {
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i32>(0)).map_err(|e| fault(path, &e));
    let place = path.display();
    if number("application_id")? != APPLICATION {
        return Err(StoreError::Damaged(format!("{place} is a database of another program")));
    }
    match number("user_version")? {
        FORMAT => Ok(()),
        version => Err(StoreError::Damaged(format!("{place} has format {version}, this program reads format {FORMAT}"))),
    }
}

/// A connection that writes, with the tables made and their version checked.
pub(crate) fn open(path: &Path) -> Result<Connection, StoreError> {
    let cannot = |e: rusqlite::Error| fault(path, &e);
    let db = Connection::open(path).map_err(cannot)?;
    db.busy_timeout(Duration::from_secs(10)).map_err(cannot)?;
    let tables: i64 = db.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(cannot)?;
    if tables == 0 {
        db.execute_batch("PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL;").map_err(cannot)?;
    } else {
        check_format(&db, path)?;
    }
    // FULL: a transaction that is over survives power loss. Erasure means that the bytes go.
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST;").map_err(cannot)?;
    if tables == 0 {
        let made =
            format!("BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT}; COMMIT;");
        db.execute_batch(&made).map_err(cannot)?;
    }
    Ok(db)
}

/// Everything that lives in memory, as the last transaction left it.
pub(crate) struct Loaded {
    pub(crate) directory: Directory,
    pub(crate) shelf: Shelf,
    pub(crate) next_block: i64,
    pub(crate) next_run: i64,
}

/// Reads what lives in memory, and deletes contents that no block names any more.
pub(crate) fn load(db: &Connection, path: &Path) -> Result<Loaded, StoreError> {
    let cannot = |e: rusqlite::Error| fault(path, &e);
    db.execute("DELETE FROM content WHERE id NOT IN (SELECT id FROM block)", []).map_err(cannot)?;
    let directory = load_directory(db, path)?;
    let mut shelf = Shelf::default();
    let (mut next_block, mut next_run) = (1, 1);
    let mut rows = db
        .prepare(
            "SELECT week, kind, run, level, id, first, last, earliest, latest, count FROM block ORDER BY week, kind, run, place",
        )
        .map_err(cannot)?;
    let mut rows = rows.query([]).map_err(cannot)?;
    let mut run: Option<(PartitionKey, Run)> = None;
    while let Some(row) = rows.next().map_err(cannot)? {
        let kind = kind_named(&row.get::<_, String>(1).map_err(cannot)?, path)?;
        let key = PartitionKey { week: row.get(0).map_err(cannot)?, kind };
        let number: i64 = row.get(2).map_err(cannot)?;
        let block = BlockMeta {
            id: row.get(4).map_err(cannot)?,
            first: row.get(5).map_err(cannot)?,
            last: row.get(6).map_err(cannot)?,
            from: row.get(7).map_err(cannot)?,
            to: row.get(8).map_err(cannot)?,
            count: row.get(9).map_err(cannot)?,
        };
        next_block = next_block.max(block.id + 1);
        next_run = next_run.max(number + 1);
        match &mut run {
            Some((k, r)) if *k == key && r.number == number => r.blocks.push(block),
            _ => {
                let level = row.get(3).map_err(cannot)?;
                if let Some((key, run)) = run.replace((key, Run { number, level, blocks: vec![block] })) {
                    shelf.insert(key, run);
                }
            }
        }
    }
    if let Some((key, run)) = run {
        shelf.insert(key, run);
    }
    Ok(Loaded { directory, shelf, next_block, next_run })
}

fn kind_named(name: &str, path: &Path) -> Result<Kind, StoreError> {
    Kind::named(name).ok_or_else(|| unknown("kind", name, path))
}

fn unknown(what: &str, name: &str, path: &Path) -> StoreError {
    let place = path.display();
    StoreError::Refused(format!("{place} holds readings of the {what} `{name}`, which the vocabulary does not have: add it back"))
}

fn load_directory(db: &Connection, path: &Path) -> Result<Directory, StoreError> {
    let cannot = |e: rusqlite::Error| fault(path, &e);
    let torn = |what: &str| StoreError::Damaged(format!("{}: {what}", path.display()));
    let mut directory = Directory::default();
    let mut rows =
        db.prepare("SELECT id, series, device, quantity, channel, kind, zone FROM stream ORDER BY id").map_err(cannot)?;
    let mut rows = rows.query([]).map_err(cannot)?;
    while let Some(row) = rows.next().map_err(cannot)? {
        let (id, series) = (row.get(0).map_err(cannot)?, row.get(1).map_err(cannot)?);
        let text = |at: usize| row.get::<_, String>(at).map_err(cannot);
        let quantity = text(3)?;
        let key = SeriesKey {
            device: DeviceId::new(&text(2)?).map_err(|e| torn(&format!("stream {id}: {e}")))?,
            quantity: Quantity::named(&quantity).ok_or_else(|| unknown("quantity", &quantity, path))?,
            channel: row.get(4).map_err(cannot)?,
        };
        let zone = Zone::new(&text(6)?).map_err(|e| torn(&format!("stream {id}: {e}")))?;
        if !directory.restore(id, series, &key, kind_named(&text(5)?, path)?, zone) {
            return Err(torn(&format!("stream {id} contradicts another")));
        }
    }
    let mut rows = db.prepare("SELECT chunk, data FROM latest").map_err(cannot)?;
    let mut rows = rows.query([]).map_err(cannot)?;
    while let Some(row) = rows.next().map_err(cannot)? {
        let chunk = row.get(0).map_err(cannot)?;
        let data: Vec<u8> = row.get(1).map_err(cannot)?;
        let latest = unpack_latest(&data).ok_or_else(|| torn(&format!("the latest readings in chunk {chunk} are damaged")))?;
        for (series, latest) in (Directory::first_of(chunk)..).zip(latest) {
            if latest.is_some_and(|latest| !directory.restore_latest(series, latest)) {
                return Err(torn(&format!("the latest reading of series {series} has no stream")));
            }
        }
    }
    Ok(directory)
}

/// A chunk of latest readings: CRC-32C, then for each series 32 bytes, all ones in the first four
/// where there is none.
pub(crate) fn pack_latest(latest: impl Iterator<Item = Option<Latest>>) -> Vec<u8> {
    let mut data = vec![0; 4];
    for latest in latest {
        let (stream, e) = latest.map_or((u32::MAX, Entry::gone(0)), |l| (l.stream, l.entry));
        data.extend_from_slice(&stream.to_le_bytes());
        data.extend_from_slice(&e.flaws.to_le_bytes());
        data.extend_from_slice(&e.observed.to_le_bytes());
        data.extend_from_slice(&e.received.to_le_bytes());
        data.extend_from_slice(&e.value.to_le_bytes());
    }
    let sum = crc32c::crc32c(&data[4..]);
    data[..4].copy_from_slice(&sum.to_le_bytes());
    data
}

/// What [`pack_latest`] made; none where it is damaged.
pub(crate) fn unpack_latest(data: &[u8]) -> Option<Vec<Option<Latest>>> {
    let (sum, body) = data.split_first_chunk::<4>()?;
    let (rows, rest) = body.as_chunks::<32>();
    if crc32c::crc32c(body) != u32::from_le_bytes(*sum) || !rest.is_empty() {
        return None;
    }
    let row = |row: &[u8; 32]| {
        let four = |at: usize| row[at..].first_chunk().map_or(0, |b| u32::from_le_bytes(*b));
        let eight = |at: usize| row[at..].first_chunk().map_or(0, |b| i64::from_le_bytes(*b));
        let value = row[24..].first_chunk().map_or(0.0, |b| f64::from_le_bytes(*b));
        let entry = Entry { observed: eight(8), received: eight(16), value, flaws: four(4) };
        (four(0) != u32::MAX).then_some(Latest { stream: four(0), entry })
    };
    Some(rows.iter().map(row).collect())
}

/// Saves a stream.
pub(crate) fn put_stream(
    tx: &Transaction<'_>,
    id: u32,
    series: u32,
    key: &SeriesKey,
    kind: Kind,
    zone: &Zone,
) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO stream VALUES (?, ?, ?, ?, ?, ?, ?)")?.execute(params![
        id,
        series,
        key.device.as_str(),
        key.quantity.name(),
        key.channel,
        kind.name(),
        zone.as_str()
    ])?;
    Ok(())
}

/// Saves a chunk of latest readings.
pub(crate) fn put_latest(tx: &Transaction<'_>, chunk: u32, data: &[u8]) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT OR REPLACE INTO latest VALUES (?, ?)")?.execute(params![chunk, data])?;
    Ok(())
}

/// Saves a block with its content, at its place in the run.
pub(crate) fn put_block(
    tx: &Transaction<'_>,
    key: PartitionKey,
    run: i64,
    level: u8,
    place: i64,
    block: &BlockMeta,
    data: &[u8],
) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?.execute(params![
        block.id,
        key.kind.name(),
        key.week,
        run,
        level,
        place,
        block.first,
        block.last,
        block.from,
        block.to,
        block.count
    ])?;
    tx.prepare_cached("INSERT INTO content VALUES (?, ?)")?.execute(params![block.id, data])?;
    Ok(())
}

/// Takes a block out of the books. Its content stays for those who are about to read it, until
/// [`drop_content`].
pub(crate) fn drop_block(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM block WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// Deletes a content that no block names any more.
pub(crate) fn drop_content(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM content WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// Takes a stream out.
pub(crate) fn drop_stream(tx: &Transaction<'_>, id: u32) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM stream WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// The saved latest readings of a chunk, by place.
pub(crate) fn saved_latest(db: &Connection, path: &Path, chunk: u32) -> Result<Vec<Option<Latest>>, StoreError> {
    let data: Option<Vec<u8>> = db
        .prepare_cached("SELECT data FROM latest WHERE chunk = ?")
        .and_then(|mut statement| statement.query_row([chunk], |row| row.get(0)).optional())
        .map_err(|e| fault(path, &e))?;
    let Some(data) = data else { return Ok(Vec::new()) };
    unpack_latest(&data)
        .ok_or_else(|| StoreError::Damaged(format!("{}: the latest readings in chunk {chunk} are damaged", path.display())))
}

/// The content of a block that the books name.
pub(crate) fn content(db: &Connection, path: &Path, id: i64) -> Result<Vec<u8>, StoreError> {
    let content = db
        .prepare_cached("SELECT data FROM content WHERE id = ?")
        .and_then(|mut statement| statement.query_row([id], |row| row.get(0)).optional())
        .map_err(|e| fault(path, &e))?;
    content.ok_or_else(|| StoreError::Damaged(format!("block {id}: its content is missing")))
}

/// Bytes of the file, free pages too.
pub(crate) fn size(db: &Connection) -> rusqlite::Result<u64> {
    let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let page: i64 = db.pragma_query_value(None, "page_size", |row| row.get(0))?;
    Ok(u64::try_from(pages * page).unwrap_or(0))
}

/// Pages of the file that hold nothing, and all of them.
pub(crate) fn free_pages(db: &Connection) -> rusqlite::Result<(i64, i64)> {
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get(0));
    Ok((number("freelist_count")?, number("page_count")?))
}

/// Gives pages that hold nothing back to the disk, at most so many.
pub(crate) fn shrink(db: &Connection, pages: u32) -> rusqlite::Result<()> {
    let mut step = db.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut rows = step.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}

/// Connections that only read.
#[derive(Debug)]
pub(crate) struct Readers {
    path: PathBuf,
    /// Those that nobody uses now: as many as there were readers at once, at most eight.
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), idle: Mutex::new(Vec::new()) }
    }

    /// The content of a block; none where a merge has deleted it since.
    pub(crate) fn content(&self, id: i64) -> Result<Option<Vec<u8>>, StoreError> {
        let cannot = |e: rusqlite::Error| fault(&self.path, &e);
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let db = match kept {
            Some(db) => db,
            None => {
                let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                let db = Connection::open_with_flags(&self.path, flags).map_err(cannot)?;
                db.busy_timeout(Duration::from_secs(10)).map_err(cannot)?;
                db
            }
        };
        let content = db
            .prepare_cached("SELECT data FROM content WHERE id = ?")
            .and_then(|mut statement| statement.query_row([id], |row| row.get(0)).optional())
            .map_err(cannot)?;
        let mut idle = idle();
        if idle.len() < 8 {
            idle.push(db);
        }
        Ok(content)
    }
}
