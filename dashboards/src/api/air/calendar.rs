//! `GET /api/v1/air/calendar`: each day of a calendar year of a station, by the European index and, where a pollutant is named,
//! beside a limit.

use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::Capture;
use domains::air::{HourlySeries, Limit, Statistic, eaqi, mda8};
use domains::time::LocalDay;
use jiff::civil::Date;
use schemars::JsonSchema;
use schemas::{DeviceId, HOUR, Timestamp, Zone};
use serde::Serialize;

use super::exceedances::one_station;
use super::history::{POLLUTANT, SET, longest, rounded, set};
use super::{Hours, KEYS, pollutant};
use crate::api::answer::{Answer, Answered, Format, resting};
use crate::api::gather;
use crate::house::Shared;
use crate::openapi::{Operation, Parameter, known};
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// The hours before a year that its first eight-hour means reach back into.
const BEFORE: Duration = Duration::from_secs(7 * 3600);
/// Years of which there can be readings.
const YEARS: std::ops::RangeInclusive<i16> = 1990..=2100;

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CalendarDay")]
struct Day {
    date: Date,
    /// The worst hour of the European index, 1 to 6; none where too few hours of the day have one.
    level: Option<u8>,
    /// Hours that have one.
    hours: usize,
    /// What the limit compares, ug/m3; none where too few hours are valid, or no pollutant is named.
    value: Option<f64>,
    /// Whether that is above the limit.
    above: Option<bool>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AirCalendar")]
struct Body<'a> {
    station: DeviceId,
    zone: Zone,
    year: i16,
    pollutant: Option<&'static str>,
    set: &'a str,
    /// The limit of the pollutant over the longest time that is not more than a day.
    statistic: Option<Statistic>,
    limit: Option<f64>,
    /// From 1 January to today.
    days: Vec<Day>,
}

const YEAR: Parameter = Parameter::whole("year", "The year, this one where it is not given", 1990, Some(2100));

pub(super) const CALENDAR: Operation =
    Operation::get("/api/v1/air/calendar", "Each day of a calendar year of a station, by the European index and beside a limit")
        .takes(&[known::STATION, YEAR, POLLUTANT, SET, known::FORMAT])
        .gives::<Answered<'_, Body<'_>>>()
        .also(&["text/csv", "text/plain"])
        .tagged();

pub(super) async fn calendar(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = CALENDAR.read(&uri)?;
    let (house, format, pollutant) = (&rooms.house, Format::of(&params)?, pollutant(&params)?);
    let (set, city, now) = (set(&rooms.house, &params)?, house.city.time(), house.clock.now());
    let today = city.date(now);
    let expected = format!("a year from {} to {}", YEARS.start(), YEARS.end());
    let year = params.parsed("year", &expected)?.unwrap_or(today.year());
    if !YEARS.contains(&year) {
        return Err(Problem::parameter("year", format!("{year} is outside the range"), expected));
    }
    let _permit = gather::permit(&rooms)?;
    let device = one_station(house, &params).await?;
    // Whole hours only: of the one that is going on nothing is known yet.
    let over = now.hour();
    let days: Vec<LocalDay> = city.year(year).take_while(|day| day.start < over).collect();
    let (mut told, mut notes, limit) = (Vec::new(), Vec::new(), pollutant.and_then(|p| longest(set, p)).map(|(limit, _)| limit));
    if let Some((first, last)) = days.first().zip(days.last()) {
        let hours = Hours::of(house, &device.id, first.start.minus(BEFORE)..last.end.min(over)).await?;
        let capture = house.parameters.air.numbers.day_capture();
        let series = pollutant.and_then(|p| hours.series.get(&p));
        told = days.iter().map(|day| of_day(&hours, *day, over, capture, series.zip(limit))).collect();
        notes = hours.notes;
    }
    if told.iter().all(|day| day.hours == 0 && day.value.is_none()) {
        notes.push(format!("no data: nothing was heard of {} in this year that makes an index", device.id));
    }
    let answer = Answer {
        name: "air-calendar",
        title: format!("Days of {year} at {} ({})", device.id, device.zone),
        table: table(&told),
        body: Body {
            station: device.id,
            zone: device.zone,
            year,
            pollutant: pollutant.map(domains::air::Pollutant::code),
            set: &set.id,
            statistic: limit.map(|limit| limit.statistic),
            limit: limit.map(|limit| f64::from(limit.value)),
            days: told,
        },
        notes,
        rests_on: resting(&house.parameters.air.rows, &[&KEYS[..], &["capture.day"]].concat()),
    };
    answer.told(format, house)
}

/// A day; of one that is going on, what is over by `over`.
fn of_day(hours: &Hours, day: LocalDay, over: Timestamp, capture: Capture, judged: Option<(&HourlySeries, &Limit)>) -> Day {
    let starts = (0..day.hours()).map(|hour| Timestamp::clamped(day.start.millis() + hour as i64 * HOUR));
    let past: Vec<Timestamp> = starts.filter(|start| *start < over).collect();
    let levels: Vec<u8> =
        past.iter().filter_map(|at| eaqi(&hours.at(*at), hours.siting).value()).map(|index| index.level).collect();
    let level = levels.iter().copied().max().filter(|_| capture.is_met(levels.len(), past.len()));
    let value = judged.and_then(|(series, limit)| compared(series, limit.statistic, day, capture));
    let above = value.zip(judged).map(|(value, (_, limit))| value > f64::from(limit.value));
    Day { date: day.date, level, hours: levels.len(), value: value.map(rounded), above }
}

/// What a limit compares on a day: the mean, the largest eight-hour mean, or the highest hour.
fn compared(series: &HourlySeries, statistic: Statistic, day: LocalDay, capture: Capture) -> Option<f64> {
    match statistic {
        Statistic::Day => capture.mean(series.of_day(day), day.hours()).value(),
        Statistic::Running8h | Statistic::Mda8 => mda8(series, day, capture).value().map(|largest| largest.value),
        _ => {
            let valid: Vec<f64> = series.of_day(day).flatten().collect();
            valid.iter().copied().reduce(f64::max).filter(|_| capture.is_met(valid.len(), day.hours()))
        }
    }
}

fn table(days: &[Day]) -> Table {
    let row = |day: &Day| {
        vec![
            Cell::Day(day.date),
            day.level.map_or(Cell::Empty, |level| Cell::Count(u64::from(level))),
            Cell::count(day.hours),
            day.value.into(),
            day.above.map_or(Cell::Empty, Cell::Is),
        ]
    };
    Table { columns: vec!["date", "level", "hours", "value", "above"], rows: days.iter().map(row).collect() }
}
