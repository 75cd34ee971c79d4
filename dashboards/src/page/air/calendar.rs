//! A year of a station, a cell a day: by the worst hour of the European index, or by a limit. A table, so that it is read as well as seen.

use jiff::civil::Date;
use maud::{Markup, html};
use serde::Deserialize;

use super::station::Asked;
use crate::numbers::{self, NONE};
use crate::page::parts::{Desk, panel};
use crate::params::Params;
use crate::problem::Problem;

/// The most days that a month has.
const DAYS: i8 = 31;
const MONTHS: std::ops::RangeInclusive<i8> = 1..=12;

/// The days of a year.
#[derive(Deserialize)]
pub(super) struct Year {
    year: i16,
    statistic: Option<String>,
    limit: Option<f64>,
    days: Vec<Day>,
}

#[derive(Deserialize)]
struct Day {
    date: Date,
    level: Option<u8>,
    value: Option<f64>,
}

/// By what a day is coloured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Index,
    Limit,
}

impl By {
    const ALL: [(By, &'static str); 2] = [(By::Index, "index"), (By::Limit, "limit")];

    /// `by`, the index where nobody asks.
    pub(super) fn of(params: &Params) -> Result<Self, Problem> {
        let Some(asked) = params.one("by")? else { return Ok(By::Index) };
        let known = Self::ALL.into_iter().find(|(_, code)| *code == asked).map(|(by, _)| by);
        known.ok_or_else(|| Problem::parameter("by", "days are not coloured so", "index or limit"))
    }

    /// Its code in addresses.
    pub(super) fn code(self) -> &'static str {
        Self::ALL.into_iter().find(|(by, _)| *by == self).map_or("index", |(_, code)| code)
    }
}

/// The section; none where the answer could not be had.
pub(super) fn section(desk: &Desk<'_>, asked: &Asked<'_>, year: Option<&Year>) -> Markup {
    let words = &desk.lang.words().pages.air;
    let note = html! { @if let Some(year) = year { (year.year) " · " (match asked.by { By::Index => words.by_worst_hour, By::Limit => words.by_value }) } };
    let body = year.map(|year| html! {
        div.ranges { ul aria-label=(words.coloured_by) {
            @for ((by, code), name) in By::ALL.into_iter().zip([desk.lang.words().air_index, words.limit]) {
                li { a href=(format!("{}#calendar", asked.with(desk, "by", code))) aria-current=[(by == asked.by).then_some("true")] { (name) } }
            }
        } }
        (table(desk, asked.by, year))
        (key(desk, asked, year))
    });
    html! { div.after { (panel(desk.lang, "calendar", words.calendar, &note, body)) } }
}

fn table(desk: &Desk<'_>, by: By, year: &Year) -> Markup {
    let words = desk.lang.words();
    let mut told = year.days.iter().peekable();
    html! { div.wide tabindex="0" role="group" aria-label=(words.pages.air.calendar) { table.days {
        caption.vh { (words.pages.air.calendar) " " (year.year) }
        thead { tr { td {} @for day in 1..=DAYS { th scope="col" { (day) } } } }
        tbody { @for (month, name) in MONTHS.zip(words.months) { tr {
            th scope="row" { (name) }
            @for day in 1..=DAYS { @match Date::new(year.year, month, day) {
                Err(_) => td.out {},
                Ok(date) => @match told.next_if(|told| told.date == date) {
                    Some(told) => (cell(desk, by, told, year.limit)),
                    // What is to come is not unknown.
                    None => td {},
                },
            } }
        } } }
    } } }
}

fn cell(desk: &Desk<'_>, by: By, day: &Day, limit: Option<f64>) -> Markup {
    let words = desk.lang.words();
    let judged = day.value.zip(limit);
    match (by, day.level, judged) {
        (By::Index, Some(level), _) => {
            let band = words.bands.get(usize::from(level.saturating_sub(1))).copied().unwrap_or_default();
            html! { td class=(format!("q{level}")) { (level) span.vh { " " (band) } } }
        }
        (By::Limit, _, Some((value, limit))) => {
            html! { td class=(part(value, limit)) { (numbers::decimal(desk.lang, value, 0)) } }
        }
        _ => html! { td.gap { span aria-hidden="true" { (NONE) } span.vh { (words.no_data) } } },
    }
}

/// The class of a value beside its limit, which is kept when equal.
fn part(value: f64, limit: f64) -> &'static str {
    if value > limit {
        "over"
    } else if value > limit / 2.0 {
        "h1"
    } else {
        "h0"
    }
}

/// What the colours mean.
fn key(desk: &Desk<'_>, asked: &Asked<'_>, year: &Year) -> Markup {
    let words = desk.lang.words();
    html! { @match (asked.by, year.limit) {
        (By::Index, _) => ul.key { (bands(desk)) li { span.swatch.gap {} (words.no_data) } },
        (By::Limit, None) => p.note.foot { (words.pages.air.no_limits) },
        (By::Limit, Some(limit)) => {
            ul.key {
                @for (class, name) in ["h0", "h1", "over"].into_iter().zip(words.pages.air.parts) { li { span class=(format!("swatch {class}")) {} (name) } }
                li { span.swatch.gap {} (words.no_data) }
            }
            p.note.foot { (super::formula(desk, &asked.pollutant)) ", " (words.pages.air.limit) " " (super::limit(desk, limit))
                @if let Some(statistic) = &year.statistic { " (" (super::statistic(desk, statistic)) ")" } }
        }
    } }
}

/// The bands of the European index, as the items of a key.
pub(super) fn bands(desk: &Desk<'_>) -> Markup {
    html! { @for (level, name) in (1..).zip(desk.lang.words().bands) { li { span class=(format!("swatch q{level}")) {} (level) " " (name) } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_kept_when_equal() {
        assert_eq!([20.0, 22.5, 22.6, 45.0, 45.1].map(|value| part(value, 45.0)), ["h0", "h0", "h1", "h1", "over"]);
    }
}
