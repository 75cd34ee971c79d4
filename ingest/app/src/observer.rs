//! Answers what people and machines ask of the running platform.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use journal::View;
use pipeline::PipelineWatch;
use ports::{
    AlertFilter, AlertView, BoxFuture, Check, Clock, Console, ConsoleError, DeviceFilter, DeviceView, Identity, RecordError,
    Status, Store, Why,
};
use register::Register;
use schemas::{AlertId, Timestamp};

/// A reader that is this many messages behind is not ready to be believed.
const LAG: u64 = 100_000;
/// From here on the journal is nearly full.
const NEARLY_FULL: f64 = 0.8;
/// Bytes that must be free on the disk.
const FREE: u64 = 256 << 20;

/// The loops, or what they left.
pub(crate) enum Loops {
    Running(PipelineWatch),
    Stopped { journal: View, identity: Identity },
}

impl Loops {
    fn journal(&self) -> &View {
        match self {
            Loops::Running(watch) => watch.journal(),
            Loops::Stopped { journal, .. } => journal,
        }
    }

    fn identity(&self) -> Identity {
        match self {
            Loops::Running(watch) => watch.identity(),
            Loops::Stopped { identity, .. } => *identity,
        }
    }
}

pub(crate) struct Observer {
    pub(crate) city: String,
    pub(crate) demo: bool,
    pub(crate) started_at: Timestamp,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) loops: Loops,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) register: Arc<Register>,
    pub(crate) directory: PathBuf,
}

impl Observer {
    fn status(&self) -> Status {
        let (firing, pending) = self.register.alert_counts();
        let (waiting, dead) = self.register.outbox_counts();
        let journal = self.loops.journal();
        let (sources, readers) = match &self.loops {
            Loops::Running(watch) => (watch.sources(), watch.readers()),
            Loops::Stopped { .. } => (Vec::new(), Vec::new()),
        };
        let store = self.store.gauges();
        let mut status = Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            city: self.city.clone(),
            demo: self.demo,
            started_at: self.started_at,
            now: self.clock.now(),
            identity: self.loops.identity(),
            sources,
            readers,
            journal_first: journal.first(),
            journal_next: journal.next(),
            journal_bytes: journal.bytes(),
            journal_limit: journal.limit(),
            journal_syncs: journal.syncs(),
            store: store.kind.to_owned(),
            store_series: store.series,
            store_readings: store.flushed + store.unflushed,
            store_unflushed: store.unflushed,
            store_bytes: store.bytes,
            devices: self.register.device_count(),
            alerts_firing: firing,
            alerts_pending: pending,
            outbox_waiting: waiting,
            outbox_dead: dead,
            checks: Vec::new(),
        };
        status.checks = self.checks(&status);
        status
    }

    fn checks(&self, status: &Status) -> Vec<Check> {
        let check = |name: &str, ok: bool, text: String| Check { name: name.to_owned(), ok, text };
        let (full, disk_full) = match &self.loops {
            Loops::Running(watch) => {
                (watch.keeper().journal_full.load(Ordering::Relaxed), watch.keeper().disk_full.load(Ordering::Relaxed))
            }
            Loops::Stopped { .. } => (false, false),
        };
        #[expect(clippy::cast_precision_loss, reason = "a share of a size, shown in whole percent")]
        let share = status.journal_bytes as f64 / status.journal_limit.max(1) as f64;
        let free = free_bytes(&self.directory);
        let mut checks = vec![
            check("journal", !full && share < NEARLY_FULL, format!("{:.0} % of its limit{}", share * 100.0, held(full))),
            check(
                "disk",
                !disk_full && free.is_none_or(|f| f >= FREE),
                free.map_or_else(|| "unknown".to_owned(), |f| format!("{} MiB free", f >> 20)) + held(disk_full),
            ),
            check("identity", status.identity.balances(), format!("{} received", status.identity.received)),
        ];
        for reader in &status.readers {
            let text = reader.trouble.clone().unwrap_or_else(|| format!("{} messages behind", reader.lag));
            checks.push(check(&reader.name, reader.trouble.is_none() && reader.lag < LAG, text));
        }
        for source in &status.sources {
            checks.push(check(&source.name, source.up, source.trouble.clone().unwrap_or_else(|| source.address.clone())));
        }
        checks
    }
}

/// What a disk or a journal without room means.
fn held(full: bool) -> &'static str {
    if full { ": full, nothing is acknowledged until there is room" } else { "" }
}

/// Bytes free for this user where the directory stands.
pub(crate) fn free_bytes(directory: &std::path::Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(directory).ok()?;
    Some(stat.f_bavail * stat.f_frsize)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, RecordError> + Send + 'static) -> Result<T, ConsoleError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(RecordError::Unavailable("the question was broken off".to_owned()))).map_err(ConsoleError::from)
}

/// The console; cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk(pub(crate) Arc<Observer>);

impl Console for Desk {
    fn status(&self) -> BoxFuture<'_, Result<Status, ConsoleError>> {
        Box::pin(async { Ok(self.0.status()) })
    }

    fn devices<'a>(&'a self, filter: &'a DeviceFilter) -> BoxFuture<'a, Result<Vec<DeviceView>, ConsoleError>> {
        let (observer, filter) = (Arc::clone(&self.0), filter.clone());
        Box::pin(blocking(move || observer.register.devices_page(&filter)))
    }

    fn alerts<'a>(&'a self, filter: &'a AlertFilter) -> BoxFuture<'a, Result<Vec<AlertView>, ConsoleError>> {
        let (observer, filter) = (Arc::clone(&self.0), filter.clone());
        Box::pin(blocking(move || observer.register.alerts(&filter)))
    }

    fn why<'a>(&'a self, alert: &'a AlertId) -> BoxFuture<'a, Result<Option<Why>, ConsoleError>> {
        let (observer, alert) = (Arc::clone(&self.0), alert.clone());
        Box::pin(blocking(move || observer.register.why(&alert)))
    }
}
