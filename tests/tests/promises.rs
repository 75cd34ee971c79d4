//! The promises of the pipeline, over a real journal and a real register, while a part of it is broken.
#![expect(clippy::unwrap_used, reason = "all of this is test")]

use std::sync::Arc;
use std::time::Duration;

use bytesize::ByteSize;
use codec::{Decoder, Profiles};
use journal::testing::FaultyDisk;
use journal::{Disk, Journal};
use pipeline::{Parts, Pipeline, PipelineWatch, Settings};
use ports::{AlertFilter, Live, LiveFrame, Page, Points, Quarantine, QuarantineFilter, Query, Selector, Shape, Store};
use register::Register;
use rules::{Engine, RuleSet};
use schemas::{Catalogue, Phase, Reading, Timestamp};
use store::Memory;
use tests::{Away, Hatch, StillClock, message};
use tokio::sync::Notify;

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

/// A pipeline over parts that outlive it, so that it can be started again.
struct House {
    clock: Arc<StillClock>,
    store: Arc<Away<Memory>>,
    register: Arc<Register>,
    disk: Arc<dyn Disk>,
    journal: journal::Settings,
    live: Live,
    _folder: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        Self::on(Arc::new(FaultyDisk::new()))
    }

    fn on(disk: Arc<dyn Disk>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            clock: StillClock::at(noon()),
            store: Away::new(Memory::default()),
            register: Arc::new(Register::open(&folder.path().join("register.db")).unwrap()),
            disk,
            journal: journal::Settings { segment: ByteSize::kib(64), limit: ByteSize::mib(64), keep: ByteSize::b(0) },
            live: Live::new(4),
            _folder: folder,
        }
    }

    fn open(&self) -> (Pipeline, Hatch) {
        let (journal, _) = Journal::open(Arc::clone(&self.disk), &self.journal).unwrap();
        let decoder = Arc::new(Decoder::new(Arc::new(Catalogue::default()), Profiles::built_in().unwrap()).unwrap());
        let rules = RuleSet::parse(&[("rules.toml", RULES)]).unwrap();
        let (hatch, source) = Hatch::new();
        let pipeline = Pipeline::start(Parts {
            settings: Settings {
                flush_every: Duration::from_millis(50),
                flush_readings: 10_000,
                commit_every: Duration::from_millis(50),
                drain: Duration::from_secs(20),
            },
            journal,
            decoder,
            store: Arc::clone(&self.store) as _,
            quarantine: Arc::clone(&self.register) as _,
            devices: Arc::clone(&self.register) as _,
            alerts: Arc::clone(&self.register) as _,
            engine: Engine::new(Arc::new(rules)),
            sources: vec![Box::new(source)],
            live: self.live.clone(),
            outbox: Arc::new(Notify::new()),
            clock: Arc::clone(&self.clock) as _,
        })
        .unwrap();
        (pipeline, hatch)
    }

    fn phases(&self) -> Vec<(String, Phase)> {
        let filter =
            AlertFilter { phases: vec![Phase::Pending, Phase::Firing, Phase::Resolved], limit: 1000, ..AlertFilter::default() };
        self.register.alerts(&filter).unwrap().into_iter().map(|a| (a.series.device.to_string(), a.phase)).collect()
    }

    async fn stored(&self) -> Vec<Reading> {
        let query =
            Query { select: Selector::default(), range: Timestamp::MIN..Timestamp::MAX, shape: Shape::Raw, limit: usize::MAX };
        match self.store.inner().scan(&query).await.unwrap() {
            Points::Raw { readings, .. } => readings,
            Points::Hourly { .. } => unreachable!("raw was asked"),
        }
    }
}

fn noon() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn after(seconds: u64) -> Timestamp {
    noon().plus(Duration::from_secs(seconds))
}

fn fill(device: &str, value: f64, at: Timestamp) -> schemas::Message {
    let payload = format!(r#"{{"v":1,"time":"{at}","values":{{"waste.fill":{value}}}}}"#);
    message(&format!("marsad/anfa/waste/{device}/up"), payload, at)
}

/// Awaits a condition; a minute of patience is far more than any of them takes.
async fn until(what: &str, mut met: impl FnMut() -> bool) {
    let asked = tokio::time::timeout(Duration::from_secs(60), async {
        while !met() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(asked.await.is_ok(), "waited in vain for {what}");
}

async fn caught_up(watch: &PipelineWatch, received: u64) {
    until("the readers to catch up", || {
        let identity = watch.identity();
        assert!(identity.balances(), "{identity:?}");
        identity.received == received && watch.readers().iter().all(|r| r.lag == 0)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_away_for_ten_minutes_stops_no_ingestion_and_delays_no_alert() {
    let house = House::new();
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    house.store.set_away(true);
    for second in 0..600 {
        house.clock.set(after(second));
        let full = if second >= 300 { 95.0 } else { 50.0 };
        hatch.hand(vec![fill("bin-1", full, after(second)), fill("bin-2", 40.0, after(second))]).await;
    }
    until("all tickets", || hatch.spent() == 1200).await;
    until("the alert", || house.phases() == [("bin-1".to_owned(), Phase::Firing)]).await;
    assert!(house.stored().await.is_empty(), "the store was away");
    assert!(watch.identity().waiting > 0 && watch.identity().balances());
    let lags: Vec<(String, bool)> = watch.readers().into_iter().map(|r| (r.name, r.lag > 0)).collect();
    let behind = |name: &str| lags.iter().find(|(n, _)| n == name).map(|(_, behind)| *behind);
    assert_eq!((behind("keeper"), behind("historian"), behind("evaluator")), (Some(false), Some(true), Some(false)), "{lags:?}");
    assert!(behind("live").is_some());
    let fired = house.register.transitions(0, 100).unwrap().into_iter().find(|(_, t)| t.to == Phase::Firing).unwrap().1;
    assert_eq!(fired.at, after(330), "the alert was decided 30 s after the bin was full, in event time");

    house.store.set_away(false);
    caught_up(&watch, 1200).await;
    assert_eq!(house.stored().await.len(), 1200);
    assert_eq!(watch.identity().stored, 1200);
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_acknowledges_nothing_loses_nothing_and_recovers_by_itself() {
    let disk = FaultyDisk::new();
    let house = House::on(Arc::new(disk.clone()));
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    house.clock.set(after(29));
    hatch.hand(vec![fill("bin-1", 95.0, after(0))]).await;
    until("the first ticket", || hatch.spent() == 1).await;
    // The cursors stand on the same disk: let them be written before it is full.
    caught_up(&watch, 1).await;

    disk.set_room(Some(disk.used()));
    for second in 1..=20 {
        hatch.hand(vec![fill("bin-2", 50.0, after(second))]).await;
    }
    until("the keeper to see it", || watch.keeper().disk_full.load(std::sync::atomic::Ordering::Relaxed)).await;
    assert_eq!(hatch.spent(), 1, "nothing is acknowledged while the disk is full");
    house.clock.set(after(60));
    // Alerts go on: the hold of bin-1 is over.
    until("the alert", || house.phases() == [("bin-1".to_owned(), Phase::Firing)]).await;

    disk.set_room(None);
    until("all tickets", || hatch.spent() == 21).await;
    caught_up(&watch, 21).await;
    assert_eq!(house.stored().await.len(), 21);
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_among_good_messages_is_put_aside_with_its_reason_and_stops_nothing() {
    let house = House::new();
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    for second in 0..200 {
        let garbage = match second % 4 {
            0 => message("marsad/anfa/waste/bin-9/up", "not json", after(second)),
            1 => message("somewhere/else", "{}", after(second)),
            2 => message("marsad/anfa/waste/bin-9/up", r#"{"v":1,"values":{"waste.smell":3}}"#, after(second)),
            _ => message(
                "application/a/device/0101010101010101/event/up",
                r#"{"deviceInfo":{"devEui":"0101010101010101"},"fPort":1,"data":"qg=="}"#,
                after(second),
            ),
        };
        hatch.hand(vec![garbage, fill("bin-1", 10.0, after(second))]).await;
    }
    until("all tickets", || hatch.spent() == 400).await;
    caught_up(&watch, 400).await;
    pipeline.stop().await.unwrap();
    let identity = watch.identity();
    assert_eq!((identity.stored, identity.quarantined), (200, 200));
    let rows = house.register.page(&QuarantineFilter::default(), 0..u64::MAX, Page::WHOLE).unwrap();
    assert_eq!(rows.len(), 200);
    let reasons: std::collections::BTreeSet<String> = rows.into_iter().map(|r| r.reason.into_owned()).collect();
    let reasons: Vec<&str> = reasons.iter().map(String::as_str).collect();
    assert_eq!(reasons, ["not_a_topic", "not_json", "unknown_device", "unknown_quantity"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_screen_loses_frames_and_holds_nobody() {
    let house = House::new();
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    let mut screen = house.live.listen();
    for second in 0..100 {
        for part in 0..20 {
            hatch.hand(vec![fill("bin-1", 10.0, after(second * 20 + part))]).await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    until("all tickets", || hatch.spent() == 2000).await;
    caught_up(&watch, 2000).await;
    until("frames", || screen.len() >= 4).await;
    // Four frames were kept for it; it may have lost others, and is told so.
    match screen.recv().await {
        Ok(LiveFrame::Readings(readings)) => assert!(!readings.is_empty()),
        Err(tokio::sync::broadcast::error::RecvError::Lagged(lost)) => assert!(lost > 0),
        other => panic!("{other:?}"),
    }
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_at_its_limit_holds_tickets_until_its_slowest_reader_moves_on() {
    let mut house = House::new();
    house.journal = journal::Settings { segment: ByteSize::kib(16), limit: ByteSize::kib(64), keep: ByteSize::b(0) };
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    house.store.set_away(true);
    for second in 0..900 {
        hatch.hand(vec![fill("bin-1", 10.0, after(second))]).await;
    }
    until("the journal to be full", || watch.keeper().journal_full.load(std::sync::atomic::Ordering::Relaxed)).await;
    let held = hatch.spent();
    assert!(held < 900, "tickets are held while the journal is full");
    assert!(watch.journal().bytes() <= 64 << 10, "the journal stays within its limit");
    house.store.set_away(false);
    until("all tickets", || hatch.spent() == 900).await;
    caught_up(&watch, 900).await;
    assert_eq!(house.stored().await.len(), 900);
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_the_account_and_a_hold_that_has_begun() {
    let house = House::new();
    let (pipeline, hatch) = house.open();
    hatch.hand(vec![fill("bin-1", 95.0, after(0)), fill("bin-1", 95.0, after(0)), message("x", "y", after(0))]).await;
    until("all tickets", || hatch.spent() == 3).await;
    pipeline.stop().await.unwrap();
    assert_eq!(house.phases(), [("bin-1".to_owned(), Phase::Pending)]);

    house.clock.set(after(10));
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    let identity = watch.identity();
    assert_eq!((identity.received, identity.stored, identity.duplicate, identity.quarantined), (3, 1, 1, 1));
    hatch.hand(vec![fill("bin-2", 1.0, after(31))]).await;
    house.clock.set(after(31));
    hatch.hand(vec![fill("bin-2", 1.0, after(32))]).await;
    until("the alert", || house.phases() == [("bin-1".to_owned(), Phase::Firing)]).await;
    let fired = house.register.transitions(0, 100).unwrap().into_iter().find(|(_, t)| t.to == Phase::Firing).unwrap().1;
    assert_eq!(fired.at, after(30), "the hold went on over the restart");
    pipeline.stop().await.unwrap();
    assert!(watch.identity().balances());
}
