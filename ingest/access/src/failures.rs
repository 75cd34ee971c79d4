//! Wrong passwords: after so many a name is locked for a while, whether or not there is such a user.

use ports::AccessError;
use rusqlite::{OptionalExtension, params};
use schemas::Timestamp;

use crate::Settings;
use crate::book::{Book, instant_if_any};

/// Names that are kept: whoever tries more at once makes the oldest be forgotten.
const NAMES: u32 = 10_000;

impl Book {
    /// Until when a name is locked, if it is at `now`.
    pub(crate) fn locked(&self, name: &str, now: Timestamp) -> Result<Option<Timestamp>, AccessError> {
        let until = self.read(|db| {
            let mut select = db.prepare_cached("SELECT locked_until FROM failure WHERE name = ?1")?;
            select.query_row([name], |row| instant_if_any(row, 0)).optional()
        })?;
        Ok(until.flatten().filter(|until| *until > now))
    }

    /// One more wrong password. Those that are older than the lock is long count no more.
    pub(crate) fn failed(&self, name: &str, now: Timestamp, settings: &Settings) -> Result<(), AccessError> {
        let (stale, locked) = (now.minus(settings.lock).millis(), now.plus(settings.lock).millis());
        self.write(|db| {
            db.execute(
                "INSERT INTO failure (name, count, last_at) VALUES (?1, 1, ?2) ON CONFLICT (name) DO UPDATE \
                 SET count = CASE WHEN last_at < ?3 OR locked_until IS NOT NULL THEN 1 ELSE count + 1 END, last_at = ?2, locked_until = NULL",
                params![name, now.millis(), stale],
            )?;
            db.execute(
                "UPDATE failure SET locked_until = ?2 WHERE name = ?1 AND count >= ?3",
                params![name, locked, settings.failures],
            )?;
            db.execute(
                "DELETE FROM failure WHERE name IN (SELECT name FROM failure ORDER BY last_at DESC LIMIT -1 OFFSET ?1)",
                [NAMES],
            )?;
            Ok(())
        })
    }
}
