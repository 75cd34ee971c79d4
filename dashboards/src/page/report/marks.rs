//! What reports draw: the index of each hour of a day, the shares of bands, a calendar. Time runs from left to right, shares begin
//! where the language does, a calendar is read as the language is.

use std::collections::BTreeMap;
use std::fmt::Write;

use jiff::civil::Date;
use maud::{Markup, PreEscaped, html};

use crate::numbers::{self, NONE};
use crate::page::parts::Desk;

/// Width of an hour, and height of a strip.
const CELL: usize = 10;
const HEIGHT: usize = 18;
/// Width of a day of a week.
const DAY: f64 = 44.0;
/// Width of all shares together.
const WIDTH: f64 = 300.0;

/// A cell for each hour, coloured by its level 1 to 6; one that is not known is empty.
pub(super) fn strip(levels: &[Option<u8>], label: &str) -> Markup {
    let mut out = String::new();
    for (i, level) in levels.iter().enumerate() {
        let class = level.map_or_else(|| "gap".to_owned(), |level| format!("q{level}"));
        // Writing to a String cannot fail.
        let _ = write!(out, r#"<rect class="{class}" x="{}" y="1" width="{}" height="{}"/>"#, i * CELL, CELL - 1, HEIGHT - 2);
    }
    let width = levels.len() * CELL;
    html! { svg.strip24 viewBox=(format!("0 0 {width} {HEIGHT}")) role="img" aria-label=(label) { (PreEscaped(out)) } }
}

/// The worst of a run of levels, and how often each comes.
pub(super) fn counted(levels: &[Option<u8>]) -> BTreeMap<u8, u32> {
    levels.iter().flatten().fold(BTreeMap::new(), |mut counts, level| {
        *counts.entry(*level).or_default() += 1;
        counts
    })
}

/// How much of a period each level, 1 to 6, had; what is not known stays empty.
pub(super) fn shares(desk: &Desk<'_>, counts: &BTreeMap<u8, u32>, all: u32, label: &str) -> Markup {
    let (mut out, mut at) = (String::new(), 0.0);
    for (level, count) in counts {
        let width = f64::from(*count) / f64::from(all.max(1)) * WIDTH;
        let x = if desk.lang.is_rtl() { WIDTH - at - width } else { at };
        // Writing to a String cannot fail.
        let _ = write!(out, r#"<rect class="q{level}" x="{x:.1}" y="1" width="{width:.1}" height="{}"/>"#, HEIGHT - 2);
        at += width;
    }
    html! { svg.shares viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label) preserveAspectRatio="none" {
        rect.gap x="0" y="1" width=(WIDTH) height=(HEIGHT - 2) {}
        (PreEscaped(out))
    } }
}

/// A month, a week a row from Monday on; a day has the number of its level, or a dash.
pub(super) fn calendar(desk: &Desk<'_>, first: Date, levels: &BTreeMap<Date, u8>, caption: &str) -> Markup {
    let words = desk.lang.words();
    let lead = usize::from(first.weekday().to_monday_zero_offset().unsigned_abs());
    let days = std::iter::successors(Some(first.first_of_month()), |date| date.tomorrow().ok())
        .take_while(|date| date.month() == first.month());
    let cells: Vec<Option<Date>> = std::iter::repeat_n(None, lead).chain(days.map(Some)).collect();
    html! { table.calendar {
        caption.vh { (caption) }
        thead { tr { @for (name, short) in words.weekdays.iter().zip(words.weekdays_short) { th scope="col" { span aria-hidden="true" { (short) } span.vh { (name) } } } } }
        tbody { @for week in cells.chunks(7) { tr { @for day in week { @match day {
            None => td.out {},
            Some(date) => td {
                small { (date.day()) } " "
                @match levels.get(date) {
                    Some(level) => span class=(format!("chip q{level}")) { (level) },
                    None => span.chip.dashed { (NONE) },
                }
            },
        } } } } }
    } }
}

/// A bar for each day from Monday on, with its number above and its name below; a day that is not known has neither.
pub(super) fn week(desk: &Desk<'_>, values: &[Option<f64>], decimals: usize, label: &str) -> Markup {
    let top = values.iter().flatten().copied().fold(0.0, f64::max).max(1e-9);
    let mut out = String::new();
    let middles = (0_u8..).map(|day| f64::from(day) * DAY + DAY / 2.0);
    for ((value, name), middle) in values.iter().zip(desk.lang.words().weekdays_short).zip(middles) {
        // Writing to a String cannot fail.
        let _ = write!(out, r#"<text x="{middle:.1}" y="92" text-anchor="middle">{name}</text>"#);
        let Some(value) = value else { continue };
        let height = (value / top * 56.0).max(0.8);
        let (x, y) = (middle - DAY / 2.0 + 4.0, 76.0 - height);
        let _ = write!(out, r#"<rect class="bar" x="{x:.1}" y="{y:.1}" width="{:.1}" height="{height:.1}"/>"#, DAY - 8.0);
        let number = numbers::decimal(desk.lang, *value, decimals);
        let _ = write!(out, r#"<text class="figure" x="{middle:.1}" y="{:.1}" text-anchor="middle">{number}</text>"#, y - 5.0);
    }
    html! { svg.week viewBox="0 0 308 98" role="img" aria-label=(label) { path.base d="M0 76.5H308" {} (PreEscaped(out)) } }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::lang;

    #[test]
    fn an_hour_that_is_not_known_is_no_level() {
        let svg = strip(&[Some(1), None, Some(4)], "x").into_string();
        assert_eq!((svg.matches("class=\"q").count(), svg.matches("class=\"gap\"").count()), (2, 1));
        assert_eq!(counted(&[Some(2), None, Some(2), Some(4)]), BTreeMap::from([(2, 2), (4, 1)]));
    }

    #[test]
    fn a_weekday_is_short_and_still_a_word() {
        assert_eq!([lang("ar"), lang("fr")].map(|lang| lang.words().weekdays_short[0]), ["إثنين", "lun"]);
    }
}
