//! `marsad parking`: how full zones are, who stays too long, which sensors are doubted.

use clap::{Args, Subcommand, ValueEnum};
use settings::Settings;

use crate::answer::{Period, Question, Shown};
use crate::cli::Common;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum ParkingCommand {
    /// How full each zone is, how much of that is known, and how long people stay
    #[command(after_help = "Examples:
  marsad parking occupancy
  marsad parking occupancy --zone anfa --from 2026-11-20 --to 2026-11-20 --every 15m --format csv

Zones only: no answer tells of a single space, and a zone of fewer than 5 spaces is withheld.")]
    Occupancy(Occupancy),
    /// How many stay longer than they may, in the hours of control
    #[command(after_help = "Examples:
  marsad parking overstays
  marsad parking overstays --zone anfa --from 2026-11-20 --to 2026-11-20 --json

By zone. Which spaces: only with privacy.single_spaces = true in the settings, and never reserved ones. Loading bays and reserved
spaces: [[domains.space]].")]
    Overstays(Overstays),
    /// Sensors that are silent, or never change while their neighbours do
    #[command(after_help = "Examples:
  marsad parking sensors
  marsad parking sensors --zone anfa --format csv")]
    Sensors(Sensors),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Every {
    /// A quarter of an hour
    #[value(name = "15m")]
    Quarter,
    /// An hour
    #[value(name = "1h")]
    Hour,
}

#[derive(Debug, Args)]
pub(crate) struct Occupancy {
    /// Only this zone
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// One row a window, weighted by time
    #[arg(long, value_enum)]
    every: Option<Every>,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Args)]
pub(crate) struct Sensors {
    /// Only this zone
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Judged at the end of this local date, or at this instant [default: now]
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Args)]
pub(crate) struct Overstays {
    /// Only this zone
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    shown: Shown,
}

pub(crate) async fn parking(settings: &Settings, common: &Common, command: &ParkingCommand) -> Result<(), Failure> {
    let question = match command {
        ParkingCommand::Occupancy(asked) => {
            let every = asked.every.map(|every| match every {
                Every::Quarter => "15m",
                Every::Hour => "1h",
            });
            let question = Question::to("parking/occupancy", asked.shown.format(common.json));
            question.with("zone", asked.zone.as_deref()).with("every", every).over(&asked.period)
        }
        ParkingCommand::Overstays(asked) => Question::to("parking/overstays", asked.shown.format(common.json))
            .with("zone", asked.zone.as_deref())
            .over(&asked.period),
        ParkingCommand::Sensors(asked) => Question::to("parking/sensors", asked.shown.format(common.json))
            .with("zone", asked.zone.as_deref())
            .with("to", asked.to.as_deref()),
    };
    question.answer(settings, common).await
}
