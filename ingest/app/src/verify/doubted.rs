//! Whether what the hours and days of an air station make doubtful is what the ground truth labels: sensors that stick, values that
//! jump, sensors that leave their neighbours.
//!
//! Asked are the checks of the pages and the API ([`domains::air::check_hours`], [`domains::health::drift`]), over the hours that the
//! store gives. No reading carries such a doubt: it needs neighbours in time, and changes when what was late has come.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use dashboards::Parameters;
use domains::air::{Doubt, Pollutant, check_hours};
use domains::health::{beside_neighbours, drift};
use schemas::{DeviceId, Timestamp};
use simulators::{City, Expected, ExpectedDoubt, SensorDoubt};

use super::report::Finding;
use super::stage::Stage;
use crate::failure::Failure;

const HOUR: i64 = 3_600_000;
const DAY: usize = 24;

/// The stations of which an hour or a day is doubted, by the doubt.
pub(super) type Doubted = BTreeMap<SensorDoubt, BTreeSet<DeviceId>>;

/// The hourly means of each station, by pollutant; none where nothing was said.
type Hours = BTreeMap<Pollutant, BTreeMap<DeviceId, Vec<Option<f64>>>>;

/// What is doubted of all stations in a span.
pub(super) async fn doubted(stage: &Stage, span: Range<Timestamp>) -> Result<Doubted, Failure> {
    let hours = hours(stage, span).await?;
    let parameters = stage.parameters();
    let mut all = Doubted::new();
    for (pollutant, stations) in &hours {
        for (device, values) in stations {
            let found = check_hours(*pollutant, values, &parameters.air.numbers.quality);
            for (_, doubt) in found {
                let doubt = match doubt {
                    Doubt::Stuck => SensorDoubt::Stuck,
                    Doubt::Spike => SensorDoubt::Spike,
                    Doubt::BelowFloor | Doubt::AboveCeiling | Doubt::FineAboveCoarse => continue,
                };
                all.entry(doubt).or_default().insert(device.clone());
            }
        }
        all.entry(SensorDoubt::Drift).or_default().extend(drifting(stations, parameters));
    }
    all.retain(|doubt, _| !stage.trusts(*doubt));
    Ok(all)
}

async fn hours(stage: &Stage, span: Range<Timestamp>) -> Result<Hours, Failure> {
    let (first, end) = (span.start.hour(), span.end);
    let count = usize::try_from((end.millis() - first.millis()).max(0) / HOUR + 1).unwrap_or(0);
    let mut all = Hours::new();
    for pollutant in Pollutant::ALL {
        let Some(quantity) = pollutant.quantity() else { continue };
        for partial in stage.hours(quantity, first..end).await? {
            let stations = all.entry(pollutant).or_default();
            let values = stations.entry(partial.series.device.clone()).or_insert_with(|| vec![None; count]);
            let hour = usize::try_from((partial.start.millis() - first.millis()) / HOUR).ok();
            if let Some(place) = hour.and_then(|hour| values.get_mut(hour)) {
                *place = Some(partial.mean());
            }
        }
    }
    Ok(all)
}

/// The stations that leave their neighbours at the end, by the means of their whole days.
fn drifting(stations: &BTreeMap<DeviceId, Vec<Option<f64>>>, parameters: &Parameters) -> BTreeSet<DeviceId> {
    let days: BTreeMap<&DeviceId, BTreeMap<usize, f64>> = stations.iter().map(|(id, hours)| (id, daily(hours))).collect();
    let drifts = |(station, own): (&&DeviceId, &BTreeMap<usize, f64>)| {
        let others: Vec<_> = days.iter().filter(|(id, _)| *id != station).map(|(_, days)| days).collect();
        let found = drift(&beside_neighbours(own, &others), &parameters.health.numbers.drift);
        found.value().is_some_and(|drift| drift.drifting).then(|| (*station).clone())
    };
    days.iter().filter_map(drifts).collect()
}

/// The mean of each whole day of which something was said.
fn daily(hours: &[Option<f64>]) -> BTreeMap<usize, f64> {
    let mean = |hours: &[Option<f64>]| {
        let said: Vec<f64> = hours.iter().flatten().copied().collect();
        #[expect(clippy::cast_precision_loss, reason = "hours of a day")]
        let count = said.len() as f64;
        (count > 0.0).then(|| said.iter().sum::<f64>() / count)
    };
    hours.chunks_exact(DAY).enumerate().filter_map(|(day, hours)| Some((day, mean(hours)?))).collect()
}

/// Compares what is doubted with what was done to the stations.
pub(super) fn judge(must: &ExpectedDoubt, doubted: &Doubted, expected: &Expected, city: &City) -> Finding {
    let nobody = BTreeSet::new();
    let (found, labelled) = (doubted.get(&must.doubt).unwrap_or(&nobody), expected.befallen(must.fault.row().name));
    let (mut right, mut faulty, mut wrong, mut sound) = (0, 0, 0, 0);
    for (number, device) in (0..).zip(city.devices()) {
        let is_found = u32::from(found.contains(&device.device().id));
        if labelled.contains(&number) {
            (right, faulty) = (right + is_found, faulty + 1);
        } else {
            (wrong, sound) = (wrong + is_found, sound + 1);
        }
    }
    let part = |count: u32, of: u32| if of == 0 { 0.0 } else { f64::from(count) / f64::from(of) };
    Finding {
        name: format!("doubted.{}", must.doubt.name()),
        ok: faulty > 0 && part(right, faulty) >= must.found && part(wrong, sound) <= must.falsely,
        text: format!(
            "{right} of {faulty} stations with the fault {} and {wrong} of {sound} others, expected {:.0} % at least and {:.0} % at most",
            must.fault.row().name,
            100.0 * must.found,
            100.0 * must.falsely
        ),
    }
}
