//! Users: entered, taken out, given another password.

use ports::{AccessError, NewUser, Role, Standing, User};
use rusqlite::{OptionalExtension, Row, params};
use schemas::Timestamp;

use crate::book::{Book, instant, instant_if_any, word};

/// Characters of a name.
pub(crate) const LONGEST: usize = 64;

/// What speaks against such a user; nothing where there can be one.
pub(crate) fn objections(name: &str, standing: &Standing) -> Vec<String> {
    name_objection(name).into_iter().chain(standing_objection(standing)).collect()
}

/// What speaks against such a name.
pub(crate) fn name_objection(name: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-' | '@');
    let is_one = !name.is_empty() && name.len() <= LONGEST && name.chars().all(fits);
    (!is_one).then(|| format!("a user's name has 1 to {LONGEST} characters: a to z, digits and . _ - @"))
}

/// What speaks against such a role, of such a contractor and tenant.
#[must_use]
pub fn standing_objection(standing: &Standing) -> Option<String> {
    if standing.tenant.is_some() && !matches!(standing.role, Role::Contractor | Role::Officer | Role::Engineer) {
        return Some(format!(
            "a tenant has contractors, officers and engineers, and this is for the whole city: {}",
            standing.role
        ));
    }
    match (standing.role, standing.contractor.as_deref()) {
        (Role::Public, _) => Some("`public` is what everybody is who has not signed in".to_owned()),
        (Role::Contractor, None | Some("")) => {
            Some("a contractor has a territory: expected its name in the table of territories".to_owned())
        }
        (Role::Contractor, Some(_)) | (_, None) => None,
        (other, Some(_)) => Some(format!("only a contractor has a territory, and this is: {other}")),
    }
}

fn row(row: &Row<'_>) -> rusqlite::Result<User> {
    Ok(User {
        name: row.get(0)?,
        role: word(row, 1)?,
        contractor: row.get(2)?,
        tenant: row.get(3)?,
        directory: row.get(4)?,
        created_at: instant(row, 5)?,
        last_seen: instant_if_any(row, 6)?,
        locked_until: instant_if_any(row, 7)?,
        second_factor: row.get(8)?,
    })
}

const SELECT: &str = "SELECT u.name, u.role, u.contractor, u.tenant, u.subject IS NOT NULL, u.created_at, u.last_seen, f.locked_until, \
     s.confirmed_at IS NOT NULL FROM user u LEFT JOIN failure f ON f.name = u.name LEFT JOIN second_factor s ON s.user = u.name";

impl Book {
    pub(crate) fn user_count(&self) -> Result<u64, AccessError> {
        self.read(|db| db.query_row("SELECT count(*) FROM user", [], |row| crate::book::count(row, 0)))
    }

    pub(crate) fn all_users(&self) -> Result<Vec<User>, AccessError> {
        self.read(|db| db.prepare_cached(&format!("{SELECT} ORDER BY u.name"))?.query_map([], row)?.collect())
    }

    /// The user, and the hash of the password; whoever signs in by the directory has none.
    pub(crate) fn user(&self, name: &str) -> Result<Option<(User, Option<String>)>, AccessError> {
        self.read(|db| {
            let user = db.prepare_cached(&format!("{SELECT} WHERE u.name = ?1"))?.query_row([name], row).optional()?;
            let Some(user) = user else { return Ok(None) };
            let hash = db.query_row("SELECT nullif(password, '') FROM user WHERE name = ?1", [name], |row| row.get(0))?;
            Ok(Some((user, hash)))
        })
    }

    /// Enters a user, whose password is `hash`.
    pub(crate) fn enter(&self, new: &NewUser, hash: &str, now: Timestamp) -> Result<User, AccessError> {
        let entered = self.write(|db| {
            let there = db.query_row("SELECT 1 FROM user WHERE name = ?1", [&new.name], |_| Ok(())).optional()?;
            if there.is_some() {
                return Ok(false);
            }
            db.execute(
                "INSERT INTO user (name, role, contractor, tenant, password, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                params![new.name, new.role.code(), new.contractor, new.tenant, hash, now.millis()],
            )?;
            Ok(true)
        })?;
        if !entered {
            return Err(AccessError::Refused(vec![format!("there is a user `{}` already", new.name)]));
        }
        self.user(&new.name)?.map(|(user, _)| user).ok_or_else(|| absent(&new.name))
    }

    /// Takes a user out, with sessions, and ends the tokens that it made.
    pub(crate) fn strike_out(&self, name: &str, now: Timestamp) -> Result<(), AccessError> {
        let gone = self.write(|db| {
            let last: bool = db.query_row(
                "SELECT role = 'admin' AND subject IS NULL \
                    AND (SELECT count(*) FROM user WHERE role = 'admin' AND subject IS NULL) = 1 \
                    AND (SELECT count(*) FROM user) > 1 FROM user WHERE name = ?1 UNION ALL SELECT 0 LIMIT 1",
                [name],
                |row| row.get(0),
            )?;
            if last {
                return Ok(None);
            }
            db.execute(
                "UPDATE token SET revoked_at = ?2 WHERE made_by = ?1 AND revoked_at IS NULL",
                params![name, now.millis()],
            )?;
            db.execute("DELETE FROM failure WHERE name = ?1", [name])?;
            db.execute("DELETE FROM user WHERE name = ?1", [name]).map(Some)
        })?;
        match gone {
            Some(0) => Err(absent(name)),
            Some(_) => Ok(()),
            None => Err(AccessError::Refused(vec![format!(
                "`{name}` is the last admin with a password here: nobody could enter another one"
            )])),
        }
    }

    /// Another password; its sessions end, and it is no longer locked.
    pub(crate) fn change_password(&self, name: &str, hash: &str) -> Result<(), AccessError> {
        if self.user(name)?.is_some_and(|(user, _)| user.directory) {
            return Err(AccessError::Refused(vec![format!(
                "`{name}` signs in by the city's directory, which keeps the password"
            )]));
        }
        let changed = self.write(|db| {
            db.execute("DELETE FROM session WHERE user = ?1", [name])?;
            db.execute("DELETE FROM failure WHERE name = ?1", [name])?;
            db.execute("UPDATE user SET password = ?2 WHERE name = ?1", [name, hash])
        })?;
        if changed == 0 { Err(absent(name)) } else { Ok(()) }
    }
}

fn absent(name: &str) -> AccessError {
    AccessError::Absent(format!("there is no user `{}`", name.chars().take(LONGEST).collect::<String>()))
}
