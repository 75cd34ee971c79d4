//! Measures the embedded store on this machine: `cargo run --release -p store --example measure`.
//!
//! Arguments: days (3.2, which are 20 million readings), directory (a temporary one); then `year` for a city of 5,000
//! devices whose stations send every quarter of an hour, `few` for ten devices of each kind, or `ask` for the questions
//! alone, of a directory made before.

mod city;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use city::{City, Size, T0};
use ports::{Query, Selector, Shape, Store};
use schemas::{HOUR, Kind, Quantity, Reading, Timestamp};
use store::{Embedded, Settings};

const BATCH: usize = 5_000;
const DAY: i64 = 24 * HOUR;

fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = stat.rsplit(") ").next().unwrap_or("").split(' ').filter_map(|f| f.parse().ok()).collect();
    // utime and stime, in ticks of 10 ms; the state before them is no number.
    fields.get(10).zip(fields.get(11)).map_or(0.0, |(u, s)| (u + s) / 100.0)
}

/// The most memory that the process had, MB.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("");
    line.trim().trim_end_matches(" kB").parse::<f64>().map_or(0.0, |kb| kb / 1024.0)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

async fn timed(store: &Embedded, what: &str, query: &Query) {
    for turn in ["first", "again", "again"] {
        let (begin, spent) = (Instant::now(), cpu());
        let points = store.scan(query).await.map_or(0, |p| p.len());
        println!("{what}, {turn}: {:.2} ms, {:.0} ms CPU, {points} points", ms(begin.elapsed()), (cpu() - spent) * 1e3);
    }
}

/// Appends, flushes every half a million, and keeps account.
struct Ingest {
    store: Arc<Embedded>,
    flush: Option<tokio::task::JoinHandle<Result<(), ports::StoreError>>>,
    appends: Vec<Duration>,
    heard: usize,
    new: usize,
}

type Any = Box<dyn std::error::Error>;

impl Ingest {
    async fn append(&mut self, batch: &[Reading]) -> Result<(), Any> {
        let begin = Instant::now();
        let appended = self.store.append(batch).await?;
        self.appends.push(begin.elapsed());
        self.new += appended.new.iter().filter(|n| **n).count();
        self.heard += batch.len();
        if self.store.gauges().unflushed >= 500_000 {
            self.flushed().await?;
            let store = Arc::clone(&self.store);
            self.flush = Some(tokio::spawn(async move { store.flush().await }));
        }
        Ok(())
    }

    async fn flushed(&mut self) -> Result<(), Any> {
        if let Some(flush) = self.flush.take() {
            flush.await??;
        }
        Ok(())
    }

    fn print(&mut self) {
        self.appends.sort_unstable();
        let at = |thousandths: usize| ms(self.appends[(self.appends.len() - 1) * thousandths / 1000]);
        let total: Duration = self.appends.iter().sum();
        println!(
            "append of {BATCH}: p50 {:.2} ms, p99 {:.2}, p99.9 {:.2}, worst {:.2}; {:.2} us a reading",
            at(500),
            at(990),
            at(999),
            at(1000),
            total.as_secs_f64() * 1e6 / self.heard as f64
        );
    }
}

async fn ingest(store: &Arc<Embedded>, city: &mut City, minutes: i64) -> Result<Ingest, Any> {
    let mut ingest = Ingest { store: Arc::clone(store), flush: None, appends: Vec::new(), heard: 0, new: 0 };
    let mut heard = Vec::new();
    let (begin, spent) = (Instant::now(), cpu());
    let (mut making, mut made_by) = (Duration::ZERO, 0.0);
    for minute in 0..minutes {
        let (from, cost) = (Instant::now(), cpu());
        city.minute(&mut heard);
        making += from.elapsed();
        made_by += cpu() - cost;
        let whole = if minute + 1 == minutes { heard.len() } else { heard.len() / BATCH * BATCH };
        for batch in heard[..whole].chunks(BATCH) {
            ingest.append(batch).await?;
        }
        heard.drain(..whole);
    }
    ingest.flushed().await?;
    store.flush().await?;
    let wall = begin.elapsed().saturating_sub(making).as_secs_f64();
    let million = ingest.heard as f64 / 1e6;
    println!("{:.1} million readings, {:.1} million new", million, ingest.new as f64 / 1e6);
    println!(
        "{:.2} M readings/s; {:.2} us CPU a reading, flushes and merges so far with it",
        million / wall,
        (cpu() - spent - made_by) / million
    );
    ingest.print();
    Ok(ingest)
}

/// Goes on with one reading a flush, two weeks later, until the writer rests: the weeks before are over.
async fn settle(store: &Embedded, reading: &Reading, end: i64) -> Result<(), Any> {
    let (begin, spent) = (Instant::now(), cpu());
    let (mut quiet, mut before) = (0, spent);
    for turn in 0.. {
        let observed_at = Timestamp::clamped(end + 14 * DAY + turn * 1000);
        store.append(&[Reading { observed_at, received_at: observed_at, ..reading.clone() }]).await?;
        store.flush().await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = cpu();
        quiet = if now - before < 0.03 { quiet + 1 } else { 0 };
        before = now;
        if turn > 20 && quiet > 10 {
            break;
        }
    }
    println!("settled in {:.1} s, {:.1} s CPU", begin.elapsed().as_secs_f64(), cpu() - spent);
    Ok(())
}

fn on_disk(directory: &Path) -> u64 {
    ["readings.db", "readings.db-wal"]
        .iter()
        .filter_map(|name| std::fs::metadata(directory.join(name)).ok())
        .map(|m| m.len())
        .sum()
}

async fn ask(store: &Embedded, city: &City, days: f64) -> Result<(), Any> {
    for turn in ["first", "again"] {
        let select = Selector { kind: Some(Kind::WATER), ..Selector::default() };
        let begin = Instant::now();
        let latest = store.latest(&select).await?.len();
        println!("latest of a kind, {turn}: {:.2} ms, {latest} readings", ms(begin.elapsed()));
    }
    let pm: Vec<_> = city.series(Kind::AIR).filter(|s| s.quantity == Quantity::AIR_PM2_5).map(|s| s.device.clone()).collect();
    let select = |devices: &[schemas::DeviceId]| Selector {
        devices: devices.to_vec(),
        quantities: vec![Quantity::AIR_PM2_5],
        ..Selector::default()
    };
    let range = |days: i64| Timestamp::clamped(T0)..Timestamp::clamped(T0 + days * DAY);
    let ask =
        |devices: &[schemas::DeviceId], days, shape, limit| Query { select: select(devices), range: range(days), shape, limit };
    timed(store, "24 h raw of one series", &ask(&pm[7..8], 1, Shape::Raw, 100_000)).await;
    timed(store, "a year of one series by the hour", &ask(&pm[9..10], 365, Shape::Hourly, 100_000)).await;
    let what = format!("{} series, {:.0} days, by the hour", pm.len(), days.min(30.0));
    timed(store, &what, &ask(&pm, 30, Shape::Hourly, 1_000_000)).await;
    let page = Query { select: Selector::default(), range: range(10_000), shape: Shape::Raw, limit: 10_000 };
    timed(store, "first page of everything", &page).await;
    Ok(())
}

/// Lets the city live so many days, and its weeks settle.
async fn live(directory: &Path, settings: &Settings, city: &mut City, days: f64) -> Result<(), Any> {
    let store = Arc::new(Embedded::open(directory, settings)?);
    let minutes = Duration::from_secs_f64(days * 86_400.0).as_secs().cast_signed() / 60;
    let done = ingest(&store, city, minutes).await?;
    println!("{:.2} bytes a reading right after", on_disk(directory) as f64 / done.new as f64);
    let mut one = Vec::new();
    city.minute(&mut one);
    settle(&store, &one[0], T0 + minutes * 60_000).await?;
    println!(
        "{:.2} bytes a reading when settled, {:.1} MB",
        store.gauges().bytes as f64 / done.new as f64,
        store.gauges().bytes as f64 / 1e6
    );
    println!("{:.0} MB of memory at most", peak());
    let new = done.new;
    drop((done, store));
    println!("{:.2} bytes a reading on disk, closed", on_disk(directory) as f64 / new as f64);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Any> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let days: f64 = arguments.first().map_or(Ok(3.2), |a| a.parse())?;
    let said = |word: &str| arguments.iter().any(|a| a == word);
    let directory = match arguments.get(1) {
        Some(place) => PathBuf::from(place),
        None => std::env::temp_dir().join(format!("store-{}", std::process::id())),
    };
    std::fs::create_dir_all(&directory)?;
    let size = if said("few") {
        Size { stations: 10, every: 1, meters: 10, bins: 10, bays: 10 }
    } else if said("year") {
        Size { stations: 500, every: 15, meters: 3_000, bins: 1_000, bays: 500 }
    } else {
        Size { stations: 500, every: 1, meters: 10_000, bins: 2_000, bays: 2_000 }
    };
    let settings = Settings {
        kind: store::Engine::Embedded,
        memory: bytesize::ByteSize::mib(256),
        roll_up: Duration::from_secs(60),
        retention: std::collections::BTreeMap::new(),
    };
    let mut city = City::new(size);
    if !said("ask") {
        live(&directory, &settings, &mut city, days).await?;
    }
    let begin = Instant::now();
    let store = Embedded::open(&directory, &settings)?;
    println!("opened in {:.1} ms", ms(begin.elapsed()));
    ask(&store, &city, days).await?;
    println!("{:.0} MB of memory at most", peak());
    drop(store);
    if arguments.get(1).is_none() {
        std::fs::remove_dir_all(&directory)?;
    }
    Ok(())
}
