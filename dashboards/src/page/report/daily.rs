//! The air bulletin of a day.

use maud::{Markup, html};
use schemas::DeviceId;

use super::air::{Hours, Report, stations};
use super::{Asked, heading, marks, of_day};
use crate::numbers;
use crate::page::air::formula;
use crate::page::glance::Glance;
use crate::page::parts::{Desk, empty};
use crate::page::visit::{Sheet, Visit};
use crate::problem::Problem;

/// `/{lang}/reports/daily?date=&alone=`
pub(crate) async fn daily(visit: &Visit) -> Result<Sheet, Problem> {
    let (asked, _) = Asked::of(visit, &[], of_day)?;
    let hours = Hours::of(visit, asked.first, asked.last).await?;
    let mut told = Vec::new();
    for station in stations(visit).await? {
        let report: Option<Report> = visit.part(&format!("air/report?station={station}&{}", asked.period())).await;
        told.push((station, report));
    }
    told.sort_by_key(|(station, _)| std::cmp::Reverse(hours.worst(station).map(|level| level.level)));
    let (desk, words) = (visit.desk(), &visit.lang.words().pages.report);
    let glance = Glance::present(&visit.rooms).await;
    let day = numbers::date(visit.lang, &numbers::local(desk.zone, visit.house().city.time().day(asked.first).start));
    let main = html! {
        (asked.links(&desk, "daily", ""))
        (heading(&desk, visit, words.daily, &day, &answer(&desk, &hours, &told)))
        @if told.is_empty() { (empty(visit.lang.words().nothing_yet)) } @else { (table(&desk, &glance, &hours, &told)) }
        p.note.foot { (words.strip_note) " " (words.index) }
        p.note.foot { (visit.lang.words().pages.air.averaging) " " (visit.lang.words().pages.air.no_emergency) }
    };
    Ok(asked.sheet("air-daily", format!("{} · {day}", words.daily), main))
}

type Station = (DeviceId, Option<Report>);

/// The worst band of the day, and at how many stations it was reached.
fn answer(desk: &Desk<'_>, hours: &Hours, told: &[Station]) -> String {
    let words = desk.lang.words();
    let worst: Vec<u8> = told.iter().filter_map(|(station, _)| hours.worst(station)).map(|level| level.level).collect();
    let Some(level) = worst.iter().copied().max() else { return words.pages.air.no_index.to_owned() };
    let band = words.bands.get(usize::from(level.saturating_sub(1))).copied().unwrap_or_default();
    let count = worst.iter().filter(|one| **one == level).count() as u64;
    format!("{}{}{band} ({})", words.pages.report.worst_hour, desk.colon(), words.stations.say(desk.lang, count))
}

fn table(desk: &Desk<'_>, glance: &Glance, hours: &Hours, told: &[Station]) -> Markup {
    let words = &desk.lang.words().pages.report;
    html! { div.wide tabindex="0" role="group" aria-label=(words.daily) { table.rows.report {
        caption.vh { (words.daily) }
        thead { tr {
            th scope="col" { (desk.lang.words().station) }
            th scope="col" { (words.worst) }
            th scope="col" { (words.by_hour) }
            th.n scope="col" { (formula(desk, "pm10")) br; small { (words.day_mean) } }
            th.n scope="col" { (formula(desk, "pm25")) br; small { (words.day_mean) } }
            th.n scope="col" { (formula(desk, "no2")) br; small { (words.max_hour) } }
            th.n scope="col" { (formula(desk, "o3")) br; small { (words.max_8h) } }
            th.n scope="col" { (words.valid) }
        } }
        tbody { @for (station, report) in told { (row(desk, glance, hours, station, report.as_ref())) } }
    } } p.note.foot { bdi dir="ltr" { "µg/m³" } } }
}

fn row(desk: &Desk<'_>, glance: &Glance, hours: &Hours, station: &DeviceId, report: Option<&Report>) -> Markup {
    let words = &desk.lang.words().pages.report;
    let (name, levels) = (glance.name(desk.lang, station), hours.levels(station));
    let of = |pollutant: &str| report.and_then(|report| report.of(pollutant));
    let number =
        |value: Option<f64>| html! { @match value { Some(value) => (desk.amount(value, 0, "")), None => (desk.none()) } };
    let valid = report.and_then(|report| report.pollutants.iter().map(|p| (p.valid, p.expected)).max());
    html! { tr {
        th scope="row" { bdi { (name) } }
        td { @match hours.worst(station) {
            Some(level) => { span class=(format!("chip q{}", level.level)) { (level.level) } " " small { (formula(desk, &level.dominant)) } },
            None => span.chip.dashed { (numbers::NONE) },
        } }
        td.chart { (marks::strip(&levels, &format!("{}, {name}", words.by_hour))) }
        td.n { (number(of("pm10").and_then(|s| s.mean.value))) }
        td.n { (number(of("pm25").and_then(|s| s.mean.value))) }
        td.n { (number(of("no2").and_then(|s| s.max_hour.as_ref()).map(|peak| peak.value))) }
        td.n { (number(report.and_then(Report::ozone))) }
        td.n { @match valid {
            Some((valid, expected)) => bdi dir="ltr" { (valid) small { " / " (expected) } },
            None => (desk.none()),
        } }
    } }
}
