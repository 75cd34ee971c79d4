//! Which device may connect to the endpoint, and publish to which topics. Answers from memory: it is asked from the task of
//! a connection, which must not wait for a disk.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use ports::{AccessError, Clock};
use schemas::Timestamp;

use crate::Secret;
use crate::book::Book;
use crate::credentials::Kept;

/// Wrong credentials from one address before it has to wait.
const WRONG_AT_ONCE: u32 = 10;
/// How long each further one is forgotten after.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30);
/// Addresses that are remembered.
const ADDRESSES: usize = 10_000;

/// Why a device may not connect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No such device, or another password.
    Wrong,
    /// Too many wrong ones from this address: not now.
    TooMany,
}

/// What a device shows of who it is.
#[derive(Clone, Copy)]
pub enum Proof<'a> {
    /// A password; of whoever shows nothing, an empty one.
    Password(&'a [u8]),
    /// A certificate, in DER, for which its key has signed and which our authority has signed.
    Certificate(&'a [u8]),
}

/// Ends the connections of a device.
type Dismiss = Arc<dyn Fn(&str) + Send + Sync>;

struct Wrong {
    count: u32,
    last: Timestamp,
}

/// Stands at the door of the endpoint.
pub struct Doorman {
    clock: Arc<dyn Clock>,
    /// Topic filters of every device, in which `{device}` stands for its id.
    own: Vec<String>,
    keys: RwLock<HashMap<String, Vec<Kept>>>,
    wrong: Mutex<HashMap<IpAddr, Wrong>>,
    dismiss: Mutex<Option<Dismiss>>,
}

impl std::fmt::Debug for Doorman {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Doorman").field("own", &self.own).finish_non_exhaustive()
    }
}

impl Doorman {
    /// Knows the credentials of the book. `own` are topic filters that every device may publish to, with `{device}` where its
    /// id stands.
    ///
    /// # Errors
    /// The book cannot be read.
    pub fn new(book: &Book, clock: Arc<dyn Clock>, own: Vec<String>) -> Result<Arc<Self>, AccessError> {
        let doorman = Self { clock, own, keys: RwLock::default(), wrong: Mutex::default(), dismiss: Mutex::default() };
        doorman.learn(book)?;
        Ok(Arc::new(doorman))
    }

    /// Says how the connections of a device are ended.
    pub fn dismiss_by(&self, dismiss: Dismiss) {
        *lock(&self.dismiss) = Some(dismiss);
    }

    /// Takes in what the book holds now.
    pub(crate) fn learn(&self, book: &Book) -> Result<(), AccessError> {
        let mut keys: HashMap<String, Vec<Kept>> = HashMap::new();
        for kept in book.kept_credentials()? {
            keys.entry(kept.device.clone()).or_default().push(kept);
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Ends the connections of a device.
    pub(crate) fn dismiss(&self, device: &str) {
        let dismiss = lock(&self.dismiss).clone();
        if let Some(dismiss) = dismiss {
            dismiss(device);
        }
    }

    /// Whether a device may connect with what it shows: a password, or a certificate that its authority has signed.
    ///
    /// # Errors
    /// Why not.
    pub fn admit(&self, user: Option<&str>, proof: Proof<'_>, from: IpAddr) -> Result<(), Denied> {
        let now = self.clock.now();
        if self.must_wait(from, now) {
            return Err(Denied::TooMany);
        }
        let shown = match proof {
            Proof::Password(password) => Secret::of_password(password),
            Proof::Certificate(der) => Secret::of_certificate(der),
        };
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let known = user.and_then(|user| keys.get(user)).map_or(&[][..], Vec::as_slice);
        let fits = |kept: &&Kept| kept.secret.is(&shown) && kept.expires_at.is_none_or(|end| now < end);
        if known.iter().any(|kept| fits(&kept)) {
            return Ok(());
        }
        self.count_wrong(from, now);
        Err(Denied::Wrong)
    }

    /// Whether a device may publish to this topic.
    #[must_use]
    pub fn may_publish(&self, device: &str, topic: &str) -> bool {
        if self.own.iter().any(|filter| takes(filter, topic, device)) {
            return true;
        }
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let known = keys.get(device).map_or(&[][..], Vec::as_slice);
        known.iter().flat_map(|kept| &kept.topics).any(|filter| takes(filter, topic, device))
    }

    fn must_wait(&self, from: IpAddr, now: Timestamp) -> bool {
        let mut wrong = lock(&self.wrong);
        let Some(entry) = wrong.get_mut(&from) else { return false };
        let forgotten = now.since(entry.last).as_secs() / FORGOTTEN_AFTER.as_secs();
        if forgotten > 0 {
            entry.count = entry.count.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX));
            entry.last = now;
        }
        entry.count >= WRONG_AT_ONCE
    }

    fn count_wrong(&self, from: IpAddr, now: Timestamp) {
        let mut wrong = lock(&self.wrong);
        if wrong.len() >= ADDRESSES {
            wrong.retain(|_, entry| now.since(entry.last) < FORGOTTEN_AFTER);
        }
        if wrong.len() < ADDRESSES || wrong.contains_key(&from) {
            let entry = wrong.entry(from).or_insert(Wrong { count: 0, last: now });
            entry.count = entry.count.saturating_add(1);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What stands inside is replaced or counted in one step.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a topic filter takes a topic, `{device}` being the id of a device. A topic that begins with `$` is taken by no
/// wildcard at its beginning (MQTT 5, section 4.7.2).
fn takes(filter: &str, topic: &str, device: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        match (wanted, levels.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            ("{device}", Some(level)) if level == device => {}
            (wanted, Some(level)) if wanted == level => {}
            _ => return false,
        }
    }
    levels.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_02_a_device_publishes_only_under_its_own_id() {
        let own = "marsad/+/+/{device}/up";
        assert!(takes(own, "marsad/anfa/waste/bin-1/up", "bin-1"));
        for foreign in [
            "marsad/anfa/waste/bin-2/up",
            "marsad/anfa/waste/bin-2/up/bin-1",
            "marsad/bin-1/waste/bin-2/up",
            "bin-1",
            "$SYS/bin-1",
        ] {
            assert!(!takes(own, foreign, "bin-1"), "{foreign}");
        }
    }

    #[test]
    fn a_gateway_publishes_where_its_filters_say() {
        assert!(takes("application/#", "application/7/device/x/event/up", "gw"));
        assert!(takes("application/#", "application", "gw"));
        assert!(!takes("application/#", "marsad/anfa/waste/bin-1/up", "gw"));
        assert!(!takes("+/#", "$SYS/broker", "gw"));
    }
}
