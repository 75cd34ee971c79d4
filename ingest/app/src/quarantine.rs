//! `marsad quarantine`: messages that gave no reading, looked at, tried again, dropped.

use std::fmt::Write as _;
use std::io::{self, Write};

use clap::{Args, Subcommand};
use ports::{QuarantineFilter, QuarantineGroup, Retried, Retry};
use schemas::{DeviceId, ProfileName, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use settings::Settings;

use crate::city::{City, Purpose, encoded};
use crate::cli::Common;
use crate::failure::{Code, Failure, unwritable};

#[derive(Debug, Subcommand)]
pub(crate) enum Quarantine {
    /// Show what waits, by reason and device
    #[command(after_help = "Examples:
  marsad quarantine list                              groups, the largest first
  marsad quarantine list --reason no_profile --each   message by message
  marsad quarantine list --topic 'application/+/device/#' --json

What each reason means: docs/reference/reject-reasons.md.")]
    List(List),
    /// Show one message whole, and why it gives no reading now
    #[command(after_help = "Example:
  marsad quarantine show 4711      the number is a SAMPLE or OFFSET of `marsad quarantine list`")]
    Show {
        /// Its offset in the journal
        offset: u64,
    },
    /// Try messages again, after what kept them out was mended
    #[command(after_help = "Examples:
  marsad quarantine retry --all --dry-run       what would be read now?
  marsad quarantine retry --profile acme-bin    after the profile was mended and reloaded
  marsad quarantine retry --device 70b3d57ed0000042

Each message is read by the present devices, profiles and routes, as received when it was. Its readings are
durable before it leaves the quarantine; what is still rejected stays. A second run stores nothing twice. No
alert comes of it: it is data, not news.")]
    Retry(Again),
    /// Take messages out for good
    #[command(after_help = "Examples:
  marsad quarantine drop --reason not_a_topic          how many would go?
  marsad quarantine drop --reason not_a_topic --yes

Dropped messages stay counted as quarantined: they gave nothing.")]
    Drop(Drop),
}

/// Which messages.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Filter {
    /// Only for this reason, such as unknown_device; may be given several times
    #[arg(long, value_name = "CODE")]
    reason: Vec<String>,
    /// Only of this device
    #[arg(long, value_name = "ID")]
    device: Option<DeviceId>,
    /// Only those that this profile was to read
    #[arg(long, value_name = "NAME")]
    profile: Option<ProfileName>,
    /// Only of topics that hold this text or, where it has + or #, fit this MQTT filter
    #[arg(long, value_name = "TEXT")]
    topic: Option<String>,
    /// Received from this instant on, RFC 3339
    #[arg(long, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Received before this instant, RFC 3339
    #[arg(long, value_name = "TIME")]
    to: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    filter: Filter,
    /// Message by message
    #[arg(long)]
    each: bool,
    /// At most this many rows
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Again {
    #[command(flatten)]
    filter: Filter,
    /// All that waits
    #[arg(long)]
    all: bool,
    /// Only say what would be read
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Drop {
    #[command(flatten)]
    filter: Filter,
    /// All that waits
    #[arg(long)]
    all: bool,
    /// Do it; without it nothing is dropped and the number is told
    #[arg(long)]
    yes: bool,
}

impl Filter {
    fn query(&self) -> String {
        let mut query = String::new();
        let mut add = |name: &str, value: &str| {
            // Writing to a String cannot fail.
            let _ = write!(query, "&{name}={}", encoded(value));
        };
        self.reason.iter().for_each(|reason| add("reason", reason));
        self.device.iter().for_each(|device| add("device", device.as_str()));
        self.profile.iter().for_each(|profile| add("profile", profile.as_str()));
        self.topic.iter().for_each(|topic| add("topic", topic));
        self.from.iter().for_each(|from| add("from", &from.to_string()));
        self.to.iter().for_each(|to| add("to", &to.to_string()));
        query
    }

    /// Refuses a filter that takes everything where nobody said so.
    fn meant(self, all: bool) -> Result<QuarantineFilter, Failure> {
        let filter = QuarantineFilter {
            reasons: self.reason,
            device: self.device,
            profile: self.profile,
            topic: self.topic,
            from: self.from,
            to: self.to,
        };
        if filter.takes_all() && !all {
            return Err(Failure::new(Code::Failed, "nothing says which messages are meant")
                .hint("name a --reason, --device, --profile, --topic or period, or say --all"));
        }
        Ok(filter)
    }
}

pub(crate) async fn run(settings: &Settings, common: &Common, command: Quarantine) -> Result<(), Failure> {
    match command {
        Quarantine::List(list) if list.each => each(settings, common, &list).await,
        Quarantine::List(list) => groups(settings, common, &list).await,
        Quarantine::Show { offset } => show(settings, common, offset).await,
        Quarantine::Retry(again) => {
            let filter = again.filter.meant(again.all)?;
            let city = City::reach(settings, common, Purpose::Change).await?;
            let retried = retry(&city, filter, again.dry_run).await?;
            tell_retried(&retried, again.dry_run, common.json)
        }
        Quarantine::Drop(drop) => drop_messages(settings, common, drop).await,
    }
}

#[derive(Deserialize)]
struct Groups {
    groups: Vec<QuarantineGroup>,
    more: bool,
}

async fn groups(settings: &Settings, common: &Common, list: &List) -> Result<(), Failure> {
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let path = format!("/api/v1/quarantine?limit={}{}", list.limit, list.filter.query());
    let Groups { groups, more } = city.object(&path).await?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    if !common.json && !groups.is_empty() {
        writeln!(
            out,
            "{:>8}  {:<18}  {:<36}  {:<24}  {:<24}  {:>10}  TEXT",
            "COUNT", "REASON", "DEVICE OR TOPIC", "FIRST", "LAST", "SAMPLE"
        )
        .map_err(unwritable)?;
    }
    for group in &groups {
        let written = if common.json {
            writeln!(out, "{}", json!(group))
        } else {
            let QuarantineGroup { reason, device, topic, count, first, last, text, sample } = group;
            let who = device.as_ref().map_or(topic.as_str(), DeviceId::as_str);
            writeln!(out, "{count:>8}  {reason:<18}  {who:<36}  {first:<24}  {last:<24}  {sample:>10}  {text}")
        };
        written.map_err(unwritable)?;
    }
    out.flush().map_err(unwritable)?;
    if groups.is_empty() {
        eprintln!("no such message waits in the quarantine");
    } else if more {
        eprintln!("{} groups, the limit: there are more, see --limit", groups.len());
    }
    Ok(())
}

#[derive(Deserialize)]
struct Messages {
    messages: Vec<Value>,
    next: Option<u64>,
}

async fn each(settings: &Settings, common: &Common, list: &List) -> Result<(), Failure> {
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let path = format!("/api/v1/quarantine?each=true&limit={}{}", list.limit, list.filter.query());
    let Messages { messages, next } = city.object(&path).await?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    if !common.json && !messages.is_empty() {
        writeln!(out, "{:>10}  {:<24}  {:<18}  {:<44}  TEXT", "OFFSET", "RECEIVED AT", "REASON", "TOPIC").map_err(unwritable)?;
    }
    for message in &messages {
        let text = |key: &str| message.get(key).and_then(Value::as_str).unwrap_or_default();
        let written = if common.json {
            writeln!(out, "{message}")
        } else {
            let offset = message.get("offset").and_then(Value::as_u64).unwrap_or_default();
            let (at, reason, topic, why) = (text("received_at"), text("reason"), text("topic"), text("text"));
            writeln!(out, "{offset:>10}  {at:<24}  {reason:<18}  {topic:<44}  {why}")
        };
        written.map_err(unwritable)?;
    }
    out.flush().map_err(unwritable)?;
    if messages.is_empty() {
        eprintln!("no such message waits in the quarantine");
    } else if next.is_some() {
        eprintln!("{} messages, the limit: there are more, see --limit and --from", messages.len());
    }
    Ok(())
}

/// A message as `GET /api/v1/quarantine/{offset}` gives it.
#[derive(Deserialize)]
struct Shown {
    offset: u64,
    reason: String,
    text: String,
    device: Option<String>,
    profile: Option<String>,
    topic: String,
    received_at: Timestamp,
    qos: u8,
    retain: bool,
    dup: bool,
    will: bool,
    size: usize,
    payload_text: Option<String>,
    payload_base64: Option<String>,
    now: Now,
}

#[derive(Deserialize)]
struct Now {
    envelope: Option<String>,
    uplinks: Vec<Seen>,
    readings: Vec<Read>,
    refusal: Option<ports::Refusal>,
}

#[derive(Deserialize)]
struct Seen {
    device: String,
    port: Option<u8>,
    payload_base64: Option<String>,
}

#[derive(Deserialize)]
struct Read {
    device: String,
    quantity: String,
    unit: String,
    value: f64,
    observed_at: Timestamp,
}

async fn show(settings: &Settings, common: &Common, offset: u64) -> Result<(), Failure> {
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let value: Value = city.object(&format!("/api/v1/quarantine/{offset}")).await?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    if common.json {
        return writeln!(out, "{value}").and_then(|()| out.flush()).map_err(unwritable);
    }
    let shown: Shown = serde_json::from_value(value)
        .map_err(|cause| Failure::new(Code::Failed, format!("the answer is not one of this version: {cause}")))?;
    tell(&mut out, &shown).and_then(|()| out.flush()).map_err(unwritable)
}

fn tell(out: &mut impl Write, shown: &Shown) -> io::Result<()> {
    let Shown { offset, reason, text, topic, received_at, qos, size, now, .. } = shown;
    writeln!(out, "message   {offset}, received {received_at}, QoS {qos}{}", flags(shown))?;
    writeln!(out, "topic     {topic}")?;
    if let Some(device) = &shown.device {
        writeln!(out, "device    {device}{}", shown.profile.as_ref().map_or(String::new(), |p| format!(", profile {p}")))?;
    }
    writeln!(out, "reason    {reason}: {text}")?;
    writeln!(out, "payload   {size} bytes")?;
    if let Some(text) = &shown.payload_text {
        // What came from outside must not drive the terminal.
        let safe: String = text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect();
        writeln!(out, "{safe}")?;
    } else {
        dump(out, &bytes(shown.payload_base64.as_deref()))?;
    }
    writeln!(
        out,
        "now       {}",
        now.envelope.as_ref().map_or("no route takes the topic".to_owned(), |e| format!("opened as {e}"))
    )?;
    for Seen { device, port, payload_base64 } in &now.uplinks {
        let port = port.map_or(String::new(), |port| format!(", port {port}"));
        writeln!(out, "uplink    {device}{port}")?;
        dump(out, &bytes(payload_base64.as_deref()))?;
    }
    for Read { device, quantity, unit, value, observed_at } in &now.readings {
        writeln!(out, "reading   {observed_at}  {device}  {quantity} = {value} {unit}")?;
    }
    match &now.refusal {
        Some(refusal) => writeln!(out, "why       {}: {}", refusal.reason, refusal.text),
        None => writeln!(out, "why       nothing keeps it out any more: `marsad quarantine retry` brings it back"),
    }
}

fn flags(shown: &Shown) -> String {
    let flags = [(shown.retain, ", retained"), (shown.dup, ", marked as a repetition"), (shown.will, ", a last will")];
    flags.into_iter().filter(|(is, _)| *is).map(|(_, text)| text).collect()
}

fn bytes(base64: Option<&str>) -> Vec<u8> {
    use base64::Engine;
    base64.and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok()).unwrap_or_default()
}

/// Sixteen bytes a line, with their offset and what of them is ASCII.
fn dump(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    for (line, part) in bytes.chunks(16).enumerate() {
        let hex: Vec<String> = part.iter().map(|byte| format!("{byte:02x}")).collect();
        let text: String = part.iter().map(|b| if b.is_ascii_graphic() || *b == b' ' { char::from(*b) } else { '.' }).collect();
        writeln!(out, "  {:08x}  {:<47}  {text}", line * 16, hex.join(" "))?;
    }
    Ok(())
}

/// Tries all messages of a filter again, chunk by chunk. Progress goes to standard error.
pub(crate) async fn retry(city: &City, filter: QuarantineFilter, dry_run: bool) -> Result<Retried, Failure> {
    let (mut ask, mut sum) = (Retry { filter, dry_run, ..Retry::default() }, Retried::default());
    loop {
        let chunk: Retried = city.order("/api/v1/quarantine/retry", &ask).await?;
        (ask.after, ask.before) = (chunk.next, Some(chunk.before));
        sum.add(chunk);
        if ask.after.is_none() {
            return Ok(sum);
        }
        eprintln!("{} messages tried, {} readable", sum.tried, sum.readable);
    }
}

/// What a retry gave, in one line.
pub(crate) fn told(retried: &Retried, dry_run: bool) -> String {
    let Retried { tried, readable, readings, stored, duplicate, rejected, .. } = retried;
    let mut text = if dry_run {
        format!("{tried} messages would be tried, {readable} of them read: {readings} readings")
    } else {
        format!("{tried} messages tried: {stored} stored, {duplicate} duplicate, {readings} readings")
    };
    let kept: u64 = rejected.values().sum();
    if kept > 0 {
        let reasons: Vec<String> = rejected.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
        // Writing to a String cannot fail.
        let _ = write!(text, "; {kept} still rejected ({})", reasons.join(", "));
    }
    text
}

fn tell_retried(retried: &Retried, dry_run: bool, json: bool) -> Result<(), Failure> {
    let text = if json { json!(retried).to_string() } else { told(retried, dry_run) };
    writeln!(io::stdout(), "{text}").map_err(unwritable)
}

#[derive(Deserialize)]
struct Dropped {
    dropped: u64,
}

async fn drop_messages(settings: &Settings, common: &Common, drop: Drop) -> Result<(), Failure> {
    let query = drop.filter.query();
    let filter = drop.filter.meant(drop.all)?;
    let city = City::reach(settings, common, Purpose::Change).await?;
    if !drop.yes {
        let Groups { groups, more } = city.object(&format!("/api/v1/quarantine?limit=10000{query}")).await?;
        let count: u64 = groups.iter().map(|group| group.count).sum();
        let more = if more { " or more" } else { "" };
        return Err(Failure::new(Code::Failed, format!("nothing was dropped: {count}{more} messages would go for good"))
            .hint("say --yes to drop them"));
    }
    let Dropped { dropped } = city.order("/api/v1/quarantine/drop", &json!({ "filter": filter, "all": drop.all })).await?;
    let text = if common.json { json!({ "dropped": dropped }).to_string() } else { format!("{dropped} messages dropped") };
    writeln!(io::stdout(), "{text}").map_err(unwritable)
}
