//! What the commands about air, waste, parking and water have in common: one question to the API, shown as it was asked for.
//!
//! Deliberately absent: any arithmetic. The table, the file for Excel and the notes are the API's own.

use std::fmt::Write as _;
use std::io::{self, Write};

use clap::{Args, ValueEnum};
use settings::Settings;

use crate::city::{City, Purpose, whole};
use crate::cli::Common;
use crate::failure::{Failure, unwritable};

/// When.
#[derive(Clone, Debug, Args)]
pub(crate) struct Period {
    /// From this local date on, such as 2026-11-01, or this RFC 3339 instant [default: depends on the answer]
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<String>,
    /// Up to the end of this local date, or up to before this instant [default: now]
    #[arg(long, value_name = "DATE")]
    pub(crate) to: Option<String>,
}

/// How.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Shown {
    /// How it is shown [default: table; --json for everything there is to say]
    #[arg(long, value_enum, value_name = "FORMAT", conflicts_with = "json")]
    pub(crate) format: Option<Shape>,
    /// CSV as Excel opens it with the settings of fr-MA: `;`, decimal comma, local times
    #[arg(long, conflicts_with_all = ["format", "json"])]
    pub(crate) excel: bool,
}

/// How an answer without places is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Shape {
    /// For people: a table, what to know besides, and what is not verified
    Table,
    /// For machines: RFC 4180, decimal point, ISO 8601 UTC
    Csv,
}

impl Shown {
    /// As the API names it.
    pub(crate) const fn format(self, json: bool) -> &'static str {
        match (json, self.excel, self.format) {
            (true, ..) => "json",
            (_, true, _) => "excel",
            (.., Some(Shape::Csv)) => "csv",
            (.., Some(Shape::Table) | None) => "text",
        }
    }
}

/// A question under way: an address with its parameters.
pub(crate) struct Question(String);

impl Question {
    /// To this address, answered in this format.
    pub(crate) fn to(address: &str, format: &str) -> Self {
        Self(format!("/api/v1/{address}?format={format}"))
    }

    /// With a parameter, where it is given.
    pub(crate) fn with(mut self, name: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            // Writing to a String cannot fail.
            let _ = write!(self.0, "&{name}={}", encoded(value));
        }
        self
    }

    /// With the period.
    pub(crate) fn over(self, period: &Period) -> Self {
        self.with("from", period.from.as_deref()).with("to", period.to.as_deref())
    }

    /// Puts it to the running program, or to the stopped directory, and shows the answer.
    pub(crate) async fn answer(self, settings: &Settings, common: &Common) -> Result<(), Failure> {
        let city = City::reach(settings, common, Purpose::Ask).await?;
        let text = whole(city.ask(&self.0).await?).await?;
        let mut out = io::stdout().lock();
        out.write_all(&text).map_err(unwritable)?;
        if !text.ends_with(b"\n") {
            out.write_all(b"\n").map_err(unwritable)?;
        }
        let is_file = ["format=csv", "format=excel"].iter().any(|format| self.0.contains(format));
        if is_file && text.iter().filter(|b| **b == b'\n').count() <= 1 {
            eprintln!("no data: the table has no row; without --format and --excel the answer says why");
        }
        Ok(())
    }
}

/// Percent-encoded for a query (RFC 3986): what is not unreserved.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_parameter() {
        let question = Question::to("waste/worklist", "csv").with("contractor", Some("A & B=é")).with("zone", None);
        assert_eq!(question.0, "/api/v1/waste/worklist?format=csv&contractor=A%20%26%20B%3D%C3%A9");
    }
}
