//! What is forgotten of devices, since whoever stands behind them has asked for it.
//!
//! Deliberately absent: their messages in the quarantine, which leave it by its own door, where they are counted.

use ports::RecordError;
use rusqlite::Transaction;
use schemas::DeviceId;

use crate::rows::count;
use crate::trouble::{Result, While};
use crate::{Register, Tally};

const DOING: &str = "forgetting devices";

/// In an order in which nothing refers to what is gone. A message that told of several devices stays for the others.
const STEPS: [&str; 13] = [
    "DELETE FROM why WHERE transition IN (SELECT number FROM transition WHERE device = ?1)",
    "DELETE FROM outbox WHERE number IN (SELECT outbox FROM told JOIN transition ON number = transition WHERE device = ?1) \
     AND number NOT IN (SELECT outbox FROM told JOIN transition ON number = transition WHERE device <> ?1)",
    "DELETE FROM told WHERE transition IN (SELECT number FROM transition WHERE device = ?1)",
    "DELETE FROM transition WHERE device = ?1",
    "DELETE FROM act WHERE alert IN (SELECT id FROM alert WHERE device = ?1)",
    "DELETE FROM life WHERE alert IN (SELECT id FROM alert WHERE device = ?1)",
    "DELETE FROM alert WHERE device = ?1",
    "DELETE FROM plan_state WHERE instr(piece, ?1) > 0",
    "DELETE FROM engine_state WHERE device = ?1",
    "DELETE FROM path WHERE device = ?1",
    "DELETE FROM firmware WHERE device = ?1",
    "DELETE FROM adopted WHERE id = ?1",
    "DELETE FROM device WHERE id = ?1",
];

/// What is planned to be told of several devices at once, in which this one stands: it cannot be cut out of that.
const GATHERING: &str = "SELECT count(*) FROM plan_state WHERE instr(piece, ?1) = 0 AND instr(state, CAST(?1 AS BLOB)) > 0";

fn erase(db: &Transaction<'_>, device: &DeviceId) -> rusqlite::Result<u64> {
    STEPS.iter().try_fold(0, |gone, step| Ok(gone + db.execute(step, [device.as_str()])? as u64))
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
            for device in devices {
                let gathering = db.query_row(GATHERING, [device.as_str()], |row| count(row, 0)).while_(DOING)?;
                if gathering > 0 {
                    let text = "messages that tell of it and of others still gather: start the program, and come again when they are sent";
                    return Err(RecordError::Unavailable(text.to_owned()));
                }
            }
            let gone = devices.iter().try_fold(0, |gone, device| Ok(gone + erase(db, device)?)).while_(DOING)?;
            *tally = Tally::count(db).while_(DOING)?;
            Ok(gone)
        })?;
        let writer = crate::lock(&self.writer);
        writer.execute_batch("VACUUM").while_(DOING)?;
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).while_(DOING)?;
        Ok(gone)
    }
}
