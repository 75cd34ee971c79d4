//! Whether what the hours of an air station make doubtful is what the ground truth labels: sensors that stick, values that jump.
//!
//! Asked is the check of the pages and the API ([`domains::air::check_hours`]), over the hours that the store gives. No reading carries
//! such a doubt: it needs neighbours in time, and changes when what was late has come.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use domains::air::{Doubt, Pollutant, QualitySettings, check_hours};
use schemas::{DeviceId, Timestamp};
use simulators::{City, Expected, ExpectedDoubt, SensorDoubt};

use super::report::Finding;
use super::stage::Stage;
use crate::failure::Failure;

const HOUR: i64 = 3_600_000;

/// The stations of which an hour is doubted, by the doubt.
pub(super) type Doubted = BTreeMap<Doubt, BTreeSet<DeviceId>>;

/// What is doubted of all stations in a span.
pub(super) async fn doubted(stage: &Stage, span: Range<Timestamp>, settings: &QualitySettings) -> Result<Doubted, Failure> {
    let (first, end) = (span.start.hour(), span.end);
    let hours = usize::try_from((end.millis() - first.millis()).max(0) / HOUR + 1).unwrap_or(0);
    let mut series: BTreeMap<(DeviceId, Pollutant), Vec<Option<f64>>> = BTreeMap::new();
    for pollutant in Pollutant::ALL {
        let Some(quantity) = pollutant.quantity() else { continue };
        for partial in stage.hours(quantity, first..end).await? {
            let values = series.entry((partial.series.device.clone(), pollutant)).or_insert_with(|| vec![None; hours]);
            let hour = usize::try_from((partial.start.millis() - first.millis()) / HOUR).ok();
            if let Some(place) = hour.and_then(|hour| values.get_mut(hour)) {
                *place = Some(partial.mean());
            }
        }
    }
    let mut all = Doubted::new();
    for ((device, pollutant), values) in series {
        for (_, doubt) in check_hours(pollutant, &values, settings).into_iter().filter(|(_, doubt)| !stage.trusts(*doubt)) {
            all.entry(doubt).or_default().insert(device.clone());
        }
    }
    Ok(all)
}

/// Compares what is doubted with what was done to the stations.
pub(super) fn judge(must: &ExpectedDoubt, doubted: &Doubted, expected: &Expected, city: &City) -> Finding {
    let (doubt, name) = match must.doubt {
        SensorDoubt::Stuck => (Doubt::Stuck, "stuck"),
        SensorDoubt::Spike => (Doubt::Spike, "spike"),
    };
    let nobody = BTreeSet::new();
    let (found, labelled) = (doubted.get(&doubt).unwrap_or(&nobody), expected.befallen(must.fault.row().name));
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
        name: format!("doubted.{name}"),
        ok: faulty > 0 && part(right, faulty) >= must.found && part(wrong, sound) <= must.falsely,
        text: format!(
            "{right} of {faulty} stations with the fault {} and {wrong} of {sound} others, expected {:.0} % at least and {:.0} % at most",
            must.fault.row().name,
            100.0 * must.found,
            100.0 * must.falsely
        ),
    }
}
