//! A platform in process, on virtual time: real journal, real store, real register and all loops, behind a door by which a
//! scenario hands over messages. It can be stopped, cut off from its store, and lose its power.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use codec::{Decoder, Routes};
use dashboards::{House, Names, Parameters};
use domains::water::Pseudonyms;
use journal::testing::FaultyDisk;
use journal::{Disk, Journal, RealDisk};
use pipeline::{Parts, Pipeline, PipelineError, PipelineWatch};
use ports::{Clock, Live, Points, Quarantine as _, Query, Selector, Store as _};
use register::Register;
use rules::{Engine, RuleSet};
use schemas::{Catalogue, Message, Reading, Timestamp};
use settings::{Checked, Settings};
use simulators::{ActKind, City, Scenario};
use store::Embedded;
use tokio::sync::{Notify, mpsc};

use super::books::Books;
use super::door::{Door, Unspent};
use super::hands::Hands;
use super::mutant::{Deed, Mutant};
use super::reached::Reached;
use crate::failure::{Code, Failure};
use crate::shut::Shut;

/// Reads that wait at the door: while it is full, the scenario waits.
const WAITING: usize = 64;
/// Messages of one read.
const READ: usize = 512;
/// How often to look whether readers have caught up.
const LOOK: Duration = Duration::from_micros(500);
/// How long a loop may stand still before the run counts as stuck.
const PATIENCE: Duration = Duration::from_secs(120);
/// Nobody waits for what is told: a minute of the city is over within milliseconds, and the state of each device is written once
/// for many of them.
const TOLD_WITHIN: Duration = Duration::from_secs(30);
/// How long a stop may take.
const DRAIN: Duration = Duration::from_secs(90);
/// How long a stop may take where nothing works any more.
const NO_POWER: Duration = Duration::from_millis(300);
/// Names the meters in answers.
const NO_SECRET: &[u8] = b"the key of a scenario is no secret";

/// The loops, and the way to them.
struct Running {
    pipeline: Pipeline,
    watch: PipelineWatch,
    way: mpsc::Sender<(u64, Vec<Message>)>,
}

/// See the module.
pub(crate) struct Stage {
    settings: Settings,
    checked: Checked,
    rules: Arc<RuleSet>,
    decoder: Arc<Decoder>,
    clock: Arc<Hands>,
    /// None only while it is opened anew.
    store: Option<Arc<Reached>>,
    pub(crate) register: Arc<Register>,
    disk: Option<FaultyDisk>,
    journal: PathBuf,
    running: Option<Running>,
    unspent: Unspent,
    reads: u64,
    /// Messages that were handed over again after a power failure.
    pub(crate) repeated: u64,
    mutant: Option<Deed>,
    _folder: tempfile::TempDir,
}

fn broken(cause: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Failed, format!("the platform under test: {cause}"))
}

impl Stage {
    /// Starts a platform that knows these devices, for a scenario. Where the power is to fail, its journal lies on a disk in
    /// memory that can lose what was not synced.
    pub(crate) fn open(
        settings: &Settings,
        mut checked: Checked,
        devices: Catalogue,
        scenario: &Scenario,
        mutant: Option<&Mutant>,
    ) -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("marsad-verify-").tempdir();
        let folder = folder.map_err(|cause| Failure::new(Code::Disk, format!("no temporary directory: {cause}")))?;
        let mut settings = settings.clone();
        settings.data.directory = folder.path().to_owned();
        settings.pipeline.drain = DRAIN;
        let register = Arc::new(Register::open(&settings.register_file()).map_err(broken)?);
        let decoder = Decoder::new(Arc::new(devices), checked.profiles.clone()).map_err(broken)?;
        let routes = Routes::only(checked.routes.iter().cloned().chain(City::routes()));
        let decoder = decoder.with_routes(routes).map_err(broken)?;
        let mutant = mutant.map(|mutant| mutant.deed);
        let rules = match mutant {
            Some(Deed::Condition(form)) => super::mutant::without(form, &settings, &scenario.rules)?,
            _ => Arc::clone(&checked.rules),
        };
        if let Some(Deed::Trusting(doubt)) = mutant {
            super::lenient::loosen(&mut checked.parameters, doubt);
        }
        let fragile = scenario.acts.iter().any(|act| act.what == ActKind::PowerLoss);
        let disk = fragile.then(FaultyDisk::new);
        if let (Some(disk), Some(Deed::LyingSync)) = (&disk, mutant) {
            disk.set_lies(true);
        }
        let mut stage = Self {
            journal: settings.journal_directory(),
            rules,
            checked,
            decoder: Arc::new(decoder),
            clock: Hands::at(scenario.world.start),
            store: None,
            register,
            disk,
            running: None,
            unspent: Unspent::default(),
            reads: 0,
            repeated: 0,
            mutant,
            settings,
            _folder: folder,
        };
        stage.start(DRAIN)?;
        Ok(stage)
    }

    fn start(&mut self, drain: Duration) -> Result<(), Failure> {
        let (journal, _) = Journal::open(self.disk()?, &self.settings.journal).map_err(broken)?;
        let mut engine = Engine::new(Arc::clone(&self.rules));
        engine.set_time_zone(self.checked.time.zone().clone());
        engine.set_calendar(Arc::new(self.checked.parameters.calendar.clone()));
        let (way, end) = mpsc::channel(WAITING);
        let hasty = self.mutant == Some(Deed::HastyAck);
        let store = self.open_store()?;
        let books = Arc::new(Books { register: Arc::clone(&self.register), mutant: self.mutant });
        let door = Door { way: end, unspent: Arc::clone(&self.unspent), hasty };
        let pipeline = Pipeline::start(Parts {
            settings: pipeline::Settings { drain, ..self.settings.pipeline.clone() },
            journal,
            decoder: Arc::clone(&self.decoder),
            store,
            quarantine: Arc::clone(&books) as _,
            bounds: self.settings.quarantine,
            devices: Arc::clone(&self.register) as _,
            births: Arc::clone(&self.register) as _,
            alerts: books,
            engine,
            sources: vec![Box::new(door)],
            live: Live::new(1),
            outbox: Arc::new(Notify::new()),
            clock: Arc::clone(&self.clock) as _,
            told_within: TOLD_WITHIN,
        });
        let pipeline = pipeline.map_err(broken)?;
        self.running = Some(Running { watch: pipeline.watch(), pipeline, way });
        Ok(())
    }

    fn disk(&self) -> Result<Arc<dyn Disk>, Failure> {
        Ok(match &self.disk {
            Some(disk) => Arc::new(disk.clone()),
            None => Arc::new(RealDisk::open(&self.journal).map_err(broken)?),
        })
    }

    /// Opens the store anew, as a start does: what is only in memory is gone.
    fn open_store(&mut self) -> Result<Arc<Reached>, Failure> {
        let away = match self.store.take() {
            None => false,
            Some(store) => Arc::into_inner(store).ok_or_else(|| broken("its store is still in use"))?.is_away(),
        };
        let inner = Embedded::open(&self.settings.store_directory(), &self.settings.store).map_err(broken)?;
        let store = Arc::new(Reached::new(inner, self.mutant));
        store.set_away(away);
        self.store = Some(Arc::clone(&store));
        Ok(store)
    }

    fn store(&self) -> Result<&Reached, Failure> {
        self.store.as_deref().ok_or_else(|| broken("its store is not open"))
    }

    fn running(&mut self) -> Result<&mut Running, Failure> {
        self.running.as_mut().ok_or_else(|| broken("it is not running"))
    }

    /// Hands over messages; returns before they are acknowledged.
    async fn offer(&mut self, messages: Vec<Message>) -> Result<(), Failure> {
        let mut messages = messages.into_iter().peekable();
        while messages.peek().is_some() {
            let read: Vec<Message> = messages.by_ref().take(READ).collect();
            self.reads += 1;
            let number = self.reads;
            self.unspent.0.lock().unwrap_or_else(PoisonError::into_inner).insert(number, read.clone());
            let way = self.running()?.way.clone();
            if way.send((number, read)).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Hands over messages, waits until they are acknowledged and judged, and lets time go on.
    pub(crate) async fn hear(&mut self, messages: Vec<Message>, now: Timestamp) -> Result<(), Failure> {
        self.offer(messages).await?;
        self.settle(false).await?;
        self.clock.set(now);
        let (clock, rules) = (Arc::clone(&self.clock), Arc::clone(&self.rules));
        let feed = &self.running()?.watch;
        // The rules that judge already: nothing is changed by it, and the evaluator wakes.
        let passed = clock.is_seen(|| feed.feed().set_rules(Arc::clone(&rules), now));
        tokio::time::timeout(PATIENCE, passed).await.map_err(|_| broken("its evaluator has stood still for two minutes"))
    }

    /// Waits until all that was handed over is acknowledged and judged; and stored too, if `stored`.
    async fn settle(&mut self, stored: bool) -> Result<(), Failure> {
        let unspent = Arc::clone(&self.unspent);
        let running = self.running()?;
        let (watch, pipeline) = (&running.watch, &mut running.pipeline);
        let settled = async {
            while !unspent.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                let moved = tokio::time::timeout(PATIENCE, unspent.1.notified());
                moved.await.map_err(|_| broken("it has acknowledged nothing for two minutes"))?;
            }
            // Silence is judged only behind all that was heard: time waits for the evaluator.
            let waits = |r: &ports::ReaderStatus| r.name == "evaluator" || (stored && r.name == "historian");
            let (mut before, mut moved) = (u64::MAX, Instant::now());
            loop {
                let behind: u64 = watch.readers().iter().filter(|r| waits(r)).map(|r| r.lag).sum();
                match behind {
                    0 => return Ok(()),
                    now if now < before => (before, moved) = (now, Instant::now()),
                    _ if moved.elapsed() > PATIENCE => return Err(broken("it has stood still for two minutes")),
                    _ => {}
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        // Dropping either loses nothing: both only look.
        tokio::select! {
            settled = settled => settled,
            ended = pipeline.broken() => Err(broken(told(ended))),
        }
    }

    /// Takes the store away, or brings it back.
    pub(crate) fn set_store_away(&self, away: bool) -> Result<(), Failure> {
        self.store()?.set_away(away);
        Ok(())
    }

    /// Stops it properly and starts it again.
    pub(crate) async fn restart(&mut self) -> Result<(), Failure> {
        self.stop().await?;
        self.start(DRAIN)
    }

    /// Stops it. All that was heard is stored and judged then, up to the present.
    pub(crate) async fn stop(&mut self) -> Result<(), Failure> {
        self.settle(true).await?;
        let Some(Running { pipeline, way, .. }) = self.running.take() else { return Ok(()) };
        drop(way);
        pipeline.stop().await.map_err(broken)
    }

    /// The power fails while these messages come. What was not acknowledged is sent again after the start.
    pub(crate) async fn lose_power(&mut self, messages: Vec<Message>, seed: u64) -> Result<(), Failure> {
        let Some(disk) = self.disk.clone() else { return Err(broken("its disk cannot lose what was not synced")) };
        // The next stop is a short one: nothing works any more.
        self.stop().await?;
        self.start(NO_POWER)?;
        let (first, rest) = messages.split_at(messages.len() / 2);
        self.offer(first.to_vec()).await?;
        self.settle(false).await?;
        disk.stop_after(seed % 3);
        self.offer(rest.to_vec()).await?;
        if let Some(Running { mut pipeline, way, .. }) = self.running.take() {
            if !rest.is_empty() {
                // How it ends does not matter: the machine has no power.
                let _ = tokio::time::timeout(PATIENCE, pipeline.broken()).await;
            }
            drop(way);
            let _ = pipeline.stop().await;
        }
        disk.crash(seed);
        self.start(DRAIN)?;
        let again: Vec<Message> = {
            let mut unspent = self.unspent.0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *unspent).into_values().flatten().collect()
        };
        self.repeated += again.len() as u64;
        self.offer(again).await
    }

    /// The account, at rest.
    pub(crate) fn identity(&mut self) -> Result<ports::Identity, Failure> {
        Ok(self.running()?.watch.identity())
    }

    /// Readings observed in a span.
    pub(crate) async fn stored(&self, range: Range<Timestamp>) -> Result<Vec<Reading>, Failure> {
        let query = Query { select: Selector::default(), range, shape: ports::Shape::Raw, limit: usize::MAX };
        match self.store()?.inner.scan(&query).await.map_err(broken)? {
            Points::Raw { readings, .. } => Ok(readings),
            Points::Hourly { .. } => Ok(Vec::new()),
        }
    }

    /// What pages and API are made of once it is stopped, and how single meters are named there.
    pub(crate) fn house(&self) -> Result<(House, Names), Failure> {
        let (journal, _) = Journal::open(self.disk()?, &self.settings.journal).map_err(broken)?;
        let (journal, clock) = (journal.view(), Arc::clone(&self.clock) as Arc<dyn Clock>);
        let holding = self.register.holding(self.settings.quarantine.aged_before(clock.now())).map_err(broken)?;
        // Nobody lives behind simulated meters.
        let names = Names::Made(Pseudonyms::new(NO_SECRET).map_err(broken)?);
        let parameters = Parameters { pseudonyms: Some(names.clone()), ..self.checked.parameters.clone() };
        let shut = Shut {
            identity: pipeline::standing(&journal, &holding.departed).map_err(broken)?,
            journal,
            holding,
            store: self.store.clone().ok_or_else(|| broken("its store is not open"))?,
            register: Arc::clone(&self.register),
            files: Catalogue::clone(self.decoder.catalogue()),
            decoder: Arc::clone(&self.decoder),
            vault: None,
            clock,
            zone: self.checked.time.zone().clone(),
        };
        Ok((shut.house(&self.settings, parameters)?, names))
    }

    /// All is stored.
    pub(crate) async fn rest(&mut self) -> Result<(), Failure> {
        self.settle(true).await
    }
}

fn told(ended: Result<(), PipelineError>) -> String {
    ended.map_or_else(|error| error.to_string(), |()| "a loop ended by itself".to_owned())
}
