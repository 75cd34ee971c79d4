//! Whole files: what is damaged is found, a copy is a store, and what was forgotten is given back.

use super::*;
use crate::embedded::verify::{copy as copy_file, verify};

fn verified(path: &Path) -> crate::Verified {
    let mut last = 0;
    let verified = verify(path, &mut |done, all| {
        assert!(last <= done && done <= all);
        last = done;
    });
    let verified = verified.unwrap();
    assert_eq!(last, verified.blocks, "progress comes to its end");
    verified
}

#[test]
fn a_flipped_bit_anywhere_in_a_block_is_found_and_named() {
    block_on(async {
        let ground = Directory::new();
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        fill(&store, 0, 5).await;
        settled(&store).await;
        let file = ground.0.path().join("readings.db");
        let whole = verified(&file);
        assert_eq!((whole.entries, whole.series, whole.damaged), (200, 40, 0), "{whole:?}");
        drop(store);
        let db = Connection::open(&file).unwrap();
        let contents: Vec<(i64, Vec<u8>)> = db
            .prepare("SELECT id, data FROM content WHERE id IN (SELECT id FROM block)")
            .and_then(|mut all| all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
            .unwrap();
        let put =
            |id: i64, data: &[u8]| db.execute("UPDATE content SET data = ? WHERE id = ?", rusqlite::params![data, id]).unwrap();
        for (id, data) in contents {
            for at in (0..data.len()).step_by(7) {
                let mut flipped = data.clone();
                flipped[at] ^= 1 << (at % 8);
                put(id, &flipped);
                let found = verified(&file);
                assert_eq!(found.damaged, 1, "byte {at} of block {id}: {found:?}");
                assert!(found.faults[0].contains(&format!("block {id}")), "{found:?}");
            }
            put(id, &data);
        }
        assert_eq!(verified(&file), whole);
    });
}

#[test]
fn books_that_contradict_their_blocks_are_found() {
    block_on(async {
        let ground = Directory::new();
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        fill(&store, 0, 5).await;
        settled(&store).await;
        drop(store);
        let cases = [
            ("UPDATE block SET count = count + 1 WHERE id = ID", "the books say"),
            ("UPDATE block SET last = first WHERE id = ID", "other series"),
            ("UPDATE block SET latest = latest - 1 WHERE id = ID", "beyond those in the books"),
            ("DELETE FROM content WHERE id = ID", "its content is missing"),
            ("DELETE FROM hours WHERE id = ID", "its hours are not"),
            ("DELETE FROM stream WHERE id = (SELECT first FROM block WHERE id = ID)", "nobody knows stream"),
            ("UPDATE latest SET data = CAST(data || x'00' AS BLOB)", "chunk 0"),
        ];
        for (change, names) in cases {
            let file = ground.0.path().join(format!("{}.db", names.replace(' ', "-")));
            std::fs::copy(ground.0.path().join("readings.db"), &file).unwrap();
            let change = change.replace("ID", "(SELECT id FROM block WHERE first <> last AND hours ORDER BY id LIMIT 1)");
            Connection::open(&file).unwrap().execute_batch(&change).unwrap();
            let found = verified(&file);
            assert!(found.faults.iter().any(|fault| fault.contains(names)), "{change}: {found:?}");
        }
        assert_eq!(verified(ground.0.path()).damaged, 0);
    });
}

#[test]
fn a_copy_made_while_readings_come_is_a_store_of_what_was_flushed_before() {
    block_on(async {
        let ground = Directory::new();
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        for minute in 0..12 {
            fill(&store, minute, 1).await;
            let to = ground.0.path().join(format!("copy-{minute}.db"));
            copy_file(ground.0.path(), &to).unwrap();
            assert_eq!(verified(&to).damaged, 0);
            let copy = Embedded::open(&to, &settings()).unwrap();
            assert_eq!(all(&copy).await, all(&store).await);
            assert_eq!(copy.latest(&Selector::default()).await.unwrap(), store.latest(&Selector::default()).await.unwrap());
        }
        let there = copy_file(ground.0.path(), &ground.0.path().join("copy-1.db"));
        assert!(matches!(there, Err(StoreError::Unavailable(_))), "a file that is there is not written over: {there:?}");
        let missing = copy_file(&ground.0.path().join("nowhere.db"), &ground.0.path().join("other.db"));
        assert!(matches!(missing, Err(StoreError::Unavailable(_))), "{missing:?}");
    });
}

#[test]
fn no_page_of_the_file_holds_the_name_of_a_device_that_was_erased() {
    const PREFIX: &[u8] = b"somebodys-meter-";
    block_on(async {
        let ground = Directory::new();
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        let devices: Vec<DeviceId> = (0..3000).map(|n| format!("somebodys-meter-{n:05}").parse().unwrap()).collect();
        let readings = devices.iter().map(|device| {
            let mut reading = reading(0, 1, 1.0);
            reading.series.device = device.clone();
            reading
        });
        store.append(&readings.collect::<Vec<_>>()).await.unwrap();
        store.flush().await.unwrap();
        let names = || {
            let files =
                ["readings.db", "readings.db-wal"].map(|name| std::fs::read(ground.0.path().join(name)).unwrap_or_default());
            files.iter().map(|bytes| bytes.windows(PREFIX.len()).filter(|part| *part == PREFIX).count()).sum::<usize>()
        };
        assert!(names() >= devices.len());
        let (gone, kept) = devices.split_at(2900);
        let select = Selector { devices: gone.to_vec(), ..Selector::default() };
        assert_eq!(store.forget(&select, Timestamp::MIN..Timestamp::MAX).await.unwrap(), gone.len() as u64);
        assert_eq!(names(), kept.len());
    });
}

#[test]
fn what_was_forgotten_is_given_back_to_the_disk() {
    block_on(async {
        let ground = Directory::new();
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        let noise = |week: i64| {
            (0..4000).map(move |i| reading(i % 40, week * 7 * 24 * 60 + i as i64 / 40, (i as f64 * 1.618 + week as f64).sin()))
        };
        for week in 0..8 {
            store.append(&noise(week).collect::<Vec<_>>()).await.unwrap();
            store.flush().await.unwrap();
        }
        settled(&store).await;
        let before = store.gauges().bytes;
        let until = reading(0, 7 * 7 * 24 * 60, 0.0).observed_at;
        store.forget(&Selector::default(), Timestamp::MIN..until).await.unwrap();
        for _ in 0..10_000 {
            if store.gauges().bytes < before / 3 {
                break;
            }
            tokio::task::yield_now().await;
        }
        let after = store.gauges().bytes;
        assert!(after < before / 3, "{after} bytes of {before}");
        assert_eq!(all(&store).await.len(), 4000);
        drop(store);
        let file = ground.0.path().join("readings.db");
        // The write-ahead log is folded in; until then the file is as it was.
        Connection::open(&file).unwrap().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        let size = std::fs::metadata(file).unwrap().len();
        assert!(size <= after, "{size} bytes on disk, {after} were said");
        assert_eq!(verified(ground.0.path()).damaged, 0);
    });
}
