//! `marsad bench store`: one generated city into each store, and the same questions to each. Each kind is measured in a
//! process of its own, one after another, so that none has the memory of another.
//!
//! Deliberately absent: several writers, and servers on other machines.

mod alone;
mod server;
mod town;

use std::process::Stdio;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

pub(crate) use alone::alone;

use crate::bench::args::BenchStore;
use crate::failure::{Code, Failure};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreKind {
    /// The embedded store
    Embedded,
    /// An InfluxDB 2 of its own: `influxd` on the path
    Influx,
    /// A VictoriaMetrics of its own: `victoria-metrics` on the path
    Victoria,
}

impl StoreKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            StoreKind::Embedded => "embedded",
            StoreKind::Influx => "influx",
            StoreKind::Victoria => "victoria",
        }
    }
}

/// One question, asked again and again.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    question: String,
    points: usize,
    p50_ms: f64,
    p99_ms: f64,
}

/// What one store did.
#[derive(Debug, Serialize, Deserialize)]
struct Figures {
    kind: String,
    readings: u64,
    /// How many were new; the others were repeats.
    new: u64,
    readings_per_second: f64,
    /// From the last append until all of it outlives a crash.
    durable_after_s: f64,
    /// Of this program and of the server, without making the readings.
    cpu_us_per_reading: f64,
    longest_append_ms: f64,
    /// Of those that are kept, once the disk is quiet.
    bytes_per_reading: f64,
    asked: Vec<Asked>,
    /// From the start of the store until the first answer.
    first_answer_ms: f64,
    /// Of this program, at most.
    memory_bytes: u64,
    /// Of the server, at the end.
    server_memory_bytes: u64,
}

pub(crate) async fn store(options: &BenchStore, json: bool) -> Result<(), Failure> {
    let mut all = Vec::new();
    for kind in &options.kind {
        if !json {
            eprintln!("{}: {} readings ...", kind.name(), options.readings);
        }
        all.push(in_a_process(*kind, options).await?);
    }
    if json {
        println!("{}", serde_json::json!({ "readings": options.readings, "seed": options.seed, "stores": all }));
    } else {
        table(&all);
    }
    Ok(())
}

async fn in_a_process(kind: StoreKind, options: &BenchStore) -> Result<Figures, Failure> {
    let failed = |cause: &dyn std::fmt::Display| Failure::new(Code::Failed, format!("{}: {cause}", kind.name()));
    let program = std::env::current_exe().map_err(|e| failed(&e))?;
    let mut command = tokio::process::Command::new(program);
    command.args(["bench", "store-alone", "--kind", kind.name(), "--log", "warn"]);
    command.args(["--readings", &options.readings.to_string(), "--seed", &options.seed.to_string()]);
    let output = command.stderr(Stdio::inherit()).kill_on_drop(true).output().await.map_err(|e| failed(&e))?;
    if !output.status.success() {
        return Err(failed(&output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| failed(&e))
}

/// A line: its name, and the figure of a store.
type Line = (&'static str, fn(&Figures) -> String);

const LINES: [Line; 9] = [
    ("readings", |f| f.readings.to_string()),
    ("  of them new", |f| f.new.to_string()),
    ("readings/s", |f| format!("{:.0}", f.readings_per_second)),
    ("durable after, s", |f| format!("{:.1}", f.durable_after_s)),
    ("CPU a reading, us", |f| format!("{:.2}", f.cpu_us_per_reading)),
    ("longest append, ms", |f| format!("{:.1}", f.longest_append_ms)),
    ("bytes a reading", |f| format!("{:.2}", f.bytes_per_reading)),
    ("first answer after start, ms", |f| format!("{:.1}", f.first_answer_ms)),
    ("memory (server besides), MiB", |f| format!("{} ({})", f.memory_bytes >> 20, f.server_memory_bytes >> 20)),
];

/// A column for each store, side by side.
fn table(all: &[Figures]) {
    let row = |name: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>20}")).collect();
        println!("{name:<38}{cells}");
    };
    row("", all.iter().map(|figures| figures.kind.clone()).collect());
    for (name, figure) in LINES {
        row(name, all.iter().map(figure).collect());
    }
    row("p50 / p99, ms", Vec::new());
    let Some(first) = all.first() else { return };
    for (at, asked) in first.asked.iter().enumerate() {
        let cell = |figures: &Figures| {
            figures.asked.get(at).map_or_else(|| "-".to_owned(), |asked| format!("{:.2} / {:.2}", asked.p50_ms, asked.p99_ms))
        };
        row(&format!("  {}, {} points", asked.question, asked.points), all.iter().map(cell).collect());
    }
}
