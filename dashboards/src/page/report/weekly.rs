//! How the contractors did in a week.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use maud::{Markup, html};
use schemas::Zone;
use serde::Deserialize;

use super::{Asked, heading, marks, of_week, span};
use crate::atlas::zone_name;
use crate::page::desk::encoded;
use crate::page::parts::{Desk, Told, empty};
use crate::page::visit::{Sheet, Visit};
use crate::problem::Problem;

#[derive(Deserialize)]
pub(crate) struct Indicators {
    pub(crate) rows: Vec<Row>,
}

#[derive(Deserialize)]
pub(crate) struct Row {
    pub(crate) contractor: String,
    zone: Zone,
    date: Option<Date>,
    pub(crate) bins: u64,
    pub(crate) overflow_h: f64,
    response_median_h: Told<f64>,
    critical_in_time: Told<f64>,
    pub(crate) collections: u32,
    pub(crate) unnecessary: u32,
    pub(crate) missed: u32,
    availability: Told<f64>,
}

/// `/{lang}/reports/weekly?date=&contractor=&alone=`
pub(crate) async fn weekly(visit: &Visit) -> Result<Sheet, Problem> {
    let (asked, params) = Asked::of(visit, &["contractor"], of_week)?;
    let whose = params.one("contractor")?.map_or_else(String::new, |who| format!("&contractor={}", encoded(who)));
    let question = format!("waste/kpi?{}{whose}", asked.period());
    let week: Indicators = visit.ask(&question).await?;
    let days: Option<Indicators> = visit.part(&format!("{question}&by=day")).await;
    let (desk, words) = (visit.desk(), &visit.lang.words().pages.report);
    let period = span(&desk, asked.first, asked.last);
    let overflow: f64 = week.rows.iter().map(|row| row.overflow_h).sum();
    let answer = format!(
        "{}{}{}",
        words.overflow,
        desk.colon(),
        visit.lang.words().hours.say(visit.lang, crate::numbers::rounded(overflow))
    );
    let contractors: BTreeSet<&str> = week.rows.iter().map(|row| row.contractor.as_str()).collect();
    let main = html! {
        (asked.links(&desk, "weekly", &whose))
        (heading(&desk, visit, words.weekly, &period, &answer))
        @if contractors.is_empty() { (empty(visit.lang.words().pages.common.no_values)) }
        @for contractor in contractors {
            section.plate aria-label=(contractor) {
                div.head { h2 { bdi { (contractor) } } p.note { (words.by_zone) } }
                (table(&desk, &week, contractor))
                @if let Some(days) = &days { (by_day(&desk, &asked, days, contractor)) }
            }
        }
        p.note.foot { (words.kpi_note) }
    };
    Ok(asked.sheet("waste-weekly", format!("{} · {period}", words.weekly), main))
}

/// The indicators of a contractor, a row for each arrondissement.
pub(crate) fn table(desk: &Desk<'_>, week: &Indicators, contractor: &str) -> Markup {
    let words = &desk.lang.words().pages.report;
    let [bins, overflow, response, in_time, collections, unnecessary, missed, availability] = words.kpis;
    html! { div.wide tabindex="0" role="group" aria-label=(contractor) { table.rows.report {
        caption.vh { (words.weekly) }
        thead { tr {
            th scope="col" { (desk.lang.words().zone) }
            @for name in [bins, overflow, response, in_time, collections, unnecessary, missed, availability] { th.n scope="col" { (name) } }
        } }
        tbody { @for row in week.rows.iter().filter(|row| row.contractor == contractor) { tr {
            th scope="row" { bdi { (zone_name(desk.lang, &row.zone)) } }
            td.n { (crate::numbers::whole(desk.lang, row.bins)) }
            td.n { (desk.amount(row.overflow_h, 1, "h")) }
            td.n { (told(desk, &row.response_median_h, 1.0, 1, "h")) }
            td.n { (told(desk, &row.critical_in_time, 100.0, 0, "%")) }
            td.n { (row.collections) }
            td.n { (row.unnecessary) }
            td.n { (row.missed) }
            td.n { (told(desk, &row.availability, 100.0, 0, "%")) }
        } } }
    } } }
}

/// A number that the data may not carry; why they do not is said where one rests on it.
fn told(desk: &Desk<'_>, said: &Told<f64>, times: f64, decimals: usize, unit: &str) -> Markup {
    html! { @match said.value {
        Some(value) => (desk.amount(value * times, decimals, unit)),
        None => span title=[said.reason.as_deref()] { (desk.none()) },
    } }
}

/// Emptyings and hours of overflow, a bar a day.
fn by_day(desk: &Desk<'_>, asked: &Asked, days: &Indicators, contractor: &str) -> Markup {
    let words = &desk.lang.words().pages.report;
    let mut sums: BTreeMap<Date, (f64, f64)> = BTreeMap::new();
    for row in days.rows.iter().filter(|row| row.contractor == contractor) {
        if let Some(date) = row.date {
            let sum = sums.entry(date).or_default();
            *sum = (sum.0 + f64::from(row.collections), sum.1 + row.overflow_h);
        }
    }
    let week: Vec<Date> = std::iter::successors(Some(asked.first), |date| date.tomorrow().ok()).take(7).collect();
    let values = |of: fn(&(f64, f64)) -> f64| -> Vec<Option<f64>> { week.iter().map(|date| sums.get(date).map(of)).collect() };
    let [_, overflow, _, _, collections, ..] = words.kpis;
    html! { div.pair {
        @for (name, values, decimals, unit) in [(collections, values(|sum| sum.0), 0, ""), (overflow, values(|sum| sum.1), 1, "h")] {
            figure { figcaption { (name) " · " (words.a_day) @if !unit.is_empty() { " (" bdi { (unit) } ")" } } (marks::week(desk, &values, decimals, &format!("{name}, {contractor}"))) }
        }
    } }
}
