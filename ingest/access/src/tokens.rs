//! Tokens of programs: made for a role and a time, revoked before it.

use std::time::Duration;

use ports::{AccessError, Means, NewToken, Token, Viewer};
use rusqlite::{OptionalExtension, Row, params};
use schemas::Timestamp;

use crate::Secret;
use crate::book::{Book, count, instant, instant_if_any, word};

const COLUMNS: &str = "id, name, role, contractor, tenant, read_only, made_by, created_at, expires_at, revoked_at";
/// Tokens that are shown.
const SHOWN: u32 = 1000;

fn row(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        id: count(row, 0)?,
        name: row.get(1)?,
        role: word(row, 2)?,
        contractor: row.get(3)?,
        tenant: row.get(4)?,
        read_only: row.get(5)?,
        made_by: row.get(6)?,
        created_at: instant(row, 7)?,
        expires_at: instant(row, 8)?,
        revoked_at: instant_if_any(row, 9)?,
    })
}

impl Book {
    pub(crate) fn enter_token(&self, new: &NewToken, by: &str, secret: &Secret, now: Timestamp) -> Result<Token, AccessError> {
        let ends = now.plus(Duration::from_secs(u64::from(new.hours) * 3600));
        self.write(|db| {
            db.query_row(
                &format!(
                    "INSERT INTO token (hash, name, role, contractor, tenant, read_only, made_by, created_at, expires_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING {COLUMNS}"
                ),
                params![
                    secret.hash(),
                    new.name,
                    new.role.code(),
                    new.contractor,
                    new.tenant,
                    new.read_only,
                    by,
                    now.millis(),
                    ends.millis()
                ],
                row,
            )
        })
    }

    pub(crate) fn all_tokens(&self) -> Result<Vec<Token>, AccessError> {
        let text = format!("SELECT {COLUMNS} FROM token ORDER BY id DESC LIMIT {SHOWN}");
        self.read(|db| db.prepare_cached(&text)?.query_map([], row)?.collect())
    }

    /// Whom a token stands for, if it does at `now`.
    pub(crate) fn bearer(&self, secret: &Secret, now: Timestamp) -> Result<Option<Viewer>, AccessError> {
        let found = self.read(|db| {
            let text = format!("SELECT {COLUMNS} FROM token WHERE hash = ?1");
            db.prepare_cached(&text)?.query_row([secret.hash()], row).optional()
        })?;
        let stands = found.filter(|token| token.revoked_at.is_none() && now < token.expires_at);
        Ok(stands.map(|token| Viewer {
            name: format!("token:{}", token.name),
            role: token.role,
            contractor: token.contractor,
            tenant: token.tenant,
            means: Means::Token,
            read_only: token.read_only,
        }))
    }

    pub(crate) fn end_token(&self, id: u64, now: Timestamp) -> Result<(), AccessError> {
        let number = i64::try_from(id).unwrap_or(i64::MAX);
        let ended = self.write(|db| {
            db.execute("UPDATE token SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL", params![number, now.millis()])
        })?;
        if ended == 0 { Err(AccessError::Absent(format!("there is no token {id} that holds"))) } else { Ok(()) }
    }
}
