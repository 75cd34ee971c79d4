//! A year of a city of 5,000 devices in the embedded store: how long it takes to open after it was closed, and after its writer was
//! killed in the middle of writing.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use ports::{Clock, SystemClock};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use super::StoreKind;
use super::alone::{BATCH, FLUSH, broken, open};
use super::server::load;
use super::town::{TOWN, Town};
use crate::bench::args::{BenchStore, StoreAlone};
use crate::bench::child::Process;
use crate::bench::scratch;
use crate::failure::{Code, Failure};

/// What the writer says once all is there; it goes on with another day.
const THERE: &str = "there";
/// How long it writes on until it is killed.
const ON: Duration = Duration::from_secs(2);

/// How long it took to open.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Year {
    pub(super) days: u64,
    /// Readings on disk.
    pub(super) readings: u64,
    pub(super) opened_after_kill_ms: f64,
    pub(super) opened_ms: f64,
}

/// Pours a year in, by a process that is killed, and opens it twice.
pub(super) async fn year(options: &BenchStore) -> Result<Year, Failure> {
    let scratch = scratch()?;
    let place = scratch.path().join("store");
    let failed = |cause: &dyn std::fmt::Display| Failure::new(Code::Failed, cause.to_string());
    let program = std::env::current_exe().map_err(|e| failed(&e))?;
    let mut command = Command::new(program);
    command.args(["bench", "store-alone", "--kind", "embedded", "--log", "warn"]);
    command.args(["--readings", &TOWN.readings(options.days).to_string(), "--seed", &options.seed.to_string()]);
    command.arg("--into").arg(&place);
    let mut writer = Process::start_to_hear(&mut command)?;
    let writer = tokio::task::spawn_blocking(move || writer.hear(THERE).map(|()| writer)).await.map_err(|e| failed(&e))??;
    tokio::time::sleep(ON).await;
    drop(writer);
    let settings = load(Vec::new())?;
    let mut opened = [0.0; 2];
    let mut readings = 0;
    for opened in &mut opened {
        let began = Instant::now();
        let store = open(StoreKind::Embedded, &place, &settings)?;
        *opened = began.elapsed().as_secs_f64() * 1e3;
        readings = store.gauges().flushed;
    }
    let [opened_after_kill_ms, opened_ms] = opened;
    Ok(Year { days: options.days, readings, opened_after_kill_ms, opened_ms })
}

/// The writer: says when all is there, and writes on until it is killed.
pub(super) async fn pour(options: &StoreAlone, place: &Path) -> Result<(), Failure> {
    let store = open(StoreKind::Embedded, place, &load(Vec::new())?)?;
    let mut town = Town::of_size(TOWN, options.readings, SystemClock.now(), options.seed)?;
    let (mut heard, mut done, mut flushed) = (Vec::new(), 0, 0);
    let mut flush: Option<JoinHandle<Result<(), ports::StoreError>>> = None;
    while done < options.readings + TOWN.readings(1_000) {
        while heard.len() < BATCH {
            town.next(&mut heard);
        }
        store.append(&heard).await.map_err(|e| broken(&e))?;
        let before = done;
        done += heard.len() as u64;
        heard.clear();
        if done - flushed >= FLUSH {
            if let Some(flush) = flush.take() {
                flush.await.map_err(|e| Failure::new(Code::Stopped, e.to_string()))?.map_err(|e| broken(&e))?;
            }
            let store = std::sync::Arc::clone(&store);
            flush = Some(tokio::spawn(async move { store.flush().await }));
            flushed = done;
        }
        if before < options.readings && done >= options.readings {
            println!("{THERE}");
        }
    }
    Ok(())
}
