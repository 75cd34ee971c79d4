//! `GET /api/v1/air/profile` and `/api/v1/air/rose`: how a pollutant of a station usually goes, by the hour of the day and by where
//! the wind comes from. The wind is the station's own.

use std::ops::Range;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::air::{DayProfile, HourlySeries, Pollutant, Rose, UsualHour, day_profile, hourly_winds, rose as rose_of};
use schemars::JsonSchema;
use schemas::{DeviceId, Quantity, Timestamp, Zone};
use serde::Serialize;

use super::exceedances::one_station;
use super::history::POLLUTANT;
use super::{Hours, KEYS, odd_series, one_pollutant};
use crate::api::answer::{Answer, Answered, Format, resting};
use crate::api::gather;
use crate::house::{House, Shared};
use crate::openapi::{Operation, known};
use crate::params::{Params, whole_hours};
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// Days of the period where none is given.
const DAYS: i32 = 90;
/// The sectors of a rose, clockwise.
const NAMES: [&str; domains::air::SECTORS] =
    ["N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"];

/// What is asked for: a pollutant of a station over whole hours, and what is known of it.
struct Asked {
    station: DeviceId,
    zone: Zone,
    pollutant: Pollutant,
    period: Range<Timestamp>,
    /// Empty where the station does not measure it.
    series: HourlySeries,
    notes: Vec<String>,
}

impl Asked {
    async fn of(house: &House, params: &Params) -> Result<Self, Problem> {
        let pollutant = one_pollutant(params)?;
        let period = whole_hours(&params.period(house.clock.now(), house.city.time(), DAYS)?);
        let device = one_station(house, params).await?;
        let mut hours = Hours::of(house, &device.id, period.clone()).await?;
        let mut notes = hours.notes;
        let series = match hours.series.remove(&pollutant) {
            Some(series) => series,
            None => {
                notes.push(format!("no data: {} of {} is not known in this period", pollutant.code(), device.id));
                HourlySeries::new(period.start, Vec::new()).map_err(odd_series)?
            }
        };
        Ok(Self { station: device.id, zone: device.zone, pollutant, period, series, notes })
    }
}

/// What both answers say first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Air{T}")]
struct Body<T> {
    station: DeviceId,
    zone: Zone,
    pollutant: &'static str,
    unit: &'static str,
    from: Timestamp,
    to: Timestamp,
    #[serde(flatten)]
    found: T,
}

impl<T> Body<T> {
    fn of(asked: Asked, found: T) -> Self {
        let Asked { station, zone, pollutant, period, .. } = asked;
        Self { station, zone, pollutant: pollutant.code(), unit: "ug/m3", from: period.start, to: period.end, found }
    }
}

pub(super) const PROFILE: Operation =
    Operation::get("/api/v1/air/profile", "How a pollutant usually goes by the hour of the day; the last 90 days by default")
        .takes(&[known::STATION, POLLUTANT.needed(), known::DAY_FROM, known::DAY_TO, known::FORMAT])
        .gives::<Answered<'_, Body<DayProfile>>>()
        .also(&["text/csv", "text/plain"])
        .tagged();

pub(super) async fn profile(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = PROFILE.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let _permit = gather::permit(&rooms)?;
    let mut asked = Asked::of(house, &params).await?;
    let least = house.parameters.air.numbers.pattern.least_hours.get() as usize;
    let found = day_profile(&asked.series, asked.period.clone(), house.city.time(), least);
    let answer = Answer {
        name: "air-profile",
        title: format!("{} at {} ({}) by the hour of the day", asked.pollutant.code(), asked.station, asked.zone),
        table: profile_table(&found),
        notes: std::mem::take(&mut asked.notes),
        body: Body::of(asked, found),
        rests_on: resting(&house.parameters.air.rows, &[&KEYS[..], &["pattern.least_hours"]].concat()),
    };
    answer.told(format, house)
}

fn profile_table(profile: &DayProfile) -> Table {
    let of = |usual: &UsualHour| [usual.mean.into(), Cell::count(usual.hours)];
    let row = |(hour, (weekday, weekend)): (usize, (&UsualHour, &UsualHour))| {
        [&[Cell::count(hour)][..], &of(weekday), &of(weekend)].concat()
    };
    Table {
        columns: vec!["hour", "weekday", "weekday_hours", "weekend", "weekend_hours"],
        rows: profile.weekday.iter().zip(&profile.weekend).enumerate().map(row).collect(),
    }
}

/// The rose, and whether there is any wind.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PollutionRose")]
struct Told {
    /// The station measures where the wind comes from.
    wind: bool,
    #[serde(flatten)]
    rose: Rose,
}

pub(super) const ROSE: Operation =
    Operation::get("/api/v1/air/rose", "How a pollutant usually is by where the wind comes from; the last 90 days by default")
        .takes(&[known::STATION, POLLUTANT.needed(), known::DAY_FROM, known::DAY_TO, known::FORMAT])
        .gives::<Answered<'_, Body<Told>>>()
        .also(&["text/csv", "text/plain"])
        .tagged();

pub(super) async fn rose(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = ROSE.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let _permit = gather::permit(&rooms)?;
    let mut asked = Asked::of(house, &params).await?;
    let (directions, speeds) =
        (wind(house, &asked, Quantity::AIR_WIND_DIRECTION).await?, wind(house, &asked, Quantity::AIR_WIND_SPEED).await?);
    let winds = hourly_winds(&directions, &speeds);
    let found = rose_of(asked.pollutant, &asked.series, &winds, &house.parameters.air.numbers.pattern);
    if winds.is_empty() {
        asked.notes.push(format!("no data: {} does not say where the wind comes from", asked.station));
    } else if speeds.is_empty() {
        asked.notes.push(format!("{}: the speed of the wind is not known, calms are not told apart", asked.station));
    }
    let answer = Answer {
        name: "air-rose",
        title: format!("{} at {} ({}) by where the wind comes from", asked.pollutant.code(), asked.station, asked.zone),
        table: rose_table(&found),
        notes: std::mem::take(&mut asked.notes),
        body: Body::of(asked, Told { wind: !winds.is_empty(), rose: found }),
        rests_on: resting(&house.parameters.air.rows, &[&KEYS[..], &["pattern."]].concat()),
    };
    answer.told(format, house)
}

/// What the station says of the wind, without what is bad.
async fn wind(house: &House, asked: &Asked, quantity: Quantity) -> Result<Vec<(Timestamp, f64)>, Problem> {
    let past = gather::past(house, &asked.station, &[quantity], asked.period.clone()).await?;
    Ok(gather::good(gather::of_first_channel(past)))
}

fn rose_table(rose: &Rose) -> Table {
    let row = |name: &str, usual: &UsualHour| vec![Cell::text(name), Cell::count(usual.hours), usual.mean.into()];
    let sectors = NAMES.iter().zip(&rose.sectors).map(|(name, sector)| row(name, &sector.usual));
    Table { columns: vec!["from", "hours", "mean"], rows: sectors.chain([row("calm", &rose.calm)]).collect() }
}
