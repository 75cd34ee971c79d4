//! The embedded store on a real disk.

mod crash;
mod formats;
mod hours;
mod verify;

use std::path::{Path, PathBuf};

use ports::{Points, Query, Selector, Shape, Store, StoreError};
use rusqlite::Connection;
use schemas::{DeviceId, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};
use tempfile::TempDir;

use super::writer::Job;
use super::{Embedded, format};
use crate::conformance::{self, Ground, block_on};
use crate::{Memory, Settings};

fn settings() -> Settings {
    Settings {
        kind: crate::Engine::Embedded,
        memory: bytesize::ByteSize::kib(1024),
        roll_up: std::time::Duration::from_secs(60),
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
fn a_week_that_is_over_becomes_one_run_and_few_late_readings_do_not_rewrite_it() {
    block_on(async {
        let (ground, week) = (Directory::new(), 7 * 24 * 60);
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        fill(&store, 0, 11).await;
        let late: Vec<_> = (0..3).map(|d| reading(d, 100, 1.0)).collect();
        let runs = || store.shared.state().shelf.partitions.values().next().map(|runs| runs.len());
        for (minute, expected) in [(0, 1), (20, 2)] {
            fill(&store, week + minute, 20).await;
            for _ in 0..10_000 {
                settled(&store).await;
                if runs() == Some(expected) {
                    break;
                }
                tokio::task::yield_now().await;
            }
            assert_eq!(runs(), Some(expected));
            store.append(&late).await.unwrap();
            store.flush().await.unwrap();
        }
        let range = Timestamp::MIN..reading(0, week, 0.0).observed_at;
        let first = store.scan(&Query { range, ..everything() }).await.unwrap();
        assert_eq!(first.len(), 11 * 40 + late.len());
    });
}

#[test]
fn a_store_at_rest_is_one_file_in_which_nothing_lies_free_and_goes_on_from_there() {
    block_on(async {
        let ground = Directory::new();
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        fill(&store, 0, 30).await;
        settled(&store).await;
        let db = Connection::open(&store.shared.path).unwrap();
        let log = store.shared.path.with_extension("db-wal");
        let free = || db.query_row("PRAGMA freelist_count", [], |row| row.get::<_, i64>(0)).unwrap();
        let rests = || std::fs::metadata(&log).is_ok_and(|log| log.len() == 0) && free() == 0;
        let begun = std::time::Instant::now();
        while !rests() {
            assert!(begun.elapsed() < super::writer::REST * 12, "its log stays, or {} pages lie free", free());
            tokio::time::sleep(super::writer::REST / 20).await;
        }
        fill(&store, 30, 1).await;
        assert_eq!(all(&store).await.len(), 31 * 40);
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
        let store = Embedded::open(ground.0.path(), &Settings { memory: bytesize::ByteSize::kib(5), ..settings() }).unwrap();
        let batch: Vec<_> = (0..40).map(|d| reading(d, 0, 1.0)).collect();
        store.append(&batch).await.unwrap();
        assert!(matches!(store.append(&batch).await, Err(StoreError::Unavailable(_))));
        store.flush().await.unwrap();
        store.append(&batch).await.unwrap();
    });
}

#[test]
fn blocks_in_memory_take_no_more_than_the_settings_give_them() {
    block_on(async {
        let ground = Directory::new();
        let settings = Settings { memory: bytesize::ByteSize::kib(128), ..settings() };
        let store = Embedded::open(ground.0.path(), &settings).unwrap();
        let noise: Vec<_> =
            (0..300).flat_map(|d| (0..40).map(move |m| reading(d, m, (d as f64 * 41.0 + m as f64).sin()))).collect();
        store.append(&noise).await.unwrap();
        store.flush().await.unwrap();
        let hourly = Query { shape: Shape::Hourly, ..everything() };
        for _ in 0..3 {
            assert_eq!(all(&store).await.len(), noise.len());
            store.scan(&hourly).await.unwrap();
            let weight = store.shared.cache.weight();
            assert!((8 << 10..=32 << 10).contains(&weight), "{weight} bytes in the cache");
        }
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
        db.execute("UPDATE content SET data = CAST(data || x'00' AS BLOB) WHERE id = 1", []).unwrap();
        drop(db);
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        let damaged = store.scan(&everything()).await;
        assert!(matches!(&damaged, Err(StoreError::Damaged(text)) if text.contains("block 1")), "{damaged:?}");
    });
}

#[test]
fn a_file_of_another_format_or_program_is_refused() {
    let ground = Directory::new();
    let made = ground.0.path().join("made/store");
    drop(Embedded::open(&made, &settings()).unwrap());
    let path = made.join("readings.db");
    let set = |pragma: &str| Connection::open(&path).unwrap().execute_batch(pragma).unwrap();
    set(&format!("PRAGMA user_version = {}", format::FORMAT + 1));
    let newer = Embedded::open(&path, &settings()).unwrap_err();
    assert!(newer.to_string().contains("has format 3, this program reads formats 1 to 2"), "{newer}");
    set("PRAGMA user_version = 2; PRAGMA application_id = 7");
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
