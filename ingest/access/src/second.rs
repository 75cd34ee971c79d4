//! The second factor of a user: begun with a secret, confirmed by a code of it, asked for at each signing in from then on.

use ports::{AccessError, RecordError, SecondFactor};
use rusqlite::{Connection, OptionalExtension, params};
use schemas::Timestamp;

use crate::book::{Book, count, instant_if_any};
use crate::{claims, totp};

/// Bytes of a secret: as long as the hash is (RFC 4226, section 4, R6).
const SECRET: usize = 20;
/// Codes for the day on which the telephone is gone.
const RECOVERY_CODES: usize = 10;

struct Kept {
    secret: Vec<u8>,
    confirmed_at: Option<Timestamp>,
    step: u64,
}

fn kept(db: &Connection, user: &str) -> rusqlite::Result<Option<Kept>> {
    db.prepare_cached("SELECT secret, confirmed_at, step FROM second_factor WHERE user = ?1")?
        .query_row([user], |row| Ok(Kept { secret: row.get(0)?, confirmed_at: instant_if_any(row, 1)?, step: count(row, 2)? }))
        .optional()
}

/// The address by which an authenticator takes the secret in, as a picture or by hand.
fn uri(user: &str, secret: &str) -> String {
    // Of a user's name only `@` has a meaning in an address.
    let user = user.replace('@', "%40");
    format!("otpauth://totp/Marsad:{user}?secret={secret}&issuer=Marsad")
}

impl Book {
    /// How it stands with a user.
    pub(crate) fn second_factor(&self, user: &str) -> Result<SecondFactor, AccessError> {
        self.read(|db| {
            let Some(kept) = kept(db, user)? else { return Ok(SecondFactor::None) };
            let Some(since) = kept.confirmed_at else {
                let secret = totp::base32(&kept.secret);
                return Ok(SecondFactor::Begun { uri: uri(user, &secret), secret });
            };
            let left = db.query_row("SELECT count(*) FROM recovery_code WHERE user = ?1", [user], |row| count(row, 0))?;
            Ok(SecondFactor::Asked { since, recovery_codes: left })
        })
    }

    /// Begins one with a fresh secret; one that was not confirmed is forgotten by it.
    pub(crate) fn begin_second(&self, user: &str) -> Result<(), AccessError> {
        let mut secret = [0; SECRET];
        getrandom::fill(&mut secret).map_err(|e| RecordError::Unavailable(format!("the system gives no random bytes: {e}")))?;
        let begun = self.write(|db| {
            db.execute("DELETE FROM second_factor WHERE user = ?1 AND confirmed_at IS NULL", [user])?;
            db.execute(
                "INSERT INTO second_factor (user, secret, step) SELECT name, ?2, 0 FROM user WHERE name = ?1 ON CONFLICT DO NOTHING",
                params![user, &secret[..]],
            )
        })?;
        let asked = "there is no such user, or a second factor is asked for already: take that away first";
        if begun == 0 { Err(AccessError::Refused(vec![asked.to_owned()])) } else { Ok(()) }
    }

    /// Asks for it from now on, since its code was shown: the codes for the day on which the telephone is gone.
    pub(crate) fn confirm_second(&self, user: &str, typed: &str, now: Timestamp) -> Result<Vec<String>, AccessError> {
        let codes = (0..RECOVERY_CODES).map(|_| claims::fresh_code()).collect::<Result<Vec<_>, _>>()?;
        let confirmed = self.write(|db| {
            let begun = kept(db, user)?.filter(|kept| kept.confirmed_at.is_none());
            let Some(step) = begun.and_then(|kept| totp::step_of(&kept.secret, typed, now, kept.step)) else { return Ok(false) };
            db.execute(
                "UPDATE second_factor SET confirmed_at = ?2, step = ?3 WHERE user = ?1",
                params![user, now.millis(), i64::try_from(step).unwrap_or(i64::MAX)],
            )?;
            for (_, code) in &codes {
                db.execute("INSERT INTO recovery_code (hash, user) VALUES (?1, ?2)", params![code.hash(), user])?;
            }
            Ok(true)
        })?;
        if confirmed { Ok(codes.into_iter().map(|(code, _)| code).collect()) } else { Err(AccessError::WrongCode) }
    }

    /// Whether somebody typed a code of the user's secret, or one for the day on which the telephone is gone. It is used up.
    pub(crate) fn passes_second(&self, user: &str, typed: &str, now: Timestamp) -> Result<bool, AccessError> {
        self.write(|db| {
            let Some(kept) = kept(db, user)?.filter(|kept| kept.confirmed_at.is_some()) else { return Ok(false) };
            if let Some(step) = totp::step_of(&kept.secret, typed, now, kept.step) {
                let step = i64::try_from(step).unwrap_or(i64::MAX);
                db.execute("UPDATE second_factor SET step = ?2 WHERE user = ?1", params![user, step])?;
                return Ok(true);
            }
            let Some(code) = claims::kept(typed) else { return Ok(false) };
            Ok(db.execute("DELETE FROM recovery_code WHERE hash = ?1 AND user = ?2", params![code.hash(), user])? > 0)
        })
    }

    /// Takes it away: whether there was one.
    pub(crate) fn drop_second(&self, user: &str) -> Result<bool, AccessError> {
        self.write(|db| Ok(db.execute("DELETE FROM second_factor WHERE user = ?1", [user])? > 0))
    }
}
