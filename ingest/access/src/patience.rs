//! Wrong attempts by address: after so many at once an address has to wait. Kept in memory, since it is asked where nobody
//! may wait for a disk; a restart forgets it.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use schemas::Timestamp;

/// How long each wrong attempt beyond the allowance is forgotten after.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30);
/// Addresses that are remembered.
const ADDRESSES: usize = 10_000;

struct Wrong {
    count: u32,
    last: Timestamp,
}

/// The patience of one door with each address.
pub(crate) struct Patience {
    /// Wrong attempts before an address has to wait.
    allowance: u32,
    wrong: Mutex<HashMap<IpAddr, Wrong>>,
}

impl Patience {
    pub(crate) fn new(allowance: u32) -> Self {
        Self { allowance, wrong: Mutex::default() }
    }

    /// Whether an address has to wait.
    pub(crate) fn is_over(&self, from: IpAddr, now: Timestamp) -> bool {
        let mut wrong = self.lock();
        let Some(entry) = wrong.get_mut(&network(from)) else { return false };
        let forgotten = now.since(entry.last).as_secs() / FORGOTTEN_AFTER.as_secs();
        if forgotten > 0 {
            entry.count = entry.count.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX));
            entry.last = now;
        }
        entry.count >= self.allowance
    }

    /// One more wrong attempt.
    pub(crate) fn try_it(&self, from: IpAddr, now: Timestamp) {
        let (from, mut wrong) = (network(from), self.lock());
        if wrong.len() >= ADDRESSES {
            wrong.retain(|_, entry| now.since(entry.last) < FORGOTTEN_AFTER);
        }
        if wrong.len() < ADDRESSES || wrong.contains_key(&from) {
            let entry = wrong.entry(from).or_insert(Wrong { count: 0, last: now });
            entry.count = entry.count.saturating_add(1);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Wrong>> {
        // What stands inside is counted in one step.
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What counts as one address: of IPv6 the network of 64 bits, all of which one machine may have.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_machine_with_many_addresses_of_its_network_has_one_patience() {
        let (patience, now) = (Patience::new(2), Timestamp::clamped(0));
        let at = |text: &str| text.parse::<IpAddr>().unwrap();
        patience.try_it(at("2001:db8::1"), now);
        patience.try_it(at("2001:db8::2"), now);
        assert!(patience.is_over(at("2001:db8::3"), now));
        assert!(!patience.is_over(at("2001:db8:0:1::3"), now), "another network");
        patience.try_it(at("::ffff:10.0.0.1"), now);
        patience.try_it(at("10.0.0.1"), now);
        assert!(patience.is_over(at("10.0.0.1"), now), "written the other way");
        assert!(!patience.is_over(at("10.0.0.2"), now));
    }
}
