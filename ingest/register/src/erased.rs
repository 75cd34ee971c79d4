//! What is forgotten of devices, since whoever stands behind them has asked for it.
//!
//! Deliberately absent: their messages in the quarantine, which leave it by its own door, where they are counted.

use aho_corasick::AhoCorasick;
use ports::RecordError;
use rusqlite::Transaction;
use schemas::DeviceId;

use crate::trouble::{Result, While};
use crate::{Register, Tally};

const DOING: &str = "forgetting devices";

/// In an order in which nothing refers to what is gone. `?1` is a list of names as JSON: however many are forgotten, each table is
/// gone through once. A message that told of several devices stays for the others.
const STEPS: [&str; 12] = [
    "DELETE FROM why WHERE transition IN (SELECT number FROM transition WHERE device IN (SELECT value FROM json_each(?1)))",
    "DELETE FROM outbox WHERE number IN \
     (SELECT outbox FROM told JOIN transition ON number = transition WHERE device IN (SELECT value FROM json_each(?1))) \
     AND number NOT IN \
     (SELECT outbox FROM told JOIN transition ON number = transition WHERE device NOT IN (SELECT value FROM json_each(?1)))",
    "DELETE FROM told WHERE transition IN (SELECT number FROM transition WHERE device IN (SELECT value FROM json_each(?1)))",
    "DELETE FROM transition WHERE device IN (SELECT value FROM json_each(?1))",
    "DELETE FROM act WHERE alert IN (SELECT id FROM alert WHERE device IN (SELECT value FROM json_each(?1)))",
    "DELETE FROM life WHERE alert IN (SELECT id FROM alert WHERE device IN (SELECT value FROM json_each(?1)))",
    "DELETE FROM alert WHERE device IN (SELECT value FROM json_each(?1))",
    "DELETE FROM engine_state WHERE device IN (SELECT value FROM json_each(?1))",
    "DELETE FROM path WHERE device IN (SELECT value FROM json_each(?1))",
    "DELETE FROM firmware WHERE device IN (SELECT value FROM json_each(?1))",
    "DELETE FROM adopted WHERE id IN (SELECT value FROM json_each(?1))",
    "DELETE FROM device WHERE id IN (SELECT value FROM json_each(?1))",
];

/// What the planner remembers of these devices alone, by piece. Of what it gathers about several at once one cannot be cut out.
fn pieces(db: &Transaction<'_>, devices: &[DeviceId]) -> Result<Vec<String>> {
    let damaged = |error: aho_corasick::BuildError| RecordError::Unavailable(format!("{DOING}: {error}"));
    let sought = AhoCorasick::new(devices.iter().map(DeviceId::as_str)).map_err(damaged)?;
    let mut select = db.prepare("SELECT piece, state FROM plan_state").while_(DOING)?;
    let mut rows = select.query([]).while_(DOING)?;
    let mut own = Vec::new();
    while let Some(row) = rows.next().while_(DOING)? {
        let piece: String = row.get(0).while_(DOING)?;
        if sought.is_match(&piece) {
            own.push(piece);
        } else if sought.is_match(&row.get::<_, Vec<u8>>(1).while_(DOING)?) {
            let text =
                "messages that tell of it and of others still gather: start the program, and come again when they are sent";
            return Err(RecordError::Unavailable(text.to_owned()));
        }
    }
    Ok(own)
}

fn erase(db: &Transaction<'_>, devices: &[DeviceId], pieces: &[String]) -> rusqlite::Result<u64> {
    let names = serde_json::Value::from_iter(devices.iter().map(DeviceId::as_str)).to_string();
    let gone = STEPS.iter().try_fold(0, |gone, step| Ok::<_, rusqlite::Error>(gone + db.execute(step, [&names])? as u64))?;
    let mut delete = db.prepare("DELETE FROM plan_state WHERE piece = ?1")?;
    pieces.iter().try_fold(gone, |gone, piece| Ok(gone + delete.execute([piece])? as u64))
}

impl Register {
    /// Takes out devices with their alerts, the steps and telling of these, and what rules remember of them. How many rows.
    /// The file is written anew, so that what is gone, now or at any time before, is not found in it either; it needs its own
    /// size on the disk once more.
    ///
    /// # Errors
    /// As [`ports::RecordError`] says; then nothing is gone. `Unavailable` also while messages about several devices gather in
    /// which one of these stands.
    pub fn erase(&self, devices: &[DeviceId]) -> Result<u64> {
        let gone = self.write(DOING, |db, tally| {
            let gone = erase(db, devices, &pieces(db, devices)?).while_(DOING)?;
            *tally = Tally::count(db).while_(DOING)?;
            Ok(gone)
        })?;
        let writer = crate::lock(&self.writer);
        writer.execute_batch("VACUUM").while_(DOING)?;
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).while_(DOING)?;
        Ok(gone)
    }
}
