//! `GET /api/v1/air/report`: what is known of a station over a period, on one page: averages with their capture, the index,
//! doubts, and the limits.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::air::{Doubt, EaqiBand, HourlySeries, Mda8, Pollutant, Siting, eaqi, mda8};
use domains::time::LocalDay;
use domains::{Capture, Finding, Lack};
use jiff::civil::Date;
use schemars::JsonSchema;
use schemas::{DeviceId, HOUR, Timestamp, Zone};
use serde::Serialize;

use super::exceedances::{Judged, of_year, one_station, warnings};
use super::{Hours, KEYS};
use crate::api::answer::{Answer, Answered, Format, Said, resting};
use crate::api::gather;
use crate::house::{House, Shared};
use crate::openapi::{Operation, known};
use crate::params::whole_hours;
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// The hours before the first day that its first eight-hour means reach back into.
const BEFORE: Duration = Duration::from_secs(7 * 3600);

/// One pollutant over the period. Concentrations in ug/m3.
#[derive(Serialize, JsonSchema)]
struct Summary {
    pollutant: &'static str,
    /// Valid hours, and those of the period.
    valid: usize,
    expected: usize,
    /// The mean, if enough is valid.
    mean: Said<f64>,
    /// The highest hour.
    max_hour: Option<Peak>,
    doubts: BTreeMap<Doubt, usize>,
}

#[derive(Serialize, JsonSchema)]
struct Peak {
    value: f64,
    start: Timestamp,
}

/// One pollutant on one local day.
#[derive(Serialize, JsonSchema)]
struct Day {
    date: Date,
    /// 23, 24 or 25.
    hours: usize,
    pollutant: &'static str,
    mean: Said<f64>,
    max_hour: Option<f64>,
    /// The largest eight-hour mean.
    mda8: Said<Mda8>,
    /// A person has flagged the day as natural dust.
    natural_dust: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AirReport")]
struct Body {
    station: DeviceId,
    zone: Zone,
    siting: Siting,
    from: Timestamp,
    to: Timestamp,
    pollutants: Vec<Summary>,
    /// Hours of each band of the European index, and hours without one.
    index_hours: BTreeMap<&'static str, usize>,
    days: Vec<Day>,
    limits: Vec<Judged>,
}

pub(super) const REPORT: Operation =
    Operation::get("/api/v1/air/report", "What is known of a station over a period; the last 30 days by default")
        .takes(&[known::STATION, known::DAY_FROM, known::DAY_TO, known::FORMAT])
        .gives::<Answered<'_, Body>>()
        .also(&["text/csv", "text/plain"])
        .tagged();

pub(super) async fn report(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = REPORT.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let city = house.city.time();
    let range = whole_hours(&params.period(house.clock.now(), city, 30)?);
    let _permit = gather::permit(&rooms)?;
    let device = one_station(house, &params).await?;
    let hours = Hours::of(house, &device.id, range.start.minus(BEFORE)..range.end).await?;
    let last = city.date(range.end.minus(Duration::from_millis(1)));
    let days: Vec<LocalDay> = city.days(city.date(range.start), last).collect();
    let sets = &house.parameters.limits;
    let judged: Vec<Judged> = (city.date(range.start).year()..=last.year())
        .flat_map(|year| sets.iter().map(move |set| (year, set)))
        .map(|(year, set)| of_year(house, &hours, set, year))
        .collect();
    let days = days_of(house, &hours, &days);
    let mut notes = hours.notes.clone();
    if hours.series.is_empty() {
        notes.push(format!("no data: nothing was heard of {} in this period", device.id));
    }
    for set in judged.iter().filter(|set| set.exceeded() > 0) {
        notes.push(format!("{}: {} limits were exceeded; see air exceedances", set.set, set.exceeded()));
    }
    notes.extend(warnings(&judged));
    let answer = Answer {
        name: "air-report",
        title: format!("Air at {} ({}), {} to {last}", device.id, device.zone, city.date(range.start)),
        table: table(&days),
        body: Body {
            pollutants: hours.series.iter().map(|(p, s)| summary(house, &hours, *p, s, range.start, range.end)).collect(),
            index_hours: index_hours(&hours, range.start, range.end),
            station: device.id,
            zone: device.zone,
            siting: hours.siting,
            from: range.start,
            to: range.end,
            days,
            limits: judged,
        },
        notes,
        rests_on: resting(&house.parameters.air.rows, &[&KEYS[..], &["capture.", "ending."]].concat()),
    };
    answer.told(format, house)
}

fn summary(house: &House, hours: &Hours, pollutant: Pollutant, series: &HourlySeries, from: Timestamp, to: Timestamp) -> Summary {
    let starts = || each_hour(from, to);
    let values: Vec<(Timestamp, f64)> = starts().filter_map(|start| Some((start, series.at(start)?))).collect();
    let (valid, expected) = (values.len(), starts().count());
    let capture = Capture { share: house.parameters.air.numbers.capture.year.get() };
    let mean = Finding::mean(values.iter().map(|(_, v)| Some(*v)), capture.needed(expected), expected);
    let highest = values.iter().copied().reduce(|best, next| if next.1 > best.1 { next } else { best });
    let mut doubts = BTreeMap::new();
    for (_, _, doubt) in hours.doubts.iter().filter(|(p, at, _)| *p == pollutant && (from..to).contains(at)) {
        *doubts.entry(*doubt).or_default() += 1;
    }
    let max_hour = highest.map(|(start, value)| Peak { value, start });
    Summary { pollutant: pollutant.code(), valid, expected, mean: Said(mean), max_hour, doubts }
}

fn each_hour(from: Timestamp, to: Timestamp) -> impl Iterator<Item = Timestamp> {
    let next = |start: &Timestamp| Some(Timestamp::clamped(start.millis() + HOUR));
    std::iter::successors(Some(from), next).take_while(move |start| *start < to)
}

fn index_hours(hours: &Hours, from: Timestamp, to: Timestamp) -> BTreeMap<&'static str, usize> {
    let mut bands = BTreeMap::new();
    for start in each_hour(from, to) {
        let index = eaqi(&hours.at(start), hours.siting).value();
        *bands.entry(index.map_or("insufficient", |i| EaqiBand::of(i.level).code())).or_default() += 1;
    }
    bands
}

fn days_of(house: &House, hours: &Hours, days: &[LocalDay]) -> Vec<Day> {
    let capture = house.parameters.air.numbers.day_capture();
    let mut rows = Vec::new();
    for day in days {
        for (pollutant, series) in &hours.series {
            let largest = series.of_day(*day).flatten().reduce(f64::max);
            rows.push(Day {
                date: day.date,
                hours: day.hours(),
                pollutant: pollutant.code(),
                mean: Said(capture.mean(series.of_day(*day), day.hours())),
                max_hour: largest,
                mda8: Said(eight_hours(*pollutant, series, *day, capture)),
                natural_dust: house.parameters.dust.contains(&day.date),
            });
        }
    }
    rows
}

/// Only of the gases of which the law speaks so.
fn eight_hours(pollutant: Pollutant, series: &HourlySeries, day: LocalDay, capture: Capture) -> Finding<Mda8> {
    match pollutant {
        Pollutant::O3 | Pollutant::Co => mda8(series, day, capture),
        _ => Finding::Insufficient(Lack::OneOf(vec!["ozone or carbon monoxide"])),
    }
}

fn table(days: &[Day]) -> Table {
    let columns = vec!["date", "pollutant", "mean", "max_hour", "mda8", "natural_dust", "reason"];
    let row = |day: &Day| {
        vec![
            Cell::Day(day.date),
            Cell::text(day.pollutant),
            day.mean.cell(|v| Cell::Number(*v)),
            day.max_hour.into(),
            day.mda8.cell(|m| Cell::Number(m.value)),
            Cell::Is(day.natural_dust),
            day.mean.reason(),
        ]
    };
    Table { columns, rows: days.iter().map(row).collect() }
}
