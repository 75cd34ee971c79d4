//! What operators did to alerts: kept where it is legal, refused where it is not, in one transaction.

use ports::{ActBook, ActError, Curbs, NewQuiet, Quiet, QuietFilter, QuietSort};
use rusqlite::{Connection, Row, Transaction, params};
use schemas::{Act, AlertId, Deed, Life, Marks, Note, Person, Phase, Timestamp, Transition, TransitionId};

use crate::alerts::{ALERT, enter_transition, view};
use crate::rows::{
    TRANSITION, count, gather, if_any, instant, instant_if_any, json, limit, phase, transition, whole, word, word_if_any,
};
use crate::trouble::{Result, While};
use crate::{Register, Tally};

const READING: &str = "reading what operators did";
const WRITING: &str = "writing what an operator did";

/// Alerts that fire and are looked at as what may inhibit others; the gravest where there are more.
const FIRING: usize = 20_000;

impl ActBook for Register {
    fn act(&self, act: &Act) -> Result<Marks, ActError> {
        // The inner result is the law's, the outer one the disk's: a refusal writes nothing.
        let done = self.write(WRITING, |db, tally| {
            let Some(phase) = phase_of(db, &act.alert).while_(READING)? else {
                return Ok(Err(ActError::Absent(format!("there is no alert `{}`", act.alert))));
            };
            let mut life = Life::new(phase, marks(db, &act.alert).while_(READING)?);
            if let Err(illegal) = life.apply(act, act.at) {
                return Ok(Err(illegal.into()));
            }
            enter(db, act).while_(WRITING)?;
            keep_marks(db, &act.alert, life.marks()).while_(WRITING)?;
            if act.deed == Deed::Resolve {
                resolve(db, tally, act)?;
            }
            Ok(Ok(life.marks().clone()))
        })?;
        if done.is_ok() {
            self.changed();
        }
        done
    }

    fn acts_of(&self, alert: &AlertId, rows: usize) -> Result<Vec<Act>> {
        self.read(|db| {
            let mut select = db
                .prepare_cached(&format!(
                    "SELECT {ACT} FROM (SELECT * FROM act WHERE alert = ?1 ORDER BY number DESC LIMIT ?2) ORDER BY number"
                ))
                .while_(READING)?;
            gather(select.query_map(params![alert.0, limit(rows)], |row| Ok(act(row)?.1)), READING)
        })
    }

    fn begin_quiet(&self, new: &NewQuiet, now: Timestamp) -> Result<Quiet, ActError> {
        let quiet = self.begin(new, now)?;
        self.changed();
        Ok(quiet)
    }

    fn end_quiet(&self, sort: QuietSort, id: u64, by: &Person, now: Timestamp) -> Result<Quiet, ActError> {
        let quiet = self.end(sort, id, by, now)?;
        self.changed();
        Ok(quiet)
    }

    fn quiets(&self, filter: &QuietFilter, now: Timestamp) -> Result<Vec<Quiet>> {
        self.quiets_page(filter, now)
    }

    fn curbs(&self, now: Timestamp) -> Result<Curbs> {
        self.read(|db| {
            // One transaction, so that all of it is of one moment.
            let db = db.unchecked_transaction().while_(READING)?;
            let quiets = crate::quiets::standing(&db, now)?;
            let mut select = db
                .prepare_cached("SELECT alert, marks FROM life WHERE shelved_until IS NOT NULL AND shelved_until > ?1")
                .while_(READING)?;
            let shelf = |row: &Row<'_>| Ok((AlertId(row.get(0)?), json::<Marks>(row, 1)?.shelved));
            let shelved = gather(select.query_map([now.millis()], shelf), READING)?;
            let shelved = shelved.into_iter().filter_map(|(alert, shelved)| Some((alert, shelved?))).collect();
            let mut select = db
                .prepare_cached(&format!(
                    "SELECT {ALERT} FROM alert LEFT JOIN life ON life.alert = alert.id \
                     WHERE phase IN ('pending', 'firing') AND phase = 'firing' ORDER BY severity DESC, at DESC, id LIMIT ?1"
                ))
                .while_(READING)?;
            let firing = gather(select.query_map([limit(FIRING)], view), READING)?;
            Ok(Curbs { quiets, shelved, firing })
        })
    }

    fn revision(&self) -> u64 {
        self.revision.load(std::sync::atomic::Ordering::Acquire)
    }
}

fn phase_of(db: &Connection, alert: &AlertId) -> rusqlite::Result<Option<Phase>> {
    if_any(db.prepare_cached("SELECT phase FROM alert WHERE id = ?1")?.query_row([&alert.0], |row| phase(row, 0)))
}

/// What operators did to an alert so far.
pub(crate) fn marks(db: &Connection, alert: &AlertId) -> rusqlite::Result<Marks> {
    let found = db.prepare_cached("SELECT marks FROM life WHERE alert = ?1")?.query_row([&alert.0], |row| json(row, 0));
    Ok(if_any(found)?.unwrap_or_default())
}

fn keep_marks(db: &Connection, alert: &AlertId, marks: &Marks) -> rusqlite::Result<()> {
    let text = serde_json::to_string(marks).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
    let acknowledged = marks.acknowledged.as_ref().map(|a| a.until.map_or(i64::MAX, Timestamp::millis));
    let shelved = marks.shelved.as_ref().map(|s| s.until.millis());
    db.prepare_cached(
        "INSERT INTO life (alert, marks, acknowledged_until, shelved_until) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (alert) \
         DO UPDATE SET marks = excluded.marks, acknowledged_until = excluded.acknowledged_until, \
         shelved_until = excluded.shelved_until",
    )?
    .execute(params![alert.0, text, acknowledged, shelved])?;
    Ok(())
}

fn enter(db: &Connection, act: &Act) -> rusqlite::Result<()> {
    let (assignee, until) = match &act.deed {
        Deed::Acknowledge { until } => (None, *until),
        Deed::Assign { to } => (to.as_ref(), None),
        Deed::Shelve { until } => (None, Some(*until)),
        Deed::Unacknowledge | Deed::Unshelve | Deed::Resolve => (None, None),
    };
    db.prepare_cached("INSERT INTO act (alert, at, who, note, what, assignee, until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?
        .execute(params![
            act.alert.0,
            act.at.millis(),
            act.by.as_str(),
            act.note.as_str(),
            act.deed.code(),
            assignee.map(Person::as_str),
            until.map(Timestamp::millis),
        ])?;
    Ok(())
}

/// The columns that [`act`] reads.
const ACT: &str = "number, alert, at, who, note, what, assignee, until";

fn act(row: &Row<'_>) -> rusqlite::Result<(u64, Act)> {
    let until = instant_if_any(row, 7)?;
    let what = row.get_ref(5)?.as_str()?;
    let deed = match (what, until) {
        ("acknowledge", until) => Deed::Acknowledge { until },
        ("unacknowledge", _) => Deed::Unacknowledge,
        ("assign", _) => Deed::Assign { to: word_if_any(row, 6)? },
        ("shelve", Some(until)) => Deed::Shelve { until },
        ("unshelve", _) => Deed::Unshelve,
        ("resolve", _) => Deed::Resolve,
        _ => return Err(rusqlite::Error::InvalidColumnType(5, "what".to_owned(), rusqlite::types::Type::Text)),
    };
    let (by, note) = (word(row, 3)?, word(row, 4)?);
    Ok((count(row, 0)?, Act { alert: AlertId(row.get(1)?), at: instant(row, 2)?, by, note, deed }))
}

/// What was done after the act with the number `after`.
pub(crate) fn acts(db: &Connection, after: u64, rows: usize) -> Result<Vec<(u64, Act)>> {
    let mut select =
        db.prepare_cached(&format!("SELECT {ACT} FROM act WHERE number > ?1 ORDER BY number LIMIT ?2")).while_(READING)?;
    gather(select.query_map([whole(after), limit(rows)], act), READING)
}

/// The end of an episode as a step of it: what the engine would have said, said by a person. It has the id that
/// the engine's own end would have, so that the engine's is then the one that is there already.
fn resolve(db: &Transaction<'_>, tally: &mut Tally, act: &Act) -> Result<()> {
    let last = db
        .prepare_cached(&format!("SELECT {TRANSITION} FROM transition t WHERE t.alert = ?1 ORDER BY t.number DESC LIMIT 1"))
        .and_then(|mut select| select.query_row([&act.alert.0], |row| transition(row, 0)))
        .while_(READING)?;
    let mut id = TransitionId::new(&act.alert, Phase::Resolved);
    if db.prepare_cached("SELECT 1 FROM transition WHERE id = ?1").and_then(|mut s| s.exists([&id.0])).while_(READING)? {
        // It was over before, and a late reading had undone that.
        id = TransitionId(format!("{id}:by_hand:{:016x}", act.at.millis()));
    }
    let note = Some(Note::ByHand { by: act.by.clone(), note: act.note.clone() });
    let step = Transition { id, from: Phase::Firing, to: Phase::Resolved, at: act.at, note, ..last };
    enter_transition(db, tally, &step).while_(WRITING)
}
