//! The city's air: a sentence, the ruler, the stations, the map.

use maud::{Markup, html};

use super::{formula, ruler};
use crate::atlas::zone_name;
use crate::charts;
use crate::numbers;
use crate::page::glance::{Glance, Station, believed};
use crate::page::map::{Mark, map, mark};
use crate::page::parts::{Desk, empty, panel};
use crate::page::shell::Scripts;
use crate::page::visit::{Sheet, Visit};
use crate::problem::Problem;

/// `/{lang}/air`
pub(crate) async fn city(visit: &Visit) -> Result<Sheet, Problem> {
    visit.params(&[])?;
    let (desk, words) = (visit.desk(), visit.lang.words());
    let glance = Glance::present(&visit.rooms).await;
    let stations: Vec<&Station> = glance.stations.iter().flatten().collect();
    let levels: Vec<u8> = stations.iter().filter_map(|s| s.index.as_ref().map(|index| index.level)).collect();
    let title = title(&desk, &glance, &stations);
    let main = html! {
        (desk.opening(words.air, &title))
        div.mapped.first {
            div {
                (ruler::ruler(&desk, &levels))
                p.note { (words.pages.air.ruler) " " (words.index_note) }
                (list(&desk, &glance, &stations))
                p.links {
                    a href=(desk.to("air/exceedances")) { (words.pages.air.exceedances) }
                    a href="/api/v1/air/index?format=csv" download { (words.pages.common.csv) }
                }
            }
            (map(&desk))
        }
    };
    Ok(Sheet { scripts: Scripts::MAP, ..Sheet::plain(title, main) })
}

/// The worst band and where; how many stations are silent.
fn title(desk: &Desk<'_>, glance: &Glance, stations: &[&Station]) -> String {
    let words = desk.lang.words();
    let worst = stations.iter().find_map(|s| s.index.as_ref().map(|index| (s, index.level)));
    match worst {
        None => words.pages.air.no_index.to_owned(),
        Some((station, level)) => {
            let band = words.bands.get(usize::from(level.saturating_sub(1))).copied().unwrap_or_default();
            let same = stations.iter().filter(|s| s.index.as_ref().is_some_and(|index| index.level == level)).count() as u64;
            let name = glance.name(desk.lang, &station.device);
            let what = if same > 1 { words.stations.say(desk.lang, same) } else { name };
            format!("{band}{}{what}", desk.colon())
        }
    }
}

fn list(desk: &Desk<'_>, glance: &Glance, stations: &[&Station]) -> Markup {
    let words = desk.lang.words();
    let body = glance.stations.as_ref().map(|_| {
        if stations.is_empty() {
            return empty(words.nothing_yet);
        }
        html! { table.rows {
            caption.vh { (words.air) }
            thead { tr {
                th scope="col" { (words.air_index) }
                th scope="col" { (words.station) }
                th.n scope="col" { (formula(desk, "pm10")) }
                th.n.late scope="col" { (formula(desk, "pm25")) }
                th.chart scope="col" { (words.day_of_pm10) }
            } }
            tbody { @for station in stations { (row(desk, glance, station)) } }
        } p.note.foot { bdi dir="ltr" { "µg/m³" } " · " (words.air_note) } }
    });
    panel(
        desk.lang,
        "stations",
        words.pages.air.stations,
        &html! { (words.stations.say(desk.lang, stations.len() as u64)) },
        body,
    )
}

fn row(desk: &Desk<'_>, glance: &Glance, station: &Station) -> Markup {
    let words = desk.lang.words();
    let name = glance.name(desk.lang, &station.device);
    let href = desk.to(&format!("air/{}", station.device));
    let low_cost = glance.parameters.station(&station.device).low_cost;
    let level = station.index.as_ref().map(|index| index.level);
    let band = level.and_then(|l| words.bands.get(usize::from(l.saturating_sub(1)))).copied().unwrap_or(words.no_data);
    let shape = if low_cost { "ind" } else { "ref" };
    let place = glance.devices.get(&station.device).and_then(|view| view.device.place);
    let text = level.map_or_else(|| numbers::NONE.to_owned(), |l| l.to_string());
    let zone = zone_name(desk.lang, &station.zone);
    html! { tr.silent[station.silent] {
        td {
            span class=(level.map_or_else(|| "chip dashed".to_owned(), |l| format!("chip q{l}"))) { (text) } span.vh { " " (band) }
            @if let Some(place) = place { (mark(station.device.as_str(), &Mark {
                place,
                look: level.map_or_else(|| format!("dashed {shape}"), |l| format!("q{l} {shape}")),
                text: text.clone(),
                name: name.clone(),
                label: format!("{name}: {band} {text}"),
                href: href.clone(),
            })) }
        }
        th scope="row" {
            a href=(href) { bdi { (name) } } @if low_cost { " " small title=(words.pages.air.indicative) { "◇" span.vh { (words.pages.air.indicative) } } }
            @if name != zone { br; small.quiet { bdi { (zone) } } }
            @if station.silent { br; small.quiet { (words.no_data_since) " " (desk.time(station.heard)) } }
        }
        @for (i, last) in station.last.iter().take(2).enumerate() { td.n.late[i > 0] { @match last.as_ref().filter(|r| !station.silent && believed(r)) {
            Some(reading) => (desk.live_bare(reading)),
            None => (desk.none()),
        } } }
        td.chart { (charts::spark(&station.day, &format!("{}, {name}", words.day_of_pm10))) }
    } }
}
