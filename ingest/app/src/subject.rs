//! `marsad subject`: all that is kept of whoever stands behind a meter, and forgetting it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ::vault::Vault;
use clap::{Subcommand, ValueEnum};
use journal::View;
use ports::{AuditNote, Clock, Gate, Page, Quarantine, QuarantineFilter, Selector, SystemClock, Vault as _};
use schemas::{DeviceId, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};
use settings::{Checked, Settings};

use crate::city::City;
use crate::cli::Common;
use crate::directory::DataDirectory;
use crate::failure::{Code, Failure};
use crate::gate;
use crate::opened::Opened;
use crate::vault::{WhatFor, ask, no_keys, open, say};

/// Messages of the quarantine that are looked through at once.
const PAGE: Page = Page { rows: 1000, bytes: 8 << 20 };

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
  marsad subject erase CASA-W-000001 --purpose subject-request --by dpo-1
  xargs marsad subject erase --purpose subject-request --by dpo-1 < meters.txt

The program must be stopped: what rules remember of a meter is in its memory. Messages in the journal and in backups made before stay
sealed for ever, since their key is gone; with an older backup of vault.db and the keys they could be opened, so old backups end as the
city's rules say (docs/privacy.md). Take the meter out of the files of [devices] too, or stop it: what it says later is kept anew.")]
    Erase {
        /// The meters, by their own ids
        #[arg(required = true, value_name = "METER")]
        meters: Vec<DeviceId>,
        #[command(flatten)]
        what_for: WhatFor,
        /// Who does it, for the audit
        #[arg(long, value_name = "NAME")]
        by: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Everything
    Json,
    /// Readings
    Csv,
}

/// What was forgotten.
#[derive(Debug, Default, Serialize)]
struct Erased {
    /// Names under which the meters were kept.
    names: Vec<DeviceId>,
    /// Ways back, each with the key of its messages.
    keys: u64,
    readings: u64,
    /// Devices, alerts, steps, what rules remembered.
    records: u64,
    /// Messages that waited in the quarantine.
    messages: u64,
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
        SubjectCommand::Erase { meters, what_for, by } => erase(settings, &meters, &what_for.purpose, &by, common.json).await,
    }
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Failed, error.to_string())
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
    let held =
        DataDirectory::need(place).map_err(|failure| failure.hint("stop the program: `erase` needs the directory alone"))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let vault = open(settings)?.ok_or_else(no_keys)?;
    let keeper = gate::stopped(settings, &clock)?.keeper;
    let opened = Opened::open(settings, held)?;
    let names: Vec<DeviceId> = meters.iter().flat_map(|meter| vault.names(meter)).collect();
    let note = |outcome: String| AuditNote {
        who: by.to_owned(),
        address: None,
        event: "subject-erase",
        what: format!("{} for {purpose}", names.iter().map(DeviceId::as_str).collect::<Vec<_>>().join(" ")),
        outcome,
    };
    keeper.note(note("asked".to_owned())).await.map_err(failed)?;
    let erased = forget(&opened, &vault, meters, names.clone()).await?;
    keeper.note(note(format!("{} readings, {} messages", erased.readings, erased.messages))).await.map_err(failed)?;
    let Erased { keys, readings, records, messages, .. } = &erased;
    if json {
        return say(&serde_json::to_string(&erased).unwrap_or_default());
    }
    say(&format!(
        "forgotten: {keys} way(s) back with their keys, {readings} readings, {records} records, {messages} waiting messages"
    ))
}

/// The key last: where something before it fails, the same command goes on.
async fn forget(opened: &Opened, vault: &Vault, meters: &[DeviceId], names: Vec<DeviceId>) -> Result<Erased, Failure> {
    let view = opened.journal.view();
    let holding = opened.register.holding(Timestamp::MIN).map_err(failed)?;
    let waiting_for = pipeline::standing(&view, &holding.departed).map_err(failed)?.waiting;
    if waiting_for > 0 {
        return Err(failed(format!("{waiting_for} messages of the journal are not read yet"))
            .hint("start the program, and stop it once it has read them"));
    }
    let mut erased = Erased { names, ..Erased::default() };
    for offset in unattributed(opened, vault, &Ids::of(meters))? {
        erased.messages += u64::from(pipeline::drop_message(&view, &*opened.register, offset).map_err(failed)?);
    }
    for name in &erased.names {
        erased.messages += waiting(opened, &view, name)?;
    }
    let select = Selector { devices: erased.names.clone(), ..Selector::default() };
    erased.readings = opened.store.forget(&select, Timestamp::MIN..Timestamp::MAX).await.map_err(failed)?;
    opened.store.flush().await.map_err(failed)?;
    erased.records = opened.register.erase(&erased.names).map_err(failed)?;
    erased.keys = vault.forget(&erased.names).map_err(failed)?;
    Ok(erased)
}

/// Messages of the quarantine that are of this name.
fn waiting(opened: &Opened, view: &View, name: &DeviceId) -> Result<u64, Failure> {
    let of_name = QuarantineFilter { device: Some(name.clone()), ..QuarantineFilter::default() };
    let under_it = QuarantineFilter { topic: Some(format!("{}{name}", codec::SEALED)), ..QuarantineFilter::default() };
    let drop = |filter| pipeline::drop_messages(view, &*opened.register, filter).map_err(failed);
    Ok(drop(&of_name)? + drop(&under_it)?)
}

/// Messages of the quarantine that could be told to be of nobody, and that name one of the meters.
fn unattributed(opened: &Opened, vault: &Vault, ids: &Ids) -> Result<Vec<u64>, Failure> {
    let (mut found, mut first) = (Vec::new(), 0);
    let sealed = QuarantineFilter { topic: Some(format!("{}+", codec::SEALED)), ..QuarantineFilter::default() };
    loop {
        let page = opened.register.page(&sealed, first..u64::MAX, PAGE).map_err(failed)?;
        let Some(last) = page.last() else { return Ok(found) };
        first = last.offset + 1;
        let of_meter = page.iter().filter(|row| {
            vault.unseal(&row.message).is_some_and(|m| ids.stand_in(m.topic.as_bytes()) || ids.stand_in(&m.payload))
        });
        found.extend(of_meter.map(|row| row.offset));
    }
}

/// Ids to be found in bytes, by their length and without regard to case: a message is looked through once, however many there are.
struct Ids(BTreeMap<usize, BTreeSet<Vec<u8>>>);

impl Ids {
    fn of(meters: &[DeviceId]) -> Self {
        let mut ids = BTreeMap::<usize, BTreeSet<Vec<u8>>>::new();
        for id in meters.iter().map(|meter| meter.as_str().to_ascii_lowercase().into_bytes()) {
            ids.entry(id.len()).or_default().insert(id);
        }
        Self(ids)
    }

    fn stand_in(&self, bytes: &[u8]) -> bool {
        let bytes = bytes.to_ascii_lowercase();
        self.0.iter().any(|(length, ids)| bytes.windows(*length).any(|part| ids.contains(part)))
    }
}
