//! The credentials of devices: a user name, which is the device's id, and a password of 256 bits that the program makes.
//!
//! A device may have several at once, so that a new one can be brought to it before the old one ends.

use std::time::Duration;

use ports::{AccessError, DeviceCredential, NewCredential};
use rusqlite::{Row, Transaction, params};
use schemas::{DeviceId, Timestamp};

use crate::book::{Book, count, instant, instant_if_any, unfit};
use crate::{Secret, claims};

const COLUMNS: &str = "id, device, topics, created_at, expires_at, revoked_at";
/// Topic filters of a credential.
const FILTERS: usize = 32;

fn row(row: &Row<'_>) -> rusqlite::Result<DeviceCredential> {
    Ok(DeviceCredential {
        id: count(row, 0)?,
        device: row.get(1)?,
        topics: serde_json::from_str(row.get_ref(2)?.as_str()?).map_err(|e| unfit(2, e))?,
        created_at: instant(row, 3)?,
        expires_at: instant_if_any(row, 4)?,
        revoked_at: instant_if_any(row, 5)?,
    })
}

/// A credential that may hold, for the doorman.
pub(crate) struct Kept {
    pub(crate) device: String,
    pub(crate) secret: Secret,
    pub(crate) topics: Vec<String>,
    pub(crate) expires_at: Option<Timestamp>,
}

/// What speaks against such a credential; nothing where there can be one.
pub(crate) fn objections(new: &NewCredential) -> Vec<String> {
    let mut wrong = objections_to(&new.device, &new.topics);
    if new.certificate.as_ref().is_some_and(|text| Secret::of_fingerprint(text).is_none()) {
        wrong.push("a certificate is named by its SHA-256: 64 hexadecimal digits".to_owned());
    }
    wrong
}

/// What speaks against a device with such topics.
pub(crate) fn objections_to(device: &str, topics: &[String]) -> Vec<String> {
    let mut wrong: Vec<String> = DeviceId::new(device).err().map(|e| e.to_string()).into_iter().collect();
    if topics.len() > FILTERS {
        wrong.push(format!("a credential has at most {FILTERS} topic filters"));
    }
    let odd = topics.iter().filter(|filter| !is_filter(filter));
    wrong.extend(odd.map(|filter| format!("`{filter}` is not an MQTT topic filter")));
    wrong
}

/// Whether a text is a topic filter (MQTT 5, section 4.7.1).
fn is_filter(text: &str) -> bool {
    let levels: Vec<&str> = text.split('/').collect();
    let whole = |level: &&str| !level.contains(['+', '#', '\0']) || matches!(*level, "+" | "#");
    let last = levels.len() - 1;
    !text.is_empty()
        && text.len() <= 256
        && levels.iter().all(whole)
        && levels.iter().position(|l| *l == "#").is_none_or(|at| at == last)
}

/// Enters one, whose topics are a list in JSON.
pub(crate) fn enter(
    db: &Transaction<'_>,
    device: &str,
    topics: &str,
    secret: &Secret,
    now: Timestamp,
) -> rusqlite::Result<DeviceCredential> {
    db.prepare_cached(&format!(
        "INSERT INTO credential (device, hash, topics, created_at) VALUES (?1, ?2, ?3, ?4) RETURNING {COLUMNS}"
    ))?
    .query_row(params![device, secret.hash(), topics, now.millis()], row)
}

impl Book {
    /// Enters one; those that the device has end after the overlap, where there is to be one.
    pub(crate) fn enter_credential(
        &self,
        new: &NewCredential,
        secret: &Secret,
        now: Timestamp,
    ) -> Result<DeviceCredential, AccessError> {
        let topics = serde_json::Value::from(new.topics.clone()).to_string();
        self.write(|db| {
            if let Some(hours) = new.overlap_hours {
                let ends = now.plus(Duration::from_secs(u64::from(hours) * 3600));
                db.execute(
                    "UPDATE credential SET expires_at = ?2 WHERE device = ?1 AND revoked_at IS NULL AND coalesce(expires_at, ?2) >= ?2",
                    params![new.device, ends.millis()],
                )?;
            }
            enter(db, &new.device, &topics, secret, now)
        })
    }

    /// All that were not revoked, by device.
    pub(crate) fn all_credentials(&self) -> Result<Vec<DeviceCredential>, AccessError> {
        let text = format!("SELECT {COLUMNS} FROM credential WHERE revoked_at IS NULL ORDER BY device, id");
        self.read(|db| db.prepare_cached(&text)?.query_map([], row)?.collect())
    }

    /// All that may hold, with what is kept of their secrets.
    pub(crate) fn kept_credentials(&self) -> Result<Vec<Kept>, AccessError> {
        self.read(|db| {
            let mut select =
                db.prepare_cached("SELECT device, hash, topics, expires_at FROM credential WHERE revoked_at IS NULL")?;
            let kept = select.query_map([], |row| {
                Ok(Kept {
                    device: row.get(0)?,
                    secret: Secret::from_hash(row.get(1)?),
                    topics: serde_json::from_str(row.get_ref(2)?.as_str()?).map_err(|e| unfit(2, e))?,
                    expires_at: instant_if_any(row, 3)?,
                })
            })?;
            kept.collect()
        })
    }

    /// Revokes all of a device, with the code by which it would get another: how many.
    pub(crate) fn end_credentials(&self, device: &str, now: Timestamp) -> Result<u64, AccessError> {
        self.write(|db| {
            let ended = db.execute(
                "UPDATE credential SET revoked_at = ?2 WHERE device = ?1 AND revoked_at IS NULL",
                params![device, now.millis()],
            )?;
            Ok(ended as u64 + u64::from(claims::end(db, device, "revocation", now)?))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_told_from_what_is_none() {
        for good in ["a", "a/+/b", "#", "application/#", "+"] {
            assert!(is_filter(good), "{good}");
        }
        for bad in ["", "a/#/b", "a+", "a/b#", "a\0"] {
            assert!(!is_filter(bad), "{bad:?}");
        }
    }
}
