//! What the planner of notifications keeps, and why each step was told or not.

use bytes::Bytes;
use ports::{Because, Delivery, Link, PlanBook, PlanStep, RestoredPlan, Why, WhyStep};
use rusqlite::{Connection, Row, Transaction, params};
use schemas::{Act, AlertId, Phase, Timestamp, Transition, TransitionId};

use crate::Register;
use crate::outbox::post;
use crate::rows::{count, gather, instant, instant_if_any, json, phase, small, whole, word, word_if_any};
use crate::trouble::{Result, While};

/// Links of chains that are kept, over all alerts; older ones go. A step has three to six.
pub const REASONS_KEPT: u64 = 1_000_000;

const READING: &str = "reading the plan of notifications";
const WRITING: &str = "writing the plan of notifications";

impl PlanBook for Register {
    fn restore_plan(&self) -> Result<RestoredPlan> {
        self.read(|db| {
            // One transaction, so that cursor and pieces are of the same step.
            let db = db.unchecked_transaction().while_(READING)?;
            let mut select = db.prepare_cached("SELECT value FROM meta WHERE name = ?1").while_(READING)?;
            let cursor = select.query_row(["planned"], |row| count(row, 0)).while_(READING)?;
            let acted = select.query_row(["acted"], |row| count(row, 0)).while_(READING)?;
            let mut select = db.prepare_cached("SELECT piece, state FROM plan_state ORDER BY piece").while_(READING)?;
            let piece = |row: &Row<'_>| Ok((row.get(0)?, Bytes::from(row.get::<_, Vec<u8>>(1)?)));
            let pieces = gather(select.query_map([], piece), READING)?;
            Ok(RestoredPlan { cursor, acted, pieces })
        })
    }

    fn decided(&self, after: u64, rows: usize) -> Result<Vec<(u64, Transition)>> {
        self.transitions(after, rows)
    }

    fn acts(&self, after: u64, rows: usize) -> Result<Vec<(u64, Act)>> {
        self.read(|db| crate::acts::acts(db, after, rows))
    }

    fn commit_plan(&self, step: &PlanStep) -> Result<()> {
        self.write(WRITING, |transaction, tally| {
            keep_pieces(transaction, &step.pieces).while_(WRITING)?;
            for posted in &step.posted {
                post(transaction, tally, posted, step.now).while_(WRITING)?;
            }
            keep_reasons(transaction, &step.reasons)?;
            let mut update = transaction.prepare_cached("UPDATE meta SET value = ?1 WHERE name = ?2").while_(WRITING)?;
            update.execute(params![whole(step.cursor), "planned"]).while_(WRITING)?;
            update.execute(params![whole(step.acted), "acted"]).map(drop).while_(WRITING)
        })
    }
}

fn keep_pieces(transaction: &Transaction<'_>, pieces: &[(String, Bytes)]) -> rusqlite::Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO plan_state (piece, state) VALUES (?1, ?2) ON CONFLICT (piece) DO UPDATE SET state = excluded.state",
    )?;
    let mut delete = transaction.prepare_cached("DELETE FROM plan_state WHERE piece = ?1")?;
    for (piece, state) in pieces {
        if state.is_empty() {
            delete.execute([piece])?;
        } else {
            upsert.execute(params![piece, &state[..]])?;
        }
    }
    Ok(())
}

fn keep_reasons(transaction: &Transaction<'_>, reasons: &[Because]) -> Result<()> {
    let mut insert = transaction
        .prepare_cached("INSERT INTO why (transition, at, receiver, reason) VALUES (?1, ?2, ?3, ?4)")
        .while_(WRITING)?;
    for because in reasons {
        let receiver = because.receiver.as_ref().map(schemas::ChannelName::as_str);
        let reason = serde_json::to_string(&because.reason)
            .map_err(|error| ports::RecordError::Damaged(format!("a reason cannot be written: {error}")))?;
        insert.execute(params![whole(because.step), because.at.millis(), receiver, reason]).while_(WRITING)?;
    }
    if reasons.is_empty() {
        return Ok(());
    }
    let oldest = transaction.last_insert_rowid().saturating_sub(whole(REASONS_KEPT));
    let mut delete = transaction.prepare_cached("DELETE FROM why WHERE number <= ?1").while_(WRITING)?;
    delete.execute([oldest]).map(drop).while_(WRITING)
}

impl Register {
    /// Why each step of an alert was told, or not; none where there is no such alert. The reasons of old steps,
    /// and what became of their messages, may be gone ([`REASONS_KEPT`], [`crate::DELIVERED_KEPT`]).
    ///
    /// # Errors
    /// As [`ports::RecordError`] says.
    pub fn why(&self, alert: &AlertId) -> Result<Option<Why>> {
        self.read(|db| {
            // One transaction, so that reasons and messages are of one moment.
            let db = db.unchecked_transaction().while_(READING)?;
            let mut select = db
                .prepare_cached("SELECT number, id, to_phase, at FROM transition WHERE alert = ?1 ORDER BY number")
                .while_(READING)?;
            let step = |row: &Row<'_>| Ok((count(row, 0)?, TransitionId(row.get(1)?), phase(row, 2)?, instant(row, 3)?));
            let found: Vec<(u64, TransitionId, Phase, Timestamp)> = gather(select.query_map([&alert.0], step), READING)?;
            if found.is_empty() {
                return Ok(None);
            }
            let steps = found.into_iter().map(|(number, id, phase, at)| {
                let (chain, deliveries) = (chain(&db, number)?, deliveries(&db, number)?);
                Ok(WhyStep { id, phase, at, chain, deliveries })
            });
            Ok(Some(Why { alert: alert.clone(), steps: steps.collect::<Result<_>>()? }))
        })
    }
}

fn chain(db: &Connection, step: u64) -> Result<Vec<Link>> {
    let mut select =
        db.prepare_cached("SELECT at, receiver, reason FROM why WHERE transition = ?1 ORDER BY number").while_(READING)?;
    let link = |row: &Row<'_>| Ok(Link { at: instant(row, 0)?, receiver: word_if_any(row, 1)?, reason: json(row, 2)? });
    gather(select.query_map([whole(step)], link), READING)
}

fn deliveries(db: &Connection, step: u64) -> Result<Vec<Delivery>> {
    let mut select = db
        .prepare_cached(
            "SELECT o.receiver, o.channel, o.id, o.state, o.via, o.attempts, o.made_at, o.settled_at, o.reason \
             FROM told JOIN outbox o ON o.number = told.outbox WHERE told.transition = ?1 ORDER BY o.number",
        )
        .while_(READING)?;
    let delivery = |row: &Row<'_>| {
        Ok(Delivery {
            receiver: word(row, 0)?,
            channel: word(row, 1)?,
            key: format!("{}/{}", row.get_ref(0)?.as_str()?, row.get_ref(2)?.as_str()?),
            state: row.get(3)?,
            via: word_if_any(row, 4)?,
            attempts: small(row, 5)?,
            made_at: instant(row, 6)?,
            settled_at: instant_if_any(row, 7)?,
            trouble: row.get(8)?,
        })
    };
    gather(select.query_map([whole(step)], delivery), READING)
}
