//! Silences and maintenance windows: entered, ended, never changed.

use ports::{ActError, NewQuiet, Quiet, QuietFilter, QuietSort, STANDING};
use rusqlite::{Connection, Row, params};
use schemas::{Person, Timestamp};

use crate::Register;
use crate::rows::{count, gather, if_any, instant, instant_if_any, json, limit, whole, word, word_if_any};
use crate::trouble::{Result, While};

const READING: &str = "reading silences and maintenance windows";
const WRITING: &str = "writing a silence or a maintenance window";

/// The columns that [`quiet`] reads.
const QUIET: &str = "id, sort, scope, begins, until, who, note, created_at, ended_at, ended_by";

fn quiet(row: &Row<'_>) -> rusqlite::Result<Quiet> {
    // The table holds these two words and no other.
    let sort = if row.get_ref(1)?.as_str()? == QuietSort::Silence.code() { QuietSort::Silence } else { QuietSort::Maintenance };
    Ok(Quiet {
        id: count(row, 0)?,
        sort,
        scope: json(row, 2)?,
        from: instant(row, 3)?,
        until: instant(row, 4)?,
        by: word(row, 5)?,
        note: word(row, 6)?,
        created_at: instant(row, 7)?,
        ended_at: instant_if_any(row, 8)?,
        ended_by: word_if_any(row, 9)?,
    })
}

/// Those that hold at `now` or will.
pub(crate) fn standing(db: &Connection, now: Timestamp) -> Result<Vec<Quiet>> {
    let mut select = db
        .prepare_cached(&format!("SELECT {QUIET} FROM quiet WHERE ended_at IS NULL AND until > ?1 ORDER BY id"))
        .while_(READING)?;
    gather(select.query_map([now.millis()], quiet), READING)
}

impl Register {
    pub(crate) fn begin(&self, new: &NewQuiet, now: Timestamp) -> Result<Quiet, ActError> {
        let wrong = new.objections(now);
        if !wrong.is_empty() {
            return Err(ActError::Refused(wrong));
        }
        self.write(WRITING, |db, _| {
            let same = standing(db, now)?.into_iter().filter(|q| q.sort == new.sort).count();
            if same >= STANDING {
                let text = format!("{same} of this sort stand already, expected fewer than {STANDING}: end some");
                return Ok(Err(ActError::Refused(vec![text])));
            }
            let scope = serde_json::to_string(&new.scope)
                .map_err(|error| ports::RecordError::Damaged(format!("a scope cannot be written: {error}")))?;
            db.prepare_cached(
                "INSERT INTO quiet (sort, scope, begins, until, who, note, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )
            .and_then(|mut insert| {
                insert.execute(params![
                    new.sort.code(),
                    scope,
                    new.from.millis(),
                    new.until.millis(),
                    new.by.as_str(),
                    new.note.as_str(),
                    now.millis(),
                ])
            })
            .while_(WRITING)?;
            let id = db.last_insert_rowid().unsigned_abs();
            found(db, new.sort, id)?.map_or_else(|| Ok(Err(absent(new.sort, id))), |quiet| Ok(Ok(quiet)))
        })?
    }

    pub(crate) fn end(&self, sort: QuietSort, id: u64, by: &Person, now: Timestamp) -> Result<Quiet, ActError> {
        self.write(WRITING, |db, _| {
            let Some(quiet) = found(db, sort, id)? else { return Ok(Err(absent(sort, id))) };
            if quiet.is_over(now) {
                let over = quiet.ended_at.unwrap_or(quiet.until);
                return Ok(Err(ActError::Conflict(format!("{} {id} is over since {over}", sort.code()))));
            }
            db.prepare_cached("UPDATE quiet SET ended_at = ?2, ended_by = ?3 WHERE id = ?1")
                .and_then(|mut update| update.execute(params![whole(id), now.millis(), by.as_str()]))
                .while_(WRITING)?;
            Ok(Ok(Quiet { ended_at: Some(now), ended_by: Some(by.clone()), ..quiet }))
        })?
    }

    pub(crate) fn quiets_page(&self, filter: &QuietFilter, now: Timestamp) -> Result<Vec<Quiet>> {
        self.read(|db| {
            let mut select = db
                .prepare_cached(&format!(
                    "SELECT {QUIET} FROM quiet WHERE sort = ?1 AND id < ?2 AND (?3 OR (ended_at IS NULL AND until > ?4)) \
                     ORDER BY id DESC LIMIT ?5"
                ))
                .while_(READING)?;
            let before = filter.before.map_or(i64::MAX, whole);
            let values = params![filter.sort.code(), before, filter.over, now.millis(), limit(filter.limit)];
            gather(select.query_map(values, quiet), READING)
        })
    }
}

fn found(db: &Connection, sort: QuietSort, id: u64) -> Result<Option<Quiet>> {
    let mut select = db.prepare_cached(&format!("SELECT {QUIET} FROM quiet WHERE id = ?1 AND sort = ?2")).while_(READING)?;
    if_any(select.query_row(params![whole(id), sort.code()], quiet)).while_(READING)
}

fn absent(sort: QuietSort, id: u64) -> ActError {
    ActError::Absent(format!("there is no {} {id}", sort.code()))
}
