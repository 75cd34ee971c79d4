//! Reading, releasing, the limit, and cursors.

use std::sync::Arc;

use bytes::Bytes;
use journal::testing::FaultyDisk;
use journal::{Cursor, Journal, JournalError, Kind, MAX_NOTE, View};

use crate::{World, open, read_all, settings};

fn at(offset: u64) -> Cursor {
    Cursor { offset, note: Bytes::new() }
}

fn journal(segment: u64, limit: u64, keep: u64) -> (Journal, View) {
    let (journal, _) = Journal::open(Arc::new(FaultyDisk::new()), &settings(segment, limit, keep)).expect("an empty disk");
    let view = journal.view();
    (journal, view)
}

fn commit(journal: &mut Journal, count: u64) {
    for _ in 0..count {
        journal.append(&[7; 100]);
        journal.commit().expect("there is room");
    }
}

#[test]
fn a_reader_may_begin_anywhere_and_sees_only_what_is_committed() {
    let mut world = World::new();
    for n in 0..40 {
        world.append(n * 5);
        if n % 3 == 0 {
            assert!(world.commit().is_ok());
        }
    }
    let view = world.journal.view();
    assert_eq!(view.next(), 40);
    world.append(1);
    for from in 0..=40 {
        let mut reader = view.reader(from).unwrap();
        let mut seen = Vec::new();
        while let Some(batch) = reader.next(4, usize::MAX).unwrap() {
            assert!(batch.records.len() <= 4);
            seen.extend(batch.records);
        }
        assert_eq!(seen, world.kept[usize::try_from(from).unwrap()..], "from {from}");
    }
    let error = view.reader(41).map(drop).unwrap_err();
    assert_eq!(error.to_string(), "offset 41 is not in the journal, which has 0 to 40");
}

#[test]
fn a_reader_at_the_end_goes_on_with_what_comes() {
    let (mut journal, view) = journal(512, 1 << 20, 0);
    let mut reader = view.reader(0).unwrap();
    for n in 0..50 {
        assert_eq!(reader.next(10, 1000).unwrap(), None);
        commit(&mut journal, 1);
        assert_eq!(reader.next(10, 1000).unwrap().map(|batch| (batch.first, batch.next())), Some((n, n + 1)));
    }
}

#[test]
fn a_batch_ends_before_the_bytes_asked_for_but_has_at_least_one_record() {
    let (mut journal, view) = journal(4096, 1 << 20, 0);
    for length in [10, 10, 10, 500, 10] {
        journal.append(&vec![1; length]);
    }
    journal.commit().unwrap();
    let mut reader = view.reader(0).unwrap();
    let lengths = std::iter::from_fn(|| reader.next(100, 25).unwrap()).map(|batch| batch.records.len());
    assert_eq!(lengths.collect::<Vec<_>>(), [2, 1, 1, 1]);
}

#[test]
fn records_larger_than_a_piece_and_empty_ones_are_read() {
    let (mut journal, view) = journal(1 << 20, 1 << 30, 0);
    let records: Vec<Vec<u8>> = [0, 300_000, 0, 1, 700_000, 262_144, 0].iter().map(|length| vec![9; *length]).collect();
    for record in &records {
        journal.append(record);
    }
    journal.commit().unwrap();
    assert_eq!(read_all(&view), records);
}

#[test]
fn only_whole_segments_behind_the_slowest_cursor_are_released() {
    let (mut journal, view) = journal(512, 1 << 20, 0);
    commit(&mut journal, 30);
    assert_eq!(journal.release().unwrap(), 0, "without a cursor nothing was read");
    view.set_cursor("fast", &at(30)).unwrap();
    view.set_cursor("slow", &at(5)).unwrap();
    let before = view.bytes();
    let freed = journal.release().unwrap();
    assert!(freed > 0 && before - freed == view.bytes());
    assert!((1..=5).contains(&view.first()), "{}", view.first());
    assert!(view.reader(5).is_ok());
    assert!(matches!(view.reader(0).map(drop), Err(JournalError::OutOfRange { offset: 0, .. })));
    assert!(view.remove_cursor("slow").unwrap());
    assert!(!view.remove_cursor("slow").unwrap());
    journal.release().unwrap();
    assert!(view.first() > 25, "{}", view.first());
    assert_eq!(read_all(&view).len() as u64, 30 - view.first());
}

#[test]
fn keep_bytes_stay_behind_the_slowest_cursor() {
    let (mut journal, view) = journal(512, 1 << 20, 2000);
    commit(&mut journal, 60);
    view.set_cursor("historian", &at(60)).unwrap();
    journal.release().unwrap();
    assert!((2000..2000 + 3 * 512).contains(&view.bytes()), "{}", view.bytes());
}

#[test]
fn a_journal_at_its_limit_has_no_room_until_its_slowest_reader_moves_on() {
    let (mut journal, view) = journal(512, 4096, 512);
    let mut appended = 0;
    while journal.has_room(100) {
        commit(&mut journal, 1);
        appended += 1;
    }
    assert!(view.bytes() <= view.limit(), "{} of {}", view.bytes(), view.limit());
    assert!(view.bytes() + 200 > view.limit());
    assert_eq!(journal.release().unwrap(), 0);
    assert!(!journal.has_room(100));
    view.set_cursor("historian", &at(appended)).unwrap();
    assert!(journal.release().unwrap() > 0);
    assert!(journal.has_room(100));
    assert!(!journal.has_room(u64::MAX));
}

#[test]
fn what_is_appended_counts_against_the_limit_before_it_is_committed() {
    let (mut journal, _) = journal(512, 2048, 0);
    assert!(journal.has_room(1500));
    journal.append(&[0; 1000]);
    assert!(!journal.has_room(1500));
    assert!(journal.pending_bytes() > 1000);
    journal.abandon();
    assert!(journal.has_room(1500));
}

#[test]
fn one_sync_commits_all_that_waits() {
    let (mut journal, view) = journal(1 << 20, 1 << 30, 0);
    for n in 0..10_000 {
        assert_eq!(journal.append_with(8, |out| out.extend_from_slice(&n.to_string().into_bytes())), n);
    }
    assert_eq!(journal.commit().unwrap(), 10_000);
    assert_eq!(journal.commit().unwrap(), 10_000, "nothing to commit");
    assert_eq!(view.syncs(), 1);
}

#[test]
fn a_cursor_keeps_its_note_and_may_move_back() {
    let mut world = World::new();
    for _ in 0..4 {
        world.append(1);
    }
    assert!(world.commit().is_ok());
    let view = world.journal.view();
    assert_eq!(view.cursor("historian").unwrap(), None);
    for offset in [4, 2] {
        let cursor = Cursor { offset, note: Bytes::from(format!("tallies at {offset}")) };
        view.set_cursor("historian", &cursor).unwrap();
        assert_eq!(view.cursors(), [("historian".to_owned(), cursor.clone())]);
        let (journal, _) = open(&world.disk).unwrap();
        assert_eq!(journal.view().cursor("historian").unwrap(), Some(cursor));
    }
}

#[test]
fn cursors_that_cannot_be_are_refused() {
    let (_journal, view) = journal(512, 1 << 20, 0);
    for name in ["", "A", "a/b", "..", "a.b", "é", &"a".repeat(65)] {
        assert_eq!(view.set_cursor(name, &at(0)).unwrap_err().kind(), Kind::Refused, "{name:?}");
    }
    let note = |length| Cursor { offset: 0, note: vec![0; length].into() };
    assert!(view.set_cursor("historian", &note(MAX_NOTE)).is_ok());
    assert_eq!(view.set_cursor("historian", &note(MAX_NOTE + 1)).unwrap_err().kind(), Kind::Refused);
    assert_eq!(view.set_cursor("historian", &at(1)).unwrap_err().kind(), Kind::Refused);
    assert_eq!(view.cursors().len(), 1);
}

#[test]
fn a_cursor_that_finds_no_room_leaves_the_old_one() {
    let mut world = World::new();
    assert!(world.set_cursor(255).is_ok());
    let old = world.cursor.clone();
    world.disk.set_room(Some(world.disk.used() + 10));
    let view = world.journal.view();
    let full = view.set_cursor("historian", &Cursor { offset: 0, note: vec![1; 900].into() }).unwrap_err();
    assert!(full.is_transient(), "{full}");
    assert_eq!(view.set_cursor("other", &Cursor { offset: 0, note: vec![1; 900].into() }).unwrap_err().kind(), Kind::Full);
    assert_eq!((view.cursor("historian").unwrap(), view.cursor("other").unwrap()), (old, None));
    world.disk.set_room(None);
    assert!(view.set_cursor("other", &at(0)).is_ok());
}

#[test]
fn a_cursor_that_does_not_move_costs_nothing() {
    let mut world = World::new();
    assert!(world.set_cursor(255).is_ok());
    let operations = world.disk.operations();
    assert!(world.set_cursor(255).is_ok());
    assert_eq!(world.disk.operations(), operations);
}

#[test]
fn a_reader_stops_at_damage_that_came_after_the_journal_was_opened() {
    let mut world = World::new();
    for length in [40, 50, 60] {
        world.append(length);
        assert!(world.commit().is_ok());
    }
    let segment = "00000000000000000000.seg";
    let second = 32 + 24 + 8 + 48;
    for byte in second..second + 24 + 8 + 58 {
        assert!(world.disk.flip(segment, byte, 0x40));
        let mut reader = world.journal.view().reader(0).unwrap();
        assert_eq!(reader.next(1, 1000).unwrap().map(|batch| batch.next()), Some(1));
        let error = reader.next(1, 1000).unwrap_err();
        assert_eq!(error.kind(), Kind::Damaged);
        assert!(error.to_string().starts_with(&format!("{segment} is damaged at byte ")), "{error}");
        assert!(world.disk.flip(segment, byte, 0x40));
    }
}

#[test]
fn a_reader_without_a_cursor_finishes_its_file_and_then_hears_that_it_was_left_behind() {
    let (mut journal, view) = journal(512, 1 << 20, 0);
    commit(&mut journal, 30);
    let mut reader = view.reader(0).unwrap();
    assert_eq!(reader.next(1, 1000).unwrap().map(|batch| batch.first), Some(0));
    view.set_cursor("historian", &at(30)).unwrap();
    journal.release().unwrap();
    let error = loop {
        match reader.next(1, 1000) {
            Ok(batch) => assert!(batch.is_some_and(|batch| batch.next() < 6), "only the file that it holds"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, JournalError::OutOfRange { .. }), "{error}");
}

#[test]
fn the_writer_moves_to_a_thread_and_views_are_shared_between_threads() {
    fn is_sent<T: Send>(thing: T) -> T {
        thing
    }
    fn is_shared<T: Send + Sync + Clone>(thing: &T) -> T {
        thing.clone()
    }
    let (journal, view) = journal(512, 1 << 20, 0);
    assert_eq!(is_sent(journal).view().next(), is_shared(&view).next());
    assert_eq!(is_sent(view.reader(0).unwrap()).offset(), 0);
}
