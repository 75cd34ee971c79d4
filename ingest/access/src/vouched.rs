//! Users for whom the city's directory vouches: entered when they first sign in, and what the directory says each time.

use ports::{AccessError, Standing, Vouched};
use rusqlite::{OptionalExtension, Transaction, params};
use schemas::Timestamp;

use crate::book::Book;
use crate::users::{self, LONGEST};

/// What was made of what the directory says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Made {
    /// This user is in.
    User(String),
    /// Nobody: why, and under which name it is written down.
    Nobody(String, &'static str),
}

/// How a user stands who is entered already.
struct Known {
    name: String,
    same: bool,
}

impl Book {
    /// Enters whoever is vouched for, or gives who is entered the standing that the directory says now. Whoever has another
    /// standing than before, or none any more, loses the sessions and tokens of the old one.
    pub(crate) fn vouch(&self, vouched: &Vouched, now: Timestamp) -> Result<Made, AccessError> {
        let wanted = called(&vouched.name);
        self.write(|db| {
            let known = known(db, vouched)?;
            let Some(standing) = &vouched.standing else {
                if let Some(known) = &known {
                    end_all(db, &known.name, now)?;
                }
                let name = known.map_or(wanted, |known| known.name);
                return Ok(Made::Nobody(name, "refused: the directory gives no role here"));
            };
            if let Some(Known { name, same }) = known {
                if !same {
                    end_all(db, &name, now)?;
                    restand(db, &name, standing)?;
                }
                return Ok(Made::User(name));
            }
            if users::name_objection(&wanted).is_some() {
                return Ok(Made::Nobody(wanted, "refused: the directory's name for this user cannot be one here"));
            }
            let taken = db.query_row("SELECT 1 FROM user WHERE name = ?1", [&wanted], |_| Ok(())).optional()?;
            if taken.is_some() {
                return Ok(Made::Nobody(wanted, "refused: another user has this name here"));
            }
            db.execute(
                "INSERT INTO user (name, role, contractor, tenant, password, subject, created_at) VALUES (?1, ?2, ?3, ?4, '', ?5, ?6)",
                params![wanted, standing.role.code(), standing.contractor, standing.tenant, vouched.subject, now.millis()],
            )?;
            Ok(Made::User(wanted))
        })
    }
}

/// The name as it can be one here: without capitals, and no longer than it may be.
fn called(name: &str) -> String {
    name.to_ascii_lowercase().chars().take(LONGEST + 1).collect()
}

fn known(db: &Transaction<'_>, vouched: &Vouched) -> rusqlite::Result<Option<Known>> {
    let mut select = db.prepare_cached("SELECT name, role, contractor, tenant FROM user WHERE subject = ?1")?;
    let found = select.query_row([&vouched.subject], |row| {
        let (role, contractor, tenant): (String, Option<String>, Option<String>) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let same = vouched.standing.as_ref().is_some_and(|standing| {
            (standing.role.code(), &standing.contractor, &standing.tenant) == (role.as_str(), &contractor, &tenant)
        });
        Ok(Known { name: row.get(0)?, same })
    });
    found.optional()
}

fn end_all(db: &Transaction<'_>, name: &str, now: Timestamp) -> rusqlite::Result<()> {
    db.execute("DELETE FROM session WHERE user = ?1", [name])?;
    db.execute("UPDATE token SET revoked_at = ?2 WHERE made_by = ?1 AND revoked_at IS NULL", params![name, now.millis()])?;
    Ok(())
}

fn restand(db: &Transaction<'_>, name: &str, standing: &Standing) -> rusqlite::Result<()> {
    db.execute(
        "UPDATE user SET role = ?2, contractor = ?3, tenant = ?4 WHERE name = ?1",
        params![name, standing.role.code(), standing.contractor, standing.tenant],
    )?;
    Ok(())
}
