//! Sessions of browsers: begun by a password or by the city's directory, ended by leaving, by silence, or after half a day.

use std::time::Duration;

use ports::{AccessError, Means, Viewer};
use rusqlite::{OptionalExtension, params};
use schemas::Timestamp;

use crate::book::{Book, instant, word};
use crate::{Secret, Settings};

/// How old `seen_at` may be before it is written anew: not every request is a write.
const SEEN_EVERY: Duration = Duration::from_secs(60);

impl Book {
    /// Begins one, for somebody who has shown who they are.
    pub(crate) fn begin(&self, user: &str, secret: &Secret, now: Timestamp, settings: &Settings) -> Result<(), AccessError> {
        self.write(|db| {
            // Not those that are silent: somebody may be listening to live events by one.
            db.execute("DELETE FROM session WHERE created_at <= ?1", [now.minus(settings.session).millis()])?;
            db.execute("DELETE FROM failure WHERE name = ?1", [user])?;
            db.execute("UPDATE user SET last_seen = ?2 WHERE name = ?1", params![user, now.millis()])?;
            db.execute(
                "INSERT INTO session (hash, user, created_at, seen_at) VALUES (?1, ?2, ?3, ?3)",
                params![secret.hash(), user, now.millis()],
            )?;
            Ok(())
        })
    }

    /// Whose session it is, if it is one at `now`.
    pub(crate) fn session(&self, secret: &Secret, now: Timestamp, settings: &Settings) -> Result<Option<Viewer>, AccessError> {
        let found = self.read(|db| {
            let mut select = db.prepare_cached(
                "SELECT u.name, u.role, u.contractor, u.tenant, s.created_at, s.seen_at FROM session s JOIN user u ON u.name = s.user \
                 WHERE s.hash = ?1",
            )?;
            let found = select.query_row([secret.hash()], |row| {
                let viewer = Viewer {
                    name: row.get(0)?,
                    role: word(row, 1)?,
                    contractor: row.get(2)?,
                    tenant: row.get(3)?,
                    means: Means::Session,
                    read_only: false,
                };
                Ok((viewer, instant(row, 4)?, instant(row, 5)?))
            });
            found.optional()
        })?;
        let Some((viewer, begun, seen)) = found else { return Ok(None) };
        if now >= begun.plus(settings.session) || now >= seen.plus(settings.session_idle) {
            return Ok(None);
        }
        if now >= seen.plus(SEEN_EVERY) {
            self.write(|db| db.execute("UPDATE session SET seen_at = ?2 WHERE hash = ?1", params![secret.hash(), now.millis()]))?;
        }
        Ok(Some(viewer))
    }

    /// Whether it was neither ended nor is too old, however long nothing was asked on it.
    pub(crate) fn session_goes_on(&self, secret: &Secret, now: Timestamp, settings: &Settings) -> Result<bool, AccessError> {
        let begun = self.read(|db| {
            let mut select = db.prepare_cached("SELECT created_at FROM session WHERE hash = ?1")?;
            select.query_row([secret.hash()], |row| instant(row, 0)).optional()
        })?;
        Ok(begun.is_some_and(|begun| now < begun.plus(settings.session)))
    }

    /// Ends one.
    pub(crate) fn end(&self, secret: &Secret) -> Result<(), AccessError> {
        self.write(|db| db.execute("DELETE FROM session WHERE hash = ?1", [secret.hash()])).map(drop)
    }
}
