//! `marsad export`: what the API streams, into a file.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use clap::{Args, ValueEnum};
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use ports::{Clock, SystemClock};
use schemas::Timestamp;
use settings::Settings;

use super::rejects::defaults;
use crate::ask::range;
use crate::city::{City, Purpose, broken};
use crate::cli::Common;
use crate::failure::{Code, Failure, is_disk, unwritable};

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// From this instant on, RFC 3339
    #[arg(long, value_name = "TIME")]
    from: Timestamp,
    /// Up to before this instant, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// Only devices of this kind
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// How rows are written
    #[arg(long, value_enum, default_value = "csv")]
    format: Format,
    /// Where to [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// RFC 4180, UTF-8, decimal point, ISO 8601 UTC
    Csv,
    /// One JSON object a line
    Ndjson,
    /// Apache Parquet, zstd: columns, with units and licence
    Parquet,
}

/// Memory of the embedded store while it is exported, at most.
const PASSING: ByteSize = ByteSize::mib(128);

pub(crate) async fn export(settings: &Settings, common: &Common, export: &Export) -> Result<(), Failure> {
    let format = match export.format {
        Format::Csv => "csv",
        Format::Ndjson => "ndjson",
        Format::Parquet if export.output.is_none() && io::stdout().is_terminal() => {
            return Err(Failure::new(Code::Usage, "Parquet is nothing for a terminal").hint("name a file with --output FILE"));
        }
        Format::Parquet => "parquet",
    };
    let mut path = format!("/api/v1/readings?format={format}");
    path += &range(Some(export.from), Some(export.to.unwrap_or_else(|| SystemClock.now())));
    if let Some(kind) = &export.kind {
        path += &format!("&kind={kind}");
    }
    let city = City::reach(&passing(settings), common, Purpose::Ask).await?;
    let mut answer = city.ask(&path).await?;
    let progress = progress();
    let mut out: Box<dyn Write> = match &export.output {
        Some(file) => Box::new(File::create(file).map_err(|cause| {
            let code = if is_disk(&cause) { Code::Disk } else { Code::Failed };
            Failure::new(code, format!("{} cannot be written: {cause}", file.display()))
        })?),
        None => Box::new(io::stdout().lock()),
    };
    let (mut lines, mut bytes, mut last) = (0usize, 0usize, None);
    while let Some(part) = answer.next().await {
        let part = part.map_err(broken)?;
        out.write_all(&part).map_err(unwritable)?;
        lines += part.iter().filter(|b| **b == b'\n').count();
        bytes += part.len();
        last = part.last().copied().or(last);
        progress.inc(part.len() as u64);
    }
    out.flush().map_err(unwritable)?;
    progress.finish_and_clear();
    if export.format == Format::Parquet {
        return table_written(export.output.as_deref(), bytes);
    }
    if last.is_some_and(|b| b != b'\n') {
        return Err(Failure::new(Code::Unavailable, "the answer broke off in the middle of a row"));
    }
    let rows = lines.saturating_sub(usize::from(export.format == Format::Csv));
    eprintln!("{rows} readings written");
    Ok(())
}

/// What is read once and in order needs no memory of what was read.
fn passing(settings: &Settings) -> Settings {
    let mut passing = settings.clone();
    passing.store.memory = passing.store.memory.min(PASSING);
    passing
}

/// A table says at its end how many rows it has.
fn table_written(file: Option<&Path>, bytes: usize) -> Result<(), Failure> {
    let Some(path) = file else {
        eprintln!("{bytes} bytes written");
        return Ok(());
    };
    let unreadable = |cause: &dyn std::fmt::Display| Failure::new(Code::Failed, format!("{}: {cause}", path.display()));
    let file = File::open(path).map_err(|e| unreadable(&e))?;
    let (_, rows) = exchange::parquet::parquet(file, defaults()?).map_err(|e| unreadable(&e))?;
    eprintln!("{rows} readings written, {bytes} bytes");
    Ok(())
}

/// Bytes and rate on a terminal, nothing elsewhere.
fn progress() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {bytes} written, {bytes_per_sec}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
