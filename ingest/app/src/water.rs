//! `marsad water`: consumption by zone, losses of districts, and single connections under pseudonyms.

use clap::{Args, Subcommand, ValueEnum};
use settings::Settings;

use crate::answer::{Period, Question, Shown};
use crate::cli::Common;
use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum WaterCommand {
    /// Sums by zone and day over enough connections, or one connection under its pseudonym
    #[command(after_help = "Examples:
  marsad water consumption --from 2026-11-01 --to 2026-11-15
  marsad water consumption --meter 5xq2vh7c4ayjk3n6p2ta --every 1h

Sums are published over at least 10 connections of which none is more than half. Single connections need the keys of
the pseudonyms: privacy.keys in the settings.")]
    Consumption(Consumption),
    /// Connections behind which water never stops, and pipes that burst; under pseudonyms
    #[command(after_help = "Examples:
  marsad water leaks
  marsad water leaks --zone anfa --from 2026-11-01 --json

Needs the keys of the pseudonyms: privacy.keys in the settings.")]
    Leaks(Leaks),
    /// What districts lose: inflow against metered consumption
    #[command(after_help = "Examples:
  marsad water balance                                      the last 7 whole days
  marsad water balance --district 'Anfa haut' --from 2026-11-01 --to 2026-11-15 --json

Which meters feed a district, and whose connections it holds: [[domains.district]] in the settings. Districts of fewer than 10
connections, or that leave fewer of a zone, are withheld.")]
    Balance(District),
    /// What flows into districts while everybody sleeps, and nights far above the usual
    #[command(after_help = "Examples:
  marsad water night
  marsad water night --district 'Anfa haut' --from 2027-02-20 --to 2027-02-28

The quiet hours are 2 to 4 in the morning, in Ramadan 6 to 8. An alarm needs half of the 28 nights before.")]
    Night(District),
    /// Meters that stand still although water was drawn before; under pseudonyms
    #[command(after_help = "Examples:
  marsad water stuck
  marsad water stuck --zone anfa --to 2026-11-20 --format csv

30 days of nothing after 90 days with 50 L a day. Needs the keys of the pseudonyms: privacy.keys in the settings.")]
    Stuck(Stuck),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Every {
    /// A local day
    #[value(name = "1d")]
    Day,
    /// An hour
    #[value(name = "1h")]
    Hour,
}

#[derive(Debug, Args)]
pub(crate) struct Consumption {
    /// Only this zone
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Only the connection with this pseudonym
    #[arg(long, value_name = "PSEUDONYM")]
    meter: Option<String>,
    /// Steps of a connection [default: 1d]
    #[arg(long, value_enum, requires = "meter")]
    every: Option<Every>,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Args)]
pub(crate) struct Leaks {
    /// Only this zone
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Args)]
pub(crate) struct District {
    /// Only this district, as the settings name it
    #[arg(long, value_name = "NAME")]
    district: Option<String>,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Debug, Args)]
pub(crate) struct Stuck {
    /// Only this zone
    #[arg(long, value_name = "ZONE")]
    zone: Option<String>,
    /// Judged at the end of this local date [default: the last day that is over]
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    #[command(flatten)]
    shown: Shown,
}

pub(crate) async fn water(settings: &Settings, common: &Common, command: &WaterCommand) -> Result<(), Failure> {
    let question = match command {
        WaterCommand::Consumption(asked) => {
            let every = asked.every.map(|every| match every {
                Every::Day => "1d",
                Every::Hour => "1h",
            });
            Question::to("water/consumption", asked.shown.format(common.json))
                .with("zone", asked.zone.as_deref())
                .with("meter", asked.meter.as_deref())
                .with("every", every)
                .over(&asked.period)
        }
        WaterCommand::Leaks(asked) => {
            Question::to("water/leaks", asked.shown.format(common.json)).with("zone", asked.zone.as_deref()).over(&asked.period)
        }
        WaterCommand::Balance(asked) => of_district("water/balance", asked, common),
        WaterCommand::Night(asked) => of_district("water/night", asked, common),
        WaterCommand::Stuck(asked) => Question::to("water/stuck", asked.shown.format(common.json))
            .with("zone", asked.zone.as_deref())
            .with("to", asked.to.as_deref()),
    };
    question.answer(settings, common).await
}

fn of_district(address: &str, asked: &District, common: &Common) -> Question {
    let question = Question::to(address, asked.shown.format(common.json));
    question.with("district", asked.district.as_deref()).over(&asked.period)
}
