//! What is still to be told, and what became of it.

use ports::{Notification, Outbox};
use rusqlite::{Row, Transaction, params, params_from_iter};
use schemas::{ChannelName, Timestamp};

use crate::rows::{TRANSITION, count, if_any, instant, small, transition, whole, word};
use crate::trouble::{Result, While};
use crate::{Register, Tally};

/// Delivered notifications that are kept, over all channels, for people to look at; older ones go.
/// Their transitions stay for good, so none of them is told again.
pub const DELIVERED_KEPT: u64 = 10_000;

/// Dead letters that are kept, over all channels; older ones go, their transitions stay.
pub const DEAD_KEPT: u64 = 100_000;

const READING: &str = "reading the outbox";
const WRITING: &str = "writing the outbox";

fn row(row: &Row<'_>) -> rusqlite::Result<Notification> {
    Ok(Notification {
        number: count(row, 0)?,
        channel: word(row, 1)?,
        attempts: small(row, 2)?,
        made_at: instant(row, 3)?,
        due: instant(row, 4)?,
        transition: transition(row, 5)?,
    })
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
    fn head(&self, channel: &ChannelName) -> Result<Option<Notification>> {
        self.read(|db| {
            let mut statement = db
                .prepare_cached(&format!(
                    "SELECT o.number, o.channel, o.attempts, o.made_at, o.due, {TRANSITION} \
                     FROM outbox o JOIN transition t ON t.number = o.transition \
                     WHERE o.state = 'waiting' AND o.channel = ?1 ORDER BY o.number LIMIT 1"
                ))
                .while_(READING)?;
            if_any(statement.query_row([channel.as_str()], row)).while_(READING)
        })
    }

    fn delivered(&self, number: u64, at: Timestamp) -> Result<()> {
        self.write(WRITING, |transaction, tally| {
            let delivered = transaction
                .prepare_cached(
                    "UPDATE outbox SET state = 'delivered', settled_at = ?2, reason = NULL, attempts = attempts + 1 \
                     WHERE number = ?1 AND state = 'waiting'",
                )
                .and_then(|mut update| update.execute(params![whole(number), at.millis()]))
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

    /// Buries what waits for a channel that is not among `channels`: nobody will ever tell it. How
    /// many were buried.
    ///
    /// # Errors
    /// As [`ports::RecordError`] says; none was buried.
    pub fn bury_strays(&self, channels: &[ChannelName], at: Timestamp) -> Result<u64> {
        let named = vec!["?"; channels.len()].join(", ");
        let sql = format!("SELECT number FROM outbox WHERE state = 'waiting' AND channel NOT IN ({named}) ORDER BY number");
        self.write(WRITING, |transaction, tally| {
            let strays: Vec<u64> = transaction
                .prepare(&sql)
                .and_then(|mut select| {
                    select.query_map(params_from_iter(channels.iter().map(ChannelName::as_str)), |row| count(row, 0))?.collect()
                })
                .while_(WRITING)?;
            for &number in &strays {
                bury(transaction, tally, number, at, "the settings have no such channel").while_(WRITING)?;
            }
            Ok(strays.len() as u64)
        })
    }
}
