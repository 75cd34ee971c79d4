//! The embedded store on a real disk.

mod verify;

use std::path::{Path, PathBuf};

use ports::{Points, Query, Selector, Shape, Store, StoreError};
use rusqlite::Connection;
use schemas::{DeviceId, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};
use tempfile::TempDir;

use super::writer::Job;
use super::{Embedded, database};
use crate::conformance::{self, Ground, block_on};
use crate::{Memory, Settings};

fn settings() -> Settings {
    Settings {
        kind: crate::Engine::Embedded,
        unflushed: 100_000,
        cache: bytesize::ByteSize::kib(64),
        retention: std::collections::BTreeMap::new(),
    }
}

struct Directory(TempDir);

impl Directory {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Ground for Directory {
    type Open = Embedded;
    async fn open(&mut self) -> Embedded {
        Embedded::open(self.0.path(), &settings()).unwrap()
    }
    fn durable(&self) -> bool {
        true
    }
}

struct Nowhere;

impl Ground for Nowhere {
    type Open = Memory;
    async fn open(&mut self) -> Memory {
        Memory::default()
    }
    fn durable(&self) -> bool {
        false
    }
}

#[test]
fn memory_conforms() {
    conformance::all(|| Nowhere);
    conformance::any_traffic_is_answered_as_memory_answers_it(8, || Nowhere);
}

#[test]
fn the_embedded_store_conforms() {
    conformance::all(Directory::new);
}

#[test]
fn the_embedded_store_answers_any_traffic_as_memory_does() {
    conformance::any_traffic_is_answered_as_memory_answers_it(48, Directory::new);
}

fn reading(device: usize, minute: i64, value: f64) -> Reading {
    let observed = Timestamp::clamped(1_795_280_400_000 + minute * 60_000);
    Reading {
        series: SeriesKey {
            device: DeviceId::new(&format!("d{device:03}")).unwrap(),
            quantity: Quantity::WASTE_FILL,
            channel: 0,
        },
        kind: Kind::WASTE,
        zone: Zone::new("anfa").unwrap(),
        value,
        observed_at: observed,
        received_at: observed,
        quality: Quality::GOOD,
    }
}

fn everything() -> Query {
    let range = Timestamp::MIN..Timestamp::MAX;
    Query { select: Selector::default(), range, shape: Shape::Raw, limit: usize::MAX }
}

async fn all(store: &Embedded) -> Vec<Reading> {
    match store.scan(&everything()).await.unwrap() {
        Points::Raw { readings, .. } => readings,
        Points::Hourly { .. } => panic!("asked for readings"),
    }
}

#[tokio::test]
async fn a_search_that_nobody_waits_for_any_more_ends() {
    let directory = tempfile::tempdir().unwrap();
    let store = Embedded::open(directory.path(), &settings()).unwrap();
    fill(&store, 0, 2).await;
    let asking = std::sync::Arc::new(());
    let asked = std::sync::Arc::downgrade(&asking);
    assert_eq!(super::scan::scan(&store.shared, &everything(), &asked).unwrap().len(), 80);
    drop(asking);
    let ended = super::scan::scan(&store.shared, &everything(), &asked).unwrap_err();
    assert!(ended.to_string().contains("nobody waits"), "{ended}");
}

/// Appends one reading a device and flushes, `times` times.
async fn fill(store: &Embedded, from: i64, times: i64) {
    for minute in from..from + times {
        let batch: Vec<_> = (0..40).map(|d| reading(d, minute, (minute % 7) as f64 / 10.0)).collect();
        store.append(&batch).await.unwrap();
        store.flush().await.unwrap();
    }
}

/// Waits until the writer has nothing more to merge: it answers only between merges' blocks.
async fn settled(store: &Embedded) {
    for _ in 0..10_000 {
        store.flush().await.unwrap();
        let shelf = std::sync::Arc::clone(&store.shared.state().shelf);
        if shelf.partitions.values().all(|runs| merged(runs)) {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the merges did not come to an end");
}

fn merged(runs: &[std::sync::Arc<super::shelf::Run>]) -> bool {
    runs.chunk_by(|a, b| a.level == b.level).all(|level| level.len() < super::merge::FAN_IN)
}

#[test]
fn many_small_flushes_become_few_runs_and_nothing_is_lost() {
    block_on(async {
        let ground = Directory::new();
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        fill(&store, 0, 70).await;
        settled(&store).await;
        let runs: usize = store.shared.state().shelf.partitions.values().map(Vec::len).sum();
        assert!(runs <= 14, "{runs} runs after 70 flushes");
        let before = all(&store).await;
        assert_eq!(before.len(), 70 * 40);
        drop(store);
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        assert_eq!(all(&store).await, before);
        assert_eq!(store.gauges().flushed, 70 * 40);
    });
}

#[test]
fn scans_during_merges_see_everything() {
    block_on(async {
        let ground = Directory::new();
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        for minute in 0..40 {
            fill(&store, minute, 1).await;
            assert_eq!(all(&store).await.len(), usize::try_from(minute + 1).unwrap() * 40);
        }
    });
}

#[test]
fn a_full_disk_is_said_clearly_loses_nothing_and_passes() {
    block_on(async {
        let ground = Directory::new();
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        fill(&store, 0, 1).await;
        let pages = |most: u32| {
            let work = Box::new(move |db: &Connection| {
                db.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(())).unwrap();
            });
            store.jobs.as_ref().unwrap().send(Job::Run(work)).unwrap();
        };
        pages(1);
        let noise = |minute: i64| (0..200).map(move |d| reading(d, minute, (d as f64 * 1.618 + minute as f64).sin()));
        let batch: Vec<_> = (1..20).flat_map(noise).collect();
        store.append(&batch).await.unwrap();
        for _ in 0..2 {
            let full = store.flush().await;
            assert!(matches!(&full, Err(StoreError::Unavailable(text)) if text.contains("is full")), "{full:?}");
            assert_eq!(all(&store).await.len(), 40 + batch.len(), "what waits is seen");
            assert_eq!(store.gauges().unflushed, batch.len() as u64);
        }
        store.append(&[reading(0, 30, 1.0)]).await.unwrap();
        pages(1_000_000);
        store.flush().await.unwrap();
        assert_eq!(store.gauges().unflushed, 0);
        let kept = all(&store).await;
        assert_eq!(kept.len(), 41 + batch.len());
        drop(store);
        assert_eq!(all(&Embedded::open(ground.0.path(), &settings()).unwrap()).await, kept);
    });
}

#[test]
fn a_store_that_cannot_flush_takes_no_more_than_its_bound() {
    block_on(async {
        let ground = Directory::new();
        let store = Embedded::open(ground.0.path(), &Settings { unflushed: 40, ..settings() }).unwrap();
        let batch: Vec<_> = (0..40).map(|d| reading(d, 0, 1.0)).collect();
        store.append(&batch).await.unwrap();
        assert!(matches!(store.append(&batch).await, Err(StoreError::Unavailable(_))));
        store.flush().await.unwrap();
        store.append(&batch).await.unwrap();
    });
}

fn copy(from: &Path, to: &Path, cut: Option<u64>) -> PathBuf {
    std::fs::create_dir_all(to).unwrap();
    for name in ["readings.db", "readings.db-wal"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
    if let Some(length) = cut {
        let wal = std::fs::OpenOptions::new().write(true).open(to.join("readings.db-wal")).unwrap();
        wal.set_len(length).unwrap();
    }
    to.to_owned()
}

#[test]
fn power_loss_at_any_byte_of_a_flush_or_merge_leaves_the_state_of_some_flush() {
    block_on(async {
        let ground = Directory::new();
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        let length = || std::fs::metadata(ground.0.path().join("readings.db-wal")).unwrap().len();
        // Two flushes make nothing to merge: where each ends in the log is known. The third is followed by a merge
        // whenever the writer comes to it, which changes no answer.
        let mut ends = Vec::new();
        for minute in 0..2 {
            fill(&store, minute, 1).await;
            ends.push(length());
        }
        fill(&store, 2, 1).await;
        settled(&store).await;
        let whole = length();
        store.append(&[reading(0, 9, 1.0)]).await.unwrap();
        let elsewhere = tempfile::tempdir().unwrap();
        let mut flushes = 1;
        for (i, cut) in (ends[0]..=whole).step_by(3_001).chain([whole]).enumerate() {
            let place = copy(ground.0.path(), &elsewhere.path().join(i.to_string()), Some(cut));
            let reopened = Embedded::open(&place, &settings()).unwrap();
            let kept = all(&reopened).await.len();
            assert_eq!(kept % 40, 0, "cut at {cut} of {ends:?} and {whole}");
            let before = std::mem::replace(&mut flushes, kept / 40);
            assert!(flushes >= before, "{flushes} flushes after {before}: cut at {cut} of {ends:?} and {whole}");
            assert_eq!(flushes > 1, cut >= ends[1], "cut at {cut} of {ends:?} and {whole}");
            assert_eq!(
                reopened.latest(&Selector::default()).await.unwrap()[0].observed_at,
                reading(0, flushes as i64 - 1, 0.0).observed_at
            );
        }
        assert_eq!(flushes, 3);
    });
}

#[test]
fn a_damaged_block_is_named() {
    block_on(async {
        let ground = Directory::new();
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        fill(&store, 0, 1).await;
        drop(store);
        let db = Connection::open(ground.0.path().join("readings.db")).unwrap();
        db.execute("UPDATE content SET data = CAST(data || x'00' AS BLOB) WHERE id = 2", []).unwrap();
        drop(db);
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        let damaged = store.scan(&everything()).await;
        assert!(matches!(&damaged, Err(StoreError::Damaged(text)) if text.contains("block 2")), "{damaged:?}");
    });
}

#[test]
fn a_file_of_another_format_or_program_is_refused() {
    let ground = Directory::new();
    let made = ground.0.path().join("made/store");
    drop(Embedded::open(&made, &settings()).unwrap());
    let path = made.join("readings.db");
    let set = |pragma: &str| Connection::open(&path).unwrap().execute_batch(pragma).unwrap();
    set(&format!("PRAGMA user_version = {}", database::FORMAT + 1));
    let newer = Embedded::open(&path, &settings()).unwrap_err();
    assert!(newer.to_string().contains("has format 2, this program reads format 1"), "{newer}");
    set("PRAGMA user_version = 1; PRAGMA application_id = 7");
    assert!(matches!(Embedded::open(&path, &settings()), Err(StoreError::Damaged(_))));
    std::fs::write(&path, b"not a database, but long enough to be taken for one at first sight").unwrap();
    assert!(matches!(Embedded::open(&path, &settings()), Err(StoreError::Damaged(_))));
    assert!(matches!(Embedded::open(&path.join("below-a-file"), &settings()), Err(StoreError::Unavailable(_))));
    assert!(matches!(Embedded::open(&ground.0.path().join("no/such.db"), &settings()), Err(StoreError::Unavailable(_))));
}

#[test]
fn retention_drops_whole_partitions_without_reading_them() {
    block_on(async {
        let ground = Directory::new();
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        let week = 7 * 24 * 60;
        let batch: Vec<_> = (0..4).flat_map(|w| (0..50).map(move |d| reading(d, w * week, 1.0))).collect();
        store.append(&batch).await.unwrap();
        store.flush().await.unwrap();
        let keep = crate::Keep(std::time::Duration::from_secs(15 * 24 * 3600));
        let settings = Settings { retention: [(Kind::WASTE, keep)].into(), ..settings() };
        let now = reading(0, 3 * week, 0.0).observed_at;
        let (select, range) = settings.expired(now).next().unwrap();
        // Damage what will be dropped: whoever read it would fail.
        let db = Connection::open(ground.0.path().join("readings.db")).unwrap();
        db.execute("UPDATE content SET data = x'00' WHERE id IN (SELECT id FROM block WHERE latest < ?)", [range.end.millis()])
            .unwrap();
        let removed = store.forget(&select, range).await.unwrap();
        assert_eq!(removed, 50);
        assert_eq!(all(&store).await.len(), 150);
        assert_eq!(store.latest(&Selector::default()).await.unwrap().len(), 50);
    });
}

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/format-1.db");

/// What the fixture holds.
fn fixture() -> Vec<Reading> {
    let mut readings: Vec<_> = (0..30).flat_map(|m| (0..3).map(move |d| reading(d, m, (m % 9) as f64 / 10.0))).collect();
    readings.push(Reading {
        zone: Zone::new("maarif").unwrap(),
        quality: schemas::Flaw::Late.into(),
        ..reading(1, 40, 0.1 + 0.2)
    });
    readings.push(Reading { received_at: Timestamp::clamped(5), ..reading(2, 7 * 24 * 60, 1e11) });
    readings
}

/// Run once per format, by hand: `cargo test -p store write_the_fixture -- --ignored`.
#[test]
#[ignore = "writes the fixture of the present format"]
fn write_the_fixture() {
    block_on(async {
        let store = Embedded::open(Path::new(FIXTURE), &settings()).unwrap();
        store.append(&fixture()).await.unwrap();
        store.flush().await.unwrap();
    });
    assert!(Path::new(FIXTURE).exists());
}

#[test]
fn format_1_is_still_read() {
    block_on(async {
        let ground = Directory::new();
        std::fs::copy(FIXTURE, ground.0.path().join("readings.db")).unwrap();
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        assert_eq!(all(&store).await, fixture());
        assert_eq!(store.latest(&Selector::default()).await.unwrap().len(), 3);
    });
}
