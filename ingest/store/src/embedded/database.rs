//! The rows of the database file, read and written. One transaction makes a flush, a merge or a forgetting whole or not
//! at all.
//!
//! Deliberately absent: what the bytes of a block mean, and when anything is written.

use std::path::Path;

use ports::StoreError;
use rusqlite::{Connection, ErrorCode, OptionalExtension, Transaction, params};
use schemas::{DeviceId, Kind, Quantity, SeriesKey, Zone};

use super::directory::{Directory, Latest};
use super::entry::Entry;
use super::shelf::{BlockMeta, PartitionKey, Run, Shelf};

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

/// Bounds the pages that a connection holds in memory; SQLite needs some.
pub(crate) fn hold_pages(db: &Connection, bytes: u64) -> rusqlite::Result<()> {
    let kibibytes = i64::try_from(bytes >> 10).unwrap_or(i64::MAX).max(64);
    // Below zero it counts KiB, not pages.
    db.pragma_update(None, "cache_size", -kibibytes)
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
    for orphans in ["content", "hours"] {
        let bury = format!("DELETE FROM {orphans} WHERE id NOT IN (SELECT id FROM block)");
        db.execute(&bury, []).map_err(cannot)?;
    }
    let directory = load_directory(db, path)?;
    let mut shelf = Shelf::default();
    let (mut next_block, mut next_run) = (1, 1);
    let mut rows = db
        .prepare(
            "SELECT week, kind, run, level, id, first, last, earliest, latest, count, hours FROM block ORDER BY week, kind, run, place",
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
            hours: row.get(10).map_err(cannot)?,
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

/// Saves what a block holds; in the books it stands only with [`put_block`].
pub(crate) fn put_content(tx: &Transaction<'_>, id: i64, data: &[u8], hours: Option<&[u8]>) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO content VALUES (?, ?)")?.execute(params![id, data])?;
    if let Some(hours) = hours {
        tx.prepare_cached("INSERT INTO hours VALUES (?, ?)")?.execute(params![id, hours])?;
    }
    Ok(())
}

/// Takes a block into the books, at its place in the run.
pub(crate) fn put_block(
    tx: &Transaction<'_>,
    key: PartitionKey,
    run: i64,
    level: u8,
    place: i64,
    block: &BlockMeta,
) -> rusqlite::Result<()> {
    tx.prepare_cached("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?.execute(params![
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
        block.count,
        block.hours
    ])?;
    Ok(())
}

/// Takes a block out of the books. Its content stays for those who are about to read it, until
/// [`drop_content`].
pub(crate) fn drop_block(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM block WHERE id = ?")?.execute([id])?;
    Ok(())
}

/// Deletes what a block held that no book names any more.
pub(crate) fn drop_content(tx: &Transaction<'_>, id: i64) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM content WHERE id = ?")?.execute([id])?;
    tx.prepare_cached("DELETE FROM hours WHERE id = ?")?.execute([id])?;
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

/// Writes what stands in the log into the file, and empties the log.
pub(crate) fn fold(db: &Connection) -> rusqlite::Result<()> {
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// Gives pages that hold nothing back to the disk, at most so many; all of them for 0.
pub(crate) fn shrink(db: &Connection, pages: u32) -> rusqlite::Result<()> {
    let mut step = db.prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
    let mut rows = step.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}
