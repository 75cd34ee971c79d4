//! A server with a first user, and new buckets on it.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ports::{Appended, BoxFuture, Caps, Points, Query, Selector, Store, StoreError, StoreGauges};
use schemas::{DeviceId, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};
use services::Influxd;
use store::conformance::Ground;
use store_influx::{Access, Influx, Secret, Settings, Setup};
use tempfile::TempDir;

/// A prepared server; ends when dropped.
pub(crate) struct Prepared {
    pub(crate) server: Influxd,
    pub(crate) settings: Settings,
    buckets: AtomicUsize,
    _directory: TempDir,
}

pub(crate) fn settings(url: String) -> Settings {
    Settings {
        url,
        org: "city".to_owned(),
        bucket: "marsad".to_owned(),
        token: None,
        token_file: None,
        ca_file: None,
        client_cert_file: None,
        client_key_file: None,
        timeout: Duration::from_secs(60),
        query_timeout: Duration::from_secs(120),
        lines: 5_000,
        keep: Duration::ZERO,
        keep_hours: Duration::ZERO,
    }
}

pub(crate) fn first() -> Access {
    Access::First { user: "warden".to_owned(), password: Secret::new("correct horse battery") }
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a test may have threads");
    runtime.block_on(future)
}

impl Prepared {
    /// None where the server is not installed.
    pub(crate) fn start() -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let server = Influxd::start(directory.path())?;
        let mut settings = settings(server.url());
        let made = block_on(async { Setup::new(&settings).expect("an address").prepare(Some(first())).await });
        settings.token = made.expect("a fresh server is set up").token;
        assert!(settings.token.is_some(), "the first user gets a token");
        Some(Self { server, settings, buckets: AtomicUsize::new(0), _directory: directory })
    }

    /// Settings of a bucket that is not there yet.
    pub(crate) fn bucket(&self) -> Settings {
        let number = self.buckets.fetch_add(1, Ordering::Relaxed);
        Settings { bucket: format!("b{number}"), ..self.settings.clone() }
    }

    /// With hours rolled up at each flush, or without.
    pub(crate) fn ground(&self, rolls: bool) -> Bucket {
        Bucket { settings: self.bucket(), made: false, rolls }
    }
}

/// Makes the bucket.
pub(crate) async fn make(settings: &Settings) {
    let token = settings.token.clone().expect("a prepared server");
    let setup = Setup::new(settings).expect("an address");
    setup.prepare(Some(Access::Token(token))).await.expect("the bucket can be made");
}

/// A bucket of its own.
pub(crate) struct Bucket {
    pub(crate) settings: Settings,
    made: bool,
    rolls: bool,
}

impl Ground for Bucket {
    type Open = Rolling;

    async fn open(&mut self) -> Rolling {
        if !std::mem::replace(&mut self.made, true) {
            make(&self.settings).await;
        }
        Rolling { store: Influx::new(&self.settings).expect("good settings"), rolls: self.rolls }
    }

    fn durable(&self) -> bool {
        true
    }
}

/// The store, which is asked at each flush to put by what hours come to.
pub(crate) struct Rolling {
    pub(crate) store: Influx,
    rolls: bool,
}

impl Rolling {
    /// Until nothing is left to be done; how many hours were written.
    pub(crate) async fn roll(&self) -> Result<u64, StoreError> {
        let (now, mut hours) = (Timestamp::clamped(jiff::Timestamp::now().as_millisecond()), 0);
        loop {
            let rolled = self.store.roll_up(now).await?;
            hours += rolled.hours;
            if !rolled.more {
                return Ok(hours);
            }
        }
    }
}

impl Store for Rolling {
    fn append<'a>(&'a self, batch: &'a [Reading]) -> BoxFuture<'a, Result<Appended, StoreError>> {
        self.store.append(batch)
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            self.store.flush().await?;
            if self.rolls {
                self.roll().await?;
            }
            Ok(())
        })
    }

    fn scan<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Result<Points, StoreError>> {
        self.store.scan(query)
    }

    fn latest<'a>(&'a self, select: &'a Selector) -> BoxFuture<'a, Result<Vec<Reading>, StoreError>> {
        self.store.latest(select)
    }

    fn forget<'a>(&'a self, select: &'a Selector, range: Range<Timestamp>) -> BoxFuture<'a, Result<u64, StoreError>> {
        self.store.forget(select, range)
    }

    fn caps(&self) -> Caps {
        self.store.caps()
    }

    fn gauges(&self) -> StoreGauges {
        self.store.gauges()
    }
}

pub(crate) fn fill(device: &str, at: i64, value: f64) -> Reading {
    Reading {
        series: SeriesKey { device: DeviceId::new(device).expect("a name"), quantity: Quantity::WASTE_FILL, channel: 0 },
        kind: Kind::WASTE,
        zone: Zone::new("anfa").expect("a name"),
        value,
        observed_at: Timestamp::clamped(at),
        received_at: Timestamp::clamped(at + 250),
        quality: Quality::GOOD,
    }
}
