//! Servers, and a place on them for each test: a tenant of a cluster, or a single node of its own. (What a node makes of
//! series that were deleted and come again is not what is tested.)

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use schemas::{DeviceId, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};
use services::Victoria as Servers;
use store::conformance::{Ground, Rolling};
use store_victoria::{Settings, Victoria};
use tempfile::TempDir;

pub(crate) struct Prepared {
    servers: Arc<Servers>,
    tenants: AtomicU32,
    directory: Arc<TempDir>,
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
    pub(crate) fn start() -> Option<Self> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let servers = Servers::cluster(directory.path())?;
        Some(Self { servers: Arc::new(servers), tenants: AtomicU32::new(0), directory: Arc::new(directory) })
    }

    /// A tenant of its own; with hours rolled up at each flush, or without.
    pub(crate) fn ground(&self, rolls: bool) -> Place {
        let tenant = self.tenants.fetch_add(1, Ordering::Relaxed);
        let settings = settings(&self.servers, Some(format!("{}:7", tenant + 1)));
        Place { settings, servers: Arc::clone(&self.servers), rolls, _directory: Arc::clone(&self.directory) }
    }
}

/// Whether a single node is installed, said loudly where it is not.
pub(crate) fn has_node() -> bool {
    services::binary("victoria-metrics").is_some()
}

/// A single node of its own; with hours rolled up at each flush, or without.
pub(crate) fn node(rolls: bool) -> Place {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let servers = Arc::new(Servers::single(directory.path()).expect("it is installed"));
    Place { settings: settings(&servers, None), servers, rolls, _directory: Arc::new(directory) }
}

pub(crate) struct Place {
    pub(crate) settings: Settings,
    servers: Arc<Servers>,
    rolls: bool,
    /// After the servers.
    _directory: Arc<TempDir>,
}

impl Ground for Place {
    type Open = Rolling<Victoria>;

    async fn open(&mut self) -> Rolling<Victoria> {
        // As after the time that a program takes to begin again.
        self.servers.show();
        let store = Victoria::new(&self.settings).expect("good settings");
        let servers = Arc::clone(&self.servers);
        Rolling::new(store, self.rolls, move || servers.show())
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
