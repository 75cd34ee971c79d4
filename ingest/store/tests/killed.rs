//! A real process that keeps readings is killed with -9, again and again: what it said it had flushed is there, and nothing
//! else but the step it was at.

use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ports::{Points, Query, Selector, Shape, Store};
use schemas::{DeviceId, HOUR, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};
use store::{Embedded, Memory, Settings};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Kills before a new directory is begun.
const LIVES: usize = 20;

fn settings() -> Outcome<Settings> {
    Ok(toml::from_str("memory = \"60 MiB\"\nroll_up = \"1m\"")?)
}

struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// What one step appends: minutes of sixty devices, some late, some corrections, some a week apart.
fn batch(step: u64) -> Outcome<Vec<Reading>> {
    let mut dice = Dice(step);
    let mut batch = Vec::new();
    for device in 0..60 {
        let minute = match dice.throw(20) {
            0 => step.saturating_sub(dice.throw(30)),
            1 => step + 7 * 24 * 60 * dice.throw(3),
            _ => step,
        };
        let observed_at = Timestamp::clamped(1_795_280_400_000 + i64::try_from(minute)? * 60_000);
        batch.push(Reading {
            series: SeriesKey { device: DeviceId::new(&format!("d{device:03}"))?, quantity: Quantity::WASTE_FILL, channel: 0 },
            kind: if device % 2 == 0 { Kind::WASTE } else { Kind::AIR },
            zone: Zone::new("anfa")?,
            value: f64::from(u32::try_from(dice.throw(1000))?) / 10.0,
            observed_at,
            received_at: observed_at.plus(Duration::from_millis(dice.throw(3000))),
            quality: Quality::GOOD,
        });
    }
    Ok(batch)
}

/// One step of the child's life, and of the oracle's.
async fn step(store: &impl Store, step: u64) -> Outcome<()> {
    if step % 13 == 12 {
        let device = DeviceId::new(&format!("d{:03}", step % 60))?;
        let select = Selector { devices: vec![device], ..Selector::default() };
        store.forget(&select, Timestamp::MIN..Timestamp::MAX).await?;
    } else {
        store.append(&batch(step)?).await?;
        store.flush().await?;
    }
    Ok(())
}

/// The child: `killed` runs it with a directory, and the first step.
#[test]
#[ignore = "is run by the test beside it, as a process of its own"]
fn child() -> Outcome<()> {
    let directory = std::env::var("MARSAD_CHILD_DIRECTORY")?;
    let first: u64 = std::env::var("MARSAD_CHILD_STEP")?.parse()?;
    tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
        let store = Embedded::open(Path::new(&directory), &settings()?)?;
        for at in first..first + 10_000 {
            step(&store, at).await?;
            println!("\ndone {at}");
        }
        Ok(())
    })
}

fn spawn(directory: &Path, first: u64) -> Outcome<Child> {
    let child = Command::new(std::env::current_exe()?)
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("MARSAD_CHILD_DIRECTORY", directory)
        .env("MARSAD_CHILD_STEP", first.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    Ok(child)
}

/// Lets the child do some steps, kills it in the middle of one, and tells which it said it had done.
fn killed(directory: &Path, first: u64, dice: &mut Dice) -> Outcome<u64> {
    let mut child = spawn(directory, first)?;
    let mut said = BufReader::new(child.stdout.take().ok_or("no pipe")?).lines();
    let (steps, rest) = (dice.throw(12), Duration::from_micros(dice.throw(20_000)));
    let mut done = first;
    let mut hear = |line: &str| {
        let step = line.strip_prefix("done ").and_then(|step| step.parse::<u64>().ok());
        done = step.map_or(done, |step| step + 1);
        done
    };
    for line in said.by_ref() {
        if hear(&line?) > first + steps {
            break;
        }
    }
    std::thread::sleep(rest);
    child.kill()?;
    for line in said {
        hear(&line?);
    }
    child.wait()?;
    Ok(done)
}

async fn answers(store: &impl Store) -> Outcome<(Points, Vec<Reading>, Vec<(Timestamp, u64)>)> {
    let all = |shape| Query {
        select: Selector::default(),
        range: Timestamp::MIN..Timestamp::clamped(i64::MAX - HOUR),
        shape,
        limit: usize::MAX,
    };
    let hours = match store.scan(&all(Shape::Hourly)).await? {
        Points::Hourly { partials, .. } => partials.iter().map(|p| (p.start, p.count)).collect(),
        Points::Raw { .. } => return Err("asked for hours".into()),
    };
    Ok((store.scan(&all(Shape::Raw)).await?, store.latest(&Selector::default()).await?, hours))
}

/// `MARSAD_KILLS` says how often, `MARSAD_SEED` when.
#[test]
fn a_process_killed_at_any_moment_has_kept_what_it_said_it_had_flushed() -> Outcome<()> {
    let number = |name: &str, default| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default);
    let (kills, seed): (u64, u64) = (number("MARSAD_KILLS", 12), number("MARSAD_SEED", 4));
    println!("MARSAD_SEED={seed} MARSAD_KILLS={kills}");
    let mut dice = Dice(seed);
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let (mut directory, mut oracle, mut next, mut unsaid) = (tempfile::tempdir()?, Memory::default(), 0, 0);
    for kill in 0..usize::try_from(kills)? {
        if kill % LIVES == 0 {
            (directory, oracle, next) = (tempfile::tempdir()?, Memory::default(), 0);
        }
        let done = killed(directory.path(), next, &mut dice)?;
        runtime.block_on(async {
            for at in next..done {
                step(&oracle, at).await?;
            }
            let store = Embedded::open(directory.path(), &settings()?)?;
            let found = answers(&store).await?;
            next = done;
            if found != answers(&oracle).await? {
                // It may have done one step more than it could say.
                step(&oracle, done).await?;
                if found != answers(&oracle).await? {
                    return Err(format!("kill {kill}, after step {done}: other readings than those flushed").into());
                }
                (next, unsaid) = (done + 1, unsaid + 1);
            }
            Ok::<_, Box<dyn Error>>(())
        })?;
        let verified = store::verify(directory.path(), &mut |_, _| ())?;
        if verified.damaged > 0 {
            return Err(format!("kill {kill}: {verified:?}").into());
        }
    }
    println!("{kills} kills, {unsaid} of them between a commit and its word");
    Ok(())
}
