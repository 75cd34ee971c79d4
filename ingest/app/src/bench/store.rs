//! `marsad bench store`: one generated city into each store, and the same questions to each. Each kind is measured in a
//! process of its own, one after another, so that none has the memory of another.
//!
//! Deliberately absent: several writers, and servers on other machines.

mod alone;
mod server;
mod town;
mod year;

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
    /// Of appends of 5,000 readings, with flushes and merges beside them.
    append_p999_ms: f64,
    longest_append_ms: f64,
    /// Of a server: until it had what all whole hours come to.
    rolled_after_s: f64,
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
    let year = if options.year { Some(year::year(options).await?) } else { None };
    if json {
        let figures = serde_json::json!({ "readings": options.readings, "seed": options.seed, "stores": all, "year": year });
        println!("{figures}");
    } else {
        table(&all);
        year.iter().for_each(told);
    }
    Ok(())
}

async fn in_a_process(kind: StoreKind, options: &BenchStore) -> Result<Figures, Failure> {
    let failed = |cause: &dyn std::fmt::Display| Failure::new(Code::Failed, format!("{}: {cause}", kind.name()));
    let program = std::env::current_exe().map_err(|e| failed(&e))?;
    let mut command = tokio::process::Command::new(program);
    command.args(["bench", "store-alone", "--kind", kind.name(), "--log", "warn"]);
    command.args(["--readings", &options.readings.to_string(), "--seed", &options.seed.to_string()]);
    // Not `output()`, which keeps for itself what the child says of a failure.
    let child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().map_err(|e| failed(&e))?;
    let output = child.wait_with_output().await.map_err(|e| failed(&e))?;
    if !output.status.success() {
        return Err(failed(&output.status));
    }
    serde_json::from_slice(&output.stdout).map_err(|e| failed(&e))
}

/// What the embedded store is to keep.
#[derive(Clone, Copy)]
enum Target {
    None,
    Least(f64),
    Most(f64),
}

impl Target {
    /// With what it came to; nothing where there is none.
    fn judged(self, figure: f64) -> String {
        let (sign, bound, kept) = match self {
            Target::None => return String::new(),
            Target::Least(bound) => (">=", bound, figure >= bound),
            Target::Most(bound) => ("<=", bound, figure <= bound),
        };
        format!("{sign} {bound} {}", if kept { "kept" } else { "MISSED" })
    }
}

/// A line: its name, the figure of a store, its decimals, and what is to be kept.
type Line = (&'static str, fn(&Figures) -> f64, usize, Target);

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark are far below 2^53")]
const LINES: [Line; 12] = [
    ("readings", |f| f.readings as f64, 0, Target::None),
    ("  of them new", |f| f.new as f64, 0, Target::None),
    ("readings/s", |f| f.readings_per_second, 0, Target::Least(1_500_000.0)),
    ("durable after, s", |f| f.durable_after_s, 1, Target::None),
    ("CPU a reading, us", |f| f.cpu_us_per_reading, 2, Target::None),
    ("append of 5,000, p99.9, ms", |f| f.append_p999_ms, 1, Target::Most(250.0)),
    ("  longest, ms", |f| f.longest_append_ms, 1, Target::None),
    ("bytes a reading, settled", |f| f.bytes_per_reading, 2, Target::Most(1.2)),
    ("hours rolled up after, s", |f| f.rolled_after_s, 1, Target::None),
    ("first answer after start, ms", |f| f.first_answer_ms, 1, Target::None),
    ("memory, MiB", |f| (f.memory_bytes >> 20) as f64, 0, Target::Most(300.0)),
    ("  of the server besides", |f| (f.server_memory_bytes >> 20) as f64, 0, Target::None),
];

/// A column for each store, side by side; at the end what the embedded one is to keep.
fn table(all: &[Figures]) {
    let row = |name: &str, cells: Vec<String>, target: &str| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>20}")).collect();
        println!("{}", format!("{name:<48}{cells}  {target}").trim_end());
    };
    let embedded = || all.iter().find(|figures| figures.kind == StoreKind::Embedded.name());
    row("", all.iter().map(|figures| figures.kind.clone()).collect(), embedded().map_or("", |_| "embedded is to keep"));
    for (name, figure, digits, target) in LINES {
        let cells = all.iter().map(|figures| format!("{:.digits$}", figure(figures))).collect();
        row(name, cells, &embedded().map_or_else(String::new, |figures| target.judged(figure(figures))));
    }
    row("p50 / p99, ms", Vec::new(), "");
    let Some(first) = all.first() else { return };
    for (at, asked) in first.asked.iter().enumerate() {
        let cell = |figures: &Figures| {
            figures.asked.get(at).map_or_else(|| "-".to_owned(), |asked| format!("{:.2} / {:.2}", asked.p50_ms, asked.p99_ms))
        };
        let target = alone::TARGETS.get(at).copied().unwrap_or(Target::None);
        let kept =
            embedded().and_then(|figures| figures.asked.get(at)).map_or_else(String::new, |asked| target.judged(asked.p50_ms));
        row(&format!("  {}, {} points", asked.question, asked.points), all.iter().map(cell).collect(), &kept);
    }
    behind(all);
}

/// Names each line on which the embedded store is not ahead of the others.
fn behind(all: &[Figures]) {
    let Some(own) = all.iter().find(|figures| figures.kind == StoreKind::Embedded.name()) else { return };
    for other in all.iter().filter(|other| other.kind != own.kind) {
        let less = [
            ("readings/s", -own.readings_per_second, -other.readings_per_second),
            ("CPU a reading", own.cpu_us_per_reading, other.cpu_us_per_reading),
            ("bytes a reading", own.bytes_per_reading, other.bytes_per_reading),
            ("first answer after start", own.first_answer_ms, other.first_answer_ms),
        ];
        let asked = own.asked.iter().zip(&other.asked).map(|(a, b)| (a.question.as_str(), a.p50_ms, b.p50_ms));
        for (what, ours, theirs) in less.into_iter().chain(asked).filter(|(_, ours, theirs)| ours > theirs) {
            println!("embedded is behind {} in: {what} ({:.2} against {:.2})", other.kind, ours.abs(), theirs.abs());
        }
    }
}

/// A year's line.
fn told(year: &year::Year) {
    let year::Year { days, readings, opened_after_kill_ms, opened_ms } = year;
    println!("{days} days of 5,000 devices, {readings} readings on disk, embedded");
    println!("  opened in {opened_ms:.0} ms  {}", Target::Most(2_000.0).judged(*opened_ms));
    println!("  after kill -9 in {opened_after_kill_ms:.0} ms  {}", Target::Most(5_000.0).judged(*opened_after_kill_ms));
}
