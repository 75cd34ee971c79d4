//! How much of the API one client may ask: so many requests, and so much of the store's time, a minute.
//!
//! Both are buckets that fill steadily and hold a minute's worth. What a request costs the store is known when it is answered, so
//! that a dear one may overdraw its bucket, and the next one waits until that is made up for.
//!
//! Deliberately absent: pages, which share their looks at the store; and whoever is on this machine, whom nothing else limits
//! either.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ports::{Means, Viewer};
use tokio::time::Instant;

use crate::{Settings, budget};

/// Shares are added and taken off sixty times and more: so much is lost on the way.
const ROUNDING: f64 = 1e-9;
/// Clients of whom a bucket is kept: more than ask within a minute. Beyond it, those that are not known share one.
const CLIENTS: usize = 10_000;
/// What a bucket holds.
const MINUTE: Duration = Duration::from_secs(60);

/// Who asks, as far as limits go.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Client {
    /// Whoever has said who they are: a user, or a token.
    Named(String),
    /// Where a request comes from; of IPv6 the network, of which one client has all addresses.
    At(IpAddr),
    /// All those of whom nothing is known.
    Others,
}

impl Client {
    /// None for whoever is not limited.
    pub(super) fn of(viewer: &Viewer, address: Option<IpAddr>) -> Option<Self> {
        match viewer.means {
            Means::Open | Means::Local => None,
            Means::Session | Means::Token => Some(Self::Named(viewer.name.clone())),
            Means::Nobody => Some(address.map_or(Self::Others, |address| Self::At(network(address)))),
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

/// What a client has left, of a minute's worth of each; below 0 where it is overdrawn.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Shares of a minute's worth, 1 when full.
    requests: f64,
    search: f64,
    at: Instant,
}

impl Bucket {
    const fn full(at: Instant) -> Self {
        Self { requests: 1.0, search: 1.0, at }
    }

    fn filled(self, now: Instant) -> Self {
        let more = now.saturating_duration_since(self.at).as_secs_f64() / MINUTE.as_secs_f64();
        Self { requests: (self.requests + more).min(1.0), search: (self.search + more).min(1.0), at: now }
    }
}

/// What each client has asked of late.
#[derive(Debug)]
pub(super) struct Allowance {
    /// Of a minute; 0 for no limit.
    requests: u32,
    search: Duration,
    buckets: Mutex<HashMap<Client, Bucket>>,
}

impl Allowance {
    pub(super) fn new(settings: &Settings) -> Self {
        Self { requests: settings.client_requests, search: settings.client_search, buckets: Mutex::default() }
    }

    /// Takes a request off what a client has left, and what it costs when the bill is dropped, however the request ends.
    ///
    /// # Errors
    /// There is nothing left; how long until there is.
    pub(super) fn open(&self, client: Client, now: Instant) -> Result<Bill<'_>, Duration> {
        self.ask(&client, now)?;
        Ok(Bill { allowance: self, client })
    }

    fn ask(&self, client: &Client, now: Instant) -> Result<(), Duration> {
        self.at(client, now, |bucket| {
            let one = share(1.0, f64::from(self.requests));
            // The lack of requests ends when there is one again, that of search when the debt is paid.
            let lack = f64::max(one - bucket.requests, -bucket.search);
            if lack > ROUNDING {
                return Err(MINUTE.mul_f64(lack));
            }
            bucket.requests -= one;
            Ok(())
        })
    }

    /// Takes off what a request has had the store search.
    fn searched(&self, client: &Client, spent: Duration, now: Instant) {
        self.at(client, now, |bucket| bucket.search -= share(spent.as_secs_f64(), self.search.as_secs_f64()));
    }

    fn at<T>(&self, client: &Client, now: Instant, deed: impl FnOnce(&mut Bucket) -> T) -> T {
        // Whatever a panic left is a number that fills again.
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= CLIENTS && !buckets.contains_key(client) {
            // A full one says no more than none.
            buckets.retain(|_, bucket| {
                let Bucket { requests, search, .. } = bucket.filled(now);
                requests < 1.0 || search < 1.0
            });
        }
        let client = if buckets.len() < CLIENTS || buckets.contains_key(client) { client.clone() } else { Client::Others };
        let bucket = buckets.entry(client).or_insert(Bucket::full(now));
        *bucket = bucket.filled(now);
        deed(bucket)
    }
}

/// What a request under way will have cost.
pub(super) struct Bill<'a> {
    allowance: &'a Allowance,
    client: Client,
}

impl Drop for Bill<'_> {
    fn drop(&mut self) {
        self.allowance.searched(&self.client, budget::spent(), Instant::now());
    }
}

/// The share of a whole; of one that is 0, which is no limit, nothing.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowance(requests: u32, search: u64) -> Allowance {
        Allowance { requests, search: Duration::from_secs(search), buckets: Mutex::default() }
    }

    fn at(text: &str) -> Client {
        Client::of(&Viewer::nobody(), Some(text.parse().unwrap())).unwrap()
    }

    #[test]
    fn a_client_has_a_minutes_worth_at_once_and_then_as_much_as_comes_in() {
        let (allowance, start) = (allowance(60, 0), Instant::now());
        let client = at("192.0.2.1");
        for _ in 0..60 {
            allowance.ask(&client, start).unwrap();
        }
        let wait = allowance.ask(&client, start).unwrap_err();
        assert!(wait > Duration::from_millis(900) && wait <= Duration::from_millis(1001), "{wait:?}");
        assert!(allowance.ask(&at("192.0.2.2"), start).is_ok(), "another is not held up");
        assert!(allowance.ask(&client, start + wait).is_ok());
        assert!(allowance.ask(&client, start + wait).is_err());
    }

    #[test]
    fn a_dear_question_is_answered_and_the_next_one_waits_until_it_is_made_up_for() {
        let (allowance, start) = (allowance(600, 30), Instant::now());
        let client = Client::Named("grafana".to_owned());
        allowance.ask(&client, start).unwrap();
        allowance.searched(&client, Duration::from_secs(45), start);
        // 15 s more than there were; 30 s come in a minute.
        let wait = allowance.ask(&client, start).unwrap_err();
        assert!((wait.as_secs_f64() - 30.0).abs() < 0.1, "{wait:?}");
        assert!(allowance.ask(&client, start + wait + Duration::from_millis(1)).is_ok());
    }

    #[test]
    fn no_limit_is_none_and_who_is_on_this_machine_has_none() {
        let (allowance, now) = (allowance(0, 0), Instant::now());
        for _ in 0..10_000 {
            allowance.ask(&Client::Others, now).unwrap();
            allowance.searched(&Client::Others, Duration::from_secs(60), now);
        }
        for viewer in [Viewer::open(), Viewer::local()] {
            assert_eq!(Client::of(&viewer, Some("127.0.0.1".parse().unwrap())), None);
        }
    }

    #[test]
    fn of_ipv6_the_network_is_one_client() {
        assert_eq!(at("2001:db8:1:2::1"), at("2001:db8:1:2:ffff::9"));
        assert_ne!(at("2001:db8:1:2::1"), at("2001:db8:1:3::1"));
        assert_eq!(at("::ffff:192.0.2.1"), at("192.0.2.1"));
    }

    #[test]
    fn more_clients_than_are_kept_share_one_bucket_and_memory_is_bounded() {
        let (allowance, now) = (allowance(2, 0), Instant::now());
        let numbered = |n: u32| Client::At(IpAddr::from(n.to_be_bytes()));
        for n in 0..u32::try_from(CLIENTS).unwrap() {
            allowance.ask(&numbered(n), now).unwrap();
        }
        for n in 0..2 {
            allowance.ask(&numbered(1_000_000 + n), now).unwrap();
        }
        assert!(allowance.ask(&numbered(1_000_002), now).is_err(), "the strangers' bucket is empty");
        assert!(allowance.ask(&numbered(7), now).is_ok(), "who is known has its own");
        assert!(allowance.buckets.lock().unwrap().len() <= CLIENTS + 1);
        // A minute later they are all forgotten.
        allowance.ask(&numbered(2_000_000), now + MINUTE).unwrap();
        assert!(allowance.buckets.lock().unwrap().len() < 10);
    }
}
