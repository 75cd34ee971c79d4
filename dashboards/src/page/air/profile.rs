//! How a pollutant usually goes through the day: two lines, and the same values as a table.

use std::fmt::Write;

use maud::{Markup, PreEscaped, html};
use serde::Deserialize;

use super::formula;
use super::station::Asked;
use crate::numbers;
use crate::page::parts::{Desk, empty, panel};

const WIDTH: f64 = 420.0;
/// Where the values are drawn: above the hours, and beside the numbers of the axis.
const TOP: f64 = 10.0;
const GROUND: f64 = 190.0;
const AXIS: f64 = 40.0;
const MARGIN: f64 = 8.0;
/// Lines of the axis at most.
const LINES: f64 = 5.0;

/// The means of each hour of the day.
#[derive(Deserialize)]
pub(super) struct Profile {
    weekday: Vec<Usual>,
    weekend: Vec<Usual>,
}

/// What is usual, and of how many hours that is known.
#[derive(Deserialize)]
pub(super) struct Usual {
    pub(super) hours: u64,
    pub(super) mean: Option<f64>,
}

/// The section; none where the answer could not be had.
pub(super) fn section(desk: &Desk<'_>, asked: &Asked<'_>, profile: Option<&Profile>) -> Markup {
    let words = &desk.lang.words().pages.air;
    let body = profile.map(|profile| {
        if profile.weekday.iter().chain(&profile.weekend).all(|usual| usual.mean.is_none()) {
            return empty(words.no_pattern);
        }
        html! {
            (drawing(desk, profile))
            ul.key {
                li { svg.line viewBox="0 0 26 8" aria-hidden="true" { path.weekday d="M0 4H26" {} } (words.weekday) }
                li { svg.line viewBox="0 0 26 8" aria-hidden="true" { path.weekend d="M0 4H26" {} } (words.weekend) }
            }
            (table(desk, profile))
        }
    });
    let note = html! { (formula(desk, &asked.pollutant)) " " bdi dir="ltr" { "µg/m³" } " · " (words.of_ninety_days) };
    panel(desk.lang, "profile", words.profile, &note, body)
}

/// Time runs from left to right; in Arabic the axis of values stands on the right.
fn drawing(desk: &Desk<'_>, profile: &Profile) -> Markup {
    let words = &desk.lang.words().pages.air;
    let all = || profile.weekday.iter().chain(&profile.weekend).filter_map(|usual| usual.mean);
    let step = round_step(all().fold(0.0, f64::max) / LINES);
    let top = (all().fold(0.0, f64::max) / step).ceil().max(1.0) * step;
    let (left, right) = if desk.lang.is_rtl() { (MARGIN, WIDTH - AXIS) } else { (AXIS, WIDTH - MARGIN) };
    let x = |hour: f64| left + (hour + 0.5) / 24.0 * (right - left);
    let y = |value: f64| GROUND - value / top * (GROUND - TOP);
    let mut out = String::new();
    let mut value = 0.0;
    // Half a step beyond: the last line is the top's, whatever the addition of steps comes to.
    while value < top + step / 2.0 {
        let (at, number) = (y(value), numbers::decimal(desk.lang, value, usize::from(step < 1.0)));
        let (edge, anchor) = if desk.lang.is_rtl() { (right + 6.0, "start") } else { (left - 6.0, "end") };
        // Writing to a String cannot fail.
        let _ = write!(out, r#"<path class="grid" d="M{left:.1} {at:.1}H{right:.1}"/>"#);
        let _ = write!(out, r#"<text x="{edge:.1}" y="{:.1}" text-anchor="{anchor}">{number}</text>"#, at + 4.0);
        value += step;
    }
    for hour in [0, 6, 12, 18] {
        let _ = write!(out, r#"<text x="{:.1}" y="208" text-anchor="middle">{hour:02}:00</text>"#, x(f64::from(hour)));
    }
    for (class, usual) in [("weekend", &profile.weekend), ("weekday", &profile.weekday)] {
        let _ = write!(out, r#"<path class="{class}" d="{}"/>"#, line(usual, x, y));
    }
    let told = [(words.weekday, &profile.weekday), (words.weekend, &profile.weekend)];
    let told: Vec<String> =
        told.into_iter().filter_map(|(name, usual)| Some(format!("{name}: {}", highest(desk, usual)?))).collect();
    html! { svg.profile viewBox="0 0 420 214" role="img" aria-label=(format!("{}. {}", words.profile, told.join(", "))) { (PreEscaped(out)) } }
}

/// A line through what is known; gaps stay gaps.
fn line(usual: &[Usual], x: impl Fn(f64) -> f64, y: impl Fn(f64) -> f64) -> String {
    let (mut path, mut drawn) = (String::new(), false);
    for (hour, mean) in (0_u8..).zip(usual.iter().map(|usual| usual.mean)) {
        if let Some(mean) = mean {
            // Writing to a String cannot fail. A line of no length gives a value between two gaps a dot, by its round ends.
            let _ = write!(path, "{}{:.1} {:.1}h0", if drawn { "L" } else { "M" }, x(f64::from(hour)), y(mean));
        }
        drawn = mean.is_some();
    }
    path
}

/// The highest hour, in words: `08:00, 55 µg/m³`.
fn highest(desk: &Desk<'_>, usual: &[Usual]) -> Option<String> {
    let known = usual.iter().enumerate().filter_map(|(hour, usual)| Some((hour, usual.mean?)));
    let (hour, mean) = known.reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    Some(format!("{hour:02}:00, {} µg/m³", numbers::decimal(desk.lang, mean, 1)))
}

/// The step of an axis: 1, 2 or 5 times a power of ten, not below `least`.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.max(0.01).log10().floor());
    [1.0, 2.0, 5.0].into_iter().map(|step| step * power).find(|step| *step >= least).unwrap_or(10.0 * power)
}

fn table(desk: &Desk<'_>, profile: &Profile) -> Markup {
    let words = &desk.lang.words().pages.air;
    let of = |usual: &Usual| {
        html! { @match usual.mean {
            Some(mean) => (desk.amount(mean, 1, "")),
            None => (desk.none()),
        } " " small.quiet { "(" (numbers::whole(desk.lang, usual.hours)) ")" } }
    };
    html! { details.keys {
        summary { (words.as_table) }
        table.rows {
            caption { (words.hours_in_brackets) }
            thead { tr {
                th scope="col" { (words.hour) }
                th.n scope="col" { (words.weekday) }
                th.n scope="col" { (words.weekend) }
            } }
            tbody { @for (hour, (weekday, weekend)) in profile.weekday.iter().zip(&profile.weekend).enumerate() { tr {
                th scope="row" { bdi dir="ltr" { (format!("{hour:02}:00")) } }
                td.n { (of(weekday)) }
                td.n { (of(weekend)) }
            } } }
        }
    } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_an_axis_are_round_and_gaps_stay_gaps() {
        assert_eq!([0.0, 0.3, 1.0, 1.1, 14.0, 51.0, 100.0].map(round_step), [0.01, 0.5, 1.0, 2.0, 20.0, 100.0, 100.0]);
        let usual = [Some(1.0), Some(2.0), None, Some(3.0)].map(|mean| Usual { hours: 3, mean });
        let path = line(&usual, |hour| hour, |value| value);
        assert_eq!(path, "M0.0 1.0h0L1.0 2.0h0M3.0 3.0h0");
    }
}
