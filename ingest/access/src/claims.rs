//! Claim codes: printed for a device, and traded by it once for its credential, so that no password has to be brought there
//! by a person. And credentials or codes for many devices at once.

use std::time::Duration;

use ports::{AccessError, AuditNote, Claim, DeviceCredential, Handed, NewClaim, RecordError};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use schemas::Timestamp;
use sha2::{Digest, Sha256};

use crate::audit;
use crate::book::{Book, count, instant, unfit};
use crate::credentials::enter;
use crate::{Secret, fresh};

const COLUMNS: &str = "id, device, topics, created_at, expires_at";
/// Crockford's base 32: no two look alike when they are read from a label.
const SIGNS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Signs of a code, 5 bits each: 80 bits of chance, which nobody guesses within its time, and nobody from its hash.
const LENGTH: usize = 16;
/// Hours for which a code may hold: a year.
const LONGEST: u32 = 8784;

/// A code that nobody has had before, such as `7Q2M-04TX-VK9B-H3ZD`, and what is kept of it.
pub(crate) fn fresh_code() -> Result<(String, Secret), RecordError> {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).map_err(|e| RecordError::Unavailable(format!("the system gives no random bytes: {e}")))?;
    let signs = bytes.map(|byte| char::from(SIGNS[usize::from(byte % 32)]));
    Ok((signs.chunks(4).map(String::from_iter).collect::<Vec<_>>().join("-"), of_signs(&String::from_iter(signs))))
}

fn of_signs(signs: &str) -> Secret {
    Secret::from_hash(Sha256::new().chain_update("k").chain_update(signs).finalize().into())
}

/// What is kept of a code, however it is typed: small or capital, with or without dashes, and with the letters that are
/// taken for digits. None for what is no code.
pub(crate) fn kept(code: &str) -> Option<Secret> {
    let signs = code.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    let signs: String = signs.take(LENGTH + 1).collect();
    let fits = signs.len() == LENGTH && signs.bytes().all(|sign| SIGNS.contains(&sign));
    fits.then(|| of_signs(&signs))
}

/// What speaks against a time; nothing where a code may hold for it.
pub(crate) fn objection(hours: u32) -> Option<String> {
    (!(1..=LONGEST).contains(&hours)).then(|| format!("a claim code holds 1 to {LONGEST} hours"))
}

fn row(row: &Row<'_>) -> rusqlite::Result<Claim> {
    Ok(Claim {
        id: count(row, 0)?,
        device: row.get(1)?,
        topics: serde_json::from_str(row.get_ref(2)?.as_str()?).map_err(|e| unfit(2, e))?,
        created_at: instant(row, 3)?,
        expires_at: instant(row, 4)?,
    })
}

/// Ends the open code of a device: whether there was one.
pub(crate) fn end(db: &Transaction<'_>, device: &str, by: &str, now: Timestamp) -> rusqlite::Result<bool> {
    let ended = db
        .prepare_cached("UPDATE claim SET ended_at = ?2, ended_by = ?3 WHERE device = ?1 AND ended_at IS NULL")?
        .execute(params![device, now.millis(), by])?;
    Ok(ended > 0)
}

fn open(db: &Transaction<'_>, new: &NewClaim, code: &Secret, now: Timestamp) -> rusqlite::Result<Claim> {
    end(db, &new.device, "another", now)?;
    let ends = now.plus(Duration::from_secs(u64::from(new.hours) * 3600));
    let topics = serde_json::Value::from(new.topics.clone()).to_string();
    db.prepare_cached(&format!(
        "INSERT INTO claim (device, hash, topics, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING {COLUMNS}"
    ))?
    .query_row(params![new.device, code.hash(), topics, now.millis(), ends.millis()], row)
}

/// Whether a device has a credential that holds, or a code that is open.
fn is_provided(db: &Connection, device: &str, now: Timestamp) -> rusqlite::Result<bool> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM credential WHERE device = ?1 AND revoked_at IS NULL AND coalesce(expires_at, ?2 + 1) > ?2) \
             OR EXISTS (SELECT 1 FROM claim WHERE device = ?1 AND ended_at IS NULL AND expires_at > ?2)",
    )?
    .query_row(params![device, now.millis()], |row| row.get(0))
}

impl Book {
    /// Enters a code; one that the device has open ends.
    pub(crate) fn open_claim(&self, new: &NewClaim, code: &Secret, now: Timestamp) -> Result<Claim, AccessError> {
        self.write(|db| open(db, new, code, now))
    }

    /// All that are open at `now`, by device.
    pub(crate) fn open_claims(&self, now: Timestamp) -> Result<Vec<Claim>, AccessError> {
        let text = format!("SELECT {COLUMNS} FROM claim WHERE ended_at IS NULL AND expires_at > ?1 ORDER BY device");
        self.read(|db| db.prepare_cached(&text)?.query_map([now.millis()], row)?.collect())
    }

    /// Trades an open code of this device for a credential, with the row of the audit that says so: all of it, or nothing.
    /// None where there is no such code.
    pub(crate) fn trade(
        &self,
        device: &str,
        code: &Secret,
        secret: &Secret,
        note: &AuditNote,
        now: Timestamp,
    ) -> Result<Option<DeviceCredential>, AccessError> {
        self.write(|db| {
            let topics: Option<String> = db
                .query_row(
                    "UPDATE claim SET ended_at = ?3, ended_by = 'trade' \
                     WHERE hash = ?1 AND device = ?2 AND ended_at IS NULL AND expires_at > ?3 RETURNING topics",
                    params![code.hash(), device, now.millis()],
                    |row| row.get(0),
                )
                .optional()?;
            let Some(topics) = topics else { return Ok(None) };
            audit::add(db, note, now)?;
            enter(db, device, &topics, secret, now).map(Some)
        })
    }

    /// Credentials, or codes that hold for `claim_hours`, for those of the devices that have neither; how many have.
    pub(crate) fn provide(
        &self,
        devices: &[String],
        claim_hours: Option<u32>,
        dry_run: bool,
        now: Timestamp,
    ) -> Result<(Vec<Handed>, u64), AccessError> {
        let secrets = devices.iter().map(|_| if claim_hours.is_some() { fresh_code() } else { fresh_password() });
        let secrets: Vec<(String, Secret)> = secrets.collect::<Result<_, _>>()?;
        self.write(|db| {
            let (mut made, mut same) = (Vec::new(), 0);
            for (device, (secret, kept)) in devices.iter().zip(secrets) {
                if is_provided(db, device, now)? {
                    same += 1;
                    continue;
                }
                if dry_run {
                    made.push(Handed { device: device.clone(), secret: String::new() });
                    continue;
                }
                match claim_hours {
                    None => drop(enter(db, device, "[]", &kept, now)?),
                    Some(hours) => {
                        let new = NewClaim { device: device.clone(), topics: Vec::new(), hours };
                        drop(open(db, &new, &kept, now)?);
                    }
                }
                made.push(Handed { device: device.clone(), secret });
            }
            Ok((made, same))
        })
    }
}

fn fresh_password() -> Result<(String, Secret), RecordError> {
    let password = fresh()?;
    let kept = Secret::of_password(password.as_bytes());
    Ok((password, kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_typed_and_nothing_else_is_one() {
        let (code, whole) = fresh_code().unwrap();
        assert_eq!((code.len(), code.matches('-').count()), (19, 3), "{code}");
        for typed in [
            code.clone(),
            code.to_lowercase(),
            code.replace('-', ""),
            code.replace('0', "o").replace('1', "l"),
            code.replace('-', " "),
        ] {
            assert!(kept(&typed).is_some_and(|typed| typed.is(&whole)), "{typed}");
        }
        for none in ["", "7Q2M", "7Q2M-04TX-VK9B-H3ZU", "7Q2M-04TX-VK9B-H3ZD-0", "7Q2M-04TX-VK9B-H3Zé"] {
            assert!(kept(none).is_none(), "{none}");
        }
        assert_ne!(fresh_code().unwrap().0, code);
    }
}
