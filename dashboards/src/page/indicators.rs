//! How the contractors do, each in each of its arrondissements: the last week, four weeks or quarter.
//!
//! Deliberately absent: any indicator of its own. The numbers are those of the weekly report, over another time.

use std::collections::BTreeSet;

use domains::time::Calendar;
use maud::{Markup, html};

use super::parts::{Desk, empty};
use super::report::{Indicators, table};
use super::visit::{SELDOM, Sheet, Visit};
use crate::numbers;
use crate::params::encoded;
use crate::problem::Problem;

/// Whole days that can be chosen.
const SPANS: [i32; 3] = [7, 28, 90];

/// The name of the page, for links to it.
pub(crate) fn title(desk: &Desk<'_>) -> &'static str {
    desk.lang.words().pages.indicators.title
}

/// `/{lang}/indicators?days=&contractor=`
pub(crate) async fn sheet(visit: &Visit) -> Result<Sheet, Problem> {
    let params = visit.params(&["days", "contractor"])?;
    let expected = "7, 28 or 90";
    let days = params.parsed::<i32>("days", expected)?.unwrap_or(SPANS[0]);
    if !SPANS.contains(&days) {
        return Err(Problem::parameter("days", "there is no such period", expected));
    }
    let today = visit.house().city.time().date(visit.now());
    let (first, last) = (Calendar::shifted(today, -days), Calendar::shifted(today, -1));
    let whose = params.one("contractor")?.map_or_else(String::new, |who| format!("&contractor={}", encoded(who)));
    let question = format!("waste/kpi?from={first}&to={last}{whose}");
    let told: Indicators = visit.ask(&question).await?;
    let (desk, texts, report) = (visit.desk(), &visit.lang.words().pages.indicators, &visit.lang.words().pages.report);
    let contractors: BTreeSet<&str> = told.rows.iter().map(|row| row.contractor.as_str()).collect();
    let overflow = numbers::rounded(told.rows.iter().map(|row| row.overflow_h).sum());
    let answer = format!("{}{}{}", report.overflow, desk.colon(), visit.lang.words().hours.say(visit.lang, overflow));
    let main = html! {
        p.back { a href=(desk.to("waste")) { (visit.lang.words().pages.waste.back) } }
        (desk.opening(texts.title, &answer))
        div.ranges {
            ul aria-label=(visit.lang.words().pages.common.period) { @for (span, name) in SPANS.iter().zip(texts.spans) {
                li { a href=(desk.to(&format!("indicators?days={span}{whose}"))) aria-current=[(*span == days).then_some("true")] { (name) } }
            } }
            span.out { a download href=(format!("/api/v1/{question}&format=csv")) { (visit.lang.words().pages.common.csv) } }
        }
        @if contractors.is_empty() { (empty(visit.lang.words().pages.common.no_values)) }
        @for contractor in contractors { (one(&desk, &told, contractor)) }
        p.note.foot { (report.kpi_note) }
    };
    Ok(Sheet { often: SELDOM, ..Sheet::plain(texts.title, main) })
}

/// A contractor: all of it in figures, then a row for each arrondissement.
fn one(desk: &Desk<'_>, told: &Indicators, contractor: &str) -> Markup {
    let report = &desk.lang.words().pages.report;
    let [bins, overflow, _, _, collections, unnecessary, missed, _] = report.kpis;
    let own = || told.rows.iter().filter(|row| row.contractor == contractor);
    let counted = |of: fn(&super::report::Row) -> u64| numbers::whole(desk.lang, own().map(of).sum());
    html! { section.plate aria-label=(contractor) {
        div.head {
            h2 { bdi { (contractor) } }
            p.note { (report.by_zone) " · " a href=(desk.to(&format!("waste?contractor={}", encoded(contractor)))) { (desk.lang.words().pages.waste.round) } }
        }
        dl.facts {
            div { dt { (bins) } dd { (counted(|row| row.bins)) } }
            div { dt { (overflow) } dd { (desk.amount(own().map(|row| row.overflow_h).sum(), 1, "h")) } }
            div { dt { (collections) } dd { (counted(|row| row.collections.into())) } }
            div { dt { (unnecessary) } dd { (counted(|row| row.unnecessary.into())) } }
            div { dt { (missed) } dd { (counted(|row| row.missed.into())) } }
        }
        (table(desk, told, contractor))
    } }
}
