//! How full a zone usually is: an hour of the week a cell, in a table that is read as well as seen.

use maud::{Markup, html};
use schemas::Zone;
use serde::Deserialize;

use crate::atlas::zone_name;
use crate::numbers::{self, NONE};
use crate::page::glance::Glance;
use crate::page::parts::{Desk, empty, panel};

const HOURS_OF_DAY: usize = 24;
/// Per cent from which on a cell is darker; at the last one drivers search.
const STEPS: [f64; 3] = [50.0, 70.0, 85.0];

/// The weeks of zones.
#[derive(Deserialize)]
pub(super) struct Weeks {
    zones: Vec<Week>,
}

#[derive(Deserialize)]
struct Week {
    withheld: bool,
    /// From Monday 00:00 on.
    #[serde(default)]
    hours: Vec<Hour>,
}

#[derive(Deserialize)]
struct Hour {
    occupancy: Option<f64>,
    low_confidence: bool,
}

/// The zone that is shown where nobody asks for one: that with the most spaces.
pub(super) fn usual_zone(glance: &Glance) -> Option<&Zone> {
    let spaces = |lot: &&crate::page::glance::Lot| lot.free + lot.taken + lot.unknown;
    glance.lots.iter().flatten().max_by_key(spaces).map(|lot| &lot.zone)
}

/// The section of a zone; none where the answer could not be had.
pub(super) fn section(desk: &Desk<'_>, glance: &Glance, zone: &Zone, weeks: Option<&Weeks>) -> Markup {
    let words = &desk.lang.words().pages.parking;
    let body = weeks.map(|weeks| {
        let week = weeks.zones.first();
        html! {
            (choice(desk, glance, zone))
            @match week {
                Some(week) if week.withheld => (empty(desk.lang.words().withheld)),
                Some(week) if week.hours.iter().any(|hour| hour.occupancy.is_some()) => { (table(desk, zone, week)) (key(desk, week)) }
                _ => (empty(words.week_unknown)),
            }
        }
    });
    html! { div.after { (panel(desk.lang, "week", words.week, &html! { (words.week_note) }, body)) } }
}

fn choice(desk: &Desk<'_>, glance: &Glance, zone: &Zone) -> Markup {
    let mut zones: Vec<(String, &Zone)> =
        glance.lots.iter().flatten().map(|lot| (zone_name(desk.lang, &lot.zone), &lot.zone)).collect();
    zones.sort();
    html! { form.filters method="get" data-auto data-remember="parking" {
        label.field { span { (desk.lang.words().zone) } select name="zone" {
            @for (name, known) in &zones { option value=(known) selected[*known == zone] { (name) } }
        } }
        button.btn { (desk.lang.words().pages.desk.filter) }
    } }
}

fn table(desk: &Desk<'_>, zone: &Zone, week: &Week) -> Markup {
    let words = desk.lang.words();
    html! { div.wide tabindex="0" role="group" aria-label=(words.pages.parking.week) { table.hours {
        caption.vh { (words.pages.parking.week) " " (zone_name(desk.lang, zone)) }
        thead { tr {
            th scope="col" { span.vh { (words.pages.parking.day) } }
            @for hour in 0..HOURS_OF_DAY { th scope="col" { bdi dir="ltr" { (format!("{hour:02}")) span.vh { ":00" } } } }
        } }
        tbody { @for (name, hours) in words.weekdays.into_iter().zip(week.hours.chunks(HOURS_OF_DAY)) { tr {
            th scope="row" { (name) }
            @for hour in hours { (cell(desk, hour)) }
        } } }
    } } }
}

fn cell(desk: &Desk<'_>, hour: &Hour) -> Markup {
    let words = desk.lang.words();
    let Some(percent) = hour.occupancy else {
        return html! { td.gap { span aria-hidden="true" { (NONE) } span.vh { (words.no_data) } } };
    };
    let class = format!("h{}{}", step(percent), if hour.low_confidence { " doubtful" } else { "" });
    html! { td class=(class) {
        (numbers::decimal(desk.lang, percent, 0)) @if hour.low_confidence { span.vh { " " (words.low_confidence) } }
    } }
}

/// The step of a share, 0 to 3.
fn step(percent: f64) -> usize {
    STEPS.iter().filter(|from| percent >= **from).count()
}

fn key(desk: &Desk<'_>, week: &Week) -> Markup {
    let words = &desk.lang.words().pages.parking;
    html! {
        ul.key {
            @for (step, name) in words.steps.into_iter().enumerate() { li { span class=(format!("swatch h{step}")) {} (name) } }
            li { span.swatch.gap {} (desk.lang.words().no_data) }
        }
        @if week.hours.iter().any(|hour| hour.occupancy.is_some() && hour.low_confidence) { p.note.foot { (words.doubtful_hours) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_darkest_where_drivers_search() {
        assert_eq!([0.0, 49.9, 50.0, 84.9, 85.0, 100.0].map(step), [0, 0, 1, 2, 3, 3]);
    }
}
