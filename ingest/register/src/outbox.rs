//! What is still to be told, and what became of it.

use ports::{Language, Line, Notification, Outbox, Posted, Step};
use rusqlite::{Connection, Row, Transaction, params};
use schemas::{ChannelName, Timestamp};

use crate::rows::{
    TRANSITION, count, form, gather, if_any, instant, instant_if_any, json_if_any, small, transition, whole, word,
};
use crate::trouble::{Result, While};
use crate::{Register, Tally};

/// Delivered notifications that are kept, over all channels, for people to look at; older ones go.
/// Their transitions stay for good, so none of them is told again.
pub const DELIVERED_KEPT: u64 = 10_000;

/// Dead letters that are kept, over all channels; older ones go, their transitions stay.
pub const DEAD_KEPT: u64 = 100_000;

const READING: &str = "reading the outbox";
const WRITING: &str = "writing the outbox";

/// The message of a row, without its steps. Language and addresses are the settings' affair.
fn row(row: &Row<'_>) -> rusqlite::Result<Notification> {
    Ok(Notification {
        number: count(row, 0)?,
        receiver: word(row, 1)?,
        channel: word(row, 2)?,
        id: row.get(3)?,
        form: form(row, 4)?,
        attempts: small(row, 5)?,
        made_at: instant(row, 6)?,
        due: instant(row, 7)?,
        steps: Vec::new(),
        enclosed: None,
        language: Language::default(),
        to: Vec::new(),
    })
}

/// The steps of a message, in the order in which they were decided. What is special about one stands in the
/// link that says that it was posted, of the same commit; it is lost with that link, far later than a message lives.
fn steps(db: &Connection, message: &Notification) -> Result<Vec<Step>> {
    let mut select = db
        .prepare_cached(&format!(
            "SELECT a.fired_at, (SELECT w.reason FROM why w WHERE w.transition = t.number AND w.receiver = ?2 \
             AND w.reason ->> '$.what' = 'posted' AND w.reason ->> '$.id' = ?3 AND w.reason ->> '$.mark' IS NOT NULL LIMIT 1), \
             {TRANSITION} FROM told JOIN transition t ON t.number = told.transition \
             JOIN alert a ON a.id = t.alert WHERE told.outbox = ?1 ORDER BY t.number"
        ))
        .while_(READING)?;
    let step = |row: &Row<'_>| {
        Ok(Step { fired_at: instant_if_any(row, 0)?, mark: json_if_any(row, 1)?, transition: transition(row, 2)? })
    };
    gather(select.query_map(params![whole(message.number), message.receiver.as_str(), message.id], step), READING)
}

/// Puts a message into the lines of its receiver; where it is there already, nothing.
pub(crate) fn post(db: &Transaction<'_>, tally: &mut Tally, posted: &Posted, now: Timestamp) -> rusqlite::Result<()> {
    let mut line = db.prepare_cached(
        "INSERT INTO outbox (receiver, channel, id, form, made_at, due, state) VALUES (?1, ?2, ?3, ?4, ?5, ?5, 'waiting') \
         ON CONFLICT (receiver, channel, id) DO NOTHING",
    )?;
    let mut tell = db.prepare_cached("INSERT INTO told (outbox, transition) VALUES (?1, ?2)")?;
    for channel in &posted.channels {
        let (receiver, channel, form) = (posted.receiver.as_str(), channel.as_str(), posted.form.code());
        if line.execute(params![receiver, channel, posted.id, form, now.millis()])? == 0 {
            continue;
        }
        tally.waiting += 1;
        let number = db.last_insert_rowid();
        for step in &posted.steps {
            tell.execute(params![number, whole(*step)])?;
        }
    }
    Ok(())
}

/// Takes away the oldest of a settled state beyond what is kept.
fn prune(transaction: &Transaction<'_>, state: &str, there: &mut u64, kept: u64) -> rusqlite::Result<()> {
    let over = there.saturating_sub(kept);
    if over == 0 {
        return Ok(());
    }
    let gone = transaction
        .prepare_cached(
            "DELETE FROM outbox WHERE number IN (SELECT number FROM outbox \
             WHERE state <> 'waiting' AND state = ?1 ORDER BY number LIMIT ?2)",
        )?
        .execute(params![state, whole(over)])?;
    *there = there.saturating_sub(gone as u64);
    Ok(())
}

fn bury(transaction: &Transaction<'_>, tally: &mut Tally, number: u64, at: Timestamp, reason: &str) -> rusqlite::Result<()> {
    let buried = transaction
        .prepare_cached(
            "UPDATE outbox SET state = 'dead', settled_at = ?2, reason = ?3, attempts = attempts + 1 \
             WHERE number = ?1 AND state = 'waiting'",
        )?
        .execute(params![whole(number), at.millis(), reason])? as u64;
    tally.waiting = tally.waiting.saturating_sub(buried);
    tally.dead += buried;
    prune(transaction, "dead", &mut tally.dead, DEAD_KEPT)
}

impl Outbox for Register {
    fn head(&self, line: &Line) -> Result<Option<Notification>> {
        self.read(|db| {
            let mut statement = db
                .prepare_cached(
                    "SELECT number, receiver, channel, id, form, attempts, made_at, due FROM outbox \
                     WHERE state = 'waiting' AND receiver = ?1 AND channel = ?2 ORDER BY number LIMIT 1",
                )
                .while_(READING)?;
            let head = if_any(statement.query_row([line.receiver.as_str(), line.channel.as_str()], row)).while_(READING)?;
            let Some(mut head) = head else { return Ok(None) };
            head.steps = steps(db, &head)?;
            Ok(Some(head))
        })
    }

    fn delivered(&self, number: u64, at: Timestamp, via: &ChannelName) -> Result<()> {
        self.write(WRITING, |transaction, tally| {
            let delivered = transaction
                .prepare_cached(
                    "UPDATE outbox SET state = 'delivered', settled_at = ?2, reason = NULL, via = ?3, attempts = attempts + 1 \
                     WHERE number = ?1 AND state = 'waiting'",
                )
                .and_then(|mut update| update.execute(params![whole(number), at.millis(), via.as_str()]))
                .while_(WRITING)? as u64;
            tally.waiting = tally.waiting.saturating_sub(delivered);
            tally.delivered += delivered;
            prune(transaction, "delivered", &mut tally.delivered, DELIVERED_KEPT).while_(WRITING)
        })
    }

    fn postponed(&self, number: u64, due: Timestamp, reason: &str) -> Result<()> {
        self.write(WRITING, |transaction, _| {
            transaction
                .prepare_cached(
                    "UPDATE outbox SET due = ?2, reason = ?3, attempts = attempts + 1 WHERE number = ?1 AND state = 'waiting'",
                )
                .and_then(|mut update| update.execute(params![whole(number), due.millis(), reason]))
                .map(drop)
                .while_(WRITING)
        })
    }

    fn buried(&self, number: u64, at: Timestamp, reason: &str) -> Result<()> {
        self.write(WRITING, |transaction, tally| bury(transaction, tally, number, at, reason).while_(WRITING))
    }
}

impl Register {
    /// Notifications that wait, and those that will never arrive. Cheap.
    #[must_use]
    pub fn outbox_counts(&self) -> (u64, u64) {
        let tally = self.tally();
        (tally.waiting, tally.dead)
    }

    /// Buries what waits in a line that is not among `lines`: nobody will ever tell it. How many were
    /// buried.
    ///
    /// # Errors
    /// As [`ports::RecordError`] says; none was buried.
    pub fn bury_strays(&self, lines: &[Line], at: Timestamp) -> Result<u64> {
        self.write(WRITING, |transaction, tally| {
            let mut select = transaction
                .prepare("SELECT number, receiver, channel FROM outbox WHERE state = 'waiting' ORDER BY number")
                .while_(WRITING)?;
            let waiting = |row: &Row<'_>| Ok((count(row, 0)?, Line { receiver: word(row, 1)?, channel: word(row, 2)? }));
            let mut strays = gather(select.query_map([], waiting), WRITING)?;
            strays.retain(|(_, line)| !lines.contains(line));
            for (number, _) in &strays {
                bury(transaction, tally, *number, at, "the settings have no such receiver or channel").while_(WRITING)?;
            }
            Ok(strays.len() as u64)
        })
    }
}
