//! `marsad parking`: how full zones are.

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

pub(crate) async fn parking(settings: &Settings, common: &Common, command: &ParkingCommand) -> Result<(), Failure> {
    let ParkingCommand::Occupancy(asked) = command;
    let every = asked.every.map(|every| match every {
        Every::Quarter => "15m",
        Every::Hour => "1h",
    });
    let question = Question::to("parking/occupancy", asked.shown.format(common.json));
    question.with("zone", asked.zone.as_deref()).with("every", every).over(&asked.period).answer(settings, common).await
}
