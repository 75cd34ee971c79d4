//! Answers what people and machines ask of the running platform.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use journal::View;
use pipeline::PipelineWatch;
use ports::{
    AlertFilter, AlertView, BoxFuture, Check, Clock, Console, ConsoleError, DeviceFilter, DeviceView, Holding, Identity,
    RecordError, Status, Store, Why,
};
use register::Register;
use schemas::{AlertId, Catalogue, Device, Timestamp};

/// A reader that is this many messages behind is not ready to be believed.
const LAG: u64 = 100_000;
/// From here on the journal is nearly full.
const NEARLY_FULL: f64 = 0.8;
/// Bytes that must be free on the disk.
const FREE: u64 = 256 << 20;

/// The loops, or what they left.
pub(crate) enum Loops {
    Running(PipelineWatch),
    Stopped { journal: View, identity: Identity, catalogue: Arc<Catalogue>, quarantine: Holding },
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

    /// The devices that files and adoption list.
    fn catalogue(&self) -> Arc<Catalogue> {
        match self {
            Loops::Running(watch) => Arc::clone(watch.feed().decoder().catalogue()),
            Loops::Stopped { catalogue, .. } => Arc::clone(catalogue),
        }
    }

    fn quarantine(&self) -> Holding {
        match self {
            Loops::Running(watch) => watch.quarantine(),
            Loops::Stopped { quarantine, .. } => *quarantine,
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
            quarantine: self.loops.quarantine(),
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
        // Shown, and never red: what it says is for a person to decide, and ingestion is well.
        checks.push(check("quarantine", true, waiting(&status.quarantine)));
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

/// How the quarantine stands, and what it will forget.
fn waiting(quarantine: &Holding) -> String {
    let share = format!("{} messages wait, {} % of its limit", quarantine.messages, quarantine.percent());
    quarantine.outlook().map_or_else(|| share.clone(), |outlook| format!("{share}: {outlook}"))
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

/// Runs what waits for a disk where it holds nobody else.
pub(crate) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<RecordError> + Send + 'static,
{
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err(RecordError::Unavailable("the question was broken off".to_owned()).into()))
}

/// Devices that were heard and devices that are only listed, by id.
fn known(heard: Vec<DeviceView>, catalogue: &Catalogue, filter: &DeviceFilter) -> Vec<DeviceView> {
    // Of the listed ones only those up to the end of this page of the heard ones.
    let last = heard.last().filter(|_| heard.len() >= filter.limit).map(|view| view.device.id.clone());
    let listed = catalogue.devices().filter(|device| {
        filter.id.as_ref().is_none_or(|id| *id == device.id)
            && filter.kind.is_none_or(|kind| kind == device.kind)
            && filter.zone.as_ref().is_none_or(|zone| *zone == device.zone)
            && filter.after.as_ref().is_none_or(|after| device.id > *after)
            && last.as_ref().is_none_or(|last| device.id <= *last)
    });
    // A city lists many more than a page holds: only those of this page are put in order.
    let mut listed: Vec<&Device> = listed.collect();
    if listed.len() > filter.limit {
        listed.select_nth_unstable_by(filter.limit, |a, b| a.id.cmp(&b.id));
        listed.truncate(filter.limit);
    }
    let mut views: BTreeMap<_, _> = heard.into_iter().map(|view| (view.device.id.clone(), view)).collect();
    for device in listed {
        // How it is listed now, not as it was when it was heard.
        let seen = views.remove(&device.id).map(|view| (view.first_seen, view.last_seen, view.firmware));
        let (first_seen, last_seen, firmware) = seen.unwrap_or_default();
        views.insert(device.id.clone(), DeviceView { device: device.clone(), first_seen, last_seen, firmware });
    }
    views.into_values().take(filter.limit).collect()
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
        Box::pin(blocking(move || {
            let heard = observer.register.devices_page(&filter)?;
            Ok(known(heard, &observer.loops.catalogue(), &filter))
        }))
    }

    fn alerts<'a>(&'a self, filter: &'a AlertFilter) -> BoxFuture<'a, Result<Vec<AlertView>, ConsoleError>> {
        let (observer, filter) = (Arc::clone(&self.0), filter.clone());
        Box::pin(blocking(move || Ok(observer.register.alerts(&filter)?)))
    }

    fn why<'a>(&'a self, alert: &'a AlertId) -> BoxFuture<'a, Result<Option<Why>, ConsoleError>> {
        let (observer, alert) = (Arc::clone(&self.0), alert.clone());
        Box::pin(blocking(move || Ok(observer.register.why(&alert)?)))
    }
}

#[cfg(test)]
mod tests {
    use schemas::Kind;

    use super::*;

    fn device(n: u32) -> Device {
        Device::new(format!("d{n:02}").parse().unwrap(), Kind::WASTE, "anfa".parse().unwrap())
    }

    #[test]
    fn devices_heard_and_devices_listed_are_paged_together_each_once() {
        // Every second one was heard, every third one is listed.
        let heard: Vec<DeviceView> = (0..30)
            .filter(|n| n % 2 == 0)
            .map(|n| {
                let seen = Some(Timestamp::MIN);
                DeviceView { device: device(n), first_seen: seen, last_seen: seen, firmware: None }
            })
            .collect();
        let label = |n| Device { label: Some("listed".to_owned()), ..device(n) };
        let catalogue: Catalogue = (0..30).rev().filter(|n| n % 3 == 0).map(label).collect();
        for limit in 1..=31 {
            let (mut all, mut after) = (Vec::new(), None);
            loop {
                let filter = DeviceFilter { after: after.clone(), limit, ..DeviceFilter::default() };
                let behind = heard.iter().filter(|view| after.as_ref().is_none_or(|after| view.device.id > *after));
                let page = known(behind.take(limit).cloned().collect(), &catalogue, &filter);
                assert!(page.len() <= limit);
                let Some(last) = page.last() else { break };
                after = Some(last.device.id.clone());
                all.extend(page);
            }
            let expected: Vec<u32> = (0..30).filter(|n| n % 2 == 0 || n % 3 == 0).collect();
            assert_eq!(all.len(), expected.len(), "pages of {limit}");
            for (view, n) in all.iter().zip(expected) {
                assert_eq!(view.device.id, device(n).id);
                assert_eq!((view.last_seen.is_some(), view.device.label.is_some()), (n % 2 == 0, n % 3 == 0), "{n}");
            }
        }
    }
}
