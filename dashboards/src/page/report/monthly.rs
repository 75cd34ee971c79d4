//! The air of a month: the calendar of the city, and each station with its capture, its indices and what exceeded a limit.

use std::collections::BTreeSet;

use maud::{Markup, html};
use schemas::{DeviceId, Timestamp};

use super::air::{Hours, Report, Summary, stations};
use super::{Asked, heading, marks, of_month};
use crate::numbers;
use crate::page::air::{Judged, Row, above, formula, limit, statistic, status};
use crate::page::glance::Glance;
use crate::page::parts::{Desk, empty};
use crate::page::visit::{Sheet, Visit};
use crate::problem::Problem;

/// `/{lang}/reports/monthly?date=&alone=`
pub(crate) async fn monthly(visit: &Visit) -> Result<Sheet, Problem> {
    let (asked, _) = Asked::of(visit, &[], of_month)?;
    let hours = Hours::of(visit, asked.first, asked.last).await?;
    let mut told = Vec::new();
    for station in stations(visit).await? {
        let report: Option<Report> = visit.part(&format!("air/report?station={station}&{}", asked.period())).await;
        told.push((station, report));
    }
    let (desk, words) = (visit.desk(), &visit.lang.words().pages.report);
    let glance = Glance::present(&visit.rooms).await;
    let month = numbers::month(visit.lang, asked.first);
    let days = hours.days(visit);
    let poor = days.values().filter(|level| **level >= 4).count() as u64;
    let answer = format!("{}{}{}", words.poor_days, desk.colon(), visit.lang.words().days.say(visit.lang, poor));
    let main = html! {
        (asked.links(&desk, "monthly", ""))
        (heading(&desk, visit, words.monthly, &month, &answer))
        section.plate aria-labelledby="calendar" {
            div.head { h2 #calendar { (words.calendar) } p.note { (words.calendar_note) } }
            (marks::calendar(&desk, asked.first, &days, words.calendar))
        }
        @if told.is_empty() { (empty(visit.lang.words().nothing_yet)) }
        @for (station, report) in &told { (one(&desk, &glance, &hours, station, report.as_ref())) }
        p.note.foot { (words.index) " " (visit.lang.words().pages.air.no_emergency) }
        (notes(&desk, &told))
    };
    Ok(asked.sheet("air-monthly", format!("{} · {month}", words.monthly), main))
}

fn one(desk: &Desk<'_>, glance: &Glance, hours: &Hours, station: &DeviceId, report: Option<&Report>) -> Markup {
    let words = &desk.lang.words().pages.report;
    let (name, id) = (glance.name(desk.lang, station), format!("of-{station}"));
    let levels = hours.levels(station);
    let all = u32::try_from(levels.len()).unwrap_or(u32::MAX);
    let counts = marks::counted(&levels);
    let known: Vec<String> = counts.iter().map(|(level, count)| format!("{level}: {count}")).collect();
    html! { section.plate aria-labelledby=(id) {
        div.head { h2 id=(id) { bdi { (name) } } p.note { (words.shares) } }
        (marks::shares(desk, &counts, all, &format!("{} {}", words.shares, known.join(", "))))
        @match report {
            None => (empty(desk.lang.words().unreadable)),
            Some(report) if report.pollutants.is_empty() => (empty(desk.lang.words().pages.common.no_values)),
            Some(report) => { (pollutants(desk, report)) (exceeded(desk, report)) }
        }
    } }
}

fn pollutants(desk: &Desk<'_>, report: &Report) -> Markup {
    let (words, air) = (&desk.lang.words().pages.report, &desk.lang.words().pages.air);
    html! { div.wide tabindex="0" role="group" aria-label=(air.pollutant) { table.rows.report {
        caption.vh { (air.pollutant) }
        thead { tr {
            th scope="col" { (air.pollutant) }
            th.n scope="col" { (words.month_mean) }
            th.n scope="col" { (words.max_hour) }
            th.n.late scope="col" { (desk.lang.words().pages.waste.when) }
            th.n scope="col" { (words.capture) }
        } }
        tbody { @for summary in &report.pollutants { (pollutant(desk, summary)) } }
    } } }
}

fn pollutant(desk: &Desk<'_>, summary: &Summary) -> Markup {
    let air = &desk.lang.words().pages.air;
    let capture = f64::from(summary.valid) / f64::from(summary.expected.max(1)) * 100.0;
    html! { tr {
        th scope="row" { (formula(desk, &summary.pollutant)) }
        td.n { @match summary.mean.value {
            Some(mean) => (desk.amount(mean, 1, "µg/m³")),
            None => small.quiet title=[summary.mean.reason.as_deref()] { (air.too_few) },
        } }
        td.n { @match &summary.max_hour { Some(peak) => (desk.amount(peak.value, 0, "µg/m³")), None => (desk.none()) } }
        td.n.late { @match &summary.max_hour { Some(peak) => (when(desk, peak.start)), None => (desk.none()) } }
        td.n { (desk.amount(capture, 1, "%")) }
    } }
}

/// Limits that a month says nothing of.
const LONGER: [&str; 2] = ["peak_season", "year"];

/// What was above a limit of an hour or a day within the month; interim targets are not told.
fn exceeded(desk: &Desk<'_>, report: &Report) -> Markup {
    let (words, air) = (&desk.lang.words().pages.report, &desk.lang.words().pages.air);
    let telling = |row: &&Row| row.interim.is_none() && row.all.above > 0 && !LONGER.contains(&row.statistic.as_str());
    let found: Vec<(&Judged, Vec<&Row>)> =
        report.limits.iter().map(|set| (set, set.rows.iter().filter(telling).collect())).collect();
    if found.iter().all(|(_, rows)| rows.is_empty()) {
        return html! { p.note { (air.none_above) } };
    }
    html! { div.wide tabindex="0" role="group" aria-label=(air.exceedances) { table.rows.report {
        caption { (words.above_in_month) }
        thead { tr {
            th scope="col" { (air.set) }
            th scope="col" { (air.pollutant) }
            th.n scope="col" { (air.limit) }
            th.n scope="col" { (air.above) }
        } }
        tbody { @for (set, rows) in &found { @for row in rows { tr {
            th scope="row" { bdi dir="ltr" { (set.set) } " " small.quiet { (status(desk, &row.status)) } }
            td { (formula(desk, &row.pollutant)) " " small { (statistic(desk, &row.statistic)) } }
            td.n { (limit(desk, row.value)) }
            td.n { (above(desk, row)) }
        } } } }
    } } }
}

/// When, with the day: who reads a report does so later.
fn when(desk: &Desk<'_>, at: Timestamp) -> Markup {
    let local = numbers::local(desk.zone, at);
    let comma = desk.lang.writing().comma;
    html! { time datetime=(at) { bdi { (numbers::day(desk.lang, local.date())) (comma) " " (numbers::clock(&local)) } } }
}

/// What the answers say besides, once each, as they say it.
fn notes(desk: &Desk<'_>, told: &[(DeviceId, Option<Report>)]) -> Markup {
    let all: BTreeSet<&str> =
        told.iter().filter_map(|(_, report)| report.as_ref()).flat_map(|r| &r.notes).map(String::as_str).collect();
    html! { @if !all.is_empty() { details.keys {
        summary { (desk.lang.words().pages.report.remarks) }
        ul.notes lang="en" dir="ltr" { @for note in all { li { (note) } } }
    } } }
}
