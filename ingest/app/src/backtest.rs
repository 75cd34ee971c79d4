//! `marsad backtest`: the engine over readings of the past, as they were heard. What it prints is what would have been
//! said, in the order in which it would have been; nothing is kept and nobody is told.
//!
//! Readings come from a file of NDJSON, from the running program or from the stopped directory. A file whose lines are in
//! the order in which they were heard is read in constant memory; another one is sorted first. What the store gives comes in
//! slices ([`crate::past`]).

mod judges;
mod printer;
mod telling;

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use rules::Engine;
use schemas::{Reading, Timestamp};
use serde::Deserialize;
use settings::Settings;

use crate::cli::Common;
use crate::failure::{Code, Failure, unwritable};
use crate::moving::passing_defaults;
use crate::past::Past;
use crate::rule::From;
pub(crate) use judges::{CHUNK, Judges};
use printer::Printer;
use telling::Telling;

/// A line longer than this is no reading.
const LINE_LIMIT: usize = 64 << 10;
/// Bad lines that are named; of more only the number is told.
const NAMED: usize = 20;

#[derive(Debug, Args)]
pub(crate) struct Backtest {
    #[command(flatten)]
    rules: From,
    /// Readings from this instant on, RFC 3339
    #[arg(long, value_name = "TIME", conflicts_with = "readings", required_unless_present = "readings")]
    pub(crate) from: Option<Timestamp>,
    /// Up to before this instant, RFC 3339; time goes on until then
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<Timestamp>,
    /// A file of readings, one JSON object a line
    #[arg(long, value_name = "FILE")]
    readings: Option<PathBuf>,
    /// Print the messages that would have gone out by the settings, and why, in place of the transitions
    #[arg(long)]
    notifications: bool,
}

/// When a line was heard.
#[derive(Deserialize)]
struct Heard {
    observed_at: Timestamp,
    received_at: Option<Timestamp>,
}

/// Lines that could not be read.
#[derive(Default)]
pub(crate) struct Bad(usize);

impl Bad {
    pub(crate) fn name(&mut self, place: &str, number: usize, why: &str) {
        self.0 += 1;
        if self.0 <= NAMED {
            eprintln!("marsad: {place}:{number}: {why}");
        }
    }
}

pub(crate) async fn backtest(settings: &Settings, common: &Common, options: &Backtest) -> Result<(), Failure> {
    let rules = options.rules.read(settings)?.rules;
    let checked = settings::check(settings)?;
    let telling = if options.notifications { Some(Telling::new(settings, checked.time.zone())?) } else { None };
    let mut printer = Printer { out: io::BufWriter::new(io::stdout().lock()), json: common.json, telling, rows: 0 };
    let mut judges = Judges::new(&rules, &checked);
    if !options.notifications {
        judges.leave_out_texts();
    }
    let mut bad = Bad::default();
    let progress = progress();
    let mut readings = 0usize;
    match &options.readings {
        Some(path) if is_sorted(path)? => {
            let mut chunk = Vec::with_capacity(CHUNK);
            let defaults = passing_defaults()?;
            each_line(path, |number, line| {
                match exchange::line(line, &defaults) {
                    Ok(reading) => chunk.push(reading),
                    Err(why) => bad.name(&path.display().to_string(), number, &why),
                }
                if chunk.len() >= CHUNK {
                    readings += chunk.len();
                    printer.all(&judges.judge(&chunk))?;
                    progress.inc(chunk.len() as u64);
                    chunk.clear();
                }
                Ok(())
            })?;
            readings += chunk.len();
            printer.all(&judges.judge(&chunk))?;
        }
        source => {
            if let Some(path) = source {
                let mut all = from_file(path, &mut bad)?;
                all.sort_by_key(|r| (r.received_at, r.observed_at));
                readings = all.len();
                for chunk in all.chunks(CHUNK) {
                    printer.all(&judges.judge(chunk))?;
                    progress.inc(chunk.len() as u64);
                }
            } else {
                let mut past = Past::of(settings, common, options).await?;
                while let Some(heard) = past.next(&mut bad).await? {
                    readings += heard.len();
                    for chunk in heard.chunks(CHUNK) {
                        printer.all(&judges.judge(chunk))?;
                        progress.inc(chunk.len() as u64);
                    }
                }
            }
        }
    }
    let end = options.to.unwrap_or(judges.heard()).max(judges.heard());
    printer.all(&judges.finish(end))?;
    let waiting = printer.until(end)?;
    progress.finish_and_clear();
    printer.out.flush().map_err(unwritable)?;
    let (late, too_late) = (judges.count(Engine::late), judges.count(Engine::too_late));
    if !common.json {
        let what = if options.notifications { "messages" } else { "transitions" };
        eprintln!(
            "{readings} readings of {} devices, {} rules: {} {what}; {late} late, {too_late} too late",
            judges.count(|e| e.devices() as u64),
            rules.rules().len(),
            printer.rows
        );
        if let Some(at) = waiting {
            eprintln!("something is still to be told at {at} or later: `--to` lets time go on until then");
        }
    }
    if bad.0 == 0 {
        Ok(())
    } else {
        Err(Failure::new(Code::Failed, format!("{} lines could not be read and were left out", bad.0)))
    }
}

fn unreadable(path: &Path, cause: &io::Error) -> Failure {
    Failure::new(Code::Failed, format!("{} cannot be read: {cause}", path.display()))
}

/// Shows every line that is not empty, with its number from 1.
fn each_line(path: &Path, mut show: impl FnMut(usize, &[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
    let mut file = BufReader::with_capacity(1 << 20, File::open(path).map_err(|e| unreadable(path, &e))?);
    let (mut line, mut number) = (Vec::new(), 0usize);
    loop {
        line.clear();
        let read = io::Read::take(&mut file, LINE_LIMIT as u64).read_until(b'\n', &mut line).map_err(|e| unreadable(path, &e))?;
        if read == 0 {
            return Ok(());
        }
        number += 1;
        if read == LINE_LIMIT && line.last() != Some(&b'\n') {
            return Err(Failure::new(
                Code::Failed,
                format!("{}:{number}: the line has more than {LINE_LIMIT} bytes", path.display()),
            ));
        }
        let text = line.trim_ascii();
        if !text.is_empty() {
            show(number, text)?;
        }
    }
}

/// Whether the lines stand in the order in which they were heard; a line that cannot be read does not matter.
fn is_sorted(path: &Path) -> Result<bool, Failure> {
    let (mut last, mut sorted) = (Timestamp::MIN, true);
    each_line(path, |_, line| {
        if let Ok(Heard { observed_at, received_at }) = serde_json::from_slice(line) {
            let heard = received_at.unwrap_or(observed_at);
            sorted &= heard >= last;
            last = heard;
        }
        Ok(())
    })?;
    Ok(sorted)
}

fn from_file(path: &Path, bad: &mut Bad) -> Result<Vec<Reading>, Failure> {
    let (mut all, defaults) = (Vec::new(), passing_defaults()?);
    each_line(path, |number, line| {
        match exchange::line(line, &defaults) {
            Ok(reading) => all.push(reading),
            Err(why) => bad.name(&path.display().to_string(), number, &why),
        }
        Ok(())
    })?;
    Ok(all)
}

/// Readings judged and rate on a terminal, nothing elsewhere.
fn progress() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {human_pos} readings judged, {per_sec}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}
