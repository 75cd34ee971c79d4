//! `GET /api/v1/places` and `GET /api/v1/parking/bays`: where devices stand and what they say now, in columns, for maps of
//! thousands.
//!
//! Deliberately absent: connections to the water network, which nobody is shown one by one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use axum::response::{IntoResponse, Response};
use ports::Selector;
use schemars::JsonSchema;
use schemas::{DeviceId, Grade, Kind, Quantity, Timestamp, Zone};
use serde::Serialize;

use super::gather;
use crate::budget::in_time;
use crate::house::{House, Rooms, Shared};
use crate::openapi::{Operation, Parameter, Paths, known};
use crate::problem::Problem;

/// What was said longer ago is not what is so now: bins, bays and probes speak seldom, some once a day.
const SILENT: Duration = Duration::from_secs(26 * 3600);

/// The addresses of places.
pub(crate) fn paths() -> Paths<Arc<Rooms>> {
    Paths::new().at(&PLACES, places).at(&BAYS, bays)
}

/// Devices that have a place, by id; each list is in the order of the first.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Places")]
struct Body {
    at: Timestamp,
    kind: Kind,
    quantity: Quantity,
    devices: Vec<DeviceId>,
    /// What people call them; none where the id is all.
    labels: Vec<Option<String>>,
    /// Degrees north and east.
    lat: Vec<f64>,
    lon: Vec<f64>,
    /// What each said last; none where that is a day and more ago or not to be believed.
    values: Vec<Option<f64>>,
    /// Devices of the kind without a place.
    without_place: usize,
}

const PLACES: Operation =
    Operation::get("/api/v1/places", "Where devices of a kind stand and what they say now, in columns: for a map")
        .takes(&[
            known::KIND.needed(),
            Parameter::of::<Quantity>("quantity", "What of it; of bins the level, of air stations PM10 where it is not given"),
            known::ZONE,
        ])
        .gives::<Body>();

async fn places(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = PLACES.read(&uri)?;
    let expected = "waste, air or a kind of the city's own";
    let kind = params.kind()?.ok_or_else(|| Problem::parameter("kind", "it is not given", expected))?;
    if kind == Kind::WATER || kind == Kind::PARKING {
        let detail = "single connections and single spaces tell of people: bays are at /api/v1/parking/bays, connections nowhere";
        return Err(Problem::parameter("kind", detail, expected));
    }
    let asked: Option<Quantity> = params.parsed("quantity", "the name of a quantity, such as waste.fill")?;
    let usual = match kind {
        Kind::WASTE => Some(Quantity::WASTE_FILL),
        Kind::AIR => Some(Quantity::AIR_PM10),
        _ => None,
    };
    let quantity = asked.or(usual);
    let quantity =
        quantity.ok_or_else(|| Problem::parameter("quantity", "it is not given", "the name of one that they measure"))?;
    let _permit = gather::permit(&rooms)?;
    Ok(Json(told(&rooms.house, kind, quantity, params.zone()?.as_ref()).await?).into_response())
}

const BAYS: Operation = Operation::get(
    "/api/v1/parking/bays",
    "Where single bays are and whether they are taken now, 1 or 0, in columns: for a map of those who may see single spaces",
)
.takes(&[known::ZONE])
.gives::<Body>();

async fn bays(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = BAYS.read(&uri)?;
    let _permit = gather::permit(&rooms)?;
    Ok(Json(told(&rooms.house, Kind::PARKING, Quantity::PARKING_OCCUPIED, params.zone()?.as_ref()).await?).into_response())
}

async fn told(house: &House, kind: Kind, quantity: Quantity, zone: Option<&Zone>) -> Result<Body, Problem> {
    let now = house.clock.now();
    let select = Selector { kind: Some(kind), quantities: vec![quantity], ..Selector::default() };
    let mut last: HashMap<DeviceId, f64> = HashMap::new();
    // By series: of a device the first channel comes first.
    for reading in in_time(house.store.latest(&select)).await? {
        if reading.quality.grade() != Grade::Bad && now.since(reading.observed_at) < SILENT {
            last.entry(reading.series.device).or_insert(reading.value);
        }
    }
    let all = gather::devices(house, kind, zone).await?;
    let mut body = Body {
        at: now,
        kind,
        quantity,
        devices: Vec::new(),
        labels: Vec::new(),
        lat: Vec::new(),
        lon: Vec::new(),
        values: Vec::new(),
        without_place: all.iter().filter(|device| device.place.is_none()).count(),
    };
    for device in all {
        let Some(place) = device.place else { continue };
        body.lat.push(rounded(place.lat()));
        body.lon.push(rounded(place.lon()));
        body.values.push(last.get(&device.id).copied());
        body.labels.push(device.label);
        body.devices.push(device.id);
    }
    Ok(body)
}

/// Degrees to a metre.
fn rounded(degrees: f64) -> f64 {
    (degrees * 1e5).round() / 1e5
}
