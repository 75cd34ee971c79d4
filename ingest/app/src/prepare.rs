//! `marsad store init`: what a server of readings needs before the program can write there.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use settings::Settings;
use store_influx::{Access, Made, Secret, Setup, SetupError};

use crate::failure::{Code, Failure, unwritable};

#[derive(Debug, Subcommand)]
pub(crate) enum InitCommand {
    /// InfluxDB: the bucket and, on a fresh server, the first user; again changes nothing
    #[command(after_help = "Examples:
  marsad --config city.toml store init influx
  marsad --config city.toml store init influx --user warden --password-file pass.txt

The second is for a server that nobody has set up: the new token goes into influx.token_file,
which must not be there yet, or is printed where the settings name no file. On a server in
use the token of the settings must be one that may make buckets.")]
    Influx(InfluxInit),
}

#[derive(Debug, Args)]
pub(crate) struct InfluxInit {
    /// First user of a fresh server
    #[arg(long, requires = "password_file")]
    user: Option<String>,
    /// File with the password of the first user, 8 characters or more
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
}

fn failed(text: impl Into<String>) -> Failure {
    Failure::new(Code::Failed, text)
}

pub(crate) async fn init(settings: &Settings, InitCommand::Influx(options): &InitCommand, json: bool) -> Result<(), Failure> {
    let section = &settings.influx;
    let wrong = |error: &dyn std::fmt::Display| Failure::new(Code::Settings, error.to_string());
    let setup = Setup::new(section).map_err(|e| wrong(&e))?;
    let token = section.read_token();
    let access = match (&token, first(options)?) {
        (Ok(token), _) => Some(Access::Token(token.clone())),
        (Err(_), first) => first,
    };
    let made = setup.prepare(access).await.map_err(|error| refused(&error))?;
    let kept = made.token.as_ref().map(|token| keep(section.token_file.as_deref(), token)).transpose()?;
    told(&made, kept, json)
}

fn first(options: &InfluxInit) -> Result<Option<Access>, Failure> {
    let (Some(user), Some(path)) = (&options.user, &options.password_file) else { return Ok(None) };
    let password = std::fs::read_to_string(path).map_err(|e| failed(format!("{}: {e}", path.display())))?;
    Ok(Some(Access::First { user: user.clone(), password: Secret::new(password.trim_end()) }))
}

fn refused(error: &SetupError) -> Failure {
    let failure = failed(error.to_string());
    match error {
        SetupError::Fresh => failure.hint("name the first user: --user NAME --password-file FILE"),
        SetupError::SetUp => failure.hint("put a token into influx.token_file, or into MARSAD__INFLUX__TOKEN"),
        SetupError::Server { .. } => failure.hint("is the server running, and is influx.url right?"),
        SetupError::NoOrganisation(_) => failure.hint("influx.org must name an organisation that is there"),
        SetupError::Settings(_) | SetupError::Retention { .. } => failure,
    }
}

/// Writes the token where only this user can read it; where, or the token itself if it must be printed.
fn keep(file: Option<&Path>, token: &Secret) -> Result<Result<PathBuf, String>, Failure> {
    let Some(path) = file else { return Ok(Err(token.reveal().to_owned())) };
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let written = written.and_then(|mut file| writeln!(file, "{}", token.reveal()).and_then(|()| file.sync_all()));
    written.map_err(|cause| {
        // It is shown once: better on the terminal than nowhere.
        failed(format!("the token {} cannot be written to {}: {cause}", token.reveal(), path.display()))
            .hint("write it there by hand: the server shows it once")
    })?;
    Ok(Ok(path.to_owned()))
}

fn told(made: &Made, kept: Option<Result<PathBuf, String>>, json: bool) -> Result<(), Failure> {
    let text = if json {
        let (file, token) = match &kept {
            Some(Ok(path)) => (Some(path), None),
            Some(Err(token)) => (None, Some(token)),
            None => (None, None),
        };
        serde_json::json!({ "made": made.made, "there": made.there, "token_file": file, "token": token }).to_string()
    } else {
        let buckets = made.made.iter().map(|bucket| format!("bucket {bucket} made"));
        let there = made.there.iter().map(|bucket| format!("bucket {bucket} was there"));
        let token = kept.map(|kept| match kept {
            Ok(path) => format!("token written to {}", path.display()),
            Err(token) => format!("token, shown once: {token}"),
        });
        buckets.chain(there).chain(token).collect::<Vec<_>>().join("\n")
    };
    writeln!(io::stdout(), "{text}").map_err(unwritable)
}
