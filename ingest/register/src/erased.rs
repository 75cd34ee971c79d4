//! What is forgotten of devices, since whoever stands behind them has asked for it.
//!
//! Deliberately absent: their messages in the quarantine, which leave it by its own door, where they are counted.

use rusqlite::Transaction;
use schemas::DeviceId;

use crate::trouble::{Result, While};
use crate::{Register, Tally};

const DOING: &str = "forgetting devices";

/// In an order in which nothing refers to what is gone. A message that told of several alerts stays for the others.
const STEPS: [&str; 11] = [
    "DELETE FROM why WHERE transition IN (SELECT number FROM transition WHERE device = ?1)",
    "DELETE FROM told WHERE transition IN (SELECT number FROM transition WHERE device = ?1)",
    "DELETE FROM outbox WHERE number NOT IN (SELECT outbox FROM told) AND instr(id, ?1) > 0",
    "DELETE FROM transition WHERE device = ?1",
    "DELETE FROM act WHERE alert IN (SELECT id FROM alert WHERE device = ?1)",
    "DELETE FROM life WHERE alert IN (SELECT id FROM alert WHERE device = ?1)",
    "DELETE FROM alert WHERE device = ?1",
    "DELETE FROM engine_state WHERE device = ?1",
    "DELETE FROM path WHERE device = ?1",
    "DELETE FROM adopted WHERE id = ?1",
    "DELETE FROM device WHERE id = ?1",
];

fn erase(db: &Transaction<'_>, device: &DeviceId) -> rusqlite::Result<u64> {
    STEPS.iter().try_fold(0, |gone, step| Ok(gone + db.execute(step, [device.as_str()])? as u64))
}

impl Register {
    /// Takes out devices with their alerts, the steps and telling of these, and what rules remember of them. How many rows.
    /// What is gone is written over, so that it is not found in the file either.
    ///
    /// # Errors
    /// As [`ports::RecordError`] says; then nothing is gone.
    pub fn erase(&self, devices: &[DeviceId]) -> Result<u64> {
        crate::lock(&self.writer).pragma_update(None, "secure_delete", "ON").while_(DOING)?;
        let gone = self.write(DOING, |db, tally| {
            let gone = devices.iter().try_fold(0, |gone, device| Ok(gone + erase(db, device)?)).while_(DOING)?;
            *tally = Tally::count(db).while_(DOING)?;
            Ok(gone)
        })?;
        let writer = crate::lock(&self.writer);
        writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).while_(DOING)?;
        Ok(gone)
    }
}
