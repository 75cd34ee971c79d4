//! `marsad alert list`, `show` and the acts; `marsad silence` and `marsad maintenance`.

use std::io::{self, Write};
use std::time::Duration;

use clap::{Args, Subcommand};
use ports::{Clock, DeskAlert, DeskRecord, Quiet, SystemClock, Withheld};
use schemas::{
    Act, Deed, DeviceId, Kind, Pattern, Person, Quantity, Remark, RuleId, Scope, Severity, Timestamp, UnknownWord, Zone,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use settings::Settings;

use crate::city::{City, Purpose, encoded, whole};
use crate::cli::Common;
use crate::failure::{Code, Failure, unwritable};

/// Which alerts are listed.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// open, pending, acknowledged, silenced or history
    #[arg(long, value_name = "VIEW", default_value = "open", value_parser = ["open", "pending", "acknowledged", "silenced", "history"])]
    view: String,
    /// Only devices of this kind
    #[arg(long)]
    kind: Option<String>,
    /// Only in this zone
    #[arg(long)]
    zone: Option<Zone>,
    /// Only of this device
    #[arg(long, value_name = "ID")]
    device: Option<DeviceId>,
    /// Only of this rule
    #[arg(long, value_name = "ID")]
    rule: Option<RuleId>,
    /// Only of this severity; may be given several times
    #[arg(long)]
    severity: Vec<Severity>,
    /// At most this many
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
    /// Where the next page begins: the `next` of an earlier answer
    #[arg(long, value_name = "CURSOR")]
    cursor: Option<String>,
}

/// Who does it, and what they have to say.
#[derive(Debug, Args)]
pub(crate) struct Author {
    /// Who you are: it is kept, and told
    #[arg(long, value_name = "NAME")]
    by: Person,
    /// What others should know
    #[arg(long, value_name = "TEXT", default_value = "")]
    note: Remark,
}

/// Until when.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Until {
    /// For how long, such as 45m, 8h or 2d
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    length: Option<Duration>,
    /// Until this instant, RFC 3339
    #[arg(long, value_name = "TIME")]
    until: Option<Timestamp>,
}

impl Until {
    fn instant(&self, from: Timestamp) -> Option<Timestamp> {
        self.until.or_else(|| self.length.map(|length| from.plus(length)))
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a whole number and s, m, h or d, such as 45m, 8h or 2d".to_owned();
    let unit = match text.chars().last() {
        Some('s') => 1,
        Some('m') => 60,
        Some('h') => 3_600,
        Some('d') => 86_400,
        _ => return Err(wrong()),
    };
    let number: u64 = text.get(..text.len() - 1).and_then(|digits| digits.parse().ok()).ok_or_else(wrong)?;
    number.checked_mul(unit).filter(|seconds| (1..=366 * 86_400).contains(seconds)).map(Duration::from_secs).ok_or_else(wrong)
}

#[derive(Debug, Subcommand)]
pub(crate) enum SilenceCommand {
    /// Silences that hold
    #[command(after_help = "Examples:
  marsad silence list
  marsad silence list --over --json       those too that are over")]
    List(Standing),
    /// Tell nobody of these alerts for a while
    #[command(after_help = "Examples:
  marsad silence create --zone anfa --kind waste --for 4h --by 'duty officer' --note 'street market'
  marsad silence create --device 'bin-00*' --rule bin-full --until 2026-12-01T06:00:00Z --by 'duty officer'

What fires meanwhile and still fires afterwards is told then, once. The end of what was told before is told all the same.")]
    Create(Silence),
    /// End one before its time
    #[command(after_help = "Example:
  marsad silence end 12 --by 'duty officer'")]
    End(End),
}

#[derive(Debug, Subcommand)]
pub(crate) enum MaintenanceCommand {
    /// Maintenance windows that hold or will
    #[command(after_help = "Examples:
  marsad maintenance list
  marsad maintenance list --over --json")]
    List(Standing),
    /// Tell nobody of alerts from where somebody works
    #[command(after_help = "Examples:
  marsad maintenance create --zone maarif --from 2026-12-01T22:00:00Z --for 8h --by 'duty officer' --note 'road works'
  marsad maintenance create --device 'gw-3*' --for 2h --by 'duty officer'")]
    Create(Maintenance),
    /// End one before its time
    #[command(after_help = "Example:
  marsad maintenance end 12 --by 'duty officer'")]
    End(End),
}

#[derive(Debug, Args)]
pub(crate) struct Standing {
    /// Those too that are over
    #[arg(long)]
    over: bool,
    /// At most this many, the newest first
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

#[derive(Debug, Args)]
pub(crate) struct End {
    /// Its number
    #[arg(value_name = "NUMBER")]
    id: u64,
    /// Who you are
    #[arg(long, value_name = "NAME")]
    by: Person,
}

/// Where: what silences and windows have in common.
#[derive(Debug, Args)]
pub(crate) struct Where {
    /// Only in this zone; may be given several times, as the others
    #[arg(long)]
    zone: Vec<Zone>,
    /// Only devices of this kind
    #[arg(long)]
    kind: Vec<String>,
    /// Only these devices; a star at the end stands for anything
    #[arg(long, value_name = "ID")]
    device: Vec<Pattern>,
}

#[derive(Debug, Args)]
pub(crate) struct Silence {
    #[command(flatten)]
    place: Where,
    /// Only these rules; a star at the end stands for anything
    #[arg(long, value_name = "ID")]
    rule: Vec<Pattern>,
    /// Only this quantity
    #[arg(long, value_name = "NAME")]
    quantity: Vec<String>,
    /// Only this severity
    #[arg(long)]
    severity: Vec<Severity>,
    #[command(flatten)]
    until: Until,
    #[command(flatten)]
    author: Author,
}

#[derive(Debug, Args)]
pub(crate) struct Maintenance {
    #[command(flatten)]
    place: Where,
    /// From this instant on, RFC 3339 [default: now]
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    #[command(flatten)]
    until: Until,
    #[command(flatten)]
    author: Author,
}

/// Words of the vocabulary, which the parser cannot know.
fn words<T: std::str::FromStr<Err = UnknownWord>>(texts: &[String]) -> Result<Vec<T>, Failure> {
    let one = |text: &String| text.parse().map_err(|unknown: UnknownWord| Failure::new(Code::Failed, unknown.to_string()));
    texts.iter().map(one).collect()
}

fn expected_end() -> Failure {
    Failure::new(Code::Failed, "it needs an end").hint("say --for 4h or --until 2026-12-01T06:00:00Z")
}

#[derive(Deserialize)]
struct Alerts {
    alerts: Vec<DeskAlert>,
    next: Option<String>,
}

/// `marsad alert list`
pub(crate) async fn list(settings: &Settings, common: &Common, list: &List) -> Result<(), Failure> {
    let mut path = format!("/api/v1/alerts?view={}&limit={}", list.view, list.limit);
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            path += &format!("&{name}={}", encoded(&value));
        }
    };
    add("kind", list.kind.clone());
    add("zone", list.zone.as_ref().map(ToString::to_string));
    add("device", list.device.as_ref().map(ToString::to_string));
    add("rule", list.rule.as_ref().map(ToString::to_string));
    let severities = list.severity.iter().map(|s| s.code()).collect::<Vec<_>>().join(",");
    add("severity", Some(severities).filter(|s| !s.is_empty()));
    add("cursor", list.cursor.clone());
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let text = whole(city.ask(&path).await?).await?;
    let mut out = io::stdout().lock();
    if common.json {
        return out.write_all(&text).and_then(|()| writeln!(out)).map_err(unwritable);
    }
    let found: Alerts = read(&text)?;
    for row in &found.alerts {
        row_of(&mut out, row).map_err(unwritable)?;
    }
    if found.alerts.is_empty() {
        eprintln!("no alerts");
    }
    if let Some(next) = found.next {
        eprintln!("there are more: --cursor {next}");
    }
    Ok(())
}

fn read<T: serde::de::DeserializeOwned>(text: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(text)
        .map_err(|cause| Failure::new(Code::Failed, format!("the answer is not one of this version: {cause}")))
}

fn row_of(out: &mut impl Write, row: &DeskAlert) -> io::Result<()> {
    let alert = &row.alert;
    let marks = &alert.marks;
    let mut said = Vec::new();
    said.extend(marks.acknowledged.as_ref().map(|a| format!("acknowledged by {}", a.by)));
    said.extend(marks.assigned.as_ref().map(|a| format!("assigned to {}", a.to)));
    said.extend(marks.resolved_by_hand.as_ref().map(|r| format!("resolved by {}", r.by)));
    said.extend(row.withheld.as_ref().map(withheld));
    let said = if said.is_empty() { String::new() } else { format!("  [{}]", said.join("; ")) };
    let (severity, phase) = (alert.severity.code(), alert.phase.code());
    writeln!(out, "{}  {severity:<9}  {phase:<8}  {:<16}  {}{said}", alert.at, alert.zone, alert.texts.en)?;
    writeln!(out, "    {}", alert.id)
}

fn withheld(withheld: &Withheld) -> String {
    let until = withheld.until.map(|until| format!(" until {until}")).unwrap_or_default();
    format!("not told: {} {}{until}", withheld.by, withheld.id)
}

/// `marsad alert show`
pub(crate) async fn show(settings: &Settings, common: &Common, id: &str) -> Result<(), Failure> {
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let text = whole(city.ask(&format!("/api/v1/alerts/{id}")).await?).await?;
    told(common, &text)
}

fn told(common: &Common, text: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    if common.json {
        return out.write_all(text).and_then(|()| writeln!(out)).map_err(unwritable);
    }
    let record: DeskRecord = read(text)?;
    tell(&mut out, &record).map_err(unwritable)
}

fn tell(out: &mut impl Write, record: &DeskRecord) -> io::Result<()> {
    row_of(out, &record.alert)?;
    for act in &record.acts {
        let Act { at, by, note, deed, .. } = act;
        let more = match deed {
            Deed::Acknowledge { until: Some(until) } | Deed::Shelve { until } => format!(" until {until}"),
            Deed::Assign { to: Some(to) } => format!(" to {to}"),
            Deed::Assign { to: None } => " to nobody".to_owned(),
            Deed::Acknowledge { until: None } | Deed::Unacknowledge | Deed::Unshelve | Deed::Resolve => String::new(),
        };
        let note = if note.as_str().is_empty() { String::new() } else { format!(": {note}") };
        writeln!(out, "    {at}  {}{more} by {by}{note}", deed.code())?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Order<'a> {
    by: &'a Person,
    note: &'a Remark,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a Person>,
}

/// Does something to an alert; shows it as it then is.
pub(crate) async fn act(
    settings: &Settings,
    common: &Common,
    id: &str,
    (deed, until, to): (&str, Option<&Until>, Option<&Person>),
    author: &Author,
) -> Result<(), Failure> {
    let until = until.and_then(|until| until.instant(SystemClock.now()));
    if deed == "shelve" && until.is_none() {
        return Err(expected_end());
    }
    let order = Order { by: &author.by, note: &author.note, until, to };
    let city = City::reach(settings, common, Purpose::Change).await?;
    let record: Value = city.order(&format!("/api/v1/alerts/{id}/{deed}"), &order).await?;
    told(common, record.to_string().as_bytes())
}

#[derive(Serialize)]
struct NewQuiet<'a> {
    scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Timestamp>,
    until: Timestamp,
    by: &'a Person,
    note: &'a Remark,
}

/// `marsad silence`
pub(crate) async fn silence(settings: &Settings, common: &Common, command: &SilenceCommand) -> Result<(), Failure> {
    match command {
        SilenceCommand::List(standing) => quiets(settings, common, "silences", standing).await,
        SilenceCommand::End(end) => ended(settings, common, "silences", end).await,
        SilenceCommand::Create(Silence { place, rule, quantity, severity, until, author }) => {
            let until = until.instant(SystemClock.now()).ok_or_else(expected_end)?;
            let (rule, severity) = (rule.clone(), severity.clone());
            let scope = Scope { rule, quantity: words::<Quantity>(quantity)?, severity, ..scope(place)? };
            let new = NewQuiet { scope, from: None, until, by: &author.by, note: &author.note };
            begun(settings, common, "silences", &new).await
        }
    }
}

/// `marsad maintenance`
pub(crate) async fn maintenance(settings: &Settings, common: &Common, command: &MaintenanceCommand) -> Result<(), Failure> {
    match command {
        MaintenanceCommand::List(standing) => quiets(settings, common, "maintenance", standing).await,
        MaintenanceCommand::End(end) => ended(settings, common, "maintenance", end).await,
        MaintenanceCommand::Create(Maintenance { place, from, until, author }) => {
            let until = until.instant(from.unwrap_or_else(|| SystemClock.now())).ok_or_else(expected_end)?;
            let new = NewQuiet { scope: scope(place)?, from: *from, until, by: &author.by, note: &author.note };
            begun(settings, common, "maintenance", &new).await
        }
    }
}

fn scope(place: &Where) -> Result<Scope, Failure> {
    let Where { zone, kind, device } = place;
    Ok(Scope { zone: zone.clone(), kind: words::<Kind>(kind)?, device: device.clone(), ..Scope::default() })
}

async fn begun(settings: &Settings, common: &Common, sort: &str, new: &NewQuiet<'_>) -> Result<(), Failure> {
    let city = City::reach(settings, common, Purpose::Change).await?;
    let made: Value = city.order(&format!("/api/v1/{sort}"), new).await?;
    one(common, &made)
}

async fn ended(settings: &Settings, common: &Common, sort: &str, end: &End) -> Result<(), Failure> {
    let city = City::reach(settings, common, Purpose::Change).await?;
    let over: Value = city.order(&format!("/api/v1/{sort}/{}/end", end.id), &serde_json::json!({ "by": end.by })).await?;
    one(common, &over)
}

fn one(common: &Common, made: &Value) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    if common.json {
        return writeln!(out, "{made}").map_err(unwritable);
    }
    line(&mut out, &read(made.to_string().as_bytes())?).map_err(unwritable)
}

fn line(out: &mut impl Write, quiet: &Quiet) -> io::Result<()> {
    let Quiet { id, sort, scope, from, until, by, note, .. } = quiet;
    let note = if note.as_str().is_empty() { String::new() } else { format!(": {note}") };
    let over = match (quiet.ended_at, &quiet.ended_by) {
        (Some(at), Some(who)) => format!("  [ended at {at} by {who}]"),
        _ => String::new(),
    };
    writeln!(out, "{} {id}  {from} to {until}  {scope}  {by}{note}{over}", sort.code())
}

async fn quiets(settings: &Settings, common: &Common, sort: &str, standing: &Standing) -> Result<(), Failure> {
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let path = format!("/api/v1/{sort}?over={}&limit={}", standing.over, standing.limit);
    let text = whole(city.ask(&path).await?).await?;
    let mut out = io::stdout().lock();
    if common.json {
        return out.write_all(&text).and_then(|()| writeln!(out)).map_err(unwritable);
    }
    #[derive(Deserialize)]
    struct Rows {
        #[serde(alias = "silences", alias = "maintenance")]
        rows: Vec<Quiet>,
    }
    let found: Rows = read(&text)?;
    for quiet in &found.rows {
        line(&mut out, quiet).map_err(unwritable)?;
    }
    if found.rows.is_empty() {
        eprintln!("none");
    }
    Ok(())
}
