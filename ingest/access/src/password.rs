//! Passwords that people choose: what is asked of them, and argon2id.

use std::collections::BTreeSet;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use ports::{AccessError, RecordError};

/// Characters of a password, at least: length counts, signs and digits are not asked for (NIST SP 800-63B).
const SHORTEST: usize = 12;
/// Bytes of a password: hashing more costs the server and gives nothing.
const LONGEST: usize = 256;
/// Different characters, at least.
const DIFFERENT: usize = 5;
/// Memory of one hash, KiB, its passes and lanes: the second choice of RFC 9106 would be 64 MiB, the OWASP sheet says
/// 19 MiB and two passes where many sign in at once on a small machine.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Long ones that everybody tries first, without case.
const TRIED_FIRST: [&str; 12] = [
    "123456789012",
    "1234567890123",
    "azertyuiopqs",
    "motdepasse123",
    "password1234",
    "passwordpassword",
    "qwertyuiop12",
    "qwertyuiopas",
    "administrateur",
    "administrator",
    "casablanca2026",
    "letmeinletmein",
];

/// What speaks against a password of a user; nothing where it will do.
#[must_use]
pub fn objections(name: &str, password: &str) -> Vec<String> {
    let (mut wrong, small) = (Vec::new(), password.to_lowercase());
    if password.chars().count() < SHORTEST {
        wrong.push(format!("a password has {SHORTEST} characters or more"));
    }
    if password.len() > LONGEST {
        wrong.push(format!("a password has at most {LONGEST} bytes"));
    }
    if small.chars().collect::<BTreeSet<_>>().len() < DIFFERENT {
        wrong.push(format!("a password has at least {DIFFERENT} different characters"));
    }
    if small.contains(&name.to_lowercase()) || small.contains("marsad") {
        wrong.push("a password contains neither the user's name nor that of the program".to_owned());
    }
    if TRIED_FIRST.contains(&small.as_str()) {
        wrong.push("this password is among the first that are tried".to_owned());
    }
    wrong
}

fn engine() -> Result<Argon2<'static>, AccessError> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|e| unavailable(&e))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn unavailable(why: &dyn std::fmt::Display) -> AccessError {
    RecordError::Unavailable(format!("a password could not be hashed: {why}")).into()
}

/// The argon2id hash of a password, with a fresh salt. Takes tens of milliseconds: call it where it may block.
pub(crate) fn hash(password: &str) -> Result<String, AccessError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|e| unavailable(&e))?;
    let salt = SaltString::encode_b64(&salt).map_err(|e| unavailable(&e))?;
    Ok(engine()?.hash_password(password.as_bytes(), &salt).map_err(|e| unavailable(&e))?.to_string())
}

/// Whether a password belongs to a hash. For a user that there is not, the same work is done for nothing, so that the
/// time of the answer does not tell who is a user.
pub(crate) fn fits(password: &str, hash: Option<&str>) -> Result<bool, AccessError> {
    const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bWFyc2FkLW5vYm9keXM$Ap7Qm7bwYcdvSyMtU9H6zDbq8b7iN1BqLrnSyJgh7r4";
    if password.len() > LONGEST {
        return Ok(false);
    }
    let parsed = PasswordHash::new(hash.unwrap_or(NOBODYS)).map_err(|e| unavailable(&e))?;
    let same = engine()?.verify_password(password.as_bytes(), &parsed).is_ok();
    Ok(same && hash.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_05_passwords_are_kept_as_argon2id_with_a_salt_of_their_own() {
        let (one, other) = (hash("correct horse battery").unwrap(), hash("correct horse battery").unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, other, "two users with one password do not show it");
        assert!(fits("correct horse battery", Some(&one)).unwrap());
        assert!(!fits("correct horse batterz", Some(&one)).unwrap());
    }

    #[test]
    fn a_user_that_there_is_not_costs_the_same_work_and_is_refused() {
        assert!(!fits("correct horse battery", None).unwrap());
    }

    #[test]
    fn sec_05_a_password_that_is_guessed_first_is_refused_with_the_reason() {
        for bad in ["short", "aaaaaaaaaaaaaaaa", "Casablanca2026", "officer-1-at-sea", "marsad-marsad-1", &"x1y2z3".repeat(60)] {
            assert!(!objections("officer-1", bad).is_empty(), "{bad}");
        }
        assert!(objections("officer-1", "eleven bins on the corniche").is_empty());
    }
}
