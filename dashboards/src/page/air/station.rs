//! One station: its index, each pollutant beside its limit by the limit's own averaging time, its past beside another station's, its
//! year, its usual day and wind, and what it exceeded.

use maud::{Markup, html};
use ports::DeskAlert;
use schemas::{DeviceId, Timestamp, Zone};
use serde::Deserialize;

use super::calendar::{self, By};
use super::{Exceedances, above, formula, kept, limit, profile, rose, ruler, sets, statistic, status};
use crate::atlas::zone_name;
use crate::charts;
use crate::numbers;
use crate::page::chart::{Chart, Range, chart};
use crate::page::glance::Glance;
use crate::page::parts::{Desk, empty, panel};
use crate::page::shell::Scripts;
use crate::page::visit::{SELDOM, Sheet, Visit};
use crate::params::{Params, encoded};
use crate::problem::Problem;

#[derive(Deserialize)]
struct Now {
    zone: Zone,
    low_cost: bool,
    set: String,
    sets: Vec<String>,
    rows: Vec<Beside>,
    without: Vec<String>,
}

#[derive(Deserialize)]
struct Beside {
    pollutant: String,
    statistic: String,
    hours: u64,
    limit: f64,
    status: String,
    source: String,
    mean: Option<f64>,
    last: Option<f64>,
    last_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Alerts {
    alerts: Vec<DeskAlert>,
}

/// What is asked for, to be asked again with one thing changed.
pub(super) struct Asked<'a> {
    station: &'a DeviceId,
    pub(super) pollutant: String,
    set: &'a str,
    range: Range,
    /// A station beside it.
    compare: Option<DeviceId>,
    /// By what the days of the year are coloured.
    pub(super) by: By,
}

impl Asked<'_> {
    /// What the address says, in its order.
    fn named(&self) -> [(&'static str, &str); 5] {
        [
            ("pollutant", &self.pollutant),
            ("set", self.set),
            ("range", self.range.code()),
            ("compare", self.compare.as_ref().map_or("", DeviceId::as_str)),
            ("by", self.by.code()),
        ]
    }

    /// The address with one thing changed.
    pub(super) fn with(&self, desk: &Desk<'_>, changed: &str, value: &str) -> String {
        let now = self.named().map(|(name, old)| (name, if name == changed { value } else { old }));
        let query: Vec<String> =
            now.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        desk.to(&format!("air/{}?{}", self.station, query.join("&")))
    }

    /// The past of a station, as the chart reads it.
    fn source(&self, station: &DeviceId) -> String {
        let (pollutant, set, from) = (encoded(&self.pollutant), encoded(self.set), self.range.from);
        format!("/api/v1/air/history?station={station}&pollutant={pollutant}&set={set}&from={from}")
    }
}

/// `compare`: another station of the city.
fn compared(params: &Params, station: &DeviceId, glance: &Glance) -> Result<Option<DeviceId>, Problem> {
    let others: Vec<&str> = others(station, glance).map(DeviceId::as_str).collect();
    let expected =
        if others.is_empty() { "there is no other station".to_owned() } else { format!("one of {}", others.join(", ")) };
    let asked: Option<DeviceId> = params.parsed("compare", &expected)?;
    match asked {
        Some(other) if !others.contains(&other.as_str()) => {
            Err(Problem::parameter("compare", format!("`{other}` is no other station"), expected))
        }
        asked => Ok(asked),
    }
}

fn others<'a>(station: &'a DeviceId, glance: &'a Glance) -> impl Iterator<Item = &'a DeviceId> {
    glance.stations.iter().flatten().map(|known| &known.device).filter(move |known| *known != station)
}

/// `/{lang}/air/{station}?pollutant=&set=&range=&compare=&by=`
pub(crate) async fn station(visit: &Visit) -> Result<Sheet, Problem> {
    let params = visit.params(&["pollutant", "set", "range", "compare", "by"])?;
    let id: DeviceId = visit.named()?;
    let chosen = params.one("set")?.map_or_else(String::new, |set| format!("&set={}", encoded(set)));
    let now: Now = visit.ask_about("station", &format!("air/now?station={id}{chosen}")).await?;
    let measured: Vec<&str> =
        now.rows.iter().map(|row| row.pollutant.as_str()).chain(now.without.iter().map(String::as_str)).collect();
    let usual = || measured.first().copied().unwrap_or("pm10");
    let pollutant = params.one("pollutant")?.unwrap_or_else(usual).to_owned();
    let glance = Glance::present(&visit.rooms).await;
    let (range, compare, by) = (Range::of(&params, visit.now(), 1)?, compared(&params, &id, &glance)?, By::of(&params)?);
    let asked = Asked { station: &id, pollutant, set: &now.set, range, compare, by };
    let question = format!("station={id}&pollutant={}", encoded(&asked.pollutant));
    let year: Option<calendar::Year> = visit.part(&format!("air/calendar?{question}&set={}", now.set)).await;
    let usual: Option<profile::Profile> = visit.part(&format!("air/profile?{question}")).await;
    let winds: Option<rose::Rose> = visit.part(&format!("air/rose?{question}")).await;
    let exceedances: Option<Exceedances> = visit.part(&format!("air/exceedances?station={id}&set={}", now.set)).await;
    let alerts: Option<Alerts> = visit.part(&format!("alerts?device={id}&limit=20")).await;
    let (desk, name) = (visit.desk(), glance.name(visit.lang, &id));
    let words = &visit.lang.words().pages.air;
    let main = html! {
        p.back { a href=(desk.to("air")) { (words.back) } }
        (head(&desk, &glance, &id, &name, &now))
        (limits(&desk, &now))
        (past(&desk, &asked, &measured, &now, &glance))
        (calendar::section(&desk, &asked, year.as_ref()))
        div.two { (profile::section(&desk, &asked, usual.as_ref())) (rose::section(&desk, &asked, winds.as_ref())) }
        (exceeded(&desk, &asked, &now, exceedances.as_ref()))
        div.after { (panel(desk.lang, "alerts", desk.lang.words().alerts, &html! {}, alerts.map(|a| crate::page::desk::brief(&desk, &glance, &a.alerts)))) }
    };
    Ok(Sheet { scripts: Scripts::CHART, often: SELDOM, ..Sheet::plain(name, main) })
}

fn head(desk: &Desk<'_>, glance: &Glance, id: &DeviceId, name: &str, now: &Now) -> Markup {
    let words = desk.lang.words();
    let level =
        glance.stations.iter().flatten().find(|s| s.device == *id).and_then(|s| s.index.as_ref().map(|index| index.level));
    let place = glance.devices.get(id).and_then(|view| view.device.place);
    let zone = zone_name(desk.lang, &now.zone);
    html! {
        div.stationhead data-panel #opening {
            div {
                h1 { (name) }
                p.eyebrow {
                    bdi { (zone) } @if now.low_cost { " · " (words.pages.air.indicative) }
                    @if let Some(place) = place { " · " bdi dir="ltr" { (numbers::decimal(desk.lang, place.lat(), 4)) "°, " (numbers::decimal(desk.lang, place.lon(), 4)) "°" } }
                    " · " (desk.device_link(id, id.as_str()))
                }
            }
            div {
                div.verdict {
                    span class=(level.map_or_else(|| "chip big dashed".to_owned(), |l| format!("chip big q{l}"))) { @match level { Some(l) => (l), None => (numbers::NONE) } }
                    p { b { (level.and_then(|l| words.bands.get(usize::from(l.saturating_sub(1)))).copied().unwrap_or(words.no_data)) } br; small { (words.pages.air.last_hour) } }
                }
                (ruler::ruler(desk, &level.into_iter().collect::<Vec<_>>()))
            }
        }
    }
}

fn limits(desk: &Desk<'_>, now: &Now) -> Markup {
    let (lang, words) = (desk.lang, &desk.lang.words().pages.air);
    let body = html! {
        @if now.rows.is_empty() { (empty(words.no_limits)) } @else { table.rows {
            caption.vh { (words.beside) }
            thead { tr {
                th scope="col" { (words.pollutant) }
                th.n.late scope="col" { (words.last) }
                th.n scope="col" { (words.mean) }
                th.late scope="col" { (words.share) }
                th.n scope="col" { (words.limit) }
            } }
            tbody { @for row in &now.rows { tr {
                th scope="row" { (formula(desk, &row.pollutant)) " " small { (statistic(desk, &row.statistic)) } }
                td.n.late { @match row.last { Some(last) => { (desk.amount(last, 1, "µg/m³")) @if let Some(at) = row.last_at { br; small.quiet { (desk.time(at)) } } } None => (desk.none()) } }
                td.n { @match row.mean { Some(mean) => { (desk.amount(mean, 1, "µg/m³")) } None => small.quiet { (words.too_few) } } br; small.quiet { bdi dir="ltr" { (row.hours) "\u{a0}h" } } }
                td.gauge.late { @if let Some(mean) = row.mean {
                    @let share = mean / row.limit;
                    (charts::share(lang, share / 1.5, if share > 1.0 { "over" } else { "s2" }, Some(1.0 / 1.5)))
                    (desk.amount(share * 100.0, 0, "%"))
                } }
                td.n title=(row.source) { (limit(desk, row.limit)) br; small.quiet { (status(desk, &row.status)) } }
            } } }
        } }
        p.note.foot { (words.averaging) @if !now.without.is_empty() { " " (words.without) @for code in &now.without { " " (formula(desk, code)) } "." } }
    };
    html! { div.after { (panel(lang, "limits", words.beside, &html! { bdi dir="ltr" { (now.set) } }, Some(body))) } }
}

fn past(desk: &Desk<'_>, asked: &Asked<'_>, measured: &[&str], now: &Now, glance: &Glance) -> Markup {
    let (lang, words) = (desk.lang, desk.lang.words());
    let row = now.rows.iter().filter(|row| row.pollutant == asked.pollutant).max_by_key(|row| row.hours);
    let line = row.map(|row| {
        let comma = lang.writing().comma;
        let value = numbers::decimal(lang, row.limit, 0);
        (row.limit, format!("{} \u{2068}{value}\u{2069}{comma} {}", words.pages.air.limit, words.hours.say(lang, row.hours)))
    });
    let mean =
        row.filter(|row| row.hours > 1).map(|row| format!("{} {}", words.pages.air.mean, words.hours.say(lang, row.hours)));
    let from = asked.range.from;
    let mut pollutants: Vec<&str> = measured.to_vec();
    pollutants.sort_unstable();
    pollutants.dedup();
    let quantity = domains::air::Pollutant::from_code(&asked.pollutant).and_then(domains::air::Pollutant::quantity);
    html! {
        section.after aria-labelledby="past-title" {
            div.head { h2 #past-title { (words.pages.common.past) } p.note { (formula(desk, &asked.pollutant)) " " bdi dir="ltr" { "µg/m³" } } }
            div.ranges {
                ul aria-label=(words.pages.air.pollutant) { @for code in pollutants {
                    li { a href=(asked.with(desk, "pollutant", code)) aria-current=[(code == asked.pollutant).then_some("true")] { (formula(desk, code)) } }
                } }
                (asked.range.choice(desk, |range| asked.with(desk, "range", range)))
                @if let Some(quantity) = quantity { span.out { a download href=(format!("/api/v1/readings?format=csv&device={}&quantity={quantity}&from={from}", asked.station)) { (words.pages.common.csv) } } }
            }
            (beside(desk, asked, glance))
            (chart(desk, &Chart {
                source: asked.source(asked.station),
                compare: asked.compare.as_ref().map(|other| (asked.source(other), glance.name(lang, other))),
                summary: words.pages.common.past,
                unit: "µg/m³",
                places: 1,
                thin: words.pages.air.hourly,
                thick: mean.as_deref().unwrap_or_default(),
                ahead: "",
                limit: line,
                marks: &[],
                due: &[],
                from,
            }))
        }
    }
}

/// The choice of a station to be drawn beside; what else is asked for stays.
fn beside(desk: &Desk<'_>, asked: &Asked<'_>, glance: &Glance) -> Markup {
    let words = &desk.lang.words().pages.air;
    let mut others: Vec<(String, &DeviceId)> = others(asked.station, glance).map(|id| (glance.name(desk.lang, id), id)).collect();
    others.sort();
    html! { @if !others.is_empty() { form.filters method="get" data-auto {
        @for (name, value) in asked.named().into_iter().filter(|(name, _)| *name != "compare") { input type="hidden" name=(name) value=(value); }
        label.field { span { (words.compare) } select name="compare" {
            option value="" { (words.compare_none) }
            @for (name, id) in &others { option value=(id) selected[asked.compare.as_ref() == Some(*id)] { (name) } }
        } }
        button.btn { (desk.lang.words().pages.desk.filter) }
    } } }
}

fn exceeded(desk: &Desk<'_>, asked: &Asked<'_>, now: &Now, found: Option<&Exceedances>) -> Markup {
    let words = &desk.lang.words().pages.air;
    let known: Vec<&str> = now.sets.iter().map(String::as_str).collect();
    let choice = sets(desk, &known, asked.set, |set| asked.with(desk, "set", set));
    let body = found.map(|found| html! {
        div.ranges { (choice) }
        @for judged in &found.sets {
            p.note.foot { (judged.year) " · " bdi lang="en" dir="ltr" { (judged.reference) } " · " (status(desk, &judged.status)) }
            @if judged.rows.is_empty() { (empty(words.no_limits)) } @else { div.wide tabindex="0" role="group" aria-label=(words.exceedances) { table.rows {
                caption.vh { (words.exceedances) }
                thead { tr {
                    th scope="col" { (words.pollutant) }
                    th.n scope="col" { (words.limit) }
                    th.n scope="col" { (words.above) }
                    th.n scope="col" { (words.figure) }
                    th.n scope="col" { (words.valid) }
                    th scope="col" { (words.verdict) }
                } }
                tbody { @for row in judged.rows.iter().filter(|row| row.interim.is_none()) { tr {
                    th scope="row" { (formula(desk, &row.pollutant)) " " small { (statistic(desk, &row.statistic)) } }
                    td.n title=(row.source) { (limit(desk, row.value)) br; small.quiet { (status(desk, &row.status)) } }
                    td.n { (above(desk, row)) }
                    td.n { @match row.all.figure.value { Some(figure) => (desk.amount(figure, 1, "µg/m³")), None => (desk.none()) } }
                    td.n { bdi dir="ltr" { (numbers::whole(desk.lang, row.all.valid)) small { " / " (numbers::whole(desk.lang, row.expected)) } } }
                    td { (kept(desk, row)) }
                } } }
            } } }
        }
        ul.note { @for note in found.notes.iter().take(6) { li { bdi lang="en" dir="ltr" { (note) } } } }
    });
    html! { div.after { (panel(desk.lang, "exceedances", words.exceedances, &html! { (words.of_year) }, body)) } }
}
