//! `marsad device` and `marsad reload`: who is known, who is not, and making them known.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ports::{Adopted, DeviceView, FirmwareSeen, QuarantineFilter, QuarantineGroup, Reloaded, UnknownDevice};
use schemas::{DeviceId, DeviceKey, Fitting, Kind, Place, ProfileName, Timestamp, Zone};
use serde::Deserialize;
use serde_json::{Value, json};
use settings::Settings;

use crate::answer::{Period, Question, Shown};
use crate::city::{City, Purpose, encoded};
use crate::cli::Common;
use crate::credential::{self, CredentialCommand};
use crate::failure::{Code, Failure, unwritable};
use crate::fitting::FittingArgs;
use crate::provision::{self, ClaimCommand, Import, Provision};
use crate::quarantine;

#[derive(Debug, Subcommand)]
pub(crate) enum Device {
    /// Show devices that are listed or were ever heard
    List(List),
    /// Show one device: what is known of it, its last readings, what of it waits in the quarantine
    Show {
        /// Which
        id: DeviceId,
    },
    /// Are devices heard, how long will batteries last, are clocks right, does a sensor stand still or drift
    #[command(after_help = "Examples:
  marsad device health
  marsad device health --kind air --from 2026-11-01 --to 2026-11-15 --json

A week by default. How often devices report, [[domains.interval]] and [[domains.station]] in the settings say; else they are held to
what they usually do.")]
    Health(Health),
    /// Show devices that speak and cannot be read, since nothing says what they are
    #[command(
        after_help = "Those of the quarantine with the reasons unknown_device and no_profile. `marsad device adopt` makes one
known and brings its messages back."
    )]
    Unknown,
    /// Make a device known, and bring its waiting messages back
    #[command(after_help = "Examples:
  marsad device adopt 70b3d57ed0000042 --kind waste --zone anfa --profile netvox-r718x
  marsad device adopt bin-7 --kind waste --zone anfa --profile acme-bin --empty 1.2 --full 0.3
  marsad device adopt wm-9 --kind water --zone anfa --profile acme-meter --litres-per-pulse 10

It is kept in the register, below the files of [devices]: a file wins. Adopting again replaces what was adopted.")]
    Adopt(Box<Adopt>),
    /// Make the devices of a file known, all or none, and bring back what waits of unlisted devices
    #[command(after_help = "Examples:
  marsad device import devices.csv --dry-run     is everything right?
  marsad device import devices.csv

CSV with a head, or TOML with [[device]] tables: docs/reference/settings.md.")]
    Import(Import),
    /// Make the devices of a file known, and make a password or a claim code for each that has none
    #[command(after_help = "Examples:
  marsad device provision devices.csv --dry-run
  marsad device provision devices.csv --out passwords.csv
  marsad device provision devices.csv --claim --hours 720 --out labels.csv     a code to print on each

The file is that of `marsad device import`. Devices that have a credential, or an open code, keep it: a file that has grown can be
given again. Passwords and codes stand in the file of --out and nowhere else.")]
    Provision(Provision),
    /// Codes that a device trades once, over HTTPS, for its credential
    #[command(subcommand)]
    Claim(ClaimCommand),
    /// By what a device proves who it is: a password that is made for it, or its certificate
    #[command(subcommand)]
    Credential(CredentialCommand),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only of this kind
    #[arg(long)]
    kind: Option<String>,
    /// Only in this zone
    #[arg(long)]
    zone: Option<Zone>,
}

#[derive(Debug, Args)]
pub(crate) struct Health {
    /// Only this device; may be given several times
    #[arg(long, value_name = "ID")]
    device: Vec<DeviceId>,
    /// Only of this kind
    #[arg(long)]
    kind: Option<String>,
    /// Only in this zone
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// At most this many
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=2_000))]
    limit: u32,
    /// Where the next page begins: the `next` of an earlier answer
    #[arg(long, value_name = "ID")]
    cursor: Option<DeviceId>,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Args)]
pub(crate) struct Adopt {
    /// As its messages name it
    id: DeviceId,
    /// What it is for, such as waste
    #[arg(long)]
    kind: String,
    /// Where, by name
    #[arg(long)]
    zone: Zone,
    /// How it is read; none for Marsad's own JSON
    #[arg(long, value_name = "NAME")]
    profile: Option<ProfileName>,
    /// Degrees north
    #[arg(long, value_name = "DEGREES", requires = "lon", allow_negative_numbers = true)]
    lat: Option<f64>,
    /// Degrees east
    #[arg(long, value_name = "DEGREES", requires = "lat", allow_negative_numbers = true)]
    lon: Option<f64>,
    /// What people call it
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    #[command(flatten)]
    fitting: FittingArgs,
    /// File whose first line is the device's key, 32 hexadecimal digits
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

pub(crate) async fn run(settings: &Settings, common: &Common, command: Device) -> Result<(), Failure> {
    match command {
        Device::List(list) => self::list(settings, common, &list).await,
        Device::Show { id } => show(settings, common, &id).await,
        Device::Health(asked) => health(settings, common, &asked).await,
        Device::Unknown => unknown(settings, common).await,
        Device::Adopt(adopt) => self::adopt(settings, common, *adopt).await,
        Device::Credential(command) => credential::credential(settings, common, command).await,
        Device::Import(import) => provision::import(settings, common, &import).await,
        Device::Provision(wanted) => provision::provision(settings, common, &wanted).await,
        Device::Claim(command) => provision::claim(settings, common, command).await,
    }
}

#[derive(Deserialize)]
struct Devices {
    devices: Vec<Value>,
    next: Option<DeviceId>,
}

/// A device as it was answered: of a key only that there is one.
fn view(answered: &Value) -> Result<DeviceView, Failure> {
    let mut value = answered.clone();
    if let Some(fitting) = value.pointer_mut("/fitting").and_then(Value::as_object_mut) {
        fitting.remove("key");
    }
    serde_json::from_value(value)
        .map_err(|cause| Failure::new(Code::Failed, format!("the answer is not one of this version: {cause}")))
}

async fn list(settings: &Settings, common: &Common, list: &List) -> Result<(), Failure> {
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let mut filter = String::new();
    if let Some(kind) = &list.kind {
        filter += &format!("&kind={}", encoded(kind));
    }
    if let Some(zone) = &list.zone {
        filter += &format!("&zone={zone}");
    }
    let (mut cursor, mut rows) = (String::new(), 0);
    let mut out = io::BufWriter::new(io::stdout().lock());
    loop {
        let Devices { devices, next } = city.object(&format!("/api/v1/devices?limit=1000{filter}{cursor}")).await?;
        for device in &devices {
            if rows == 0 && !common.json {
                writeln!(out, "{:<24}  {:<10}  {:<16}  {:<20}  {:<24}  LABEL", "ID", "KIND", "ZONE", "PROFILE", "LAST SEEN")
                    .map_err(unwritable)?;
            }
            rows += 1;
            if common.json {
                writeln!(out, "{device}").map_err(unwritable)?;
            } else {
                row(&mut out, &view(device)?).map_err(unwritable)?;
            }
        }
        let Some(next) = next else { break };
        cursor = format!("&cursor={next}");
    }
    out.flush().map_err(unwritable)?;
    if rows == 0 {
        eprintln!("no such device is listed or was heard");
    }
    Ok(())
}

fn row(out: &mut impl Write, view: &DeviceView) -> io::Result<()> {
    let device = &view.device;
    let profile = device.profile.as_ref().map_or("-", ProfileName::as_str);
    let seen = view.last_seen.map_or_else(|| "never".to_owned(), |at| at.to_string());
    let label = device.label.as_deref().unwrap_or_default();
    writeln!(out, "{:<24}  {:<10}  {:<16}  {profile:<20}  {seen:<24}  {label}", device.id, device.kind, device.zone)
}

#[derive(Deserialize)]
struct Latest {
    readings: Vec<Value>,
}

#[derive(Deserialize)]
struct Groups {
    groups: Vec<QuarantineGroup>,
}

async fn show(settings: &Settings, common: &Common, id: &DeviceId) -> Result<(), Failure> {
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let Devices { devices, .. } = city.object(&format!("/api/v1/devices?device={id}")).await?;
    let Latest { readings } = city.object(&format!("/api/v1/latest?device={id}")).await?;
    let Groups { groups } = city.object(&format!("/api/v1/quarantine?device={id}")).await?;
    let known = devices.first();
    if known.is_none() && groups.is_empty() {
        return Err(Failure::new(Code::Failed, format!("device {id} is not listed, was never heard, and nothing of it waits")));
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    if common.json {
        let all = json!({ "device": known, "latest": readings, "quarantine": groups });
        return writeln!(out, "{all}").and_then(|()| out.flush()).map_err(unwritable);
    }
    let known = known.map(|value| Ok::<_, Failure>((view(value)?, value.get("fitting")))).transpose()?;
    tell(&mut out, id, known, &readings, &groups).and_then(|()| out.flush()).map_err(unwritable)
}

fn tell(
    out: &mut impl Write,
    id: &DeviceId,
    known: Option<(DeviceView, Option<&Value>)>,
    readings: &[Value],
    groups: &[QuarantineGroup],
) -> io::Result<()> {
    match known {
        None => writeln!(out, "device    {id}, not listed: `marsad device adopt {id}` makes it known")?,
        Some((DeviceView { device, first_seen, last_seen, firmware }, fitting)) => {
            let profile = device.profile.as_ref().map_or("none", ProfileName::as_str);
            writeln!(out, "device    {id}, {} in {}, profile {profile}", device.kind, device.zone)?;
            if let Some(label) = &device.label {
                writeln!(out, "label     {label}")?;
            }
            if let Some(place) = device.place {
                writeln!(out, "place     {}, {}", place.lat(), place.lon())?;
            }
            if let Some(fitting) = fitting {
                writeln!(out, "fitting   {fitting}")?;
            }
            let at = |seen: Option<Timestamp>| seen.map_or_else(|| "never".to_owned(), |at| at.to_string());
            writeln!(out, "heard     first {}, last {}", at(first_seen), at(last_seen))?;
            if let Some(FirmwareSeen { version, since }) = firmware {
                writeln!(out, "firmware  {version}, since {since}")?;
            }
        }
    }
    for reading in readings {
        let text = |key: &str| reading.get(key).and_then(Value::as_str).unwrap_or_default();
        let value = reading.get("value").unwrap_or(&Value::Null);
        writeln!(out, "reading   {}  {} = {value} {}", text("observed_at"), text("quantity"), text("unit"))?;
    }
    for QuarantineGroup { reason, count, last, text, sample, .. } in groups {
        writeln!(out, "waits     {count} x {reason}, last {last}, sample {sample}: {text}")?;
    }
    Ok(())
}

async fn health(settings: &Settings, common: &Common, asked: &Health) -> Result<(), Failure> {
    let devices: Vec<&str> = asked.device.iter().map(DeviceId::as_str).collect();
    let devices = devices.join(",");
    let question = Question::to("devices/health", asked.shown.format(common.json))
        .with("device", Some(devices.as_str()).filter(|ids| !ids.is_empty()))
        .with("kind", asked.kind.as_deref())
        .with("zone", asked.zone.as_deref())
        .with("limit", Some(asked.limit.to_string().as_str()))
        .with("cursor", asked.cursor.as_ref().map(DeviceId::as_str));
    question.over(&asked.period).answer(settings, common).await
}

#[derive(Deserialize)]
struct Unknown {
    devices: Vec<UnknownDevice>,
    more: bool,
}

async fn unknown(settings: &Settings, common: &Common) -> Result<(), Failure> {
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let Unknown { devices, more } = city.object("/api/v1/devices/unknown").await?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    if !common.json && !devices.is_empty() {
        writeln!(out, "{:<24}  {:<15}  {:>8}  {:<24}  {:<24}  {:<44}  BYTES", "ID", "REASON", "COUNT", "FIRST", "LAST", "TOPIC")
            .map_err(unwritable)?;
    }
    for device in &devices {
        let written = if common.json {
            writeln!(out, "{}", json!(device))
        } else {
            let UnknownDevice { id, reason, count, first, last, topic, payload_hex, .. } = device;
            writeln!(out, "{id:<24}  {reason:<15}  {count:>8}  {first:<24}  {last:<24}  {topic:<44}  {payload_hex}")
        };
        written.map_err(unwritable)?;
    }
    out.flush().map_err(unwritable)?;
    if devices.is_empty() {
        eprintln!("every device that speaks is known");
    } else if more {
        eprintln!("{} devices, and there are more", devices.len());
    }
    Ok(())
}

fn wrong(what: &str, cause: impl std::fmt::Display) -> Failure {
    Failure::new(Code::Failed, format!("{what}: {cause}"))
}

/// The first line of a file.
fn key(file: &Path) -> Result<DeviceKey, Failure> {
    let place = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|cause| wrong(&format!("{place} cannot be read"), cause))?;
    DeviceKey::from_hex(text.lines().next().unwrap_or_default().trim()).map_err(|cause| wrong(&place, cause))
}

impl Adopt {
    fn device(self) -> Result<schemas::Device, Failure> {
        let kind: Kind = self.kind.parse().map_err(|cause| wrong("--kind", cause))?;
        let place = self.lat.zip(self.lon).map(|(lat, lon)| Place::new(lat, lon)).transpose();
        Ok(schemas::Device {
            profile: self.profile,
            place: place.map_err(|cause| wrong("--lat, --lon", cause))?,
            label: self.label,
            fitting: Fitting { key: self.key_file.as_deref().map(key).transpose()?, ..self.fitting.read()? },
            ..schemas::Device::new(self.id, kind, self.zone)
        })
    }
}

/// A device as it is sent: with its key, which is never shown elsewhere.
pub(crate) fn sent(device: &schemas::Device) -> Value {
    let mut value = json!(device);
    if let (Some(key), Some(place)) = (device.fitting.key, value.pointer_mut("/fitting/key")) {
        *place = key.bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
    }
    value
}

async fn adopt(settings: &Settings, common: &Common, adopt: Adopt) -> Result<(), Failure> {
    let device = adopt.device()?;
    let city = City::reach(settings, common, Purpose::Change).await?;
    let adopted: Adopted = city.order("/api/v1/devices", &json!({ "devices": [sent(&device)] })).await?;
    let filter = QuarantineFilter { device: Some(device.id.clone()), ..QuarantineFilter::default() };
    let retried = quarantine::retry(&city, filter, false).await?;
    let text = if common.json {
        json!({ "adopted": adopted, "retried": retried }).to_string()
    } else {
        let how = if adopted.new > 0 { "adopted" } else { "adopted anew" };
        format!("device {} is {how}. {}", device.id, quarantine::told(&retried, false))
    };
    writeln!(io::stdout(), "{text}").map_err(unwritable)
}

/// `marsad reload`.
pub(crate) async fn reload(settings: &Settings, common: &Common) -> Result<(), Failure> {
    let city = City::reach(settings, common, Purpose::Change).await?;
    let reloaded: Reloaded = city.order("/api/v1/reload", &json!({})).await?;
    let text = if common.json {
        json!(reloaded).to_string()
    } else {
        let Reloaded { listed, adopted, profiles, routes, rules, lines, rotas } = reloaded;
        format!(
            "In force: {listed} devices listed in files, {adopted} adopted, {profiles} device profiles, {routes} routes of the city's own, {rules} rules, {lines} lines to tell by, {rotas} rotas."
        )
    };
    writeln!(io::stdout(), "{text}").map_err(unwritable)
}
