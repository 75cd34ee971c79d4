//! On real files.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use journal::{Cursor, Disk, Journal, JournalError, RealDisk};

use crate::{record, settings};

#[test]
fn a_second_process_is_told_that_the_journal_is_in_use() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data").join("journal");
    assert!(!RealDisk::is_held(&path));
    let disk = RealDisk::open(&path).unwrap();
    assert!(RealDisk::is_held(&path));
    let error = RealDisk::open(&path).unwrap_err();
    assert!(matches!(&error, JournalError::Held { dir } if *dir == path), "{error}");
    assert!(error.to_string().ends_with("is in use by another process"), "{error}");
    drop(disk);
    assert!(!RealDisk::is_held(&path));
    assert!(RealDisk::open(&path).is_ok());
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = RealDisk::open(&file.join("journal")).unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot make {}", file.display())), "{error}");
}

#[test]
fn each_real_disk_has_a_nonce_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let disk = RealDisk::open(dir.path()).unwrap();
    assert_ne!(disk.nonce(), disk.nonce());
}

#[test]
fn readers_keep_up_with_a_writer_that_rolls_and_releases() {
    const RECORDS: u64 = 20_000;
    let dir = tempfile::tempdir().unwrap();
    let settings = settings(64 << 10, 1 << 20, 0);
    let (mut journal, _) = Journal::open(Arc::new(RealDisk::open(dir.path()).unwrap()), &settings).unwrap();
    let view = journal.view();
    for name in ["historian", "evaluator"] {
        view.set_cursor(name, &Cursor::default()).unwrap();
    }
    let written = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for (name, records, bytes) in [("historian", 64, 4096), ("evaluator", 1000, 100_000)] {
            let (view, written) = (journal.view(), &written);
            scope.spawn(move || {
                let mut reader = view.reader(0).unwrap();
                let mut kept = 0;
                loop {
                    let last = written.load(Ordering::Acquire);
                    match reader.next(records, bytes).unwrap() {
                        Some(batch) => {
                            for (offset, found) in (batch.first..).zip(&batch.records) {
                                assert_eq!(*found, record(offset, (offset % 97) as usize));
                            }
                            if reader.offset() - kept > 1000 {
                                kept = reader.offset();
                                view.set_cursor(name, &Cursor { offset: kept, note: Bytes::from_static(b"x") }).unwrap();
                            }
                        }
                        None if last => break,
                        None => std::thread::yield_now(),
                    }
                }
                assert_eq!(reader.offset(), RECORDS);
            });
        }
        let mut next = 0;
        while next < RECORDS {
            while journal.has_room(200) && journal.pending_bytes() < 8192 && next < RECORDS {
                let bytes = record(next, (next % 97) as usize);
                assert_eq!(journal.append(&bytes), next);
                next += 1;
            }
            journal.commit().unwrap();
            journal.release().unwrap();
        }
        written.store(true, Ordering::Release);
    });
    assert!(view.first() > 0, "old segments went while readers read");
    drop(journal);
    drop(view);
    let (journal, recovered) = Journal::open(Arc::new(RealDisk::open(dir.path()).unwrap()), &settings).unwrap();
    assert_eq!((recovered.next, recovered.torn), (RECORDS, None));
    let cursor = journal.view().cursor("evaluator").unwrap().unwrap();
    assert!(cursor.offset > 0 && cursor.note == "x", "{cursor:?}");
}

#[test]
fn a_torn_tail_on_a_real_file_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    let settings = settings(64 << 10, 1 << 20, 0);
    let open = || Journal::open(Arc::new(RealDisk::open(dir.path()).unwrap()), &settings).unwrap();
    let (mut journal, _) = open();
    for _ in 0..2 {
        journal.append(b"kept");
        journal.commit().unwrap();
    }
    drop(journal);
    let segment = dir.path().join("00000000000000000000.seg");
    let bytes = std::fs::read(&segment).unwrap();
    std::fs::write(&segment, &bytes[..bytes.len() - 3]).unwrap();
    let (_journal, recovered) = open();
    assert_eq!((recovered.next, recovered.torn.map(|torn| torn.bytes)), (1, Some(33)));
    assert_eq!(std::fs::read(&segment).unwrap().len(), 32 + 36);
}
