//! `GET /api/v1/air/now` and `/api/v1/air/history`: what a station says beside the limits of one set, each by the limit's own
//! averaging time. A value of a minute is never compared with a limit of a day.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use domains::air::{HourlySeries, LimitSet, Pollutant, Purpose, Statistic, running_8h, running_24h};
use domains::parameters::Status;
use ports::Selector;
use schemars::JsonSchema;
use schemas::{DeviceId, Grade, HOUR, Timestamp, Zone};
use serde::Serialize;
use std::time::Duration;

use super::exceedances::one_station;
use super::{Hours, KEYS, one_pollutant};
use crate::api::answer::resting;
use crate::api::gather;
use crate::budget::in_time;
use crate::house::{House, Shared};
use crate::openapi::{Operation, Parameter, known};
use crate::params::{Params, whole_hours};
use crate::problem::Problem;

/// The hours before a period that its first means reach back into.
const BEFORE: Duration = Duration::from_secs(24 * 3600);
/// The set that is shown where nobody asks for one: the law of the place could not be read.
const USUAL: &str = "who-2021";
/// Hours of one answer that are told each; of longer periods every sixth.
const EACH_LIMIT: usize = 9_000;
const SIXTH: usize = 6;

/// A limit that is about hours or days, and what is compared with it.
#[derive(Serialize, JsonSchema)]
struct Beside {
    pollutant: &'static str,
    statistic: Statistic,
    /// Hours of the mean.
    hours: u16,
    /// ug/m3; kept when equal.
    limit: f64,
    status: Status,
    source: String,
    /// ug/m3, over the hours that end with the last whole one; none where too few are valid.
    mean: Option<f64>,
    /// The last value that was heard, ug/m3, and when: not comparable with the limit.
    last: Option<f64>,
    last_at: Option<Timestamp>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AirNow")]
struct Now<'a> {
    station: DeviceId,
    zone: Zone,
    low_cost: bool,
    set: &'a str,
    sets: Vec<&'a str>,
    /// The last whole hour began then.
    hour: Timestamp,
    rows: Vec<Beside>,
    /// Pollutants that are measured and have no such limit in the set.
    without: Vec<&'static str>,
    notes: Vec<String>,
    rests_on: Vec<&'a domains::parameters::Row>,
}

#[derive(Serialize, JsonSchema)]
struct History<'a> {
    station: DeviceId,
    zone: Zone,
    pollutant: &'static str,
    unit: &'static str,
    from: Timestamp,
    to: Timestamp,
    /// Seconds from one value to the next; the first is that of the hour that begins with `from`.
    step_s: u64,
    /// Hourly means, null where the hour is not valid.
    hour: Vec<Option<f64>>,
    /// Running means over `mean_hours` that end with the hour; none where no limit is about more than an hour.
    #[serde(skip_serializing_if = "Option::is_none")]
    mean: Option<Vec<Option<f64>>>,
    mean_hours: u16,
    set: &'a str,
    limit: Option<f64>,
    notes: Vec<String>,
    rests_on: Vec<&'a domains::parameters::Row>,
}

/// Hours of the mean that a statistic compares; none where it is of a month, a year or less than an hour.
const fn hours_of(statistic: Statistic) -> Option<u16> {
    match statistic {
        Statistic::Hour => Some(1),
        Statistic::Running8h | Statistic::Mda8 => Some(8),
        Statistic::Day => Some(24),
        Statistic::TenMinutes | Statistic::QuarterHour | Statistic::PeakSeason | Statistic::Year => None,
    }
}

fn mean(series: &HourlySeries, hours: u16, at: Timestamp) -> Option<f64> {
    match hours {
        1 => series.at(at),
        8 => running_8h(series, at),
        _ => running_24h(series, at),
    }
}

/// `set`: one, the usual one where nobody asks.
pub(super) fn set<'a>(house: &'a House, params: &Params) -> Result<&'a LimitSet, Problem> {
    let all = &house.parameters.limits;
    let asked = params.one("set")?.unwrap_or(USUAL);
    all.iter().find(|set| set.id == asked).ok_or_else(|| {
        let known: Vec<&str> = all.iter().map(|set| set.id.as_str()).collect();
        let asked: String = asked.chars().take(64).collect();
        Problem::parameter("set", format!("there is no set of limits `{asked}`"), format!("one of {}", known.join(", ")))
    })
}

/// The limits of a set for people that are about hours or days; of interim targets none.
fn short(set: &LimitSet) -> impl Iterator<Item = (&domains::air::Limit, u16)> {
    let fits = |limit: &&domains::air::Limit| limit.purpose == Purpose::Health && limit.interim.is_none();
    set.limit.iter().filter(fits).filter_map(|limit| Some((limit, hours_of(limit.statistic)?)))
}

/// The limit of a pollutant over the longest of these times, with its hours.
pub(super) fn longest(set: &LimitSet, pollutant: Pollutant) -> Option<(&domains::air::Limit, u16)> {
    short(set).filter(|(limit, _)| limit.pollutant == pollutant).max_by_key(|(_, hours)| *hours)
}

pub(super) const SET: Parameter = Parameter::text("set", "The set of limits, `who-2021` where it is not given");
pub(super) const POLLUTANT: Parameter = Parameter::of::<Pollutant>("pollutant", "The pollutant");

pub(super) const NOW: Operation =
    Operation::get("/api/v1/air/now", "What a station says beside each limit for people that is about hours or days")
        .takes(&[known::STATION, SET])
        .gives::<Now<'_>>()
        .tagged();

pub(super) async fn now(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = NOW.read(&uri)?;
    let (house, set) = (&rooms.house, set(&rooms.house, &params)?);
    let _permit = gather::permit(&rooms)?;
    let device = one_station(house, &params).await?;
    let hour = Timestamp::clamped(house.clock.now().hour().millis() - HOUR);
    let hours = Hours::of(house, &device.id, hour.minus(BEFORE)..Timestamp::clamped(hour.millis() + HOUR)).await?;
    let select = Selector { devices: vec![device.id.clone()], ..Selector::default() };
    let latest = in_time(house.store.latest(&select)).await?;
    let last = |pollutant: Pollutant| {
        let of = |r: &&schemas::Reading| Some(r.series.quantity) == pollutant.quantity() && r.quality.grade() != Grade::Bad;
        latest.iter().find(of)
    };
    let row = |(limit, hours_of): (&domains::air::Limit, u16)| Beside {
        pollutant: limit.pollutant.code(),
        statistic: limit.statistic,
        hours: hours_of,
        limit: f64::from(limit.value),
        status: limit.status,
        source: limit.source.clone(),
        mean: hours.series.get(&limit.pollutant).and_then(|series| mean(series, hours_of, hour)),
        last: last(limit.pollutant).map(|r| r.value),
        last_at: last(limit.pollutant).map(|r| r.observed_at),
    };
    let measured: Vec<Pollutant> = Pollutant::ALL.into_iter().filter(|p| last(*p).is_some()).collect();
    let rows: Vec<Beside> = short(set).filter(|(limit, _)| measured.contains(&limit.pollutant)).map(row).collect();
    let without = measured.iter().map(|p| p.code()).filter(|code| rows.iter().all(|row| row.pollutant != *code)).collect();
    let low_cost = house.parameters.station(&device.id).low_cost;
    Ok(Json(Now {
        station: device.id,
        zone: device.zone,
        low_cost,
        set: &set.id,
        sets: house.parameters.limits.iter().map(|set| set.id.as_str()).collect(),
        hour,
        rows,
        without,
        notes: hours.notes,
        rests_on: resting(&house.parameters.air.rows, &KEYS),
    })
    .into_response())
}

pub(super) const HISTORY: Operation =
    Operation::get("/api/v1/air/history", "Hourly means of a pollutant, and running means by the time of its limit")
        .takes(&[known::STATION, POLLUTANT.needed(), SET, known::DAY_FROM, known::DAY_TO])
        .gives::<History<'_>>()
        .tagged();

pub(super) async fn history(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = HISTORY.read(&uri)?;
    let (house, set) = (&rooms.house, set(&rooms.house, &params)?);
    let pollutant = one_pollutant(&params)?;
    let range = whole_hours(&params.period(house.clock.now(), house.city.time(), 1)?);
    let _permit = gather::permit(&rooms)?;
    let device = one_station(house, &params).await?;
    let hours = Hours::of(house, &device.id, range.start.minus(BEFORE)..range.end).await?;
    let limit = longest(set, pollutant);
    let mean_hours = limit.map_or(1, |(_, hours)| hours);
    let series = hours.series.get(&pollutant);
    let count = usize::try_from((range.end.millis() - range.start.millis()) / HOUR).unwrap_or(0);
    let every = if count > EACH_LIMIT { SIXTH } else { 1 };
    #[expect(clippy::cast_possible_wrap, reason = "hours of ten years")]
    let starts: Vec<Timestamp> =
        (0..count).step_by(every).map(|slot| Timestamp::clamped(range.start.millis() + slot as i64 * HOUR)).collect();
    let of = |hours: u16| starts.iter().map(|at| series.and_then(|s| mean(s, hours, *at)).map(rounded)).collect();
    Ok(Json(History {
        station: device.id,
        zone: device.zone,
        pollutant: pollutant.code(),
        unit: "ug/m3",
        from: range.start,
        to: range.end,
        step_s: 3_600 * every as u64,
        hour: of(1),
        mean: (mean_hours > 1).then(|| of(mean_hours)),
        mean_hours,
        set: &set.id,
        limit: limit.map(|(limit, _)| f64::from(limit.value)),
        notes: hours.notes,
        rests_on: resting(&house.parameters.air.rows, &KEYS),
    })
    .into_response())
}

/// To hundredths: what is drawn needs no more.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
