//! `/api/v1/water`: consumption, leaks, stuck meters, and the losses of districts.
//!
//! Two kinds of answer, since a meter tells of people (law 09-08). For everybody: sums by zone and day, over enough connections
//! and none of them dominating. For the utility: single connections, under pseudonyms that only the holder of a key can make;
//! without the key there are no such answers. Deliberately absent: the number of any meter, and joining meters with anything else.

mod balance;
mod consumption;
mod districts;
mod leaks;
mod stuck;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use domains::water::{ConsumptionCurve, MeterIndex, MeterSettings};
use schemas::{Device, DeviceId, Kind, Quantity, Reading, Timestamp, Zone};

use super::gather;
use super::pasts::Pasts;
use crate::Names;
use crate::house::{House, Rooms};
use crate::openapi::Paths;
use crate::problem::Problem;

/// The addresses about water.
pub(crate) fn paths() -> Paths<Arc<Rooms>> {
    Paths::new()
        .at(&consumption::CONSUMPTION, consumption::consumption)
        .at(&leaks::LEAKS, leaks::leaks)
        .at(&balance::BALANCE, balance::balance)
        .at(&districts::NIGHT, districts::night)
        .at(&stuck::STUCK, stuck::stuck)
}

/// Readings on both sides of a period, from which its ends are interpolated: a meter that is read once a day has one.
const AROUND: Duration = Duration::from_secs(26 * 3600);

/// How connections are named, or why single connections are not told.
fn pseudonyms(house: &House) -> Result<&Names, Problem> {
    house.parameters.pseudonyms.as_ref().ok_or_else(|| {
        Problem::withheld(
            "single connections are told only under pseudonyms, and this program has no keys to make them: a meter's number and \
             its hours are personal data (law 09-08, article 1)",
            "privacy.keys in the settings, a file that `marsad vault init` makes; sums by zone need none",
        )
    })
}

/// The connections, within a zone where one is named: meters that feed districts are none.
async fn connections(house: &House, zone: Option<&Zone>) -> Result<Vec<Device>, Problem> {
    let mut all = gather::devices(house, Kind::WATER, zone).await?;
    all.retain(|meter| !house.parameters.is_bulk(&meter.id));
    Ok(all)
}

/// What connections said of their consumption, over a period and the hours around it.
fn volumes<'a>(house: &'a House, connections: &'a [Device], range: &Range<Timestamp>) -> Pasts<'a, Reading> {
    Pasts::of(house, connections, &[Quantity::WATER_VOLUME], around(range))
}

/// A period and the hours around it.
fn around(range: &Range<Timestamp>) -> Range<Timestamp> {
    range.start.minus(AROUND)..range.end.plus(AROUND)
}

/// The consumption of a connection that said this. Litres.
fn curve(house: &House, said: Vec<Reading>) -> Result<ConsumptionCurve, Problem> {
    curve_by(house, said, &house.parameters.water.numbers.meter)
}

/// What passed a meter of which these steps are believed.
async fn metered(
    house: &House,
    device: &DeviceId,
    range: Range<Timestamp>,
    meter: &MeterSettings,
) -> Result<ConsumptionCurve, Problem> {
    curve_by(house, gather::past(house, device, &[Quantity::WATER_VOLUME], around(&range)).await?, meter)
}

fn curve_by(house: &House, said: Vec<Reading>, meter: &MeterSettings) -> Result<ConsumptionCurve, Problem> {
    let volumes = gather::good(gather::of_first_channel(said));
    let index = |(at, cubic_metres): &(Timestamp, f64)| MeterIndex { at: *at, litres: litres(*cubic_metres), serial: None };
    let readings: Vec<MeterIndex<'static>> = volumes.iter().map(index).collect();
    ConsumptionCurve::new(&readings, meter, &house.parameters.water.numbers.curve)
        .map_err(|e| Problem::parameter("from", e.to_string(), "a shorter period"))
}

/// Whole litres of a register in cubic metres.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast saturates, and a register counts up from 0"
)]
fn litres(cubic_metres: f64) -> u64 {
    (cubic_metres * 1e3).round() as u64
}
