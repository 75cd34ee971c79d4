//! Reports on their way, and which editions went: an outbox beside that of alerts, so that neither waits for the other.

use std::sync::Arc;

use ports::{Booked, Enclosed, Form, Language, Line, Notification, Outbox, ReportBook};
use rusqlite::{Row, params};
use schemas::{ChannelName, Timestamp};

use crate::Register;
use crate::rows::{count, gather, if_any, instant, instant_if_any, small, whole, word};
use crate::trouble::{Result, While};

const READING: &str = "reading the reports";
const WRITING: &str = "writing the reports";

/// The reports of a register.
#[derive(Clone, Debug)]
pub struct Reports(Arc<Register>);

impl Reports {
    /// Those of this register.
    #[must_use]
    pub fn of(register: Arc<Register>) -> Self {
        Self(register)
    }

    /// Buries what waits in a line that is not among `lines`: nobody will ever send it. How many were buried.
    ///
    /// # Errors
    /// As [`ports::RecordError`] says; none was buried.
    pub fn bury_strays(&self, lines: &[Line], at: Timestamp) -> Result<u64> {
        self.0.write(WRITING, |transaction, _| {
            let mut select =
                transaction.prepare("SELECT number, receiver, channel FROM report WHERE state = 'waiting'").while_(WRITING)?;
            let waiting = |row: &Row<'_>| Ok((count(row, 0)?, Line { receiver: word(row, 1)?, channel: word(row, 2)? }));
            let mut strays = gather(select.query_map([], waiting), WRITING)?;
            strays.retain(|(_, line)| !lines.contains(line));
            for (number, _) in &strays {
                settle(transaction, *number, at, ("dead", None, Some("the settings have no such receiver or channel")))
                    .while_(WRITING)?;
            }
            Ok(strays.len() as u64)
        })
    }
}

fn row(row: &Row<'_>) -> rusqlite::Result<Notification> {
    Ok(Notification {
        number: count(row, 0)?,
        receiver: word(row, 1)?,
        channel: word(row, 2)?,
        id: row.get(3)?,
        form: Form::Single,
        steps: Vec::new(),
        enclosed: Some(Enclosed {
            subject: row.get(4)?,
            words: row.get(5)?,
            file: row.get(6)?,
            html: row.get::<_, Option<String>>(7)?.unwrap_or_default(),
            inline: row.get(8)?,
        }),
        attempts: small(row, 9)?,
        made_at: instant(row, 10)?,
        due: instant(row, 11)?,
        language: Language::default(),
        to: Vec::new(),
    })
}

/// It is over with one: the state, by which channel, and why.
fn settle(
    db: &rusqlite::Transaction<'_>,
    number: u64,
    at: Timestamp,
    (state, via, reason): (&str, Option<&str>, Option<&str>),
) -> rusqlite::Result<usize> {
    db.prepare_cached(
        "UPDATE report SET state = ?2, settled_at = ?3, via = ?4, reason = ?5, attempts = attempts + 1, html = NULL \
         WHERE number = ?1 AND state = 'waiting'",
    )?
    .execute(params![whole(number), state, at.millis(), via, reason])
}

impl Outbox for Reports {
    fn head(&self, line: &Line) -> Result<Option<Notification>> {
        self.0.read(|db| {
            let mut statement = db
                .prepare_cached(
                    "SELECT number, receiver, channel, id, subject, words, file, html, inline, attempts, made_at, due FROM report \
                     WHERE state = 'waiting' AND receiver = ?1 AND channel = ?2 ORDER BY number LIMIT 1",
                )
                .while_(READING)?;
            if_any(statement.query_row([line.receiver.as_str(), line.channel.as_str()], row)).while_(READING)
        })
    }

    fn delivered(&self, number: u64, at: Timestamp, via: &ChannelName) -> Result<()> {
        self.0.write(WRITING, |db, _| settle(db, number, at, ("delivered", Some(via.as_str()), None)).map(drop).while_(WRITING))
    }

    fn postponed(&self, number: u64, due: Timestamp, reason: &str) -> Result<()> {
        self.0.write(WRITING, |db, _| {
            db.prepare_cached(
                "UPDATE report SET due = ?2, reason = ?3, attempts = attempts + 1 WHERE number = ?1 AND state = 'waiting'",
            )
            .and_then(|mut update| update.execute(params![whole(number), due.millis(), reason]))
            .map(drop)
            .while_(WRITING)
        })
    }

    fn buried(&self, number: u64, at: Timestamp, reason: &str) -> Result<()> {
        self.0.write(WRITING, |db, _| settle(db, number, at, ("dead", None, Some(reason))).map(drop).while_(WRITING))
    }
}

impl ReportBook for Reports {
    fn has(&self, line: &Line, id: &str) -> Result<bool> {
        self.0.read(|db| {
            let mut select = db
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM report WHERE receiver = ?1 AND channel = ?2 AND id = ?3)")
                .while_(READING)?;
            select.query_row([line.receiver.as_str(), line.channel.as_str(), id], |row| row.get(0)).while_(READING)
        })
    }

    fn post(&self, line: &Line, id: &str, enclosed: &Enclosed, now: Timestamp) -> Result<()> {
        let Enclosed { subject, words, file, html, inline } = enclosed;
        self.0.write(WRITING, |db, _| {
            db.prepare_cached(
                "INSERT INTO report (receiver, channel, id, subject, words, file, html, inline, made_at, due, state) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, 'waiting') ON CONFLICT (receiver, channel, id) DO NOTHING",
            )
            .and_then(|mut insert| {
                let (receiver, channel) = (line.receiver.as_str(), line.channel.as_str());
                insert.execute(params![receiver, channel, id, subject, words, file, html, inline, now.millis()])
            })
            .map(drop)
            .while_(WRITING)
        })
    }

    fn last(&self, line: &Line, title: &str, state: Option<&str>) -> Result<Option<Booked>> {
        self.0.read(|db| {
            let mut select = db
                .prepare_cached(
                    "SELECT id, state, attempts, due, settled_at, reason FROM report WHERE receiver = ?1 AND channel = ?2 \
                     AND substr(id, 1, length(?3)) = ?3 AND (?4 IS NULL OR state = ?4) ORDER BY number DESC LIMIT 1",
                )
                .while_(READING)?;
            let asked = params![line.receiver.as_str(), line.channel.as_str(), title, state];
            if_any(select.query_row(asked, booked)).while_(READING)
        })
    }
}

fn booked(row: &Row<'_>) -> rusqlite::Result<Booked> {
    Ok(Booked {
        id: row.get(0)?,
        state: row.get(1)?,
        attempts: small(row, 2)?,
        due: instant(row, 3)?,
        settled_at: instant_if_any(row, 4)?,
        reason: row.get(5)?,
    })
}
