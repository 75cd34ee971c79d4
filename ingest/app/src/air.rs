//! `marsad air`: the index, exceedances of limits, and the report of a station.

use clap::{Args, Subcommand, ValueEnum};
use settings::Settings;

use crate::answer::{Period, Question, Shown};
use crate::cli::Common;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum AirCommand {
    /// How good the air is, each hour or each day
    #[command(after_help = "Examples:
  marsad air index                                          every station, since midnight
  marsad air index --station air-001 --from 2026-11-20 --to 2026-11-20
  marsad air index --index iqa --from 2026-11-01 --json

Where too few hours are valid there is no index, and the answer says how many there were.")]
    Index(Index),
    /// A calendar year of a station against the limits of law and guidelines
    #[command(after_help = "Examples:
  marsad air exceedances --station air-001
  marsad air exceedances --station air-001 --from 2025-01-01 --to 2025-12-31 --set eu-2030,who-2021
  marsad air exceedances --station air-001 --excel > dépassements_fr.csv

Limits are judged by calendar year: what lies outside --from and --to counts as not measured. Days of natural dust are
counted twice: with all days, and without those that the settings flag with evidence.")]
    Exceedances(Exceedances),
    /// What is known of a station over a period: averages with their capture, index, doubts, limits
    #[command(after_help = "Examples:
  marsad air report --station air-001                       the last 30 days
  marsad air report --station air-001 --from 2026-10-01 --to 2026-10-31 --format csv")]
    Report(Report),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scale {
    /// European, 2024 revision, each hour
    Eaqi,
    /// Moroccan, each day
    Iqa,
    /// Of the United States with `NowCast`, each hour
    UsAqi,
}

#[derive(Debug, Args)]
pub(crate) struct Index {
    /// Only this station, or these joined by commas
    #[arg(long, value_name = "ID")]
    station: Option<String>,
    /// Only stations of this zone
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Which index
    #[arg(long, value_enum, default_value = "eaqi")]
    index: Scale,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Args)]
pub(crate) struct Exceedances {
    /// Which station
    #[arg(long, value_name = "ID")]
    station: String,
    /// Only these sets of limits, joined by commas, such as ma-2009,eu-2030
    #[arg(long, value_name = "SETS")]
    set: Option<String>,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Which station
    #[arg(long, value_name = "ID")]
    station: String,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    shown: Shown,
}

pub(crate) async fn air(settings: &Settings, common: &Common, command: &AirCommand) -> Result<(), Failure> {
    let question = match command {
        AirCommand::Index(asked) => {
            let index = match asked.index {
                Scale::Eaqi => "eaqi",
                Scale::Iqa => "iqa",
                Scale::UsAqi => "us-aqi",
            };
            Question::to("air/index", asked.shown.format(common.json))
                .with("index", Some(index))
                .with("station", asked.station.as_deref())
                .with("zone", asked.zone.as_deref())
                .over(&asked.period)
        }
        AirCommand::Exceedances(asked) => Question::to("air/exceedances", asked.shown.format(common.json))
            .with("station", Some(&asked.station))
            .with("set", asked.set.as_deref())
            .over(&asked.period),
        AirCommand::Report(asked) => {
            Question::to("air/report", asked.shown.format(common.json)).with("station", Some(&asked.station)).over(&asked.period)
        }
    };
    question.answer(settings, common).await
}
