//! `GET /api/v1/waste/bin`: one bin, when it was emptied, and when it will be full.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use domains::waste::{Basis, EmptyingKind};
use schemars::JsonSchema;
use schemas::{DeviceId, Kind, Place, Quantity, Timestamp, Zone};
use serde::Serialize;

use super::{Urgency, history, worklist};
use crate::api::answer::{Said, resting};
use crate::api::gather;
use crate::house::Shared;
use crate::openapi::{Operation, Parameter};
use crate::problem::Problem;

/// Emptyings are looked for in the last four weeks.
const LOOK_BACK: Duration = Duration::from_secs(28 * 86_400);

/// An emptying.
#[derive(Serialize, JsonSchema)]
struct Emptied {
    at: Timestamp,
    kind: EmptyingKind,
    /// Per cent.
    before: f64,
    after: f64,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WasteBin")]
struct Body<'a> {
    bin: DeviceId,
    label: Option<String>,
    zone: Zone,
    place: Option<Place>,
    /// Who collects there today; none where nobody does.
    contractor: Option<&'a str>,
    /// Per cent, as it was last heard, without outliers; none if it was not within two weeks.
    fill: Option<f64>,
    heard: Option<Timestamp>,
    offline: bool,
    /// The level that the forecast is about, per cent.
    threshold: f64,
    due_p50: Option<Timestamp>,
    due_p90: Option<Timestamp>,
    basis: Option<Said<Basis>>,
    /// How soon it has to be emptied; none where it was not heard.
    urgency: Option<Urgency>,
    emptyings: Vec<Emptied>,
    rests_on: Vec<&'a domains::parameters::Row>,
}

pub(super) const BIN: Operation = Operation::get("/api/v1/waste/bin", "A bin, foreseen as in the worklist")
    .takes(&[Parameter::of::<DeviceId>("bin", "The bin").needed()])
    .gives::<Body<'_>>()
    .tagged();

pub(super) async fn bin(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    const EXPECTED: &str = "the id of one bin";
    let params = BIN.read(&uri)?;
    let asked = params.parsed::<DeviceId>("bin", EXPECTED)?;
    let asked = asked.ok_or_else(|| Problem::parameter("bin", "a bin is needed", EXPECTED))?;
    let (house, now) = (&rooms.house, rooms.house.clock.now());
    let _permit = gather::permit(&rooms)?;
    let all = gather::devices(house, Kind::WASTE, None).await?;
    let device = all.iter().find(|d| d.id == asked).cloned();
    let device = device.ok_or_else(|| Problem::absent(format!("there is no bin `{asked}`")))?;
    let period = now.minus(LOOK_BACK)..now.plus(Duration::from_millis(1));
    let past = history(house, gather::past(house, &device.id, &[Quantity::WASTE_FILL], period).await?);
    // Bins of a zone learn from one another, as in the worklist: the two say the same.
    let neighbours = all.into_iter().filter(|d| d.zone == device.zone).collect();
    let (mut bins, mut unheard) = (Vec::new(), Vec::new());
    worklist::district(house, neighbours, now, &mut bins, &mut unheard).await?;
    let known = bins.into_iter().find(|bin| bin.device.id == device.id);
    let date = house.city.time().date(now);
    let contractor = house.parameters.territories.contractor(device.zone.as_str(), date).ok().map(|(holder, _)| holder);
    let threshold = house.parameters.waste.numbers.round.forecast.get();
    let emptyings = past.emptyings().map(|(at, e)| Emptied { at, kind: e.kind, before: e.before, after: e.after }).collect();
    Ok(Json(Body {
        bin: device.id,
        label: device.label,
        zone: device.zone,
        place: device.place,
        contractor,
        fill: known.as_ref().map(|bin| bin.level.1),
        heard: known.as_ref().map(|bin| bin.level.0),
        offline: known.as_ref().is_none_or(|bin| bin.offline),
        threshold,
        due_p50: known.as_ref().and_then(worklist::Bin::p50),
        due_p90: known.as_ref().and_then(worklist::Bin::p90),
        urgency: known.as_ref().map(|bin| bin.urgency(threshold, now)),
        basis: known.map(|bin| Said(bin.forecast.map(|f| f.basis))),
        emptyings,
        rests_on: resting(&house.parameters.waste.rows, &["emptying.", "forecast.", "round."]),
    })
    .into_response())
}
