//! A server with a first user, and new buckets on it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use schemas::{DeviceId, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};
use services::Influxd;
use store::conformance::{Ground, Rolling};
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
    type Open = Rolling<Influx>;

    async fn open(&mut self) -> Rolling<Influx> {
        if !std::mem::replace(&mut self.made, true) {
            make(&self.settings).await;
        }
        Rolling::new(Influx::new(&self.settings).expect("good settings"), self.rolls, || {})
    }

    fn durable(&self) -> bool {
        true
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
