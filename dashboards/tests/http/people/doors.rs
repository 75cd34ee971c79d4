//! A gate in memory, for the tests of who may see and do what.

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};

use ports::{
    AccessError, AuditNote, AuditRow, AuditVerdict, BoxFuture, Claim, Departure, DeviceCredential, Entry, Gate, Made, Means,
    NewClaim, NewCredential, NewToken, NewUser, Provided, Provision, Return, Role, SecondFactor, Shown, Token, User, Viewer,
};
use schemas::Texts;

/// A gate that knows a session and a token of each role, and keeps what is written down.
#[derive(Default)]
pub(super) struct Doors {
    pub(super) open: AtomicBool,
    pub(super) secure: AtomicBool,
    /// Every session and token was ended.
    pub(super) gone: AtomicBool,
    pub(super) second_factor: Mutex<Option<SecondFactor>>,
    pub(super) notes: Mutex<Vec<AuditNote>>,
    /// The disk of the audit is full.
    pub(super) full: AtomicBool,
    /// Rows of the audit, and whether the last one is not as it was written.
    pub(super) rows: AtomicU64,
    pub(super) broken: AtomicBool,
    /// The words on the button of the city's directory, where there is one; and where somebody wants to go who is there.
    pub(super) directory: OnceLock<Texts>,
    pub(super) next: Mutex<String>,
}

fn person(role: Role, means: Means) -> Viewer {
    let contractor = (role == Role::Contractor).then(|| "ours".to_owned());
    Viewer { name: format!("a-{role}"), role, contractor, tenant: None, means, read_only: false }
}

fn token(id: u64) -> Token {
    let (created_at, expires_at) = (super::at(super::NOW), super::at("2027-11-21T20:05:00Z"));
    let (name, made_by) = (format!("program-{id}"), "a-admin".to_owned());
    Token {
        id,
        name,
        role: Role::Officer,
        contractor: None,
        tenant: None,
        read_only: true,
        made_by,
        created_at,
        expires_at,
        revoked_at: None,
    }
}

fn never<'a, T: Send + 'a>() -> BoxFuture<'a, Result<T, AccessError>> {
    Box::pin(async { Err(AccessError::Absent("this gate keeps nobody".to_owned())) })
}

impl Gate for Doors {
    fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    fn is_secure(&self) -> bool {
        self.secure.load(Ordering::Relaxed)
    }

    fn behind_proxy(&self) -> bool {
        false
    }

    fn recognise(&self, shown: Shown) -> BoxFuture<'_, Result<Option<Viewer>, AccessError>> {
        let (text, means) = match shown {
            Shown::Session(text) => (text, Means::Session),
            Shown::Bearer(text) => (text, Means::Token),
        };
        let reader = text == "reader";
        let (tenant, role) = text.split_once('-').map_or((None, &*text), |(tenant, role)| (Some(tenant.to_owned()), role));
        let role = if reader { Some(Role::Officer) } else { role.parse().ok() };
        Box::pin(async move { Ok(role.map(|role| Viewer { read_only: reader, tenant, ..person(role, means) })) })
    }

    fn goes_on(&self, shown: Shown) -> BoxFuture<'_, Result<bool, AccessError>> {
        let gone = self.gone.load(Ordering::Relaxed);
        Box::pin(async move { Ok(!gone && self.recognise(shown).await?.is_some()) })
    }

    fn sign_in(&self, name: String, password: String, _: Option<IpAddr>) -> BoxFuture<'_, Result<Entry, AccessError>> {
        Box::pin(async move {
            match (password.as_str(), name.as_str()) {
                ("right", "dpo") => Ok(Entry::Halfway("a-ticket".to_owned())),
                ("right", _) => Ok(Entry::In(name)),
                _ => Err(AccessError::Wrong),
            }
        })
    }

    fn sign_in_with_code(&self, ticket: String, code: String, _: Option<IpAddr>) -> BoxFuture<'_, Result<String, AccessError>> {
        let fits = ticket == "a-ticket" && code == "123456";
        Box::pin(async move { if fits { Ok("dpo".to_owned()) } else { Err(AccessError::WrongCode) } })
    }

    fn directory(&self) -> Option<&Texts> {
        self.directory.get()
    }

    fn depart(&self, next: String, _: Option<IpAddr>) -> BoxFuture<'_, Result<Departure, AccessError>> {
        Box::pin(async move {
            self.directory.get().ok_or_else(|| AccessError::Absent("there is none".to_owned()))?;
            *self.next.lock().unwrap() = next;
            Ok(Departure { to: "https://id.city.example/auth?state=s".to_owned(), ticket: "a-ticket-away".to_owned() })
        })
    }

    fn arrive(&self, back: Return, _: Option<IpAddr>) -> BoxFuture<'_, Result<(Entry, String), AccessError>> {
        Box::pin(async move {
            self.directory.get().ok_or_else(|| AccessError::Absent("there is none".to_owned()))?;
            let next = self.next.lock().unwrap().clone();
            if back.ticket.as_deref() != Some("a-ticket-away") || back.state.as_deref() != Some("s") {
                return Err(AccessError::Unvouched);
            }
            match back.code.as_deref() {
                Some("officer") => Ok((Entry::In("officer".to_owned()), next)),
                Some("dpo") => Ok((Entry::Halfway("a-ticket".to_owned()), next)),
                Some("away") => Err(AccessError::DirectoryAway),
                _ => Err(AccessError::NoStanding),
            }
        })
    }

    fn second_factor(&self, _: String) -> BoxFuture<'_, Result<SecondFactor, AccessError>> {
        let standing = self.second_factor.lock().unwrap().clone();
        Box::pin(async { Ok(standing.unwrap_or(SecondFactor::None)) })
    }

    fn begin_second_factor(&self, user: String) -> BoxFuture<'_, Result<(), AccessError>> {
        let (secret, uri) = ("MZXW6YTBOI".to_owned(), format!("otpauth://totp/Marsad:{user}?secret=MZXW6YTBOI"));
        *self.second_factor.lock().unwrap() = Some(SecondFactor::Begun { secret, uri });
        Box::pin(async { Ok(()) })
    }

    fn confirm_second_factor(&self, _: String, code: String) -> BoxFuture<'_, Result<Vec<String>, AccessError>> {
        let fits = code == "123456";
        Box::pin(async move { if fits { Ok(vec!["7Q2M-04TX-VK9B-H3ZD".to_owned()]) } else { Err(AccessError::WrongCode) } })
    }

    fn end_second_factor(&self, _: String, _: String) -> BoxFuture<'_, Result<(), AccessError>> {
        Box::pin(async { Err(AccessError::WrongCode) })
    }

    fn reset_second_factor(&self, _: String) -> BoxFuture<'_, Result<(), AccessError>> {
        never()
    }

    fn sign_out(&self, _: String) -> BoxFuture<'_, Result<(), AccessError>> {
        Box::pin(async { Ok(()) })
    }

    fn is_set_up_code(&self, code: &str) -> bool {
        code == "once"
    }

    fn set_up(&self, _: String, _: String, _: String) -> BoxFuture<'_, Result<String, AccessError>> {
        never()
    }

    fn users(&self) -> BoxFuture<'_, Result<Vec<User>, AccessError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn add_user(&self, _: NewUser) -> BoxFuture<'_, Result<User, AccessError>> {
        never()
    }

    fn remove_user(&self, _: String) -> BoxFuture<'_, Result<(), AccessError>> {
        never()
    }

    fn set_password(&self, _: String, _: String) -> BoxFuture<'_, Result<(), AccessError>> {
        never()
    }

    fn tokens(&self) -> BoxFuture<'_, Result<Vec<Token>, AccessError>> {
        Box::pin(async { Ok([3, 1, 2].map(token).into()) })
    }

    fn make_token(&self, _: NewToken, _: String) -> BoxFuture<'_, Result<Made<Token>, AccessError>> {
        never()
    }

    fn revoke_token(&self, _: u64) -> BoxFuture<'_, Result<(), AccessError>> {
        never()
    }

    fn credentials(&self) -> BoxFuture<'_, Result<Vec<DeviceCredential>, AccessError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn make_credential(&self, _: NewCredential) -> BoxFuture<'_, Result<Made<DeviceCredential>, AccessError>> {
        never()
    }

    fn revoke_credentials(&self, _: String) -> BoxFuture<'_, Result<u64, AccessError>> {
        never()
    }

    fn provide(&self, _: Provision) -> BoxFuture<'_, Result<Provided, AccessError>> {
        never()
    }

    fn claims(&self) -> BoxFuture<'_, Result<Vec<Claim>, AccessError>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn make_claim(&self, _: NewClaim) -> BoxFuture<'_, Result<Made<Claim>, AccessError>> {
        never()
    }

    fn trade(&self, _: String, _: String, _: Option<IpAddr>) -> BoxFuture<'_, Result<Made<DeviceCredential>, AccessError>> {
        Box::pin(async { Err(AccessError::NoClaim) })
    }

    fn note(&self, note: AuditNote) -> BoxFuture<'_, Result<(), AccessError>> {
        if self.full.load(Ordering::Relaxed) {
            return Box::pin(async { Err(ports::RecordError::Unavailable("the disk is full".to_owned()).into()) });
        }
        self.notes.lock().unwrap().push(note);
        Box::pin(async { Ok(()) })
    }

    fn audit(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<AuditRow>, AccessError>> {
        let row = |number| AuditRow {
            number,
            at: crate::at(crate::NOW),
            who: "a-dpo".to_owned(),
            address: None,
            event: "act".to_owned(),
            what: format!("deed {number}"),
            outcome: "200".to_owned(),
            hash: String::new(),
        };
        let rows = (after + 1..=self.rows.load(Ordering::Relaxed)).take(limit).map(row).collect();
        Box::pin(async { Ok(rows) })
    }

    fn verify_audit(&self) -> BoxFuture<'_, Result<AuditVerdict, AccessError>> {
        Box::pin(async {
            {
                let rows = self.rows.load(Ordering::Relaxed);
                let broken = self.broken.load(Ordering::Relaxed).then(|| (rows, "it is not as it was written".to_owned()));
                Ok(AuditVerdict { rows, head: "00ff".to_owned(), broken })
            }
        })
    }
}
