//! `/api/v1/water`: consumption and leaks.
//!
//! Two kinds of answer, since a meter tells of people (law 09-08). For everybody: sums by zone and day, over enough connections
//! and none of them dominating. For the utility: single connections, under pseudonyms that only the holder of a key can make;
//! without the key there are no such answers. Deliberately absent: the number of any meter, and joining meters with anything else.

mod consumption;
mod leaks;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use domains::water::{ConsumptionCurve, MeterIndex, Pseudonyms};
use schemas::{DeviceId, Quantity, Timestamp};

use super::gather;
use crate::house::{House, Rooms};
use crate::problem::Problem;

/// The addresses about water.
pub(crate) fn routes() -> Router<Arc<Rooms>> {
    Router::new()
        .route("/api/v1/water/consumption", get(consumption::consumption))
        .route("/api/v1/water/leaks", get(leaks::leaks))
}

/// Readings on both sides of a period, from which its ends are interpolated.
const AROUND: Duration = Duration::from_secs(12 * 3600);

/// The key, or why single connections are not told.
fn pseudonyms(house: &House) -> Result<&Pseudonyms, Problem> {
    house.parameters.pseudonyms.as_ref().ok_or_else(|| {
        Problem::withheld(
            "single connections are told only under pseudonyms, and this program has no key to make them: a meter's number and \
             its hours are personal data (law 09-08, article 1)",
            "privacy.pseudonym_key_file in the settings, a file kept outside the database; sums by zone need no key",
        )
    })
}

/// The consumption of a connection, over a period and the hours around it. Litres.
async fn curve(house: &House, device: &DeviceId, range: Range<Timestamp>) -> Result<ConsumptionCurve, Problem> {
    let wide = range.start.minus(AROUND)..range.end.plus(AROUND);
    let volumes = gather::values(house, device, Quantity::WATER_VOLUME, wide).await?;
    let index = |(at, cubic_metres): &(Timestamp, f64)| MeterIndex { at: *at, litres: litres(*cubic_metres), serial: None };
    let readings: Vec<MeterIndex<'static>> = volumes.iter().map(index).collect();
    let settings = &house.parameters.water.numbers;
    ConsumptionCurve::new(&readings, &settings.meter, &settings.curve)
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
