//! Which station exceeded which limit this year.

use maud::{Markup, html};
use schemas::DeviceId;
use serde::Deserialize;

use super::{Judged, Row, above, formula, kept, limit, sets, statistic, status};
use crate::api::MOST_STATIONS;
use crate::numbers;
use crate::page::glance::Glance;
use crate::page::parts::{Desk, empty, panel};
use crate::page::visit::{SELDOM, Sheet, Visit};
use crate::problem::Problem;

/// The set where nobody asks for one, as on the page of a station.
const USUAL: &str = "who-2021";

/// Of every station the year against one set.
#[derive(Deserialize)]
struct City {
    stations: Vec<Years>,
}

#[derive(Deserialize)]
struct Years {
    station: DeviceId,
    sets: Vec<Judged>,
}

/// `/{lang}/air/exceedances?set=`
pub(crate) async fn exceeded(visit: &Visit) -> Result<Sheet, Problem> {
    let params = visit.params(&["set"])?;
    let set = params.one("set")?.unwrap_or(USUAL);
    let glance = Glance::present(&visit.rooms).await;
    let known: Vec<&str> = glance.parameters.limits.iter().map(|set| set.id.as_str()).collect();
    if !known.contains(&set) {
        return Err(Problem::parameter("set", "there is no such set of limits", format!("one of {}", known.join(", "))));
    }
    let (desk, words) = (visit.desk(), &visit.lang.words().pages.air);
    let stations: Vec<&str> =
        glance.stations.iter().flatten().map(|station| station.device.as_str()).take(MOST_STATIONS).collect();
    let question = format!("air/exceedances/city?set={set}&station={}", stations.join(","));
    // The worst air first, as on the page of the city.
    let found: Option<City> = if stations.is_empty() { None } else { visit.part(&question).await };
    let found = found.map(|mut city| {
        city.stations.sort_by_key(|of| stations.iter().position(|id| *id == of.station.as_str()));
        city.stations
    });
    let body = html! {
        div.ranges {
            (sets(&desk, &known, set, |set| desk.to(&format!("air/exceedances?set={set}"))))
            @if found.is_some() {
                span.out { a download href=(format!("/api/v1/{question}&format=csv")) { (visit.lang.words().pages.common.csv) } }
            }
        }
        @match &found {
            Some(stations) => (table(&desk, &glance, stations)),
            None if stations.is_empty() => (empty(visit.lang.words().nothing_yet)),
            None => (empty(visit.lang.words().unreadable)),
        }
        p.note.foot { (words.no_emergency) }
    };
    let main = html! {
        p.back { a href=(desk.to("air")) { (words.back) } }
        (desk.opening(visit.lang.words().air, words.exceedances))
        div.after { (panel(visit.lang, "exceedances", words.exceedances, &html! { (words.of_year) }, Some(body))) }
    };
    Ok(Sheet { often: SELDOM, ..Sheet::plain(words.exceedances, main) })
}

/// A row a station and limit that has something to say.
fn table(desk: &Desk<'_>, glance: &Glance, stations: &[Years]) -> Markup {
    let (words, lang) = (&desk.lang.words().pages.air, desk.lang);
    let telling = |row: &&Row| row.interim.is_none() && (row.all.above > 0 || row.all.kept.value.is_some());
    html! { div.wide tabindex="0" role="group" aria-label=(words.exceedances) { table.rows {
        caption.vh { (words.exceedances) }
        thead { tr {
            th scope="col" { (lang.words().station) }
            th scope="col" { (words.pollutant) }
            th.n scope="col" { (words.limit) }
            th.n scope="col" { (words.above) }
            th.n scope="col" { (words.valid) }
            th scope="col" { (words.verdict) }
        } }
        tbody { @for Years { station, sets } in stations {
            @let rows: Vec<&Row> = sets.iter().flat_map(|set| &set.rows).filter(telling).collect();
            @let name = glance.name(lang, station);
            @let link = html! { a href=(desk.to(&format!("air/{station}"))) { bdi { (name) } } };
            @if rows.is_empty() { tr { th scope="row" { (link) } td colspan="5" { small.quiet { (words.none_above) } } } }
            @for row in rows { tr {
                th scope="row" { (link) }
                td { (formula(desk, &row.pollutant)) " " small { (statistic(desk, &row.statistic)) } }
                td.n title=(row.source) { (limit(desk, row.value)) " " small.quiet { (status(desk, &row.status)) } }
                td.n { (above(desk, row)) }
                td.n { bdi dir="ltr" { (numbers::whole(lang, row.all.valid)) small { " / " (numbers::whole(lang, row.expected)) } } }
                td { (kept(desk, row)) }
            } }
        } }
    } } }
}
