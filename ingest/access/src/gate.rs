//! The gate of the HTTP side: lets people and programs in, and keeps what is known of them.

mod devices;
mod directory;
mod entering;

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ports::{
    AccessError, AuditNote, AuditRow, AuditVerdict, BoxFuture, Claim, Clock, Departure, DeviceCredential, Directory, Entry, Gate,
    Made, NewClaim, NewCredential, NewToken, NewUser, Provided, Provision, RecordError, Return, SecondFactor, Shown, Standing,
    Token, User, Viewer,
};
use schemas::Texts;
use tokio::sync::Semaphore;

use crate::book::Book;
use crate::halfway::Halfway;
use crate::patience::Patience;
use crate::{Doorman, Secret, Settings, fresh, password, users};

/// Passwords that are hashed at once: each takes a core and 19 MiB, and the machine has other things to do.
const HASHES: usize = 1;
/// Wrong passwords from one address before it has to wait: behind one address may be a whole office.
const WRONG_PASSWORDS: u32 = 30;
/// Wrong claim codes.
const WRONG_CODES: u32 = 10;

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
    halfway: Halfway,
    /// With whoever signs in.
    passwords: Patience,
    /// With whoever trades a claim code.
    codes: Patience,
    doorman: Option<Arc<Doorman>>,
    /// Of the city, by which people may sign in.
    directory: Option<Arc<dyn Directory>>,
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
            halfway: Halfway::default(),
            passwords: Patience::new(WRONG_PASSWORDS),
            codes: Patience::new(WRONG_CODES),
            doorman,
            directory: None,
        })
    }

    /// The same, where people may sign in by the city's directory too.
    #[must_use]
    pub fn with_directory(self, directory: Option<Arc<dyn Directory>>) -> Self {
        Self { directory, ..self }
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

    async fn make_token_now(&self, new: NewToken, by: String) -> Result<Made<Token>, AccessError> {
        let most = self.settings.token_hours;
        let standing = Standing { role: new.role, contractor: new.contractor.clone(), tenant: new.tenant.clone() };
        let mut wrong: Vec<String> = users::standing_objection(&standing).into_iter().collect();
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
        let may = if new.read_only { "looks" } else { "may change things" };
        let what = format!("a token `{}` for {} hours, {}, {may}", new.name, new.hours, new.role.code());
        self.note(AuditNote { who: by.clone(), address: None, event: "access", what, outcome: "asked".to_owned() }).await?;
        let what = self.blocking(move |book| book.enter_token(&new, &by, &kept, now)).await?;
        Ok(Made { what, secret })
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

    fn goes_on(&self, shown: Shown) -> BoxFuture<'_, Result<bool, AccessError>> {
        Box::pin(async move {
            match shown {
                Shown::Bearer(_) => Ok(self.recognise(shown).await?.is_some()),
                Shown::Session(secret) => {
                    let (now, settings) = (self.clock.now(), self.settings.clone());
                    self.blocking(move |book| book.session_goes_on(&Secret::of(&secret), now, &settings)).await
                }
            }
        })
    }

    fn sign_in(&self, name: String, password: String, from: Option<IpAddr>) -> BoxFuture<'_, Result<Entry, AccessError>> {
        Box::pin(self.sign_in_now(name, password, from))
    }

    fn sign_in_with_code(
        &self,
        ticket: String,
        code: String,
        from: Option<IpAddr>,
    ) -> BoxFuture<'_, Result<String, AccessError>> {
        Box::pin(self.sign_in_with_code_now(ticket, code, from))
    }

    fn directory(&self) -> Option<&Texts> {
        self.asked().map(|directory| directory.label())
    }

    fn depart(&self, next: String, from: Option<IpAddr>) -> BoxFuture<'_, Result<Departure, AccessError>> {
        Box::pin(self.depart_now(next, from))
    }

    fn arrive(&self, back: Return, from: Option<IpAddr>) -> BoxFuture<'_, Result<(Entry, String), AccessError>> {
        Box::pin(self.arrive_now(back, from))
    }

    fn second_factor(&self, user: String) -> BoxFuture<'_, Result<SecondFactor, AccessError>> {
        Box::pin(self.blocking(move |book| book.second_factor(&user)))
    }

    fn begin_second_factor(&self, user: String) -> BoxFuture<'_, Result<(), AccessError>> {
        Box::pin(self.blocking(move |book| book.begin_second(&user)))
    }

    fn confirm_second_factor(&self, user: String, code: String) -> BoxFuture<'_, Result<Vec<String>, AccessError>> {
        let now = self.clock.now();
        Box::pin(self.blocking(move |book| book.confirm_second(&user, &code, now)))
    }

    fn end_second_factor(&self, user: String, code: String) -> BoxFuture<'_, Result<(), AccessError>> {
        Box::pin(self.end_second_factor_now(user, code))
    }

    fn reset_second_factor(&self, user: String) -> BoxFuture<'_, Result<(), AccessError>> {
        Box::pin(self.blocking(move |book| match book.drop_second(&user)? {
            true => Ok(()),
            false => Err(AccessError::Absent("no second factor is asked of such a user".to_owned())),
        }))
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

    fn provide(&self, wanted: Provision) -> BoxFuture<'_, Result<Provided, AccessError>> {
        Box::pin(self.provide_now(wanted))
    }

    fn claims(&self) -> BoxFuture<'_, Result<Vec<Claim>, AccessError>> {
        let now = self.clock.now();
        Box::pin(self.blocking(move |book| book.open_claims(now)))
    }

    fn make_claim(&self, new: NewClaim) -> BoxFuture<'_, Result<Made<Claim>, AccessError>> {
        Box::pin(self.make_claim_now(new))
    }

    fn trade(
        &self,
        device: String,
        code: String,
        from: Option<IpAddr>,
    ) -> BoxFuture<'_, Result<Made<DeviceCredential>, AccessError>> {
        Box::pin(self.trade_now(device, code, from))
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
