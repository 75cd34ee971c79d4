//! One store, measured in this process; its figures go to standard output as JSON.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ports::{Clock, Query, Selector, Shape, Store, StoreError, SystemClock};
use rustix::time::{ClockId, clock_gettime};
use schemas::{HOUR, Kind, Quantity, Reading, Timestamp};
use settings::Settings;
use tokio::task::JoinHandle;

use super::server::{Server, load};
use super::town::Town;
use super::{Asked, Figures, StoreKind, Target};
use crate::bench::args::StoreAlone;
use crate::bench::scratch;
use crate::failure::{Code, Failure};
use crate::memory::Resident;
use crate::opened::engine;

/// Readings in one append: what a historian takes of a busy journal.
pub(super) const BATCH: usize = 5_000;
/// As `pipeline.flush_readings` has it.
pub(super) const FLUSH: u64 = 500_000;
/// How often a question is put, and for how long at most.
const TIMES: usize = 100;
const LONG_ENOUGH: Duration = Duration::from_secs(20);
/// The disk is quiet when it has not changed for so long; after a while it is taken as it is.
const QUIET: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_secs(180);
/// Of rolling up, at most: a week is halved to an hour by eight.
const FAILURES: usize = 10;

pub(super) fn broken(error: &StoreError) -> Failure {
    Failure::new(Code::Failed, error.to_string())
}

pub(crate) async fn alone(options: &StoreAlone) -> Result<(), Failure> {
    if let Some(place) = &options.into {
        return super::year::pour(options, place).await;
    }
    let scratch = scratch()?;
    let server = Server::start(options.kind, scratch.path()).await?;
    let settings = match &server {
        Some(server) => server.settings().await?,
        None => load(Vec::new())?,
    };
    let place = scratch.path().join("store");
    let store = open(options.kind, &place, &settings)?;
    let mut town = Town::new(options.readings, SystemClock.now(), options.seed)?;
    let mut figures = pour(options, &mut town, &store, server.as_ref()).await?;
    if let Some(server) = &server {
        server.settle().await;
        figures.rolled_after_s = roll(&store, server).await?;
        server.settle().await;
    }
    figures.bytes_per_reading = quotient(quiet(scratch.path()).await, figures.new);
    for (name, query) in questions(&town) {
        figures.asked.push(ask(&store, name, query.as_ref()).await?);
    }
    drop(store);
    let began = Instant::now();
    let server = match server {
        Some(server) => Some(server.restart().await?),
        None => None,
    };
    let store = open(options.kind, &place, &settings)?;
    latest(&store).await?;
    figures.first_answer_ms = began.elapsed().as_secs_f64() * 1e3;
    figures.server_memory_bytes = server.as_ref().map_or(0, |server| server.process.resident()).max(figures.server_memory_bytes);
    figures.memory_bytes = Resident::own().most;
    let text = serde_json::to_string(&figures).map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
    println!("{text}");
    Ok(())
}

pub(super) fn open(kind: StoreKind, place: &Path, settings: &Settings) -> Result<Arc<dyn Store>, Failure> {
    let kind = match kind {
        StoreKind::Embedded => store::Engine::Embedded,
        StoreKind::Influx => store::Engine::Influx,
        StoreKind::Victoria => store::Engine::Victoria,
    };
    engine(kind, place, settings)
}

/// Pours the city in, with flushes beside it as the historian has them.
async fn pour(
    options: &StoreAlone,
    town: &mut Town,
    store: &Arc<dyn Store>,
    server: Option<&Server>,
) -> Result<Figures, Failure> {
    let (mut heard, mut done, mut new): (Vec<Reading>, u64, u64) = (Vec::new(), 0, 0);
    let (mut making, mut made_by, mut appends) = (Duration::ZERO, 0.0, Vec::new());
    let (began, cpu_before, server_before) = (Instant::now(), own_cpu(), server.map_or(0.0, |server| server.process.cpu()));
    let mut flush: Option<JoinHandle<Result<(), StoreError>>> = None;
    let mut flushed = 0;
    while done < options.readings {
        let (made, thread) = (Instant::now(), thread_cpu());
        while heard.len() < BATCH {
            town.next(&mut heard);
        }
        making += made.elapsed();
        made_by += thread_cpu() - thread;
        for batch in heard.chunks(BATCH) {
            let appending = Instant::now();
            let appended = store.append(batch).await.map_err(|e| broken(&e))?;
            appends.push(appending.elapsed().as_secs_f64() * 1e3);
            new += appended.new.iter().filter(|new| **new).count() as u64;
            done += batch.len() as u64;
        }
        heard.clear();
        if done - flushed >= FLUSH && options.kind == StoreKind::Embedded {
            if let Some(flush) = flush.take() {
                ended(flush).await?;
            }
            let store = Arc::clone(store);
            flush = Some(tokio::spawn(async move { store.flush().await }));
            flushed = done;
        }
    }
    if let Some(flush) = flush.take() {
        ended(flush).await?;
    }
    let took = began.elapsed().saturating_sub(making);
    let last = Instant::now();
    store.flush().await.map_err(|e| broken(&e))?;
    appends.sort_by(f64::total_cmp);
    let cpu = own_cpu() - cpu_before - made_by + server.map_or(0.0, |server| server.process.cpu()) - server_before;
    Ok(Figures {
        kind: options.kind.name().to_owned(),
        readings: done,
        new,
        readings_per_second: quotient(done, 1) / took.as_secs_f64(),
        durable_after_s: last.elapsed().as_secs_f64(),
        cpu_us_per_reading: cpu * 1e6 / quotient(done, 1),
        append_p999_ms: at(&appends, 999, 1_000),
        longest_append_ms: appends.last().copied().unwrap_or_default(),
        rolled_after_s: 0.0,
        bytes_per_reading: 0.0,
        asked: Vec::new(),
        first_answer_ms: 0.0,
        memory_bytes: 0,
        server_memory_bytes: server.map_or(0, |server| server.process.resident()),
    })
}

async fn ended(flush: JoinHandle<Result<(), StoreError>>) -> Result<(), Failure> {
    flush.await.map_err(|e| Failure::new(Code::Stopped, e.to_string()))?.map_err(|e| broken(&e))
}

/// What the embedded store is to keep, in the order of the questions: p50, ms.
pub(super) const TARGETS: [Target; 4] = [Target::Most(1.0), Target::None, Target::Most(1.0), Target::Most(100.0)];

/// None asks for what is latest.
fn questions(town: &Town) -> [(&'static str, Option<Query>); 4] {
    let query = |devices, quantity, from: i64, to: i64, shape| {
        let select = Selector { devices, quantities: vec![quantity], ..Selector::default() };
        let range = Timestamp::clamped(from)..Timestamp::clamped(to);
        Some(Query { select, range, shape, limit: 1_000_000 })
    };
    let (begin, day) = (town.begin().millis(), 24 * HOUR);
    let station = town.stations().into_iter().take(1).collect();
    let year = query(vec![town.old_meter()], Quantity::WATER_VOLUME, begin - 365 * day, begin, Shape::Hourly);
    [
        ("latest of all meters", None),
        ("24 h raw of a series", query(station, Quantity::AIR_PM2_5, begin, begin + day, Shape::Raw)),
        ("a year of a meter, to be folded", year),
        ("500 stations, 30 d hourly", query(town.stations(), Quantity::AIR_PM2_5, begin, begin + 30 * day, Shape::Hourly)),
    ]
}

async fn latest(store: &Arc<dyn Store>) -> Result<usize, Failure> {
    let select = Selector { kind: Some(Kind::WATER), ..Selector::default() };
    Ok(store.latest(&select).await.map_err(|e| broken(&e))?.len())
}

async fn ask(store: &Arc<dyn Store>, question: &str, query: Option<&Query>) -> Result<Asked, Failure> {
    let (mut times, mut points, begun) = (Vec::with_capacity(TIMES), 0, Instant::now());
    while times.len() < TIMES && begun.elapsed() < LONG_ENOUGH {
        let began = Instant::now();
        points = match query {
            Some(query) => store.scan(query).await.map_err(|e| broken(&e))?.len(),
            None => latest(store).await?,
        };
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(Asked { question: question.to_owned(), points, p50_ms: at(&times, 50, 100), p99_ms: at(&times, 99, 100) })
}

/// So many of so many parts lie below it; of sorted numbers.
fn at(sorted: &[f64], part: usize, of: usize) -> f64 {
    let place = (sorted.len() * part / of).min(sorted.len().saturating_sub(1));
    sorted.get(place).copied().unwrap_or_default()
}

/// Seconds until the server has all whole hours, and what was written was read back. As in the running program, what took longer than
/// a question may take is tried again in smaller steps.
async fn roll(store: &Arc<dyn Store>, server: &Server) -> Result<f64, Failure> {
    let (began, mut failures) = (Instant::now(), 0);
    loop {
        match store.roll_up(SystemClock.now()).await {
            Ok(rolled) if rolled.hours == 0 && !rolled.more => return Ok(began.elapsed().as_secs_f64()),
            Ok(_) => {}
            Err(StoreError::Unavailable(_)) if failures < FAILURES => failures += 1,
            Err(error) => return Err(broken(&error)),
        }
        server.settle().await;
    }
}

/// Bytes under a directory, once they do not change any more.
async fn quiet(directory: &Path) -> u64 {
    let (began, mut since, mut last) = (Instant::now(), Instant::now(), bytes(directory));
    while since.elapsed() < QUIET && began.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = bytes(directory);
        if now != last {
            (since, last) = (Instant::now(), now);
        }
    }
    last
}

/// Allocated on disk: the write-ahead log of SQLite and of a server too.
fn bytes(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.metadata().map_or(0, |is| if is.is_dir() { bytes(&entry.path()) } else { is.blocks() * 512 })).sum()
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^53")]
fn quotient(count: u64, by: u64) -> f64 {
    count as f64 / by.max(1) as f64
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a benchmark")]
fn seconds(clock: ClockId) -> f64 {
    let now = clock_gettime(clock);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// Seconds of processor time of this process.
fn own_cpu() -> f64 {
    seconds(ClockId::ProcessCPUTime)
}

fn thread_cpu() -> f64 {
    seconds(ClockId::ThreadCPUTime)
}
