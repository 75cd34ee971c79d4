//! `marsad demo incident`: something happens in the city of the demonstration that runs, as by a button of its pages.

use std::io::Write as _;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use ports::{Happening, Incident, OperationError, Stage, Status};
use schemas::{DeviceId, Kind, Timestamp};
use serde_json::json;
use settings::Settings;
use simulators::{FaultName, Plan};
use tokio::sync::broadcast::{self, error::TryRecvError};

use crate::city::{City, Purpose};
use crate::cli::Common;
use crate::failure::{Code, Failure, unwritable};

/// Happenings that an actor may be behind: of more it misses the oldest.
const WAITING: usize = 64;

#[derive(Clone, Debug, Args)]
pub(crate) struct Wanted {
    /// What happens
    #[arg(value_parser = incidents())]
    what: Incident,
    /// At this device, in place of the one that is chosen
    #[arg(long, value_name = "ID")]
    device: Option<DeviceId>,
}

fn incidents() -> impl TypedValueParser<Value = Incident> {
    let values = Incident::ALL.map(|incident| PossibleValue::new(incident.code()).help(incident.about()));
    let named = |code: String| Incident::ALL.into_iter().find(|incident| incident.code() == code);
    PossibleValuesParser::new(values).try_map(move |code| named(code).ok_or("no incident"))
}

/// What it means for the simulated devices, and from when on.
pub(crate) fn plan(happening: &Happening) -> Option<(Plan, Timestamp)> {
    let (name, kind, device, lasts, amount) = match happening.what {
        Incident::Dust => ("dust", Some(Kind::AIR), None, 120, 160.0),
        Incident::Leak => ("burst", None, Some("meter-003"), 120, 1800.0),
        Incident::Fire => ("fire", None, Some("bin-007"), 120, 82.0),
        Incident::Outage => ("partition", None, None, 60, 0.0),
    };
    let chosen = device.and_then(|id| DeviceId::new(id).ok());
    let mut plan = Plan::of(FaultName::try_from(name.to_owned()).ok()?, Duration::from_secs(lasts));
    plan.kind = kind.filter(|_| happening.device.is_none());
    plan.device = happening.device.clone().or(chosen);
    plan.amount = Some(amount);
    Some((plan, happening.at))
}

/// Tells the demonstration that runs.
pub(crate) async fn incident(settings: &Settings, common: &Common, wanted: &Wanted) -> Result<(), Failure> {
    let directory = &settings.data.directory;
    let nobody = || {
        Failure::new(Code::Unavailable, format!("no demonstration runs on {}", directory.display()))
            .hint("start one with `marsad demo`, or name its directory with --data DIR")
    };
    if common.http.is_none() && crate::directory::running(directory).is_none() {
        return Err(nobody());
    }
    let city = City::reach(settings, common, Purpose::Change).await?;
    let status: Status = city.object("/api/v1/status").await?;
    if !status.demo {
        return Err(nobody());
    }
    let asked = json!({ "what": wanted.what, "device": wanted.device });
    let happening: Happening = city.order("/api/v1/demo/incidents", &asked).await?;
    let text = if common.json {
        serde_json::to_string(&happening).map_err(|e| Failure::new(Code::Failed, e.to_string()))? + "\n"
    } else {
        format!("{}: watch the pages\n", told(happening.what))
    };
    write!(std::io::stdout(), "{text}").map_err(unwritable)
}

const fn told(what: Incident) -> &'static str {
    match what {
        Incident::Dust => "Dust comes over the city",
        Incident::Leak => "A pipe bursts",
        Incident::Fire => "A bin burns",
        Incident::Outage => "The gateways are away for a minute",
    }
}

/// Where the simulated devices hear what happens.
#[derive(Debug)]
pub(crate) struct Theatre(broadcast::Sender<Happening>);

impl Theatre {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(WAITING))
    }

    /// For one of the actors: what happens from now on.
    pub(crate) fn seat(&self) -> Board {
        Board(self.0.subscribe())
    }
}

impl Stage for Theatre {
    fn befall(&self, happening: Happening) -> Result<(), OperationError> {
        let ended = |_| OperationError::Unavailable("the simulated devices have ended".to_owned());
        self.0.send(happening).map(|_| ()).map_err(ended)
    }
}

/// What an actor has not heard yet.
#[derive(Debug)]
pub(crate) struct Board(broadcast::Receiver<Happening>);

impl Board {
    /// What happened since it was asked last.
    pub(crate) fn news(&mut self) -> Vec<Happening> {
        let mut news = Vec::new();
        loop {
            match self.0.try_recv() {
                Ok(happening) => news.push(happening),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return news,
            }
        }
    }
}
