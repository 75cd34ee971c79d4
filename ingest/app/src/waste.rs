//! `marsad waste`: which bins a contractor should empty next, and how it did.

use clap::{Args, Subcommand, ValueEnum};
use settings::Settings;

use crate::answer::{Period, Question, Shown};
use crate::cli::Common;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum WasteCommand {
    /// The bins to empty before the next pass, in rounds and in order
    #[command(after_help = "Examples:
  marsad waste worklist --contractor ARMA
  marsad waste worklist --contractor ARMA --zone anfa --hours 12 --format gpx > round.gpx
  marsad waste worklist --contractor ARMA --excel > tournée_fr.csv

A round is a proposal: from the depot to the nearest bin until the vehicle is full, crossings taken out. Distances are as the
crow flies. Bins in zones that no contractor has are named, not left out in silence.")]
    Worklist(Worklist),
    /// How a contractor did: hours of overflow, response, times kept, collections for nothing, availability
    #[command(after_help = "Examples:
  marsad waste kpi                                          everybody, the last 7 days, by zone
  marsad waste kpi --contractor ARMA --from 2026-11-01 --to 2026-11-15 --by day --format csv")]
    Kpi(Kpi),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// For people: a table, what to know besides, and what is not verified
    Table,
    /// For machines: RFC 4180, decimal point, ISO 8601 UTC
    Csv,
    /// A map: points and lines, RFC 7946
    Geojson,
    /// Routes for a navigation device, GPX 1.1
    Gpx,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// Each local day by itself
    Day,
}

#[derive(Debug, Args)]
pub(crate) struct Worklist {
    /// Whose, as the territories name it
    #[arg(long, value_name = "NAME")]
    contractor: String,
    /// Only bins of this zone
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Hours until the next pass
    #[arg(long, value_name = "HOURS", default_value_t = 24.0)]
    hours: f64,
    /// How it is shown [default: table; --json for everything there is to say]
    #[arg(long, value_enum, value_name = "FORMAT", conflicts_with = "json")]
    format: Option<Shape>,
    /// CSV as Excel opens it with the settings of fr-MA: `;`, decimal comma, local times
    #[arg(long, conflicts_with_all = ["format", "json"])]
    excel: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Kpi {
    /// Only this contractor
    #[arg(long, value_name = "NAME")]
    contractor: Option<String>,
    /// Only this zone
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Finer than by zone
    #[arg(long, value_enum)]
    by: Option<By>,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    shown: Shown,
}

pub(crate) async fn waste(settings: &Settings, common: &Common, command: &WasteCommand) -> Result<(), Failure> {
    let question = match command {
        WasteCommand::Worklist(asked) => {
            let format = match (common.json, asked.excel, asked.format) {
                (true, ..) => "json",
                (_, true, _) => "excel",
                (.., Some(Shape::Csv)) => "csv",
                (.., Some(Shape::Geojson)) => "geojson",
                (.., Some(Shape::Gpx)) => "gpx",
                (.., Some(Shape::Table) | None) => "text",
            };
            Question::to("waste/worklist", format)
                .with("contractor", Some(&asked.contractor))
                .with("zone", asked.zone.as_deref())
                .with("hours", Some(&asked.hours.to_string()))
        }
        WasteCommand::Kpi(asked) => Question::to("waste/kpi", asked.shown.format(common.json))
            .with("contractor", asked.contractor.as_deref())
            .with("zone", asked.zone.as_deref())
            .with("by", asked.by.map(|By::Day| "day"))
            .over(&asked.period),
    };
    question.answer(settings, common).await
}
