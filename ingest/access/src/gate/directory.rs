//! The gate and the city's directory: how somebody is sent there, and let in who comes back.

use std::net::IpAddr;
use std::sync::atomic::Ordering;

use ports::{AccessError, AuditNote, Departure, Directory, DirectoryError, Entry, Gate, Return, Vouched};

use super::Keeper;
use crate::vouched::Made;

/// Who is written down where nobody was vouched for.
const NOBODY: &str = "public";

impl Keeper {
    /// The directory, once there is an admin here: the first one comes by the set-up link, and is there when the directory is not.
    pub(super) fn asked(&self) -> Option<&dyn Directory> {
        self.directory.as_deref().filter(|_| self.users.load(Ordering::Acquire) > 0)
    }

    pub(super) async fn depart_now(&self, next: String, from: Option<IpAddr>) -> Result<Departure, AccessError> {
        self.patient(from)?;
        let directory = self.asked().ok_or_else(no_directory)?;
        match directory.depart(next, from).await {
            Ok(departure) => Ok(departure),
            Err(error) => {
                tracing::warn!(%error, "nobody can sign in by the city's directory");
                Err(AccessError::DirectoryAway)
            }
        }
    }

    pub(super) async fn arrive_now(&self, back: Return, from: Option<IpAddr>) -> Result<(Entry, String), AccessError> {
        self.patient(from)?;
        let directory = self.asked().ok_or_else(no_directory)?;
        let vouched = match directory.arrive(back).await {
            Ok(vouched) => vouched,
            Err(DirectoryError::Away(why)) => {
                tracing::warn!(why, "nobody can sign in by the city's directory");
                self.told(NOBODY, from, "refused: the directory cannot be asked").await?;
                return Err(AccessError::DirectoryAway);
            }
            Err(DirectoryError::Unvouched(why)) => {
                self.count_try(from);
                self.told(NOBODY, from, &format!("refused: {why}")).await?;
                return Err(AccessError::Unvouched);
            }
        };
        self.let_in_vouched(vouched, from).await
    }

    async fn let_in_vouched(&self, vouched: Vouched, from: Option<IpAddr>) -> Result<(Entry, String), AccessError> {
        let (now, next) = (self.clock.now(), vouched.next.clone());
        let made = self.blocking(move |book| book.vouch(&vouched, now)).await?;
        let name = match made {
            Made::User(name) => name,
            Made::Nobody(name, why) => {
                self.told(&name, from, why).await?;
                return Err(AccessError::NoStanding);
            }
        };
        self.count_users().await?;
        let asked = name.clone();
        let (locked, user) = self.blocking(move |book| Ok((book.locked(&asked, now)?, book.user(&asked)?))).await?;
        if let Some(until) = locked {
            self.told(&name, from, "refused: locked").await?;
            return Err(AccessError::Locked(until));
        }
        if user.is_some_and(|(user, _)| user.second_factor) {
            return Ok((Entry::Halfway(self.halfway.enter(name, now)?), next));
        }
        self.told(&name, from, "ok").await?;
        Ok((Entry::In(self.begin(name).await?), next))
    }

    fn patient(&self, from: Option<IpAddr>) -> Result<(), AccessError> {
        let over = from.is_some_and(|from| self.passwords.is_over(from, self.clock.now()));
        if over { Err(AccessError::TooMany) } else { Ok(()) }
    }

    fn count_try(&self, from: Option<IpAddr>) {
        if let Some(from) = from {
            self.passwords.try_it(from, self.clock.now());
        }
    }

    async fn told(&self, who: &str, address: Option<IpAddr>, outcome: &str) -> Result<(), AccessError> {
        let what = "signing in by the city's directory".to_owned();
        self.note(AuditNote { who: who.to_owned(), address, event: "login", what, outcome: outcome.to_owned() }).await
    }
}

fn no_directory() -> AccessError {
    AccessError::Absent("people do not sign in by a directory here".to_owned())
}
