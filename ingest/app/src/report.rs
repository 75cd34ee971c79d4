//! `marsad report`: a report as one file, for print, mail or an archive.
//!
//! Deliberately absent: any arithmetic. The file is the one that the pages give.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use settings::Settings;

use crate::city::{City, Purpose, whole};
use crate::cli::Common;
use crate::failure::{Failure, unwritable, unwritable_file};

/// Which report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Which {
    /// The air bulletin of a day
    Daily,
    /// The air of a month: calendar, capture, indices, exceedances
    Monthly,
    /// How contractors did in a week, Monday to Sunday
    Weekly,
}

/// In which language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    /// French
    Fr,
    /// Arabic, from right to left
    Ar,
    /// English
    En,
}

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// Which report
    #[arg(value_enum)]
    which: Which,
    /// In which language
    #[arg(long, value_enum, default_value = "fr")]
    lang: Lang,
    /// A local date in its period, such as 2026-11-20 [default: the last whole day, month or week]
    #[arg(long, value_name = "DATE")]
    date: Option<jiff::civil::Date>,
    /// Where the file goes [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// The address of the page, as a file that needs nothing else.
fn address(asked: &Report) -> String {
    let lang = match asked.lang {
        Lang::Fr => "fr",
        Lang::Ar => "ar",
        Lang::En => "en",
    };
    let which = match asked.which {
        Which::Daily => "daily",
        Which::Monthly => "monthly",
        Which::Weekly => "weekly",
    };
    let date = asked.date.map_or_else(String::new, |date| format!("&date={date}"));
    format!("/{lang}/reports/{which}?alone=true{date}")
}

pub(crate) async fn report(settings: &Settings, common: &Common, asked: &Report) -> Result<(), Failure> {
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let file = whole(city.ask(&address(asked)).await?).await?;
    match &asked.output {
        None => io::stdout().lock().write_all(&file).map_err(unwritable),
        Some(path) => std::fs::write(path, &file).map_err(|cause| unwritable_file(path, &cause)),
    }
}
