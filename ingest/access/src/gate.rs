//! The gate of the HTTP side: lets people and programs in, and keeps what is known of them.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ports::{
    AccessError, AuditNote, AuditRow, AuditVerdict, BoxFuture, Clock, DeviceCredential, Gate, Made, NewCredential, NewToken,
    NewUser, RecordError, Role, Shown, Token, User, Viewer,
};
use tokio::sync::Semaphore;

use crate::book::Book;
use crate::{Doorman, Secret, Settings, credentials, fresh, password, users};

/// Passwords that are hashed at once: each takes a core and 19 MiB, and the machine has other things to do.
const HASHES: usize = 1;

/// What the way in is like.
#[derive(Clone, Copy, Debug)]
pub struct Entrance {
    /// Nobody but this machine can ask: the address is a loopback one, and no proxy stands in front.
    pub private: bool,
    /// A reverse proxy stands in front.
    pub proxied: bool,
    /// Whoever asks from elsewhere asks by TLS.
    pub secure: bool,
}

/// Keeps the gate; share it behind an `Arc`.
pub struct Keeper {
    book: Arc<Book>,
    clock: Arc<dyn Clock>,
    settings: Settings,
    entrance: Entrance,
    /// Of the commands on this machine; none for a directory on which no program runs.
    local: Option<Secret>,
    /// The code of the set-up link, until it was used.
    set_up: Mutex<Option<String>>,
    /// As many users as there are.
    users: AtomicU64,
    hashes: Semaphore,
    doorman: Option<Arc<Doorman>>,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("entrance", &self.entrance).finish_non_exhaustive()
    }
}

impl Keeper {
    /// `local` is the secret of the commands on this machine.
    ///
    /// # Errors
    /// The book cannot be read, or the system gives no chance.
    pub fn new(
        book: Arc<Book>,
        clock: Arc<dyn Clock>,
        settings: Settings,
        entrance: Entrance,
        local: Option<&str>,
        doorman: Option<Arc<Doorman>>,
    ) -> Result<Self, AccessError> {
        let users = book.user_count()?;
        let code = if users == 0 && !entrance.private { Some(fresh()?) } else { None };
        Ok(Self {
            book,
            clock,
            settings,
            entrance,
            local: local.map(Secret::of),
            set_up: Mutex::new(code),
            users: AtomicU64::new(users),
            hashes: Semaphore::new(HASHES),
            doorman,
        })
    }

    /// The code of the set-up link: where there are no users and others than this machine can ask.
    #[must_use]
    pub fn set_up_code(&self) -> Option<String> {
        self.set_up.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs what waits for a disk where that holds nobody else.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Book) -> Result<T, AccessError> + Send + 'static,
    ) -> Result<T, AccessError> {
        let book = Arc::clone(&self.book);
        tokio::task::spawn_blocking(move || work(&book)).await.unwrap_or_else(|_| Err(broken_off()))
    }

    /// The same for what takes a core for a while.
    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AccessError> + Send + 'static,
    ) -> Result<T, AccessError> {
        let _permit = self.hashes.acquire().await.map_err(|_| broken_off())?;
        tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(broken_off()))
    }

    async fn count_users(&self) -> Result<(), AccessError> {
        let users = self.blocking(Book::user_count).await?;
        self.users.store(users, Ordering::Release);
        if users > 0 {
            *self.set_up.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
        Ok(())
    }

    async fn begin(&self, user: String) -> Result<String, AccessError> {
        let (secret, now, settings) = (fresh()?, self.clock.now(), self.settings.clone());
        let kept = Secret::of(&secret);
        self.blocking(move |book| book.begin(&user, &kept, now, &settings)).await?;
        Ok(secret)
    }

    async fn sign_in_now(&self, name: String, password: String, from: Option<IpAddr>) -> Result<String, AccessError> {
        let (now, settings) = (self.clock.now(), self.settings.clone());
        let asked = name.clone();
        let (locked, known) = self.blocking(move |book| Ok((book.locked(&asked, now)?, book.user(&asked)?))).await?;
        if let Some(until) = locked {
            self.written(&name, from, "refused: locked").await?;
            return Err(AccessError::Locked(until));
        }
        let hash = known.map(|(_, hash)| hash);
        let fits = self.hashing(move || password::fits(&password, hash.as_deref())).await?;
        if !fits {
            let failed = name.clone();
            self.blocking(move |book| book.failed(&failed, now, &settings)).await?;
            self.written(&name, from, "refused: wrong name or password").await?;
            return Err(AccessError::Wrong);
        }
        self.written(&name, from, "ok").await?;
        self.begin(name).await
    }

    async fn written(&self, who: &str, address: Option<IpAddr>, outcome: &str) -> Result<(), AccessError> {
        let what = "signing in".to_owned();
        self.note(AuditNote { who: who.to_owned(), address, event: "login", what, outcome: outcome.to_owned() }).await
    }

    async fn add_now(&self, new: NewUser) -> Result<User, AccessError> {
        let mut wrong = users::objections(&new.name, new.role, new.contractor.as_deref());
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

    async fn set_up_now(&self, code: String, name: String, password: String) -> Result<String, AccessError> {
        if !self.is_set_up_code(&code) {
            return Err(AccessError::Wrong);
        }
        let new = NewUser { name: name.clone(), role: Role::Admin, contractor: None, password };
        self.add_now(new).await?;
        let what = "the first admin, by the set-up link".to_owned();
        self.note(AuditNote { who: name.clone(), address: None, event: "user", what, outcome: "ok".to_owned() }).await?;
        self.begin(name).await
    }

    async fn make_token_now(&self, new: NewToken, by: String) -> Result<Made<Token>, AccessError> {
        let most = self.settings.token_hours;
        let mut wrong: Vec<String> = users::role_objection(new.role, new.contractor.as_deref()).into_iter().collect();
        if new.name.is_empty() || new.name.len() > 64 || new.name.chars().any(char::is_control) {
            wrong.push("a token has a name of 1 to 64 bytes that says what it is for".to_owned());
        }
        if !(1..=most).contains(&new.hours) {
            wrong.push(format!("a token holds 1 to {most} hours (access.token_hours)"));
        }
        if !wrong.is_empty() {
            return Err(AccessError::Refused(wrong));
        }
        let (secret, now) = (fresh()?, self.clock.now());
        let kept = Secret::of(&secret);
        let what = self.blocking(move |book| book.enter_token(&new, &by, &kept, now)).await?;
        Ok(Made { what, secret })
    }

    async fn make_credential_now(&self, new: NewCredential) -> Result<Made<DeviceCredential>, AccessError> {
        let wrong = credentials::objections(&new);
        if !wrong.is_empty() {
            return Err(AccessError::Refused(wrong));
        }
        let (now, doorman) = (self.clock.now(), self.doorman.clone());
        let shown = new.certificate.as_deref().and_then(Secret::of_fingerprint);
        let secret = if shown.is_some() { String::new() } else { fresh()? };
        let kept = shown.unwrap_or_else(|| Secret::of_password(secret.as_bytes()));
        let what = self
            .blocking(move |book| {
                let made = book.enter_credential(&new, &kept, now)?;
                if let Some(doorman) = doorman {
                    doorman.learn(book)?;
                }
                Ok(made)
            })
            .await?;
        Ok(Made { what, secret })
    }

    async fn revoke_now(&self, device: String) -> Result<u64, AccessError> {
        let (now, doorman) = (self.clock.now(), self.doorman.clone());
        self.blocking(move |book| {
            let ended = book.end_credentials(&device, now)?;
            if ended == 0 {
                return Err(AccessError::Absent(format!("`{device}` has no credential")));
            }
            if let Some(doorman) = doorman {
                // First nobody can come in, then whoever is in has to go.
                doorman.learn(book)?;
                doorman.dismiss(&device);
            }
            Ok(ended)
        })
        .await
    }
}

fn broken_off() -> AccessError {
    RecordError::Unavailable("the question was broken off".to_owned()).into()
}

impl Gate for Keeper {
    fn is_open(&self) -> bool {
        self.entrance.private && self.users.load(Ordering::Acquire) == 0
    }

    fn is_secure(&self) -> bool {
        self.entrance.secure
    }

    fn behind_proxy(&self) -> bool {
        self.entrance.proxied
    }

    fn recognise(&self, shown: Shown) -> BoxFuture<'_, Result<Option<Viewer>, AccessError>> {
        Box::pin(async move {
            let now = self.clock.now();
            match shown {
                Shown::Bearer(secret) => {
                    let secret = Secret::of(&secret);
                    if self.local.is_some_and(|local| local.is(&secret)) {
                        return Ok(Some(Viewer::local()));
                    }
                    self.blocking(move |book| book.bearer(&secret, now)).await
                }
                Shown::Session(secret) => {
                    let settings = self.settings.clone();
                    self.blocking(move |book| book.session(&Secret::of(&secret), now, &settings)).await
                }
            }
        })
    }

    fn sign_in(&self, name: String, password: String, from: Option<IpAddr>) -> BoxFuture<'_, Result<String, AccessError>> {
        Box::pin(self.sign_in_now(name, password, from))
    }

    fn sign_out(&self, session: String) -> BoxFuture<'_, Result<(), AccessError>> {
        Box::pin(self.blocking(move |book| book.end(&Secret::of(&session))))
    }

    fn is_set_up_code(&self, code: &str) -> bool {
        let kept = self.set_up.lock().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().is_some_and(|kept| Secret::of(kept).is(&Secret::of(code)))
    }

    fn set_up(&self, code: String, name: String, password: String) -> BoxFuture<'_, Result<String, AccessError>> {
        Box::pin(self.set_up_now(code, name, password))
    }

    fn users(&self) -> BoxFuture<'_, Result<Vec<User>, AccessError>> {
        Box::pin(self.blocking(Book::all_users))
    }

    fn add_user(&self, new: NewUser) -> BoxFuture<'_, Result<User, AccessError>> {
        Box::pin(self.add_now(new))
    }

    fn remove_user(&self, name: String) -> BoxFuture<'_, Result<(), AccessError>> {
        Box::pin(async move {
            let now = self.clock.now();
            self.blocking(move |book| book.strike_out(&name, now)).await?;
            self.count_users().await
        })
    }

    fn set_password(&self, name: String, password: String) -> BoxFuture<'_, Result<(), AccessError>> {
        Box::pin(async move {
            let wrong = password::objections(&name, &password);
            if !wrong.is_empty() {
                return Err(AccessError::Refused(wrong));
            }
            let hash = self.hashing(move || password::hash(&password)).await?;
            self.blocking(move |book| book.change_password(&name, &hash)).await
        })
    }

    fn tokens(&self) -> BoxFuture<'_, Result<Vec<Token>, AccessError>> {
        Box::pin(self.blocking(Book::all_tokens))
    }

    fn make_token(&self, new: NewToken, by: String) -> BoxFuture<'_, Result<Made<Token>, AccessError>> {
        Box::pin(self.make_token_now(new, by))
    }

    fn revoke_token(&self, id: u64) -> BoxFuture<'_, Result<(), AccessError>> {
        let now = self.clock.now();
        Box::pin(self.blocking(move |book| book.end_token(id, now)))
    }

    fn credentials(&self) -> BoxFuture<'_, Result<Vec<DeviceCredential>, AccessError>> {
        Box::pin(self.blocking(Book::all_credentials))
    }

    fn make_credential(&self, new: NewCredential) -> BoxFuture<'_, Result<Made<DeviceCredential>, AccessError>> {
        Box::pin(self.make_credential_now(new))
    }

    fn revoke_credentials(&self, device: String) -> BoxFuture<'_, Result<u64, AccessError>> {
        Box::pin(self.revoke_now(device))
    }

    fn note(&self, note: AuditNote) -> BoxFuture<'_, Result<(), AccessError>> {
        let now = self.clock.now();
        Box::pin(self.blocking(move |book| book.write_down(&note, now)))
    }

    fn audit(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<AuditRow>, AccessError>> {
        Box::pin(self.blocking(move |book| book.rows(after, limit)))
    }

    fn verify_audit(&self) -> BoxFuture<'_, Result<AuditVerdict, AccessError>> {
        Box::pin(self.blocking(Book::verify))
    }
}
