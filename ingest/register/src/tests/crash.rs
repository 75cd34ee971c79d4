//! What is on disk after the power failed, and while the disk is full: a prefix of the commits, never
//! a part of one.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use ports::{AlertBook, EvaluatorStep, Outbox, Quarantine, RecordError};
use schemas::Phase;
use tempfile::TempDir;

use super::{assert_tally, at, device, fresh, line, plan, records, restored, step, transition};
use crate::Register;

const STEPS: u64 = 12;

/// Step `cursor` of a history in which every step has a state, a transition and two notifications.
fn nth(cursor: u64) -> EvaluatorStep {
    let since = i64::try_from(cursor).unwrap() * 10;
    EvaluatorStep {
        states: vec![(device("bin-1"), Bytes::from(cursor.to_le_bytes().repeat(200)))],
        ..step(cursor, vec![transition("bin-1", since, Phase::Firing, since, &["log", "hook"])])
    }
}

/// What must be there when the first `cursor` steps are.
fn assert_prefix(register: &Register) -> u64 {
    // What was decided and not planned before the crash is planned after it, once.
    plan(register, at(1000));
    let restored = restored(register);
    let cursor = restored.cursor.unwrap_or(0);
    let expected: Vec<_> = (1..=cursor).flat_map(|n| nth(n).transitions).collect();
    let found: Vec<_> = register.transitions(0, 1000).unwrap().into_iter().map(|(_, t)| t).collect();
    assert_eq!(found, expected);
    assert_eq!(register.outbox_counts(), (2 * cursor, 0));
    assert_eq!(register.alert_counts(), (cursor, 0));
    let states = if cursor == 0 { vec![] } else { nth(cursor).states };
    assert_eq!(restored.states, states);
    assert_eq!(register.head(&line("hook")).unwrap().map(|n| n.steps[0].transition.clone()), expected.first().cloned());
    assert_tally(register);
    cursor
}

fn wal(path: &Path) -> PathBuf {
    path.with_extension("sqlite-wal")
}

/// The files as they are now, which is what the disk holds if the power fails now.
fn photograph(path: &Path) -> (Vec<u8>, Vec<u8>) {
    (std::fs::read(path).unwrap(), std::fs::read(wal(path)).unwrap())
}

fn develop(file: &[u8], log: &[u8]) -> (TempDir, Register) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("register.sqlite");
    std::fs::write(&path, file).unwrap();
    std::fs::write(wal(&path), log).unwrap();
    let register = Register::open(&path).unwrap();
    (directory, register)
}

#[test]
fn after_a_crash_with_a_torn_or_damaged_log_a_prefix_of_the_steps_is_there_whole() {
    let (_directory, path, register) = fresh();
    for cursor in 1..=STEPS {
        register.commit(&nth(cursor)).unwrap();
        plan(&register, at(1000));
    }
    let (file, log) = photograph(&path);
    assert_eq!(assert_prefix(&develop(&file, &log).1), STEPS, "what was committed is there");

    let mut seen = std::collections::BTreeSet::new();
    for cut in (0..log.len()).step_by(9973) {
        seen.insert(assert_prefix(&develop(&file, &log[..cut]).1));
        let mut lie = log.clone();
        lie[cut] ^= 0x55;
        seen.insert(assert_prefix(&develop(&file, &lie).1));
    }
    assert!(seen.len() > 6, "the cuts fell on {seen:?} only");
}

#[test]
fn a_crash_in_the_middle_of_a_step_leaves_nothing_of_it() {
    let (_directory, path, register) = fresh();
    register.commit(&nth(1)).unwrap();
    // So small that a large transaction spills into the log before it is committed.
    crate::lock(&register.writer).pragma_update(None, "cache_size", 10).unwrap();
    let before = std::fs::metadata(wal(&path)).unwrap().len();
    let photo = register
        .write("a step", |transaction, _| {
            for n in 0..2000 {
                transaction
                    .execute("INSERT INTO engine_state (device, state) VALUES (?1, zeroblob(2000))", [format!("bin-{n}x")])
                    .unwrap();
            }
            Ok(photograph(&path))
        })
        .unwrap();
    assert!(photo.1.len() as u64 > before + 1_000_000, "the transaction did not spill");
    assert_eq!(assert_prefix(&develop(&photo.0, &photo.1).1), 1);
}

#[test]
fn a_full_disk_keeps_nothing_of_the_step_and_the_step_is_kept_later() {
    let (_directory, _path, register) = fresh();
    register.commit(&nth(1)).unwrap();
    plan(&register, at(1000));
    let pages: i64 = crate::lock(&register.writer).query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    let allow = |pages: i64| {
        let writer = crate::lock(&register.writer);
        writer.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |row| row.get::<_, i64>(0)).unwrap()
    };
    allow(pages);
    let mut large = nth(2);
    large.states.extend((0..500).map(|n| (device(&format!("bin-{n}x")), Bytes::from(vec![7; 1000]))));
    let full = register.commit(&large).unwrap_err();
    assert!(matches!(&full, RecordError::Unavailable(text) if text.contains("full")), "{full}");
    assert_eq!(assert_prefix(&register), 1);
    let aside: Vec<_> = (0..500).map(|n| records::garbage(n, "not_json")).collect();
    assert!(matches!(register.put_aside(0..500, &aside), Err(RecordError::Unavailable(_))));
    assert_eq!((register.quarantine_count(), records::all(&register).len()), (0, 0));

    allow(1_000_000);
    register.commit(&large).unwrap();
    assert_eq!(restored(&register).states.len(), 501);
    register.put_aside(0..500, &aside).unwrap();
    assert_eq!(register.quarantine_count(), 500);
    assert_tally(&register);
}

#[test]
fn a_damaged_page_is_said_and_not_taken_for_data() {
    let (_directory, path, register) = fresh();
    for cursor in 1..=STEPS {
        register.commit(&nth(cursor)).unwrap();
    }
    drop(register);
    let mut file = std::fs::read(&path).unwrap();
    // Every page but the first, which holds the header and the schema.
    file.iter_mut().skip(4096).for_each(|byte| *byte = 0xA5);
    std::fs::write(&path, file).unwrap();
    let damaged = Register::open(&path).map(|register| register.restore(&mut |_, _| ()).map(drop));
    assert!(
        matches!(damaged, Err(RecordError::Damaged(_)) | Ok(Err(RecordError::Damaged(_)))),
        "a page of rubbish went unnoticed: {damaged:?}"
    );
}

#[test]
#[ignore = "measures: cargo test --release -p register -- --ignored --nocapture"]
fn a_commit_of_5000_states_and_20_transitions_is_timed() {
    let (_directory, _path, register) = fresh();
    let mut times = Vec::new();
    for round in 1..=40u64 {
        let states = (0..5000).map(|n| (device(&format!("bin-{n:05}")), Bytes::from(round.to_le_bytes().repeat(16)))).collect();
        let since = i64::try_from(round).unwrap();
        let transitions =
            (0..20).map(|n| transition(&format!("bin-{n:05}"), since, Phase::Firing, since, &["log", "hook"])).collect();
        let step = EvaluatorStep { cursor: round, states, transitions, now: at(since) };
        let start = std::time::Instant::now();
        register.commit(&step).unwrap();
        times.push(start.elapsed());
    }
    times.sort();
    println!("5,000 states of 128 B and 20 transitions: median {:?}, worst {:?}", times[20], times[39]);
    assert_eq!(restored(&register).states.len(), 5000);
}
