//! `GET /api/v1/water/stuck`: meters that stand still although water was drawn before; under pseudonyms.

use std::time::Duration;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::time::LocalDay;
use domains::water::stuck_meter;
use schemars::JsonSchema;
use schemas::{Timestamp, Zone};
use serde::Serialize;

use super::{connections, curve, pseudonyms, volumes};
use crate::api::answer::{Answer, Answered, Format, resting};
use crate::api::gather;
use crate::house::Shared;
use crate::openapi::{Operation, known};
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// A meter that stands still, for the utility.
#[derive(Serialize, JsonSchema)]
struct Still {
    /// A pseudonym.
    meter: String,
    zone: Zone,
    /// The last time its register moved; none if it did not in all the time that was looked at.
    moved_at: Option<Timestamp>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WaterStuck")]
struct Body {
    at: Timestamp,
    /// Connections that were looked at.
    meters: usize,
    /// Connections of which too little is known to be judged.
    unknown: usize,
    stuck: Vec<Still>,
}

pub(super) const STUCK: Operation = Operation::get("/api/v1/water/stuck", "Meters that stand still, under pseudonyms")
    .takes(&[known::ZONE, known::DAY_TO, known::FORMAT])
    .gives::<Answered<'_, Body>>()
    .also(&["text/csv", "text/plain"]);

pub(super) async fn stuck(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = STUCK.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let city = house.city.time();
    let settings = &house.parameters.water.numbers.balance;
    let (still_days, before_days) = (settings.stuck_days.get(), settings.before_days.get());
    let looked = i32::try_from(still_days.saturating_add(before_days)).unwrap_or(i32::MAX);
    let range = params.period(house.clock.now(), city, looked.saturating_add(1))?;
    let last = city.date(range.end.minus(Duration::from_millis(1)));
    // A day that is not over has not stood still.
    let days: Vec<LocalDay> = city.days(city.date(range.start), last).filter(|day| day.end <= range.end).collect();
    let (Some(first), Some(end)) = (days.first().map(|d| d.start), days.last().map(|d| d.end)) else {
        return Err(Problem::parameter("to", "no day is over by then", "a later day"));
    };
    let names = pseudonyms(house)?;
    let _permit = gather::permit(&rooms)?;
    let (mut found, mut unknown) = (Vec::new(), 0);
    let connections = connections(house, params.zone()?.as_ref()).await?;
    let meters = connections.len();
    let mut volumes = volumes(house, &connections, &(first..end));
    while let Some((device, said)) = volumes.next().await? {
        let curve = curve(house, said)?;
        let daily: Vec<Option<f64>> = days.iter().map(|day| curve.day(*day).map(|c| c.litres)).collect();
        let recent = daily.get(daily.len().saturating_sub(still_days as usize)..).unwrap_or_default();
        unknown += usize::from(recent.iter().any(Option::is_none));
        if stuck_meter(&daily, settings) {
            let moved =
                |(at, delta): &(Timestamp, domains::water::Delta)| delta.consumption().is_some_and(|l| l > 0).then_some(*at);
            let moved_at = curve.deltas().iter().rev().find_map(moved);
            found.push(Still { meter: names.of(device.id.as_str()), zone: device.zone.clone(), moved_at });
        }
    }
    tracing::info!(meters, stuck = found.len(), "stuck meters were looked for, under pseudonyms");
    let mut notes = Vec::new();
    if meters == 0 {
        notes.push("no data: no water meter is known here".to_owned());
    } else if found.is_empty() {
        notes.push(format!("no stuck meter was found among {meters}"));
    }
    if unknown > 0 {
        notes.push(format!("{unknown} of {meters} meters were not read on each of the last {still_days} days and prove nothing"));
    }
    let row = |s: &Still| vec![Cell::text(&s.meter), Cell::text(&s.zone), s.moved_at.into()];
    let answer = Answer {
        name: "water-stuck",
        title: format!("{} stuck meters on {}", found.len(), city.date(end.minus(Duration::from_millis(1)))),
        table: Table { columns: vec!["meter", "zone", "moved_at"], rows: found.iter().map(row).collect() },
        body: Body { at: end, meters, unknown, stuck: found },
        notes,
        rests_on: resting(&house.parameters.water.rows, &["meter.", "curve.", "balance.stuck_days", "balance.before"]),
    };
    answer.told(format, house)
}
