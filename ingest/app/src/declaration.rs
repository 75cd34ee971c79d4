//! `marsad incident report`: what is known of an incident, for whoever must declare it (law 05-20, article 8).
//!
//! A person says what happened; the platform adds what it knows: its account of messages, what of it stands badly, and all that
//! was done and denied in that time. Deliberately absent: sending it anywhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::{Args, Subcommand};
use ports::{AuditRow, Clock, Status, SystemClock};
use schemas::Timestamp;
use serde::{Deserialize, Serialize};
use settings::Settings;

use crate::city::{City, Purpose};
use crate::cli::Common;
use crate::failure::Failure;
use crate::vault::say;

/// Rows of the audit asked for at once.
const PAGE: usize = 10_000;

#[derive(Debug, Subcommand)]
pub(crate) enum IncidentCommand {
    /// Write a report: who, when, what, affected, measures, and how long ago it was detected
    #[command(after_help = "Example:
  marsad incident report --detected 2026-11-26T08:10:00Z --from 2026-11-26T06:00:00Z --by security-1 \\
    --what 'a token was published' --affected 'API, read only' --measure 'token 7 revoked' --measure 'audit exported'

Text for people, --json for machines. An incident is declared to the national authority as soon as it is known (law 05-20, article 8).")]
    Report(Report),
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// When it was noticed
    #[arg(long, value_name = "TIME")]
    detected: Timestamp,
    /// When it began, as far as is known [default: when it was noticed]
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// When it was over [default: it goes on]
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
    /// Who reports
    #[arg(long, value_name = "NAME")]
    by: String,
    /// What happened
    #[arg(long, value_name = "TEXT")]
    what: String,
    /// What is affected; may be given several times
    #[arg(long, value_name = "TEXT")]
    affected: Vec<String>,
    /// What was done against it; may be given several times
    #[arg(long, value_name = "TEXT")]
    measure: Vec<String>,
}

/// All of it.
#[derive(Serialize)]
struct Incident<'a> {
    city: &'a str,
    version: &'a str,
    by: &'a str,
    made_at: Timestamp,
    detected_at: Timestamp,
    /// From its detection to this report.
    minutes_since_detection: u64,
    from: Timestamp,
    to: Option<Timestamp>,
    what: &'a str,
    affected: &'a [String],
    measures: &'a [String],
    /// What of the platform stands badly just now.
    standing_badly: Vec<String>,
    messages_balance: bool,
    /// Rows of the audit in that time, by event.
    events: BTreeMap<String, u64>,
    audit: Vec<AuditRow>,
}

/// `marsad incident`
pub(crate) async fn incident(settings: &Settings, common: &Common, command: IncidentCommand) -> Result<(), Failure> {
    let IncidentCommand::Report(report) = command;
    let (from, now) = (report.from.unwrap_or(report.detected), SystemClock.now());
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let status: Status = city.object("/api/v1/status").await?;
    let audit = rows(&city, from, report.to.unwrap_or(now)).await?;
    let mut events = BTreeMap::new();
    for row in &audit {
        *events.entry(row.event.clone()).or_default() += 1;
    }
    let found = Incident {
        city: &status.city,
        version: &status.version,
        by: &report.by,
        made_at: now,
        detected_at: report.detected,
        minutes_since_detection: now.since(report.detected).as_secs() / 60,
        from,
        to: report.to,
        what: &report.what,
        affected: &report.affected,
        measures: &report.measure,
        standing_badly: status.checks.iter().filter(|c| !c.ok).map(|c| format!("{}: {}", c.name, c.text)).collect(),
        messages_balance: status.identity.balances(),
        events,
        audit,
    };
    say(&if common.json { serde_json::to_string(&found).unwrap_or_default() } else { text(&found) })
}

/// What was written down in `[from, to]`.
async fn rows(city: &City, from: Timestamp, to: Timestamp) -> Result<Vec<AuditRow>, Failure> {
    #[derive(Deserialize)]
    struct Rows {
        rows: Vec<AuditRow>,
    }
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let Rows { rows } = city.object(&format!("/api/v1/audit?after={after}&limit={PAGE}")).await?;
        let full = rows.len() == PAGE;
        after = rows.last().map_or(after, |row| row.number);
        found.extend(rows.into_iter().filter(|row| (from..=to).contains(&row.at)));
        if !full {
            return Ok(found);
        }
    }
}

fn text(incident: &Incident<'_>) -> String {
    let Incident { city, version, by, made_at, detected_at, minutes_since_detection, from, what, .. } = incident;
    let list = |items: &[String]| {
        if items.is_empty() { "- not said\n".to_owned() } else { items.iter().map(|i| format!("- {i}\n")).collect() }
    };
    let to = incident.to.map_or_else(|| "it goes on".to_owned(), |to| to.to_string());
    let (affected, measures) = (list(incident.affected), list(incident.measures));
    let (hours, minutes) = (minutes_since_detection / 60, minutes_since_detection % 60);
    let mut text = format!(
        "# Incident in {city}\n\nReported by {by} at {made_at}, {hours} h {minutes} min after it was detected at {detected_at}.\n\
         From {from} to: {to}.\n\n## What\n\n{what}\n\n## Affected\n\n{affected}\n## Measures\n\n{measures}\n## The platform (marsad {version})\n\n"
    );
    let balance = if incident.messages_balance { "balances" } else { "DOES NOT BALANCE" };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "- the account of messages {balance}");
    for bad in &incident.standing_badly {
        let _ = writeln!(text, "- {bad}");
    }
    let _ = writeln!(text, "\n## Written down in that time\n");
    for (event, count) in &incident.events {
        let _ = writeln!(text, "- {event}: {count}");
    }
    let _ = writeln!(text);
    for AuditRow { number, at, who, address, event, what, outcome, .. } in &incident.audit {
        let _ = writeln!(text, "{number}  {at}  {who}  {}  {event}  {what}  {outcome}", address.as_deref().unwrap_or("-"));
    }
    text.trim_end().to_owned()
}
