//! Messages that gave no reading, exactly as they came, with the reason; what has left is counted.

use std::ops::Range;

use ports::{
    Brought, Departed, Forgotten, Holding, Overflow, Page, Quarantine, QuarantineFilter, Quarantined, Settlement, fits_topic,
};
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, Row, Transaction, params, params_from_iter, types::Value};
use schemas::{Message, Provenance, Qos, Timestamp};

use crate::rows::{count, instant, instant_if_any, small, whole, word_if_any};
use crate::trouble::{Result, While};
use crate::{Register, Tally};

const READING: &str = "reading the quarantine";
const WRITING: &str = "writing the quarantine";
pub(crate) const COLUMNS: &str = "offset, reason, text, topic, payload, received_at, flags, device, profile";
/// Rows that are counted as aged, at most: the count is asked for after every writing.
const AGED: i64 = 100_000;

/// The bits of a message record.
fn flags(p: Provenance) -> i64 {
    i64::from(p.qos as u8 | u8::from(p.retain) << 2 | u8::from(p.dup) << 3 | u8::from(p.will) << 4)
}

fn provenance(flags: u8) -> Provenance {
    let qos = match flags & 3 {
        0 => Qos::AtMostOnce,
        1 => Qos::AtLeastOnce,
        _ => Qos::ExactlyOnce,
    };
    Provenance { qos, retain: flags & 4 != 0, dup: flags & 8 != 0, will: flags & 16 != 0 }
}

/// The columns of [`COLUMNS`].
pub(crate) fn row(row: &Row<'_>) -> rusqlite::Result<Quarantined> {
    Ok(Quarantined {
        offset: count(row, 0)?,
        reason: row.get::<_, String>(1)?.into(),
        text: row.get(2)?,
        message: Message {
            topic: row.get::<_, String>(3)?.into(),
            payload: row.get::<_, Vec<u8>>(4)?.into(),
            received_at: instant(row, 5)?,
            provenance: provenance(small(row, 6)?),
        },
        device: word_if_any(row, 7)?,
        profile: word_if_any(row, 8)?,
    })
}

/// Teaches a connection the function `topic_fits(wanted, topic)`.
pub(crate) fn teach(db: &Connection) -> rusqlite::Result<()> {
    db.create_scalar_function("topic_fits", 2, FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC, |context| {
        let text = |at| context.get_raw(at).as_str().map_err(|e| rusqlite::Error::UserFunctionError(e.into()));
        Ok(fits_topic(text(0)?, text(1)?))
    })
}

/// A filter as the words behind WHERE, and their values.
pub(crate) struct Condition {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

impl Condition {
    pub(crate) fn new(filter: &QuarantineFilter, offsets: &Range<u64>) -> Self {
        let mut own = Self { sql: "offset >= ? AND offset < ?".to_owned(), values: Vec::new() };
        own.values.extend([Value::from(whole(offsets.start)), Value::from(whole(offsets.end))]);
        if !filter.reasons.is_empty() {
            own.sql.push_str(&format!(" AND reason IN ({})", vec!["?"; filter.reasons.len()].join(", ")));
            own.values.extend(filter.reasons.iter().cloned().map(Value::from));
        }
        if let Some(device) = &filter.device {
            // A row of format 1 does not say whose it is; its topic usually does.
            own.sql.push_str(" AND (device = ? OR device IS NULL AND instr(topic, ?) > 0)");
            own.values.extend(vec![Value::from(device.as_str().to_owned()); 2]);
        }
        if let Some(profile) = &filter.profile {
            own.and(" AND profile = ?", profile.as_str().to_owned());
        }
        if let Some(topic) = &filter.topic {
            own.and(" AND topic_fits(?, topic)", topic.clone());
        }
        if let Some(from) = filter.from {
            own.and(" AND received_at >= ?", from.millis());
        }
        if let Some(to) = filter.to {
            own.and(" AND received_at < ?", to.millis());
        }
        own
    }

    pub(crate) fn and(&mut self, sql: &str, value: impl Into<Value>) {
        self.sql.push_str(sql);
        self.values.push(value.into());
    }
}

/// A number of `meta`.
fn number(db: &Connection, name: &str) -> rusqlite::Result<u64> {
    db.prepare_cached("SELECT value FROM meta WHERE name = ?")?.query_row([name], |row| count(row, 0))
}

fn raise(db: &Transaction<'_>, name: &str, by: u64) -> rusqlite::Result<()> {
    if by > 0 {
        db.prepare_cached("UPDATE meta SET value = value + ?2 WHERE name = ?1")?.execute(params![name, whole(by)])?;
    }
    Ok(())
}

/// Takes rows out; how many were there.
fn take_out(db: &Transaction<'_>, tally: &mut Tally, offsets: impl IntoIterator<Item = u64>) -> rusqlite::Result<u64> {
    let mut delete = db.prepare_cached("DELETE FROM quarantine WHERE offset = ?")?;
    let mut taken = 0;
    for offset in offsets {
        taken += delete.execute([whole(offset)])? as u64;
    }
    tally.quarantined = tally.quarantined.saturating_sub(taken);
    Ok(taken)
}

fn insert(db: &Transaction<'_>, tally: &mut Tally, messages: &[Quarantined]) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached(&format!(
        "INSERT INTO quarantine ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (offset) DO NOTHING"
    ))?;
    for Quarantined { offset, message, reason, text, device, profile } in messages {
        let new = insert.execute(params![
            whole(*offset),
            reason,
            text,
            &*message.topic,
            &message.payload[..],
            message.received_at.millis(),
            flags(message.provenance),
            device.as_ref().map(schemas::DeviceId::as_str),
            profile.as_ref().map(schemas::ProfileName::as_str),
        ])?;
        tally.quarantined += new as u64;
    }
    Ok(())
}

/// Rows of a range that are not among those put aside: they give readings now.
fn readable_now(db: &Transaction<'_>, read: &Range<u64>, aside: &[Quarantined]) -> rusqlite::Result<Vec<u64>> {
    let mut there = db.prepare_cached("SELECT offset FROM quarantine WHERE offset >= ? AND offset < ?")?;
    let there = there.query_map([whole(read.start), whole(read.end)], |row| count(row, 0))?;
    let gone = there.filter(|offset| !offset.as_ref().is_ok_and(|offset| aside.iter().any(|m| m.offset == *offset)));
    gone.collect()
}

impl Quarantine for Register {
    fn put_aside(&self, read: Range<u64>, messages: &[Quarantined]) -> Result<()> {
        // Nearly always there is nothing beyond what was ever read, and then nothing is written.
        let behind = |db: &Connection| {
            db.prepare_cached("SELECT 1 FROM quarantine WHERE offset >= ? LIMIT 1")?.exists([whole(read.start)])
        };
        let again = self.read(|db| behind(db).while_(READING))?;
        if messages.is_empty() && !again {
            return Ok(());
        }
        self.write(WRITING, |transaction, tally| {
            if again {
                let gone = readable_now(transaction, &read, messages).while_(WRITING)?;
                take_out(transaction, tally, gone).while_(WRITING)?;
            }
            insert(transaction, tally, messages).while_(WRITING)
        })
    }

    fn page(&self, filter: &QuarantineFilter, offsets: Range<u64>, most: Page) -> Result<Vec<Quarantined>> {
        let Condition { sql, values } = Condition::new(filter, &offsets);
        self.read(|db| {
            let sql = format!("SELECT {COLUMNS} FROM quarantine WHERE {sql} ORDER BY offset");
            let mut statement = db.prepare_cached(&sql).while_(READING)?;
            let mut rows = statement.query_map(params_from_iter(values), row).while_(READING)?;
            let (mut page, mut bytes) = (Vec::new(), 0);
            while page.len() < most.rows && bytes < most.bytes {
                let Some(message) = rows.next().transpose().while_(READING)? else { break };
                bytes += message.message.payload.len();
                page.push(message);
            }
            Ok(page)
        })
    }

    fn settle(&self, settlement: &Settlement) -> Result<()> {
        self.write(WRITING, |transaction, tally| {
            let of = |how| settlement.gone.iter().filter(move |(_, brought)| *brought == how).map(|(offset, _)| *offset);
            let work = |tally: &mut Tally| {
                for (how, name) in [(Brought::Stored, "left_stored"), (Brought::Duplicate, "left_duplicate")] {
                    let taken = take_out(transaction, tally, of(how))?;
                    raise(transaction, name, taken)?;
                }
                let mut restate = transaction.prepare_cached(
                    "UPDATE quarantine SET reason = ?2, text = ?3, device = ?4, profile = ?5 WHERE offset = ?1",
                )?;
                for Quarantined { offset, reason, text, device, profile, .. } in &settlement.restated {
                    let (device, profile) =
                        (device.as_ref().map(schemas::DeviceId::as_str), profile.as_ref().map(|p| p.as_str()));
                    restate.execute(params![whole(*offset), reason, text, device, profile])?;
                }
                Ok(())
            };
            work(tally).while_(WRITING)
        })
    }

    fn drop_messages(&self, filter: &QuarantineFilter, offsets: Range<u64>, rows: usize) -> Result<u64> {
        let Condition { sql, values } = Condition::new(filter, &offsets);
        self.write(WRITING, |transaction, tally| {
            let work = |tally: &mut Tally| {
                let sql = format!("SELECT offset FROM quarantine WHERE {sql} ORDER BY offset LIMIT {rows}");
                let chosen: Vec<u64> = transaction
                    .prepare_cached(&sql)?
                    .query_map(params_from_iter(values), |row| count(row, 0))?
                    .collect::<rusqlite::Result<_>>()?;
                let taken = take_out(transaction, tally, chosen)?;
                raise(transaction, "left_dropped", taken)?;
                Ok(taken)
            };
            work(tally).while_(WRITING)
        })
    }

    fn drop_these(&self, offsets: &[u64]) -> Result<u64> {
        self.write(WRITING, |transaction, tally| {
            let work = |tally: &mut Tally| {
                let taken = take_out(transaction, tally, offsets.iter().copied())?;
                raise(transaction, "left_dropped", taken)?;
                Ok(taken)
            };
            work(tally).while_(WRITING)
        })
    }

    fn forget(&self, overflow: &Overflow) -> Result<Forgotten> {
        self.write(WRITING, |transaction, tally| forget(transaction, tally, overflow).while_(WRITING))
    }

    fn holding(&self, aged_before: Timestamp) -> Result<Holding> {
        let messages = self.tally().quarantined;
        self.read(|db| {
            let work = || {
                let oldest =
                    db.prepare_cached("SELECT min(received_at) FROM quarantine")?.query_row([], |row| instant_if_any(row, 0))?;
                let aged = db
                    .prepare_cached("SELECT count(*) FROM (SELECT 1 FROM quarantine WHERE received_at < ? LIMIT ?)")?
                    .query_row([aged_before.millis(), AGED], |row| count(row, 0))?;
                let departed = Departed {
                    stored: number(db, "left_stored")?,
                    duplicate: number(db, "left_duplicate")?,
                    dropped: number(db, "left_dropped")?,
                    forgotten: number(db, "left_forgotten")?,
                };
                let bytes = number(db, "quarantine_bytes")?;
                Ok(Holding { messages, bytes, oldest, aged, departed, ..Holding::default() })
            };
            work().while_(READING)
        })
    }
}

/// Offset, reason, when it was received, and its bytes as the triggers count them.
type Chosen = (u64, String, Timestamp, u64);

fn chosen(row: &Row<'_>) -> rusqlite::Result<Chosen> {
    Ok((count(row, 0)?, row.get(1)?, instant(row, 2)?, count(row, 3)?))
}

fn forget(db: &Transaction<'_>, tally: &mut Tally, overflow: &Overflow) -> rusqlite::Result<Forgotten> {
    const CHOOSE: &str = "SELECT offset, reason, received_at, length(payload) + octet_length(topic) + octet_length(text) + 128 \
                          FROM quarantine WHERE offset < ?1";
    let (before, rows) = (whole(overflow.before), whole(overflow.rows as u64));
    // By age first: what goes for its age need not go for its size.
    let mut leaving: Vec<Chosen> = db
        .prepare_cached(&format!("{CHOOSE} AND received_at < ?2 ORDER BY received_at, offset LIMIT ?3"))?
        .query_map(params![before, overflow.received_before.millis(), rows], chosen)?
        .collect::<rusqlite::Result<_>>()?;
    take_out(db, tally, leaving.iter().map(|(offset, ..)| *offset))?;
    let mut excess = number(db, "quarantine_bytes")?.saturating_sub(overflow.bytes);
    if excess > 0 && leaving.len() < overflow.rows {
        let left = whole((overflow.rows - leaving.len()) as u64);
        let mut oldest = db.prepare_cached(&format!("{CHOOSE} ORDER BY offset LIMIT ?2"))?;
        let oldest: Vec<Chosen> = oldest.query_map([before, left], chosen)?.collect::<rusqlite::Result<_>>()?;
        for row in oldest {
            if excess == 0 {
                break;
            }
            excess = excess.saturating_sub(row.3);
            take_out(db, tally, [row.0])?;
            leaving.push(row);
        }
    }
    raise(db, "left_forgotten", leaving.len() as u64)?;
    let mut forgotten = Forgotten { more: leaving.len() >= overflow.rows, ..Forgotten::default() };
    for (_, reason, at, _) in leaving {
        *forgotten.reasons.entry(reason).or_default() += 1;
        let (first, last) = forgotten.received.unwrap_or((at, at));
        forgotten.received = Some((first.min(at), last.max(at)));
    }
    Ok(forgotten)
}

impl Register {
    /// How many messages are put aside. Cheap.
    #[must_use]
    pub fn quarantine_count(&self) -> u64 {
        self.tally().quarantined
    }
}
