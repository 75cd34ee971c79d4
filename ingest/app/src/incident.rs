//! `marsad demo incident`: something happens in the city of the demonstration that runs. The command leaves a line in its data
//! directory, and the simulated devices read it.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use ports::{Clock, Status, SystemClock};
use schemas::{DeviceId, Kind, Timestamp};
use serde::{Deserialize, Serialize};
use settings::Settings;
use simulators::{FaultName, Plan};

use crate::city::{City, Purpose};
use crate::cli::Common;
use crate::failure::{Code, Failure, unwritable};

const FILE: &str = "incidents";

#[derive(Clone, Debug, Args)]
pub(crate) struct Incident {
    /// What happens
    what: What,
    /// At this device, in place of the one that is chosen
    #[arg(long, value_name = "ID")]
    device: Option<DeviceId>,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    /// Desert dust at all air stations, for two minutes
    Dust,
    /// A pipe bursts behind a water meter, for two minutes
    Leak,
    /// A bin burns, for two minutes
    Fire,
    /// The gateways are away for a minute: nothing comes from anywhere, then all at once
    Outage,
}

/// A line of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Notice {
    what: What,
    device: Option<DeviceId>,
    at: Timestamp,
}

impl Notice {
    /// What it means for the simulated devices.
    pub(crate) fn plan(&self) -> Option<(Plan, Timestamp)> {
        let (name, kind, device, lasts, amount) = match self.what {
            What::Dust => ("dust", Some(Kind::AIR), None, 120, 160.0),
            What::Leak => ("burst", None, Some("meter-003"), 120, 1800.0),
            What::Fire => ("fire", None, Some("bin-007"), 120, 82.0),
            What::Outage => ("partition", None, None, 60, 0.0),
        };
        let chosen = device.and_then(|id| DeviceId::new(id).ok());
        let mut plan = Plan::of(FaultName::try_from(name.to_owned()).ok()?, Duration::from_secs(lasts));
        plan.kind = kind.filter(|_| self.device.is_none());
        plan.device = self.device.clone().or(chosen);
        plan.amount = Some(amount);
        Some((plan, self.at))
    }
}

/// Tells the demonstration that runs.
pub(crate) async fn incident(settings: &Settings, common: &Common, incident: &Incident) -> Result<(), Failure> {
    let directory = &settings.data.directory;
    let nobody = || {
        Failure::new(Code::Unavailable, format!("no demonstration runs on {}", directory.display()))
            .hint("start one with `marsad demo`, or name its directory with --data DIR")
    };
    if crate::directory::running(directory).is_none() {
        return Err(nobody());
    }
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let status: Status = city.object("/api/v1/status").await?;
    if !status.demo {
        return Err(nobody());
    }
    let notice = Notice { what: incident.what, device: incident.device.clone(), at: SystemClock.now() };
    let line = serde_json::to_string(&notice).map_err(|e| Failure::new(Code::Failed, e.to_string()))? + "\n";
    let file = File::options().create(true).append(true).open(directory.join(FILE));
    file.and_then(|mut file| file.write_all(line.as_bytes())).map_err(unwritable)?;
    let text = if common.json { line } else { format!("{}: watch the pages\n", told(incident.what)) };
    write!(std::io::stdout(), "{text}").map_err(unwritable)
}

const fn told(what: What) -> &'static str {
    match what {
        What::Dust => "Dust comes over the city",
        What::Leak => "A pipe bursts",
        What::Fire => "A bin burns",
        What::Outage => "The gateways are away for a minute",
    }
}

/// Where the notices are read.
pub(crate) struct Board {
    path: PathBuf,
    read: u64,
}

impl Board {
    /// Notices of now on.
    pub(crate) fn new(directory: &Path) -> Self {
        let path = directory.join(FILE);
        let read = fs::metadata(&path).map_or(0, |found| found.len());
        Self { path, read }
    }

    /// What was left since it was asked last. A file that cannot be read holds no news.
    pub(crate) fn news(&mut self) -> Vec<Notice> {
        if fs::metadata(&self.path).map_or(0, |found| found.len()) <= self.read {
            return Vec::new();
        }
        let mut text = String::new();
        let from = SeekFrom::Start(self.read);
        let read = File::open(&self.path).and_then(|mut file| file.seek(from).and_then(|_| file.read_to_string(&mut text)));
        // A line is whole once its end is there.
        let Some(end) = read.ok().and_then(|_| text.rfind('\n')) else { return Vec::new() };
        self.read += end as u64 + 1;
        text.get(..end).unwrap_or_default().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}
