//! Servers, and a place on them for each test: a tenant of the cluster, or a single node emptied between two.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ports::{Appended, BoxFuture, Caps, Points, Query, Selector, Store, StoreError, StoreGauges};
use schemas::{DeviceId, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};
use services::Victoria as Servers;
use store::conformance::Ground;
use store_victoria::{Settings, Victoria};
use tempfile::TempDir;

pub(crate) struct Prepared {
    pub(crate) servers: Arc<Servers>,
    cluster: bool,
    tenants: AtomicU32,
    _directory: TempDir,
}

pub(crate) fn settings(servers: &Servers, tenant: Option<String>) -> Settings {
    Settings {
        write_url: format!("http://{}", servers.write),
        read_url: format!("http://{}", servers.read),
        tenant,
        token: None,
        token_file: None,
        ca_file: None,
        client_cert_file: None,
        client_key_file: None,
        timeout: Duration::from_secs(60),
        query_timeout: Duration::from_secs(120),
        trail: Duration::ZERO,
        look_back: Duration::from_secs(10 * 365 * 86_400),
        lines: 5_000,
    }
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a test may have threads");
    runtime.block_on(future)
}

impl Prepared {
    /// None where they are not installed.
    pub(crate) fn start(cluster: bool) -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let servers = if cluster { Servers::cluster(directory.path()) } else { Servers::single(directory.path()) }?;
        Some(Self { servers: Arc::new(servers), cluster, tenants: AtomicU32::new(0), _directory: directory })
    }

    pub(crate) fn ground(&self) -> Place {
        let tenant = self.tenants.fetch_add(1, Ordering::Relaxed);
        let tenant = self.cluster.then(|| format!("{}:7", tenant + 1));
        Place { settings: settings(&self.servers, tenant), servers: Arc::clone(&self.servers), fresh: true }
    }
}

pub(crate) struct Place {
    settings: Settings,
    servers: Arc<Servers>,
    fresh: bool,
}

impl Ground for Place {
    type Open = Shown;

    async fn open(&mut self) -> Shown {
        // As after the time that a program takes to begin again.
        self.servers.show();
        let store = Victoria::new(&self.settings).expect("good settings");
        if std::mem::replace(&mut self.fresh, false) && self.settings.tenant.is_none() {
            store.forget(&Selector::default(), Timestamp::MIN..Timestamp::MAX).await.expect("the node can be emptied");
        }
        Shown { store, servers: Arc::clone(&self.servers) }
    }

    fn durable(&self) -> bool {
        true
    }
}

/// The store with servers that show at once what they took, where it would wait until they do by themselves.
pub(crate) struct Shown {
    store: Victoria,
    servers: Arc<Servers>,
}

impl Store for Shown {
    fn append<'a>(&'a self, batch: &'a [Reading]) -> BoxFuture<'a, Result<Appended, StoreError>> {
        self.store.append(batch)
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.servers.show();
        self.store.flush()
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
