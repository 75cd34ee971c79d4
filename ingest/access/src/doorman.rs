//! Which device may connect to the endpoint, and publish to which topics. Answers from memory: it is asked from the task of
//! a connection, which must not wait for a disk.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use ports::{AccessError, Clock};
use schemas::Timestamp;

use crate::Secret;
use crate::book::Book;
use crate::credentials::Kept;
use crate::patience::Patience;

/// Wrong credentials from one address before it has to wait.
const WRONG_AT_ONCE: u32 = 10;

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

/// Devices with a credential that ends, by when it does.
#[derive(Default)]
struct Ending {
    /// What ended before is done with.
    looked: Option<Timestamp>,
    next: BTreeSet<(Timestamp, String)>,
}

/// Ends the connections of a device.
type Dismiss = Arc<dyn Fn(&str) + Send + Sync>;

/// Stands at the door of the endpoint.
pub struct Doorman {
    clock: Arc<dyn Clock>,
    /// Topic filters of every device, in which `{device}` stands for its id.
    own: Vec<String>,
    keys: RwLock<HashMap<String, Vec<Kept>>>,
    ending: Mutex<Ending>,
    patience: Patience,
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
        let doorman = Self {
            clock,
            own,
            keys: RwLock::default(),
            ending: Mutex::default(),
            patience: Patience::new(WRONG_AT_ONCE),
            dismiss: Mutex::default(),
        };
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
        let mut ending = lock(&self.ending);
        ending.next.clear();
        for kept in book.kept_credentials()? {
            if let Some(end) = kept.expires_at.filter(|end| ending.looked.is_none_or(|looked| *end >= looked)) {
                ending.next.insert((end, kept.device.clone()));
            }
            keys.entry(kept.device.clone()).or_default().push(kept);
        }
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Ends the connections of devices of which a credential has ended since the last time. Whoever has another one comes
    /// back with it at once. To be called every now and then: so long a credential outlives its end on a connection.
    pub fn dismiss_overdue(&self) {
        let now = self.clock.now();
        let over: Vec<String> = {
            let mut ending = lock(&self.ending);
            ending.looked = Some(now);
            let later = ending.next.split_off(&(now, String::new()));
            std::mem::replace(&mut ending.next, later).into_iter().map(|(_, device)| device).collect()
        };
        over.iter().for_each(|device| self.dismiss(device));
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
        if self.patience.is_over(from, now) {
            return Err(Denied::TooMany);
        }
        let shown = match proof {
            Proof::Password(password) => Secret::of_password(password),
            Proof::Certificate(der) => Secret::of_certificate(der),
        };
        if user.is_some_and(|user| self.has(user, |kept| kept.secret.is(&shown))) {
            return Ok(());
        }
        self.patience.try_it(from, now);
        Err(Denied::Wrong)
    }

    /// Whether a device may publish to this topic.
    #[must_use]
    pub fn may_publish(&self, device: &str, topic: &str) -> bool {
        if self.own.iter().any(|filter| takes(filter, topic, device)) {
            return true;
        }
        self.has(device, |kept| kept.topics.iter().any(|filter| takes(filter, topic, device)))
    }

    /// Whether a credential of a device has topics besides the device's own: then it speaks for others.
    #[must_use]
    pub fn speaks_for_others(&self, device: &str) -> bool {
        self.has(device, |kept| !kept.topics.is_empty())
    }

    /// Whether a device has a credential that holds now and is so.
    fn has(&self, device: &str, is_so: impl Fn(&Kept) -> bool) -> bool {
        let now = self.clock.now();
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let mut holding = keys.get(device).into_iter().flatten().filter(|kept| kept.expires_at.is_none_or(|end| now < end));
        holding.any(is_so)
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
