//! The quarantine seen from afar: by reason and device, and the devices that nobody has listed.

use std::fmt::Write as _;

use ports::{QuarantineFilter, QuarantineGroup, UnknownDevice};
use rusqlite::{Row, params_from_iter};

use crate::Register;
use crate::quarantine::Condition;
use crate::rows::{count, gather, instant, limit, word, word_if_any};
use crate::trouble::{Result, While};

const READING: &str = "reading the quarantine";
/// Bytes of a payload that are shown of an unknown device.
const SHOWN: usize = 64;

fn group(row: &Row<'_>) -> rusqlite::Result<QuarantineGroup> {
    Ok(QuarantineGroup {
        reason: row.get(0)?,
        device: word_if_any(row, 1)?,
        count: count(row, 2)?,
        first: instant(row, 3)?,
        last: instant(row, 4)?,
        sample: count(row, 5)?,
        topic: row.get(6)?,
        text: row.get(7)?,
    })
}

fn unknown(row: &Row<'_>) -> rusqlite::Result<UnknownDevice> {
    let payload: Vec<u8> = row.get(7)?;
    let payload_hex = payload.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    Ok(UnknownDevice {
        id: word(row, 0)?,
        reason: row.get(1)?,
        count: count(row, 2)?,
        first: instant(row, 3)?,
        last: instant(row, 4)?,
        sample: count(row, 5)?,
        topic: row.get(6)?,
        payload_hex,
    })
}

impl Register {
    /// Messages put aside, by reason and device, or by topic where no device is known; the most
    /// frequent first, at most `groups`.
    ///
    /// # Errors
    /// As [`ports::RecordError`] says.
    pub fn quarantine_groups(&self, filter: &QuarantineFilter, groups: usize) -> Result<Vec<QuarantineGroup>> {
        let Condition { sql, values } = Condition::new(filter, &(0..u64::MAX));
        let sql = format!(
            "SELECT g.reason, g.device, g.rows, g.first, g.last, g.sample, q.topic, q.text FROM (\
             SELECT reason, device, count(*) AS rows, min(received_at) AS first, max(received_at) AS last, max(offset) AS sample \
             FROM quarantine WHERE {sql} GROUP BY reason, device, iif(device IS NULL, topic, '') \
             ORDER BY rows DESC, sample DESC LIMIT {}) AS g \
             JOIN quarantine AS q ON q.offset = g.sample ORDER BY g.rows DESC, g.sample DESC",
            limit(groups)
        );
        self.read(|db| gather(db.prepare_cached(&sql).while_(READING)?.query_map(params_from_iter(values), group), READING))
    }

    /// Devices whose messages wait since nothing says what they are; those heard last first, at most
    /// `devices`. Of each the reason of its last message.
    ///
    /// # Errors
    /// As [`ports::RecordError`] says.
    pub fn unknown_devices(&self, devices: usize) -> Result<Vec<UnknownDevice>> {
        let sql = format!(
            "SELECT g.device, q.reason, g.rows, g.first, g.last, g.sample, q.topic, substr(q.payload, 1, {SHOWN}) FROM (\
             SELECT device, count(*) AS rows, min(received_at) AS first, max(received_at) AS last, max(offset) AS sample \
             FROM quarantine WHERE reason IN ('unknown_device', 'no_profile') AND device IS NOT NULL \
             GROUP BY device ORDER BY sample DESC LIMIT {}) AS g \
             JOIN quarantine AS q ON q.offset = g.sample ORDER BY g.sample DESC",
            limit(devices)
        );
        self.read(|db| gather(db.prepare_cached(&sql).while_(READING)?.query_map([], unknown), READING))
    }
}
