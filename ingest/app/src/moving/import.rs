//! `marsad import`: readings of a file into the store of a stopped data directory. What is there already stays once, so that
//! an import that was broken off is begun again.
//!
//! Deliberately absent: telling the rules (they judge what is heard, `marsad backtest` what was), and a running program,
//! whose store is its own.

use std::cell::Cell;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::path::{Path, PathBuf};

use ::vault::Vault;
use clap::{Args, ValueEnum};
use exchange::{Counts, Defaults, Mapping, Readings, Rejected};
use schemas::{Kind, Reading, Zone};
use settings::Settings;

use super::pour::{BATCH, Pour};
use super::rejects::Rejects;
use crate::directory::DataDirectory;
use crate::failure::{Code, Failure, unwritable};
use crate::opened::store_of;
use crate::progress::Meter;
use crate::vault;

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file; - is standard input
    file: PathBuf,
    /// What it is [default: by its name: .csv, .ndjson, .parquet, .lp]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// What the points of line protocol and annotated CSV mean: a file of `[[map]]` tables
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Where devices were, for rows that do not say it
    #[arg(long, value_name = "ZONE", default_value = "nowhere")]
    zone: Zone,
    /// What devices are for, for rows that do not say it and whose quantity does not tell it
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// Where rows go that are no readings [default: the file's name and .rejected.ndjson]
    #[arg(long, value_name = "FILE")]
    rejected: Option<PathBuf>,
    /// Read and count, keep nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With a head, as `marsad export` writes it
    Csv,
    /// One JSON object a line, as `marsad export` writes it
    Ndjson,
    /// Apache Parquet, with the columns of `marsad export`
    Parquet,
    /// InfluxDB line protocol, as Telegraf writes it
    LineProtocol,
    /// InfluxDB annotated CSV, as a Flux query answers
    AnnotatedCsv,
}

pub(crate) async fn import(settings: &Settings, options: &Import, json: bool) -> Result<(), Failure> {
    let format = format_of(options)?;
    let mapping = mapping(options, format)?;
    let counts = Cell::new(Counts::default());
    let kind = options.kind.as_deref().and_then(Kind::named);
    let source = open(options, format, mapping.as_ref(), Defaults { zone: options.zone.clone(), kind }, &counts)?;
    let _held = if options.dry_run { None } else { Some(DataDirectory::need(&settings.data.directory)?) };
    let mut pour = if options.dry_run { None } else { Some(Pour::into(store_of(settings)?)) };
    let vault = if options.dry_run { None } else { vault::open(settings)? };
    let name = options.file.display().to_string();
    let mut rejects = Rejects::new(rejected(options), name.clone());
    let read = pour_all(source, pour.as_mut(), vault.as_deref(), &mut rejects, &name).await?;
    if let Some(pour) = &mut pour {
        pour.flush().await?;
    }
    rejects.end()?;
    let (new, repeated) = pour.as_ref().map_or((0, 0), |pour| (pour.new, pour.repeated));
    let (rejected, ignored) = (rejects.count, counts.get().ignored);
    let file = (rejected > 0).then_some(&rejects.path);
    let text = if json {
        serde_json::json!({ "file": options.file, "readings": read, "new": new, "repeated": repeated, "rejected": rejected,
            "ignored": ignored, "rejected_file": file, "dry_run": options.dry_run })
        .to_string()
    } else if options.dry_run {
        format!("{read} readings in {name}; {rejected} rejected, {ignored} ignored; nothing was kept")
    } else {
        format!("{read} readings of {name}: {new} new, {repeated} there already; {rejected} rejected, {ignored} ignored")
    };
    writeln!(io::stdout(), "{text}").map_err(unwritable)?;
    match file {
        None => Ok(()),
        Some(path) => {
            Err(Failure::new(Code::Failed, format!("{rejected} rows are no readings: they stand in {}", path.display())))
        }
    }
}

/// The number of readings.
async fn pour_all(
    source: Readings<'_>,
    mut pour: Option<&mut Pour>,
    vault: Option<&Vault>,
    rejects: &mut Rejects,
    name: &str,
) -> Result<u64, Failure> {
    let meter = Meter::open("readings");
    let (mut batch, mut read): (Vec<Reading>, u64) = (Vec::with_capacity(BATCH), 0);
    for item in source {
        let item = item.map_err(|cause| Failure::new(Code::Failed, format!("{name}: {cause}")))?;
        match item {
            Err(bad) => rejects.put(&bad)?,
            Ok(reading) => {
                batch.push(reading);
                read += 1;
            }
        }
        if batch.len() == BATCH {
            give(&mut batch, pour.as_deref_mut(), vault, rejects).await?;
            meter.at(read);
        }
    }
    give(&mut batch, pour, vault, rejects).await?;
    Ok(read)
}

async fn give(
    batch: &mut Vec<Reading>,
    pour: Option<&mut Pour>,
    vault: Option<&Vault>,
    rejects: &mut Rejects,
) -> Result<(), Failure> {
    if let Some(pour) = pour {
        if let Some(vault) = vault {
            vault.take_in(batch).map_err(|e| Failure::new(Code::Unavailable, e.to_string()))?;
        }
        let refused = |at: usize, why| {
            // Which line it was is no longer known: the reading says itself which it is.
            let text = batch.get(at).and_then(|reading| serde_json::to_string(reading).ok()).unwrap_or_default();
            rejects.put(&Rejected { place: 0, why, text })
        };
        pour.put(batch, refused).await?;
        if pour.is_due() {
            pour.flush().await?;
        }
    }
    batch.clear();
    Ok(())
}

fn format_of(options: &Import) -> Result<Format, Failure> {
    let by_name = match options.file.extension().and_then(OsStr::to_str) {
        Some("csv") => Some(Format::Csv),
        Some("ndjson" | "jsonl") => Some(Format::Ndjson),
        Some("parquet") => Some(Format::Parquet),
        Some("lp") => Some(Format::LineProtocol),
        _ => None,
    };
    options.format.or(by_name).ok_or_else(|| {
        Failure::new(Code::Usage, format!("the name {} does not tell what it is", options.file.display()))
            .hint("say it with --format csv, ndjson, parquet, line-protocol or annotated-csv")
    })
}

fn mapping(options: &Import, format: Format) -> Result<Option<Mapping>, Failure> {
    let needed = matches!(format, Format::LineProtocol | Format::AnnotatedCsv);
    match &options.mapping {
        None if needed => Err(Failure::new(Code::Usage, "points of others need --mapping FILE, which says what they mean")
            .hint("an example stands in docs/moving.md")),
        Some(_) if !needed => Err(Failure::new(Code::Usage, "--mapping is for line protocol and annotated CSV")),
        None => Ok(None),
        Some(path) => {
            let wrong = |cause: &dyn std::fmt::Display| Failure::new(Code::Settings, format!("{}: {cause}", path.display()));
            let text = std::fs::read_to_string(path).map_err(|e| wrong(&e))?;
            let read = Mapping::read(&text);
            read.map(Some).map_err(|e| Failure::new(Code::Settings, format!("{}:{}: {}", path.display(), e.line, e.message)))
        }
    }
}

fn open<'a>(
    options: &Import,
    format: Format,
    mapping: Option<&'a Mapping>,
    defaults: Defaults,
    counts: &'a Cell<Counts>,
) -> Result<Readings<'a>, Failure> {
    let path = &options.file;
    let wrong = |cause: &dyn std::fmt::Display| Failure::new(Code::Failed, format!("{}: {cause}", path.display()));
    if format == Format::Parquet {
        let file = File::open(path).map_err(|e| wrong(&e))?;
        return exchange::parquet::parquet(file, defaults).map(|(readings, _)| readings).map_err(|e| wrong(&e));
    }
    let text: Box<dyn Read> =
        if path.as_path() == Path::new("-") { Box::new(io::stdin()) } else { Box::new(File::open(path).map_err(|e| wrong(&e))?) };
    let text = BufReader::with_capacity(1 << 20, text);
    match (format, mapping) {
        (Format::LineProtocol, Some(mapping)) => Ok(exchange::line_protocol(text, mapping, defaults, counts)),
        (Format::AnnotatedCsv, Some(mapping)) => Ok(exchange::annotated_csv(text, mapping, defaults, counts)),
        (Format::Csv, _) => exchange::csv(text, defaults).map_err(|e| wrong(&e)),
        _ => Ok(exchange::ndjson(text, defaults)),
    }
}

/// Beside the file; of standard input, here.
fn rejected(options: &Import) -> PathBuf {
    let beside = || {
        let stem = if options.file.as_path() == Path::new("-") { Path::new("import") } else { options.file.as_path() };
        let mut name = stem.as_os_str().to_owned();
        name.push(".rejected.ndjson");
        PathBuf::from(name)
    };
    options.rejected.clone().unwrap_or_else(beside)
}
