//! What a real process holds in memory at most, while more readings come than it may hold and everything is asked for: the
//! settings' `memory`, its list of series, and the answers.

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use ports::{Query, Selector, Shape, Store, StoreError};
use schemas::{DeviceId, HOUR, Kind, Quality, Quantity, Reading, SeriesKey, Timestamp, Zone};
use store::{Embedded, Settings};

type Outcome<T> = Result<T, Box<dyn Error>>;

const STATIONS: i64 = 250;
const QUANTITIES: [Quantity; 8] = [
    Quantity::AIR_PM2_5,
    Quantity::AIR_PM10,
    Quantity::AIR_NO2,
    Quantity::AIR_O3,
    Quantity::AIR_SO2,
    Quantity::AIR_CO,
    Quantity::AIR_TEMPERATURE,
    Quantity::AIR_HUMIDITY,
];
const T0: i64 = 1_795_132_800_000;
const MINUTES: i64 = 2_000;
/// Bytes of a series in the list: its name, its latest reading, its places.
const SERIES: u64 = 1_000;

struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap_or_default() % sides
    }
}

/// `VmHWM` of this process, bytes.
fn peak() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.split_whitespace().next().ok_or("no number")?.parse::<u64>()? << 10)
}

fn devices() -> Outcome<Vec<DeviceId>> {
    (0..STATIONS).map(|number| Ok(DeviceId::new(&format!("st-{number:04}"))?)).collect()
}

/// A minute of all stations; one reading in a hundred is up to a day late.
fn minute(at: i64, devices: &[DeviceId], zone: &Zone, dice: &mut Dice) -> Outcome<Vec<Reading>> {
    let mut batch = Vec::with_capacity(devices.len() * QUANTITIES.len());
    for device in devices {
        for quantity in QUANTITIES {
            let late = if dice.throw(100) == 0 { dice.throw(24 * 60) * 60_000 + 1 } else { 0 };
            let observed_at = Timestamp::clamped(T0 + at * 60_000 - late);
            batch.push(Reading {
                series: SeriesKey { device: device.clone(), quantity, channel: 0 },
                kind: Kind::AIR,
                zone: zone.clone(),
                value: f64::from(i32::try_from(dice.throw(1_000))?) / 10.0,
                observed_at,
                received_at: observed_at.plus(Duration::from_millis(u64::try_from(dice.throw(1_000))?)),
                quality: Quality::GOOD,
            });
        }
    }
    Ok(batch)
}

/// Appends until the store takes no more, and only then flushes: it never holds less than it may.
async fn pour(store: &Embedded, devices: &[DeviceId]) -> Outcome<usize> {
    let (zone, mut dice, mut flushes) = (Zone::new("anfa")?, Dice(20_261_127), 0);
    for at in 0..MINUTES {
        let batch = minute(at, devices, &zone, &mut dice)?;
        while let Err(error) = store.append(&batch).await {
            assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
            store.flush().await?;
            flushes += 1;
        }
    }
    Ok(flushes)
}

async fn ask(store: &Embedded, devices: &[DeviceId]) -> Outcome<usize> {
    let mut points = 0;
    for device in devices {
        let select = Selector { devices: vec![device.clone()], ..Selector::default() };
        let range = Timestamp::clamped(T0 - 48 * HOUR)..Timestamp::clamped(T0 + 48 * HOUR);
        for shape in [Shape::Raw, Shape::Hourly] {
            points += store.scan(&Query { select: select.clone(), range: range.clone(), shape, limit: 10_000 }).await?.len();
        }
    }
    Ok(points)
}

/// The child: `memory` runs it with a directory and how much it may take.
#[test]
#[ignore = "is run by the test beside it, as a process of its own"]
fn child() -> Outcome<()> {
    let directory = std::env::var("MARSAD_CHILD_DIRECTORY")?;
    let memory = std::env::var("MARSAD_CHILD_MEMORY")?;
    let settings: Settings = toml::from_str(&format!("memory = \"{memory}\"\nroll_up = \"1m\""))?;
    tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
        let store = Embedded::open(Path::new(&directory), &settings)?;
        let (before, devices) = (peak()?, devices()?);
        let flushes = pour(&store, &devices).await?;
        let points = ask(&store, &devices).await?;
        println!("\nfigures {before} {} {flushes} {points}", peak()?);
        Ok(())
    })
}

/// Before, at most, flushes, points.
fn figures(memory: u64) -> Outcome<[u64; 4]> {
    let folder = tempfile::tempdir()?;
    let output = Command::new(std::env::current_exe()?)
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("MARSAD_CHILD_DIRECTORY", folder.path())
        .env("MARSAD_CHILD_MEMORY", format!("{memory} MiB"))
        .output()?;
    let text = String::from_utf8(output.stdout)?;
    let line = text.lines().find_map(|line| line.strip_prefix("figures ")).ok_or_else(|| text.clone())?;
    let numbers: Result<Vec<u64>, _> = line.split(' ').map(str::parse).collect();
    Ok(numbers?.try_into().map_err(|_| text.clone())?)
}

#[test]
fn a_store_holds_no_more_than_its_settings_give_it_while_it_is_full_and_asked() -> Outcome<()> {
    for memory in [64, 128] {
        let [before, most, flushes, points] = figures(memory)?;
        println!("{memory} MiB: {} MiB before, {} MiB at most, {flushes} flushes", before >> 20, most >> 20);
        assert!(flushes > 1, "it was full {flushes} times");
        assert!(points > 2_500_000, "{points} points");
        let allowed = before + (memory << 20) + u64::try_from(STATIONS)? * 8 * SERIES;
        assert!(most <= allowed, "{memory} MiB: {most} bytes at most, expected {allowed} or less ({before} before)");
    }
    Ok(())
}
