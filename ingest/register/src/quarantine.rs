//! Messages that gave no reading, exactly as they came, with the reason.

use ports::{Quarantine, Quarantined};
use rusqlite::{Row, params, params_from_iter, types::Value};
use schemas::{Message, Provenance, Qos};

use crate::Register;
use crate::rows::{count, gather, instant, limit, small, whole};
use crate::trouble::{Result, While};

const READING: &str = "reading the quarantine";
const WRITING: &str = "writing the quarantine";

/// A message put aside, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineRow {
    /// Its place in the journal.
    pub offset: u64,
    /// The stable reason code.
    pub reason: String,
    /// The reason, for a person.
    pub text: String,
    /// Exactly as it came.
    pub message: Message,
}

/// The bits of a message record.
fn flags(p: Provenance) -> i64 {
    i64::from(p.qos as u8 | u8::from(p.retain) << 2 | u8::from(p.dup) << 3 | u8::from(p.will) << 4)
}

fn provenance(flags: u8) -> Provenance {
    let qos = match flags & 3 {
        0 => Qos::AtMostOnce,
        1 => Qos::AtLeastOnce,
        _ => Qos::ExactlyOnce,
    };
    Provenance { qos, retain: flags & 4 != 0, dup: flags & 8 != 0, will: flags & 16 != 0 }
}

fn row(row: &Row<'_>) -> rusqlite::Result<QuarantineRow> {
    Ok(QuarantineRow {
        offset: count(row, 0)?,
        reason: row.get(1)?,
        text: row.get(2)?,
        message: Message {
            topic: row.get::<_, String>(3)?.into(),
            payload: row.get::<_, Vec<u8>>(4)?.into(),
            received_at: instant(row, 5)?,
            provenance: provenance(small(row, 6)?),
        },
    })
}

impl Quarantine for Register {
    fn put_aside(&self, messages: &[Quarantined]) -> Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        self.write(WRITING, |transaction, tally| {
            let mut insert = transaction
                .prepare_cached(
                    "INSERT INTO quarantine (offset, reason, text, topic, payload, received_at, flags) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (offset) DO NOTHING",
                )
                .while_(WRITING)?;
            for Quarantined { offset, message, reason, text } in messages {
                let new = insert
                    .execute(params![
                        whole(*offset),
                        reason,
                        text,
                        &*message.topic,
                        &message.payload[..],
                        message.received_at.millis(),
                        flags(message.provenance),
                    ])
                    .while_(WRITING)?;
                tally.quarantined += new as u64;
            }
            Ok(())
        })
    }
}

impl Register {
    /// Messages put aside, in the order of the journal, after the offset `after` and only for
    /// `reason`, where these are given; at most `rows`.
    ///
    /// # Errors
    /// As [`ports::RecordError`] says.
    pub fn quarantine_page(&self, after: Option<u64>, reason: Option<&str>, rows: usize) -> Result<Vec<QuarantineRow>> {
        let mut sql =
            "SELECT offset, reason, text, topic, payload, received_at, flags FROM quarantine WHERE offset > ?".to_owned();
        let mut values = vec![Value::from(after.map_or(-1, whole))];
        if let Some(reason) = reason {
            sql.push_str(" AND reason = ?");
            values.push(Value::from(reason.to_owned()));
        }
        sql.push_str(" ORDER BY offset LIMIT ?");
        values.push(Value::from(limit(rows)));
        self.read(|db| {
            let mut statement = db.prepare_cached(&sql).while_(READING)?;
            gather(statement.query_map(params_from_iter(values), row), READING)
        })
    }

    /// How many messages are put aside. Cheap.
    #[must_use]
    pub fn quarantine_count(&self) -> u64 {
        self.tally().quarantined
    }
}
