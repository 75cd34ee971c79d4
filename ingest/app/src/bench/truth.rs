//! `marsad bench truth`: a simulated city of which the truth is known, and how much of it is found again by the functions that the
//! API asks.
//!
//! Whoever judges a moment sees what was heard until then. Deliberately absent: the way from bytes to readings, which other
//! tests hold, and what is normal in a real city: a figure here says what the algorithms can do, not what a street will.

mod bins;
mod meters;
mod street;

use std::io::Write;

use domains::time::{Calendar, CityTime};
use schemas::Timestamp;
use serde::Serialize;
use simulators::{Season, SeasonDay};

use crate::bench::args::Truth;
use crate::failure::{Code, Failure, unwritable};

/// The first day: the city has been at UTC since the day before.
const START: &str = "2026-09-21T00:00:00Z";
const ZONE: &str = "Africa/Casablanca";

/// One figure, and the bar that it must not fall below or rise above.
#[derive(Debug, Serialize)]
struct Figure {
    name: &'static str,
    /// None where nothing happened that it could be made from.
    value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_least: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at_most: Option<f64>,
    ok: bool,
    /// What it was made from.
    of: String,
}

impl Figure {
    fn at_least(name: &'static str, value: Option<f64>, bar: f64, of: String) -> Self {
        Self { name, value, at_least: Some(bar), at_most: None, ok: value.is_some_and(|v| v >= bar), of }
    }

    fn at_most(name: &'static str, value: Option<f64>, bar: f64, of: String) -> Self {
        Self { name, value, at_least: None, at_most: Some(bar), ok: value.is_some_and(|v| v <= bar), of }
    }

    /// Shown, and judged by nobody.
    fn shown(name: &'static str, value: Option<f64>, of: String) -> Self {
        Self { name, value, at_least: None, at_most: None, ok: true, of }
    }
}

/// A part of a whole; none of nothing.
fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| in_f64(part) / in_f64(whole))
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark")]
fn in_f64(count: usize) -> f64 {
    count as f64
}

pub(crate) fn truth(options: &Truth, json: bool) -> Result<(), Failure> {
    let wrong = |what: String| Failure::new(Code::Stopped, what);
    let city = CityTime::of(ZONE).map_err(|e| wrong(e.to_string()))?;
    let start: Timestamp = START.parse().map_err(|e: schemas::TimeError| wrong(e.to_string()))?;
    let season = Season::new(options.seed, start, calendar(&city, start, options.days));
    let mut figures = bins::figures(&season, u32::from(options.bins), &city);
    figures.extend(meters::figures(&season, u32::from(options.meters)).map_err(wrong)?);
    figures.extend(street::figures(&season, u32::from(options.bays)));
    tell(options, &figures, json).map_err(unwritable)?;
    let fallen: Vec<&str> = figures.iter().filter(|f| !f.ok).map(|f| f.name).collect();
    if fallen.is_empty() {
        return Ok(());
    }
    Err(Failure::new(Code::Failed, format!("the bar is not reached: {} (seed {})", fallen.join(", "), options.seed)))
}

/// What the calendar says of each day.
fn calendar(city: &CityTime, start: Timestamp, days: u16) -> Vec<SeasonDay> {
    let calendar = Calendar::casablanca();
    let first = city.date(start);
    let day = |n: u16| {
        let date = Calendar::shifted(first, i32::from(n));
        SeasonDay { waste: calendar.waste_factor("anfa", date).value, ramadan: calendar.ramadan(date).map(|r| r.day) }
    };
    (0..days).map(day).collect()
}

fn tell(options: &Truth, figures: &[Figure], json: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let Truth { days, seed, bins, meters, bays } = options;
    if json {
        let all = serde_json::json!({
            "days": days, "seed": seed, "bins": bins, "meters": meters, "bays": bays,
            "ok": figures.iter().all(|f| f.ok), "figures": figures,
        });
        return writeln!(out, "{all}");
    }
    writeln!(out, "{days} days of a simulated city, seed {seed}: {bins} bins, {meters} meters, {bays} bays")?;
    for figure in figures {
        let value = figure.value.map_or_else(|| "-".to_owned(), |v| format!("{v:.4}"));
        let bar = match (figure.at_least, figure.at_most) {
            (Some(bar), _) => format!(">= {bar}"),
            (None, Some(bar)) => format!("<= {bar}"),
            (None, None) => String::new(),
        };
        let mark = if figure.ok { "ok  " } else { "FALLS" };
        writeln!(out, "{mark:<5} {:<44} {value:>9} {bar:<8} {}", figure.name, figure.of)?;
    }
    Ok(())
}
