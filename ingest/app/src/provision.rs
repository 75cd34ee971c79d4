//! Devices of a file: `marsad device import` makes them known, `marsad device provision` gives each a credential too, or a
//! code that it trades for one; `marsad device claim` is the code of a single one.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ports::{Adopted, Claim, Handed, Made, NewClaim, Provided, QuarantineFilter};
use schemas::DeviceId;
use serde::Deserialize;
use serde_json::{Value, json};
use settings::{DeviceList, Settings};

use crate::city::{City, Purpose};
use crate::cli::Common;
use crate::device::sent;
use crate::failure::{Code, Failure};
use crate::people::told;
use crate::quarantine;

/// What becoming known brings back: what waits since nobody had listed its device.
const UNLISTED: [&str; 2] = ["unknown_device", "no_profile"];
/// How long a code can be traded, hours, if nobody says otherwise: a week, in which a device is mounted.
const WEEK: u32 = 168;

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// CSV or TOML
    file: PathBuf,
    /// Only say what would become of the devices
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Provision {
    /// CSV or TOML, as for import
    file: PathBuf,
    /// A new file for the passwords or codes, which its owner alone can read
    #[arg(long, value_name = "FILE", required_unless_present = "dry_run")]
    out: Option<PathBuf>,
    /// Codes in place of passwords
    #[arg(long)]
    claim: bool,
    /// How long a code can be traded
    #[arg(long, default_value_t = WEEK, requires = "claim")]
    hours: u32,
    /// Only say what would become of the devices
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ClaimCommand {
    /// Make a code for a device, which is printed this once; one that it has open ends
    #[command(after_help = "Examples:
  marsad device claim make bin-1
  marsad device claim make lorawan --topic 'application/#' --hours 2

The device trades it over HTTPS: POST /api/v1/claim with {\"device\": \"bin-1\", \"code\": \"...\"} answers with its password, once.
`marsad device credential revoke` ends it before.")]
    Make {
        /// Which
        device: DeviceId,
        /// An MQTT topic filter besides its own topics; may be given several times
        #[arg(long, value_name = "FILTER")]
        topic: Vec<String>,
        /// How long it can be traded
        #[arg(long, default_value_t = WEEK)]
        hours: u32,
    },
    /// Show the codes that are open, without the codes
    List,
}

/// What became of the devices of a file.
struct Known {
    adopted: Adopted,
    /// In words, with what came back of the quarantine.
    line: String,
    retried: Value,
}

async fn make_known(city: &City, list: &DeviceList, dry_run: bool) -> Result<Known, Failure> {
    let devices: Vec<Value> = list.catalogue.devices().map(sent).collect();
    let adopted: Adopted = city.order("/api/v1/devices", &json!({ "devices": devices, "dry_run": dry_run })).await?;
    let Adopted { new, changed, same } = adopted;
    let would = if dry_run { "would be " } else { "" };
    let line = format!("{new} devices {would}new, {changed} {would}changed, {same} {would}the same");
    if dry_run {
        // It knows what the devices would be, and not what their messages would give: they are not known yet.
        return Ok(Known { adopted, line, retried: Value::Null });
    }
    let reasons = UNLISTED.map(ToOwned::to_owned).to_vec();
    let retried = quarantine::retry(city, QuarantineFilter { reasons, ..QuarantineFilter::default() }, false).await?;
    Ok(Known { adopted, line: format!("{line}. {}", quarantine::told(&retried, false)), retried: json!(retried) })
}

/// `marsad device import`
pub(crate) async fn import(settings: &Settings, common: &Common, import: &Import) -> Result<(), Failure> {
    let list = settings::devices(std::slice::from_ref(&import.file))?;
    let city = City::reach(settings, common, Purpose::Change).await?;
    let Known { adopted, line, retried } = make_known(&city, &list, import.dry_run).await?;
    told(common, &json!({ "adopted": adopted, "retried": retried }), &line)
}

/// `marsad device provision`
pub(crate) async fn provision(settings: &Settings, common: &Common, wanted: &Provision) -> Result<(), Failure> {
    let list = settings::devices(std::slice::from_ref(&wanted.file))?;
    let city = City::reach(settings, common, Purpose::Change).await?;
    // Before anything is made: what was made and cannot be written would be lost.
    let out = match &wanted.out {
        Some(path) if !wanted.dry_run => Some(Out::new(path)?),
        _ => None,
    };
    let Known { adopted, line, retried } = make_known(&city, &list, wanted.dry_run).await?;
    let devices: Vec<String> = list.catalogue.devices().map(|device| device.id.to_string()).collect();
    let claim_hours = wanted.claim.then_some(wanted.hours);
    let asked = ports::Provision { devices, claim_hours, dry_run: wanted.dry_run };
    let provided: Provided = city.order("/api/v1/credentials/provision", &asked).await?;
    let (made, same) = (provided.made.len(), provided.same);
    let object = json!({
        "adopted": adopted,
        "retried": retried,
        "made": provided.made.iter().map(|one| &one.device).collect::<Vec<_>>(),
        "same": same,
        "out": out.as_ref().map(|out| &out.path),
    });
    let what = if wanted.claim { "codes" } else { "passwords" };
    let line = match out {
        None => format!("{line}. {made} {what} would be made, {same} devices have a credential or a code"),
        Some(out) => {
            let place = out.path.display().to_string();
            out.keep(&provided)?;
            format!("{line}. {made} {what} are in {place}, {same} devices had a credential or a code")
        }
    };
    told(common, &object, &line)
}

/// A file of secrets, made before they are; taken away again if they are not.
struct Out {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl Out {
    fn new(path: &Path) -> Result<Self, Failure> {
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = made.map_err(|cause| {
            Failure::new(Code::Failed, format!("{} cannot be made, and nothing was changed: {cause}", path.display()))
                .hint("name a file that is not there yet with --out FILE")
        })?;
        Ok(Self { path: path.to_owned(), file, kept: false })
    }

    /// A line for each device.
    fn keep(mut self, provided: &Provided) -> Result<(), Failure> {
        let written = write(&self.file, provided).and_then(|()| self.file.sync_all());
        written.map_err(|cause| {
            Failure::new(Code::Disk, format!("{} cannot be written: {cause}", self.path.display()))
                .hint("what was made is lost: end it by `marsad device credential revoke`, and provision again")
        })?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        if !self.kept {
            // It holds nothing that anybody could use; one that stays is refused the next time, by name.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn write(file: &File, provided: &Provided) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    // Neither identifiers of devices nor what is made for them hold anything that CSV would have to quote.
    match provided.until {
        None => writeln!(out, "device,password")?,
        Some(_) => writeln!(out, "device,code,until")?,
    }
    for Handed { device, secret } in &provided.made {
        match provided.until {
            None => writeln!(out, "{device},{secret}")?,
            Some(until) => writeln!(out, "{device},{secret},{until}")?,
        }
    }
    out.flush()
}

/// `marsad device claim`
pub(crate) async fn claim(settings: &Settings, common: &Common, command: ClaimCommand) -> Result<(), Failure> {
    match command {
        ClaimCommand::Make { device, topic: topics, hours } => {
            let city = City::reach(settings, common, Purpose::Change).await?;
            let new = NewClaim { device: device.to_string(), topics, hours };
            let made: Made<Claim> = city.order("/api/v1/claims", &new).await?;
            eprintln!("{device} can trade it once, until {}; shown this once:", made.what.expires_at);
            told(common, &json!(made), &made.secret)
        }
        ClaimCommand::List => claims(settings, common).await,
    }
}

async fn claims(settings: &Settings, common: &Common) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Claims {
        claims: Vec<Claim>,
    }
    let Claims { claims } = City::reach(settings, common, Purpose::Ask).await?.object("/api/v1/claims").await?;
    if claims.is_empty() {
        eprintln!("no code is open");
    }
    for one in claims {
        told(common, &json!(one), &format!("{:<24}  until {}  {}", one.device, one.expires_at, one.topics.join(" ")))?;
    }
    Ok(())
}
