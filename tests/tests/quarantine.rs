//! What is promised of the quarantine, over a real journal and a real register: what is brought back is
//! stored once and counted once, whatever breaks; nothing is held up by it; and it stays within its bounds.
#![expect(clippy::unwrap_used, reason = "all of this is test")]

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytesize::ByteSize;
use pipeline::{Bounds, PipelineWatch};
use ports::{
    Forgotten, Holding, OperationError, Overflow, Page, Quarantine, QuarantineFilter, Quarantined, RecordError, Retried, Retry,
    Settlement,
};
use register::Register;
use schemas::{Catalogue, Device, DeviceId, Kind, Message, Phase, Quantity, Timestamp};
use tests::{House, after, caught_up, decoder, fill, message, met, noon};

const NODE: &str = "0101010101010101";

fn node() -> DeviceId {
    NODE.parse().unwrap()
}

/// A frame of a parking detector, by its network server.
fn frame(at: Timestamp) -> Message {
    let payload = format!(r#"{{"deviceInfo":{{"devEui":"{NODE}"}},"fPort":1,"data":"lQ=="}}"#);
    message(&format!("application/1/device/{NODE}/event/up"), payload, at)
}

/// Lists the detector, as a reload does.
fn list(watch: &PipelineWatch) {
    let profile = Some("nwave-nps405".parse().unwrap());
    let device = Device { profile, ..Device::new(node(), Kind::PARKING, "anfa".parse().unwrap()) };
    watch.feed().set_decoder(decoder(Catalogue::from_iter([device])));
}

/// Asks until all is tried, as the command does.
async fn retry(watch: &PipelineWatch, filter: QuarantineFilter) -> Result<Retried, OperationError> {
    let (mut ask, mut sum) = (Retry { filter, ..Retry::default() }, Retried::default());
    loop {
        let chunk = watch.retry(ask.clone()).await?;
        (ask.after, ask.before) = (chunk.next, Some(chunk.before));
        sum.add(chunk);
        assert!(watch.identity().balances(), "{:?}", watch.identity());
        if ask.after.is_none() {
            return Ok(sum);
        }
    }
}

fn all() -> QuarantineFilter {
    QuarantineFilter::default()
}

/// Stored, duplicate, quarantined; and what waits, was dropped and was forgotten is what is quarantined.
fn account(house: &House, watch: &PipelineWatch) -> (u64, u64, u64) {
    let identity = watch.identity();
    assert!(identity.balances(), "{identity:?}");
    let Holding { messages, departed, .. } = house.register.holding(noon()).unwrap();
    assert_eq!(identity.quarantined, messages + departed.dropped + departed.forgotten, "{identity:?}");
    (identity.stored, identity.duplicate, identity.quarantined)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_brought_back_is_stored_once_as_received() {
    let house = House::default();
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    hatch.hand((0..3).map(|n| frame(after(n))).collect()).await;
    hatch.hand(vec![message("x", "y", after(3)), fill("bin-1", 40.0, after(4))]).await;
    caught_up(&watch, 5).await;
    met("the quarantine", || house.register.quarantine_count() == 4).await;
    assert_eq!(account(&house, &watch), (1, 0, 4));
    let rows = house.register.page(&QuarantineFilter { device: Some(node()), ..all() }, 0..9, Page::WHOLE).unwrap();
    assert_eq!(rows.iter().map(|r| &*r.reason).collect::<Vec<_>>(), ["unknown_device"; 3], "each says whose it is");

    let before = retry(&watch, all()).await.unwrap();
    assert_eq!((before.tried, before.readable, before.rejected.values().sum()), (4, 0, 4));
    list(&watch);
    let dry = watch.retry(Retry { dry_run: true, ..Retry::default() }).await.unwrap();
    assert_eq!((dry.tried, dry.readable, dry.readings), (4, 3, 6));
    assert_eq!(account(&house, &watch), (1, 0, 4), "a dry run changes nothing");

    let brought = retry(&watch, all()).await.unwrap();
    assert_eq!((brought.stored, brought.duplicate, brought.readings), (3, 0, 6));
    assert_eq!(brought.rejected.into_iter().collect::<Vec<_>>(), [("not_a_topic".to_owned(), 1)]);
    assert_eq!(account(&house, &watch), (4, 0, 1));
    let stored = house.stored().await;
    let of_node: Vec<_> = stored.iter().filter(|r| r.series.device == node()).collect();
    assert_eq!(of_node.len(), 6);
    assert!(of_node.iter().all(|r| r.received_at == r.observed_at && r.received_at <= after(2)), "{of_node:?}");

    let again = retry(&watch, all()).await.unwrap();
    assert_eq!((again.tried, again.stored, again.duplicate), (1, 0, 0));
    assert_eq!(house.stored().await.len(), stored.len());
    pipeline.stop().await.unwrap();
    // Heard when its messages came.
    let seen = ports::DeviceBook::devices(&*house.register).unwrap();
    let seen = seen.iter().find(|seen| seen.device.id == node()).unwrap();
    assert_eq!((seen.first_seen, seen.device.profile.as_ref().unwrap().as_str()), (noon(), "nwave-nps405"));
    let (pipeline, _hatch) = house.open();
    assert_eq!(account(&house, &pipeline.watch()), (4, 0, 1), "a restart keeps the account");
}

/// A frame of a bin that is 95 % full.
fn full(at: Timestamp) -> Message {
    let payload = format!(r#"{{"deviceInfo":{{"devEui":"{NODE}"}},"fPort":6,"data":"ATQBJAEBLAEHXwo="}}"#);
    message(&format!("application/1/device/{NODE}/event/up"), payload, at)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_brought_back_is_data_and_raises_no_alert() {
    let house = House::default();
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    hatch.hand(vec![full(after(0)), full(after(60))]).await;
    caught_up(&watch, 2).await;
    met("the quarantine", || house.register.quarantine_count() == 2).await;
    let bin =
        Device { profile: Some("netvox-r718x".parse().unwrap()), ..Device::new(node(), Kind::WASTE, "anfa".parse().unwrap()) };
    watch.feed().set_decoder(decoder(Catalogue::from_iter([bin])));
    assert_eq!(retry(&watch, all()).await.unwrap().stored, 2);
    // The same, as it comes: this one is judged, and from its own time on.
    hatch.hand(vec![full(after(120)), full(after(180))]).await;
    caught_up(&watch, 4).await;
    met("the alert", || house.phases() == [(NODE.to_owned(), Phase::Firing)]).await;
    let steps = house.register.transitions(0, 100).unwrap();
    assert!(steps.iter().all(|(_, step)| step.since == after(120)), "{steps:?}");
    assert_eq!(house.stored().await.iter().filter(|r| r.series.quantity == Quantity::WASTE_FILL).count(), 4);
    pipeline.stop().await.unwrap();
}

/// A register that cannot take messages out while it is told not to.
struct Stuck {
    register: Arc<Register>,
    stuck: AtomicBool,
}

impl Quarantine for Stuck {
    fn put_aside(&self, read: Range<u64>, messages: &[Quarantined]) -> Result<(), RecordError> {
        self.register.put_aside(read, messages)
    }

    fn page(&self, filter: &QuarantineFilter, offsets: Range<u64>, most: Page) -> Result<Vec<Quarantined>, RecordError> {
        self.register.page(filter, offsets, most)
    }

    fn settle(&self, settlement: &Settlement) -> Result<(), RecordError> {
        if self.stuck.load(Ordering::SeqCst) {
            return Err(RecordError::Unavailable("it is stuck".to_owned()));
        }
        self.register.settle(settlement)
    }

    fn drop_messages(&self, filter: &QuarantineFilter, offsets: Range<u64>, rows: usize) -> Result<u64, RecordError> {
        self.register.drop_messages(filter, offsets, rows)
    }

    fn drop_these(&self, offsets: &[u64]) -> Result<u64, RecordError> {
        self.register.drop_these(offsets)
    }

    fn forget(&self, overflow: &Overflow) -> Result<Forgotten, RecordError> {
        self.register.forget(overflow)
    }

    fn holding(&self, aged_before: Timestamp) -> Result<Holding, RecordError> {
        self.register.holding(aged_before)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_between_readings_and_their_messages_leaving_stores_nothing_twice() {
    let mut house = House::default();
    house.drain = Duration::from_millis(50);
    house.quarantine = Arc::new(Stuck { register: Arc::clone(&house.register), stuck: AtomicBool::new(true) });
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    hatch.hand((0..3).map(|n| frame(after(n))).collect()).await;
    caught_up(&watch, 3).await;
    met("the quarantine", || house.register.quarantine_count() == 3).await;
    list(&watch);
    let asked = tokio::spawn({
        let watch = watch.clone();
        async move { retry(&watch, all()).await }
    });
    // The readings are there and durable; their messages are still in the quarantine.
    met("the historian to be stuck", || watch.readers().iter().any(|r| r.name == "historian" && r.trouble.is_some())).await;
    assert_eq!((house.stored().await.len(), house.register.quarantine_count()), (6, 3));
    assert_eq!(account(&house, &watch), (0, 0, 3));
    assert!(pipeline.stop().await.is_err(), "it still waited when the time to stop was over");
    assert!(matches!(asked.await.unwrap(), Err(OperationError::Unavailable(_))));

    house.quarantine = Arc::clone(&house.register) as _;
    let (pipeline, _hatch) = house.open();
    let watch = pipeline.watch();
    assert_eq!(account(&house, &watch), (0, 0, 3));
    list(&watch);
    let brought = retry(&watch, all()).await.unwrap();
    assert_eq!((brought.stored, brought.duplicate), (0, 3));
    assert_eq!((house.stored().await.len(), account(&house, &watch)), (6, (0, 3, 0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_two_chunks_of_a_retry_what_comes_is_stored() {
    let house = House::default();
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    for part in 0..25 {
        hatch.hand((0..100).map(|n| frame(after(part * 100 + n))).collect()).await;
    }
    caught_up(&watch, 2500).await;
    met("the quarantine", || house.register.quarantine_count() == 2500).await;
    list(&watch);
    let first = watch.retry(Retry::default()).await.unwrap();
    assert_eq!((first.tried, first.stored, first.next), (1000, 1000, Some(999)));
    hatch.hand(vec![fill("bin-1", 40.0, after(0))]).await;
    caught_up(&watch, 2501).await;
    assert_eq!(account(&house, &watch), (1001, 0, 1500));
    let rest = watch.retry(Retry { after: first.next, before: Some(first.before), ..Retry::default() }).await.unwrap();
    assert_eq!((rest.tried, rest.next), (1000, Some(1999)));
    assert_eq!(retry(&watch, all()).await.unwrap().stored, 500);
    assert_eq!(account(&house, &watch), (2501, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_store_refused_is_tried_again_too() {
    let house = House::default();
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    house.store.set_refused(Some("bin-1".parse().unwrap()));
    hatch.hand(vec![fill("bin-1", 40.0, after(0)), fill("bin-2", 40.0, after(0))]).await;
    caught_up(&watch, 2).await;
    met("the quarantine", || house.register.quarantine_count() == 1).await;
    let still = retry(&watch, all()).await.unwrap();
    assert_eq!(still.rejected.into_iter().collect::<Vec<_>>(), [("refused_by_store".to_owned(), 1)]);
    house.store.set_refused(None);
    let of_bin = QuarantineFilter { device: Some("bin-1".parse().unwrap()), ..all() };
    assert_eq!(retry(&watch, of_bin).await.unwrap().stored, 1);
    assert_eq!((house.stored().await.len(), account(&house, &watch)), (2, (2, 0, 0)));
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_read_again_after_a_crash_and_gives_readings_now_leaves_the_quarantine() {
    let mut house = House::default();
    house.drain = Duration::from_millis(50);
    let (pipeline, hatch) = house.open();
    hatch.hand(vec![frame(after(0))]).await;
    caught_up(&pipeline.watch(), 1).await;
    met("the quarantine", || house.register.quarantine_count() == 1).await;
    drop(pipeline);
    // As after a crash between the quarantine's commit and the cursor's: the message is in both.
    let message = house.register.page(&all(), 0..9, Page::WHOLE).unwrap().remove(0);
    house.register.put_aside(1..2, &[Quarantined { offset: 1, ..message }]).unwrap();
    house.quarantine = Arc::clone(&house.register) as _;
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    list(&watch);
    hatch.hand(vec![frame(after(1))]).await;
    caught_up(&watch, 2).await;
    met("it to leave", || house.register.quarantine_count() == 1).await;
    assert_eq!(account(&house, &watch), (1, 0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_corrected_since_is_not_brought_back_over_its_correction() {
    let house = House::default();
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    // Both say what was so at noon.
    let frame = |data: &str, at: Timestamp| {
        let payload = format!(r#"{{"deviceInfo":{{"devEui":"{NODE}"}},"time":"{}","fPort":1,"data":"{data}"}}"#, noon());
        message(&format!("application/1/device/{NODE}/event/up"), payload, at)
    };
    let occupied = async || {
        let stored = house.stored().await;
        stored.iter().filter(|r| r.series.quantity == Quantity::PARKING_OCCUPIED).map(|r| r.value).collect::<Vec<_>>()
    };
    hatch.hand(vec![frame("lQ==", after(1))]).await;
    caught_up(&watch, 1).await;
    met("the quarantine", || house.register.quarantine_count() == 1).await;
    list(&watch);
    hatch.hand(vec![frame("lA==", after(2))]).await;
    caught_up(&watch, 2).await;
    assert_eq!(occupied().await, [0.0]);
    let brought = retry(&watch, all()).await.unwrap();
    assert_eq!((brought.stored, brought.duplicate), (0, 1));
    assert_eq!(occupied().await, [0.0], "the one that was received last stands");
    assert_eq!(account(&house, &watch), (1, 1, 0));
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_decoded_ahead_of_the_historian_is_decoded_anew_after_a_reload() {
    let house = House::default();
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    let reader = |name: &str| watch.readers().into_iter().find(|r| r.name == name).unwrap();
    house.store.set_away(true);
    hatch.hand(vec![fill("bin-1", 40.0, after(0))]).await;
    met("the historian to wait", || reader("historian").trouble.is_some()).await;
    hatch.hand((1..4).map(|n| frame(after(n))).collect()).await;
    met("the evaluator to be ahead", || reader("evaluator").cursor == 4).await;
    list(&watch);
    house.store.set_away(false);
    caught_up(&watch, 4).await;
    assert_eq!(account(&house, &watch), (4, 0, 0));
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_dropped_stays_counted_and_does_not_come_back() {
    let house = House::default();
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    hatch.hand((0..3).map(|n| frame(after(n))).chain([message("x", "y", after(3))]).collect()).await;
    caught_up(&watch, 4).await;
    met("the quarantine", || house.register.quarantine_count() == 4).await;
    let dropped = watch.drop_messages(QuarantineFilter { reasons: vec!["unknown_device".to_owned()], ..all() }).await.unwrap();
    assert_eq!((dropped, watch.quarantine().departed.dropped), (3, 3));
    list(&watch);
    assert_eq!(retry(&watch, all()).await.unwrap().tried, 1);
    assert_eq!(account(&house, &watch), (0, 0, 4));
    pipeline.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_quarantine_stays_within_its_bounds_says_so_before_and_counts_what_it_forgets() {
    let mut house = House::default();
    house.bounds = Bounds { keep: Duration::from_secs(3600), limit: ByteSize::kib(8) };
    let (pipeline, hatch) = house.open();
    let watch = pipeline.watch();
    let bad = |n: u64| message("x", vec![b'y'; 800], after(n));
    hatch.hand((0..7).map(bad).collect()).await;
    caught_up(&watch, 7).await;
    met("the look", || watch.quarantine().messages == 7).await;
    let near = watch.quarantine();
    assert!((80..100).contains(&near.percent()) && near.departed.forgotten == 0, "{near:?}");
    assert!(near.outlook().unwrap().contains("oldest messages, from 2026-11-21T12:00:00"), "{near:?}");

    hatch.hand((7..20).map(bad).collect()).await;
    caught_up(&watch, 20).await;
    met("the forgetting", || watch.quarantine().departed.forgotten > 0 && watch.quarantine().percent() <= 100).await;
    let oldest = house.register.page(&all(), 0..99, Page::WHOLE).unwrap()[0].offset;
    assert_eq!(watch.quarantine().departed.forgotten, oldest, "the oldest first");
    assert_eq!(account(&house, &watch), (0, 0, 20));

    // By age, when something is put aside after the time is over.
    house.clock.set(after(3600 + 10));
    hatch.hand(vec![bad(3600)]).await;
    caught_up(&watch, 21).await;
    met("the forgetting", || watch.quarantine().oldest.is_some_and(|oldest| oldest >= after(10))).await;
    met("the last one", || house.register.page(&all(), 20..21, Page::WHOLE).unwrap().len() == 1).await;
    assert_eq!(account(&house, &watch), (0, 0, 21));
    pipeline.stop().await.unwrap();
}
