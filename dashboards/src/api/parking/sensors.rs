//! `GET /api/v1/parking/sensors`: sensors that are doubted, since they are silent or never change.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use domains::parking::SensorFault;
use schemars::JsonSchema;
use schemas::{DeviceId, Timestamp, Zone};
use serde::Serialize;

use super::{Space, faults, past, zones};
use crate::api::answer::{Answer, Answered, Format, resting};
use crate::api::gather;
use crate::house::Shared;
use crate::openapi::{Operation, known};
use crate::problem::Problem;
use crate::table::{Cell, Table};

/// A sensor that is not believed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ParkingSensorsDoubt")]
struct Doubt {
    device: DeviceId,
    zone: Zone,
    fault: SensorFault,
    /// When it was heard last; none if it was not in all the time that was looked at.
    heard: Option<Timestamp>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ParkingSensors")]
struct Body {
    at: Timestamp,
    /// Sensors that were looked at.
    sensors: usize,
    doubted: Vec<Doubt>,
}

pub(super) const SENSORS: Operation = Operation::get("/api/v1/parking/sensors", "Which sensors are not believed")
    .takes(&[known::ZONE, known::DAY_TO, known::FORMAT])
    .gives::<Answered<'_, Body>>()
    .also(&["text/csv", "text/plain"])
    .tagged();

pub(super) async fn sensors(State(rooms): Shared, uri: Uri) -> Result<Response, Problem> {
    let params = SENSORS.read(&uri)?;
    let (house, format) = (&rooms.house, Format::of(&params)?);
    let (from, to) = past(&params, house, 1)?;
    let _permit = gather::permit(&rooms)?;
    let settings = &house.parameters.parking.numbers;
    let (mut doubted, mut sensors) = (Vec::new(), 0);
    for (zone, spaces) in zones(house, &params, (from, to)).await? {
        sensors += spaces.len();
        let of_zone = spaces.iter().zip(faults(&spaces, to, settings));
        doubted.extend(of_zone.filter_map(|(space, fault)| Some(doubt(space, &zone, fault?))));
    }
    let mut notes = Vec::new();
    if sensors == 0 {
        notes.push("no data: no parking space is known here".to_owned());
    } else if doubted.is_empty() {
        notes.push(format!("none of {sensors} sensors is doubted"));
    }
    notes.push("a sensor that is stuck, or doubted because it has not moved while its neighbours have, is not believed since it last moved, a silent one not counted: the space is unknown to whoever counts".to_owned());
    let fault = |fault: SensorFault| match fault {
        SensorFault::Silent => "silent",
        SensorFault::Stuck => "stuck",
        SensorFault::Doubted => "doubted",
    };
    let row = |d: &Doubt| vec![Cell::text(&d.device), Cell::text(&d.zone), Cell::text(fault(d.fault)), d.heard.into()];
    let answer = Answer {
        name: "parking-sensors",
        title: format!("{} of {sensors} parking sensors are doubted", doubted.len()),
        table: Table { columns: vec!["device", "zone", "fault", "heard"], rows: doubted.iter().map(row).collect() },
        body: Body { at: to, sensors, doubted },
        notes,
        rests_on: resting(&house.parameters.parking.rows, &["space.unknown", "sensor."]),
    };
    answer.told(format, house)
}

fn doubt(space: &Space, zone: &Zone, fault: SensorFault) -> Doubt {
    Doubt { device: space.device.clone(), zone: zone.clone(), fault, heard: space.heard }
}
