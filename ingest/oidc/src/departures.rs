//! Who is at the directory: what was sent with them, kept in memory for a few minutes, and taken once.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemas::Timestamp;
use sha2::{Digest, Sha256};

/// How long somebody may take to sign in there.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
/// Who may be there at one time. One more makes the oldest begin anew.
const MOST: usize = 10_000;
/// Of one address: nobody else has to begin anew because of it. Behind one address may be a whole office.
const OF_ONE: usize = 100;

/// What was sent with somebody.
#[derive(Clone)]
pub(crate) struct Sent {
    /// Comes back inside the ID token.
    pub(crate) nonce: String,
    /// Shows that whoever trades the code is who asked for it (PKCE).
    pub(crate) verifier: String,
    /// Where they want to go.
    pub(crate) next: String,
}

/// What a browser carries.
pub(crate) struct Carried {
    /// In its cookie.
    pub(crate) ticket: String,
    /// Through the directory and back.
    pub(crate) state: String,
}

struct Gone {
    sent: Sent,
    from: Option<IpAddr>,
    until: Timestamp,
}

/// Everybody who is there.
#[derive(Default)]
pub(crate) struct Departures {
    /// By what both of a browser's secrets are kept as.
    gone: Mutex<HashMap<[u8; 32], Gone>>,
}

fn place(ticket: &str, state: &str) -> [u8; 32] {
    // Neither holds a point.
    Sha256::digest(format!("{ticket}.{state}")).into()
}

/// 256 bits of chance, as 43 characters of an address.
fn fresh() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

impl Departures {
    /// Somebody leaves.
    pub(crate) fn leave(&self, next: String, from: Option<IpAddr>, now: Timestamp) -> Result<(Carried, Sent), getrandom::Error> {
        let carried = Carried { ticket: fresh()?, state: fresh()? };
        let sent = Sent { nonce: fresh()?, verifier: fresh()?, next };
        let from = from.map(network);
        let mut gone = self.lock();
        gone.retain(|_, gone| now < gone.until);
        let of_one = from.map_or(0, |_| gone.values().filter(|gone| gone.from == from).count());
        if of_one >= OF_ONE {
            forget_oldest(&mut gone, |gone| gone.from == from);
        } else if gone.len() >= MOST {
            forget_oldest(&mut gone, |_| true);
        }
        let until = now.plus(PATIENCE);
        gone.insert(place(&carried.ticket, &carried.state), Gone { sent: sent.clone(), from, until });
        Ok((carried, sent))
    }

    /// Somebody comes back: once, in the same browser, and in time.
    pub(crate) fn back(&self, ticket: &str, state: &str, now: Timestamp) -> Option<Sent> {
        let gone = self.lock().remove(&place(ticket, state))?;
        (now < gone.until).then_some(gone.sent)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Gone>> {
        // What stands inside is replaced in one step.
        self.gone.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget_oldest(gone: &mut HashMap<[u8; 32], Gone>, of: impl Fn(&Gone) -> bool) {
    let oldest = gone.iter().filter(|(_, gone)| of(gone)).min_by_key(|(_, gone)| gone.until).map(|(place, _)| *place);
    if let Some(oldest) = oldest {
        gone.remove(&oldest);
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

    fn at(seconds: u64) -> Timestamp {
        Timestamp::clamped(0).plus(Duration::from_secs(seconds))
    }

    #[test]
    fn whoever_leaves_comes_back_once_in_time_and_in_the_same_browser() {
        let departures = Departures::default();
        let (carried, sent) = departures.leave("/fr/".to_owned(), None, at(0)).unwrap();
        let (other, _) = departures.leave("/en/".to_owned(), None, at(0)).unwrap();
        assert!(departures.back(&other.ticket, &carried.state, at(1)).is_none(), "another browser");
        let back = departures.back(&carried.ticket, &carried.state, at(2)).expect("the same one");
        assert_eq!((back.next.as_str(), back.nonce), ("/fr/", sent.nonce));
        assert!(departures.back(&carried.ticket, &carried.state, at(3)).is_none(), "twice");
        assert!(departures.back(&other.ticket, &other.state, at(601)).is_none(), "too late");
    }

    #[test]
    fn one_address_that_leaves_without_end_sends_nobody_else_back_to_the_beginning() {
        let departures = Departures::default();
        let (carried, _) = departures.leave("/".to_owned(), "192.0.2.1".parse().ok(), at(0)).unwrap();
        for n in 0..1000 {
            let one_of_a_network = format!("2001:db8::{n:x}").parse().ok();
            departures.leave("/".to_owned(), one_of_a_network, at(1)).unwrap();
        }
        assert_eq!(departures.lock().len(), 1 + OF_ONE);
        assert!(departures.back(&carried.ticket, &carried.state, at(2)).is_some());
    }
}
