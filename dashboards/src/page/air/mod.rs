//! Air: the city's stations on a map, one station, and who exceeded which limit.

mod calendar;
mod city;
mod exceeded;
mod profile;
mod rose;
mod ruler;
mod station;

use maud::{Markup, html};
use serde::Deserialize;

use super::parts::{Desk, Told};
use crate::numbers;

pub(crate) use city::city;
pub(crate) use exceeded::exceeded;
pub(crate) use station::station;

/// A year of a station against the limits of one set.
#[derive(Deserialize)]
pub(super) struct Exceedances {
    sets: Vec<Judged>,
    notes: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Judged {
    pub(super) set: String,
    pub(super) reference: String,
    pub(super) status: String,
    pub(super) year: i16,
    pub(super) rows: Vec<Row>,
}

#[derive(Deserialize)]
pub(super) struct Row {
    pub(super) pollutant: String,
    pub(super) statistic: String,
    pub(super) value: f64,
    pub(super) permitted: Option<u32>,
    pub(super) percentile: Option<f64>,
    pub(super) interim: Option<u8>,
    pub(super) status: String,
    pub(super) source: String,
    pub(super) expected: u64,
    pub(super) all: Counted,
}

#[derive(Deserialize)]
pub(super) struct Counted {
    pub(super) valid: u64,
    pub(super) above: u64,
    pub(super) figure: Told<f64>,
    pub(super) kept: Told<bool>,
}

/// A pollutant as it is written.
pub(super) fn formula(desk: &Desk<'_>, code: &str) -> Markup {
    html! { bdi dir="ltr" { @match code {
        "pm10" => { "PM" sub { "10" } }
        "pm25" => { "PM" sub { (numbers::decimal(desk.lang, 2.5, 1)) } }
        "no2" => { "NO" sub { "2" } }
        "o3" => { "O" sub { "3" } }
        "so2" => { "SO" sub { "2" } }
        "co" => "CO",
        "nox" => { "NO" sub { "x" } }
        other => (desk.lang.words().pages.air.substance(other)),
    } } }
}

/// A limit, with as many decimals as it has.
pub(super) fn limit(desk: &Desk<'_>, value: f64) -> Markup {
    desk.amount(value, usize::from(value < 10.0 && value.fract() > 0.0), "µg/m³")
}

/// What is compared with a limit, in words.
pub(super) fn statistic(desk: &Desk<'_>, code: &str) -> &'static str {
    const CODES: [&str; 8] = ["ten_minutes", "quarter_hour", "hour", "running8h", "mda8", "day", "peak_season", "year"];
    let words = &desk.lang.words().pages.air.statistics;
    CODES.iter().position(|known| *known == code).and_then(|i| words.get(i)).copied().unwrap_or_default()
}

/// How well a number is known, in words.
pub(super) fn status(desk: &Desk<'_>, code: &str) -> &'static str {
    const CODES: [&str; 4] = ["verified", "memory", "design", "unverified"];
    let words = &desk.lang.words().pages.air.statuses;
    CODES.iter().position(|known| *known == code).and_then(|i| words.get(i)).copied().unwrap_or_default()
}

/// Whether a limit was kept.
pub(super) fn kept(desk: &Desk<'_>, row: &Row) -> Markup {
    let words = &desk.lang.words().pages.air;
    html! { @match row.all.kept.value {
        Some(true) => span.ok { (words.kept) },
        Some(false) => span.bad { (words.exceeded) },
        None => small.quiet title=[row.all.kept.reason.as_deref()] { (words.too_few) },
    } }
}

/// How often a limit was exceeded, of how often it may be.
pub(super) fn above(desk: &Desk<'_>, row: &Row) -> Markup {
    html! { bdi.qty dir="ltr" { b { (numbers::whole(desk.lang, row.all.above)) }
        @if let Some(permitted) = row.permitted { small { " / " (numbers::whole(desk.lang, u64::from(permitted))) } }
        @if let Some(percentile) = row.percentile { small { " P" (numbers::decimal(desk.lang, percentile, 1)) } }
    } }
}

/// The choice of the set of limits.
fn sets(desk: &Desk<'_>, known: &[&str], chosen: &str, to: impl Fn(&str) -> String) -> Markup {
    html! { ul aria-label=(desk.lang.words().pages.air.set) {
        @for set in known { li { a href=(to(set)) aria-current=[(*set == chosen).then_some("true")] { bdi dir="ltr" { (set) } } } }
    } }
}
