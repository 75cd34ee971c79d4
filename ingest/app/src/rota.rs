//! `marsad rota`: who is on duty, whose each shift is, and whether the files of shifts are right.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;
use notify::rota::{Rota, local};
use ports::{Clock, ShiftView, SystemClock};
use schemas::Timestamp;
use serde_json::{Value, json};
use settings::Settings;

use crate::failure::{Code, Failure, unwritable};
use crate::roster::view;

#[derive(Debug, Subcommand)]
pub(crate) enum RotaCommand {
    /// Every rota, and who is on duty
    #[command(after_help = "Examples:
  marsad rota list --config marsad.toml
  marsad rota list --config marsad.toml --at 2026-12-31T22:00:00Z --json")]
    List(Instant),
    /// The shifts of a rota from an instant on, and the holes between them
    Show {
        /// Its name, with or without `rota:`
        name: String,
        #[command(flatten)]
        at: Instant,
    },
    /// Whether the files of shifts are right; a hole is a warning, and named
    #[command(after_help = "Exits with 78 if something is wrong, with file and line. What the settings themselves say of
receivers is checked by `marsad check`.")]
    Check(Instant),
}

#[derive(Debug, Args)]
pub(crate) struct Instant {
    /// As of this instant, RFC 3339; now where it is not given
    #[arg(long, value_name = "TIME")]
    at: Option<Timestamp>,
}

impl Instant {
    fn or_now(&self) -> Timestamp {
        self.at.unwrap_or_else(|| SystemClock.now())
    }
}

pub(crate) fn rota(command: &RotaCommand, settings: &Settings, as_json: bool) -> Result<(), Failure> {
    let zone = settings::check(settings)?.time.zone().clone();
    let rotas = settings.notify.rotas(&zone).map_err(|error| wrong(&error))?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    match command {
        RotaCommand::List(at) => list(&mut out, &rotas, at.or_now(), &zone, as_json).map_err(unwritable)?,
        RotaCommand::Show { name, at } => {
            let full = format!("{}{}", notify::rota::PREFIX, name.trim_start_matches(notify::rota::PREFIX));
            let found = rotas.iter().find(|rota| rota.name().as_str() == full).ok_or_else(|| {
                Failure::new(Code::Failed, format!("there is no rota `{name}`")).hint("`marsad rota list` shows them all")
            })?;
            show(&mut out, found, at.or_now(), &zone, as_json).map_err(unwritable)?;
        }
        RotaCommand::Check(at) => check(&mut out, &rotas, at.or_now(), &zone, as_json).map_err(unwritable)?,
    }
    out.flush().map_err(unwritable)
}

/// A mistake in the settings; those of a file of shifts a line each.
fn wrong(error: &notify::SettingsError) -> Failure {
    let text = match error {
        notify::SettingsError::Shifts(all) => all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\nmarsad: "),
        other => other.to_string(),
    };
    Failure::new(Code::Settings, text)
}

fn list(out: &mut impl Write, rotas: &[Rota], at: Timestamp, zone: &TimeZone, as_json: bool) -> io::Result<()> {
    if !as_json {
        writeln!(out, "{:<24}  {:<16}  {:<16}  UNTIL", "ROTA", "ON DUTY", "FALLBACK")?;
    }
    for rota in rotas {
        let duty = rota.on_duty(at);
        if as_json {
            let row = json!({
                "rota": rota.name(), "on_duty": duty.receiver, "until": duty.until, "covered": !duty.fallback,
                "fallback": rota.fallback(), "shifts": rota.shifts().len(), "at": at,
            });
            writeln!(out, "{row}")?;
        } else {
            let who = if duty.fallback { format!("({})", duty.receiver) } else { duty.receiver.to_string() };
            let until = duty.until.map_or_else(|| "-".to_owned(), |until| local(until, zone));
            writeln!(out, "{:<24}  {who:<16}  {:<16}  {until}", rota.name().as_str(), rota.fallback().as_str())?;
        }
    }
    Ok(())
}

fn show(out: &mut impl Write, rota: &Rota, at: Timestamp, zone: &TimeZone, as_json: bool) -> io::Result<()> {
    if !as_json {
        writeln!(out, "{:<16}  {:<16}  RECEIVER", "FROM", "TO")?;
    }
    for ShiftView { from, to, receiver, covered } in view(rota, at).shifts {
        if as_json {
            writeln!(out, "{}", json!({ "from": from, "to": to, "receiver": receiver, "covered": covered }))?;
        } else {
            let note = if covered { "" } else { "  (nobody's shift: the fallback)" };
            writeln!(out, "{:<16}  {:<16}  {receiver}{note}", local(from, zone), local(to, zone))?;
        }
    }
    Ok(())
}

fn check(out: &mut impl Write, rotas: &[Rota], at: Timestamp, zone: &TimeZone, as_json: bool) -> io::Result<()> {
    let mut warnings: Vec<(String, Value)> = Vec::new();
    for rota in rotas {
        for hole in rota.holes().filter(|hole| hole.to > at) {
            let (from, to) = (local(hole.from, zone), local(hole.to, zone));
            let text = format!("{}: nobody from {from} to {to}; {} stands in", rota.name(), rota.fallback());
            warnings.push((text, json!({ "rota": rota.name(), "from": hole.from, "to": hole.to, "line": hole.line })));
        }
        if rota.shifts().last().is_none_or(|last| last.to <= at) {
            let text = format!("{}: no shift from now on; {} stands in", rota.name(), rota.fallback());
            warnings.push((text, json!({ "rota": rota.name(), "from": at, "to": null, "line": null })));
        }
    }
    if as_json {
        let holes: Vec<&Value> = warnings.iter().map(|(_, hole)| hole).collect();
        return writeln!(out, "{}", json!({ "rotas": rotas.len(), "holes": holes }));
    }
    for (text, _) in &warnings {
        writeln!(out, "warning: {text}")?;
    }
    let shifts: usize = rotas.iter().map(|rota| rota.shifts().len()).sum();
    writeln!(out, "{} rotas, {shifts} shifts, {} holes", rotas.len(), warnings.len())
}
