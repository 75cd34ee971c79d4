//! The power fails at every write of a scripted life: flushes, corrections, merges, forgetting, and checkpoints of SQLite's
//! log into its file.
//!
//! The two files are photographed between the writer's jobs. What SQLite writes between two photographs goes to the log, in
//! order, or, at a checkpoint, to pages of the file; so every state that a fallen machine can leave is the older photograph
//! with a part of the newer one laid over it: of the log a beginning, cut anywhere, perhaps with a sector lost; of the file
//! any of the pages, one of them torn. What is not covered is a disk that loses what it said it had synced.

use super::*;

#[derive(Clone)]
struct Photograph {
    file: Vec<u8>,
    log: Vec<u8>,
}

/// Frames of the log, and pages of the file.
const PAGE: usize = 4096;
const FRAME: usize = PAGE + 24;
const SECTOR: usize = 512;

struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

/// Runs something in the writer's thread, between its jobs.
fn between_jobs<T: Send + 'static>(store: &Embedded, work: impl FnOnce(&Connection) -> T + Send + 'static) -> T {
    let (say, hear) = std::sync::mpsc::channel();
    let work = Box::new(move |db: &Connection| say.send(work(db)).unwrap());
    store.jobs.as_ref().unwrap().send(Job::Run(work)).unwrap();
    hear.recv().unwrap()
}

fn photograph(store: &Embedded) -> Photograph {
    let path = store.shared.path.clone();
    between_jobs(store, move |_| Photograph {
        file: std::fs::read(&path).unwrap(),
        log: std::fs::read(path.with_extension("db-wal")).unwrap(),
    })
}

/// The beginning of the newer log, `length` bytes, over the older one.
fn laid_over(older: &[u8], newer: &[u8], length: usize) -> Vec<u8> {
    let mut log = newer[..length].to_vec();
    log.extend_from_slice(older.get(length..).unwrap_or_default());
    log
}

/// What a fall between two photographs can leave.
fn falls(before: &Photograph, after: &Photograph, dice: &mut Dice) -> Vec<Photograph> {
    let mut falls = Vec::new();
    if before.file != after.file {
        // A checkpoint: the log is whole until all pages are synced.
        let pages: Vec<usize> = (0..after.file.len() / PAGE)
            .filter(|page| before.file.get(page * PAGE..(page + 1) * PAGE) != Some(&after.file[page * PAGE..(page + 1) * PAGE]))
            .collect();
        let mut write = |done: &dyn Fn(usize, &mut Dice) -> bool, torn: usize| {
            let mut file = before.file.clone();
            file.resize(after.file.len().max(file.len()), 0);
            for (at, page) in pages.iter().enumerate() {
                let (begin, whole) = (page * PAGE, done(at, dice));
                let length = if whole {
                    PAGE
                } else if at == torn {
                    PAGE / 2
                } else {
                    0
                };
                file[begin..begin + length].copy_from_slice(&after.file[begin..begin + length]);
            }
            falls.push(Photograph { file, log: before.log.clone() });
        };
        for written in 0..pages.len() {
            write(&|at, _| at < written, written);
            write(&|_, dice| dice.throw(2) == 0, written);
        }
        return falls;
    }
    let same = before.log.iter().zip(&after.log).take_while(|(a, b)| a == b).count();
    for frame in same / FRAME..=after.log.len() / FRAME {
        let torn = [0, 24, FRAME / 2, FRAME - 1][frame % 4];
        let length = (32 + frame * FRAME + torn).min(after.log.len());
        let mut log = laid_over(&before.log, &after.log, length);
        // Sectors are not written in order: sometimes one of the newest is not there yet.
        if length > same + SECTOR && dice.throw(2) == 0 {
            let lost = same + dice.throw(length - same - SECTOR);
            log[lost..lost + SECTOR].fill(0);
        }
        falls.push(Photograph { file: after.file.clone(), log });
    }
    falls
}

type Answers = (Vec<Reading>, Vec<Reading>);

async fn answers(store: &impl Store) -> Answers {
    let Points::Raw { readings, .. } = store.scan(&everything()).await.unwrap() else { panic!("asked for readings") };
    (readings, store.latest(&Selector::default()).await.unwrap())
}

/// Reopens what a fall left: it must answer as before or as after, be whole, and be writable.
async fn reopened(fall: &Photograph, expected: [&Answers; 2], what: &str) {
    let ground = Directory::new();
    let path = ground.0.path().join("readings.db");
    std::fs::write(&path, &fall.file).unwrap();
    std::fs::write(path.with_extension("db-wal"), &fall.log).unwrap();
    let store = Embedded::open(&path, &settings()).unwrap_or_else(|e| panic!("{what}: {e}"));
    let found = answers(&store).await;
    assert!(expected.contains(&&found), "{what}: {} readings", found.0.len());
    store.append(&[reading(0, 5_000, 1.0)]).await.unwrap();
    store.flush().await.unwrap();
    drop(store);
    let verified = crate::embedded::verify::verify(&path, &mut |_, _| ()).unwrap();
    assert_eq!(verified.damaged, 0, "{what}: {verified:?}");
}

enum Deed {
    Append(i64, f64),
    /// With the two steps of [`Job::CutOff`], which follow.
    Forget(usize),
    Shrink,
    Checkpoint,
}

#[test]
fn power_loss_at_any_write_leaves_the_state_before_it_or_after_it() {
    let seed = std::env::var("MARSAD_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(7);
    println!("MARSAD_SEED={seed}");
    let mut dice = Dice(seed);
    let mut deeds: Vec<Deed> = (0..4).map(|minute| Deed::Append(minute, 1.0)).collect();
    deeds.extend([Deed::Append(1, 2.0), Deed::Checkpoint, Deed::Append(4, 1.0), Deed::Forget(3), Deed::Shrink, Deed::Checkpoint]);
    deeds.extend([Deed::Append(5, 1.0), Deed::Append(3, 3.0), Deed::Append(6, 1.0), Deed::Checkpoint, Deed::Append(7, 1.0)]);
    block_on(async {
        let (ground, oracle) = (Directory::new(), Memory::default());
        let store = Embedded::open(ground.0.path(), &settings()).unwrap();
        between_jobs(&store, |db| db.execute_batch("PRAGMA wal_autocheckpoint = 0").unwrap());
        let (mut before, mut known) = (photograph(&store), answers(&oracle).await);
        let mut count = 0;
        for (at, deed) in deeds.into_iter().enumerate() {
            match deed {
                Deed::Append(minute, value) => {
                    let batch: Vec<_> = (0..40).map(|d| reading(d, minute, value + d as f64 / 10.0)).collect();
                    store.append(&batch).await.unwrap();
                    oracle.append(&batch).await.unwrap();
                    store.flush().await.unwrap();
                    settled(&store).await;
                }
                Deed::Forget(device) => {
                    let select = Selector { devices: vec![reading(device, 0, 0.0).series.device], ..Selector::default() };
                    let all = Timestamp::MIN..Timestamp::MAX;
                    let gone = store.ask(|reply| Job::Forget(select.clone(), all, reply)).await.unwrap();
                    assert!(gone.names);
                    oracle.forget(&select, Timestamp::MIN..Timestamp::MAX).await.unwrap();
                }
                Deed::Shrink => between_jobs(&store, |db| crate::embedded::database::shrink(db, 0).unwrap()),
                Deed::Checkpoint => between_jobs(&store, |db| {
                    db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).unwrap();
                }),
            }
            let (after, now) = (photograph(&store), answers(&oracle).await);
            for (fall, left) in falls(&before, &after, &mut dice).iter().enumerate() {
                reopened(left, [&known, &now], &format!("deed {at}, fall {fall}")).await;
                count += 1;
            }
            (before, known) = (after, now);
        }
        println!("fell {count} times");
        assert!(count > 100, "{count} falls");
    });
}
