//! Measures the embedded store on this machine: `cargo run --release -p store --example measure`.
//!
//! Arguments: series (20,000), millions of readings (20), directory (a temporary one).

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ports::{Query, Selector, Shape, Store};
use schemas::{DeviceId, HOUR, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};
use store::{Embedded, Settings};

const T0: i64 = 1_795_046_400_000;
const BATCH: usize = 5_000;

struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A walk by tenths in each series, each a minute apart; one in a hundred late by ten minutes, one in
/// a hundred a repeat.
struct City {
    series: Vec<(Reading, i64)>,
    next: usize,
    round: i64,
    dice: Dice,
}

impl City {
    fn new(count: usize) -> Self {
        let quantities = [Quantity::AIR_PM2_5, Quantity::AIR_TEMPERATURE, Quantity::AIR_HUMIDITY, Quantity::BATTERY_VOLTAGE];
        let series = (0..count).map(|i| {
            let device = DeviceId::new(&format!("{:016x}", (i / 4).wrapping_mul(0x9e37_79b9_7f4a_7c15))).expect("a name");
            let kind = [Kind::AIR, Kind::WASTE, Kind::WATER, Kind::PARKING][(i / 4) % 4];
            let reading = Reading {
                series: SeriesKey { device, quantity: quantities[i % 4], channel: 0 },
                kind,
                zone: Zone::new(["anfa", "maarif", "hay-hassani", "ain-chock"][(i / 64) % 4]).expect("a name"),
                value: 0.0,
                observed_at: Timestamp::MIN,
                received_at: Timestamp::MIN,
                quality: Quality::GOOD,
            };
            (reading, 200 + i64::try_from(i % 300).expect("small"))
        });
        Self { series: series.collect(), next: 0, round: 0, dice: Dice(42) }
    }

    fn batch(&mut self, out: &mut Vec<Reading>) {
        out.clear();
        while out.len() < BATCH {
            let (reading, tenths) = &mut self.series[self.next];
            *tenths += i64::try_from(self.dice.throw(7)).expect("small") - 3;
            let fate = self.dice.throw(100);
            let late = if fate == 0 { 600_000 } else { 0 };
            let second = i64::try_from(self.next % 60).expect("small") * 1_000;
            reading.observed_at = Timestamp::clamped(T0 + self.round * 60_000 + second - late + i64::from(fate == 0));
            reading.received_at = reading.observed_at.plus(Duration::from_millis(self.dice.throw(1_000)));
            reading.value = f64::from(i32::try_from(*tenths).expect("small")) / 10.0;
            out.push(reading.clone());
            if fate == 1 {
                out.push(reading.clone());
            }
            self.next += 7;
            if self.next >= self.series.len() {
                self.next %= 7;
                self.next = (self.next + 1) % 7;
                self.round += i64::from(self.next == 0);
            }
        }
    }
}

fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> = stat.rsplit(") ").next().unwrap_or("").split(' ').filter_map(|f| f.parse().ok()).collect();
    // utime and stime, in ticks of 10 ms; the state before them is no number.
    fields.get(10).zip(fields.get(11)).map_or(0.0, |(u, s)| (u + s) / 100.0)
}

async fn timed(store: &Embedded, what: &str, query: &Query) {
    for turn in ["first", "again"] {
        let begin = Instant::now();
        let points = store.scan(query).await.map_or(0, |p| p.len());
        println!("{what}, {turn}: {:.2} ms, {points} points", begin.elapsed().as_secs_f64() * 1e3);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let count: usize = arguments.first().map_or(Ok(20_000), |a| a.parse())?;
    let readings: usize = arguments.get(1).map_or(Ok(20), |a| a.parse())? * 1_000_000;
    let directory =
        arguments.get(2).map_or_else(|| std::env::temp_dir().join(format!("store-{}", std::process::id())), PathBuf::from);
    std::fs::create_dir_all(&directory)?;
    let settings = Settings {
        kind: store::Engine::Embedded,
        unflushed: 4_000_000,
        cache: bytesize::ByteSize::mib(64),
        retention: std::collections::BTreeMap::new(),
    };
    let store = std::sync::Arc::new(Embedded::open(&directory, &settings)?);
    let mut city = City::new(count);
    let mut batch = Vec::new();
    let (mut done, mut new, mut worst, mut appending) = (0, 0, Duration::ZERO, Duration::ZERO);
    let mut flush: Option<tokio::task::JoinHandle<_>> = None;
    let (begin, spent) = (Instant::now(), cpu());
    let mut making = Duration::ZERO;
    while done < readings {
        let made = Instant::now();
        city.batch(&mut batch);
        making += made.elapsed();
        let appended = Instant::now();
        new += store.append(&batch).await?.new.iter().filter(|n| **n).count();
        worst = worst.max(appended.elapsed());
        appending += appended.elapsed();
        done += batch.len();
        if store.gauges().unflushed >= 500_000 {
            if let Some(flush) = flush.take() {
                flush.await??;
            }
            let store = std::sync::Arc::clone(&store);
            flush = Some(tokio::spawn(async move { store.flush().await }));
        }
    }
    if let Some(flush) = flush.take() {
        flush.await??;
    }
    store.flush().await?;
    let wall = begin.elapsed().saturating_sub(making).as_secs_f64();
    let cpu = cpu() - spent - making.as_secs_f64();
    let million = done as f64 / 1e6;
    println!("{done} readings in batches of {BATCH} over {count} series, {new} new");
    println!("{:.2} M readings/s, {:.2} us CPU a reading with flushes and merges so far", million / wall, cpu / million);
    println!("{:.2} us a reading in append, worst batch {:.1} ms", appending.as_secs_f64() / million, worst.as_secs_f64() * 1e3);
    let gauges = store.gauges();
    println!("{:.2} bytes a reading, {} readings on disk", gauges.bytes as f64 / new as f64, gauges.flushed);

    for turn in ["first", "again"] {
        let select = Selector { kind: Some(Kind::AIR), ..Selector::default() };
        let begin = Instant::now();
        let latest = store.latest(&select).await?.len();
        println!("latest of a kind, {turn}: {:.2} ms, {latest} readings", begin.elapsed().as_secs_f64() * 1e3);
    }
    let one = Selector {
        devices: vec![city.series[8].0.series.device.clone()],
        quantities: vec![city.series[8].0.series.quantity],
        ..Selector::default()
    };
    let range = Timestamp::clamped(T0)..Timestamp::clamped(T0 + 24 * HOUR);
    timed(&store, "24 h raw of one series", &Query { select: one, range, shape: Shape::Raw, limit: 10_000 }).await;
    let devices = city.series.iter().step_by(4).take(500).map(|s| s.0.series.device.clone()).collect();
    let many = Selector { devices, quantities: vec![Quantity::AIR_PM2_5], ..Selector::default() };
    let range = Timestamp::clamped(T0)..Timestamp::clamped(T0 + 720 * HOUR);
    timed(&store, "500 series, 30 days, hourly", &Query { select: many, range, shape: Shape::Hourly, limit: 1_000_000 }).await;
    let range = Timestamp::clamped(T0)..Timestamp::MAX;
    let page = Query { select: Selector::default(), range, shape: Shape::Raw, limit: 10_000 };
    timed(&store, "first page of everything", &page).await;
    drop(store);
    let begin = Instant::now();
    drop(Embedded::open(&directory, &settings)?);
    println!("opened and closed in {:.1} ms", begin.elapsed().as_secs_f64() * 1e3);
    if arguments.get(2).is_none() {
        std::fs::remove_dir_all(&directory)?;
    }
    Ok(())
}
