//! A pipeline over parts that outlive it, so that it can be broken, watched and started again.

use std::sync::Arc;
use std::time::Duration;

use bytesize::ByteSize;
use codec::{Decoder, Profiles};
use journal::testing::FaultyDisk;
use journal::{Disk, Journal};
use pipeline::{Bounds, Parts, Pipeline, PipelineWatch, Settings};
use ports::{AlertBook, AlertFilter, Live, Points, Quarantine, Query, Selector, Shape, Store};
use register::Register;
use rules::{Engine, RuleSet};
use schemas::{Catalogue, Message, Phase, Reading, Timestamp};
use store::Memory;
use tokio::sync::Notify;

use crate::{Away, Hatch, StillClock, message};

const RULES: &str = r#"
[[rule]]
id = "bin.full"
severity = "critical"
hold = "30s"
notify = ["log"]
[rule.when]
kind = "waste"
quantity = "waste.fill"
[rule.threshold]
above = 90.0
clear = 80.0
[rule.texts]
fr = "Bac {device} plein: {value}"
ar = "الحاوية {device} ممتلئة: {value}"
en = "Bin {device} full: {value}"
"#;

/// The parts, and how the pipeline over them is set.
pub struct House {
    /// Stands at [`noon`] until it is set.
    pub clock: Arc<StillClock>,
    /// Can be taken away.
    pub store: Arc<Away<Memory>>,
    /// On a real disk.
    pub register: Arc<Register>,
    /// What the historian takes for the quarantine: the register, until a test puts something before it.
    pub quarantine: Arc<dyn Quarantine>,
    /// How much may wait there.
    pub bounds: Bounds,
    /// Where the evaluator commits: the register, until a test puts something before it.
    pub alerts: Arc<dyn AlertBook>,
    /// State and cursor are committed at least this often.
    pub commit_every: Duration,
    /// How long a stop may take.
    pub drain: Duration,
    /// The journal's settings.
    pub journal: journal::Settings,
    /// The screens.
    pub live: Live,
    disk: Arc<dyn Disk>,
    _folder: tempfile::TempDir,
}

impl Default for House {
    fn default() -> Self {
        Self::on(Arc::new(FaultyDisk::new()))
    }
}

impl House {
    /// With its journal on this disk.
    ///
    /// # Panics
    /// If the register cannot be made.
    #[must_use]
    pub fn on(disk: Arc<dyn Disk>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let register = Arc::new(Register::open(&folder.path().join("register.db")).expect("a register"));
        Self {
            clock: StillClock::at(noon()),
            store: Away::new(Memory::default()),
            quarantine: Arc::clone(&register) as _,
            alerts: Arc::clone(&register) as _,
            commit_every: Duration::from_millis(50),
            register,
            bounds: Bounds { keep: Duration::from_secs(90 * 24 * 3600), limit: ByteSize::mib(64) },
            drain: Duration::from_secs(20),
            journal: journal::Settings { segment: ByteSize::kib(64), limit: ByteSize::mib(64), keep: ByteSize::b(0) },
            live: Live::new(4),
            disk,
            _folder: folder,
        }
    }

    /// Starts a pipeline that knows no device, and gives the hatch by which it is fed.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    pub fn open(&self) -> (Pipeline, Hatch) {
        let (journal, _) = Journal::open(Arc::clone(&self.disk), &self.journal).expect("a journal");
        let rules = RuleSet::parse(&[("rules.toml", RULES)]).expect("rules");
        let (hatch, source) = Hatch::new();
        let pipeline = Pipeline::start(Parts {
            settings: Settings {
                flush_every: Duration::from_millis(50),
                flush_readings: 10_000,
                commit_every: self.commit_every,
                drain: self.drain,
            },
            journal,
            decoder: decoder(Catalogue::default()),
            store: Arc::clone(&self.store) as _,
            quarantine: Arc::clone(&self.quarantine),
            bounds: self.bounds,
            devices: Arc::clone(&self.register) as _,
            births: Arc::clone(&self.register) as _,
            alerts: Arc::clone(&self.alerts),
            engine: Engine::new(Arc::new(rules)),
            sources: vec![Box::new(source)],
            live: self.live.clone(),
            outbox: Arc::new(Notify::new()),
            clock: Arc::clone(&self.clock) as _,
            told_within: pipeline::TOLD_WITHIN,
        });
        (pipeline.expect("it starts"), hatch)
    }

    /// Alerts of any phase, by device.
    ///
    /// # Panics
    /// If the register cannot be read.
    #[must_use]
    pub fn phases(&self) -> Vec<(String, Phase)> {
        let filter =
            AlertFilter { phases: vec![Phase::Pending, Phase::Firing, Phase::Resolved], limit: 1000, ..AlertFilter::default() };
        let alerts = self.register.alerts(&filter).expect("alerts");
        alerts.into_iter().map(|a| (a.series.device.to_string(), a.phase)).collect()
    }

    /// All that is stored.
    ///
    /// # Panics
    /// Never: the store is in memory.
    pub async fn stored(&self) -> Vec<Reading> {
        let query =
            Query { select: Selector::default(), range: Timestamp::MIN..Timestamp::MAX, shape: Shape::Raw, limit: usize::MAX };
        match self.store.inner().scan(&query).await.expect("an answer") {
            Points::Raw { readings, .. } => readings,
            Points::Hourly { .. } => unreachable!("raw was asked"),
        }
    }
}

/// A decoder with the built-in profiles, for these devices.
///
/// # Panics
/// If a device has another profile.
#[must_use]
pub fn decoder(devices: Catalogue) -> Arc<Decoder> {
    let profiles = Profiles::built_in().expect("the built-in profiles");
    Arc::new(Decoder::new(Arc::new(devices), profiles).expect("profiles that there are"))
}

/// Noon of the day on which everything happens.
///
/// # Panics
/// Never.
#[must_use]
pub fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("an instant")
}

/// So many seconds after noon.
#[must_use]
pub fn after(seconds: u64) -> Timestamp {
    noon().plus(Duration::from_secs(seconds))
}

/// What a bin says of itself in Marsad's own JSON.
#[must_use]
pub fn fill(device: &str, value: f64, at: Timestamp) -> Message {
    let payload = format!(r#"{{"v":1,"time":"{at}","values":{{"waste.fill":{value}}}}}"#);
    message(&format!("marsad/anfa/waste/{device}/up"), payload, at)
}

/// Awaits a condition; a minute of patience is far more than any of them takes.
///
/// # Panics
/// If the minute is over.
pub async fn met(what: &str, mut condition: impl FnMut() -> bool) {
    let asked = tokio::time::timeout(Duration::from_secs(60), async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(asked.await.is_ok(), "waited in vain for {what}");
}

/// Waits until so many messages were received and every reader has passed them. The account must
/// balance all the while.
///
/// # Panics
/// If it does not, or a minute is over.
pub async fn caught_up(watch: &PipelineWatch, received: u64) {
    met("the readers to catch up", || {
        let identity = watch.identity();
        assert!(identity.balances(), "{identity:?}");
        identity.received == received && watch.readers().iter().all(|r| r.lag == 0)
    })
    .await;
}
