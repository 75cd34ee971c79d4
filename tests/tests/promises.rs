//! The promises of the pipeline, over a real journal and a real register, while a part of it is broken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytesize::ByteSize;
use journal::testing::FaultyDisk;
use ports::{AlertBook, EvaluatorStep, LiveFrame, Page, Quarantine, QuarantineFilter, RecordError};
use register::Register;
use schemas::{DeviceId, Phase};
use tests::{House, after, caught_up, fill, message, met};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_away_for_ten_minutes_stops_no_ingestion_and_delays_no_alert() {
    let house = House::default();
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    house.store.set_away(true);
    for second in 0..600 {
        house.clock.set(after(second));
        let full = if second >= 300 { 95.0 } else { 50.0 };
        hatch.hand(vec![fill("bin-1", full, after(second)), fill("bin-2", 40.0, after(second))]).await;
    }
    met("all tickets", || hatch.spent() == 1200).await;
    met("the alert", || house.phases() == [("bin-1".to_owned(), Phase::Firing)]).await;
    assert!(house.stored().await.is_empty(), "the store was away");
    assert!(watch.identity().waiting > 0 && watch.identity().balances());
    let behind = |name: &str| watch.readers().into_iter().find(|r| r.name == name).map(|r| r.lag > 0);
    // It fired in the middle of what was sent.
    met("the evaluator", || behind("evaluator") == Some(false)).await;
    assert_eq!((behind("keeper"), behind("historian")), (Some(false), Some(true)));
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
    met("the first ticket", || hatch.spent() == 1).await;
    // The cursors stand on the same disk: let them be written before it is full.
    caught_up(&watch, 1).await;

    disk.set_room(Some(disk.used()));
    for second in 1..=20 {
        hatch.hand(vec![fill("bin-2", 50.0, after(second))]).await;
    }
    met("the keeper to see it", || watch.keeper().disk_full.load(std::sync::atomic::Ordering::Relaxed)).await;
    assert_eq!(hatch.spent(), 1, "nothing is acknowledged while the disk is full");
    house.clock.set(after(60));
    // Alerts go on: the hold of bin-1 is over.
    met("the alert", || house.phases() == [("bin-1".to_owned(), Phase::Firing)]).await;

    disk.set_room(None);
    met("all tickets", || hatch.spent() == 21).await;
    caught_up(&watch, 21).await;
    assert_eq!(house.stored().await.len(), 21);
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_among_good_messages_is_put_aside_with_its_reason_and_stops_nothing() {
    let house = House::default();
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
    met("all tickets", || hatch.spent() == 400).await;
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
    let house = House::default();
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    let mut screen = house.live.listen();
    for second in 0..100 {
        for part in 0..20 {
            hatch.hand(vec![fill("bin-1", 10.0, after(second * 20 + part))]).await;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    met("all tickets", || hatch.spent() == 2000).await;
    caught_up(&watch, 2000).await;
    met("frames", || screen.len() >= 4).await;
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
    let mut house = House::default();
    house.journal = journal::Settings { segment: ByteSize::kib(16), limit: ByteSize::kib(64), keep: ByteSize::b(0) };
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    house.store.set_away(true);
    for second in 0..900 {
        hatch.hand(vec![fill("bin-1", 10.0, after(second))]).await;
    }
    met("the journal to be full", || watch.keeper().journal_full.load(std::sync::atomic::Ordering::Relaxed)).await;
    let held = hatch.spent();
    assert!(held < 900, "tickets are held while the journal is full");
    assert!(watch.journal().bytes() <= 64 << 10, "the journal stays within its limit");
    house.store.set_away(false);
    met("all tickets", || hatch.spent() == 900).await;
    caught_up(&watch, 900).await;
    assert_eq!(house.stored().await.len(), 900);
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_the_account_and_a_hold_that_has_begun() {
    let house = House::default();
    let (pipeline, hatch) = house.open();
    hatch.hand(vec![fill("bin-1", 95.0, after(0)), fill("bin-1", 95.0, after(0)), message("x", "y", after(0))]).await;
    met("all tickets", || hatch.spent() == 3).await;
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
    met("the alert", || house.phases() == [("bin-1".to_owned(), Phase::Firing)]).await;
    let fired = house.register.transitions(0, 100).unwrap().into_iter().find(|(_, t)| t.to == Phase::Firing).unwrap().1;
    assert_eq!(fired.at, after(30), "the hold went on over the restart");
    pipeline.stop().await.unwrap();
    assert!(watch.identity().balances());
}

/// A register that counts what is committed.
struct Counting {
    register: Arc<Register>,
    /// States of all commits, and of the largest.
    all: AtomicUsize,
    largest: AtomicUsize,
}

impl AlertBook for Counting {
    fn restore(&self, each: &mut dyn FnMut(DeviceId, &[u8])) -> Result<Option<u64>, RecordError> {
        self.register.restore(each)
    }

    fn commit(&self, step: &EvaluatorStep) -> Result<(), RecordError> {
        self.register.commit(step)?;
        self.largest.fetch_max(step.states.len(), Ordering::SeqCst);
        self.all.fetch_add(step.states.len(), Ordering::SeqCst);
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_many_devices_is_committed_in_steps_of_bounded_size() {
    const DEVICES: usize = pipeline::STATES + 10_000;
    let mut house = House::default();
    let register = Arc::clone(&house.register);
    let counting = Arc::new(Counting { register, all: AtomicUsize::new(0), largest: AtomicUsize::new(0) });
    house.alerts = Arc::clone(&counting) as _;
    house.commit_every = Duration::from_secs(3600);
    let (pipeline, hatch) = house.open();
    for first in (0..DEVICES).step_by(1000) {
        hatch.hand((first..first + 1000).map(|n| fill(&format!("bin-{n}"), 10.0, after(0))).collect()).await;
    }
    met("all tickets", || hatch.spent() == DEVICES as u64).await;
    met("a commit, an hour before it is time for one", || counting.all.load(Ordering::SeqCst) > 0).await;
    pipeline.stop().await.unwrap();
    // A batch of the feed is judged whole.
    let (all, largest) = (counting.all.load(Ordering::SeqCst), counting.largest.load(Ordering::SeqCst));
    assert!(all == DEVICES && largest < pipeline::STATES + 2048, "{all} states, {largest} at once");
}
