//! Who has shown the right password and not yet the second factor: known by a ticket, for a few minutes, in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ports::RecordError;
use schemas::Timestamp;

use crate::{Secret, fresh};

/// How long somebody may look for the telephone.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// Who is halfway in at one time. One more makes the oldest begin anew.
const MOST: usize = 1000;

/// Users halfway in, by what is kept of their tickets, and until when.
#[derive(Default)]
pub(crate) struct Halfway {
    users: Mutex<HashMap<[u8; 32], (String, Timestamp)>>,
}

impl Halfway {
    /// A ticket for somebody with the right password.
    pub(crate) fn enter(&self, user: String, now: Timestamp) -> Result<String, RecordError> {
        let ticket = fresh()?;
        let mut users = self.lock();
        users.retain(|_, (_, until)| now < *until);
        if users.len() >= MOST
            && let Some(oldest) = users.iter().min_by_key(|(_, (_, until))| *until).map(|(hash, _)| *hash)
        {
            users.remove(&oldest);
        }
        users.insert(*Secret::of(&ticket).hash(), (user, now.plus(PATIENCE)));
        Ok(ticket)
    }

    /// Whose ticket it is.
    pub(crate) fn user(&self, ticket: &str, now: Timestamp) -> Option<String> {
        let users = self.lock();
        users.get(Secret::of(ticket).hash()).filter(|(_, until)| now < *until).map(|(user, _)| user.clone())
    }

    /// It is used up.
    pub(crate) fn leave(&self, ticket: &str) {
        self.lock().remove(Secret::of(ticket).hash());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], (String, Timestamp)>> {
        // What stands inside is replaced in one step.
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
