//! `marsad vault`: keys of pseudonyms, and the way back from one; and the vault of a running program.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::vault::{Keys, KeysError, Vault};
use clap::{Args, Subcommand};
use jiff::Zoned;
use schemas::{DeviceId, Timestamp};
use serde_json::{Value, json};
use settings::Settings;

use crate::city::City;
use crate::cli::Common;
use crate::failure::{Code, Failure, unwritable};

/// The vault's file in the data directory.
pub(crate) const FILE: &str = "vault.db";

#[derive(Debug, Subcommand)]
pub(crate) enum VaultCommand {
    /// Make a file of keys: with `privacy.keys` in the settings, what may tell of people is sealed from then on
    #[command(after_help = "Example:
  marsad vault init /etc/marsad/vault.keys

Keep the file outside the data directory and its backups, and a copy in a safe: whoever has the keys and the data can tell whose
meter is whose, and without the keys what is sealed stays sealed. A file that is there is never written over.")]
    Init {
        /// The new file
        keys: PathBuf,
    },
    /// Add a key to the file: from that year on pseudonyms are others
    #[command(after_help = "Example:
  marsad vault year 2027 --keys /etc/marsad/vault.keys      before the year begins; then restart

Without a key of its own a year goes on with that of the year before.")]
    Year {
        /// Which year
        year: i32,
        /// The file of keys [default: privacy.keys of the settings]
        #[arg(long, value_name = "FILE")]
        keys: Option<PathBuf>,
    },
    /// Tell which meter is behind a pseudonym
    #[command(after_help = "Example:
  MARSAD_TOKEN=... marsad vault reveal 6ttedtg3u6ibdqkmo3vx --purpose leak-warning

Takes a token of the role dpo that may write (`marsad token make dpo-1 --role dpo --write`): nobody looks without a name. The purpose is
one of the register on /privacy; the audit holds who looked, when, at what and what for.")]
    Reveal {
        /// The pseudonym
        name: DeviceId,
        #[command(flatten)]
        what_for: WhatFor,
    },
    /// Show a sealed message of the quarantine as it came
    #[command(after_help = "Example:
  MARSAD_TOKEN=... marsad vault message 4711 --purpose subject-request")]
    Message {
        /// Its place in the journal, as `marsad quarantine list` shows it
        offset: u64,
        #[command(flatten)]
        what_for: WhatFor,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct WhatFor {
    /// Code of a purpose of the register
    #[arg(long, value_name = "CODE")]
    pub(crate) purpose: String,
}

/// `marsad vault`
pub(crate) async fn vault(settings: &Settings, common: &Common, command: VaultCommand) -> Result<(), Failure> {
    match command {
        VaultCommand::Init { keys } => {
            Keys::make(&keys, i32::from(Zoned::now().year())).map_err(|e| refused(&e))?;
            let path = keys.display();
            say(&format!(
                "{path} is made. Next, in the settings:\n\n  [privacy]\n  keys = \"{path}\"\n\nand keep a copy in a safe."
            ))
        }
        VaultCommand::Year { year, keys } => {
            let path = keys.or_else(|| settings.privacy.keys.clone()).ok_or_else(no_keys)?;
            Keys::add_year(&path, year).map_err(|e| refused(&e))?;
            say(&format!("{} has a key for {year}; it holds from the next start on", path.display()))
        }
        VaultCommand::Reveal { name, what_for } => {
            let body = json!({ "name": name, "purpose": what_for.purpose });
            let told: Value = ask(settings, common, "/api/v1/vault/reveal", &body).await?;
            if common.json { say(&told.to_string()) } else { say(told.get("meter").and_then(Value::as_str).unwrap_or_default()) }
        }
        VaultCommand::Message { offset, what_for } => {
            let body = json!({ "offset": offset, "purpose": what_for.purpose });
            let told: Value = ask(settings, common, "/api/v1/vault/message", &body).await?;
            say(&serde_json::to_string_pretty(&told).unwrap_or_default())
        }
    }
}

/// Asks for what only somebody with a name may have: by the token of the environment.
pub(crate) async fn ask(settings: &Settings, common: &Common, path: &str, body: &Value) -> Result<Value, Failure> {
    City::signed(settings, common)?.order(path, body).await
}

pub(crate) fn say(text: &str) -> Result<(), Failure> {
    writeln!(io::stdout(), "{text}").map_err(unwritable)
}

fn refused(error: &KeysError) -> Failure {
    Failure::new(Code::Failed, error.to_string())
}

/// What is asked for needs keys.
pub(crate) fn no_keys() -> Failure {
    Failure::new(Code::Settings, "the settings name no keys (privacy.keys): nothing is sealed here")
        .hint("`marsad vault init FILE` makes a file of keys")
}

/// Opens the vault where the settings name keys.
pub(crate) fn open(settings: &Settings) -> Result<Option<Arc<Vault>>, Failure> {
    let Some(keys) = &settings.privacy.keys else { return Ok(None) };
    let keys = Keys::read(keys).map_err(|e| Failure::new(Code::Settings, format!("privacy.keys: {e}")))?;
    let path = file(&settings.data.directory);
    let opened = Vault::open(&path, keys, settings.privacy.kinds.clone());
    opened.map(|vault| Some(Arc::new(vault))).map_err(|e| Failure::new(Code::Stopped, e.to_string()))
}

/// Says loudly that people can be told from what is kept.
pub(crate) fn warn(settings: &Settings) {
    if settings.privacy.keys.is_none() && !settings.privacy.kinds.is_empty() {
        let kinds = settings.privacy.kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        tracing::warn!(
            kinds,
            "behind devices of these kinds people stand, and they are kept under their own ids: `marsad vault init` and privacy.keys \
             keep them under pseudonyms (law 09-08)"
        );
    }
}

/// Districts name meters by their ids; the store knows them by their names of this time.
pub(crate) fn rename(vault: &Vault, districts: &mut [dashboards::District], at: Timestamp) {
    let name = |meter: &mut DeviceId| *meter = codec::Veil::name(vault, meter, at);
    for district in districts {
        [&mut district.inflow, &mut district.outflow, &mut district.meters].into_iter().flatten().for_each(name);
    }
}

/// Its file in a data directory.
pub(crate) fn file(directory: &Path) -> PathBuf {
    directory.join(FILE)
}
