//! `marsad profile`: which makes of device can be read, and whether a profile of one's own is right.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ::codec::{Profile, Profiles};
use clap::Subcommand;
use schemas::{Kind, ProfileName};
use serde_json::{Value, json};

use crate::failure::{Code, Failure, unwritable};

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileCommand {
    /// The profiles: make, kind, codec, how many cases they carry
    List {
        /// Only of this kind
        #[arg(long)]
        kind: Option<String>,
    },
    /// One profile, with its TOML: a beginning for a similar device
    Show {
        /// Its name
        name: ProfileName,
    },
    /// Run the cases of profiles: those in these files, or all that are loaded
    #[command(after_help = "Examples:
  marsad profile test                    all that are loaded
  marsad profile test acme-bin.toml      one of your own; exits with 1 if a case does not pass")]
    Test {
        /// Files of profiles; a script that a profile names stands beside it
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

pub(crate) fn profile(command: &ProfileCommand, profiles: &Profiles, json: bool) -> Result<(), Failure> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match command {
        ProfileCommand::List { kind } => {
            list(&mut out, profiles, kind.as_deref().and_then(Kind::named), json).map_err(unwritable)?;
        }
        ProfileCommand::Show { name } => {
            let profile = profiles.named(name).ok_or_else(|| {
                Failure::new(Code::Failed, format!("there is no profile `{name}`")).hint("`marsad profile list` shows them all")
            })?;
            show(&mut out, profile, json).map_err(unwritable)?;
        }
        ProfileCommand::Test { files } if files.is_empty() => {
            for profile in profiles.iter() {
                passed(&mut out, profile, json).map_err(unwritable)?;
            }
        }
        ProfileCommand::Test { files } => {
            let mut failures = Vec::new();
            for file in files {
                match from_file(file) {
                    Ok(profile) => passed(&mut out, &profile, json).map_err(unwritable)?,
                    Err(failure) => failures.push(failure.sentence),
                }
            }
            out.flush().map_err(unwritable)?;
            if !failures.is_empty() {
                return Err(Failure::new(Code::Failed, failures.join("\nmarsad: ")));
            }
        }
    }
    out.flush().map_err(unwritable)
}

/// The profile in a file, proved by its own cases.
pub(crate) fn from_file(path: &Path) -> Result<Profile, Failure> {
    settings::profile_from_file(path).map_err(|e| Failure::new(Code::Failed, e.to_string()))
}

fn described(profile: &Profile) -> Value {
    let seconds = |d: Option<std::time::Duration>| d.map(|d| d.as_secs());
    let bits: serde_json::Map<String, Value> =
        profile.counter_bits().iter().map(|(quantity, bits)| (quantity.to_string(), json!(bits))).collect();
    json!({
        "name": profile.name(), "make": profile.make(), "model": profile.model(), "kind": profile.kind(),
        "codec": profile.codec(), "envelopes": profile.envelopes(), "cases": profile.cases(),
        "interval_s": seconds(profile.interval()), "logs_s": seconds(profile.logs()), "counter_bits": bits,
        "source": profile.source(),
    })
}

fn list(out: &mut impl Write, profiles: &Profiles, kind: Option<Kind>, json: bool) -> io::Result<()> {
    if !json {
        writeln!(out, "{:<28}  {:<8}  {:<12}  {:>5}  MAKE AND MODEL", "PROFILE", "KIND", "CODEC", "CASES")?;
    }
    for profile in profiles.iter().filter(|p| kind.is_none() || p.kind() == kind) {
        if json {
            writeln!(out, "{}", described(profile))?;
        } else {
            let kind = profile.kind().map_or("any", Kind::name);
            let (name, codec, cases) = (profile.name(), profile.codec(), profile.cases());
            writeln!(out, "{name:<28}  {kind:<8}  {codec:<12}  {cases:>5}  {} {}", profile.make(), profile.model())?;
        }
    }
    Ok(())
}

fn show(out: &mut impl Write, profile: &Profile, json: bool) -> io::Result<()> {
    if json {
        let mut all = described(profile);
        all["toml"] = profile.toml().into();
        return writeln!(out, "{all}");
    }
    out.write_all(profile.toml().as_bytes())
}

fn passed(out: &mut impl Write, profile: &Profile, json: bool) -> io::Result<()> {
    let (name, cases) = (profile.name(), profile.cases());
    if json {
        writeln!(out, "{}", json!({ "profile": name, "passed": cases, "failed": 0 }))
    } else {
        writeln!(out, "{name}: {cases} passed, 0 failed")
    }
}
