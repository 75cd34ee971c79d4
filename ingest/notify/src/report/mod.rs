//! Reports by mail: which edition of which report is due for whom, and the courier that has each made and posts it once.
//!
//! Deliberately absent: what stands in a report ([`Press`] makes it), sending (a dispatcher does, as it does with alerts), and
//! any way but mail: a report is a document.

mod courier;
mod mailings;
mod schedule;

pub use courier::{Courier, CourierError, Press};
pub use mailings::Mailings;
pub use schedule::{Edition, Shape, Which};

use ports::Language;
use schemas::ChannelName;
use serde::Deserialize;

use crate::channels::Address;
use crate::dispatcher::{LineSetup, Route};
use crate::settings::{Settings, SettingsError};

/// One `[[report]]`; `config/default.toml` says what each key means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportSettings {
    /// By which it is known: each name has its own editions.
    pub name: ChannelName,
    /// Which report.
    pub which: Which,
    /// The local time at which it goes.
    pub at: jiff::civil::Time,
    /// Who gets it: receivers that have a mail address.
    pub receivers: Vec<ChannelName>,
    /// Its language; that of each receiver where it is not given.
    pub language: Option<Language>,
    /// Of this contractor alone: the weekly one.
    pub contractor: Option<String>,
    /// As what it goes.
    #[serde(rename = "as", default)]
    pub shape: Shape,
}

/// A report for one line: who gets it by which channel, in which language.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// The report.
    pub report: ReportSettings,
    /// How it goes.
    pub line: LineSetup,
}

/// Who gets which report, one after the other, as the settings say.
///
/// # Errors
/// A report that is there twice, or goes to somebody who cannot be reached by mail.
pub fn subscriptions(
    reports: &[ReportSettings],
    settings: &Settings,
    lines: &[LineSetup],
) -> Result<Vec<Subscription>, SettingsError> {
    let mut all = Vec::new();
    for (place, report) in reports.iter().enumerate() {
        let wrong = |reason: String| SettingsError::Report { place, report: report.name.clone(), reason };
        if reports.iter().take(place).any(|before| before.name == report.name) {
            return Err(wrong("is there twice".to_owned()));
        }
        if report.receivers.is_empty() {
            return Err(wrong("receivers: expected at least one".to_owned()));
        }
        if report.contractor.is_some() && report.which != Which::Weekly {
            return Err(wrong("contractor: only the weekly report is of a contractor".to_owned()));
        }
        for receiver in &report.receivers {
            let by_mail = |line: &&LineSetup| line.receiver == *receiver && is_mail(settings, &line.route);
            let line = lines.iter().find(by_mail).ok_or_else(|| {
                wrong(format!("receivers: `{receiver}` is nobody who is reached over a [[notify.channel]] of type email"))
            })?;
            let language = report.language.unwrap_or(line.language);
            // A report goes by mail or not at all: no other channel steps in.
            let line = LineSetup { language, fallback: None, ..line.clone() };
            all.push(Subscription { report: report.clone(), line });
        }
    }
    Ok(all)
}

fn is_mail(settings: &Settings, route: &Route) -> bool {
    let channel = settings.channel.iter().find(|channel| channel.name == route.channel);
    let kind = channel.and_then(|channel| crate::TYPES.iter().find(|kind| kind.name == channel.kind));
    kind.is_some_and(|kind| kind.address == Address::Mail)
}
