//! A full disk, a failed sync, a lying disk, rotten bits, and formats of other times.

use std::sync::Arc;

use bytes::Bytes;
use journal::testing::FaultyDisk;
use journal::{Cursor, Disk, Journal, JournalError, Kind};

use crate::{UnderWay, World, open, read_all, record, settings, small};

const FIRST_SEGMENT: &str = "00000000000000000000.seg";

/// Three segments; the records of each commit, and where its block ends.
fn three_segments() -> World {
    let mut world = World::new();
    for length in [100, 150, 120, 180, 90, 130, 110, 60] {
        world.append(length);
        assert!(world.commit().is_ok());
    }
    assert!(segments(&world.disk).len() >= 3);
    world
}

fn segments(disk: &FaultyDisk) -> Vec<String> {
    disk.list().expect("it lists").into_iter().filter(|name| name.ends_with(".seg")).collect()
}

#[test]
fn a_full_disk_loses_nothing_and_is_tried_again() {
    for room in 0..700 {
        let mut world = World::new();
        world.append(200);
        assert!(world.commit().is_ok());
        world.disk.set_room(Some(world.disk.used() + room));
        world.append(300);
        world.append(60);
        let Err(full) = world.journal.commit() else {
            assert!(room >= 32 + 24 + 2 * 16 + 360);
            continue;
        };
        assert_eq!(full.kind(), Kind::Full, "{full}");
        assert!(full.is_transient());
        // What was appended is still there, and goes when there is room.
        world.disk.set_room(None);
        assert!(world.commit().is_ok());
        assert_eq!(world.kept.len(), 3);
        assert_eq!(read_all(&world.journal.view()), world.kept);
        assert_eq!(world.crash(room, &UnderWay::default()).torn, None);
    }
}

#[test]
fn what_is_abandoned_on_a_full_disk_never_comes_back() {
    for seed in 0..50 {
        let mut world = World::new();
        world.append(10);
        assert!(world.commit().is_ok());
        world.disk.set_room(Some(world.disk.used() + 200));
        world.append(350);
        assert!(world.commit().is_ok(), "full is no failure");
        world.abandon();
        world.append(20);
        assert!(world.commit().is_ok());
        assert_eq!(world.kept.len(), 2);
        world.crash(seed, &UnderWay::default());
    }
}

#[test]
fn a_block_taken_back_on_a_full_disk_stays_away_though_the_next_commit_rolls() {
    for seed in 0..50 {
        let mut world = World::new();
        world.append(150);
        assert!(world.commit().is_ok());
        world.disk.set_room(Some(world.disk.used() + 100));
        world.append(150);
        assert!(world.commit().is_ok(), "full is no failure");
        world.disk.set_room(None);
        world.append(150);
        assert!(world.commit().is_ok());
        assert_eq!(segments(&world.disk).len(), 2);
        world.crash(seed, &UnderWay::default());
    }
}

#[test]
fn a_failed_sync_stops_the_journal_for_good_and_is_never_tried_again() {
    let mut world = World::new();
    world.append(10);
    assert!(world.commit().is_ok());
    world.append(20);
    world.disk.fail_sync_after(0);
    let error = world.journal.commit().unwrap_err();
    assert_eq!(error.kind(), Kind::Broken, "{error}");
    let view = world.journal.view();
    assert!(view.broken().is_some_and(|why| why.contains("the sync failed")));
    let operations = world.disk.operations();
    let again = [
        world.journal.commit().unwrap_err(),
        world.journal.release().unwrap_err(),
        view.set_cursor("historian", &Cursor::default()).unwrap_err(),
    ];
    assert!(again.iter().all(|error| error.kind() == Kind::Broken), "{again:?}");
    assert_eq!(world.disk.operations(), operations, "the disk is left alone");
    assert_eq!(view.next(), 1, "readers do not see what may not be kept");
}

#[test]
fn what_a_failed_sync_left_in_the_page_cache_is_written_anew_before_it_is_trusted() {
    for seed in 0..20 {
        let mut world = World::new();
        world.append(100);
        world.disk.fail_sync_after(0);
        let under_way = world.commit().unwrap_err();
        // The program starts anew without a power failure: it sees the block in the page cache.
        world.reopen(&under_way);
        assert_eq!(world.kept.len(), 1);
        world.append(5);
        assert!(world.commit().is_ok());
        world.crash(seed, &UnderWay::default());
    }
}

#[test]
fn what_was_in_the_page_cache_at_a_restart_survives_a_later_power_failure() {
    for seed in 0..20 {
        let mut world = World::new();
        world.append(100);
        world.disk.stop_after(1);
        let under_way = world.commit().unwrap_err();
        world.disk.crash(seed);
        world.reopen(&under_way);
        world.crash(seed ^ 1, &UnderWay::default());
    }
}

#[test]
fn damage_before_the_tail_stops_and_names_file_and_byte() {
    let world = three_segments();
    let names = segments(&world.disk);
    let mut found = 0;
    for name in &names {
        let length = world.disk.contents(name).unwrap().len() as u64;
        for byte in 0..length {
            assert!(world.disk.flip(name, byte, 0x10));
            match open(&world.disk) {
                Err(JournalError::Damaged { file, byte: at, .. }) => {
                    assert_eq!(&file, name);
                    assert!(at <= byte, "said {at}, was {byte}");
                    found += 1;
                }
                Err(JournalError::Version { .. }) => assert!((8..12).contains(&byte), "byte {byte}"),
                other => assert!(name == names.last().unwrap(), "{name} byte {byte}: {other:?}"),
            }
            // Only the last block may be taken for torn, and then it was cut: put all back.
            if name == names.last().unwrap() {
                break;
            }
            assert!(world.disk.flip(name, byte, 0x10));
        }
    }
    assert!(found > 800, "{found}");
}

#[test]
fn damage_in_the_last_segment_before_its_last_block_stops() {
    let mut world = World::new();
    for length in [50, 60, 70] {
        world.append(length);
        assert!(world.commit().is_ok());
    }
    let whole = world.disk.contents(FIRST_SEGMENT).unwrap();
    let last_block = whole.len() - (24 + 8 + 78);
    for byte in 32..whole.len() {
        let disk = FaultyDisk::new();
        disk.place(FIRST_SEGMENT, &whole);
        assert!(disk.flip(FIRST_SEGMENT, byte as u64, 1));
        let operations = disk.operations();
        match open(&disk) {
            Err(error) => {
                assert_eq!(error.kind(), Kind::Damaged, "{error}");
                assert!(byte < last_block, "byte {byte}: {error}");
                assert_eq!(disk.operations(), operations, "nothing is changed");
            }
            // The last block, with nothing after it, looks like a torn one.
            Ok((_, recovered)) => {
                assert!(byte >= last_block, "byte {byte}");
                assert_eq!((recovered.next, recovered.torn.map(|torn| torn.at)), (2, Some(last_block as u64)));
            }
        }
    }
}

#[test]
fn a_tail_cut_anywhere_is_cut_back_to_the_last_whole_commit() {
    let mut world = World::new();
    let mut ends = vec![32];
    for length in [50, 60, 70] {
        world.append(length);
        world.append(length / 2);
        assert!(world.commit().is_ok());
        ends.push(world.disk.contents(FIRST_SEGMENT).unwrap().len());
    }
    let whole = world.disk.contents(FIRST_SEGMENT).unwrap();
    for length in 32..=whole.len() {
        let commits = ends.iter().filter(|end| **end <= length).count() - 1;
        for tail in [0, 1, 40] {
            let disk = FaultyDisk::new();
            disk.place(FIRST_SEGMENT, &[&whole[..length], &vec![0; tail]].concat());
            let (journal, recovered) = open(&disk).unwrap();
            assert_eq!(recovered.next, commits as u64 * 2, "length {length}");
            assert_eq!(recovered.torn.map_or(0, |torn| torn.bytes), (length + tail - ends[commits]) as u64);
            assert_eq!(read_all(&journal.view()), world.kept[..commits * 2]);
            assert_eq!(disk.contents(FIRST_SEGMENT).unwrap().len(), ends[commits]);
        }
    }
}

#[test]
fn a_payload_that_looks_like_a_block_does_not_make_a_torn_tail_look_damaged() {
    // The block of another journal, at a later place, as a record's body.
    let mut other = World::new();
    for _ in 0..3 {
        other.append(20);
        assert!(other.commit().is_ok());
    }
    let forged = other.disk.contents(FIRST_SEGMENT).unwrap()[32..].to_vec();
    let disk = FaultyDisk::new();
    let salted = Salted(disk.clone());
    let (mut journal, _) = Journal::open(Arc::new(salted.clone()), &settings(4096, 1 << 20, 0)).unwrap();
    journal.append(&forged);
    journal.commit().unwrap();
    let length = disk.contents(FIRST_SEGMENT).unwrap().len() as u64;
    assert!(disk.flip(FIRST_SEGMENT, length - 1, 1));
    let (_, recovered) = Journal::open(Arc::new(salted), &settings(4096, 1 << 20, 0)).unwrap();
    assert_eq!(recovered.torn.map(|torn| torn.at), Some(32));
}

/// A disk with another nonce.
#[derive(Clone, Debug)]
struct Salted(FaultyDisk);

impl Disk for Salted {
    fn list(&self) -> std::io::Result<Vec<String>> {
        self.0.list()
    }
    fn create(&self, name: &str) -> std::io::Result<Arc<dyn journal::File>> {
        self.0.create(name)
    }
    fn open(&self, name: &str) -> std::io::Result<Arc<dyn journal::File>> {
        self.0.open(name)
    }
    fn remove(&self, name: &str) -> std::io::Result<()> {
        self.0.remove(name)
    }
    fn rename(&self, from: &str, to: &str) -> std::io::Result<()> {
        self.0.rename(from, to)
    }
    fn sync_dir(&self) -> std::io::Result<()> {
        self.0.sync_dir()
    }
    fn nonce(&self) -> u64 {
        1
    }
}

#[test]
fn a_missing_segment_stops() {
    let world = three_segments();
    let names = segments(&world.disk);
    world.disk.remove(&names[1]).unwrap();
    let error = open(&world.disk).map(drop).unwrap_err();
    assert_eq!(error.kind(), Kind::Damaged);
    assert!(error.to_string().contains("the next segment begins at"), "{error}");
}

#[test]
fn a_disk_that_lies_about_syncs_is_noticed_or_invents_nothing() {
    let (mut noticed, mut short) = (0, 0);
    for seed in 0..200 {
        let mut world = World::new();
        for round in 0..8 {
            world.disk.set_lies(round >= 2);
            world.append(100 + round * 20);
            assert!(world.commit().is_ok());
            if round == 5 && seed % 2 == 0 {
                world.disk.set_lies(false);
                assert!(world.set_cursor(255).is_ok());
            }
        }
        world.disk.set_lies(false);
        world.disk.crash(seed);
        match open(&world.disk) {
            Ok((journal, recovered)) => {
                let all = read_all(&journal.view());
                assert_eq!(all, world.kept[..all.len()], "seed {seed}");
                assert!(recovered.next >= 2, "what was truly synced is there");
                short += u32::from(all.len() < world.kept.len());
            }
            Err(error) => {
                assert_eq!(error.kind(), Kind::Damaged, "seed {seed}: {error}");
                noticed += 1;
            }
        }
    }
    assert!(noticed > 5 && short > 5, "{noticed} noticed, {short} short");
}

#[test]
fn a_cursor_beyond_the_end_says_that_the_disk_lost_records() {
    let mut world = three_segments();
    assert!(world.set_cursor(255).is_ok());
    for name in &segments(&world.disk)[1..] {
        world.disk.remove(name).unwrap();
    }
    let error = open(&world.disk).map(drop).unwrap_err();
    assert_eq!(error.kind(), Kind::Damaged);
    assert!(error.to_string().contains("records that were kept are gone"), "{error}");
}

#[test]
fn a_cursor_with_a_flipped_bit_stops() {
    let mut world = World::new();
    assert!(world.set_cursor(255).is_ok());
    let length = world.disk.contents("historian.cursor").unwrap().len() as u64;
    for byte in 0..length {
        assert!(world.disk.flip("historian.cursor", byte, 4));
        assert_eq!(open(&world.disk).map(drop).unwrap_err().kind(), Kind::Damaged, "byte {byte}");
        assert!(world.disk.flip("historian.cursor", byte, 4));
    }
    assert!(open(&world.disk).is_ok());
}

/// A segment and a cursor as version 1 wrote them: records `a`, an empty one, `bcd` in two commits.
/// Made by another program, from the description of the format.
const SEGMENT_V1: &str = "
    4a4f55524e414c0a010000006309b0430700000000000000ed5e000000000000
    424c434ba8e5965807000000000000001100000002000000010000005bd7444c
    610000000086b53b91424c434b707594c009000000000000000b000000010000
    00030000009ff9dfd1626364
";
const CURSOR_V1: &str = "
    435552534f520a0001000000a09f951509000000000000006e6f7465
";

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex")).collect()
}

#[test]
fn version_1_is_read() {
    let disk = FaultyDisk::new();
    disk.place("00000000000000000007.seg", &unhex(SEGMENT_V1));
    disk.place("historian.cursor", &unhex(CURSOR_V1));
    let (journal, recovered) = open(&disk).unwrap();
    assert_eq!((recovered.first, recovered.next, recovered.torn), (7, 10, None));
    assert_eq!(read_all(&journal.view()), ["a", "", "bcd"]);
    let cursor = journal.view().cursor("historian").unwrap();
    assert_eq!(cursor, Some(Cursor { offset: 9, note: Bytes::from_static(b"note") }));
}

#[test]
fn version_1_is_written() {
    let disk = FaultyDisk::new();
    // An empty journal that begins at 7.
    disk.place("00000000000000000007.seg", &unhex(SEGMENT_V1)[..32]);
    let (mut journal, _) = open(&disk).unwrap();
    journal.append(b"a");
    journal.append(b"");
    journal.commit().unwrap();
    journal.append(b"bcd");
    journal.commit().unwrap();
    journal.view().set_cursor("historian", &Cursor { offset: 9, note: Bytes::from_static(b"note") }).unwrap();
    let hex = |name: &str| disk.contents(name).unwrap().iter().map(|b| format!("{b:02x}")).collect::<String>();
    assert_eq!(hex("00000000000000000007.seg"), SEGMENT_V1.replace(char::is_whitespace, ""));
    assert_eq!(hex("historian.cursor"), CURSOR_V1.replace(char::is_whitespace, ""));
}

#[test]
fn another_version_is_refused_by_name() {
    for (name, bytes) in [("00000000000000000007.seg", SEGMENT_V1), ("historian.cursor", CURSOR_V1)] {
        let disk = FaultyDisk::new();
        disk.place("00000000000000000007.seg", &unhex(SEGMENT_V1));
        let mut bytes = unhex(bytes);
        bytes[8] = 2;
        disk.place(name, &bytes);
        let error = open(&disk).map(drop).unwrap_err();
        assert_eq!(error.to_string(), format!("{name} has format version 2, expected 1"));
    }
}

#[test]
fn sizes_that_do_not_fit_each_other_are_refused() {
    let disk: Arc<dyn Disk> = Arc::new(FaultyDisk::new());
    for (segment, limit, keep) in [(0, 1000, 0), (512, 1023, 0), (512, 2000, 1000)] {
        let error = Journal::open(Arc::clone(&disk), &settings(segment, limit, keep)).map(drop).unwrap_err();
        assert_eq!(error.kind(), Kind::Refused, "{error}");
    }
    assert!(small().check().is_ok());
    assert_eq!(record(1, 0).len(), 8);
}
