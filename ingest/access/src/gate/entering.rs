//! The gate and users: how they are entered, and how they come in.

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use ports::{AccessError, AuditNote, Entry, Gate, NewUser, Role, Standing, User};

use super::Keeper;
use crate::{password, users};

impl Keeper {
    pub(super) async fn sign_in_now(&self, name: String, password: String, from: Option<IpAddr>) -> Result<Entry, AccessError> {
        let now = self.clock.now();
        // Not written down: whoever is sent away so could fill the disk by it.
        if from.is_some_and(|from| self.passwords.is_over(from, now)) {
            return Err(AccessError::TooMany);
        }
        let asked = name.clone();
        let (locked, known) = self.blocking(move |book| Ok((book.locked(&asked, now)?, book.user(&asked)?))).await?;
        if let Some(until) = locked {
            if let Some(from) = from {
                self.passwords.try_it(from, now);
            }
            self.written(&name, from, "refused: locked").await?;
            return Err(AccessError::Locked(until));
        }
        let (asked, hash) = known.map_or((false, None), |(user, hash)| (user.second_factor, hash));
        let fits = self.hashing(move || password::fits(&password, hash.as_deref())).await?;
        if !fits {
            self.count_failure(&name, from).await?;
            self.written(&name, from, "refused: wrong name or password").await?;
            return Err(AccessError::Wrong);
        }
        if asked {
            return Ok(Entry::Halfway(self.halfway.enter(name, now)?));
        }
        self.written(&name, from, "ok").await?;
        Ok(Entry::In(self.begin(name).await?))
    }

    async fn count_failure(&self, name: &str, from: Option<IpAddr>) -> Result<(), AccessError> {
        let (now, settings, name) = (self.clock.now(), self.settings.clone(), name.to_owned());
        if let Some(from) = from {
            self.passwords.try_it(from, now);
        }
        self.blocking(move |book| book.failed(&name, now, &settings)).await
    }

    /// The second half. Wrong codes lock a name as wrong passwords do: who tries them knows the password.
    pub(super) async fn sign_in_with_code_now(
        &self,
        ticket: String,
        code: String,
        from: Option<IpAddr>,
    ) -> Result<String, AccessError> {
        let now = self.clock.now();
        if from.is_some_and(|from| self.passwords.is_over(from, now)) {
            return Err(AccessError::TooMany);
        }
        let name = self.halfway.user(&ticket, now).ok_or(AccessError::WrongCode)?;
        let asked = name.clone();
        if let Some(until) = self.blocking(move |book| book.locked(&asked, now)).await? {
            self.written(&name, from, "refused: locked").await?;
            return Err(AccessError::Locked(until));
        }
        let asked = name.clone();
        if !self.blocking(move |book| book.passes_second(&asked, &code, now)).await? {
            self.count_failure(&name, from).await?;
            self.written(&name, from, "refused: wrong code").await?;
            return Err(AccessError::WrongCode);
        }
        self.halfway.leave(&ticket);
        self.written(&name, from, "ok").await?;
        self.begin(name).await
    }

    pub(super) async fn end_second_factor_now(&self, user: String, code: String) -> Result<(), AccessError> {
        let (now, settings) = (self.clock.now(), self.settings.clone());
        self.blocking(move |book| {
            if let Some(until) = book.locked(&user, now)? {
                return Err(AccessError::Locked(until));
            }
            if !book.passes_second(&user, &code, now)? {
                // Somebody at a desk that was left open must not try them all.
                book.failed(&user, now, &settings)?;
                return Err(AccessError::WrongCode);
            }
            book.drop_second(&user).map(drop)
        })
        .await
    }

    async fn written(&self, who: &str, address: Option<IpAddr>, outcome: &str) -> Result<(), AccessError> {
        let what = "signing in".to_owned();
        self.note(AuditNote { who: who.to_owned(), address, event: "login", what, outcome: outcome.to_owned() }).await
    }

    pub(super) async fn add_now(&self, new: NewUser) -> Result<User, AccessError> {
        let standing = Standing { role: new.role, contractor: new.contractor.clone(), tenant: new.tenant.clone() };
        let mut wrong = users::objections(&new.name, &standing);
        wrong.extend(password::objections(&new.name, &new.password));
        if !wrong.is_empty() {
            return Err(AccessError::Refused(wrong));
        }
        let open = self.is_open();
        if self.users.load(Ordering::Acquire) == 0 && new.role != Role::Admin && open {
            let text = "the first user is an admin: from then on everybody has to sign in, and nobody else could enter more";
            return Err(AccessError::Refused(vec![text.to_owned()]));
        }
        let (password, now) = (new.password.clone(), self.clock.now());
        let hash = self.hashing(move || password::hash(&password)).await?;
        let user = self.blocking(move |book| book.enter(&new, &hash, now)).await?;
        self.count_users().await?;
        Ok(user)
    }

    pub(super) async fn set_up_now(&self, code: String, name: String, password: String) -> Result<String, AccessError> {
        if !self.is_set_up_code(&code) {
            return Err(AccessError::Wrong);
        }
        let new = NewUser { name: name.clone(), role: Role::Admin, contractor: None, tenant: None, password };
        self.add_now(new).await?;
        let what = "the first admin, by the set-up link".to_owned();
        self.note(AuditNote { who: name.clone(), address: None, event: "user", what, outcome: "ok".to_owned() }).await?;
        self.begin(name).await
    }
}
