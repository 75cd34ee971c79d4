//! The audit: rows that are only ever added, each with a hash over itself and the row before.
//!
//! A changed, inserted or missing row breaks the chain from there on. What the chain alone cannot show is that its end was
//! cut off: for that its head, or an export, is kept elsewhere.

use ports::{AccessError, AuditNote, AuditRow, AuditVerdict};
use rusqlite::{OptionalExtension, Row, Transaction, params};
use schemas::Timestamp;
use sha2::{Digest, Sha256};

use crate::book::{Book, count, instant};
use crate::secret::hex;

/// What the first row is chained to.
const ROOT: &str = "marsad audit 1";
/// Characters of a text in a row: what came from outside is written down, but not at any length.
const LONGEST: usize = 300;
/// Rows that are looked at at once.
const PAGE: usize = 1000;

fn row(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    Ok(AuditRow {
        number: count(row, 0)?,
        at: instant(row, 1)?,
        who: row.get(2)?,
        address: row.get(3)?,
        event: row.get(4)?,
        what: row.get(5)?,
        outcome: row.get(6)?,
        hash: row.get(7)?,
    })
}

/// The hash of a row behind another. JSON of a list tells where each text ends, so that no two rows are written alike.
fn chained(before: &str, row: &AuditRow) -> String {
    let AuditRow { number, at, who, address, event, what, outcome, hash: _ } = row;
    let text = serde_json::json!([before, number, at.millis(), who, address, event, what, outcome]).to_string();
    hex(&Sha256::digest(text.as_bytes()))
}

/// On one line and not too long.
fn tidy(text: &str) -> String {
    text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Adds a row to what a transaction does.
pub(crate) fn add(db: &Transaction<'_>, note: &AuditNote, now: Timestamp) -> rusqlite::Result<()> {
    let last = db
        .prepare_cached("SELECT number, at, who, address, event, what, outcome, hash FROM audit ORDER BY number DESC LIMIT 1")?
        .query_row([], row)
        .optional()?;
    let (number, before, at) = match last {
        // A clock that steps back does not make the audit do so.
        Some(last) => (last.number + 1, last.hash, last.at.max(now)),
        None => (1, ROOT.to_owned(), now),
    };
    let mut fresh = AuditRow {
        number,
        at,
        who: tidy(&note.who),
        address: note.address.map(|address| address.to_string()),
        event: note.event.to_owned(),
        what: tidy(&note.what),
        outcome: tidy(&note.outcome),
        hash: String::new(),
    };
    fresh.hash = chained(&before, &fresh);
    let AuditRow { who, address, event, what, outcome, hash, .. } = &fresh;
    let number = i64::try_from(number).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO audit (number, at, who, address, event, what, outcome, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![number, at.millis(), who, address, event, what, outcome, hash])
    .map(drop)
}

impl Book {
    /// Adds a row; durable when it returns.
    pub(crate) fn write_down(&self, note: &AuditNote, now: Timestamp) -> Result<(), AccessError> {
        self.write(|db| add(db, note, now))
    }

    /// Rows behind a number, in order.
    pub(crate) fn rows(&self, after: u64, limit: usize) -> Result<Vec<AuditRow>, AccessError> {
        let (after, limit) = (i64::try_from(after).unwrap_or(i64::MAX), i64::try_from(limit).unwrap_or(i64::MAX));
        self.read(|db| {
            let mut select = db.prepare_cached(
                "SELECT number, at, who, address, event, what, outcome, hash FROM audit WHERE number > ?1 ORDER BY number LIMIT ?2",
            )?;
            select.query_map([after, limit], row)?.collect()
        })
    }

    /// Follows the chain from its root.
    pub(crate) fn verify(&self) -> Result<AuditVerdict, AccessError> {
        let mut verdict = AuditVerdict { rows: 0, head: ROOT.to_owned(), broken: None };
        loop {
            let page = self.rows(verdict.rows, PAGE)?;
            if page.is_empty() {
                return Ok(verdict);
            }
            for row in &page {
                let expected = verdict.rows + 1;
                let why = if row.number != expected {
                    Some(format!("row {expected} is missing"))
                } else if chained(&verdict.head, row) != row.hash {
                    Some("it, or the row before it, is not as it was written".to_owned())
                } else {
                    None
                };
                if let Some(why) = why {
                    verdict.broken = Some((expected, why));
                    return Ok(verdict);
                }
                (verdict.rows, verdict.head) = (row.number, row.hash.clone());
            }
        }
    }
}
