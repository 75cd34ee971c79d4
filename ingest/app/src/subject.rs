//! `marsad subject`: all that is kept of whoever stands behind a meter, and forgetting it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Subcommand, ValueEnum};
use ports::{AuditNote, Clock, Erased, Gate, SystemClock, Vault as _};
use schemas::DeviceId;
use serde_json::{Value, json};
use settings::{Checked, Settings};

use crate::city::City;
use crate::cli::Common;
use crate::directory::DataDirectory;
use crate::erasing::Subjects;
use crate::failure::{Code, Failure};
use crate::gate;
use crate::opened::Opened;
use crate::vault::{WhatFor, ask, no_keys, open, say};

/// Names in one row of the audit.
const NAMES: usize = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum SubjectCommand {
    /// Write out all that is kept of a meter: readings, alerts, messages that gave none
    #[command(after_help = "Examples:
  MARSAD_TOKEN=... marsad subject export CASA-W-000001 --purpose subject-request > subject.json
  MARSAD_TOKEN=... marsad subject export CASA-W-000001 --purpose subject-request --format csv > subject.csv

Takes a token of the role dpo that may write; the audit holds who asked, when and what for (law 09-08, article 7).")]
    Export {
        /// The meter, by its own id
        meter: DeviceId,
        #[command(flatten)]
        what_for: WhatFor,
        /// Everything, or the readings alone
        #[arg(long, value_enum, default_value = "json")]
        format: ExportFormat,
    },
    /// Forget meters: the way back to each, the key of its messages, its readings, alerts and waiting messages
    #[command(after_help = "Examples:
  MARSAD_TOKEN=... marsad subject erase CASA-W-000001 --purpose subject-request
  MARSAD_TOKEN=... marsad subject erase --file meters.txt --purpose subject-request
  marsad subject erase CASA-W-000001 --purpose subject-request --by dpo-1      while the program is stopped

Asks the running program, by a token of the role dpo that may write, and returns when all of it is gone; nobody is told of any alert
meanwhile, and all go on as before. With --by it is done on the directory of a stopped program. Messages in the journal and in backups
made before stay sealed for ever, since their key is gone; with an older backup of vault.db and the keys they could be opened, so old
backups end as the city's rules say (docs/privacy.md). Take the meter out of the files of [devices] too, or stop it: what it says later
is kept anew.")]
    Erase {
        /// The meters, by their own ids
        #[arg(required_unless_present = "file", value_name = "METER")]
        meters: Vec<DeviceId>,
        /// Further meters, one on a line; `-` is standard input
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        what_for: WhatFor,
        /// On a stopped program: who does it, for the audit
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Everything
    Json,
    /// Readings
    Csv,
}

/// `marsad subject`
pub(crate) async fn subject(settings: &Settings, common: &Common, command: SubjectCommand) -> Result<(), Failure> {
    match command {
        SubjectCommand::Export { meter, what_for, format } => {
            let json = matches!(format, ExportFormat::Json);
            let body = json!({ "meter": meter, "purpose": what_for.purpose, "format": if json { "json" } else { "csv" } });
            if json {
                let told: Value = ask(settings, common, "/api/v1/subjects/export", &body).await?;
                return say(&serde_json::to_string_pretty(&told).unwrap_or_default());
            }
            let text = City::signed(settings, common)?.text("/api/v1/subjects/export", &body).await?;
            say(text.trim_end())
        }
        SubjectCommand::Erase { mut meters, file, what_for, by } => {
            meters.extend(file.map(|file| listed(&file)).transpose()?.unwrap_or_default());
            let Some(by) = by else {
                let body = json!({ "meters": meters, "purpose": what_for.purpose });
                let erased: Erased = City::signed(settings, common)?.order("/api/v1/subjects/erase", &body).await?;
                return told(&erased, common.json);
            };
            erase(settings, &meters, &what_for.purpose, &by, common.json).await
        }
    }
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Failed, error.to_string())
}

/// The meters of a file.
fn listed(file: &Path) -> Result<Vec<DeviceId>, Failure> {
    let wrong = |why: &dyn std::fmt::Display| failed(format!("{}: {why}", file.display()));
    let text = if file == Path::new("-") { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let text = text.map_err(|cause| wrong(&cause))?;
    let ids = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(DeviceId::new);
    ids.collect::<Result<_, _>>().map_err(|cause| wrong(&cause))
}

async fn erase(settings: &Settings, meters: &[DeviceId], purpose: &str, by: &str, json: bool) -> Result<(), Failure> {
    let Checked { parameters, .. } = settings::check(settings)?;
    if parameters.purposes.that_reveals(purpose).is_none() {
        return Err(failed(format!("`{purpose}` is no purpose of the register for which somebody may be looked up")));
    }
    let place = &settings.data.directory;
    if !place.is_dir() {
        return Err(failed(format!("there is no data directory {}", place.display())));
    }
    let held = DataDirectory::need(place).map_err(|failure| {
        failure.hint("stop the program, since with --by the directory is needed alone; or ask it, with a token and without --by")
    })?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let vault = open(settings)?.ok_or_else(no_keys)?;
    let keeper = gate::stopped(settings, &clock)?.keeper;
    let opened = Opened::open(settings, held)?;
    let names: Vec<DeviceId> = meters.iter().flat_map(|meter| vault.names(meter)).collect();
    let store = Arc::clone(&opened.store);
    let note = |what: &str, outcome: String| AuditNote {
        who: by.to_owned(),
        address: None,
        event: "subject-erase",
        what: format!("{what} for {purpose}"),
        outcome,
    };
    let rows = names.chunks(NAMES).map(|some| some.iter().map(DeviceId::as_str).collect::<Vec<_>>().join(" "));
    let rows: Vec<String> = rows.collect();
    for some in &rows {
        keeper.note(note(some, "asked".to_owned())).await.map_err(failed)?;
    }
    let subjects = Subjects { meters, names, register: &opened.register, store: &*store, vault: &vault };
    let erased = subjects.forget_stopped(&opened.journal.view()).await.map_err(failed)?;
    let end = format!("{} readings, {} messages", erased.readings, erased.messages);
    let all = format!("{} names", erased.names.len());
    keeper.note(note(if rows.len() == 1 { &rows[0] } else { &all }, end)).await.map_err(failed)?;
    told(&erased, json)
}

fn told(erased: &Erased, json: bool) -> Result<(), Failure> {
    let Erased { keys, readings, records, messages, .. } = erased;
    if json {
        return say(&serde_json::to_string(erased).unwrap_or_default());
    }
    say(&format!(
        "forgotten: {keys} way(s) back with their keys, {readings} readings, {records} records, {messages} waiting messages"
    ))
}
