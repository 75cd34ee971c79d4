//! The journal beside the best existing crate for the job, in one run on one disk, and what a sync
//! costs with and without preallocation: `cargo run --release -p journal --example compare [DIR]`.
//! docs/decisions/journal.md says what was found.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytesize::ByteSize;
use journal::{Journal, RealDisk, Settings, View};
use rustix::fs::{FallocateFlags, fallocate};
use wal_db::Wal;

const RECORD: [u8; 150] = [0x5A; 150];
const ROUNDS: usize = 5;
const READ: u64 = 1_000_000;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn ours(dir: &Path) -> Outcome<Journal> {
    let settings = Settings { segment: ByteSize::mib(64), limit: ByteSize::gib(8), keep: ByteSize::b(0) };
    Ok(Journal::open(Arc::new(RealDisk::open(dir)?), &settings)?.0)
}

fn theirs(dir: &Path) -> Outcome<Wal<wal_db::SegmentedStore>> {
    Ok(Wal::open_segmented(dir, 64 << 20)?)
}

/// Durable groups of `group` records: the median time of one, ours and theirs by turns.
fn commits(dir: &Path, group: usize, times: usize) -> Outcome<(Duration, Duration)> {
    let mut journal = ours(&dir.join(format!("ours-{group}")))?;
    let wal = theirs(&dir.join(format!("theirs-{group}")))?;
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for _ in 0..times {
            let start = Instant::now();
            for _ in 0..group {
                journal.append(&RECORD);
            }
            journal.commit()?;
            our_times.push(start.elapsed());
        }
        for _ in 0..times {
            let start = Instant::now();
            for _ in 0..group {
                let _lsn = wal.append(&RECORD)?;
            }
            wal.sync()?;
            their_times.push(start.elapsed());
        }
    }
    Ok((median(our_times), median(their_times)))
}

fn read_ours(view: &View) -> Outcome<Duration> {
    let start = Instant::now();
    let mut reader = view.reader(0)?;
    let mut bytes = 0;
    while let Some(batch) = reader.next(4096, 1 << 20)? {
        bytes += batch.records.iter().map(|record| record.len() as u64).sum::<u64>();
    }
    assert_eq!(bytes, READ * RECORD.len() as u64);
    Ok(start.elapsed())
}

fn read_theirs(wal: &Wal<wal_db::SegmentedStore>) -> Outcome<Duration> {
    let start = Instant::now();
    let mut bytes = 0;
    for entry in wal.iter()? {
        bytes += entry?.data().len() as u64;
    }
    assert_eq!(bytes, READ * RECORD.len() as u64);
    Ok(start.elapsed())
}

/// All records of a large log, from the page cache.
fn reads(dir: &Path) -> Outcome<(Duration, Duration)> {
    let mut journal = ours(&dir.join("ours-read"))?;
    let wal = theirs(&dir.join("theirs-read"))?;
    for n in 0..READ {
        journal.append(&RECORD);
        let _lsn = wal.append(&RECORD)?;
        if n % 10_000 == 9_999 {
            journal.commit()?;
            wal.sync()?;
        }
    }
    let view = journal.view();
    let (mut our_times, mut their_times) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        our_times.push(read_ours(&view)?);
        their_times.push(read_theirs(&wal)?);
    }
    Ok((median(our_times), median(their_times)))
}

/// The median time of a write of `bytes` and its `fdatasync`, in a file made ready by `prepare`.
fn sync_cost(dir: &Path, bytes: usize, prepare: impl Fn(&File) -> std::io::Result<()>) -> Outcome<Duration> {
    let path = dir.join("sync-cost");
    let file = File::create(&path)?;
    prepare(&file)?;
    file.sync_all()?;
    let block = vec![0x5A; bytes];
    let mut times = Vec::new();
    for n in 0..300 {
        let start = Instant::now();
        file.write_all_at(&block, n * bytes as u64)?;
        file.sync_data()?;
        times.push(start.elapsed());
    }
    std::fs::remove_file(path)?;
    Ok(median(times))
}

fn main() -> Outcome<()> {
    let parent = std::env::args_os().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = tempfile::tempdir_in(parent)?;
    for (group, times) in [(1, 400), (100, 300), (10_000, 20)] {
        let (ours, theirs) = commits(dir.path(), group, times)?;
        let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
        println!("commit of {group:>6} records: ours {ours:>10.1?}  wal-db {theirs:>10.1?}  wal-db/ours {ratio:.2}");
    }
    let (ours, theirs) = reads(dir.path())?;
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    let rate = READ as f64 / ours.as_secs_f64() / 1e6;
    println!("read of {READ} records: ours {ours:.1?} ({rate:.1} M/s)  wal-db {theirs:.1?}  wal-db/ours {ratio:.2}");
    for bytes in [200, 16_000, 200_000] {
        let length = 300 * bytes as u64;
        let append = sync_cost(dir.path(), bytes, |_| Ok(()))?;
        let reserved = sync_cost(dir.path(), bytes, |file| Ok(fallocate(file, FallocateFlags::empty(), 0, length)?))?;
        let zeroed = sync_cost(dir.path(), bytes, |file| file.write_all_at(&vec![0; 300 * bytes], 0))?;
        let against = |other: Duration| other.as_secs_f64() / append.as_secs_f64();
        println!(
            "write and sync of {bytes:>6} B: growing file {append:>9.1?}  fallocate x{:.2}  written with zeros x{:.2}",
            against(reserved),
            against(zeroed)
        );
    }
    Ok(())
}
