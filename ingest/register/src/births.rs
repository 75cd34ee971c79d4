//! Messages without which later ones cannot be read: what a decoder must hear again after a restart.

use ports::BirthBook;
use rusqlite::params;
use schemas::{Message, Provenance};

use crate::Register;
use crate::rows::{gather, instant};
use crate::trouble::{Result, While};

const READING: &str = "reading births";
const WRITING: &str = "writing births";

impl BirthBook for Register {
    fn keep(&self, births: &[Message]) -> Result<()> {
        if births.is_empty() {
            return Ok(());
        }
        self.write(WRITING, |transaction, _| {
            let mut statement = transaction
                .prepare_cached(
                    "INSERT INTO birth (topic, payload, received_at) VALUES (?1, ?2, ?3) ON CONFLICT (topic) DO UPDATE \
                     SET payload = ?2, received_at = ?3 WHERE received_at <= ?3",
                )
                .while_(WRITING)?;
            births.iter().try_for_each(|birth| {
                let row = params![&*birth.topic, &birth.payload[..], birth.received_at.millis()];
                statement.execute(row).map(|_| ()).while_(WRITING)
            })
        })
    }

    fn births(&self) -> Result<Vec<Message>> {
        self.read(|db| {
            let sql = "SELECT topic, payload, received_at FROM birth ORDER BY received_at, topic";
            let mut statement = db.prepare_cached(sql).while_(READING)?;
            let message = |row: &rusqlite::Row<'_>| {
                Ok(Message {
                    topic: row.get::<_, String>(0)?.into(),
                    payload: row.get::<_, Vec<u8>>(1)?.into(),
                    received_at: instant(row, 2)?,
                    provenance: Provenance::default(),
                })
            };
            gather(statement.query_map([], message), READING)
        })
    }
}
